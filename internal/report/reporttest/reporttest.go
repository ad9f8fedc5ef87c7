// Package reporttest makes assessments of any size for the tests of renderers.
// Everything in them is made up.
package reporttest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vedette-cti/vedette"
)

// Start is when the telemetry of made-up assessments begins.
var Start = time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC)

const weeks = 26

var (
	sectors   = []string{"education", "government-national", "technology", "manufacturing", "telecommunications", "defense", "non-profit", "financial-services"}
	countries = []string{"TW", "TW", "TW", "LA", "KE", "RW", "HK", "KR", "DJ"}
	kinds     = []vedette.BlindSpotKind{vedette.BlindNoInbound, vedette.BlindDark, vedette.BlindSilentAsset, vedette.BlindNetworkOnly,
		vedette.BlindNetworkOnly, vedette.BlindNoOutbound, vedette.BlindClock, vedette.BlindLate, vedette.BlindTechnique}
)

// Assessment makes one of n organizations: an eighth of them entered, a half
// attacked, a fifth looked over, the others none; some are blind. The same n
// gives the same.
func Assessment(n int) *vedette.Assessment {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	a := &vedette.Assessment{Start: Start, End: Start.AddDate(0, 0, 7*weeks), Sources: 6 * n, Simulated: true}
	a.Ledger = vedette.Ledger{Read: int64(30000*n + 12), Stored: int64(30000 * n), Rejected: 12}
	a.RejectReasons = []vedette.Count{{Name: "time is missing", N: 12}}
	for d := range 7 * weeks {
		a.Timeline = append(a.Timeline, vedette.TimelineDay{Day: Start.AddDate(0, 0, d),
			Findings: [...]int64{0, int64(n * r.IntN(9)), int64(n * r.IntN(5)), int64(r.IntN(2) * n / 20)}})
	}
	number := min(max(3, n/3), 400)
	for i := range number {
		a.Clusters = append(a.Clusters, cluster(r, i, i < max(1, number/40)))
	}
	for i := range n {
		organization(r, a, i)
	}
	for i := range a.Clusters {
		if c := &a.Clusters[i]; len(c.Organizations) == 0 {
			c.Organizations = append(c.Organizations, incident(r, a.Organizations[i%n].Organization.ID, vedette.VerdictReconnaissance, i))
		}
	}
	trends(r, a)
	return a
}

func organization(r *rand.Rand, a *vedette.Assessment, i int) {
	o := &vedette.Organization{ID: fmt.Sprintf("org-%04d", i+1), Sector: sectors[r.IntN(len(sectors))], Country: countries[r.IntN(len(countries))]}
	o.Name = fmt.Sprintf("Made-up %s Institute %d", []string{"Harbor", "Strait", "Jade Mountain", "Circuit", "Old Town"}[r.IntN(5)], i+1)
	v := vedette.OrganizationVerdict{Organization: o, Events: 30000, FirstEvent: a.Start, LastEvent: a.End}
	k := r.IntN(len(a.Clusters))
	switch at := i * 7 % 40; {
	case at < 5:
		v.Verdict, k = vedette.VerdictCompromise, i%max(1, len(a.Clusters)/40)
	case at < 25:
		v.Verdict = vedette.VerdictAttempt
	case at < 33:
		v.Verdict = vedette.VerdictReconnaissance
	case at == 39:
		v.Events = 0
	}
	if v.Verdict > vedette.VerdictNone {
		c := &a.Clusters[k]
		v.Targeted, v.Clusters = c.Targeted, []string{c.ID}
		at := len(c.Organizations) // worst first
		for at > 0 && c.Organizations[at-1].Verdict < v.Verdict {
			at--
		}
		c.Organizations = append(c.Organizations, vedette.ClusterOrganization{})
		copy(c.Organizations[at+1:], c.Organizations[at:])
		c.Organizations[at] = incident(r, o.ID, v.Verdict, i)
	}
	a.Organizations = append(a.Organizations, v)
	if v.Events == 0 {
		a.BlindSpots = append(a.BlindSpots, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindNoTelemetry, Text: "It sent no telemetry at all.", Techniques: []string{"T1190"}})
	} else if r.IntN(3) == 0 {
		blind(r, a, o.ID)
	}
}

func blind(r *rand.Rand, a *vedette.Assessment, id string) {
	for range 1 + r.IntN(3) {
		b := vedette.BlindSpot{Organization: id, Kind: kinds[r.IntN(len(kinds))], Techniques: []string{"T1078", "T1133", "T1190"}}
		b.Text = "Nothing from Zeek (sensors/" + id + "/zeek) arrived from 10 January 2024 00:00 to 13 February 2024 00:00 (34 days; its longest ordinary silence is 7 hours)."
		if b.Kind == vedette.BlindSilentAsset || b.Kind == vedette.BlindNetworkOnly {
			b.Asset = id + "-vpn"
		}
		a.BlindSpots = append(a.BlindSpots, b)
	}
}

