package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

func TestGrowth(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", "t one\nt two\n")
	w.run()
	w.want(2, 2, 0, 0)
	if r := w.run(); r.Read != 0 {
		t.Errorf("an unchanged file was read")
	}
	w.add("a.log", "t three\n")
	w.run()
	w.want(3, 3, 0, 0)
	w.add("a.log", lines("long", 0, 500)) // beyond the length of the head
	w.run()
	w.add("a.log", "t last\n")
	w.run()
	w.want(504, 504, 0, 0)
	if len(w.m.sources) != 1 {
		t.Errorf("%d sources, want 1", len(w.m.sources))
	}
	last := w.m.events[len(w.m.events)-1]
	content, _ := os.ReadFile(w.path("a.log"))
	if last.line != 504 || !strings.HasPrefix(string(content[last.offset:]), "t last\n") {
		t.Errorf("the last event is at line %d, offset %d", last.line, last.offset)
	}
}

func TestGrowthCompressed(t *testing.T) {
	w := newWorld(t)
	a, b := lines("a", 0, 1000), lines("b", 0, 10)
	w.write("a.gz", zipped(a))
	w.run()
	w.write("a.gz", zipped(a)+zipped(b)) // another member
	w.run()
	w.want(1010, 1010, 0, 0)
}

func TestHalfLine(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", "t one\nt tw")
	r := w.run()
	w.want(1, 1, 0, 0)
	if len(r.Waiting) != 1 || r.Waiting[0].Line != 2 || r.Waiting[0].Bytes != 4 {
		t.Errorf("waiting = %+v", r.Waiting)
	}
	if r = w.run(); len(r.Waiting) != 1 {
		t.Errorf("no longer reported as waiting")
	}
	w.add("a.log", "o\n")
	w.run()
	w.want(2, 2, 0, 0)
	if w.messages() != "one,two" {
		t.Errorf("messages = %s", w.messages())
	}
	w.write("b.log", "{\"a\":1}\n{\"b\":2}") // complete without its line end
	w.write("c.log", "{\"x\":1}\n{\"b\":")
	w.write("d.gz", zipped("t zip\nt gz"))
	r = w.run()
	w.want(7, 7, 0, 0)
	if len(r.Waiting) != 1 || filepath.Base(r.Waiting[0].Path) != "c.log" {
		t.Errorf("waiting = %+v", r.Waiting)
	}
	w.add("b.log", "\n{\"c\":3}\n")
	w.run()
	w.want(8, 8, 0, 0)
	if e := w.m.events[7]; e.line != 3 || e.offset != 16 {
		t.Errorf("line %d, offset %d after a line that was taken early", e.line, e.offset)
	}
	w.cfg.Final = true
	w.run()
	w.want(9, 8, 0, 1) // c.log's half line is taken, and is no JSON
}

