// Package evaluate measures an assessment of simulated telemetry against the
// truth that the simulator left beside it: verdicts, clusters, what is targeted,
// cited lines, the ledger. It knows the two files' forms and the nouns, nothing
// of how either side came to its result. docs/evaluation.md has the method.
//
// It is for simulated telemetry only: for real telemetry nobody has the truth.
package evaluate

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Truth is what happened in a simulation, as far as its telemetry can show it.
type Truth struct {
	Ledger        vedette.Ledger `json:"ledger"`
	Organizations []Organization `json:"organizations"`
	Actors        []Actor        `json:"actors"`

	// Lines holds the actor of every line that an act left, by file (relative
	// to the simulation's folder, with slashes) and line number from 1.
	Lines map[string]map[int64]string `json:"-"`
}

// Organization is the truth about one constituent.
type Organization struct {
	ID       string          `json:"id"`
	Sensors  string          `json:"sensors"`
	Verdict  vedette.Verdict `json:"verdict"`          // over all actors
	Targeted vedette.Verdict `json:"targeted_verdict"` // of targeted actors
	Method   string          `json:"method"`           // of the targeted actor's entry
	Notes    []string        `json:"notes"`
}

// Actor is one party from outside, a botnet being one party.
type Actor struct {
	Name           string `json:"name"`
	Targeted       bool   `json:"targeted"`
	Infrastructure []struct {
		Value string `json:"value"`
	} `json:"infrastructure"` // what the telemetry shows of it
}

// ReadTruth reads truth.json and truth-lines.tsv.gz from a simulation's folder.
func ReadTruth(dir string) (*Truth, error) {
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return nil, err
	}
	t := &Truth{Lines: map[string]map[int64]string{}}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("truth.json: %w", err)
	}
	file, err := os.Open(filepath.Join(dir, "truth-lines.tsv.gz"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := t.readLines(file); err != nil {
		return nil, fmt.Errorf("truth-lines.tsv.gz: %w", err)
	}
	return t, nil
}

// readLines reads the compressed truth by line.
func (t *Truth) readLines(file *os.File) error {
	z, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	names := map[string]string{} // one copy of each actor's name
	rows := bufio.NewScanner(z)
	for n := 1; rows.Scan(); n++ {
		if n == 1 {
			continue // column names
		}
		f := strings.Split(rows.Text(), "\t")
		if len(f) != 4 {
			return fmt.Errorf("row %d has %d columns, want 4", n, len(f))
		}
		line, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		if t.Lines[f[0]] == nil {
			t.Lines[strings.Clone(f[0])] = map[int64]string{}
		}
		if _, ok := names[f[2]]; !ok {
			name := strings.Clone(f[2])
			names[name] = name
		}
		t.Lines[f[0]][line] = names[f[2]]
	}
	return rows.Err()
}

// owners lists the actors of each infrastructure value, by index.
func (t *Truth) owners() map[string][]int {
	out := map[string][]int{}
	for k, a := range t.Actors {
		for _, i := range a.Infrastructure {
			out[i.Value] = append(out[i.Value], k)
		}
	}
	return out
}
