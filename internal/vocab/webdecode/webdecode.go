// Package webdecode brings what a client sent to a web server into the form that
// the server's application sees, so that one rule meets all spellings of an
// attack.
//
// The steps, repeated while they change something, at most MaxRounds times:
// percent decoding, %uXXXX (IIS), overlong UTF-8 (RFC 3629 section 10 forbids
// it, old decoders accept it), full-width letters and letters in circles, HTML
// character references, \xNN and \uNNNN of strings in scripts.
// Then once: plus signs become blanks, white space and SQL comments become one
// blank, NUL bytes vanish, ASCII letters become lower case.
//
// It is lossy on purpose and must not be used to build requests or to show a
// URL to a person.
package webdecode

import (
	"bytes"
	"unicode/utf8"
)

// MaxRounds is how often nested encodings are undone.
const MaxRounds = 3

// Decode appends the decoded form of raw to dst and returns the result. It
// allocates only if dst is too small. Decoding never makes a value longer than
// raw by more than half.
func Decode(dst []byte, raw string) []byte {
	start := len(dst)
	dst = append(dst, raw...)
	if bytes.IndexByte(dst[start:], '+') >= 0 {
		for i := start; i < len(dst); i++ {
			if dst[i] == '+' {
				dst[i] = ' '
			}
		}
	}
	for range MaxRounds {
		n := len(dst)
		if bytes.IndexByte(dst[start:], '%') >= 0 {
			dst = dst[:start+percent(dst[start:])]
		}
		if bytes.IndexByte(dst[start:], '&') >= 0 {
			dst = dst[:start+entities(dst[start:])]
		}
		if bytes.IndexByte(dst[start:], '\\') >= 0 {
			dst = dst[:start+escapes(dst[start:])]
		}
		if len(dst) == n {
			break
		}
	}
	return dst[:start+tidy(dst[start:])]
}

// percent decodes b in place and returns the new length.
func percent(b []byte) int {
	w := 0
	for r := 0; r < len(b); {
		if b[r] != '%' || r+2 >= len(b) {
			b[w] = b[r]
			w, r = w+1, r+1
			continue
		}
		if u := b[r+1] | 0x20; u == 'u' && r+5 < len(b) {
			if v, ok := hex4(b[r+2 : r+6]); ok {
				w += putRune(b[w:r+6], narrow(v))
				r += 6
				continue
			}
		}
		hi, lo := nibble(b[r+1]), nibble(b[r+2])
		if hi > 15 || lo > 15 {
			b[w] = b[r]
			w, r = w+1, r+1
			continue
		}
		b[w] = hi<<4 | lo
		w, r = w+1, r+3
	}
	return overlong(b[:w])
}

// overlong replaces two- and three-byte encodings of ASCII characters, and
// full-width forms (U+FF01 to U+FF5E), by the character, in place.
func overlong(b []byte) int {
	w := 0
	for r := 0; r < len(b); {
		switch {
		case r+1 < len(b) && (b[r] == 0xc0 || b[r] == 0xc1) && b[r+1]&0xc0 == 0x80:
			b[w] = b[r]&1<<6 | b[r+1]&0x3f
			w, r = w+1, r+2
		case r+2 < len(b) && b[r] == 0xe0 && (b[r+1] == 0x80 || b[r+1] == 0x81) && b[r+2]&0xc0 == 0x80:
			b[w] = b[r+1]&1<<6 | b[r+2]&0x3f
			w, r = w+1, r+3
		case r+2 < len(b) && b[r] == 0xe2 && b[r+1] >= 0x91 && b[r+1] <= 0x93 && b[r+2]&0xc0 == 0x80:
			v := enclosed(rune(b[r+1]&0x3f)<<6 | rune(b[r+2]&0x3f) | 0x2000)
			w += putRune(b[w:r+3], v)
			r += 3
		case r+2 < len(b) && b[r] == 0xef && (b[r+1] == 0xbc || b[r+1] == 0xbd):
			v, size := utf8.DecodeRune(b[r:])
			if size == 1 { // not a character after all
				b[w] = b[r]
				w, r = w+1, r+1
				break
			}
			w += putRune(b[w:r+size], narrow(v))
			r += size
		default:
			b[w] = b[r]
			w, r = w+1, r+1
		}
	}
	return w
}

// narrow maps full-width forms to ASCII.
func narrow(v rune) rune {
	if v >= 0xff01 && v <= 0xff5e {
		return v - 0xff01 + '!'
	}
	return v
}

