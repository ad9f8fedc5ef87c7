package app

import (
	"path/filepath"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/evaluate"
)

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
// compromise. docs/evaluation.md says how more of the kind is measured.
func TestExample(t *testing.T) {
	dir := filepath.Join("..", "..", "examples", "strait")
	truth, err := evaluate.ReadTruth(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := evaluate.Compare(dir, truth, analyzeSimulated(t, dir))
	t.Logf("right verdicts: %d of %d; different %+v", s.Right, s.Organizations, s.Misses)
	if !s.LedgerRight {
		t.Error("the ledger is not the truth's")
	}
	if len(s.FalseCompromises) > 0 {
		t.Errorf("called compromised and are not: %v", s.FalseCompromises)
	}
	if 5*s.Right < 4*s.Organizations {
		t.Errorf("%d of %d verdicts are right, want 80 %%: %+v", s.Right, s.Organizations, s.Misses)
	}
	if 20*s.Malicious < 19*s.Cited {
		t.Errorf("%d of %d cited lines are an actor's, want 95 %%: %+v", s.Malicious, s.Cited, s.Wrong)
	}
}
