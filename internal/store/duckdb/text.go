package duckdb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/vedette-cti/vedette"
)

const hexDigits = "0123456789abcdef"

// utf8 returns s, or a copy in which bytes that are not UTF-8 are written as
// \xNN. The copy is valid until the next call.
func (t *table) utf8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	t.clean = appendClean(t.clean[:0], s)
	return unsafe.String(unsafe.SliceData(t.clean), len(t.clean))
}

// appendClean appends s, with \xNN for every byte that is not UTF-8.
func appendClean(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		} else {
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return dst
}

// appendRest appends fields as a JSON object: keys in the given order,
// repeated keys repeated, raw values as they stand. A raw value that is not
// JSON becomes a string.
func appendRest(dst []byte, fields []vedette.Field) []byte {
	dst = append(dst, '{')
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, f.Key)
		dst = append(dst, ':')
		if f.Kind == vedette.KindRaw && validRaw(f.Value) {
			dst = append(dst, f.Value...)
		} else {
			dst = appendQuoted(dst, f.Value)
		}
	}
	return append(dst, '}')
}

// validRaw reports whether s is JSON text in UTF-8. Integers and the words,
// which are nearly all there is, are told without the parser.
func validRaw(s string) bool {
	switch s {
	case "":
		return false
	case "true", "false", "null", "0":
		return true
	}
	if s[0] >= '1' && s[0] <= '9' && strings.Trim(s, "0123456789") == "" {
		return true
	}
	return utf8.ValidString(s) && json.Valid(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// appendQuoted appends s as a JSON string. Bytes that are not UTF-8 become the
// text \xNN.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, '\\', '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// parseRest is the inverse of appendRest.
func parseRest(text string) ([]vedette.Field, error) {
	d := json.NewDecoder(strings.NewReader(text))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return nil, fmt.Errorf("column rest is not a JSON object: %.60q", text)
	}
	var fields []vedette.Field
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("column rest: %w", err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("column rest: %w", err)
		}
		f := vedette.Field{Key: key.(string)}
		if bytes.HasPrefix(raw, []byte{'"'}) {
			if err := json.Unmarshal(raw, &f.Value); err != nil {
				return nil, fmt.Errorf("column rest: %w", err)
			}
		} else {
			f.Kind, f.Value = vedette.KindRaw, string(raw)
		}
		fields = append(fields, f)
	}
	return fields, nil
}
