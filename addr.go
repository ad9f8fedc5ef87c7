package vedette

import (
	"encoding/binary"
	"math/big"
	"net/netip"
)

// Addr128 returns addr as a 128-bit number in two halves. IPv4 addresses take
// their v4-mapped place (::ffff:0:0/96), so one ordering holds for both
// families and a CIDR prefix is one contiguous range. ok is false for the zero
// address.
func Addr128(addr netip.Addr) (hi, lo uint64, ok bool) {
	if !addr.IsValid() {
		return 0, 0, false
	}
	b := addr.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]), true
}

// AddrFrom128 is the inverse of Addr128; v4-mapped addresses come back as IPv4.
func AddrFrom128(hi, lo uint64) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return netip.AddrFrom16(b).Unmap()
}

// AddrToBig returns addr as the number that the store's address columns hold
// (UHUGEINT), for use as a query argument.
func AddrToBig(addr netip.Addr) *big.Int {
	b := addr.As16()
	return new(big.Int).SetBytes(b[:])
}

// AddrFromBig reads a value of an address column. nil gives the zero address.
func AddrFromBig(n *big.Int) netip.Addr {
	if n == nil || n.Sign() < 0 || n.BitLen() > 128 {
		return netip.Addr{}
	}
	var b [16]byte
	n.FillBytes(b[:])
	return netip.AddrFrom16(b).Unmap()
}

// PrefixRange returns the first and last address of p.
func PrefixRange(p netip.Prefix) (first, last netip.Addr) {
	p = p.Masked()
	first = p.Addr()
	b := first.As16()
	bits := p.Bits()
	if first.Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	last = netip.AddrFrom16(b)
	if first.Is4() {
		last = last.Unmap()
	}
	return first, last
}
