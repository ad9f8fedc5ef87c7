package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// testClusters saves clusters, replaces them, and finds them again after the
// store was closed.
func testClusters(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	check := func(want []vedette.ClusterState) {
		t.Helper()
		got, err := s.Clusters(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Clusters (-want +got):\n%s", diff)
		}
	}
	check(nil)

	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	var many []string
	for i := range 1000 { // more than one statement holds
		many = append(many, fmt.Sprintf("203.0.113.%d-%d", i/10, i))
	}
	slices.Sort(many)
	first := []vedette.ClusterState{
		{ID: "cluster--a", FirstSeen: day(0), LastSeen: day(3), Members: []string{"192.0.2.1", "it's.example"}},
		{ID: "cluster--b", FirstSeen: day(1), LastSeen: day(2), Members: many},
	}
	if err := s.SaveClusters(ctx, first); err != nil {
		t.Fatal(err)
	}
	check(first)

	second := []vedette.ClusterState{
		{ID: "cluster--a", FirstSeen: day(0), LastSeen: day(9), Members: []string{"192.0.2.1", "192.0.2.2"}, History: []vedette.ClusterEvent{
			{Time: day(4), Kind: vedette.ClusterGrown, Members: 1},
			{Time: day(9), Kind: vedette.ClusterMerged, Other: "cluster--b", Members: 1000},
		}},
		{ID: "cluster--b", FirstSeen: day(1), LastSeen: day(2), MergedInto: "cluster--a", History: []vedette.ClusterEvent{
			{Time: day(9), Kind: vedette.ClusterMerged, Other: "cluster--a", Members: 1000},
		}},
	}
	if err := s.SaveClusters(ctx, second); err != nil {
		t.Fatal(err)
	}
	check(second)

	refuseClusters(t, s)
	check(second) // all or nothing

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	check(second)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// refuseClusters tries what must fail and change nothing.
func refuseClusters(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.SaveClusters(ctx, []vedette.ClusterState{{ID: "cluster--c"}, {}}); err == nil {
		t.Error("SaveClusters took a cluster without id")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.SaveClusters(cancelled, nil); err == nil {
		t.Error("SaveClusters succeeded though it was cancelled")
	}
}
