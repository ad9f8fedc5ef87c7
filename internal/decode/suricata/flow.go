package suricata

import (
	"strconv"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// applyFlow takes what the record says about its connection. Only flow records
// have final numbers; those of other records count up to the moment and are kept
// as they are.
func (d *decoder) applyFlow(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) error {
	f, t := action(m.Field), &m.Value
	switch f {
	case flowSource:
		d.flow.source = t.Raw
		t.Add(b, e, m.Path)
		return nil
	case flowState:
		d.flow.state = t.Raw
		t.Add(b, e, m.Path)
		return nil
	case flagsToServer, flagsToClient:
		n, err := strconv.ParseUint(t.Raw, 16, 8)
		if err == nil && f == flagsToServer {
			d.flow.server, d.flow.hasServer = n, true
		} else if err == nil {
			d.flow.client, d.flow.hasClient = n, true
		}
		t.Add(b, e, m.Path)
		return nil
	}
	if e.Action != vedette.ActionConnection {
		t.Add(b, e, m.Path)
		return nil
	}
	if f == flowStart || f == flowEnd {
		n, ok := jsonscan.Time(t.Raw, d.location)
		if !ok {
			return decode.ErrTime
		}
		if f == flowStart {
			d.flow.start = n
		} else {
			d.flow.end = n
		}
		return nil
	}
	n, ok := jsonscan.Int(t.Raw)
	if !ok || n < 0 {
		return decode.ErrNumber
	}
	switch f {
	case bytesToServer:
		e.SourceBytes, e.Has = n, e.Has|vedette.HasSourceBytes
	case bytesToClient:
		e.DestinationBytes, e.Has = n, e.Has|vedette.HasDestinationBytes
	case pktsToServer:
		e.SourcePackets, e.Has = n, e.Has|vedette.HasSourcePackets
	case pktsToClient:
		e.DestinationPackets, e.Has = n, e.Has|vedette.HasDestinationPackets
	}
	return nil
}

// layout is how Suricata writes times, in UTC.
const layout = "2006-01-02T15:04:05.000000+0000"

// finish settles what depends on several members.
func (d *decoder) finish(b *vedette.Batch, e *vedette.Event) {
	// An alert on an answer has the server as its source. It stays so; the
	// newer versions say it themselves in "direction".
	if !d.flow.hasDirection && d.flow.source != "" {
		if a, ok := jsonscan.Addr(d.flow.source); ok && a == e.DestinationIP && a != e.SourceIP {
			b.AddRest(e, "direction", "to_client")
		}
	}
	if e.Action != vedette.ActionConnection {
		return
	}
	// A flow record is written when the flow has ended or was forgotten; the
	// event is its beginning.
	if d.flow.start != 0 {
		written := e.Time
		if d.flow.end >= d.flow.start {
			e.Duration, e.Has = d.flow.end-d.flow.start, e.Has|vedette.HasDuration
		}
		e.Time = d.flow.start
		b.AddRest(e, "timestamp", decode.String(time.Unix(0, written).UTC().AppendFormat(b.Buffer(len(layout) + 8)[:0], layout)))
	}
	e.Outcome = d.flow.outcome(e)
}

// syn is the TCP flag (RFC 9293, section 3.1).
const syn = 0x02

// outcome says whether a session came about. A server that sent no packet, or
// that answered SYN without SYN, did not accept; Suricata's state "new" means
// that the connection was not established.
func (f *flow) outcome(e *vedette.Event) vedette.Outcome {
	switch {
	case e.Has&vedette.HasDestinationPackets != 0 && e.DestinationPackets == 0:
		return vedette.OutcomeFailure
	case e.Transport == "tcp" && f.hasServer && f.hasClient && f.server&syn != 0:
		return outcome(f.client&syn != 0)
	case f.state == "new":
		return vedette.OutcomeFailure
	case f.state == "established" || f.state == "closed" || f.state == "bypassed":
		return vedette.OutcomeSuccess
	}
	return vedette.OutcomeUnknown
}
