package jsonscan

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/vedette-cti/vedette"
)

// Text returns the value of a string without its escapes, and any other value
// as written. Without escapes it aliases the record, else b's arena. Bytes that
// are not UTF-8 become the four characters \xNN, so that the text can be stored
// and the bytes are still to be seen; a lone surrogate becomes U+FFFD.
func (t *Token) Text(b *vedette.Batch) string {
	if t.Kind != String {
		return t.JSON(b)
	}
	s := t.Raw
	if t.Escaped {
		buf := b.Buffer(len(s))
		s = alias(unescape(buf[:0], s))
	}
	if t.High {
		s = Valid(b, s)
	}
	return s
}

// JSON returns a value other than a string as JSON text, valid UTF-8.
func (t *Token) JSON(b *vedette.Batch) string {
	if !t.High {
		return t.Raw
	}
	return ValidJSON(b, t.Raw)
}

// ValidJSON returns JSON text s, with bytes that are not UTF-8 written as \\xNN
// (an escaped backslash), in b's arena.
func ValidJSON(b *vedette.Batch, s string) string {
	if utf8.ValidString(s) {
		return s
	}
	buf := b.Buffer(repairedLen(s, 5))
	return alias(repair(buf[:0], s, `\\x`))
}

// Add appends the token to the rest fields of e under the given key, text as
// text and any other value as JSON.
func (t *Token) Add(b *vedette.Batch, e *vedette.Event, key string) {
	if t.Kind == String {
		b.AddField(e, vedette.Field{Key: key, Value: t.Text(b)})
		return
	}
	b.AddField(e, vedette.Field{Key: key, Value: t.JSON(b), Kind: vedette.KindRaw})
}

// Valid returns s, with bytes that are not UTF-8 written as \xNN in b's arena.
func Valid(b *vedette.Batch, s string) string {
	if utf8.ValidString(s) {
		return s
	}
	buf := b.Buffer(repairedLen(s, 4))
	return alias(repair(buf[:0], s, `\x`))
}

// Elements iterates over the elements of an array that Scan has validated.
type Elements struct {
	rec []byte
	pos int
}

// Elements returns an iterator over an array's elements; for any other value it
// has none.
func (t *Token) Elements() Elements {
	if t.Kind != Array {
		return Elements{}
	}
	rec := unsafe.Slice(unsafe.StringData(t.Raw), len(t.Raw))
	return Elements{rec: rec, pos: skipSpace(rec, 1)}
}

// Next sets t to the next element and reports whether there was one.
func (l *Elements) Next(t *Token) bool {
	if l.pos >= len(l.rec) || l.rec[l.pos] == ']' {
		return false
	}
	*t = Token{}
	end, err := value(t, l.rec, l.pos, 1)
	if err != nil {
		l.pos = len(l.rec)
		return false
	}
	l.pos = skipSpace(l.rec, end)
	if l.pos < len(l.rec) && l.rec[l.pos] == ',' {
		l.pos = skipSpace(l.rec, l.pos+1)
	}
	return true
}

// Join returns the text of the array's elements, separated by commas: in b's
// arena unless there is only one. A value that is no array is its own text.
func (t *Token) Join(b *vedette.Batch) string {
	if t.Kind != Array {
		return t.Text(b)
	}
	if !t.High {
		if s, ok := t.joinPlain(b); ok {
			return s
		}
	}
	var first, e Token
	list := t.Elements()
	if !list.Next(&first) {
		return ""
	}
	if !list.Next(&e) {
		return first.Text(b)
	}
	out := appendText(b.Buffer(len(t.Raw))[:0], &first)
	for more := true; more; more = list.Next(&e) {
		out = appendText(append(out, ','), &e)
	}
	return Valid(b, alias(out))
}

// joinPlain is Join for strings without escapes and with nothing but commas
// between them. ok is false if there is anything else.
func (t *Token) joinPlain(b *vedette.Batch) (list string, ok bool) {
	raw := t.Raw
	if len(raw) < 4 || raw[1] != '"' || strings.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	end := strings.IndexByte(raw[2:], '"') + 2
	if end+2 == len(raw) {
		return raw[2:end], true
	}
	out := append(b.Buffer(len(raw))[:0], raw[2:end]...)
	for raw = raw[end+1:]; raw != "]"; raw = raw[end+1:] {
		if len(raw) < 4 || raw[0] != ',' || raw[1] != '"' {
			return "", false
		}
		end = strings.IndexByte(raw[2:], '"') + 2
		out = append(append(out, ','), raw[2:end]...)
	}
	return alias(out), true
}

// appendText appends the text of t, which is never longer than its raw form.
func appendText(dst []byte, t *Token) []byte {
	if t.Kind == String && t.Escaped {
		return unescape(dst, t.Raw)
	}
	return append(dst, t.Raw...)
}

func clean(t *Token) string {
	out := unescape(make([]byte, 0, len(t.Raw)), t.Raw)
	if !utf8.Valid(out) {
		out = repair(nil, string(out), `\x`)
	}
	return string(out)
}

// unescape appends s without its escapes, which were validated before.
func unescape(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			end := strings.IndexByte(s[i:], '\\')
			if end < 0 {
				return append(dst, s[i:]...)
			}
			dst = append(dst, s[i:i+end]...)
			i += end
		}
		c := s[i+1]
		switch c {
		case 'u':
			r := rune4(s[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
					low = rune4(s[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		dst = append(dst, c)
		i += 2
	}
	return dst
}

// rune4 reads four hexadecimal digits.
func rune4(s string) rune {
	return rune(hexValue(s[0])<<12 | hexValue(s[1])<<8 | hexValue(s[2])<<4 | hexValue(s[3]))
}

// hexValue returns the value of a hexadecimal digit, -1 for any other byte.
func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// repairedLen is the length of s with each byte that is not UTF-8 written with
// n characters.
func repairedLen(s string, n int) int {
	total := len(s)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			total += n - 1
		}
		i += size
	}
	return total
}

// repair appends s with each byte that is not UTF-8 written as prefix and two
// hexadecimal digits.
func repair(dst []byte, s, prefix string) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(append(dst, prefix...), hex[s[i]>>4], hex[s[i]&15])
		} else {
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
