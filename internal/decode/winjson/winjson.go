// Package winjson decodes Windows events written as JSON, one a line, in the
// forms that are met: the event's XML turned into JSON (Event.System and
// Event.EventData, with attributes below "#attributes" or behind "@"), the form
// of Winlogbeat (winlog.event_data), and flat objects as NXLog writes them and
// the OTRF Security Datasets hold.
//
// The fields of EventData keep their own names, which Sigma rules use.
package winjson

import (
	"bytes"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// Format is the entry for the table of decoders.
var Format = decode.Format{
	Name:  "windows-json",
	Doc:   "Windows events as JSON: event dumps, Winlogbeat, NXLog; Sysmon among them",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return newDecoder(o) },
}

// place is a kind of object within a record.
type place uint8

const (
	root place = iota
	event
	system
	data
	winlog
	ecsEvent
	ecsHost
)

type decoder struct {
	location *time.Location
	tree     *jsonscan.Tree
	listed   *jsonscan.Order  // for objects in EventData.Data
	tokens   []jsonscan.Token // of those of the record at hand
	record   record
}

// record is what was read of one record, until it is known what it is.
type record struct {
	items    []item // in the source's order
	time     int64
	timeRank uint8 // how good that time is
	code     jsonscan.Token
	channel  jsonscan.Token
	provider jsonscan.Token
	computer jsonscan.Token
	message  jsonscan.Token
	level    int
	has      uint8 // which of code, channel, provider, computer, message are set
}

const (
	hasCode = 1 << iota
	hasChannel
	hasProvider
	hasComputer
	hasMessage
)

// item is a field for the event.
type item struct {
	name  string
	field field
	value *jsonscan.Token
}

func newDecoder(o decode.Options) *decoder {
	d := &decoder{location: o.Location, tree: jsonscan.NewTree(resolve), listed: jsonscan.NewOrder(resolve)}
	if d.location == nil {
		d.location = time.UTC
	}
	return d
}

func resolve(key string) int32 { return int32(fields[key]) }

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	d.record = record{items: d.record.items[:0]}
	d.tokens = d.tokens[:0]
	tokens, err := d.tree.Scan(rec)
	if err != nil {
		return err
	}
	if err := d.walk(b, root, tokens); err != nil {
		return err
	}
	r := &d.record
	if r.has&hasCode == 0 || r.has&(hasChannel|hasProvider) == 0 {
		return decode.ErrSyntax
	}
	if r.time == 0 {
		return decode.ErrTime
	}
	r.build(b)
	return nil
}

