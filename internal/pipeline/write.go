package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// A transaction is committed when it has this many events, this much content,
// or this age. The events are a little less than two of DuckDB's row groups
// (122,880 rows each): full ones go straight to the file, what is left over is
// written to the log first.
const (
	commitEvents = 240_000
	commitBytes  = 64 << 20
	commitAfter  = 2 * time.Second
)

// progressEvery is how often Config.Progress is called.
const progressEvery = 100 * time.Millisecond

// maxWriters is how many writers a run uses where the store allows several. More
// than two spend their time on waiting for each other.
const maxWriters = 2

// writers returns the store's ways in, one for each goroutine that writes.
func writers(ctx context.Context, st store.Store, n int) ([]store.Writer, error) {
	out := []store.Writer{st}
	more, ok := st.(store.Brancher)
	for ok && len(out) < min(n, maxWriters) {
		w, err := more.Branch(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// writer writes the sources that are given to it.
type writer struct {
	r     *run
	store store.Writer
	stop  context.CancelCauseFunc
	err   error

	ledger vedette.Ledger // of the open transaction
	events int
	bytes  int64
	open   bool
}

// run writes what comes from full until that is closed, and gives it back to
// pool. After an error it takes and drops the rest, so that workers can end.
// The end of ctx does not cut a transaction short: what was read is committed.
func (w *writer) run(ctx context.Context, full <-chan *parcel, pool chan<- *parcel) {
	ctx = context.WithoutCancel(ctx)
	timer := time.NewTimer(commitAfter)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case p, ok := <-full:
			if !ok {
				w.commit(ctx)
				w.report(true)
				return
			}
			if !w.open {
				timer.Reset(commitAfter)
			}
			w.take(ctx, p)
			p.batch.Reset()
			pool <- p
			if w.events >= commitEvents || w.bytes >= commitBytes {
				w.commit(ctx)
			}
			w.report(false)
		case <-timer.C:
			w.commit(ctx)
		}
	}
}

// take writes one batch.
func (w *writer) take(ctx context.Context, p *parcel) {
	if w.err != nil {
		return
	}
	if err := p.batch.Ledger.Check(); err != nil {
		w.fail(fmt.Errorf("%w: %s: %w", ErrLedger, p.batch.Source.Path, err))
		return
	}
	w.open = true
	if err := w.store.Write(ctx, &p.batch); err != nil {
		w.fail(err)
		return
	}
	w.ledger.Add(p.batch.Ledger)
	w.events += len(p.batch.Events)
	w.bytes += p.bytes
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	w.r.progress.Bytes += p.disk
	w.r.progress.TotalBytes = max(w.r.progress.TotalBytes, w.r.progress.Bytes)
	w.r.progress.Records += p.batch.Ledger.Read
}

// commit ends the open transaction.
func (w *writer) commit(ctx context.Context) {
	if w.err != nil || !w.open {
		return
	}
	if err := w.store.Commit(ctx); err != nil {
		w.fail(err)
		return
	}
	w.r.mu.Lock()
	w.r.result.Ledger.Add(w.ledger)
	w.r.mu.Unlock()
	w.ledger, w.events, w.bytes, w.open = vedette.Ledger{}, 0, 0, false
}

// fail ends the run.
func (w *writer) fail(err error) {
	w.err = err
	if abandon := w.store.Abandon(); abandon != nil {
		w.err = fmt.Errorf("%w; giving up the open transaction: %w", err, abandon)
	}
	w.open = false
	w.stop(err)
}

// report tells how far the run is.
func (w *writer) report(last bool) {
	if w.r.cfg.Progress == nil {
		return
	}
	w.r.reporting.Lock()
	defer w.r.reporting.Unlock()
	if !last && time.Since(w.r.reported) < progressEvery {
		return
	}
	w.r.reported = time.Now()
	w.r.mu.Lock()
	p := w.r.progress
	w.r.mu.Unlock()
	w.r.cfg.Progress(p)
}
