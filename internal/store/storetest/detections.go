package storetest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// detection returns the detection number n, which cites the record at offset.
func detection(n int, offset int64) vedette.Detection {
	at := start.Add(time.Duration(n) * time.Minute).UnixNano()
	return vedette.Detection{
		ID: vedette.ID{0xd0, byte(n >> 8), byte(n)}, Time: at, LastTime: at + int64(time.Second), Detector: "sigma", Rule: "rule",
		Severity: vedette.SeverityHigh, Stage: vedette.VerdictAttempt, Count: 1,
		Evidence: []vedette.Evidence{{Event: vedette.ID{0xe0, byte(n)}, Time: at, Offset: offset, Line: offset/100 + 1, File: "f", Original: "line"}},
	}
}

func all(t *testing.T, s store.Store) []vedette.Detection {
	t.Helper()
	var out []vedette.Detection
	for d, err := range s.Detections(ctx) {
		if err != nil {
			t.Fatalf("Detections: %v", err)
		}
		out = append(out, *d)
	}
	return out
}

func same(t *testing.T, s store.Store, want ...vedette.Detection) {
	t.Helper()
	if diff := cmp.Diff(want, all(t, s), cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Detections (-want +got):\n%s", diff)
	}
}

func testDetections(t *testing.T, open Open) {
	s := opened(t, open)
	full := vedette.Detection{
		ID: vedette.ID{0xff, 1}, Time: start.UnixNano(), LastTime: start.Add(time.Hour).UnixNano(), Detector: "scan", Rule: "vertical",
		Title: "A title", Severity: vedette.SeverityCritical, Techniques: []string{"T1595.001", "T1595"}, CVE: "CVE-2024-21887",
		Stage: vedette.VerdictCompromise, Effect: true, Confidence: 85, Weak: true, Tool: "sqlmap", Organization: "edu-07",
		Actor: addr("198.51.100.7"), ActorName: "c2.example", Target: addr("2001:db8::9"), TargetPort: 65535,
		Role: vedette.RoleRelay | vedette.RoleScanner, Indicator: "198.51.100.7", Summary: "臺 'quoted' \"text\"", Count: 1 << 40,
		Evidence: []vedette.Evidence{
			{Event: vedette.ID{1}, Time: start.UnixNano(), File: "a.log", Line: 1, Offset: 2, Source: vedette.ID{3}, Original: "first, with a long original line"},
			{Event: vedette.ID{2}, Time: start.UnixNano() - 1000, File: "b.log", Line: 9, Offset: 8, Source: vedette.ID{4}, Original: "second"},
			{},
		},
	}
	bare := vedette.Detection{ID: vedette.ID{0xfe}, Time: start.UnixNano()}
	later := detection(1, 0)
	b := batch(source(1), vedette.Event{})
	b.Detections = []vedette.Detection{later, full, bare}
	write(t, s, b)
	same(t, s, bare, full, later) // by time, then ID
	for query, want := range map[string]int64{
		"SELECT count(*) FROM detections WHERE severity >= 3":                                         2,
		"SELECT count(*) FROM detections WHERE stage > 1 AND effect":                                  1,
		"SELECT count(*) FROM detections WHERE list_contains(string_split(techniques, ','), 'T1595')": 1,
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if n := count(t, s, "SELECT count(*) FROM detections WHERE actor = ?", vedette.AddrToBig(full.Actor)); n != 1 {
		t.Errorf("%d detections of the actor, want 1", n)
	}
}

// testDetectionsOnce inserts the same detection in one batch, one transaction,
// and later.
func testDetectionsOnce(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	d := detection(1, 0)
	b := batch(source(1), vedette.Event{})
	b.Detections = []vedette.Detection{d, d}
	write(t, s, b, b)
	write(t, s, b)
	same(t, s, d)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	b.Detections = []vedette.Detection{detection(2, 0), d}
	write(t, s, b)
	same(t, s, d, detection(2, 0))
}

func testReplaceDetections(t *testing.T, open Open) {
	s := opened(t, open)
	sigma := detection(1, 0)
	b := batch(source(1), vedette.Event{})
	b.Detections = []vedette.Detection{sigma}
	write(t, s, b)
	var scans []vedette.Detection
	for i := range 5000 {
		d := detection(10+i, 0)
		d.ID[3], d.Detector = 1, "it's a scan"
		scans = append(scans, d)
	}
	replace := func(ds ...vedette.Detection) {
		t.Helper()
		if err := s.ReplaceDetections(ctx, "it's a scan", ds); err != nil {
			t.Fatalf("ReplaceDetections: %v", err)
		}
		same(t, s, append([]vedette.Detection{sigma}, ds...)...)
	}
	replace(scans...)
	replace(scans...) // again the same
	scans[0].Summary, scans[0].Evidence = "changed", nil
	replace(scans[:3]...)
	// Beside an open transaction that adds some of another detector.
	open2 := batch(source(1))
	open2.Detections = []vedette.Detection{detection(2, 0)}
	if err := s.Write(ctx, open2); err != nil {
		t.Fatal(err)
	}
	replace(scans[1:3]...)
	write(t, s)
	same(t, s, append([]vedette.Detection{sigma, detection(2, 0)}, scans[1:3]...)...)
	// A failure changes nothing.
	if err := s.ReplaceDetections(ctx, "it's a scan", []vedette.Detection{scans[1], {Detector: "it's a scan"}}); err == nil {
		t.Error("a detection without ID was taken")
	}
	if err := s.ReplaceDetections(ctx, "beacon", []vedette.Detection{scans[1]}); err == nil {
		t.Error("another detector's detection was taken")
	}
	same(t, s, append([]vedette.Detection{sigma, detection(2, 0)}, scans[1:3]...)...)
	if err := s.ReplaceDetections(ctx, "it's a scan", nil); err != nil {
		t.Fatal(err)
	}
	same(t, s, sigma, detection(2, 0))
	if n := count(t, s, "SELECT count(*) FROM evidence"); n != 2 {
		t.Errorf("%d pieces of evidence are left, want 2", n)
	}
}
