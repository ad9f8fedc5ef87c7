package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"
)

// TestMain makes this test binary the command that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vedette": main})
}

// TestScripts runs testdata/script: what a user types, and what comes back.
func TestScripts(t *testing.T) {
	example, err := filepath.Abs(filepath.Join("..", "..", "examples", "strait"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLE", example)
			e.Setenv("RULES", filepath.Join(filepath.Dir(filepath.Dir(example)), "rules"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"compress": compress,
			"append":   appendTo,
			"chomp":    chomp,
		},
	})
}

// compress SOURCE TARGET writes a compressed copy, in the form that the
// target's name says.
func compress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: compress SOURCE TARGET")
	}
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch filepath.Ext(args[1]) {
	case ".gz":
		w = gzip.NewWriter(&out)
	case ".zst":
		w, err = zstd.NewWriter(&out)
	case ".xz":
		w, err = xz.NewWriter(&out)
	default:
		ts.Fatalf("compress: no form has the name %s", args[1])
	}
	ts.Check(err)
	_, err = io.WriteString(w, ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o600))
}

// append TARGET SOURCE lets a log grow.
func appendTo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append TARGET SOURCE")
	}
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = file.WriteString(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(file.Close())
}

// chomp FILE takes the last line end away: a writer in the middle of a line.
func chomp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: chomp FILE")
	}
	text := ts.ReadFile(args[0])
	if text == "" || text[len(text)-1] != '\n' {
		ts.Fatalf("%s does not end with a line end", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:len(text)-1]), 0o600))
}

// call runs a command line in this process.
func call(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(context.Background(), args, nil, &out, &err)
	return out.String(), err.String(), status
}
