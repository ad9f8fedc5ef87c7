// Package zeektsv decodes Zeek's native logs: columns separated by a tab or
// another string, described by header lines that begin with "#". Headers may
// come again anywhere in a source, as when rotated files were put together.
package zeektsv

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"time"
	"unsafe"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/zeekmap"
)

// Format is the entry for the table of decoders.
var Format = decode.Format{
	Name:  "zeek-tsv",
	Doc:   "Zeek logs as tab-separated text with headers, any stream",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return newDecoder(o) },
}

// errHeader is the reason for records whose columns are not known.
const errHeader = decode.Reason("columns are not known: #fields and #types are missing")

// maxHeader bounds one header line, and so the decoder's state.
const maxHeader = 64 << 10

type decoder struct {
	header
	options decode.Options
	tabs    []int32 // ends of the columns of the record at hand
}

func newDecoder(o decode.Options) *decoder {
	if o.Location == nil {
		o.Location = time.UTC
	}
	return &decoder{options: o, header: newHeader()}
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	if len(rec) == 0 {
		return nil
	}
	if rec[0] == '#' {
		return d.directive(rec)
	}
	if len(d.columns) == 0 {
		return errHeader
	}
	n, escaped, high := d.split(rec)
	if n != len(d.columns) {
		return decode.ErrFields
	}
	e := b.Add()
	d.stream.Begin(e)
	if d.stream == zeekmap.Other {
		e.Dataset = d.dataset
	}
	text := decode.String(rec)
	start := 0
	for i := range d.columns {
		value := text[start:d.tabs[i]]
		start = int(d.tabs[i]) + len(d.separator)
		if value == d.unset {
			continue
		}
		if d.columns[i].plain && !escaped && !high && value != d.empty {
			b.AddRest(e, d.columns[i].Name, value)
			continue
		}
		if err := d.apply(b, e, &d.columns[i], value, escaped, high); err != nil {
			return err
		}
	}
	if e.Time == 0 {
		// Zeek writes loaded_scripts without times.
		if e.Time = d.fallback(); d.hasTime || e.Time == 0 {
			return decode.ErrTime
		}
	}
	d.stream.End(e)
	return nil
}

// split notes where the columns of rec end and tells whether it has escapes and
// bytes above 0x7F.
func (d *decoder) split(rec []byte) (n int, escaped, high bool) {
	if len(d.separator) != 1 {
		return d.splitSlow(rec)
	}
	const ones, low, tops = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	ends := d.tabs[:0]
	separators := ones * uint64(d.separator[0])
	var slashes, all uint64
	i := 0
	for ; i+8 <= len(rec); i += 8 {
		w := binary.LittleEndian.Uint64(rec[i:])
		all |= w
		// Exactly the bytes that are zero have their top bit set.
		x := w ^ separators
		hits := ^((x&low + low) | x | low)
		x = w ^ ones*'\\'
		slashes |= ^((x&low + low) | x | low)
		for ; hits != 0; hits &= hits - 1 {
			ends = append(ends, int32(i+bits.TrailingZeros64(hits)>>3))
		}
	}
	for ; i < len(rec); i++ {
		c := rec[i]
		all |= uint64(c)
		if c == d.separator[0] {
			ends = append(ends, int32(i))
		} else if c == '\\' {
			slashes = 1
		}
	}
	d.tabs = append(ends, int32(len(rec)))
	return len(d.tabs), slashes != 0, all&tops != 0
}

func (d *decoder) splitSlow(rec []byte) (n int, escaped, high bool) {
	d.tabs = d.tabs[:0]
	for i := 0; ; {
		k := bytes.Index(rec[i:], []byte(d.separator))
		if k < 0 {
			break
		}
		d.tabs = append(d.tabs, int32(i+k))
		i += k + len(d.separator)
	}
	d.tabs = append(d.tabs, int32(len(rec)))
	return len(d.tabs), true, true
}