func TestRename(t *testing.T) {
	f := func(name string, before, after func(w *world), want vedette.Ledger, sources, renamed int) {
		t.Helper()
		w := newWorld(t)
		before(w)
		w.run()
		after(w)
		r := w.run()
		if got := w.m.total(t); got != want || len(w.m.sources) != sources || len(r.Renamed) != renamed {
			t.Errorf("%s: %+v with %d sources, %d renamed; want %+v with %d, %d", name, got, len(w.m.sources), len(r.Renamed), want, sources, renamed)
		}
		total := w.m.total(t)
		if w.run(); w.m.total(t) != total {
			t.Errorf("%s: a third run changed the counts to %+v", name, w.m.total(t))
		}
	}
	long := lines("long", 0, 300)
	f("renamed", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.move("a.log", "b.log") }, ledger(300, 300, 0, 0), 1, 1)
	f("renamed and grown", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.move("a.log", "b.log"); w.add("b.log", "t new\n") }, ledger(301, 301, 0, 0), 1, 1)
	f("short, renamed and grown", func(w *world) { w.write("a.log", "t one\n") },
		func(w *world) { w.move("a.log", "b.log"); w.add("b.log", "t new\n") }, ledger(2, 2, 0, 0), 1, 1)
	f("rotated", func(w *world) { w.write("a.log", long); w.write("a.log.1", "t old\n") },
		func(w *world) {
			w.move("a.log.1", "a.log.2")
			w.move("a.log", "a.log.1")
			w.add("a.log.1", "t late\n")
			w.write("a.log", "t new\n")
		}, ledger(303, 303, 0, 0), 3, 2)
	f("rotated with compression", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.write("a.log.1.gz", zipped(long+"t late\n")); w.write("a.log", "t new\n") }, ledger(302, 302, 0, 0), 2, 1)
	f("compressed alone", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.write("a.log.gz", zipped(long)); w.remove("a.log") }, ledger(300, 300, 0, 0), 1, 1)
	f("copytruncate", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.write("a.log.1", long); w.write("a.log", "t new\n") }, ledger(301, 301, 0, 0), 2, 1)
	f("truncated", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.write("a.log", "t new\n") }, ledger(301, 301, 0, 0), 2, 0)
	f("truncated to its own beginning", func(w *world) { w.write("a.log", "t one\n"); w.run(); w.add("a.log", long) },
		func(w *world) { w.write("a.log", "t one\n") }, ledger(302, 302, 0, 0), 2, 0)
	f("truncated to nothing", func(w *world) { w.write("a.log", long) },
		func(w *world) { w.write("a.log", "") }, ledger(300, 300, 0, 0), 1, 0)
	f("names swapped", func(w *world) { w.write("a.log", long); w.write("b.log", "t b\n") },
		func(w *world) { w.move("a.log", "c"); w.move("b.log", "a.log"); w.move("c", "b.log") }, ledger(301, 301, 0, 0), 2, 2)
	f("same head, other content", func(w *world) { w.write("a.log", long+"t a\n") },
		func(w *world) { w.write("a.log", long+"t b\n") }, ledger(602, 602, 0, 0), 2, 0)
}

func ledger(read, stored, duplicate, rejected int64) vedette.Ledger {
	return vedette.Ledger{Read: read, Stored: stored, Duplicate: duplicate, Rejected: rejected}
}

func TestCopies(t *testing.T) {
	// Each step is one run; files of a step replace those of the same name.
	f := func(name string, want vedette.Ledger, steps ...map[string]string) {
		t.Helper()
		w := newWorld(t)
		for _, files := range steps {
			for n, content := range files {
				w.write(n, content)
			}
			w.run()
		}
		if got := w.m.total(t); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if w.run(); w.m.total(t) != want {
			t.Errorf("%s: counted again: %+v", name, w.m.total(t))
		}
	}
	type files = map[string]string
	long, other := lines("long", 0, 300), lines("other", 0, 300)
	f("in one run", ledger(600, 300, 300, 0), files{"a": long, "b": long})
	f("in a later run", ledger(600, 300, 300, 0), files{"b": long}, files{"a": long})
	f("compressed", ledger(600, 300, 300, 0), files{"a": long, "b.gz": zipped(long)})
	f("three", ledger(900, 300, 600, 0), files{"a": long, "b": long, "c": long})
	f("longer", ledger(601, 301, 300, 0), files{"a": long, "b": long + "t new\n"})
	f("longer, short files", ledger(3, 2, 1, 0), files{"a": "t one\n", "b": "t one\nt two\n"})
	f("shorter", ledger(601, 301, 300, 0), files{"a": long + "t new\n", "b": long})
	f("shorter, short files", ledger(3, 2, 1, 0), files{"a": "t one\nt two\n", "b": "t one\n"})
	f("shorter than a known one", ledger(3, 2, 1, 0), files{"b": "t one\nt two\n"}, files{"a": "t one\n"})
	f("both grow alike", ledger(602, 301, 301, 0), files{"a": long, "b": long}, files{"a": long + "t x\n", "b": long + "t x\n"})
	f("both grow apart", ledger(602, 302, 300, 0), files{"a": long, "b": long}, files{"a": long + "t x\n", "b": long + "t y\n"})
	f("shared beginning", ledger(1200, 1200, 0, 0), files{"a": long + long, "b": long + other})
	f("shared header", ledger(2, 2, 0, 0), files{"a": "#table x\nr 1\n", "b": "#table x\nr 2\n"})
	f("header alone", ledger(2, 2, 0, 0), files{"a": "#table x\n", "b": "#table x\nr 1\n", "c": "#table x\nr 2\n"})
	f("with rejects", ledger(4, 1, 2, 1), files{"a": "t one\nbad\n", "b": "t one\nbad\n"})
	w := newWorld(t)
	w.write("a", long)
	w.write("b", long)
	w.run()
	for _, s := range w.m.sources {
		if isCopy := filepath.Base(s.Path) == "b"; isCopy == s.CopyOf.IsZero() {
			t.Errorf("%s: copy of %s", s.Path, s.CopyOf)
		}
	}
}

