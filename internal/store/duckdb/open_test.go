package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// wantProblem checks that err is for people and says all of words.
func wantProblem(t *testing.T, err error, words ...string) {
	t.Helper()
	var p *vedette.Problem
	if !errors.As(err, &p) || p.Hint == "" {
		t.Fatalf("error %v is not a problem with a hint", err)
	}
	for _, w := range words {
		if !strings.Contains(p.Error()+" | "+p.Hint, w) {
			t.Errorf("%q with hint %q does not say %q", p.Error(), p.Hint, w)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	if lock := os.Getenv("VEDETTE_TEST_LOCKED"); lock != "" { // the second process
		_, err := Open(ctx, lock, Options{})
		wantProblem(t, err, "another process", "another data folder")
		fmt.Println("refused as it should be")
		return
	}
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, filepath.Join(dir, "x", ".."), Options{})
	wantProblem(t, err, "open in this process already")
	cmd := osexec.Command(os.Args[0], "-test.run", "^TestOpenTwice$", "-test.v")
	cmd.Env = append(os.Environ(), "VEDETTE_TEST_LOCKED="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "refused as it should be") {
		t.Errorf("second process: %v\n%s", err, out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(ctx, dir, Options{}); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	s.Close()
}

func TestOpenNewerSchema(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := exec1(s, "INSERT INTO schema_version VALUES (999, TIMESTAMP '2030-01-01')"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err = Open(ctx, dir, Options{})
	wantProblem(t, err, "999", "newer Vedette")
}

func exec1(s *Store, query string) error {
	_, err := s.pool.Exec(query)
	return err
}

func TestOpenForeignFile(t *testing.T) {
	f := func(name, content string) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), dir, Options{})
		if err == nil {
			t.Fatalf("%s: opened", name)
		}
		wantProblem(t, err, FileName)
	}
	f("text", strings.Repeat("this is not a database\n", 1000))
	f("short", "x")
}

func TestOpenPath(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "it's a folder with spaces; DROP")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
		t.Error(err)
	}
	if n, err := s.Size(); err != nil || n == 0 {
		t.Errorf("Size = %d, %v", n, err)
	}
	for _, bad := range []string{"?x=1", "%zz", "#1"} {
		_, err = Open(ctx, dir+bad, Options{})
		wantProblem(t, err, "?, % or #")
	}
	if _, err = Open(ctx, filepath.Join(dir, "absent"), Options{}); err == nil {
		t.Error("a folder that does not exist was opened")
	}
}

// TestQueriesReachNothingElse holds SQL to the store's own file.
func TestQueriesReachNothingElse(t *testing.T) {
	s := benchStore(t)
	file := filepath.Join(t.TempDir(), "x.csv")
	for _, q := range []string{
		"SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO '" + file + "'", "ATTACH '" + file + "' AS other",
		"INSTALL httpfs", "SET memory_limit = '100GB'",
	} {
		if err := exec1(s, q); err == nil {
			t.Errorf("%s: succeeded", q)
		}
	}
}

// noise returns a batch of n events after the given line that compress badly.
func noise(line int64, n int) *vedette.Batch {
	b := &vedette.Batch{
		Source: &vedette.Source{ID: vedette.ID{1}, Path: "a.log"},
		Ledger: vedette.Ledger{Read: int64(n), Stored: int64(n)}, Events: make([]vedette.Event, n),
	}
	for i := range b.Events {
		line++
		b.Events[i] = vedette.Event{Line: line, Offset: line, URL: fmt.Sprintf("/%x/%x", uint64(line)*0x9e3779b97f4a7c15, uint64(line)*0x6a09e667f3bcc909)}
	}
	b.Position.Lines = line
	return b
}

// TestDiskFull fills a small file system of its own.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := osexec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", dir).Run(); err != nil {
		t.Skip("needs to mount a tmpfs: ", err)
	}
	defer osexec.Command("umount", dir).Run()
	ctx := context.Background()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	line, committed := int64(0), int64(0)
	next := func(n int) *vedette.Batch {
		line += int64(n)
		return noise(line-int64(n), n)
	}
	check := func(also int64) { // what a failed commit had may be there, as a whole
		t.Helper()
		var events, ledger int64
		err := s.pool.QueryRow("SELECT (SELECT count(*) FROM events), (SELECT coalesce(sum(stored), 0)::BIGINT FROM sources)").Scan(&events, &ledger)
		if err == nil && events == also {
			committed = also
		}
		if err != nil || events != committed || ledger != committed {
			t.Fatalf("%d events, ledger %d, error %v; want %d", events, ledger, err, committed)
		}
		line = committed
	}
	for round, n := range []int{200_000, 3_000} { // by way of the file, by way of the log
		ballast := filepath.Join(dir, "ballast")
		if round == 1 {
			os.WriteFile(ballast, make([]byte, 128<<20), 0o600) // as far as it goes
		}
		for err = nil; err == nil; {
			if line > 10_000_000 {
				t.Fatal("the disk never got full")
			}
			if err = s.Write(ctx, next(n)); err == nil {
				if err = s.Commit(ctx); err == nil {
					committed = line
				}
			}
		}
		wantProblem(t, err, "free space")
		t.Logf("round %d, %d committed: %v", round, committed, err)
		attempted := line
		s.Abandon()
		s.Close()
		os.Remove(ballast)
		if err := osexec.Command("mount", "-o", "remount,size=64m", dir).Run(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(ctx, dir, Options{}); err != nil {
			t.Fatalf("open with space: %v", err)
		}
		check(attempted)
		if err := errors.Join(s.Write(ctx, next(n)), s.Commit(ctx)); err != nil {
			t.Fatal(err)
		}
		committed = line
		check(committed)
	}
}

// TestFailedTransaction goes on after an error inside a transaction.
func TestFailedTransaction(t *testing.T) {
	ctx, s := context.Background(), benchStore(t)
	src := &vedette.Source{ID: vedette.ID{1}}
	b := &vedette.Batch{Source: src, Events: make([]vedette.Event, 10), Ledger: vedette.Ledger{Read: 10, Stored: 10}}
	if err := s.Write(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := exec(s.w.conn, "SELECT error('made to fail')"); err == nil {
		t.Fatal("no error")
	}
	if err := s.Commit(ctx); err == nil {
		t.Fatal("a failed transaction was committed")
	}
	if err := s.Write(ctx, b); err == nil {
		t.Fatal("a failed transaction goes on")
	}
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Write(ctx, b), s.Commit(ctx)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range s.Hunt(ctx, store.Hunt{Start: time.Unix(-1, 0)}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d events, want 10", n)
	}
}

// TestLittleMemory sorts a result that is larger than the memory allowed.
func TestLittleMemory(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	left := filepath.Join(dir, tempName, "left by a killed process")
	if err := errors.Join(os.Mkdir(filepath.Dir(left), 0o700), os.WriteFile(left, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, dir, Options{MemoryLimit: 96 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("temporary file is still there: %v", err)
	}
	const n = 300_000
	if err := errors.Join(s.Write(ctx, noise(0, n)), s.Commit(ctx)); err != nil {
		t.Fatal(err)
	}
	line := int64(0)
	for hit, err := range s.Hunt(ctx, store.Hunt{}) {
		if err != nil {
			t.Fatalf("after %d hits: %v", line, err)
		}
		if line++; hit.Event.Line != line {
			t.Fatalf("hit of line %d, want %d", hit.Event.Line, line)
		}
	}
	if line != n {
		t.Errorf("%d hits, want %d", line, n)
	}
}
