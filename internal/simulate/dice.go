package simulate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"
)

// dice is a source of random decisions with a name, so that a change in one
// part of the simulation leaves the others as they were.
type dice struct{ *rand.Rand }

func newDice(seed uint64, name string) dice {
	h := fnv.New64a()
	h.Write([]byte(name))
	return dice{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

func pick[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// between is uniform in [low, high].
func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// around is n, give or take the share.
func (d dice) around(n int, share float64) int {
	return int(float64(n) * (1 + share*(2*d.Float64()-1)))
}

// count is Poisson distributed: Knuth's method for small means, the normal
// approximation above.
func (d dice) count(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		if p *= d.Float64(); p <= limit {
			return n
		}
		n++
	}
}

// seconds is exponentially distributed, at least a millisecond.
func (d dice) seconds(mean float64) time.Duration {
	return time.Millisecond + time.Duration(d.ExpFloat64()*mean*float64(time.Second))
}

// span is uniform in [low, high).
func (d dice) span(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Int64N(int64(high-low)))
}

// address is a host of p other than its first and last.
func (d dice) address(p netip.Prefix) netip.Addr {
	if p.Addr().Is6() {
		b := p.Addr().As16()
		for i := 8; i < 16; i++ {
			b[i] = byte(d.IntN(256))
		}
		return netip.AddrFrom16(b)
	}
	return nth(p, 1+d.IntN(1<<(32-p.Bits())-2))
}

// nth is the n-th address of an IPv4 prefix.
func nth(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

const base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (d dice) letters(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[d.IntN(len(alphabet))]
	}
	return string(b)
}

// port is an ephemeral port.
func (d dice) port() int { return d.between(32768, 60999) }
