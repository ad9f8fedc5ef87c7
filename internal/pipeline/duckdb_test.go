package pipeline

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/store"
	"github.com/vedette-cti/vedette/internal/store/duckdb"
)

// failing is a store whose disk is full after some writes.
type failing struct {
	store.Store
	writes int
}

func (f *failing) Write(ctx context.Context, b *vedette.Batch) error {
	if f.writes--; f.writes < 0 {
		return errDisk
	}
	if err := f.Store.Write(ctx, b); err != nil {
		return err
	}
	if f.writes%3 == 0 {
		return f.Store.Commit(ctx)
	}
	return nil
}

// picture is what a store knows in the end.
type picture struct {
	Events, Distinct int64
	Sources          map[string]vedette.Ledger
	Detections       []vedette.ID
}

func look(t *testing.T, st store.Store) picture {
	t.Helper()
	ctx := context.Background()
	p := picture{Sources: make(map[string]vedette.Ledger)}
	rows, err := st.QueryContext(ctx, `SELECT count(*), count(DISTINCT (source, position)) FROM events`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&p.Events, &p.Distinct); err != nil {
			t.Fatal(err)
		}
	}
	states, err := st.Sources(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if err := s.Ledger.Check(); err != nil {
			t.Error(err)
		}
		p.Sources[fmt.Sprint(s.ID, s.Path, s.Format, s.Offset, s.Lines)] = s.Ledger
	}
	for d, err := range st.Detections(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Evidence[0].Original == "" {
			t.Errorf("a detection without its line: %+v", d)
		}
		p.Detections = append(p.Detections, d.ID)
	}
	return p
}

func TestDuckDB(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.cfg.Streams = []detect.Stream{finder{word: "end"}}
	many(w)
	f := func(writes int) picture {
		t.Helper()
		dir := t.TempDir()
		for n := 0; ; n++ {
			st, err := duckdb.Open(ctx, dir, duckdb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var use store.Store = st
			if writes > 0 && n < 3 {
				use = &failing{st, writes}
			}
			_, err = Run(ctx, w.cfg, use, []string{w.dir})
			if err == nil {
				if r, err := Run(ctx, w.cfg, st, []string{w.dir}); err != nil || r.Read > 0 {
					t.Errorf("run again: %v, %+v", err, r)
				}
				p := look(t, st)
				if err := st.Close(); err != nil {
					t.Error(err)
				}
				return p
			}
			if !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	want := f(0)
	if want.Events != want.Distinct || want.Events != 3*9010+1+18000+5002+9003 || len(want.Detections) != 30 {
		t.Errorf("%d events, %d distinct, %d detections", want.Events, want.Distinct, len(want.Detections))
	}
	for _, writes := range []int{1, 4, 8} {
		if got := f(writes); !reflect.DeepEqual(got, want) {
			t.Errorf("with a fault after %d writes:\n%+v\nwant\n%+v", writes, got, want)
		}
	}
}
