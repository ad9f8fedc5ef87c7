package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// testBranch has several writers work at once, each on sources of its own, with
// commits and abandoned transactions that interleave. Stores with a single
// writer skip it.
func testBranch(t *testing.T, open Open) {
	s := opened(t, open)
	more, ok := s.(store.Brancher)
	if !ok {
		t.Skip("the store has a single writer")
	}
	const writers, rounds, perBatch = 3, 12, 5000
	list := []store.Writer{s}
	for len(list) < writers {
		w, err := more.Branch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w)
	}
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for n, w := range list {
		wg.Go(func() { errs[n] = work(w, n, rounds, perBatch) })
	}
	wg.Wait()
	for n, err := range errs {
		if err != nil {
			t.Fatalf("writer %d: %v", n, err)
		}
	}
	kept := int64(rounds - rounds/4)
	if got := count(t, s, "SELECT count(*) FROM events"); got != writers*kept*perBatch {
		t.Errorf("%d events, want %d", got, writers*kept*perBatch)
	}
	states, err := s.Sources(ctx)
	if err != nil || len(states) != writers*2 {
		t.Fatalf("%d sources, %v; want %d", len(states), err, writers*2)
	}
	for _, state := range states {
		if n := count(t, s, "SELECT count(*) FROM events e JOIN sources s ON s.seq = e.source WHERE s.path = ?", state.Path); n != state.Ledger.Stored {
			t.Errorf("%s: %d events, the ledger says %d", state.Path, n, state.Ledger.Stored)
		}
	}
	if n := count(t, s, "SELECT count(DISTINCT seq) FROM sources"); n != writers*2 {
		t.Errorf("%d numbers for %d sources", n, writers*2)
	}
}

// work writes rounds batches to two sources, and abandons every fourth.
func work(w store.Writer, n, rounds, perBatch int) error {
	for i := range rounds {
		events := make([]vedette.Event, perBatch)
		for j := range events {
			events[j].Message = fmt.Sprintf("writer %d, round %d, event %d", n, i, j)
			events[j].Line, events[j].Offset = int64(i*perBatch+j)+1, int64(i*perBatch+j)
		}
		if err := w.Write(ctx, batch(source(n*2+i%2), events...)); err != nil {
			return err
		}
		end := func() error { return w.Commit(ctx) }
		if i%4 == 3 {
			end = w.Abandon
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}
