package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/vedette-cti/vedette/internal/evaluate"
)

func TestParseSeeds(t *testing.T) {
	f := func(text string, want ...uint64) {
		t.Helper()
		got, err := parseSeeds(text)
		if (err != nil) != (want == nil) || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	f("7", 7)
	f("1..3,9", 1, 2, 3, 9)
	f("")
	f("3..1")
	f("1..1000000")
	f("one")
}

// TestCommand evaluates two small simulations from beginning to end.
func TestCommand(t *testing.T) {
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--seeds", "1..2", "--organizations", "6,8", "--days", "20", "--scale", "0.1", "--habit", "rotate,dark", "--output", "json"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows []evaluate.Row
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d rows, want two and their sum", len(rows))
	}
	for i, want := range []int{6, 8, 14} {
		r := rows[i]
		if r.Score.Organizations != want || !r.Score.LedgerRight || r.Score.Cited == 0 || r.Habits != "rotate,dark" || r.Records == 0 || r.Seconds <= 0 {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}