// apply puts one column into the event. The value is made a JSON token, so that
// both spellings of Zeek's logs share one mapping.
func (d *decoder) apply(b *vedette.Batch, e *vedette.Event, c *column, value string, escaped, high bool) error {
	if c.action == zeekmap.Rest && !c.IsTime {
		b.AddField(e, d.rest(b, c, value, escaped, high))
		return nil
	}
	t := jsonscan.Token{Raw: value, High: high}
	switch c.form {
	case formText:
		if value == d.empty {
			t.Raw = ""
		} else if escaped && strings.IndexByte(value, '\\') >= 0 {
			t.Raw = unescape(b, value)
			t.High = true // it may be now
		}
	case formNumber:
		if isNumber(value) {
			t.Kind = jsonscan.Number
		} else if c.action != zeekmap.Rest {
			return decode.ErrNumber
		}
	case formBool:
		switch value {
		case "T", "1":
			t.Kind, t.Raw = jsonscan.True, "true"
		case "F", "0":
			t.Kind, t.Raw = jsonscan.False, "false"
		default:
			return decode.ErrSyntax
		}
	case formTextList, formNumberList, formBoolList:
		if value == d.empty {
			t.Kind, t.Raw = jsonscan.Array, "[]"
			break
		}
		plain := !escaped || strings.IndexByte(value, '\\') < 0
		if c.action == zeekmap.Answers && plain && d.set == "," && !strings.Contains(value, d.unset) {
			break // the same text as the list's elements joined by commas
		}
		t.Kind = jsonscan.Array
		t.Raw = d.list(b, c.form, value, plain)
		t.High = true
	}
	if err := zeekmap.Apply(b, e, c.action, &c.Field, &t); err != nil {
		return reason(err)
	}
	return nil
}

// rest makes the field of a column that has no place in an event. It is apply
// without the detour over a token, for half of all columns end here.
func (d *decoder) rest(b *vedette.Batch, c *column, value string, escaped, high bool) vedette.Field {
	f := vedette.Field{Key: c.Name, Value: value}
	switch c.form {
	case formNumber:
		if isInteger(value) {
			f.Kind = vedette.KindRaw
			return f
		}
		if isNumber(value) { // else "nan" and the like, kept as text
			f.Kind, f.Value = vedette.KindRaw, zeekmap.Decimal(b, value)
			return f
		}
	case formBool:
		switch value {
		case "T":
			f.Kind, f.Value = vedette.KindRaw, "true"
			return f
		case "F":
			f.Kind, f.Value = vedette.KindRaw, "false"
			return f
		}
	case formTextList, formNumberList, formBoolList:
		f.Kind, f.Value = vedette.KindRaw, "[]"
		if value != d.empty {
			f.Value = jsonscan.ValidJSON(b, d.list(b, c.form, value, !escaped || strings.IndexByte(value, '\\') < 0))
		}
		return f
	}
	if value == d.empty {
		f.Value = ""
	} else if escaped && strings.IndexByte(value, '\\') >= 0 {
		f.Value = jsonscan.Valid(b, unescape(b, value))
	} else if high {
		f.Value = jsonscan.Valid(b, value)
	}
	return f
}

// list writes a set or vector as a JSON array, as Zeek's JSON writer does.
func (d *decoder) list(b *vedette.Batch, f form, value string, plain bool) string {
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
			if !plain {
				element = unescape(b, element)
			}
			out = appendQuoted(out, element)
		}
	}
	return decode.String(append(out, ']'))
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

// reason makes the vocabulary's errors the stage's.
func reason(err error) error {
	switch err {
	case zeekmap.ErrTime:
		return decode.ErrTime
	case zeekmap.ErrAddress:
		return decode.ErrAddress
	case zeekmap.ErrNumber:
		return decode.ErrNumber
	}
	return err
}

// sniff asks for Zeek's first header line, or for two of the others.
func sniff(head []byte) decode.Confidence {
	if bytes.HasPrefix(head, []byte("#separator ")) {
		return 100
	}
	found := 0
	for line := range bytes.Lines(head) {
		if len(line) == 0 || line[0] != '#' {
			break
		}
		for _, name := range []string{"#fields\t", "#types\t", "#path\t", "#set_separator\t", "#unset_field\t", "#empty_field\t"} {
			if bytes.HasPrefix(line, []byte(name)) {
				found++
			}
		}
	}
	switch {
	case found >= 2:
		return 95
	case found == 1:
		return 45
	}
	return 0
}