func TestCopyOutlivesOriginal(t *testing.T) {
	w := newWorld(t)
	long := lines("long", 0, 300)
	w.write("a", long)
	w.write("b", long)
	w.run()
	w.remove("a")
	w.run()
	w.add("b", "t new\n")
	w.run()
	w.want(601, 301, 300, 0)
	w.move("b", "c")
	w.run()
	w.want(601, 301, 300, 0)
}

// many makes a folder in which all that can happen happens.
func many(w *world) {
	for i := range 3 {
		w.write(fmt.Sprintf("org%d/access.log", i), lines(fmt.Sprint(i), i, 9000)+"broken\n"+lines("end", i, 10))
	}
	w.write("copy.log", lines("2", 2, 9000)+"broken\n"+lines("end", 2, 10)+"t beyond\n")
	w.write("table", "#table x\n"+strings.Repeat("r 1\n", 9000)+"#table y\n"+strings.Repeat("r 2\n", 9000))
	w.write("mixed.gz", zipped("{\"a\":1}\n#table z\n"+strings.Repeat("r 3\n", 5000)+"{\"b\":1}"))
	w.write("crash", lines("c", 0, 9000)+"t panic\n"+lines("d", 0, 3))
}

func TestWorkersAgree(t *testing.T) {
	var want []vedette.ID
	var ledger vedette.Ledger
	dir := t.TempDir()
	for n := 1; n <= 8; n++ {
		w := newWorld(t)
		w.dir, w.cfg.Workers = dir, n
		if n == 1 {
			many(w)
		}
		w.run()
		ids := w.m.ids(t)
		if n == 1 {
			want, ledger = ids, w.m.total(t)
			if ledger != (vedette.Ledger{Read: 3*9011 + 9012 + 18000 + 5002 + 9004, Stored: 3*9010 + 1 + 18000 + 5002 + 9003, Duplicate: 9011, Rejected: 4}) {
				t.Fatalf("ledger = %+v", ledger)
			}
		}
		if !reflect.DeepEqual(ids, want) || w.m.total(t) != ledger {
			t.Errorf("%d workers: %d events, %+v", n, len(ids), w.m.total(t))
		}
	}
}

func TestKilledBetweenBatches(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t)
	w.dir = dir
	many(w)
	w.run()
	want, ledger, writes := w.m.ids(t), w.m.total(t), w.m.writes
	for n := 1; n < writes; n++ {
		w := newWorld(t)
		w.dir, w.m.failAfter, w.cfg.Workers = dir, n, 1+n%3
		// Some batches are committed before the fault.
		committed := n / 2
		w.m.onWrite = func() {
			if w.m.writes == committed+1 {
				_ = w.m.Commit(context.Background())
			}
		}
		if _, err := Run(context.Background(), w.cfg, w.m, []string{dir}); !errors.Is(err, errDisk) {
			t.Fatalf("after %d writes: %v", n, err)
		}
		w.m.failAfter, w.m.onWrite = 0, nil
		w.run()
		if got := w.m.ids(t); !reflect.DeepEqual(got, want) || w.m.total(t) != ledger {
			t.Errorf("after %d writes and again: %d events, want %d; %+v, want %+v", n, len(got), len(want), w.m.total(t), ledger)
		}
	}
}

func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	many(w)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.m.onWrite = func() {
		if w.m.writes == 5 {
			cancel()
		}
	}
	r, err := Run(ctx, w.cfg, w.m, []string{w.dir})
	if !errors.Is(err, context.Canceled) || r.Ledger != w.m.total(t) || r.Ledger.Read == 0 {
		t.Fatalf("%v, %+v, stored %+v", err, r, w.m.total(t))
	}
	w.m.onWrite = nil
	w.run()
	w.want(3*9011+9012+18000+5002+9004, 3*9010+1+18000+5002+9003, 9011, 4)
}

func TestTouched(t *testing.T) {
	w := newWorld(t)
	w.write("a", "t one\n")
	w.run()
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(w.path("a"), later, later); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.want(1, 1, 0, 0)
	for _, s := range w.m.sources {
		if !s.ModTime.Equal(later) {
			t.Errorf("the new modification time was not noted")
		}
	}
}
