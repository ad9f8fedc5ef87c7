// Package zeekjson decodes Zeek logs written as JSON, one record a line: with
// dotted keys (id.orig_h), with flattened ones (id_orig_h), or with a nested id
// record, one stream a file or several mixed.
package zeekjson

import (
	"bytes"
	"encoding/binary"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/zeekmap"
)

// Format is the entry for the table of decoders.
var Format = decode.Format{
	Name:  "zeek-json",
	Doc:   "Zeek logs as JSON, any stream",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return newDecoder(o) },
}

// maxFields bounds how many different keys one source is remembered to have.
const maxFields = 1024

type decoder struct {
	order  *jsonscan.Order
	mapper zeekmap.Mapper
	tokens []jsonscan.Token
	fields []zeekmap.Field  // by Token.Field
	tells  []zeekmap.Stream // by Token.Field: what the key tells of the stream
	// actions is what to do with a field, by stream and Token.Field: bytes, so
	// that a record's lie together.
	actions  [zeekmap.NumStreams][]zeekmap.Action
	last     zeekmap.Stream // of the last record that showed it
	named    zeekmap.Stream // of the last record that named it
	lastTime int64          // of the last record that had one
}

func newDecoder(o decode.Options) *decoder {
	d := &decoder{}
	if !o.Reference.IsZero() {
		d.lastTime = o.Reference.UnixNano()
	}
	d.remember(zeekmap.Field{}) // 0: looked up each time
	d.order = jsonscan.NewOrder(d.resolve)
	return d
}

// isName marks the keys whose value is the stream's name.
const isName = ^zeekmap.Stream(0)

// resolve returns the place of the key in d.fields.
func (d *decoder) resolve(key string) int32 {
	if len(d.fields) == maxFields {
		return 0
	}
	// Name may return its argument, which is valid during the call only.
	d.remember(zeekmap.Lookup(string(append([]byte(nil), zeekmap.Name(key)...))))
	return int32(len(d.fields) - 1)
}

func (d *decoder) remember(f zeekmap.Field) {
	tells := f.Hint
	if f.Action(zeekmap.Other) == zeekmap.Path {
		tells = isName
	}
	d.fields, d.tells = append(d.fields, f), append(d.tells, tells)
	for s := range d.actions {
		d.actions[s] = append(d.actions[s], f.Action(zeekmap.Stream(s)))
	}
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	tokens, err := d.order.Scan(d.tokens[:0], rec)
	d.tokens = tokens
	if err != nil {
		return err
	}
	if len(tokens) == 0 {
		return decode.ErrSyntax
	}
	stream, path := d.stream(b, tokens)
	e := b.Add()
	stream.Begin(e)
	if stream == zeekmap.Other {
		e.Dataset = dataset(b, path)
	}
	if err := d.apply(b, e, stream, tokens); err != nil {
		return err
	}
	if e.Time == 0 {
		d.fallback(e, tokens)
	}
	switch {
	case e.Time != 0:
		d.lastTime = e.Time
	case path == "loaded_scripts" && d.lastTime != 0:
		// The one log that Zeek writes without times.
		e.Time = d.lastTime
	default:
		return decode.ErrTime
	}
	stream.End(e)
	return nil
}

// stream tells the kind of record: by the name in it, else by its keys, else it
// is that of the record before.
func (d *decoder) stream(b *vedette.Batch, tokens []jsonscan.Token) (zeekmap.Stream, string) {
	hint := zeekmap.Other
	for i := range tokens {
		tells := d.tells[tokens[i].Field]
		switch {
		case tells == zeekmap.Other:
		case tells != isName:
			if hint == zeekmap.Other {
				hint = tells
			}
		case tokens[i].Kind == jsonscan.String && len(tokens[i].Raw) <= 64:
			path := tokens[i].Text(b)
			if path != d.named.Path() {
				d.named = zeekmap.StreamOf(path)
			}
			return d.named, path
		}
	}
	if hint != zeekmap.Other {
		d.last = hint
	}
	return d.last, ""
}

