package webjson

import (
	"net/netip"
	"strings"
	"unsafe"

	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// time reads a time in any form that web servers are known to write.
func (d *decoder) time(t *jsonscan.Token) (int64, bool) {
	if t.Kind == jsonscan.String {
		if n, ok := jsonscan.Time(t.Raw, d.location); ok {
			return n, true
		}
		if n, ok := d.clf(t.Raw); ok {
			return n, true
		}
	}
	return jsonscan.Epoch(t.Raw)
}

// clf reads the common log format's 02/Jan/2006:15:04:05 -0700, with or without
// brackets.
func (d *decoder) clf(s string) (int64, bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if len(s) < 20 || s[2] != '/' || s[6] != '/' || s[11] != ':' {
		return 0, false
	}
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	m := strings.Index(months, s[3:6])
	if m < 0 || m%3 != 0 {
		return 0, false
	}
	m = m/3 + 1
	var iso [26]byte
	out := append(iso[:0], s[7:11]...)
	out = append(out, '-', byte('0'+m/10), byte('0'+m%10), '-', s[0], s[1], 'T')
	out = append(out, s[12:20]...)
	if len(s) > 20 {
		if len(s) != 26 || s[20] != ' ' {
			return 0, false
		}
		out = append(out, s[21:]...)
	}
	return jsonscan.Time(unsafe.String(&out[0], len(out)), d.location)
}

// address reads an address, with or without a port and brackets.
func address(s string) (addr netip.Addr, port uint16, ok bool) {
	if addr, ok = jsonscan.Addr(s); ok {
		return addr, 0, true
	}
	host, service := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, service = s[:i], s[i+1:]
	}
	if strings.HasPrefix(s, "[") {
		if strings.HasSuffix(s, "]") {
			host, service = s, ""
		}
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if addr, ok = jsonscan.Addr(host); !ok {
		return netip.Addr{}, 0, false
	}
	port, _ = jsonscan.Port(service)
	return addr, port, true
}
