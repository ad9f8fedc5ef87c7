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
	mapper  zeekmap.Mapper
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
	if err := d.values(b, e, decode.String(rec), escaped, high); err != nil {
		return err
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

// values puts the columns of rec into e.
func (d *decoder) values(b *vedette.Batch, e *vedette.Event, rec string, escaped, high bool) error {
	start := 0
	ends := d.tabs[:len(d.columns)]
	for i := range d.columns {
		c := &d.columns[i]
		value := rec[start:ends[i]]
		start = int(ends[i]) + len(d.separator)
		if len(value) == len(d.unset) && (value == "" || value[0] == d.unset[0] && value == d.unset) {
			continue
		}
		kind := vedette.KindRaw
		switch c.op {
		case opPlain:
			if escaped || high || value == d.empty {
				value = d.text(b, value, escaped, high)
			}
			if err := d.mapper.Plain(e, c.action, value); err != nil {
				return reason(err)
			}
			continue
		case opText:
			kind = vedette.KindString
			if escaped || high || value == d.empty {
				value = d.text(b, value, escaped, high)
			}
		case opNumber:
			if !isInteger(value) {
				value, kind = d.number(b, value, escaped, high)
			}
		case opBool:
			value, kind = d.truth(b, value, escaped, high)
		case opList:
			if value = d.list(b, c.form, value, escaped); escaped || high {
				value = jsonscan.ValidJSON(b, value)
			}
		default:
			if err := d.other(b, e, c, value, escaped, high); err != nil {
				return err
			}
			continue
		}
		b.AddField(e, vedette.Field{Key: c.Name, Value: value, Kind: kind})
	}
	return nil
}

// text returns a column of a string type without escapes and in UTF-8.
func (d *decoder) text(b *vedette.Batch, value string, escaped, high bool) string {
	if value == d.empty {
		return ""
	}
	if escaped && strings.IndexByte(value, '\\') >= 0 {
		return jsonscan.Valid(b, unescape(b, value))
	}
	if high {
		return jsonscan.Valid(b, value)
	}
	return value
}

// number is the value of a number that is no integer; "nan" and the like are
// kept as text.
func (d *decoder) number(b *vedette.Batch, value string, escaped, high bool) (string, vedette.Kind) {
	if isNumber(value) {
		return zeekmap.Decimal(b, value), vedette.KindRaw
	}
	return d.text(b, value, escaped, high), vedette.KindString
}

// truth is the value of a truth value; what is neither T nor F is kept as text.
func (d *decoder) truth(b *vedette.Batch, value string, escaped, high bool) (string, vedette.Kind) {
	if len(value) == 1 {
		switch value[0] {
		case 'T':
			return "true", vedette.KindRaw
		case 'F':
			return "false", vedette.KindRaw
		}
	}
	return d.text(b, value, escaped, high), vedette.KindString
}

// split notes where the columns of rec end and tells whether it has escapes and
// bytes above 0x7F. It collects the separators of 32 bytes as bits of one word
// before it walks over them: a branch for each eight bytes would be guessed
// wrong half of the time.
func (d *decoder) split(rec []byte) (n int, escaped, high bool) {
	if len(d.separator) != 1 || len(rec) < 32 {
		return d.splitSlow(rec)
	}
	separators := ones * uint64(d.separator[0])
	var all uint64
	ends := d.tabs[:0]
	for done := 0; done < len(rec); done += 32 {
		at := min(done, len(rec)-32) // the last block overlaps the one before
		block := rec[at : at+32]
		a, b := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
		x, y := binary.LittleEndian.Uint64(block[16:]), binary.LittleEndian.Uint64(block[24:])
		all |= a | b | x | y
		found := zeros(a^separators) | zeros(b^separators)<<8 | zeros(x^separators)<<16 | zeros(y^separators)<<24
		for found = found >> (done - at) << (done - at); found != 0; found &= found - 1 {
			ends = append(ends, int32(at+bits.TrailingZeros64(found)))
		}
	}
	d.tabs = append(ends, int32(len(rec)))
	return len(d.tabs), bytes.IndexByte(rec, '\\') >= 0, all&tops != 0
}

const ones, low, tops = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f, 0x8080808080808080

// zeros returns a bit for each byte of x that is zero, the lowest for the lowest.
func zeros(x uint64) uint64 {
	top := ^((x&low + low) | x | low) // exactly their top bits
	return top >> 7 * 0x0102040810204080 >> 56
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

// other puts one column into the event. The value is made a JSON token, so that
// both spellings of Zeek's logs share one mapping.
func (d *decoder) other(b *vedette.Batch, e *vedette.Event, c *column, value string, escaped, high bool) error {
	t := jsonscan.Token{Raw: value}
	switch c.form {
	case formText:
		t.Raw = d.text(b, value, escaped, high)
	case formNumber:
		if isNumber(value) {
			t.Kind = jsonscan.Number
		} else if c.action != zeekmap.Rest {
			return decode.ErrNumber
		} else {
			t.Raw = d.text(b, value, escaped, high)
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
	default:
		t.High = escaped || high
		if c.action == zeekmap.Answers && !escaped && d.set == "," && value != d.empty && !d.hasUnset(value) {
			break // the same text as the list's elements joined by commas
		}
		t.Kind = jsonscan.Array
		t.Raw = d.list(b, c.form, value, escaped)
	}
	if err := d.mapper.Apply(b, e, c.action, &c.Field, &t); err != nil {
		return reason(err)
	}
	return nil
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
