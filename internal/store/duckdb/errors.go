package duckdb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
)

// errNative is an error in DuckDB's own words.
type errNative string

func (e errNative) Error() string { return firstLine(string(e)) }

// firstLine drops DuckDB's stack traces and advice to developers.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// exec runs a statement that gives no rows.
func exec(conn mapping.Connection, query string) error {
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.Query(conn, query, &res) == mapping.StateError {
		return errNative(mapping.ResultError(&res))
	}
	return nil
}

// problem adds to err what to do about it, if that is known.
func problem(err error, dir string) error {
	var p *vedette.Problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	msg := err.Error()
	has := func(parts ...string) bool {
		for _, s := range parts {
			if strings.Contains(msg, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has("No space left on device", "not enough space", "Disk quota exceeded", "File too large"):
		return &vedette.Problem{Err: fmt.Errorf("the disk that holds %s is full: %w", dir, err),
			Hint: "free space there and run the command again: it goes on from the last commit"}
	case has("Could not set lock on file", "being used by another process"):
		return &vedette.Problem{Err: fmt.Errorf("another process has the store in %s open: %w", dir, err),
			Hint: "wait for it or stop it, or use another data folder"}
	case has("not a valid DuckDB database", "corrupt", "Corrupt", "checksum", "newer version of DuckDB", "storage version"):
		return &vedette.Problem{Err: fmt.Errorf("the file %s in %s cannot be read as a store: %w", FileName, dir, err),
			Hint: "move it away to begin anew, or restore it from a backup"}
	case has("Out of Memory Error", "failed to allocate"):
		return &vedette.Problem{Err: fmt.Errorf("the store needs more memory than it may use: %w", err),
			Hint: "raise the store's memory limit, or ask for a shorter period"}
	case has("database has been invalidated"):
		return &vedette.Problem{Err: fmt.Errorf("the store in %s had to stop after an error: %w", dir, err),
			Hint: "run the command again: it goes on from the last commit"}
	}
	return err
}
