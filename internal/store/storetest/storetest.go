// Package storetest is the conformance suite of event stores: an engine is an
// engine when Run passes.
package storetest

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// Open opens the store in dir, a folder that the test owns, and fails the test
// if that does not succeed. A store that was closed must open again with all
// that was committed. It is not to be closed by the test's cleanup.
type Open func(t *testing.T, dir string) store.Store

// Run runs the suite. The test that calls it must be callable in a process of
// its own: the test of sudden death starts the test binary again for t.Name().
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"Empty", testEmpty},
		{"EveryColumn", testEveryColumn},
		{"Silence", testSilence},
		{"Zero", testZero},
		{"Addresses", testAddresses},
		{"Text", testText},
		{"Rest", testRest},
		{"Original", testOriginal},
		{"Many", testMany},
		{"Abandon", testAbandon},
		{"Reopen", testReopen},
		{"Sources", testSources},
		{"Rename", testRename},
		{"Ledger", testLedger},
		{"Rejects", testRejects},
		{"Detections", testDetections},
		{"DetectionsOnce", testDetectionsOnce},
		{"ReplaceDetections", testReplaceDetections},
		{"Clusters", testClusters},
		{"Refused", testRefused},
		{"Cancelled", testCancelled},
		{"Reader", testReader},
		{"HuntConditions", testHuntConditions},
		{"HuntLater", testHuntLater},
		{"HuntAddresses", testHuntAddresses},
		{"HuntNames", testHuntNames},
		{"HuntURLs", testHuntURLs},
		{"HuntHashes", testHuntHashes},
		{"HuntValidity", testHuntValidity},
		{"HuntText", testHuntText},
		{"Branch", testBranch},
		{"Kill", testKill},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

var ctx = context.Background()

// opened opens a store in a fresh folder and closes it with the test.
func opened(t *testing.T, open Open) store.Store {
	t.Helper()
	s := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// start is the time of the first event.
var start = time.Date(2023, 11, 1, 8, 0, 0, 0, time.UTC)

// source returns the source number n.
func source(n int) *vedette.Source {
	return &vedette.Source{
		ID: vedette.ID{0xa0, byte(n >> 8), byte(n)}, Path: fmt.Sprintf("logs/%03d.log", n), Format: "test", Organization: "edu-07",
	}
}

// batch returns a batch of src with the given events, which get times, lines
// and offsets in order unless they have some.
func batch(src *vedette.Source, events ...vedette.Event) *vedette.Batch {
	for i := range events {
		e := &events[i]
		e.Source = src
		if e.Time == 0 {
			e.Time = start.Add(time.Duration(i) * time.Second).UnixNano()
		}
		if e.Line == 0 {
			e.Line, e.Offset = int64(i)+1, int64(i)*100
		}
	}
	n := int64(len(events))
	return &vedette.Batch{
		Source: src, Events: events, Ledger: vedette.Ledger{Read: n, Stored: n},
		Position: vedette.Position{Offset: n * 100, Lines: n},
	}
}

func write(t *testing.T, s store.Store, batches ...*vedette.Batch) {
	t.Helper()
	for _, b := range batches {
		if err := s.Write(ctx, b); err != nil {
			t.Fatalf("Write: %v", err)
		}
	}
	if err := s.Commit(ctx); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// hits returns all that a hunt finds.
func hits(t *testing.T, s store.Store, h store.Hunt) []*store.Hit {
	t.Helper()
	var out []*store.Hit
	for hit, err := range s.Hunt(ctx, h) {
		if err != nil {
			t.Fatalf("Hunt(%+v): %v", h, err)
		}
		out = append(out, hit)
	}
	return out
}

// lines returns the lines of the events that a hunt finds, in its order.
func lines(t *testing.T, s store.Store, h store.Hunt) []int64 {
	t.Helper()
	out := []int64{}
	for _, hit := range hits(t, s, h) {
		out = append(out, hit.Event.Line)
	}
	return out
}

// count returns the one number that a query gives.
func count(t *testing.T, s store.Store, query string, args ...any) int64 {
	t.Helper()
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var n int64
	if !rows.Next() {
		t.Fatalf("%s: no row: %v", query, rows.Err())
	}
	if err := rows.Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
