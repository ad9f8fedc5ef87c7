package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// flushRows is how many rows an appender collects before it puts them into the
// transaction. Few enough stay in the processor's cache between the two copies.
const flushRows = 8 * chunkRows

// writer is a writing side of a store: one connection, one transaction at a
// time. It implements store.Writer and belongs to the goroutine that writes.
type writer struct {
	dir        string
	conn       mapping.Connection
	pool       *sql.DB
	events     *table
	rejects    *table
	sources    *table
	detections *table
	evidence   *table
	open       bool  // whether a transaction is
	failed     error // why the open transaction cannot be committed
	seqs       *seqCache
	touched    map[vedette.ID]*touched // by the open transaction
	found      map[vedette.ID]struct{} // detections of the open transaction
	keep       []bool                  // scratch: events whose original is kept
	cited      []int64                 // scratch: offsets of cited records
}

// newWriter returns a writer on a connection of its own.
func (s *Store) newWriter() (*writer, error) {
	w := &writer{
		dir: s.dir, pool: s.pool, seqs: &s.seqs,
		touched: make(map[vedette.ID]*touched),
		found:   make(map[vedette.ID]struct{}),
	}
	if mapping.Connect(s.db, &w.conn) == mapping.StateError {
		return nil, errNative("cannot connect")
	}
	if err := w.prepare(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// prepare makes the appenders.
func (w *writer) prepare() error {
	for _, t := range []struct {
		to          **table
		name, query string
	}{
		{&w.events, "events", ""},
		{&w.rejects, "rejects", ""},
		{&w.sources, "sources", mergeSources},
		{&w.detections, "detections", insertDetections},
		{&w.evidence, "evidence", insertEvidence},
	} {
		if *t.to != nil {
			(*t.to).close()
		}
		var err error
		if *t.to, err = newTable(w.conn, t.name, t.query); err != nil {
			return fmt.Errorf("prepare table %s: %w", t.name, err)
		}
	}
	w.events.every = flushRows
	return nil
}

// detectionWriter returns a writer of detections alone, on a connection of its
// own, which closes with it.
func (s *Store) detectionWriter() (*writer, error) {
	w := &writer{dir: s.dir, found: make(map[vedette.ID]struct{})}
	if mapping.Connect(s.db, &w.conn) == mapping.StateError {
		return nil, errNative("cannot connect")
	}
	var err error
	if w.detections, err = newTable(w.conn, "detections", insertDetections); err == nil {
		w.evidence, err = newTable(w.conn, "evidence", insertEvidence)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// tables are in the order in which they are flushed.
func (w *writer) tables() []*table {
	return []*table{w.events, w.rejects, w.detections, w.evidence, w.sources}
}

func (w *writer) close() {
	if w.open {
		exec(w.conn, "ROLLBACK")
	}
	for _, t := range w.tables() {
		if t != nil {
			t.close()
		}
	}
	mapping.Disconnect(&w.conn)
}

// Write implements store.Store.
func (s *Store) Write(ctx context.Context, b *vedette.Batch) error { return s.w.Write(ctx, b) }

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context) error { return s.w.Commit(ctx) }

// Abandon implements store.Store.
func (s *Store) Abandon() error { return s.w.Abandon() }

// Branch implements store.Brancher. DuckDB appends from several transactions at
// once, each compressing its own rows.
func (s *Store) Branch(context.Context) (store.Writer, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	w, err := s.newWriter()
	if err != nil {
		return nil, problem(fmt.Errorf("open a writer: %w", err), s.dir)
	}
	s.branches = append(s.branches, w)
	return w, nil
}

// Write implements store.Writer. A batch whose ledger does not balance, or that
// has a detection without an ID, is refused as a whole and the transaction is
// left as it was. Any other error ends the transaction: only Abandon helps.
func (w *writer) Write(ctx context.Context, b *vedette.Batch) error {
	if err := w.write(ctx, b); err != nil {
		return problem(fmt.Errorf("write batch: %w", err), w.dir)
	}
	return nil
}

// Commit implements store.Writer. After an error only Abandon helps, and if
// that fails too, to close the store and open it again. An error can come after
// the transaction became durable (while the log is merged into the file), so
// ask Sources where to go on: the transaction is there as a whole or not at all.
func (w *writer) Commit(ctx context.Context) error {
	if err := w.commit(ctx); err != nil {
		return problem(fmt.Errorf("commit: %w", err), w.dir)
	}
	return nil
}

// Abandon implements store.Writer.
func (w *writer) Abandon() error {
	if err := w.abandon(); err != nil {
		return problem(fmt.Errorf("abandon: %w", err), w.dir)
	}
	return nil
}

func (w *writer) write(ctx context.Context, b *vedette.Batch) error {
	if w.failed != nil {
		return w.failed
	}
	if err := errors.Join(ctx.Err(), check(b)); err != nil {
		return err
	}
	if !w.open {
		if err := exec(w.conn, "BEGIN TRANSACTION"); err != nil {
			return err
		}
		w.open = true
	}
	err := w.writeBatch(ctx, b)
	if err != nil {
		w.failed = err
	}
	return err
}

// check finds what makes a batch impossible to store.
func check(b *vedette.Batch) error {
	if b.Source == nil || b.Source.ID.IsZero() {
		return errors.New("the batch has no source")
	}
	for i := range b.Detections {
		if err := checkDetection(&b.Detections[i]); err != nil {
			return err
		}
	}
	return b.Ledger.Check()
}

func (w *writer) writeBatch(ctx context.Context, b *vedette.Batch) error {
	src, err := w.touch(ctx, b)
	if err != nil {
		return err
	}
	if err := w.events.appendEvents(b.Events, src.seq, w.originals(b)); err != nil {
		return err
	}
	for i := range b.Rejects {
		if err := appendReject(w.rejects, src.seq, &b.Rejects[i]); err != nil {
			return err
		}
	}
	return w.appendDetections(b.Detections)
}

// appendDetections adds those that the transaction does not hold yet; what the
// store holds already, the appenders' queries leave out.
func (w *writer) appendDetections(ds []vedette.Detection) error {
	for i := range ds {
		d := &ds[i]
		if _, ok := w.found[d.ID]; ok {
			continue
		}
		w.found[d.ID] = struct{}{}
		if err := appendDetection(w.detections, w.evidence, d); err != nil {
			return err
		}
	}
	return nil
}

// touch returns what the transaction knows of the batch's source, with the
// batch's position and counts added.
func (w *writer) touch(ctx context.Context, b *vedette.Batch) (*touched, error) {
	src := w.touched[b.Source.ID]
	if src == nil {
		seq, ok, err := w.seqs.find(ctx, w.pool, b.Source.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			seq = w.seqs.take()
		}
		src = &touched{seq: seq}
		w.touched[b.Source.ID] = src
	}
	src.Source, src.Position = *b.Source, b.Position
	src.State = slices.Clone(b.Position.State)
	src.Ledger.Add(b.Ledger)
	return src, nil
}

// originals says of which events the original is kept: those that ask for it
// and those that a detection of the batch cites. nil means none.
func (w *writer) originals(b *vedette.Batch) []bool {
	w.cited = w.cited[:0]
	for i := range b.Detections {
		for j := range b.Detections[i].Evidence {
			if ev := &b.Detections[i].Evidence[j]; ev.Source == b.Source.ID || ev.Source.IsZero() {
				w.cited = append(w.cited, ev.Offset)
			}
		}
	}
	slices.Sort(w.cited)
	w.keep = slices.Grow(w.keep[:0], len(b.Events))[:len(b.Events)]
	some, next, last := false, 0, int64(0)
	for i := range b.Events {
		e := &b.Events[i]
		k := e.Keep
		if len(w.cited) > 0 && !k {
			if e.Offset < last {
				next = 0 // a source out of order
			}
			for last = e.Offset; next < len(w.cited) && w.cited[next] < last; next++ {
			}
			k = next < len(w.cited) && w.cited[next] == last
		}
		w.keep[i] = k
		some = some || k
	}
	if !some {
		return nil
	}
	return w.keep
}

func appendReject(t *table, seq uint32, r *vedette.Reject) error {
	t.cols[0].uint32(t.rows, seq)
	t.cols[1].int64(t.rows, r.Line)
	t.cols[2].int64(t.rows, r.Offset)
	t.text(3, r.Reason)
	t.blob(4, r.Record)
	return t.next()
}

func (w *writer) commit(ctx context.Context) error {
	if w.failed != nil {
		return w.failed
	}
	if !w.open {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err // the transaction stays open
	}
	err := w.flush()
	if err == nil {
		err = exec(w.conn, "COMMIT")
	}
	if err != nil {
		w.failed = err
		return err
	}
	w.open = false
	for id, src := range w.touched {
		w.seqs.add(id, src.seq)
	}
	clear(w.touched)
	clear(w.found)
	return nil
}

func (w *writer) flush() error {
	for _, src := range w.touched {
		if err := appendSource(w.sources, src); err != nil {
			return err
		}
	}
	for _, t := range w.tables() {
		if err := t.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) abandon() error {
	if !w.open {
		w.failed = nil
		return nil
	}
	var err error
	if w.failed == nil {
		for _, t := range w.tables() {
			t.forget()
		}
		err = exec(w.conn, "ROLLBACK")
	} else {
		exec(w.conn, "ROLLBACK") // fails if the failure ended the transaction
		err = w.prepare()        // an appender that failed stays so
	}
	w.open, w.failed = false, nil
	clear(w.touched)
	clear(w.found)
	return err
}
