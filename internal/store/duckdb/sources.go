package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// mergeSources adds new sources and brings known ones up to date. A known
// source keeps its path, which Rename alone changes; it also may do so while a
// transaction is open, since DuckDB sees a conflict only where two
// transactions change the same column.
const mergeSources = `MERGE INTO sources s USING appended_data a ON s.seq = a.seq
	WHEN MATCHED THEN UPDATE SET format = a.format, organization = a.organization, copy_of = a.copy_of,
		position = a.position, lines = a.lines, head = a.head, head_length = a.head_length,
		tail = a.tail, tail_length = a.tail_length, size = a.size, modified = a.modified, state = a.state,
		read = s.read + a.read, stored = s.stored + a.stored,
		duplicate = s.duplicate + a.duplicate, rejected = s.rejected + a.rejected
	WHEN NOT MATCHED THEN INSERT (seq, identity, path, format, organization, copy_of, position, lines, head, head_length,
		tail, tail_length, size, modified, state, read, stored, duplicate, rejected)
		VALUES (a.seq, a.identity, a.path, a.format, a.organization, a.copy_of, a.position, a.lines, a.head, a.head_length,
		a.tail, a.tail_length, a.size, a.modified, a.state, a.read, a.stored, a.duplicate, a.rejected)`

// touched is a source that the open transaction has written to. Its Ledger
// counts what the transaction adds.
type touched struct {
	vedette.SourceState
	seq uint32
}

// seqCacheSize bounds the memory for sources: about 3 MiB.
const seqCacheSize = 1 << 16

// seqCache knows the numbers of committed sources and gives out new ones. The
// writers share it.
type seqCache struct {
	mu   sync.Mutex
	seqs map[vedette.ID]uint32
	next uint32 // the first number that was not given out
}

// take gives out a number. Numbers of abandoned transactions stay unused.
func (c *seqCache) take() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return c.next - 1
}

func (c *seqCache) load(ctx context.Context, db *sql.DB) error {
	c.seqs = make(map[vedette.ID]uint32)
	return db.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) + 1 FROM sources").Scan(&c.next)
}

// find returns the number of a committed source.
func (c *seqCache) find(ctx context.Context, db *sql.DB, id vedette.ID) (seq uint32, ok bool, err error) {
	c.mu.Lock()
	seq, ok = c.seqs[id]
	c.mu.Unlock()
	if ok {
		return seq, true, nil
	}
	err = db.QueryRowContext(ctx, "SELECT seq FROM sources WHERE identity = ?", id.String()).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	c.add(id, seq)
	return seq, true, nil
}

func (c *seqCache) add(id vedette.ID, seq uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seqs) >= seqCacheSize {
		clear(c.seqs)
	}
	c.seqs[id] = seq
}

// appendSource adds a row for mergeSources. The order is that of the table.
func appendSource(t *table, src *touched) error {
	t.cols[0].uint32(t.rows, src.seq)
	t.id(1, src.ID)
	t.textOrEmpty(2, src.Path)
	t.text(3, src.Format)
	t.text(4, src.Organization)
	t.id(5, src.CopyOf)
	t.cols[6].int64(t.rows, src.Offset)
	t.cols[7].int64(t.rows, src.Lines)
	t.id(8, src.Head)
	t.cols[9].int64(t.rows, int64(src.HeadLen))
	t.id(10, src.Tail)
	t.cols[11].int64(t.rows, int64(src.TailLen))
	t.cols[12].int64(t.rows, src.Size)
	if y := src.ModTime.Year(); y > 1678 && y < 2262 { // what nanoseconds in 64 bits can hold
		t.cols[13].int64(t.rows, src.ModTime.UnixNano())
	}
	t.blob(14, src.State)
	t.cols[15].int64(t.rows, src.Ledger.Read)
	t.cols[16].int64(t.rows, src.Ledger.Stored)
	t.cols[17].int64(t.rows, src.Ledger.Duplicate)
	t.cols[18].int64(t.rows, src.Ledger.Rejected)
	return t.next()
}