// walk takes the members of an object.
func (d *decoder) walk(b *vedette.Batch, p place, tokens []jsonscan.Token) error {
	for i := 0; i < len(tokens); i++ {
		t := &tokens[i]
		if t.Kind == jsonscan.Null {
			continue // unset
		}
		inner := tokens[i+1 : i+1+int(t.Members)]
		i += len(inner)
		var err error
		switch p {
		case root:
			err = d.rootMember(b, t, inner)
		case event:
			err = d.eventMember(b, t, inner)
		case system:
			d.systemMember(t, inner)
		case winlog:
			err = d.winlogMember(b, t.Key, t, inner)
		case data:
			err = d.dataMember(b, t, inner)
		case ecsEvent:
			d.ecsMember(t, "event.")
		case ecsHost:
			d.ecsMember(t, "host.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rootMember takes a member of the outermost object.
func (d *decoder) rootMember(b *vedette.Batch, t *jsonscan.Token, inner []jsonscan.Token) error {
	if t.Kind == jsonscan.Object {
		switch t.Key {
		case "Event":
			return d.walk(b, event, inner)
		case "System", "EventData", "UserData":
			return d.eventMember(b, t, inner)
		case "winlog":
			return d.walk(b, winlog, inner)
		case "winlog.event_data", "winlog.user_data":
			return d.walk(b, data, inner)
		case "event":
			return d.walk(b, ecsEvent, inner)
		case "host":
			return d.walk(b, ecsHost, inner)
		}
	}
	if name, ok := strings.CutPrefix(t.Key, "winlog."); ok {
		for _, prefix := range []string{"event_data.", "user_data."} {
			if member, ok := strings.CutPrefix(name, prefix); ok {
				d.add(member, fields[member], t)
				return nil
			}
		}
		return d.winlogMember(b, name, t, inner)
	}
	return d.flatMember(t)
}

// eventMember takes a member of Event.
func (d *decoder) eventMember(b *vedette.Batch, t *jsonscan.Token, inner []jsonscan.Token) error {
	switch {
	case t.Key == "System" && t.Kind == jsonscan.Object:
		return d.walk(b, system, inner)
	case (t.Key == "EventData" || t.Key == "UserData") && t.Kind == jsonscan.Object:
		return d.walk(b, data, inner)
	case t.Key == "#attributes" || t.Key == "@xmlns" || t.Key == "xmlns":
		return nil // the schema's name
	}
	d.add(t.Key, fieldNone, t)
	return nil
}

// systemMember takes a member of Event.System: a value, or an object with
// attributes.
func (d *decoder) systemMember(t *jsonscan.Token, inner []jsonscan.Token) {
	if t.Kind != jsonscan.Object {
		d.systemValue(t.Key, t)
		return
	}
	for i := 0; i < len(inner); i++ {
		a := &inner[i]
		switch {
		case a.Kind == jsonscan.Null:
		case a.Key == "#attributes" && a.Kind == jsonscan.Object:
			continue // its members are next
		case a.Key == "#text" || a.Key == "Value":
			d.systemValue(t.Key, a)
		default:
			d.attribute(t.Key, strings.TrimPrefix(a.Key, "@"), a)
		}
		i += int(a.Members)
	}
}

// attribute takes an attribute of a System element.
func (d *decoder) attribute(element, name string, t *jsonscan.Token) {
	switch {
	case element == "Provider" && name == "Name":
		d.set(hasProvider, t)
	case element == "TimeCreated" && name == "SystemTime":
		d.when(t, 4)
	default:
		d.add(systemName(element, name), fieldNone, t)
	}
}

// systemValue takes an element of System that is a plain value.
func (d *decoder) systemValue(name string, t *jsonscan.Token) {
	switch name {
	case "EventID":
		d.set(hasCode, t)
	case "Channel":
		d.set(hasChannel, t)
	case "Computer":
		d.set(hasComputer, t)
	case "Provider":
		d.set(hasProvider, t)
	case "TimeCreated":
		d.when(t, 4)
	case "Level":
		if n, ok := jsonscan.Int(t.Raw); ok && n >= 0 && n < 256 {
			d.record.level = int(n)
		}
		d.add(name, fieldNone, t)
	default:
		d.add(name, fieldNone, t)
	}
}

// winlogMember takes a member of winlog, or a dotted key below it.
func (d *decoder) winlogMember(b *vedette.Batch, name string, t *jsonscan.Token, inner []jsonscan.Token) error {
	switch name {
	case "event_data", "user_data":
		if t.Kind == jsonscan.Object {
			return d.walk(b, data, inner)
		}
	// Winlogbeat repeats these in event and host; here is the original.
	case "event_id":
		d.record.code, d.record.has = *t, d.record.has|hasCode
		return nil
	case "channel":
		d.record.channel, d.record.has = *t, d.record.has|hasChannel
		return nil
	case "provider_name":
		d.record.provider, d.record.has = *t, d.record.has|hasProvider
		return nil
	case "computer_name":
		d.record.computer, d.record.has = *t, d.record.has|hasComputer
		return nil
	case "time_created":
		d.when(t, 4)
	}
	d.add(join("winlog.", name), fieldNone, t)
	return nil
}

// dataMember takes a member of EventData or of an element of UserData.
func (d *decoder) dataMember(b *vedette.Batch, t *jsonscan.Token, inner []jsonscan.Token) error {
	switch {
	case t.Key == "Data" && t.Kind == jsonscan.Array:
		return d.dataArray(b, t)
	case t.Key == "#attributes" || strings.HasPrefix(t.Key, "@xmlns"):
		if name := attributeName(inner); name != nil {
			d.add("EventData.Name", fieldNone, name)
		}
	case t.Kind == jsonscan.Object:
		return d.walk(b, data, inner)
	default:
		d.add(t.Key, field(t.Field), t)
	}
	return nil
}

// dataArray takes EventData.Data: named values, or bare ones.
func (d *decoder) dataArray(b *vedette.Batch, t *jsonscan.Token) error {
	var e jsonscan.Token
	for list := t.Elements(); list.Next(&e); {
		if e.Kind != jsonscan.Object {
			d.add("Data", fieldNone, t)
			return nil
		}
		n := len(d.tokens)
		tokens, err := d.listed.ScanValue(d.tokens, &e)
		if err != nil {
			return err
		}
		d.tokens, tokens = tokens, tokens[n:] // kept: items point to them
		var name string
		var value *jsonscan.Token
		for i := range tokens {
			switch m := &tokens[i]; m.Key {
			case "@Name", "Name", "name":
				name = m.Text(b)
			case "#text", "content", "Value", "value", "text":
				value = m
			case "#attributes":
				name = d.attributeText(b, m, name)
			}
		}
		if name != "" && value != nil && value.Kind != jsonscan.Null {
			d.add(name, fields[name], value)
		}
	}
	return nil
}

// attributeName returns the Name among attributes, nil if there is none.
func attributeName(attributes []jsonscan.Token) *jsonscan.Token {
	for i := range attributes {
		if attributes[i].Key == "Name" {
			return &attributes[i]
		}
	}
	return nil
}

// attributeText returns the Name among the attributes in t, else name.
func (d *decoder) attributeText(b *vedette.Batch, t *jsonscan.Token, name string) string {
	if t.Kind != jsonscan.Object {
		return name
	}
	n := len(d.tokens)
	tokens, err := d.listed.ScanValue(d.tokens, t)
	if err != nil {
		return name
	}
	if a := attributeName(tokens[n:]); a != nil {
		return a.Text(b)
	}
	return name
}

// ecsMember takes a member of Winlogbeat's event or host.
func (d *decoder) ecsMember(t *jsonscan.Token, prefix string) {
	which := uint8(0)
	switch {
	case prefix == "event." && t.Key == "code":
		which = hasCode
	case prefix == "event." && t.Key == "provider":
		which = hasProvider
	case prefix == "host." && t.Key == "name":
		which = hasComputer
	}
	if which == 0 {
		d.add(join(prefix, t.Key), fieldNone, t)
	} else if d.record.has&which == 0 {
		d.set(which, t)
	}
}

// flatMember takes a member of a flat record.
func (d *decoder) flatMember(t *jsonscan.Token) error {
	switch t.Key {
	case "EventID", "EventId", "event_id", "event.code", "Id":
		d.set(hasCode, t)
	case "Channel", "channel", "LogName":
		d.set(hasChannel, t)
	case "Provider_Name", "ProviderName", "SourceName", "provider_name", "event.provider":
		d.set(hasProvider, t)
	case "Computer", "ComputerName", "Hostname", "MachineName", "host.name", "computer_name":
		d.set(hasComputer, t)
	case "message", "Message":
		d.set(hasMessage, t)
	case "@timestamp", "TimeCreated":
		d.when(t, 3)
	case "UtcTime": // Sysmon's own
		d.when(t, 2)
		d.add(t.Key, fieldNone, t)
	case "EventTime", "timestamp", "TimeGenerated":
		d.when(t, 1)
		d.add(t.Key, fieldNone, t)
	default:
		d.add(t.Key, field(t.Field), t)
	}
	return nil
}

// set remembers one of the values that say what the record is; a second value
// is kept under its own name.
func (d *decoder) set(which uint8, t *jsonscan.Token) {
	r := &d.record
	if r.has&which != 0 {
		d.add(t.Key, fieldNone, t)
		return
	}
	r.has |= which
	switch which {
	case hasCode:
		r.code = *t
	case hasChannel:
		r.channel = *t
	case hasProvider:
		r.provider = *t
	case hasComputer:
		r.computer = *t
	case hasMessage:
		r.message = *t
	}
}

// when reads a time; the one with the highest rank counts.
func (d *decoder) when(t *jsonscan.Token, rank uint8) {
	if rank <= d.record.timeRank {
		return
	}
	loc := d.location
	if t.Key == "UtcTime" {
		loc = time.UTC
	}
	n, ok := jsonscan.Time(t.Raw, loc)
	if !ok {
		s := t.Raw
		if i := strings.Index(s, "/Date("); i >= 0 { // Windows PowerShell's ConvertTo-Json
			s, _, _ = strings.Cut(s[i+len("/Date("):], ")")
		}
		n, ok = jsonscan.Epoch(s)
	}
	if ok {
		d.record.time, d.record.timeRank = n, rank
	}
}

func (d *decoder) add(name string, f field, t *jsonscan.Token) {
	d.record.items = append(d.record.items, item{name, f, t})
}

// sniff looks for the marks of the three forms.
func sniff(head []byte) decode.Confidence {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return 0
	}
	tokens, err := jsonscan.NewOrder(resolve).Scan(nil, line)
	if err != nil && err != jsonscan.ErrTruncated {
		return 0
	}
	has := func(mark string) bool { return bytes.Contains(line, []byte(mark)) }
	if has(`"System"`) && has(`"EventID"`) && (has(`"Event"`) || has(`"EventData"`)) {
		return 95
	}
	if (has(`"winlog"`) || has(`"winlog.`)) && (has(`event_id"`) || has(`channel"`) || has(`provider_name"`)) {
		return 90
	}
	code, origin := false, false
	for i := range tokens {
		switch tokens[i].Key {
		case "EventID", "EventId":
			code = true
		case "Channel", "SourceName", "Provider_Name", "ProviderName", "ProviderGuid":
			origin = true
		}
	}
	if code && origin {
		return 85
	}
	return 0
}
