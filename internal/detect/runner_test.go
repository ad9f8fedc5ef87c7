package detect

import (
	"bytes"
	"testing"

	"github.com/vedette-cti/vedette"
)

type stub struct {
	name    string
	inspect func(*vedette.Event, Emit)
}

func (s stub) Meta() Meta                          { return Meta{Name: s.name} }
func (s stub) Inspect(e *vedette.Event, emit Emit) { s.inspect(e, emit) }

func TestInspector(t *testing.T) {
	block := []byte("GET /evil quiet")
	source := &vedette.Source{ID: vedette.ID{1}, Path: "a.log"}
	var b vedette.Batch
	for i, rec := range [][]byte{block[:9], block[10:]} {
		e := b.Add()
		e.ID, e.Source, e.Line, e.Offset, e.Time = vedette.ID{byte(i + 1)}, source, int64(i+1), int64(10*i), int64(1000+i)
		e.Original, e.Organization = rec, "org"
		e.URL = string(rec)
	}
	techniques := []string{"T1190"}
	finds := func(e *vedette.Event, emit Emit) {
		if !bytes.Contains(e.Original, []byte("evil")) {
			return
		}
		d := vedette.Detection{Rule: "r1", Techniques: techniques, Summary: "s"}
		emit(&d)
		emit(&d) // the same finding
		techniques[0] = "reused"
		d.Rule = "r2"
		d.Count, d.Organization, d.Time, d.LastTime = 7, "other", 5, 6
		emit(&d)
	}
	in := NewInspector([]Stream{stub{"one", finds}, stub{"two", finds}})
	in.Inspect(&b, 0)
	if len(b.Detections) != 4 {
		t.Fatalf("%d detections, want 4", len(b.Detections))
	}
	d := b.Detections[0]
	copy(block, "xxxxxxxxx")
	if d.Detector != "one" || d.Time != 1000 || d.LastTime != 1000 || d.Count != 1 || d.Organization != "org" || d.Techniques[0] != "T1190" {
		t.Errorf("not completed: %+v", d)
	}
	want := vedette.Evidence{Event: vedette.ID{1}, Time: 1000, File: "a.log", Line: 1, Source: vedette.ID{1}, Original: "GET /evil"}
	if len(d.Evidence) != 1 || d.Evidence[0] != want {
		t.Errorf("evidence = %+v, want %+v", d.Evidence, want)
	}
	if d := b.Detections[1]; d.Count != 7 || d.Organization != "other" || d.Time != 5 || d.LastTime != 6 {
		t.Errorf("what the detector said was overwritten: %+v", d)
	}
	ids := map[vedette.ID]bool{}
	for _, d := range b.Detections {
		ids[d.ID] = true
	}
	if len(ids) != 4 || ids[vedette.ID{}] {
		t.Errorf("ids are not unique: %v", ids)
	}
	if !b.Events[0].Keep || b.Events[1].Keep {
		t.Errorf("keep = %v, %v; want only the cited event", b.Events[0].Keep, b.Events[1].Keep)
	}
}

func TestInspectorCutsEvidence(t *testing.T) {
	var b vedette.Batch
	b.Add().Original = make([]byte, 2*vedette.MaxRejectBytes)
	in := NewInspector([]Stream{stub{"x", func(_ *vedette.Event, emit Emit) { emit(&vedette.Detection{}) }}})
	in.Inspect(&b, 0)
	if n := len(b.Detections[0].Evidence[0].Original); n != vedette.MaxRejectBytes {
		t.Errorf("%d bytes are quoted", n)
	}
}

func TestInspectorAllocatesNothing(t *testing.T) {
	var b vedette.Batch
	b.Add()
	in := NewInspector([]Stream{stub{"x", func(*vedette.Event, Emit) {}}})
	if n := testing.AllocsPerRun(100, func() { in.Inspect(&b, 0) }); n != 0 {
		t.Errorf("%v allocations without a finding", n)
	}
}

func TestWindowID(t *testing.T) {
	seen := map[vedette.ID]bool{}
	for _, d := range []vedette.Detection{
		{}, {Detector: "a"}, {Rule: "a"}, {Organization: "a"}, {ActorName: "a"}, {Time: 1}, {TargetPort: 1}, {Detector: "ab", Rule: "c"}, {Detector: "a", Rule: "bc"},
	} {
		if id := WindowID(&d); seen[id] {
			t.Errorf("%+v has another's ID", d)
		} else {
			seen[id] = true
		}
	}
}
