package jsonscan

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"unsafe"
)

// Addr reads an IP address, with v4-mapped addresses unmapped and a zone
// dropped.
func Addr(s string) (netip.Addr, bool) {
	var quad [4]byte
	i := 0
	for n := range quad {
		if n > 0 {
			if i >= len(s) || s[i] != '.' {
				return slowAddr(s)
			}
			i++
		}
		start, value := i, uint(0)
		for ; i < len(s) && i < start+3 && s[i]-'0' <= 9; i++ {
			value = value*10 + uint(s[i]-'0')
		}
		if i == start || value > 255 || i > start+1 && s[start] == '0' { // 010 means 10 to some and 8 to others
			return slowAddr(s)
		}
		quad[n] = byte(value)
	}
	if i != len(s) {
		return slowAddr(s)
	}
	return netip.AddrFrom4(quad), true
}

func slowAddr(s string) (netip.Addr, bool) {
	// ParseAddr allocates its error: keep away what can be no address.
	if len(s) < 2 || len(s) > 64 || strings.IndexByte(s, ':') < 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}

// AddrCache is Addr with a memory of one: neighboring records of a log often
// share a server or a resolver. It belongs to one goroutine; the zero value is
// ready.
type AddrCache struct {
	first, last uint64 // eight bytes each of a text of 8 to 16, so together all of it
	length      int
	addr        netip.Addr
}

// Parse is [Addr].
func (c *AddrCache) Parse(s string) (netip.Addr, bool) {
	if len(s) < 8 || len(s) > 16 {
		return Addr(s)
	}
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	first, last := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	if first == c.first && last == c.last && len(s) == c.length {
		return c.addr, true
	}
	a, ok := Addr(s)
	if ok {
		c.first, c.last, c.length, c.addr = first, last, len(s), a
	}
	return a, ok
}
