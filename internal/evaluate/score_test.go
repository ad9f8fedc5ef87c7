package evaluate

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
)

// simulation writes a truth of four organizations, a targeted actor with two
// values and a botnet with three.
func simulation(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const truth = `{"ledger": {"read": 9, "stored": 7, "duplicate": 1, "rejected": 1},
 "organizations": [
  {"id": "a", "sensors": "Apache", "verdict": "compromise", "method": "web-shell", "notes": ["entered"]},
  {"id": "b", "verdict": "attempt"}, {"id": "c", "verdict": "attempt"}, {"id": "d", "verdict": "none"}],
 "actors": [
  {"name": "spy", "targeted": true, "infrastructure": [{"value": "192.0.2.1"}, {"value": "c2.example"}]},
  {"name": "bots", "infrastructure": [{"value": "192.0.2.7"}, {"value": "192.0.2.8"}, {"value": "192.0.2.9"}]}]}`
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), []byte(truth), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte("file\tline\tactor\tkind\nlogs/a/x.log.gz\t3\tspy\tscan\nlogs/a/x.log.gz\t4\tbots\tguess\n"))
	z.Close()
	if err := os.WriteFile(filepath.Join(dir, "truth-lines.tsv.gz"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func item(dir, file string, line int64) vedette.EvidenceItem {
	return vedette.EvidenceItem{Detector: "sigma", Rule: "r", File: filepath.Join(dir, filepath.FromSlash(file)), Line: line}
}

func infrastructure(values ...string) (out []vedette.Infrastructure) {
	for _, v := range values {
		out = append(out, vedette.Infrastructure{Value: v})
	}
	return out
}

func TestCompare(t *testing.T) {
	dir := simulation(t)
	truth, err := ReadTruth(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := &vedette.Assessment{
		Ledger: vedette.Ledger{Read: 9, Stored: 7, Duplicate: 1, Rejected: 1},
		Clusters: []vedette.Cluster{
			{ID: "1", Name: "first", Targeted: true, Infrastructure: infrastructure("192.0.2.1", "c2.example"),
				Organizations: []vedette.ClusterOrganization{{ID: "a", Verdict: vedette.VerdictAttempt, Reason: "tried.",
					Evidence: []vedette.EvidenceItem{item(dir, "logs/a/x.log.gz", 3), item(dir, "logs/a/x.log.gz", 5), {Detector: "scan"}}}}},
			{ID: "2", Name: "second", Targeted: true, Infrastructure: infrastructure("192.0.2.7", "192.0.2.8"),
				Organizations: []vedette.ClusterOrganization{{ID: "b", Verdict: vedette.VerdictCompromise, Reason: "odd.",
					Evidence: []vedette.EvidenceItem{item(dir, "logs/a/x.log.gz", 4)}}}},
			{ID: "3", Name: "third", Infrastructure: infrastructure("192.0.2.200")},
		},
	}
	for i, v := range []vedette.Verdict{vedette.VerdictAttempt, vedette.VerdictCompromise, vedette.VerdictAttempt, vedette.VerdictNone} {
		a.Organizations = append(a.Organizations, vedette.OrganizationVerdict{Organization: &vedette.Organization{ID: string(rune('a' + i))}, Verdict: v})
	}
	want := Score{
		Organizations: 4, Right: 2, RightTargeted: 2, Compromises: 1, Found: 0, FalseCompromises: []string{"b"},
		AllPairs: Pairs{4, 2, 2}, TargetedPairs: Pairs{1, 1, 1},
		Opportunistic: 1, OpportunisticRight: 0, Targeted: 1, TargetedRight: 1, Harmless: 1,
		Cited: 3, Malicious: 2, LedgerRight: true,
		Misses: []Miss{
			{"a", vedette.VerdictCompromise, vedette.VerdictAttempt, "truth: Apache, web-shell, entered; assessment: first, tried."},
			{"b", vedette.VerdictAttempt, vedette.VerdictCompromise, "truth: ; assessment: second, odd."},
		},
		Spread: []Spread{{"spy", 2, []int{2}, 0}, {"bots", 3, []int{2}, 1}},
		Wrong:  []Wrong{{"sigma r", 1, "logs/a/x.log.gz:5"}},
	}
	got := Compare(dir, truth, a)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	a.Ledger.Stored, a.Ledger.Rejected = 8, 0
	if Compare(dir, truth, a).LedgerRight {
		t.Error("a ledger that differs counts as equal")
	}
	sum := Together("both", []Row{{Score: got, Seconds: 1, Peak: 5, Records: 9}, {Score: got, Seconds: 2, Peak: 3, Records: 9}})
	if s := sum.Score; s.Organizations != 8 || s.Cited != 6 || s.AllPairs != (Pairs{8, 4, 4}) || len(s.FalseCompromises) != 2 || !s.LedgerRight || sum.Peak != 5 || sum.Seconds != 3 {
		t.Errorf("sum: %+v", sum)
	}
}

func TestTable(t *testing.T) {
	row := Row{Name: "7", Habits: "noise", Seconds: 1.25, Peak: 300, Score: Score{Organizations: 30, Right: 27, RightTargeted: 24, Compromises: 3, Found: 2,
		FalseCompromises: []string{"x"}, AllPairs: Pairs{4, 2, 2}, TargetedPairs: Pairs{1, 1, 1}, Opportunistic: 9, OpportunisticRight: 8, Targeted: 1, TargetedRight: 1, Cited: 5000, Malicious: 4999}}
	f := func(markdown bool, want string) {
		t.Helper()
		var b strings.Builder
		if err := WriteRow(&b, row, markdown); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(b.String()), " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f(true, "| 7 | noise | 30 | 90.0 % | 80.0 % | 2 of 3 | 1 | 0.667 | 1.000 | 8 of 9 | 1 of 1 | 0 | 99.9 % | WRONG | 1.2 | 300 |")
	f(false, "7 noise 30 90.0 % 80.0 % 2 of 3 1 0.667 1.000 8 of 9 1 of 1 0 99.9 % WRONG 1.2 300")
	var b strings.Builder
	if err := WriteHeader(&b, true); err != nil {
		t.Fatal(err)
	}
	head, rule, _ := strings.Cut(strings.TrimSpace(b.String()), "\n")
	if n := strings.Count(head, "|"); n != strings.Count(rule, "|") || n != len(columns)+1 || len(short) != len(columns) {
		t.Errorf("head and rule of the table: %q, %q", head, rule)
	}
}
