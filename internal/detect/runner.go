package detect

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/vedette-cti/vedette"
)

// Inspector runs stream detectors over the events of batches. It belongs to one
// goroutine; several may share the detectors.
type Inspector struct {
	streams []Stream
	names   []string
	emit    Emit

	// What is being inspected.
	batch *vedette.Batch
	event *vedette.Event
	name  string
	first int // index of the event's first detection in batch

	scratch []byte
}

// NewInspector returns an Inspector for the detectors, which it asks in that
// order.
func NewInspector(streams []Stream) *Inspector {
	in := &Inspector{streams: streams}
	for _, s := range streams {
		in.names = append(in.names, s.Meta().Name)
	}
	in.emit = in.take
	return in
}

// Inspect shows the events of b from index from on to the detectors, adds what
// they find to b.Detections, and marks the events that are cited so that the
// store keeps their original. What it adds does not alias b's memory.
func (in *Inspector) Inspect(b *vedette.Batch, from int) {
	if len(in.streams) == 0 {
		return
	}
	in.batch = b
	for i := from; i < len(b.Events); i++ {
		in.event, in.first = &b.Events[i], len(b.Detections)
		for k, s := range in.streams {
			in.name = in.names[k]
			s.Inspect(in.event, in.emit)
		}
	}
	in.batch, in.event = nil, nil
}

// take completes one finding. The same finding twice on one event counts once.
func (in *Inspector) take(found *vedette.Detection) {
	e := in.event
	d := Clone(found)
	if d.Detector == "" {
		d.Detector = in.name
	}
	if d.Time == 0 {
		d.Time = e.Time
	}
	if d.LastTime == 0 {
		d.LastTime = d.Time
	}
	if d.Organization == "" {
		d.Organization = strings.Clone(e.Organization)
	}
	if d.Count == 0 {
		d.Count = 1
	}
	if len(d.Evidence) == 0 {
		d.Evidence = []vedette.Evidence{evidenceOf(e)}
	}
	if d.ID.IsZero() {
		in.scratch = appendKey(in.scratch[:0], d.Detector, d.Rule, string(e.ID[:]), d.Indicator)
		d.ID = vedette.ID(xxh3.Hash128(in.scratch).Bytes())
	}
	for i := in.first; i < len(in.batch.Detections); i++ {
		if in.batch.Detections[i].ID == d.ID {
			return
		}
	}
	e.Keep = true
	in.batch.Detections = append(in.batch.Detections, d)
}

// evidenceOf cites e with its original line.
func evidenceOf(e *vedette.Event) vedette.Evidence {
	ev := vedette.Evidence{Event: e.ID, Time: e.Time, Line: e.Line, Offset: e.Offset}
	ev.Original = string(e.Original[:min(len(e.Original), vedette.MaxRejectBytes)])
	if e.Source != nil {
		ev.File, ev.Source = e.Source.Path, e.Source.ID
	}
	return ev
}

// Clone returns a copy of found that shares no memory with it.
func Clone(found *vedette.Detection) vedette.Detection {
	d := *found
	for _, s := range []*string{
		&d.Detector, &d.Rule, &d.Title, &d.CVE, &d.Tool, &d.Organization, &d.ActorName, &d.Indicator, &d.Summary,
	} {
		*s = strings.Clone(*s)
	}
	d.Techniques = slices.Clone(d.Techniques)
	for i := range d.Techniques {
		d.Techniques[i] = strings.Clone(d.Techniques[i])
	}
	d.Evidence = slices.Clone(d.Evidence)
	for i := range d.Evidence {
		d.Evidence[i].File = strings.Clone(d.Evidence[i].File)
		d.Evidence[i].Original = strings.Clone(d.Evidence[i].Original)
	}
	return d
}

// WindowID derives the identifier of what a window detector found from what the
// finding is about: detector, rule, organization, actor, target, indicator and
// when it began.
func WindowID(d *vedette.Detection) vedette.ID {
	actor, target := d.Actor.As16(), d.Target.As16()
	key := appendKey(nil, d.Detector, d.Rule, d.Organization, d.ActorName, d.Indicator)
	key = append(append(key, actor[:]...), target[:]...)
	key = binary.LittleEndian.AppendUint16(key, d.TargetPort)
	key = binary.LittleEndian.AppendUint64(key, uint64(d.Time))
	return vedette.ID(xxh3.Hash128(key).Bytes())
}

// appendKey appends the parts, each after its length, so that no two lists of
// parts give the same key.
func appendKey(key []byte, parts ...string) []byte {
	for _, p := range parts {
		key = binary.AppendUvarint(key, uint64(len(p)))
		key = append(key, p...)
	}
	return key
}