func cluster(r *rand.Rand, i int, targeted bool) vedette.Cluster {
	c := vedette.Cluster{ID: fmt.Sprintf("cluster--%08x-0000-5000-8000-000000000000", r.Uint32()), Targeted: targeted,
		FirstSeen: Start.AddDate(0, 0, r.IntN(60)), LastSeen: Start.AddDate(0, 0, 80+r.IntN(100)), Reasons: []string{"keeps separate infrastructure for control"}}
	c.Name = fmt.Sprintf("Cluster %06X", r.IntN(1<<24))
	for k := range 3 + r.IntN(40) {
		c.Infrastructure = append(c.Infrastructure, vedette.Infrastructure{Value: fmt.Sprintf("198.51.%d.%d", i%250, k), Type: "ipv4-addr", Roles: vedette.RoleScanner,
			FirstSeen: c.FirstSeen, LastSeen: c.LastSeen, Findings: int64(r.IntN(900))})
	}
	c.Techniques = []vedette.Count{{Name: "T1190", N: 120}, {Name: "T1595.002", N: 80}}
	return c
}

func incident(r *rand.Rand, id string, v vedette.Verdict, i int) vedette.ClusterOrganization {
	at := Start.AddDate(0, 0, r.IntN(180))
	o := vedette.ClusterOrganization{ID: id, Verdict: v, Confidence: 50 + r.IntN(50), FirstSeen: at, LastSeen: at.AddDate(0, 0, 9), Findings: int64(1 + r.IntN(900))}
	title := [...]string{"", "Ports scanned", "SQL injection", "Web shell in use"}[v]
	o.Reason = fmt.Sprintf("%s: %s (\"/uploads/2023/x%d.php\", never asked for before, was used 111 times by 3 clients) on 16 November 2023 02:04 UTC. It follows 188 earlier findings of 20 kinds from the same cluster.",
		[...]string{"None", "Reconnaissance", "Attempt", "Compromise"}[v], title, i)
	for k := range 4 + r.IntN(8) {
		o.Evidence = append(o.Evidence, vedette.EvidenceItem{Time: at.Add(time.Duration(k) * time.Minute), Detector: "webshell", Rule: "web-shell", Title: title,
			Technique: "T1505.003", Stage: v, Summary: fmt.Sprintf("seen %d times", k), Count: int64(k + 1), File: "logs/" + id + "/www/access-2023-11.log.gz", Line: int64(100 + k),
			Original: `198.51.100.7 - - [21/Nov/2023:10:48:57 +0800] "POST /uploads/2023/x.php HTTP/1.1" 200 15490 "-" "Mozilla/5.0 (Windows NT 6.1)"`})
	}
	return o
}

// trends adds one for each cluster, sector, country, and the whole; a third of
// them claim something.
func trends(r *rand.Rand, a *vedette.Assessment) {
	add := func(kind vedette.TrendKind, name string) {
		t := vedette.Trend{Kind: kind, Name: name}
		for w := range weeks {
			f := int64(r.IntN(200))
			if w == weeks-1 {
				f *= 4
			}
			p := vedette.TrendPoint{Start: Start.AddDate(0, 0, 7*w), Findings: f, Organizations: f / 20, Exposure: float64(len(a.Organizations))}
			t.Weeks, t.Days = append(t.Weeks, p), append(t.Days, p)
		}
		if last := t.Weeks[weeks-1]; r.IntN(3) == 0 || kind == vedette.TrendConstituency {
			t.Claims = append(t.Claims, vedette.TrendClaim{Kind: vedette.ClaimRecord, Measure: vedette.MeasureFindings, From: last.Start, To: a.End, Value: float64(last.Findings),
				Usual: 90, Periods: weeks - 1, P: 0.0004, Q: 0.01, Text: fmt.Sprintf("First at this magnitude: %d findings in the week of 24 April 2024, against 90 expected from the 25 weeks before (p = 0.0004).", last.Findings)})
		}
		a.Trends = append(a.Trends, t)
	}
	add(vedette.TrendConstituency, "")
	for i := range a.Clusters {
		add(vedette.TrendCluster, a.Clusters[i].ID)
	}
	for _, c := range []string{"TW", "KE", "LA"} {
		add(vedette.TrendCountry, c)
	}
	for _, s := range sectors {
		add(vedette.TrendSector, s)
	}
}
