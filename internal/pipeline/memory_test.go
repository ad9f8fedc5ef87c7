package pipeline

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// stored is an event in memory.
type stored struct {
	id           vedette.ID
	source       vedette.ID
	path         string
	offset, line int64
	message      string
	original     string
	organization string
}

// memory is a store with transactions and faults to order.
type memory struct {
	mu         sync.Mutex
	events     []stored
	rejects    []store.Reject
	sources    map[vedette.ID]vedette.SourceState
	detections []vedette.Detection
	replaced   map[string][]vedette.Detection
	pending    []func()

	writes    int // so far
	failAfter int // writes that succeed; 0: all
	onWrite   func()
}

var errDisk = errors.New("disk full")

func newMemory() *memory {
	return &memory{sources: make(map[vedette.ID]vedette.SourceState), replaced: make(map[string][]vedette.Detection)}
}

func (m *memory) Write(_ context.Context, b *vedette.Batch) error {
	m.writes++
	if m.failAfter > 0 && m.writes > m.failAfter {
		return errDisk
	}
	if m.onWrite != nil {
		m.onWrite()
	}
	var events []stored
	for i := range b.Events {
		e := &b.Events[i]
		events = append(events, stored{
			e.ID, e.Source.ID, e.Source.Path, e.Offset, e.Line, strings.Clone(e.Message), string(e.Original), e.Organization,
		})
	}
	var rejects []store.Reject
	for _, r := range b.Rejects {
		r.Record = slices.Clone(r.Record)
		rejects = append(rejects, store.Reject{Reject: r, Path: b.Source.Path})
	}
	source, pos, ledger := *b.Source, b.Position, b.Ledger
	detections := slices.Clone(b.Detections)
	m.pending = append(m.pending, func() {
		m.events = append(m.events, events...)
		m.rejects = append(m.rejects, rejects...)
		m.detections = append(m.detections, detections...)
		s := m.sources[source.ID]
		s.Source, s.Position = source, pos
		s.Ledger.Add(ledger)
		m.sources[source.ID] = s
	})
	return nil
}

func (m *memory) Commit(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.pending {
		f()
	}
	m.pending = nil
	return nil
}

func (m *memory) Abandon() error { m.pending = nil; return nil }

func (m *memory) Sources(context.Context) ([]vedette.SourceState, error) {
	var out []vedette.SourceState
	for _, s := range m.sources {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b vedette.SourceState) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out, nil
}

func (m *memory) Rename(_ context.Context, id vedette.ID, path string) error {
	s, ok := m.sources[id]
	if !ok {
		return errors.New("no such source")
	}
	s.Path = path
	m.sources[id] = s
	return nil
}

func (m *memory) ReplaceDetections(_ context.Context, detector string, ds []vedette.Detection) error {
	m.replaced[detector] = slices.Clone(ds)
	return nil
}

func (m *memory) SaveClusters(context.Context, []vedette.ClusterState) error { return nil }
func (m *memory) Clusters(context.Context) ([]vedette.ClusterState, error)   { return nil, nil }
func (m *memory) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errors.New("no SQL here")
}
func (m *memory) Rejects(context.Context, vedette.ID) iter.Seq2[store.Reject, error] { return nil }
func (m *memory) Reasons(context.Context) ([]vedette.Count, error)                   { return nil, nil }
func (m *memory) Detections(context.Context) iter.Seq2[*vedette.Detection, error]    { return nil }
func (m *memory) Hunt(context.Context, store.Hunt) iter.Seq2[*store.Hit, error]      { return nil }
func (m *memory) Span(context.Context) (start, end time.Time, err error)             { return }
func (m *memory) Close() error                                                       { return nil }

// total is the sum of the ledgers of all sources.
func (m *memory) total(t *testing.T) vedette.Ledger {
	t.Helper()
	var sum vedette.Ledger
	for _, s := range m.sources {
		if err := s.Ledger.Check(); err != nil {
			t.Errorf("%s: %v", s.Path, err)
		}
		sum.Add(s.Ledger)
	}
	if n := int64(len(m.rejects)); n != sum.Rejected {
		t.Errorf("%d rejects are kept, %d counted", n, sum.Rejected)
	}
	return sum
}

// ids returns the identifiers of all events, sorted; each must be there once.
func (m *memory) ids(t *testing.T) []vedette.ID {
	t.Helper()
	seen := make(map[vedette.ID]bool)
	var out []vedette.ID
	for _, e := range m.events {
		if seen[e.id] {
			t.Errorf("stored twice: %s:%d %q", e.path, e.line, e.original)
		}
		seen[e.id] = true
		out = append(out, e.id)
	}
	slices.SortFunc(out, func(a, b vedette.ID) int { return slices.Compare(a[:], b[:]) })
	return out
}
