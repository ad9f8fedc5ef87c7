package zeekmap

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// isoTime writes epoch seconds as 2006-01-02T15:04:05.000000Z, as Zeek's JSON
// writer does.
func isoTime(b *vedette.Batch, s string) (string, bool) {
	n, ok := jsonscan.Nanoseconds(s)
	if !ok {
		return "", false
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	return alias(time.Unix(0, n).UTC().AppendFormat(b.Buffer(len(layout) + 8)[:0], layout)), true
}

// Decimal returns a number with at most six decimal places and no zeros at the
// end beyond the first place; whole numbers stay as they are.
func Decimal(b *vedette.Batch, s string) string {
	point := -1
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			point = i
		} else if s[i]|0x20 == 'e' {
			return rounded(b, s)
		}
	}
	if point < 0 {
		return s
	}
	if len(s)-point-1 > 6 {
		return rounded(b, s)
	}
	return trimmed(s, point)
}

func trimmed(s string, point int) string {
	for len(s) > point+2 && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s
}

func rounded(b *vedette.Batch, s string) string {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n > 1e15 || n < -1e15 {
		return s
	}
	out := alias(strconv.AppendFloat(b.Buffer(32)[:0], n, 'f', 6, 64))
	return trimmed(out, strings.IndexByte(out, '.'))
}

// decimals is Decimal for the elements of an array of numbers.
func decimals(b *vedette.Batch, t *jsonscan.Token) string {
	if tidy(t.Raw) {
		return t.Raw
	}
	var e jsonscan.Token
	// Rounding may lengthen a number in scientific notation.
	out := append(b.Buffer(32 + 6*len(t.Raw))[:0], '[')
	for list := t.Elements(); list.Next(&e); {
		if len(out) > 1 {
			out = append(out, ',')
		}
		if e.Kind == jsonscan.Number {
			out = append(out, Decimal(b, e.Raw)...)
		} else {
			out = append(out, e.Raw...)
		}
	}
	return alias(append(out, ']'))
}

func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// tidy reports whether all the numbers in s are as Decimal writes them.
func tidy(s string) bool {
	point := -1
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c-'0' <= 9:
		case c == '.':
			point = i
		case c|0x20 == 'e':
			return false // a number's or a word's
		case point >= 0:
			if i-point > 7 || i-point > 2 && s[i-1] == '0' {
				return false
			}
			point = -1
		}
	}
	return true
}
