package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
	"github.com/vedette-cti/vedette/internal/report/reporttest"
)

func TestEntries(t *testing.T) {
	a := reporttest.Assessment(80)
	total := 0
	for v := vedette.VerdictNone; v <= vedette.VerdictCompromise; v++ {
		all := report.Entries(a, v)
		total += len(all)
		for i, e := range all {
			if e.Verdict != v || v > vedette.VerdictNone && (e.Incident == nil || e.Incident.ID != e.Organization.ID || e.Incident.Verdict != v) {
				t.Errorf("%s: %+v", e.Organization.ID, e)
			}
			if i > 0 && !all[i-1].Targeted && e.Targeted {
				t.Errorf("%s comes after an opportunistic one", e.Organization.ID)
			}
			for _, p := range e.Proof(2) {
				if p.File == "" || p.Rule != e.Incident.Evidence[0].Rule {
					t.Errorf("proof %+v", p)
				}
			}
		}
	}
	if total != 80 {
		t.Errorf("%d of 80 organizations", total)
	}
}

func TestBlindGroups(t *testing.T) {
	spots := []vedette.BlindSpot{
		{Organization: "b", Kind: vedette.BlindClock, Text: "."},
		{Organization: "a", Kind: vedette.BlindNoInbound},
		{Organization: "a", Asset: "a-vpn", Kind: vedette.BlindNetworkOnly, Techniques: []string{"T1078"}},
		{Organization: "a", Asset: "192.0.2.1", Kind: vedette.BlindNetworkOnly},
		{Organization: "a", Kind: vedette.BlindTechnique, Techniques: []string{"T1136", "T1136"}},
		{Organization: "b", Kind: vedette.BlindTechnique, Techniques: []string{"T1136", "T1046"}},
	}
	a := &vedette.Assessment{BlindSpots: spots}
	var got []string
	for _, g := range report.BlindGroups(a) {
		n, what := g.Heading()
		got = append(got, fmt.Sprintf("%d %s: %s", n, what, strings.Join(g.Names(), ", ")))
	}
	want := []string{"1 shows nothing of what comes in from outside: a",
		"1 has exposed devices that send no log and that only network sensors see: a-vpn, a 192.0.2.1", "1 has wrong clocks: b"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := fmt.Sprint(report.Unseen(a)); got != "[{T1136 2} {T1046 1}]" {
		t.Errorf("unseen %s", got)
	}
}

func TestBlindNones(t *testing.T) {
	f := func(want string, spots []vedette.BlindSpot, events ...int64) {
		t.Helper()
		a := &vedette.Assessment{BlindSpots: spots}
		for i, n := range events {
			a.Organizations = append(a.Organizations, vedette.OrganizationVerdict{Organization: &vedette.Organization{ID: fmt.Sprint(i)}, Events: n})
		}
		if got := report.BlindNones(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f("", nil, 5, 5)
	f("Nothing was found at 2 organizations, but at 1 of them an attack could have passed unseen.", nil, 5, 0)
	f("Nothing was found at 1 organization, but an attack there could have passed unseen.", []vedette.BlindSpot{{Organization: "0", Kind: vedette.BlindDark}}, 5)
	f("", []vedette.BlindSpot{{Organization: "0", Kind: vedette.BlindClock}}, 5)
}

func TestTrendClaims(t *testing.T) {
	a := &vedette.Assessment{Trends: []vedette.Trend{
		{Kind: vedette.TrendSector, Name: "energy", Claims: []vedette.TrendClaim{{Kind: vedette.ClaimHour}, {Kind: vedette.ClaimFall}}},
		{Kind: vedette.TrendCluster, Name: "cluster--x", Claims: []vedette.TrendClaim{{Kind: vedette.ClaimRecord}, {Kind: vedette.ClaimChange}}},
	}, Clusters: []vedette.Cluster{{ID: "cluster--x", Name: "Cluster X"}}}
	var got []string
	for _, c := range report.TrendClaims(a) {
		got = append(got, report.Subject(c.Trend, report.ClustersByID(a))+" "+string(c.Kind))
	}
	if want := []string{"Cluster X record", "Cluster X change", "Sector energy fall", "Sector energy hour"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if report.NoTrend(a) != "" || !strings.HasPrefix(report.NoTrend(&vedette.Assessment{}), "The past is too short") {
		t.Error("claims, and yet nothing to tell")
	}
}
