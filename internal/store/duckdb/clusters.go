package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// SaveClusters implements store.Store.
func (s *Store) SaveClusters(ctx context.Context, clusters []vedette.ClusterState) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	if err := s.saveClusters(ctx, clusters); err != nil {
		return problem(fmt.Errorf("save clusters: %w", err), s.dir)
	}
	return nil
}

func (s *Store) saveClusters(ctx context.Context, clusters []vedette.ClusterState) error {
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, table := range []string{"clusters", "cluster_members", "cluster_history"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	heads := &inserter{tx: tx, into: "clusters", columns: 4}
	members := &inserter{tx: tx, into: "cluster_members", columns: 2}
	history := &inserter{tx: tx, into: "cluster_history", columns: 6}
	for i := range clusters {
		c := &clusters[i]
		if c.ID == "" {
			return fmt.Errorf("cluster %d has no id", i)
		}
		heads.add(ctx, c.ID, c.FirstSeen.UTC(), c.LastSeen.UTC(), orNull(c.MergedInto))
		for _, m := range c.Members {
			members.add(ctx, c.ID, clean(m))
		}
		for n, e := range c.History {
			history.add(ctx, c.ID, n, e.Time.UTC(), string(e.Kind), orNull(e.Other), e.Members)
		}
	}
	for _, w := range []*inserter{heads, members, history} {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func clean(text string) string { return string(appendClean(nil, text)) }

// orNull makes empty text NULL.
func orNull(text string) driver.Value {
	if text == "" {
		return nil
	}
	return clean(text)
}

// inserter writes rows of one table, many to a statement. It keeps its first
// error for flush.
type inserter struct {
	tx      *sql.Tx
	into    string
	columns int
	args    []any
	err     error
}

// rowsAtOnce is how many rows one statement inserts.
const rowsAtOnce = 200

func (w *inserter) add(ctx context.Context, values ...any) {
	w.args = append(w.args, values...)
	if len(w.args) >= rowsAtOnce*w.columns {
		w.err = w.flush(ctx)
	}
}

func (w *inserter) flush(ctx context.Context) error {
	if w.err != nil || len(w.args) == 0 {
		return w.err
	}
	row := "(?" + strings.Repeat(", ?", w.columns-1) + ")"
	rows := row + strings.Repeat(", "+row, len(w.args)/w.columns-1)
	_, w.err = w.tx.ExecContext(ctx, "INSERT INTO "+w.into+" VALUES "+rows, w.args...)
	w.args = w.args[:0]
	return w.err
}

// Clusters implements store.Store.
func (s *Store) Clusters(ctx context.Context) ([]vedette.ClusterState, error) {
	out, err := s.clusters(ctx)
	if err != nil {
		return nil, problem(fmt.Errorf("read clusters: %w", err), s.dir)
	}
	return out, nil
}

func (s *Store) clusters(ctx context.Context) ([]vedette.ClusterState, error) {
	var out []vedette.ClusterState
	at := make(map[string]int)
	err := s.rows(ctx, "SELECT id, first_seen, last_seen, coalesce(merged_into, '') FROM clusters ORDER BY id", func(rows *sql.Rows) error {
		var c vedette.ClusterState
		err := rows.Scan(&c.ID, &c.FirstSeen, &c.LastSeen, &c.MergedInto)
		c.FirstSeen, c.LastSeen = c.FirstSeen.UTC(), c.LastSeen.UTC()
		at[c.ID] = len(out)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.rows(ctx, "SELECT cluster, member FROM cluster_members ORDER BY cluster, member", func(rows *sql.Rows) error {
		var id, member string
		err := rows.Scan(&id, &member)
		if i, ok := at[id]; ok {
			out[i].Members = append(out[i].Members, member)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.rows(ctx, "SELECT cluster, time, kind, coalesce(other, ''), members FROM cluster_history ORDER BY cluster, ordinal", func(rows *sql.Rows) error {
		var id, kind string
		var when time.Time
		var e vedette.ClusterEvent
		err := rows.Scan(&id, &when, &kind, &e.Other, &e.Members)
		e.Time, e.Kind = when.UTC(), vedette.ClusterChange(kind)
		if i, ok := at[id]; ok {
			out[i].History = append(out[i].History, e)
		}
		return err
	})
	return out, err
}

func (s *Store) rows(ctx context.Context, query string, scan func(*sql.Rows) error) error {
	rows, err := s.pool.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