func (d *decoder) apply(b *vedette.Batch, e *vedette.Event, stream zeekmap.Stream, tokens []jsonscan.Token) error {
	actions := d.actions[stream]
	for i := range tokens {
		t := &tokens[i]
		a := actions[t.Field]
		f := &d.fields[t.Field]
		if t.Field == 0 {
			unknown := zeekmap.Lookup(zeekmap.Name(t.Key))
			f, a = &unknown, unknown.Action(stream)
		}
		if t.Kind <= jsonscan.False && !t.Escaped && !t.High { // the ordinary value
			if a.IsPlain() {
				if err := d.mapper.Plain(e, a, t.Raw); err != nil {
					return reason(err)
				}
				continue
			}
			if a == zeekmap.Rest && (t.Kind != jsonscan.Number || !f.IsTime) {
				value := t.Raw
				if t.Kind == jsonscan.Number {
					value = zeekmap.Decimal(b, value)
				}
				b.AddField(e, vedette.Field{Key: f.Name, Value: value, Kind: rawKind[t.Kind]})
				continue
			}
		}
		switch {
		case t.Kind == jsonscan.Null || a == zeekmap.Fallback:
			continue // unset, or for later
		case a == zeekmap.Nested:
			if t.Kind == jsonscan.Object {
				if err := d.nested(b, e, stream, t); err != nil {
					return err
				}
				continue
			}
			a = zeekmap.Rest // the id of a file or certificate
		case t.Kind == jsonscan.Object || t.Kind == jsonscan.Array && !a.Vector():
			a = zeekmap.Rest
		}
		if err := d.mapper.Apply(b, e, a, f, t); err != nil {
			return reason(err)
		}
	}
	return nil
}

var rawKind = [...]vedette.Kind{
	jsonscan.String: vedette.KindString, jsonscan.Number: vedette.KindRaw, jsonscan.True: vedette.KindRaw, jsonscan.False: vedette.KindRaw,
}

// fallback dates a record without ts by the time when it was written.
func (d *decoder) fallback(e *vedette.Event, tokens []jsonscan.Token) {
	for i := range tokens {
		if d.fields[tokens[i].Field].Action(zeekmap.Other) == zeekmap.Fallback {
			if n, ok := d.mapper.Instant(tokens[i].Raw); ok {
				e.Time = n
				return
			}
		}
	}
}

// nested applies the members of an id record that is an object.
func (d *decoder) nested(b *vedette.Batch, e *vedette.Event, stream zeekmap.Stream, t *jsonscan.Token) error {
	n := len(d.tokens)
	tokens, err := d.order.ScanValue(d.tokens, t)
	if err != nil {
		return err
	}
	d.tokens = tokens[:n]
	for i := range tokens[n:] {
		t := &tokens[n+i]
		f := &d.fields[t.Field]
		a := f.Action(stream)
		if t.Kind >= jsonscan.Null || a < zeekmap.SourceIP || a > zeekmap.DestPort {
			t.Add(b, e, "id."+t.Key)
			continue
		}
		if err := d.mapper.Apply(b, e, a, f, t); err != nil {
			return reason(err)
		}
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

// dataset names the stream of a record that has no places of its own.
func dataset(b *vedette.Batch, path string) string {
	if path == "" {
		return "zeek.unknown"
	}
	buf := b.Buffer(len("zeek.") + len(path))
	return decode.String(append(append(buf[:0], "zeek."...), path...))
}

// State implements decode.Stateful: the last record's stream and time.
func (d *decoder) State() []byte {
	return binary.AppendVarint([]byte{byte(d.last)}, d.lastTime)
}

// Restore implements decode.Stateful.
func (d *decoder) Restore(state []byte) error {
	if len(state) == 0 {
		return nil
	}
	t, n := binary.Varint(state[1:])
	if n <= 0 || !zeekmap.Stream(state[0]).Valid() {
		return decode.Reason("the stored state is not this decoder's")
	}
	d.last, d.lastTime = zeekmap.Stream(state[0]), t
	return nil
}

// sniff looks at the keys of the first record: Zeek's envelope, or the
// connection's id with a time.
func sniff(head []byte) decode.Confidence {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return 0
	}
	d := newDecoder(decode.Options{})
	tokens, err := d.order.Scan(nil, line)
	if err != nil && err != jsonscan.ErrTruncated {
		return 0
	}
	var path, at, id, hint bool
	for i := range tokens {
		f := &d.fields[tokens[i].Field]
		switch f.Action(zeekmap.Other) {
		case zeekmap.Path:
			path = true
		case zeekmap.Time:
			at = true
		case zeekmap.Nested:
			id = id || tokens[i].Kind == jsonscan.Object
		case zeekmap.SourceIP, zeekmap.DestIP:
			id = true
		}
		hint = hint || f.Hint != zeekmap.Other
	}
	switch {
	case path && (at || id || len(tokens) > 1 && err == nil):
		return 95
	case at && id:
		return 90
	case at && hint && zeekOnly(d, tokens):
		return 70
	}
	return 0
}

// zeekOnly reports whether a key is there that no other format is known to have.
func zeekOnly(d *decoder, tokens []jsonscan.Token) bool {
	for i := range tokens {
		switch d.fields[tokens[i].Field].Hint {
		case zeekmap.X509, zeekmap.Files, zeekmap.Notice, zeekmap.Weird, zeekmap.Software, zeekmap.KnownServices:
			return true
		}
	}
	return false
}
