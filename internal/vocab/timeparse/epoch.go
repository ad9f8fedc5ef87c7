package timeparse

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// eight reads the eight decimal digits in w, the first in the lowest byte. ok is
// false if one of them is none. Pairs of digits are joined, then pairs of pairs,
// within one register (Daniel Lemire, "Quickly parsing eight digits", 2018).
func eight(w uint64) (n uint64, ok bool) {
	const tops, zeros, sixes = 0xf0f0f0f0f0f0f0f0, 0x3030303030303030, 0x0606060606060606
	if w&tops != zeros || (w+sixes)&tops != zeros {
		return 0, false
	}
	w -= zeros
	w = w*10 + w>>8
	const mask = 0x000000ff000000ff
	return (w&mask*(100+1000000<<32) + w>>16&mask*(1+10000<<32)) >> 32, true
}

// Epoch reads a Unix time in seconds, milliseconds, microseconds or nanoseconds
// since 1970; its magnitude tells which. A fraction may follow seconds and
// milliseconds, an exponent seconds. Zero and negative times are not accepted: no record was
// written then.
func Epoch(s string) (ns int64, ok bool) {
	whole := 0
	for whole < len(s) && s[whole]-'0' <= 9 {
		whole++
	}
	if whole <= 10 {
		ns, ok = Seconds(s)
		return ns, ok && ns > 0
	}
	if whole > 19 || whole < len(s) && (whole > 13 || s[whole] != '.') {
		return 0, false
	}
	n, err := strconv.ParseInt(s[:whole], 10, 64)
	switch {
	case err != nil || n <= 0:
		return 0, false
	case whole <= 13:
		fraction := int64(0)
		if whole+1 < len(s) {
			if fraction, ok = Seconds("0." + s[whole+1:]); !ok {
				return 0, false
			}
		}
		return n*1e6 + fraction/1e3, n < math.MaxInt64/1_000_000
	case whole <= 16:
		return n * 1e3, n <= math.MaxInt64/1000
	}
	return n, true
}

var tens = [10]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// Seconds reads decimal seconds as nanoseconds, exactly: no binary fraction
// comes between, and digits beyond the ninth are cut. Exponents are understood.
func Seconds(s string) (ns int64, ok bool) {
	if len(s) == len("1521911720.865716") && s[10] == '.' {
		b := unsafe.Slice(unsafe.StringData(s), len(s))
		high, a := eight(binary.LittleEndian.Uint64(b))
		low, c := eight(binary.LittleEndian.Uint64(b[9:])&^0xffff | '0'<<8 | '0')
		if mid := two(b, 8); a && c && mid >= 0 && high < 90_000_000 {
			return (int64(high)*100+int64(mid))*Second + int64(low)*1000, true
		}
	}
	i, negative := 0, false
	if s != "" && s[0] == '-' {
		i, negative = 1, true
	}
	start := i
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if ns = ns*10 + int64(s[i]-'0'); ns > 9_000_000_000 { // beyond the range of nanoseconds
			return 0, false
		}
	}
	if i == start {
		return 0, false
	}
	ns *= Second
	if i < len(s) && s[i] == '.' {
		i++
		fraction, end := int64(0), min(i+9, len(s))
		start = i
		for ; i < end && s[i]-'0' <= 9; i++ {
			fraction = fraction*10 + int64(s[i]-'0')
		}
		ns += fraction * tens[9-(i-start)]
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
	}
	if i < len(s) {
		return exponent(s)
	}
	if negative {
		ns = -ns
	}
	return ns, true
}

// exponent is Seconds for scientific notation.
func exponent(s string) (int64, bool) {
	// The characters of a number keep the words and bases out that strconv knows.
	if strings.Trim(s, "+-0123456789.eE") != "" || s[0] == '+' {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 9e9 || f < -9e9 {
		return 0, false
	}
	return int64(f * 1e9), true
}
