package trend

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
	"github.com/vedette-cti/vedette/internal/store/duckdb"
)

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a real store with a constituency of organizations that each send one
// event an hour.
type world struct {
	t          testing.TB
	store      store.Store
	in         Input
	detections []vedette.Detection
}

func newWorld(t testing.TB, days int, organizations ...vedette.Organization) *world {
	t.Helper()
	s, err := duckdb.Open(context.Background(), t.TempDir(), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t, store: s}
	w.in = Input{Constituency: &vedette.Constituency{Organizations: organizations}, Events: s,
		Assessment: &vedette.Assessment{Start: start, End: start.AddDate(0, 0, days)}}
	for i, o := range organizations {
		b := &vedette.Batch{Source: &vedette.Source{ID: vedette.ID{byte(i + 1)}, Path: o.ID}}
		for h := range days * 24 {
			e := b.Add()
			e.Source, e.Organization, e.Line = b.Source, o.ID, int64(h+1)
			e.Time = start.Add(time.Duration(h) * time.Hour).UnixNano()
		}
		b.Ledger = vedette.Ledger{Read: int64(len(b.Events)), Stored: int64(len(b.Events))}
		if err := s.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

// found adds n findings of an actor at an organization.
func (w *world) found(at time.Time, organization, actor string, n int64, techniques ...string) {
	for range n {
		d := vedette.Detection{Time: at.UnixNano(), LastTime: at.UnixNano(), Detector: "scan", Rule: "r", Organization: organization,
			Stage: vedette.VerdictAttempt, Techniques: techniques, Count: 1, Confidence: 50}
		d.ID = vedette.ID{byte(len(w.detections)), byte(len(w.detections) >> 8), byte(len(w.detections) >> 16), 1}
		d.Actor, _ = netip.ParseAddr(actor)
		w.detections = append(w.detections, d)
	}
}

func (w *world) assess(clusters ...vedette.Cluster) []vedette.Trend {
	w.t.Helper()
	if err := w.store.ReplaceDetections(context.Background(), "scan", w.detections); err != nil {
		w.t.Fatal(err)
	}
	w.in.Assessment.Clusters = clusters
	got, err := Assess(context.Background(), w.in)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func cluster(id, address string, organizations ...string) vedette.Cluster {
	c := vedette.Cluster{ID: id, Infrastructure: []vedette.Infrastructure{{Value: address}}}
	for _, o := range organizations {
		c.Organizations = append(c.Organizations, vedette.ClusterOrganization{ID: o, Verdict: vedette.VerdictAttempt})
	}
	return c
}

func find(ts []vedette.Trend, kind vedette.TrendKind, name string) vedette.Trend {
	for _, t := range ts {
		if t.Kind == kind && t.Name == name {
			return t
		}
	}
	return vedette.Trend{}
}

func TestCount(t *testing.T) {
	w := newWorld(t, 15, vedette.Organization{ID: "a", Sector: "education", Country: "TW"}, vedette.Organization{ID: "b", Sector: "education", Country: "KE"})
	at := start.AddDate(0, 0, 3)
	w.found(start, "a", "198.51.100.1", 9, "T1190")           // before the first whole week
	w.found(at, "a", "198.51.100.1", 2, "T1190", "T1595.002") // a Thursday
	w.found(at, "b", "198.51.100.1", 1, "T1190")
	w.found(at.AddDate(0, 0, 1), "a", "198.51.100.1", 4, "T1190")
	w.found(at.AddDate(0, 0, 7), "b", "198.51.100.1", 1, "T1190")
	w.found(at, "a", "198.51.100.9", 50, "T1190") // in no cluster
	w.found(at, "b", "198.51.100.2", 50, "T1190") // of a cluster without a verdict there
	w.found(at, "b", "", 1, "T1078")              // nobody shows
	got := w.assess(cluster("one", "198.51.100.1", "a", "b"), cluster("two", "198.51.100.2", "a"))
	f := func(kind vedette.TrendKind, name, want string) {
		t.Helper()
		s := ""
		for _, p := range find(got, kind, name).Weeks {
			s += fmt.Sprintf("%s:%d/%d/%g ", p.Start.Format("2"), p.Findings, p.Organizations, p.Exposure)
		}
		if s != want {
			t.Errorf("%s %s: %q, want %q", kind, name, s, want)
		}
	}
	f(vedette.TrendConstituency, "", "2:8/2/2 9:1/1/2 ")
	f(vedette.TrendCluster, "one", "2:7/2/2 9:1/1/2 ")
	f(vedette.TrendCluster, "two", "")
	f(vedette.TrendSector, "education", "2:8/2/2 9:1/1/2 ")
	f(vedette.TrendCountry, "TW", "2:6/1/1 9:0/0/1 ")
	f(vedette.TrendTechnique, "T1595.002", "2:2/1/2 9:0/0/2 ")
	f(vedette.TrendTechnique, "T1078", "2:1/1/2 9:0/0/2 ")
	days := find(got, vedette.TrendCluster, "one").Days
	if len(days) != 3 || days[0].Findings != 3 || days[0].Organizations != 2 || days[1].Findings != 4 || days[0].Exposure != 2 {
		t.Errorf("days %+v", days)
	}
	for _, x := range got {
		if len(x.Claims) > 0 {
			t.Errorf("two weeks are enough to claim %+v", x.Claims)
		}
	}
}

// TestNothing asks a store without events.
func TestNothing(t *testing.T) {
	if got := newWorld(t, 0).assess(); got != nil {
		t.Errorf("%+v", got)
	}
	if got := newWorld(t, 4, vedette.Organization{ID: "a"}).assess(); got != nil {
		t.Errorf("less than a week: %+v", got)
	}
}

func claims(ts []vedette.Trend, kind vedette.TrendKind) (out []vedette.TrendClaimKind) {
	for _, t := range ts {
		for _, c := range t.Claims {
			if t.Kind == kind {
				out = append(out, c.Kind)
			}
		}
	}
	return out
}

// TestClaims plants a last week of four times the level, and the same with as
// many more organizations that send telemetry, which is no rise.
func TestClaims(t *testing.T) {
	f := func(weeks int, factor int64, want ...vedette.TrendClaimKind) {
		t.Helper()
		w := newWorld(t, 7*weeks, vedette.Organization{ID: "a"})
		for i := range weeks {
			n := int64(8 + i*3%5)
			if i == weeks-1 {
				n *= factor
			}
			w.found(start.AddDate(0, 0, 7*i+i%7).Add(time.Duration(i*7%24)*time.Hour), "a", "198.51.100.1", n, "T1190")
		}
		if got := claims(w.assess(cluster("one", "198.51.100.1", "a")), vedette.TrendConstituency); !slices.Equal(got, want) {
			t.Errorf("%d weeks times %d: claims %q, want %q", weeks, factor, got, want)
		}
	}
	f(26, 1)
	f(26, 4, vedette.ClaimRecord)
	f(11, 5, vedette.ClaimRise) // too few weeks for a record
	f(minPast, 20)              // too few for anything
	f(26, 0, vedette.ClaimFall)
}

// TestChangeSentence says how long a level lasted.
func TestChangeSentence(t *testing.T) {
	s, m := &subject{kind: vedette.TrendConstituency}, &series{measure: vedette.MeasureFindings}
	for i, n := range []int64{4, 5, 3, 4, 6, 5, 4, 40, 45, 39, 41, 44, 4, 5, 3, 4, 6} {
		m.weeks = append(m.weeks, point{start: dayOf(start) + day(7*i), count: n, exposure: 1})
	}
	var got []string
	for _, c := range lasting(s, m) {
		got = append(got, c.Text)
	}
	want := []string{"From the week of 19 February 2024 the level rose from 4.4 to 41.8 findings a week and stayed there until 25 March 2024 (p < 0.0001).",
		"From the week of 25 March 2024 the level fell from 41.8 to 4.4 findings a week and stayed there (p < 0.0001)."}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want\n%q", got, want)
	}
}

func TestExposure(t *testing.T) {
	s := &subject{kind: vedette.TrendConstituency}
	m := &series{measure: vedette.MeasureFindings}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 26 {
		p := point{start: day(7 * i), count: draw(r, 20, 10), exposure: 10}
		if i == 25 {
			p.count, p.exposure = 80, 40
		}
		m.weeks = append(m.weeks, p)
	}
	for _, c := range compare(s, m) {
		if c.P < 0.1 {
			t.Errorf("four times the telemetry: %+v", c)
		}
	}
	m.weeks[25].exposure = 0 // the sensors were dark: nothing fell
	m.weeks[25].count = 0
	for _, c := range compare(s, m) {
		if c.Kind == vedette.ClaimFall && c.From == m.weeks[25].start.time() {
			t.Errorf("a week without telemetry: %+v", c)
		}
	}
}

// TestCorrect is the example of Benjamini and Hochberg (1995), section 4.
func TestCorrect(t *testing.T) {
	var asked []claim
	for _, p := range []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1} {
		asked = append(asked, claim{vedette.TrendClaim{P: p}, 0})
	}
	slices.Reverse(asked)
	correct(asked)
	n := 0
	for _, c := range asked {
		if c.Q <= 0.05 {
			n++
		}
	}
	if n != 4 || math.Abs(asked[14].Q-0.0015) > 1e-9 {
		t.Errorf("%d of 15 pass, want 4; smallest q %g", n, asked[14].Q)
	}
}

// TestOrder gives the same whatever order findings were stored in.
func TestOrder(t *testing.T) {
	var want string
	for i := range 3 {
		w := newWorld(t, 28, vedette.Organization{ID: "a", Country: "TW"}, vedette.Organization{ID: "b", Country: "KE"})
		for d := range 28 {
			w.found(start.AddDate(0, 0, d), []string{"a", "b"}[d%2], "198.51.100.1", int64(1+d%4), "T1190", "T1595")
		}
		rand.New(rand.NewPCG(1, uint64(i))).Shuffle(len(w.detections), func(x, y int) {
			w.detections[x], w.detections[y] = w.detections[y], w.detections[x]
		})
		got := fmt.Sprintf("%+v", w.assess(cluster("one", "198.51.100.1", "a", "b")))
		if i == 0 {
			want = got
		}
		if got != want {
			t.Fatalf("order matters:\n%s\n%s", got, want)
		}
	}
}
