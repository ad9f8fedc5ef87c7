package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

func testAbandon(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1), vedette.Event{}))
	before, err := s.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 5_000, 250_000} { // in the engine's buffers, and beyond them
		b := batch(source(2), make([]vedette.Event, n)...)
		b.Detections = []vedette.Detection{detection(1, 0)}
		b.Rejects = []vedette.Reject{{Line: 1, Reason: "bad"}}
		more := batch(source(1), vedette.Event{Line: 2})
		for _, b := range []*vedette.Batch{b, more} {
			if err := s.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Abandon(); err != nil {
			t.Fatalf("Abandon: %v", err)
		}
	}
	after, err := s.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("Sources changed:\n%s", diff)
	}
	for _, table := range []string{"events", "sources", "rejects", "detections", "evidence"} {
		want := int64(1)
		if table != "events" && table != "sources" {
			want = 0
		}
		if n := count(t, s, "SELECT count(*) FROM "+table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	b := batch(source(2), vedette.Event{}) // what was abandoned can be written again
	b.Detections = []vedette.Detection{detection(1, 0)}
	write(t, s, b)
	if n := count(t, s, "SELECT count(*) FROM detections"); n != 1 {
		t.Errorf("%d detections, want 1", n)
	}
	if n := count(t, s, "SELECT count(*) FROM events e JOIN sources s ON s.seq = e.source WHERE s.path = ?", source(2).Path); n != 1 {
		t.Errorf("%d events of the source, want 1", n)
	}
}

func testReopen(t *testing.T, open Open) {
	dir := t.TempDir()
	want := int64(0)
	for i := range 4 {
		s := open(t, dir)
		if n := count(t, s, "SELECT count(*) FROM events"); n != want {
			t.Fatalf("opened with %d events, want %d", n, want)
		}
		write(t, s, batch(source(1), make([]vedette.Event, 100)...), batch(source(10+i), make([]vedette.Event, 10)...))
		want += 110
		if i%2 == 0 { // what is open when the store closes is abandoned
			if err := s.Write(ctx, batch(source(20), vedette.Event{})); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	s := open(t, dir)
	defer s.Close()
	if n := count(t, s, "SELECT count(DISTINCT seq) FROM sources"); n != 5 {
		t.Errorf("%d sources, want 5", n)
	}
	first, last, err := s.Span(ctx)
	if err != nil || !first.Equal(start) || !last.Equal(start.Add(99*time.Second)) {
		t.Errorf("Span = %v, %v, %v", first, last, err)
	}
}

func testSources(t *testing.T, open Open) {
	s := opened(t, open)
	full := vedette.Position{
		Offset: 1 << 40, Lines: 12345, Head: vedette.ID{1, 2}, HeadLen: 4096, Tail: vedette.ID{3, 4}, TailLen: 512, Size: 1 << 41,
		ModTime: time.Date(2024, 2, 29, 23, 59, 59, 123_456_789, time.UTC), State: []byte("state \x00\xff"),
	}
	a, b := source(1), source(2)
	a.Path, b.Path = "z.log", "a \xff.log"
	b.CopyOf, b.Organization, b.Format = a.ID, "", ""
	first, second := batch(a, vedette.Event{}), batch(b)
	first.Position = full
	write(t, s, first, second)
	want := []vedette.SourceState{{Source: *b}, {Source: *a, Position: full, Ledger: vedette.Ledger{Read: 1, Stored: 1}}}
	want[0].Path = `a \xff.log`
	check := func(when string) {
		t.Helper()
		got, err := s.Sources(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: Sources (-want +got):\n%s", when, diff)
		}
	}
	check("new")
	full.Offset, full.State, full.Tail = 1<<40+100, nil, vedette.ID{}
	again := batch(a, vedette.Event{Line: 2}, vedette.Event{Line: 3})
	again.Position = full
	write(t, s, again)
	want[1].Position, want[1].Ledger = full, vedette.Ledger{Read: 3, Stored: 3}
	check("read on")
	// The batch's state may be overwritten as soon as Write returns.
	state := []byte("first")
	again = batch(a)
	again.Position.State = state
	if err := s.Write(ctx, again); err != nil {
		t.Fatal(err)
	}
	copy(state, "XXXXX")
	write(t, s)
	want[1].Position = vedette.Position{State: []byte("first")}
	check("state reused")
}

func testRename(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1), vedette.Event{}), batch(source(2), vedette.Event{}))
	if err := s.Rename(ctx, source(1).ID, "rotated.log"); err != nil {
		t.Fatalf("Rename: %v", err)
	}
	// While a transaction is open that goes on reading the same source.
	if err := s.Write(ctx, batch(source(2), vedette.Event{Line: 2})); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename(ctx, source(2).ID, "rotated too.log"); err != nil {
		t.Fatalf("Rename during a transaction: %v", err)
	}
	write(t, s, batch(source(1), vedette.Event{Line: 2}))
	got, err := s.Sources(ctx)
	if err != nil || len(got) != 2 {
		t.Fatalf("Sources = %v, %v", got, err)
	}
	for i, want := range []string{"rotated too.log", "rotated.log"} {
		if got[i].Path != want || got[i].Ledger.Stored != 2 {
			t.Errorf("source %d: path %q, %d stored; want %q, 2", i, got[i].Path, got[i].Ledger.Stored, want)
		}
	}
	for _, hit := range hits(t, s, store.Hunt{}) {
		if hit.Path != "rotated.log" && hit.Path != "rotated too.log" {
			t.Errorf("hit has path %q", hit.Path)
		}
	}
}

