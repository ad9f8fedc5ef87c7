package webaccess

import (
	"net/netip"

	"github.com/vedette-cti/vedette/internal/decode"
)

// address reads an IPv4 address by hand, anything else with netip. Zones are
// dropped, v4-mapped addresses unmapped.
func address(s []byte) (netip.Addr, bool) {
	var octets [4]byte
	field, value, digits := 0, 0, 0
	for _, c := range s {
		switch {
		case c-'0' <= 9:
			value = value*10 + int(c-'0')
			digits++
			if digits > 3 || value > 255 {
				return address6(s)
			}
		case c == '.' && digits > 0 && field < 3:
			octets[field] = byte(value)
			field, value, digits = field+1, 0, 0
		default:
			return address6(s)
		}
	}
	if field != 3 || digits == 0 {
		return netip.Addr{}, false
	}
	octets[3] = byte(value)
	return netip.AddrFrom4(octets), true
}

func address6(s []byte) (netip.Addr, bool) {
	colon := false
	for _, c := range s {
		if c == ':' {
			colon = true
			break
		}
	}
	if !colon || len(s) < 2 {
		return netip.Addr{}, false
	}
	if s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	addr, err := netip.ParseAddr(decode.String(s))
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.WithZone("").Unmap(), true
}