// Sources implements store.Store.
func (s *Store) Sources(ctx context.Context) ([]vedette.SourceState, error) {
	rows, err := s.pool.QueryContext(ctx, `SELECT identity, path, coalesce(format, ''), coalesce(organization, ''), coalesce(copy_of, ''),
		position, lines, coalesce(head, ''), head_length, coalesce(tail, ''), tail_length, size, modified, state,
		read, stored, duplicate, rejected FROM sources ORDER BY path, seq`)
	if err != nil {
		return nil, problem(fmt.Errorf("read sources: %w", err), s.dir)
	}
	defer rows.Close()
	var out []vedette.SourceState
	for rows.Next() {
		var (
			src                  vedette.SourceState
			id, copyOf, head, tl string
			modified             sql.NullTime
		)
		err := rows.Scan(&id, &src.Path, &src.Format, &src.Organization, &copyOf, &src.Offset, &src.Lines, &head, &src.HeadLen,
			&tl, &src.TailLen, &src.Size, &modified, &src.State,
			&src.Ledger.Read, &src.Ledger.Stored, &src.Ledger.Duplicate, &src.Ledger.Rejected)
		if err == nil {
			err = errors.Join(parseID(&src.ID, id), parseID(&src.CopyOf, copyOf), parseID(&src.Head, head), parseID(&src.Tail, tl))
		}
		if err != nil {
			return nil, fmt.Errorf("read sources: %w", err)
		}
		if modified.Valid {
			src.ModTime = modified.Time.UTC()
		}
		out = append(out, src)
	}
	return out, problem(rows.Err(), s.dir)
}

// parseID reads an ID; none is the zero ID.
func parseID(id *vedette.ID, s string) (err error) {
	if s != "" {
		*id, err = vedette.ParseID(s)
	}
	return err
}

// Rename implements store.Store.
func (s *Store) Rename(ctx context.Context, id vedette.ID, path string) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	res, err := s.pool.ExecContext(ctx, "UPDATE sources SET path = ? WHERE identity = ?", string(appendClean(nil, path)), id.String())
	if err != nil {
		return problem(fmt.Errorf("rename source: %w", err), s.dir)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("rename source: the store has no source %s", id)
	}
	return nil
}

// Rejects implements store.Store.
func (s *Store) Rejects(ctx context.Context, source vedette.ID) iter.Seq2[store.Reject, error] {
	query := `SELECT s.path, r.line, r.position, coalesce(r.reason, ''), coalesce(r.record, ''::BLOB)
		FROM rejects r JOIN sources s ON s.seq = r.source`
	var args []any
	if !source.IsZero() {
		query += " WHERE s.identity = ?"
		args = append(args, source.String())
	}
	return func(yield func(store.Reject, error) bool) {
		rows, err := s.pool.QueryContext(ctx, query+" ORDER BY r.source, r.line, r.position", args...)
		if err != nil {
			yield(store.Reject{}, problem(fmt.Errorf("read rejects: %w", err), s.dir))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r store.Reject
			if err := rows.Scan(&r.Path, &r.Line, &r.Offset, &r.Reason, &r.Record); err != nil {
				yield(store.Reject{}, fmt.Errorf("read rejects: %w", err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(store.Reject{}, problem(fmt.Errorf("read rejects: %w", err), s.dir))
		}
	}
}

// Reasons implements store.Store.
func (s *Store) Reasons(ctx context.Context) ([]vedette.Count, error) {
	rows, err := s.pool.QueryContext(ctx, `SELECT coalesce(reason, '') AS name, count(*) AS n FROM rejects GROUP BY name ORDER BY n DESC, name`)
	if err != nil {
		return nil, problem(fmt.Errorf("count rejects: %w", err), s.dir)
	}
	defer rows.Close()
	var out []vedette.Count
	for rows.Next() {
		var c vedette.Count
		if err := rows.Scan(&c.Name, &c.N); err != nil {
			return nil, fmt.Errorf("count rejects: %w", err)
		}
		out = append(out, c)
	}
	return out, problem(rows.Err(), s.dir)
}

// Span implements store.Store.
func (s *Store) Span(ctx context.Context) (start, end time.Time, err error) {
	var first, last sql.NullTime
	if err := s.pool.QueryRowContext(ctx, "SELECT min(time), max(time) FROM events").Scan(&first, &last); err != nil {
		return start, end, problem(fmt.Errorf("span of events: %w", err), s.dir)
	}
	if !first.Valid {
		return start, end, nil
	}
	return first.Time.UTC(), last.Time.UTC(), nil
}
