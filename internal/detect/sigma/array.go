package sigma

import (
	"strconv"
	"unicode/utf8"
)

// unit separates the elements of a list that was written as a JSON array; it
// can not occur in JSON text unescaped.
const unit = 0x1f

// appendArray appends the elements of the JSON array in s to dst, strings
// unescaped, a unit between them. Objects and arrays inside stay JSON text.
func appendArray(dst []byte, s string) []byte {
	i, depth := 1, 0
	end := len(s)
	if end > 0 && s[end-1] == ']' {
		end--
	}
	for i < end {
		switch c := s[i]; {
		case depth == 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			i++
		case depth == 0 && c == ',':
			dst = append(dst, unit)
			i++
		case depth == 0 && c == '"':
			dst, i = appendString(dst, s[:end], i+1)
		default:
			if c == '{' || c == '[' {
				depth++
			} else if c == '}' || c == ']' {
				depth--
			}
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// appendString appends the JSON string that begins at i, behind its quote, and
// returns where it ends.
func appendString(dst []byte, s string, i int) ([]byte, int) {
	for i < len(s) {
		c := s[i]
		i++
		switch {
		case c == '"':
			return dst, i
		case c != '\\' || i >= len(s):
			dst = append(dst, c)
			continue
		}
		c = s[i]
		i++
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b', 'f':
			dst = append(dst, ' ')
		case 'u':
			if i+4 <= len(s) {
				if v, err := strconv.ParseUint(s[i:i+4], 16, 16); err == nil {
					dst = utf8.AppendRune(dst, rune(v))
					i += 4
				}
			}
		default:
			dst = append(dst, c)
		}
	}
	return dst, i
}

// element cuts the first element off a list; more says that rest holds another.
func element(s []byte, sep byte) (elem, rest []byte, more bool) {
	if sep == 0 {
		return s, nil, false
	}
	for i, c := range s {
		if c == sep {
			return trim(s[:i]), s[i+1:], true
		}
	}
	return trim(s), nil, false
}

func trim(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}
