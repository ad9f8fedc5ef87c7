package pipeline

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// citing is a window detector that cites events of the store without originals.
type citing struct {
	name  string
	cites func(emit detect.Emit) error
}

func (c citing) Meta() detect.Meta { return detect.Meta{Name: c.name} }
func (c citing) Analyze(_ context.Context, _ detect.EventStore, _ detect.Span, emit detect.Emit) error {
	return c.cites(emit)
}

func (w *world) windows(ws ...detect.Window) int {
	w.t.Helper()
	n, err := RunWindows(context.Background(), w.cfg.Files, w.m, ws, detect.Span{})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestRunWindows(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", "\uFEFFt one\r\n"+lines("x", 0, 9000)+"t last\n")
	w.write("b.gz", zipped(lines("y", 0, 9000)+"t last, too"))
	w.run()
	all := func(emit detect.Emit) error {
		for i := range w.m.events {
			e := w.m.events[len(w.m.events)-1-i]
			d := vedette.Detection{Rule: "r", Time: int64(i%100) + 1, Actor: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}
			d.Evidence = []vedette.Evidence{{File: e.path, Offset: e.offset, Line: e.line, Source: e.source}}
			emit(&d)
		}
		emit(&vedette.Detection{Rule: "none"})
		emit(&vedette.Detection{Rule: "none"}) // again
		return nil
	}
	if n := w.windows(citing{"all", all}, citing{"nothing", func(detect.Emit) error { return nil }}); n != 18004 {
		t.Errorf("%d detections", n)
	}
	if _, ok := w.m.replaced["nothing"]; !ok {
		t.Errorf("a detector that finds nothing keeps its old detections")
	}
	byID := make(map[vedette.ID]string)
	for _, e := range w.m.events {
		byID[e.id] = e.original
	}
	last := int64(0)
	for _, d := range w.m.replaced["all"] {
		if d.Time < last || d.ID.IsZero() || d.Count != 1 || d.Detector != "all" || d.LastTime != d.Time {
			t.Fatalf("not complete or not sorted: %+v", d)
		}
		last = d.Time
		for _, ev := range d.Evidence {
			if byID[ev.Event] != ev.Original || ev.Original == "" {
				t.Fatalf("quoted %q for %s:%d", ev.Original, ev.File, ev.Line)
			}
		}
	}
}

func TestQuoteVerifies(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", "t one\nt two\nt three\n")
	w.run()
	source := w.m.events[0].source
	f := func(offset int64, event vedette.ID, want string) {
		t.Helper()
		w.windows(citing{"c", func(emit detect.Emit) error {
			emit(&vedette.Detection{Evidence: []vedette.Evidence{{Source: source, Offset: offset, Event: event}}})
			return nil
		}})
		if got := w.m.replaced["c"][0].Evidence[0].Original; got != want {
			t.Errorf("at %d: %q, want %q", offset, got, want)
		}
	}
	f(0, vedette.ID{}, "t one")
	f(6, w.m.events[1].id, "t two")
	f(6, w.m.events[2].id, "") // not that event
	f(7, vedette.ID{}, "")     // not the beginning of a line
	f(1000, vedette.ID{}, "")
	w.write("a.log", "t one\nt TWO\nt three\n")
	f(6, vedette.ID{}, "") // other content by now
	w.remove("a.log")
	f(6, vedette.ID{}, "")
}

func TestWindowFails(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("no such column")
	_, err := RunWindows(context.Background(), w.cfg.Files, w.m, []detect.Window{citing{"c", func(detect.Emit) error { return broken }}}, detect.Span{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "detector c") || len(w.m.replaced) > 0 {
		t.Errorf("error = %v, replaced %v", err, w.m.replaced)
	}
}