func testLedger(t *testing.T, open Open) {
	s := opened(t, open)
	var want [4]vedette.Ledger
	for i := range 40 {
		b := batch(source(i % 4))
		b.Ledger = vedette.Ledger{Read: int64(i) + 3, Stored: int64(i), Duplicate: 2, Rejected: 1}
		want[i%4].Add(b.Ledger)
		if err := s.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
		if i%7 == 6 {
			write(t, s)
		}
	}
	write(t, s)
	got, err := s.Sources(ctx)
	if err != nil || len(got) != 4 {
		t.Fatalf("Sources = %v, %v", got, err)
	}
	for i := range got {
		if got[i].Ledger != want[i] {
			t.Errorf("ledger of %s is %+v, want %+v", got[i].Path, got[i].Ledger, want[i])
		}
	}
}

func testRejects(t *testing.T, open Open) {
	s := opened(t, open)
	for n := range 2 {
		b := batch(source(n))
		for i := range 3000 {
			reason := "number of fields does not match the format"
			if i%3 == 0 {
				reason = "binary data"
			}
			b.Rejects = append(b.Rejects, vedette.Reject{Line: int64(i) + 1, Offset: int64(i) * 9, Reason: reason, Record: fmt.Appendf(nil, "\x00\xff record %d", i)})
		}
		b.Ledger = vedette.Ledger{Read: 3000, Rejected: 3000}
		write(t, s, b)
	}
	for _, c := range []struct {
		id   vedette.ID
		want []vedette.Source
	}{{source(1).ID, []vedette.Source{*source(1)}}, {vedette.ID{}, []vedette.Source{*source(0), *source(1)}}, {vedette.ID{9}, nil}} {
		n := 0
		for r, err := range s.Rejects(ctx, c.id) {
			if err != nil {
				t.Fatal(err)
			}
			i := n % 3000
			if r.Line != int64(i)+1 || r.Offset != int64(i)*9 || string(r.Record) != fmt.Sprintf("\x00\xff record %d", i) || r.Path != c.want[n/3000].Path {
				t.Fatalf("reject %d is %+v", n, r)
			}
			n++
		}
		if n != 3000*len(c.want) {
			t.Errorf("%d rejects of %v, want %d", n, c.id, 3000*len(c.want))
		}
	}
	want := []vedette.Count{{Name: "number of fields does not match the format", N: 4000}, {Name: "binary data", N: 2000}}
	if got, err := s.Reasons(ctx); err != nil || !slices.Equal(got, want) {
		t.Errorf("Reasons = %v, %v; want %v", got, err, want)
	}
}

// testRefused writes what no store may take, and goes on.
func testRefused(t *testing.T, open Open) {
	s := opened(t, open)
	if err := s.Write(ctx, batch(source(1), vedette.Event{})); err != nil {
		t.Fatal(err)
	}
	f := func(why string, change func(*vedette.Batch)) {
		t.Helper()
		b := batch(source(1), vedette.Event{Line: 2})
		b.Detections = []vedette.Detection{detection(1, 0)}
		change(b)
		if err := s.Write(ctx, b); err == nil {
			t.Errorf("Write took a batch with %s", why)
		}
	}
	f("a ledger that does not balance", func(b *vedette.Batch) { b.Ledger.Read++ })
	f("no source", func(b *vedette.Batch) { b.Source = nil })
	f("a source without ID", func(b *vedette.Batch) { b.Source = &vedette.Source{} })
	f("a detection without ID", func(b *vedette.Batch) { b.Detections[0].ID = vedette.ID{} })
	f("an unknown severity", func(b *vedette.Batch) { b.Detections[0].Severity = 77 })
	f("an unknown stage", func(b *vedette.Batch) { b.Detections[0].Stage = 77 })
	write(t, s)
	if n := count(t, s, "SELECT count(*) FROM events"); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
