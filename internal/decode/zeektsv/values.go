package zeektsv

import (
	"strings"
	"unsafe"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/zeekmap"
)

// list writes a set or vector as a JSON array, as Zeek's JSON writer does.
func (d *decoder) list(b *vedette.Batch, f form, value string, escaped bool) string {
	if value == d.empty {
		return "[]"
	}
	if f == formNumberList && len(d.set) == 1 {
		if out, ok := decimals(b, value, d.set[0]); ok {
			return out
		}
	}
	out := append(b.Buffer(2 + len(value)*6 + 6*(1+strings.Count(value, d.set)))[:0], '[')
	for more := true; more; {
		var element string
		element, value, more = strings.Cut(value, d.set)
		if len(out) > 1 {
			out = append(out, ',')
		}
		switch {
		case element == d.unset:
			out = append(out, "null"...)
		case f == formNumberList:
			if !isNumber(element) {
				out = appendQuoted(out, element)
				break
			}
			out = append(out, zeekmap.Decimal(b, element)...)
		case f == formBoolList && element == "T":
			out = append(out, "true"...)
		case f == formBoolList && element == "F":
			out = append(out, "false"...)
		case element == d.empty:
			out = append(out, `""`...)
		default:
			if escaped {
				element = unescape(b, element)
			}
			out = appendQuoted(out, element)
		}
	}
	return decode.String(append(out, ']'))
}

// decimals is list for unsigned numbers with up to six decimal places. ok is
// false if there is anything else.
func decimals(b *vedette.Batch, value string, set byte) (list string, ok bool) {
	if len(value) > 1<<10 {
		return "", false
	}
	out := append(b.Buffer(2 + len(value))[:0], '[')
	for i := 0; ; i++ {
		start := i
		for i < len(value) && value[i]-'0' <= 9 {
			i++
		}
		if i == start || value[start] == '0' && i > start+1 {
			return "", false
		}
		keep := i
		if i < len(value) && value[i] == '.' {
			point := i
			keep = i + 2 // one place stays, be it a zero
			for i++; i < len(value) && value[i]-'0' <= 9; i++ {
				if value[i] != '0' {
					keep = max(keep, i+1)
				}
			}
			if i == point+1 || i > point+7 {
				return "", false
			}
		}
		out = append(out, value[start:keep]...)
		if i == len(value) {
			return decode.String(append(out, ']')), true
		}
		if value[i] != set {
			return "", false
		}
		out = append(out, ',')
	}
}

// hasUnset reports whether an element of a set or vector may be unset.
func (d *decoder) hasUnset(value string) bool {
	if len(d.unset) != 1 {
		return strings.Contains(value, d.unset)
	}
	for i := 0; ; i++ {
		k := strings.IndexByte(value[i:], d.unset[0])
		if k < 0 {
			return false
		}
		i += k
		if (i == 0 || value[i-1] == ',') && (i+1 == len(value) || value[i+1] == ',') {
			return true
		}
	}
}

// appendQuoted appends s as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// digits returns the place behind the digits of s from i on.
func digits(s string, i int) int {
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

// isInteger reports whether s is a JSON number made of digits alone.
func isInteger(s string) bool {
	return s != "" && digits(s, 0) == len(s) && (s[0] != '0' || len(s) == 1)
}

// isNumber reports whether s is a JSON number.
func isNumber(s string) bool {
	point := digits(s, 0)
	if point > 0 && (s[0] != '0' || point == 1) {
		if point == len(s) {
			return true
		}
		if s[point] == '.' && point+1 < len(s) && digits(s, point+1) == len(s) {
			return true
		}
	}
	var t jsonscan.Token // a sign, an exponent, or no number
	return jsonscan.Parse(&t, unsafe.Slice(unsafe.StringData(s), len(s))) == nil && t.Kind == jsonscan.Number
}

// unescape resolves Zeek's \xNN and \\, into b's arena.
func unescape(b *vedette.Batch, s string) string {
	out := b.Buffer(len(s))[:0]
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if s[i+1] == '\\' {
				i++
			} else if s[i+1] == 'x' && i+3 < len(s) {
				if v, ok := hexByte(s[i+2], s[i+3]); ok {
					c = v
					i += 3
				}
			}
		}
		out = append(out, c)
	}
	return decode.String(out)
}

func hexByte(a, b byte) (byte, bool) {
	digit := func(c byte) int {
		return strings.IndexByte("0123456789abcdef", c|0x20)
	}
	if a < '0' || b < '0' {
		return 0, false
	}
	hi, lo := digit(a), digit(b)
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}
