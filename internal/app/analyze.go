package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/correlate"
	"github.com/vedette-cti/vedette/internal/correlate/blind"
	"github.com/vedette-cti/vedette/internal/correlate/trend"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/pipeline"
	"github.com/vedette-cti/vedette/internal/store"
	"github.com/vedette-cti/vedette/internal/store/duckdb"
)

// Analysis is what Analyze returns.
type Analysis struct {
	Assessment *vedette.Assessment
	Run        *pipeline.Result // what this run read
}

// OpenStore opens the event store in dir, making it if need be.
func OpenStore(ctx context.Context, dir string) (store.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return duckdb.Open(ctx, dir, duckdb.Options{})
}

// Analyze reads what is new in paths into the store at data, and assesses all
// that the store holds. With data empty, the store lasts as long as the call.
// phase, if not nil, is told what is being done.
func Analyze(ctx context.Context, o Options, data string, paths []string, phase func(string)) (_ *Analysis, err error) {
	if phase == nil {
		phase = func(string) {}
	}
	if data == "" {
		if data, err = os.MkdirTemp("", "vedette-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(data)
	}
	full, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	o.Exclude = append(o.Exclude, full)
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	defer e.close()
	st, err := OpenStore(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	phase("reading")
	run, err := pipeline.Run(ctx, e.config, st, paths)
	if err != nil {
		return &Analysis{Run: run}, err
	}
	start, end, err := st.Span(ctx)
	if err != nil {
		return nil, err
	}
	if !start.IsZero() {
		phase("detecting")
		span := detect.Span{Start: start, End: end.Add(time.Microsecond)}
		if _, err := pipeline.RunWindows(ctx, e.config.Files, st, e.detectors.Windows, span); err != nil {
			return nil, err
		}
	}
	phase("assessing")
	a, err := assess(ctx, e, st)
	return &Analysis{Assessment: a, Run: run}, err
}

// assess correlates all detections of the store, and adds its books.
func assess(ctx context.Context, e *engine, st store.Store) (*vedette.Assessment, error) {
	previous, err := st.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	var (
		a        *vedette.Assessment
		clusters []vedette.ClusterState
		spots    []vedette.BlindSpot
	)
	group, both := errgroup.WithContext(ctx) // each keeps one processor busy
	group.Go(func() (err error) {
		a, clusters, err = correlate.Assess(both, correlate.Input{
			Constituency: e.constituency, Detections: st.Detections(both), Events: st, Geo: e.lookup, Lists: e.lists, Previous: previous,
		})
		return err
	})
	group.Go(func() (err error) {
		if spots, err = blind.Assess(both, blind.Input{Constituency: e.constituency, Events: st}); err != nil {
			return fmt.Errorf("blind spots: %w", err)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	a.BlindSpots = spots
	if err := st.SaveClusters(ctx, clusters); err != nil {
		return nil, err
	}
	states, err := st.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		a.Ledger.Add(s.Ledger)
	}
	if err := a.Ledger.Check(); err != nil {
		return nil, err
	}
	a.Sources = len(states)
	if a.RejectReasons, err = st.Reasons(ctx); err != nil {
		return nil, err
	}
	a.Simulated = simulated(e.options.Constituency)
	if a.Trends, err = trend.Assess(ctx, trend.Input{Constituency: e.constituency, Assessment: a, Events: st, Geo: e.lookup}); err != nil {
		return nil, fmt.Errorf("trends: %w", err)
	}
	return a, nil
}

// simulated reports whether the constituency file says that it is made up: its
// folder holds a file named SIMULATED, as the simulator leaves it.
func simulated(constituency string) bool {
	if constituency == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(filepath.Dir(constituency), "SIMULATED"))
	return err == nil
}

// NoTelemetry explains a run that found nothing to read.
func NoTelemetry(r *pipeline.Result, paths []string) error {
	if r == nil || r.Files > 0 {
		return nil
	}
	return &vedette.Problem{
		Err:  fmt.Errorf("no files in %s", strings.Join(paths, ", ")),
		Hint: "name log files or folders that hold them",
	}
}

// OpenExisting opens the event store in dir, which must hold one.
func OpenExisting(ctx context.Context, dir string) (store.Store, error) {
	if _, err := os.Stat(filepath.Join(dir, duckdb.FileName)); err != nil {
		return nil, &vedette.Problem{
			Err:  fmt.Errorf("no event store in %s: %w", dir, err),
			Hint: "vedette analyze --data " + dir + " PATH makes one",
		}
	}
	return OpenStore(ctx, dir)
}
