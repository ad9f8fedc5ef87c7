package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/simulate"
)

// truth is the part of the simulator's truth.json that verdicts are judged by.
type truth struct {
	Ledger        vedette.Ledger `json:"ledger"`
	Organizations []struct {
		ID       string          `json:"id"`
		Verdict  vedette.Verdict `json:"verdict"`
		Targeted vedette.Verdict `json:"targeted_verdict"`
		Notes    json.RawMessage `json:"notes"`
	} `json:"organizations"`
}

// score is how an assessment compares with the truth.
type score struct {
	right, total     int
	falseCompromises []string
	missed           []string // compromises that were not seen
	different        []string
}

func compare(t *testing.T, dir string, a *vedette.Assessment) (s score) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want truth
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if a.Ledger != want.Ledger {
		t.Errorf("%s: ledger %+v, truth %+v", dir, a.Ledger, want.Ledger)
	}
	got := make(map[string]vedette.Verdict)
	for _, o := range a.Organizations {
		got[o.Organization.ID] = o.Verdict
	}
	for _, o := range want.Organizations {
		s.total++
		v, ok := got[o.ID]
		switch {
		case !ok:
			t.Errorf("%s: %s is not in the assessment", dir, o.ID)
		case v == o.Verdict:
			s.right++
			continue
		case v == vedette.VerdictCompromise:
			s.falseCompromises = append(s.falseCompromises, o.ID)
		case o.Verdict == vedette.VerdictCompromise:
			s.missed = append(s.missed, o.ID)
		}
		s.different = append(s.different, o.ID+": "+v.String()+", truth "+o.Verdict.String())
	}
	return s
}

// analyzeSimulated assesses the telemetry that the simulator left in dir.
func analyzeSimulated(t *testing.T, dir string) *vedette.Assessment {
	t.Helper()
	result, err := Analyze(t.Context(), Options{
		Constituency: filepath.Join(dir, "constituency.yaml"),
		GeoIP:        []string{filepath.Join(dir, "geo", "simulated-city.mmdb"), filepath.Join(dir, "geo", "simulated-asn.mmdb")},
	}, "", []string{filepath.Join(dir, "logs")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.Assessment
}

// TestExample holds the example to its truth: the ledger to the record, no false
// compromise.
func TestExample(t *testing.T) {
	dir := filepath.Join("..", "..", "examples", "strait")
	s := compare(t, dir, analyzeSimulated(t, dir))
	t.Logf("right verdicts: %d of %d; missed %v; different %q", s.right, s.total, s.missed, s.different)
	if len(s.falseCompromises) > 0 {
		t.Errorf("called compromised and are not: %v", s.falseCompromises)
	}
	if 5*s.right < 4*s.total {
		t.Errorf("%d of %d verdicts are right, want 80 %%: %q", s.right, s.total, s.different)
	}
}

// TestSeeds does the same for constituencies made on the spot. VEDETTE_SEEDS
// lists seeds, VEDETTE_ORGANIZATIONS their size.
func TestSeeds(t *testing.T) {
	seeds := os.Getenv("VEDETTE_SEEDS")
	if seeds == "" {
		t.Skip("simulates and analyzes whole constituencies: set VEDETTE_SEEDS=1001,1002")
	}
	n, _ := strconv.Atoi(os.Getenv("VEDETTE_ORGANIZATIONS"))
	for _, text := range strings.Split(seeds, ",") {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("seed "+text, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "simulated")
			if err := simulate.Run(t.Context(), simulate.Options{Seed: seed, Organizations: n, Out: dir}); err != nil {
				t.Fatal(err)
			}
			s := compare(t, dir, analyzeSimulated(t, dir))
			t.Logf("right verdicts: %d of %d; missed %v; different %q", s.right, s.total, s.missed, s.different)
			if len(s.falseCompromises) > 0 {
				t.Errorf("called compromised and are not: %v", s.falseCompromises)
			}
		})
	}
}
