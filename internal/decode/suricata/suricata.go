// Package suricata decodes Suricata's EVE JSON: alerts, flows, the protocol
// records, and every other event type generically.
//
// Nested objects are taken apart: what has no place in an event is kept under
// its dotted path, such as alert.category. Arrays stay JSON.
package suricata

import (
	"bytes"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// Format is the entry for the table of decoders.
var Format = decode.Format{
	Name:  "suricata-eve",
	Doc:   "Suricata EVE JSON, any event type",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return newDecoder(o) },
}

type decoder struct {
	location *time.Location
	members  *jsonscan.Flattener
	records  *jsonscan.Order // of DNS resource records in arrays
	scratch  []jsonscan.Token
	flow     flow
}

func newDecoder(o decode.Options) *decoder {
	d := &decoder{
		location: o.Location,
		members:  jsonscan.NewFlattener(actionOf),
		records:  jsonscan.NewOrder(func(string) int32 { return 0 }),
	}
	if d.location == nil {
		d.location = time.UTC
	}
	return d
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	members, err := d.members.Scan(rec)
	if err != nil {
		return err
	}
	kind := eventTypeOf(members)
	if kind == nil {
		return decode.ErrSyntax
	}
	e := b.Add()
	begin(b, e, kind)
	d.flow = flow{}
	for i := range members {
		if err := d.apply(b, e, &members[i]); err != nil {
			return err
		}
	}
	if e.Time == 0 {
		return decode.ErrTime
	}
	d.finish(b, e)
	return nil
}

// eventTypeOf returns the member that says what the record is.
func eventTypeOf(members []jsonscan.Member) *jsonscan.Token {
	for i := range members {
		t := &members[i].Value
		if action(members[i].Field) == eventType && t.Kind == jsonscan.String && t.Raw != "" && len(t.Raw) <= 64 {
			return t
		}
	}
	return nil
}

// sniff asks for event_type together with EVE's names of time or addresses.
func sniff(head []byte) decode.Confidence {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return 0
	}
	tokens, err := jsonscan.NewOrder(func(string) int32 { return 0 }).Scan(nil, line)
	if err != nil && err != jsonscan.ErrTruncated {
		return 0
	}
	var kind, at, own, address bool
	for i := range tokens {
		switch tokens[i].Key {
		case "event_type":
			kind = tokens[i].Kind == jsonscan.String
		case "timestamp":
			at = true
		case "flow_id", "in_iface", "pcap_cnt", "stats", "engine":
			own = true
		case "src_ip", "dest_ip":
			address = true
		}
	}
	switch {
	case kind && at && (own || address):
		return 95
	case kind && at:
		return 60
	}
	return 0
}
