package zeektsv

import (
	"bytes"
	"strings"
	"time"

	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/zeekmap"
)

// header is what the lines that begin with "#" say about the records after
// them.
type header struct {
	separator, set, empty, unset string
	path, fields, types, open    string // as written
	stream                       zeekmap.Stream
	dataset                      string
	columns                      []column
	hasTime                      bool // a ts column is there
}

func newHeader() header {
	return header{separator: "\t", set: ",", empty: "(empty)", unset: "-"}
}

// column is one column of a record and its place in an event.
type column struct {
	zeekmap.Field
	action zeekmap.Action
	form   form
	op     op
}

// op is the way of a column's value, worked out once for all records.
type op uint8

const (
	opOther  op = iota // the general way, over a token
	opPlain            // one plain value with a place in an event
	opText             // text without a place
	opNumber           // a number without a place
	opBool             // a truth value without a place
	opList             // a set or vector without a place
)

func (c *column) setOp() {
	switch {
	case c.action.IsPlain() && (c.form == formText || c.form == formNumber && !c.action.IsText()):
		c.op = opPlain
	case c.action != zeekmap.Rest || c.IsTime:
		c.op = opOther
	case c.form == formText:
		c.op = opText
	case c.form == formNumber:
		c.op = opNumber
	case c.form == formBool:
		c.op = opBool
	default:
		c.op = opList
	}
}

// form is how a column's type is written.
type form uint8

const (
	formText form = iota
	formNumber
	formBool
	formTextList
	formNumberList
	formBoolList
)

// formOf reads Zeek's name of a type.
func formOf(name string) form {
	list := false
	if open := strings.IndexByte(name, '['); open > 0 && strings.HasSuffix(name, "]") {
		list, name = true, name[open+1:len(name)-1]
	}
	f := formText
	switch name {
	case "count", "int", "port", "double", "interval", "time":
		f = formNumber
	case "bool":
		f = formBool
	}
	if list {
		f += formTextList
	}
	return f
}

// directive reads a header line. Unknown ones and comments are left alone.
func (d *decoder) directive(rec []byte) error {
	if len(rec) > maxHeader || bytes.IndexByte(rec, 0) >= 0 {
		return decode.Reason("header line is too long or has NUL bytes")
	}
	if text, ok := bytes.CutPrefix(rec, []byte("#separator ")); ok {
		d.header = newHeader() // a new file begins
		if s := rawUnescape(string(text)); s != "" && len(s) <= 16 {
			d.separator = s
		}
		return nil
	}
	name, value, ok := strings.Cut(string(rec[1:]), d.separator)
	if !ok {
		return nil
	}
	switch name {
	case "set_separator":
		if d.set = rawUnescape(value); d.set == "" {
			d.set = ","
		}
	case "empty_field":
		d.empty = value
	case "unset_field":
		d.unset = value
	case "path":
		d.path = value
		d.layout()
	case "open":
		d.open = value
	case "fields":
		d.fields, d.types = value, ""
		d.layout()
	case "types":
		d.types = value
		d.layout()
	}
	return nil
}

// layout works out the columns once both their names and types are known; until
// then there are none.
func (h *header) layout() {
	h.columns, h.hasTime = nil, false
	if h.fields == "" || h.types == "" {
		return
	}
	names, types := strings.Split(h.fields, h.separator), strings.Split(h.types, h.separator)
	if len(names) != len(types) {
		return
	}
	columns := make([]column, len(names))
	hint := zeekmap.Other
	for i, name := range names {
		columns[i].Field = zeekmap.Lookup(strings.ToValidUTF8(name, "\ufffd"))
		columns[i].form = formOf(types[i])
		columns[i].IsTime = types[i] == "time"
		if hint == zeekmap.Other {
			hint = columns[i].Hint
		}
		h.hasTime = h.hasTime || name == "ts"
	}
	h.stream = zeekmap.StreamOf(h.path)
	h.dataset = "zeek." + strings.ToValidUTF8(h.path, "\ufffd")
	if h.path == "" {
		h.stream, h.dataset = hint, "zeek.unknown"
	}
	for i := range columns {
		c := &columns[i]
		c.action = c.Action(h.stream)
		if c.action == zeekmap.Nested || c.form >= formTextList && !c.action.Vector() {
			c.action = zeekmap.Rest
		}
		c.setOp()
	}
	h.columns = columns
}

// fallback is the time of records that have none: when the log was opened, or
// when the source was written last.
func (d *decoder) fallback() int64 {
	if t, err := time.ParseInLocation("2006-01-02-15-04-05", d.open, d.options.Location); err == nil {
		return t.UnixNano()
	}
	if d.options.Reference.IsZero() {
		return 0
	}
	return d.options.Reference.UnixNano()
}

// State implements decode.Stateful: the header lines in force.
func (d *decoder) State() []byte {
	if d.header.fields == "" {
		return nil
	}
	var out []byte
	for _, s := range []string{d.separator, d.set, d.empty, d.unset, d.path, d.open, d.fields, d.types} {
		out = append(append(out, s...), 0)
	}
	return out
}

// Restore implements decode.Stateful.
func (d *decoder) Restore(state []byte) error {
	if len(state) == 0 {
		return nil
	}
	parts := strings.Split(string(state), "\x00")
	if len(parts) != 9 || parts[0] == "" || parts[1] == "" {
		return decode.Reason("the stored state is not this decoder's")
	}
	d.header = header{
		separator: parts[0], set: parts[1], empty: parts[2], unset: parts[3],
		path: parts[4], open: parts[5], fields: parts[6], types: parts[7],
	}
	d.layout()
	return nil
}

// rawUnescape resolves the escapes of the header's own values.
func rawUnescape(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if v, ok := hexByte(s[i+2], s[i+3]); ok {
				out = append(out, v)
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
