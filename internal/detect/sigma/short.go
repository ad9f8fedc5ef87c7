package sigma

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"
)

// shorts are the literals of a field that are too short for a gram, by the
// rarest of their bytes: a text is searched only for those whose byte it has.
type shorts struct {
	mask    [4]uint64  // bytes that have entries
	starts  [257]int32 // into entries, by byte
	entries []entry
}

// commonPath is what addresses of web pages are made of; a blank is not.
const commonPath = "/abcdefghiklmnoprstuvwyabcdefghilmnoprstueeeeaaooiitt.-_?=&%0123456789+,:~@"

// byteCount says how often a byte stands in text that the field is full of.
func byteCount(field string, b byte) int {
	if strings.Contains(field, "url") || strings.Contains(field, "uri") {
		return strings.Count(commonPath, string(rune(b)))
	}
	return strings.Count(common, string(rune(b)))
}

// rarest returns the byte of lit that is the rarest in the field, and its count.
func rarest(field string, lit []byte) (byte, int) {
	best, least := lit[0], 1<<30
	for _, b := range lit {
		if n := byteCount(field, b); n < least {
			best, least = b, n
		}
	}
	return best, least
}

func (x *shorts) build(field string, list []entry) {
	key := func(e entry) byte { b, _ := rarest(field, e.lit); return b }
	slices.SortStableFunc(list, func(a, b entry) int { return int(key(a)) - int(key(b)) })
	x.entries = list
	for i, e := range list {
		b := key(e)
		x.mask[b>>6] |= 1 << (b & 63)
		x.starts[int(b)+1] = int32(i + 1)
	}
	for i := 1; i < len(x.starts); i++ {
		x.starts[i] = max(x.starts[i], x.starts[i-1])
	}
}

// scan calls s.hit for every entry whose literal occurs in low.
func (x *shorts) scan(low []byte, s *state) {
	if len(x.entries) == 0 {
		return
	}
	var have [4]uint64
	for _, b := range low {
		have[b>>6&3] |= 1 << (b & 63)
	}
	for i := range have {
		for both := have[i] & x.mask[i]; both != 0; both &= both - 1 {
			b := i<<6 | bits.TrailingZeros64(both)
			for j := x.starts[b]; j < x.starts[b+1]; j++ {
				e := &x.entries[j]
				if len(e.lit) == 1 || bytes.Contains(low, e.lit) {
					s.hit(e)
				}
			}
		}
	}
}