// enclosed maps digits and letters in circles, which browsers and resolvers read
// as the characters themselves (compatibility decomposition, Unicode UAX 15).
func enclosed(v rune) rune {
	switch {
	case v >= 0x2460 && v <= 0x2468:
		return v - 0x2460 + '1'
	case v == 0x24ea:
		return '0'
	case v >= 0x24b6 && v <= 0x24cf:
		return v - 0x24b6 + 'A'
	case v >= 0x24d0 && v <= 0x24e9:
		return v - 0x24d0 + 'a'
	}
	return v
}

// putRune writes v, at most U+FFFF, into b, which has room for three bytes.
func putRune(b []byte, v rune) int {
	if v < utf8.RuneSelf {
		b[0] = byte(v)
		return 1
	}
	return utf8.EncodeRune(b, v)
}

// escapes decodes \xNN and \uNNNN, as strings of JavaScript, JSON and PHP have
// them, to printable ASCII characters in place.
func escapes(b []byte) int {
	w := 0
	for r := 0; r < len(b); {
		if b[r] == '\\' && r+3 < len(b) {
			c, size := byte(0xff), 0
			switch b[r+1] | 0x20 {
			case 'x':
				if hi, lo := nibble(b[r+2]), nibble(b[r+3]); hi <= 7 && lo <= 15 {
					c, size = hi<<4|lo, 4
				}
			case 'u':
				if r+5 < len(b) {
					if v, ok := hex4(b[r+2 : r+6]); ok && v < utf8.RuneSelf {
						c, size = byte(v), 6
					}
				}
			}
			if size > 0 && c >= ' ' && c < 0x7f {
				b[w] = c
				w, r = w+1, r+size
				continue
			}
		}
		b[w] = b[r]
		w, r = w+1, r+1
	}
	return w
}

// named are the character references that hide markup.
var named = []struct {
	name string
	char byte
}{
	{"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"amp;", '&'}, {"colon;", ':'},
	{"lpar;", '('}, {"rpar;", ')'}, {"sol;", '/'}, {"tab;", ' '}, {"newline;", ' '}, {"nbsp;", ' '},
}

// entities decodes character references to ASCII characters in place.
func entities(b []byte) int {
	w := 0
next:
	for r := 0; r < len(b); {
		if b[r] == '&' && r+2 < len(b) {
			if b[r+1] == '#' {
				if v, size := numeric(b[r+2:]); size > 0 && v < utf8.RuneSelf {
					b[w] = byte(v)
					w, r = w+1, r+2+size
					continue
				}
			}
			for _, n := range named {
				if end := r + 1 + len(n.name); end <= len(b) && equalFold(b[r+1:end], n.name) {
					b[w] = n.char
					w, r = w+1, end
					continue next
				}
			}
		}
		b[w] = b[r]
		w, r = w+1, r+1
	}
	return w
}

// numeric reads what follows "&#": decimal or x and hexadecimal digits, with or
// without a semicolon. size is 0 if there is no number.
func numeric(b []byte) (v, size int) {
	base, i := 10, 0
	if len(b) > 0 && b[0]|0x20 == 'x' {
		base, i = 16, 1
	}
	first := i
	for i < len(b) && i < first+8 {
		d := int(nibble(b[i]))
		if d >= base {
			break
		}
		v = v*base + d
		i++
	}
	if i == first {
		return 0, 0
	}
	if i < len(b) && b[i] == ';' {
		i++
	}
	return v, i
}

func equalFold(b []byte, lower string) bool {
	for i := range b {
		if b[i]|0x20 != lower[i]|0x20 {
			return false
		}
	}
	return true
}

// tidy folds case, blanks and comments in place.
func tidy(b []byte) int {
	w := 0
	blank := false
	for r := 0; r < len(b); r++ {
		c := b[r]
		switch {
		case c == 0:
			continue
		case c == '/' && r+3 < len(b) && b[r+1] == '*' && b[r+2] != '!':
			end := bytes.Index(b[r+2:], []byte("*/"))
			if end < 0 {
				break
			}
			r += 2 + end + 1
			c = ' '
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0xa0 && (r == 0 || b[r-1] < 0x80):
			c = ' '
		}
		if c == ' ' {
			if blank {
				continue
			}
			blank = true
		} else {
			blank = false
		}
		b[w] = c
		w++
	}
	return w
}

func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

func hex4(b []byte) (rune, bool) {
	var v rune
	for _, c := range b[:4] {
		n := nibble(c)
		if n > 15 {
			return 0, false
		}
		v = v<<4 | rune(n)
	}
	return v, true
}
