// Package pipeline takes telemetry from files to the event store: it decides
// what is new, reads, decodes, enriches and detects on several workers, and
// writes with one. It knows the stages, not their implementations.
//
// Reading is exactly-once. A batch carries the events, the rejects, the counts
// and the new position of its source, and the store takes all or nothing of a
// transaction; so a run that is killed at any moment is continued by the next
// one with the same final counts.
//
// Position.Size and Position.ModTime are set only by the batch that reaches
// the end of a file and leaves nothing waiting; a source without them has to be
// looked at again.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/enrich"
	"github.com/vedette-cti/vedette/internal/ingest"
	"github.com/vedette-cti/vedette/internal/store"
)

// Config is what a run is made of. Files and Formats are needed, the rest may
// be left out.
type Config struct {
	Files     ingest.Opener
	Formats   *decode.Registry
	Enrichers []enrich.Enricher // put in order by what they need
	Streams   []detect.Stream
	// Organization says whose telemetry the file at path is, empty if unknown.
	Organization func(path string) string
	Location     *time.Location // of times that state no zone; default UTC
	// Final takes a last line without a line end as a record. Otherwise, in a
	// file that may grow, it waits for the rest.
	Final   bool
	Workers int // default GOMAXPROCS
	// Progress is called now and then by one goroutine at a time.
	Progress func(Progress)
}

// Progress says how far a run is.
type Progress struct {
	Files, FilesDone int
	Bytes            int64 // of the files on disk, read in this run
	TotalBytes       int64 // that this run will read; grows if files do
	Records          int64
}

// Result is what a run did.
type Result struct {
	Ledger  vedette.Ledger // of this run, as committed
	Formats []FormatCount  // by name
	Files   int            // that were found
	Read    int            // in which there was something to read
	Renamed []Rename       // sources that were found under another name
	Waiting []Waiting      // by path
	Skipped []ingest.Skipped
}

// FormatCount counts the records of one format. Records that no format
// understood count for the format that their source is in, which is empty when
// it was not recognized.
type FormatCount struct {
	Name             string
	Stored, Rejected int64
}

// Rename is a source that moved.
type Rename struct{ From, To string }

// Waiting is a last line without a line end. It is read when it is complete.
type Waiting struct {
	Path  string
	Line  int64
	Bytes int64
}

// ErrLedger is wrapped by the error of a run whose counts do not add up. It
// means a bug, never bad input.
var ErrLedger = errors.New("internal error")

// Run reads what is new in paths into st. After an error of the store or the
// end of ctx, what was committed stays and the next run goes on there; the
// Result says what was done until then.
func Run(ctx context.Context, cfg Config, st store.Store, paths []string) (*Result, error) {
	r, err := newRun(cfg)
	if err != nil {
		return nil, err
	}
	list, err := cfg.Files.Expand(paths)
	if err != nil {
		return nil, err
	}
	states, err := st.Sources(ctx)
	if err != nil {
		return nil, err
	}
	r.result.Files, r.result.Skipped = len(list.Paths), list.Skipped
	p := newPlanner(r, states)
	jobs, err := p.plan(ctx, list.Paths)
	if err != nil {
		return nil, err
	}
	for _, m := range p.moves {
		if err := st.Rename(ctx, m.id, m.to); err != nil {
			return nil, err
		}
		r.result.Renamed = append(r.result.Renamed, Rename{From: m.from, To: m.to})
	}
	err = r.read(ctx, st, jobs)
	return r.finish(), err
}

// newRun checks cfg and fills what was left out.
func newRun(cfg Config) (*run, error) {
	var err error
	if cfg.Enrichers, err = enrich.Order(cfg.Enrichers); err != nil {
		return nil, err
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	if cfg.Organization == nil {
		cfg.Organization = func(string) string { return "" }
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	return &run{cfg: cfg, result: &Result{}, formats: make(map[string]*FormatCount)}, nil
}

// finish sorts what workers reported in any order.
func (r *run) finish() *Result {
	for _, c := range r.formats {
		r.result.Formats = append(r.result.Formats, *c)
	}
	slices.SortFunc(r.result.Formats, func(a, b FormatCount) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(r.result.Waiting, func(a, b Waiting) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortStableFunc(r.result.Skipped, func(a, b ingest.Skipped) int { return cmp.Compare(a.Path, b.Path) })
	return r.result
}
