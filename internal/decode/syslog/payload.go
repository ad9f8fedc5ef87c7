package syslog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// Bounds of what is remembered, so that a flood of forged senders costs nothing.
const (
	maxSenders   = 1024
	maxFormats   = 4       // of one sender
	maxSample    = 4 << 10 // bytes of the message that a decoder can be found by again
	maxState     = 512 << 10
	maxFailures  = 1024
	stateVersion = 1
)

// senders keeps the decoders of messages by who sends them: host and program.
// When there are too many, the one that came first is forgotten.
type senders struct {
	byName map[string]*sender
	order  []string
	key    []byte
}

type sender struct{ formats []*inner }

// inner is a decoder of messages and the message that it was found by.
type inner struct {
	decoder decode.Decoder
	sample  []byte // only of decoders with state
}

// get returns the sender of h, nil if none of its messages had a format.
func (s *senders) get(h *header) *sender {
	s.key = append(append(append(s.key[:0], h.host...), 0), h.program...)
	return s.byName[string(s.key)]
}

func (s *senders) add(key string) *sender {
	if s.byName == nil {
		s.byName = make(map[string]*sender)
	}
	if len(s.order) >= maxSenders {
		delete(s.byName, s.order[0])
		s.order = slices.Delete(s.order, 0, 1)
	}
	made := new(sender)
	s.byName[key] = made
	s.order = append(s.order, key)
	return made
}

// inner lets the decoder of the message's own format have it. done is false if
// there is none, or if it has no event to give: then the message is kept as plain
// syslog.
func (d *decoder) inner(b *vedette.Batch, h *header) (done bool, err error) {
	msg := bytes.TrimLeft(bytes.TrimPrefix(h.msg, []byte("@cee:")), " ")
	if d.payload == nil || len(msg) == 0 {
		return false, nil
	}
	n := len(b.Events)
	s := d.senders.get(h)
	if s != nil {
		for i, f := range s.formats {
			if try(b, f.decoder, msg) {
				s.formats[0], s.formats[i] = s.formats[i], s.formats[0]
				return true, complete(b, n, h)
			}
		}
	}
	dec := d.payload(msg)
	if dec == nil {
		return false, nil
	}
	same := func(f *inner) bool { return reflect.TypeOf(f.decoder) == reflect.TypeOf(dec) }
	if s != nil && slices.ContainsFunc(s.formats, same) || !try(b, dec, msg) {
		return false, nil
	}
	if s == nil {
		s = d.senders.add(string(d.senders.key))
	}
	if len(s.formats) == maxFormats {
		s.formats = slices.Delete(s.formats, 0, 1)
	}
	f := &inner{decoder: dec}
	if _, ok := dec.(decode.Stateful); ok {
		f.sample = bytes.Clone(msg[:min(len(msg), maxSample)])
	}
	s.formats = append(s.formats, f)
	return true, complete(b, n, h)
}

// try reports whether dec makes events of msg. If not, b is as before.
func try(b *vedette.Batch, dec decode.Decoder, msg []byte) bool {
	n := len(b.Events)
	if dec.Decode(b, msg) == nil && len(b.Events) > n {
		return true
	}
	b.Drop(n)
	return false
}

// complete gives the events from n on what only the header says.
func complete(b *vedette.Batch, n int, h *header) error {
	for i := n; i < len(b.Events); i++ {
		e := &b.Events[i]
		if e.Time == 0 {
			if e.Time = h.time; h.time == 0 {
				return decode.ErrTime
			}
		}
		switch {
		case e.Host == "":
			e.Host = decode.String(h.host)
		case i == len(b.Events)-1 && len(h.host) > 0 && e.Host != string(h.host):
			b.AddRest(e, "relay", decode.String(h.host))
		}
	}
	return nil
}

// failures remembers the connections whose failure was counted, oldest first.
type failures struct {
	known map[netip.AddrPort]bool
	order []netip.AddrPort
}

// count reports whether the connection's failure is new, and remembers it.
func (f *failures) count(c netip.AddrPort) bool {
	if f.known[c] {
		return false
	}
	f.mark(c)
	return true
}

func (f *failures) mark(c netip.AddrPort) {
	if f.known == nil {
		f.known = make(map[netip.AddrPort]bool)
	}
	if f.known[c] {
		return
	}
	if len(f.order) >= maxFailures {
		delete(f.known, f.order[0])
		copy(f.order, f.order[1:])
		f.order = f.order[:maxFailures-1]
	}
	f.known[c] = true
	f.order = append(f.order, c)
}

// forget ends a connection: its port may be used again.
func (f *failures) forget(c netip.AddrPort) {
	if f.known[c] {
		delete(f.known, c)
		f.order = slices.DeleteFunc(f.order, func(o netip.AddrPort) bool { return o == c })
	}
}

// state is what the decoder keeps between runs.
type state struct {
	Version int
	Last    int64 // of timeparse.Years
	Failed  []netip.AddrPort
	Inner   []innerState
}

type innerState struct {
	Sender string // host, NUL, program
	Sample []byte
	State  []byte
}

// State implements [decode.Stateful].
func (d *decoder) State() []byte {
	s := state{Version: stateVersion, Last: d.years.Last, Failed: d.failed.order}
	size := 0
	for _, key := range slices.Backward(d.senders.order) { // the newest first
		for _, f := range d.senders.byName[key].formats {
			if f.sample == nil {
				continue
			}
			data := f.decoder.(decode.Stateful).State()
			if size += len(key) + len(f.sample) + len(data); data == nil || size > maxState {
				continue
			}
			s.Inner = append(s.Inner, innerState{key, f.sample, data})
		}
	}
	if s.Last == 0 && len(s.Failed) == 0 && len(s.Inner) == 0 {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil // cannot be: the types have no failing marshalers
	}
	return data
}

// Restore implements [decode.Stateful].
func (d *decoder) Restore(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil || s.Version != stateVersion {
		return decode.ErrSyntax
	}
	d.years.Last = s.Last
	for _, c := range s.Failed {
		d.failed.mark(c)
	}
	if d.payload == nil {
		return nil
	}
	for _, i := range slices.Backward(s.Inner) {
		dec, ok := d.payload(i.Sample).(decode.Stateful)
		if !ok || dec.Restore(i.State) != nil {
			continue // the formats changed: it is found again by its next message
		}
		to := d.senders.byName[i.Sender]
		if to == nil {
			to = d.senders.add(i.Sender)
		}
		to.formats = append(to.formats, &inner{dec, i.Sample})
	}
	return nil
}
