package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// sharedData finds the folder of real data beside the repository.
func sharedData(t *testing.T) string {
	t.Helper()
	root := os.Getenv("VEDETTE_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(filepath.Dir(dir), "shared")
	}
	root = filepath.Join(root, "data")
	if _, err := os.Stat(root); err != nil {
		t.Skip("real data is not here: ", err)
	}
	return root
}

// known is what real files below data are, by the first glob that fits.
// Everything that is not a log is refused as a whole.
var known = []struct {
	glob, format string
	rejected     string // "" none, or why all of it
}{
	{"zeek/*.json.gz", "zeek-json", ""},
	{"zeek/*.log.gz", "zeek-tsv", ""},
	{"zeek/*", "", "licences and descriptions"},
	{"access-logs/*.log.gz", "web-access", ""},
	{"access-logs/*", "", "licences, labels and a script"},
	{"softether/samples/*/packet_log/*/*.log", "softether-packet", ""},
	{"softether/samples/*/security_log/*/*.log", "softether", ""},
	{"softether/samples/*/*_log/*.log", "softether", ""},
	{"softether/samples/syslog/*.txt", "softether", ""},
	{"softether/samples/syslog/*.hex", "", "datagrams as hexadecimal numbers"},
	{"softether/samples/pcap/*", "", "packets, not logs"},
	{"softether/samples/rotation-names.txt", "", "file names"},
	{"softether/samples/expected-kinds.tsv", "", "counts"},
}

// TestRealData reads all real logs at once: every one is recognized, and not
// one record of them is refused.
func TestRealData(t *testing.T) {
	root := sharedData(t)
	data := t.TempDir()
	var paths []string
	for _, dir := range []string{"zeek", "access-logs", "softether/samples"} {
		paths = append(paths, filepath.Join(root, filepath.FromSlash(dir)))
	}
	a, err := Analyze(t.Context(), Options{Final: true}, data, paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Detect(t.Context(), Options{}, paths, func(*vedette.Detection) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found.Ledger, a.Assessment.Ledger; got.Read != want.Read || got.Rejected != want.Rejected {
		t.Errorf("detect read %+v, analyze %+v", got, want)
	}
	st, err := OpenExisting(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	states, err := st.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		name, err := filepath.Rel(root, s.Path)
		if err != nil {
			t.Fatal(err)
		}
		checkKnown(t, filepath.ToSlash(name), &s)
	}
	comparePairs(t, st, states)
}

func checkKnown(t *testing.T, name string, s *vedette.SourceState) {
	t.Helper()
	if err := s.Ledger.Check(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, k := range known {
		if ok, err := filepath.Match(k.glob, name); err != nil {
			t.Fatal(err)
		} else if !ok {
			continue
		}
		l := s.Ledger
		if s.Format != k.format {
			t.Errorf("%s: recognized as %q, want %q", name, s.Format, k.format)
		}
		if k.rejected == "" && (l.Rejected > 0 || l.Duplicate > 0 || l.Stored == 0) {
			t.Errorf("%s: %+v, want all stored", name, l)
		}
		if k.rejected != "" && (l.Stored > 0 || l.Rejected == 0) {
			t.Errorf("%s: %+v, want all rejected (%s)", name, l, k.rejected)
		}
		return
	}
	t.Logf("%s: neither a log nor nothing but: %q %+v", name, s.Format, s.Ledger) // transcripts of HTTP
}

// comparePairs compares what the same traffic gave as TSV and as JSON.
func comparePairs(t *testing.T, st store.Store, states []vedette.SourceState) {
	t.Helper()
	ids := make(map[string]vedette.SourceState)
	for _, s := range states {
		ids[filepath.Base(s.Path)] = s
	}
	var columns []string
	for _, c := range vedette.EventColumns {
		switch c.Name {
		case "source", "line", "position", "original", "dataset", "rest":
		default:
			columns = append(columns, c.Name)
		}
	}
	pairs := 0
	for name, tsv := range ids {
		stream, ok := strings.CutSuffix(name, ".log.gz")
		json, both := ids[stream+".json.gz"]
		if !ok || !both || tsv.Format != "zeek-tsv" {
			continue
		}
		pairs++
		if tsv.Ledger != json.Ledger {
			t.Errorf("%s: TSV %+v, JSON %+v", stream, tsv.Ledger, json.Ledger)
		}
		for _, c := range columns {
			if n := differences(t, st, c, tsv.ID, json.ID); n > 0 {
				t.Errorf("%s: %s differs between TSV and JSON %d times", stream, c, n)
			}
		}
	}
	if pairs < 12 {
		t.Errorf("%d pairs of TSV and JSON", pairs)
	}
}

// differences counts the values of a column that one source has and the other
// has not.
func differences(t *testing.T, st store.Store, column string, a, b vedette.ID) (n int64) {
	t.Helper()
	half := "SELECT x." + column + " FROM events x JOIN sources s ON s.seq = x.source WHERE s.identity = ?"
	rows, err := st.QueryContext(t.Context(), fmt.Sprintf("SELECT count(*) FROM (%s EXCEPT ALL %s)", half, half), a.String(), b.String())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
