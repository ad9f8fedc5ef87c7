package html

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// Bounds of the page. Whatever is beyond is counted on the page itself.
const (
	maxRows          = 1000    // organizations in the table
	maxOpenRows      = 60      // organizations that are not folded
	maxGroups        = 12      // bars of a chart
	maxReasons       = 40      // of rejection
	maxOpportunistic = 30      // clusters in the compact table
	maxText          = 3 << 19 // bytes of evidence, after escaping
)

// view is what the template shows: text cleaned, sums made, lists cut.
type view struct {
	Style         template.CSS
	Policy        string
	Simulated     bool
	Title, Period string
	Judgments     []judgment
	Entered       []entry
	MoreEntered   []entry // folded
	EnteredRest   string
	Attacked      []entry
	MoreAttacked  []entry // folded
	AttackedRest  string
	Looked        string
	Nones         []entry // none, but blind
	MoreNones     []entry // folded
	NonesRest     string
	Blind         []blindGroup
	Unseen        []technique
	Claims        []claim
	MoreClaims    []claim // folded
	ClaimsRest    string
	NoTrend       string
	FoldRows      bool
	Figures       figures
	Timeline      *timelineView
	Sectors       *groupView
	Countries     *groupView
	Rows          []row
	MoreRows      string
	Detailed      []clusterView
	MoreDetailed  string
	Compact       []compactCluster
	MoreCompact   string
	Ledger        vedette.Ledger
	Reasons       []vedette.Count
	MoreReasons   string
}

// figures are the numbers at the top.
type figures struct {
	Organizations                     int64
	ByVerdict                         [vedette.VerdictCompromise + 1]int64
	Silent                            int64 // sent no telemetry
	Clusters, Targeted, Opportunistic int64
	Events, Sources                   int64
}

type timelineView struct {
	Charts  []chart // wide, narrow
	Grain   string
	Numbers []bucketRow
}

type bucketRow struct {
	Start    time.Time
	Findings []int64 // worst first, without none
}

type groupView struct {
	Chart  chart
	Kind   string
	Groups []group
}

// row is one organization of the table.
type row struct {
	Name, ID, Sector, Country string
	Verdict                   vedette.Verdict
	By                        string // targeted, opportunistic, or nothing
	Blind                     string // what can hide an attack
	Cluster, Anchor           string // that the verdict stems from, if the page has it in full
	Events                    int64
	First, Last               time.Time
}

func newView(a *vedette.Assessment) *view {
	v := &view{
		Style: template.CSS(styleText), Policy: policy, Simulated: a.Simulated, Title: "Perimeter assessment",
		Period: span(a.Start, a.End), Figures: newFigures(a), Ledger: a.Ledger,
		Timeline: newTimeline(a.Timeline),
		Sectors:  groupsBy("sector", a.Organizations, func(o *vedette.Organization) string { return sector(o.Sector) }),
		Countries: groupsBy("country", a.Organizations, func(o *vedette.Organization) string {
			return cmp.Or(country(o.Country), "not stated")
		}),
	}
	names := make(map[string]string)
	for _, o := range a.Organizations {
		names[o.Organization.ID] = clean(cmp.Or(o.Organization.Name, o.Organization.ID), 80)
	}
	v.Judgments = judge(a, names)
	anchors := v.clusters(a, names)
	v.rows(a, names, anchors)
	v.FoldRows = len(v.Rows) > maxOpenRows
	v.entries(a, names, anchors)
	v.blind(a, names)
	v.trends(a, anchors)
	for i, r := range a.RejectReasons {
		if i == maxReasons {
			v.MoreReasons = plural(int64(len(a.RejectReasons)-i), "more reason")
			break
		}
		v.Reasons = append(v.Reasons, vedette.Count{Name: clean(r.Name, 200), N: r.N})
	}
	return v
}

func newFigures(a *vedette.Assessment) figures {
	f := figures{Organizations: int64(len(a.Organizations)), Sources: int64(a.Sources), Events: a.Ledger.Stored}
	for _, o := range a.Organizations {
		f.ByVerdict[o.Verdict]++
		if o.Events == 0 {
			f.Silent++
		}
	}
	for i := range a.Clusters {
		f.Clusters++
		if a.Clusters[i].Targeted {
			f.Targeted++
		}
	}
	f.Opportunistic = f.Clusters - f.Targeted
	return f
}

func newTimeline(days []vedette.TimelineDay) *timelineView {
	bs, g := buckets(days)
	if len(bs) == 0 {
		return nil
	}
	t := &timelineView{Grain: g.name, Charts: []chart{timeline("timeline-wide", bs, g, 760), timeline("timeline-narrow", bs, g, 350)}}
	for _, b := range bs {
		if b.total() == 0 {
			continue
		}
		r := bucketRow{Start: b.start}
		for _, v := range worstFirst[:3] {
			r.Findings = append(r.Findings, b.findings[v])
		}
		t.Numbers = append(t.Numbers, r)
	}
	return t
}

// describeTimeline is the chart in words.
func describeTimeline(bs []bucket, g grain) string {
	var sums [vedette.VerdictCompromise + 1]int64
	busiest := 0
	for i, b := range bs {
		for v, n := range b.findings {
			sums[v] += n
		}
		if b.total() > bs[busiest].total() {
			busiest = i
		}
	}
	if len(bs) == 0 {
		return "No findings."
	}
	return plural(sums[vedette.VerdictCompromise]+sums[vedette.VerdictAttempt]+sums[vedette.VerdictReconnaissance], "finding") +
		" from " + longDate(bs[0].start) + " on: " + thousands(sums[vedette.VerdictCompromise]) + " of compromise, " +
		thousands(sums[vedette.VerdictAttempt]) + " of attempt, " + thousands(sums[vedette.VerdictReconnaissance]) +
		" of reconnaissance. The busiest " + g.name + " began on " + longDate(bs[busiest].start) + " with " + thousands(bs[busiest].total()) + "."
}

// groupsBy counts organizations by key and verdict, worst group first.
func groupsBy(kind string, all []vedette.OrganizationVerdict, key func(*vedette.Organization) string) *groupView {
	index := make(map[string]int)
	var groups []group
	for _, o := range all {
		k := key(o.Organization)
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, group{Name: k})
		}
		groups[i].Verdicts[o.Verdict]++
	}
	if len(groups) == 0 {
		return nil
	}
	slices.SortFunc(groups, func(a, b group) int {
		for _, v := range worstFirst {
			if c := cmp.Compare(b.Verdicts[v], a.Verdicts[v]); c != 0 {
				return c
			}
		}
		return strings.Compare(a.Name, b.Name)
	})
	if len(groups) > maxGroups {
		rest := group{Name: plural(int64(len(groups)-maxGroups+1), "other")}
		for _, g := range groups[maxGroups-1:] {
			for v, n := range g.Verdicts {
				rest.Verdicts[v] += n
			}
		}
		groups = append(groups[:maxGroups-1:maxGroups-1], rest)
	}
	desc := "Organizations by " + kind + ", worst verdict first: "
	for i, g := range groups {
		if i > 0 {
			desc += "; "
		}
		desc += g.Name + " " + thousands(g.Total()) + ", of them " + thousands(g.Verdicts[vedette.VerdictCompromise]) +
			" compromise and " + thousands(g.Verdicts[vedette.VerdictAttempt]) + " attempt"
	}
	return &groupView{bars("by-"+kind, "Organizations by "+kind+" and verdict", desc+".", groups), kind, groups}
}

// rows lists organizations worst first, otherwise in the constituency's order.
func (v *view) rows(a *vedette.Assessment, names, anchors map[string]string) {
	decisive, hidden := report.Decisive(a), a.Hidden()
	order := make([]*vedette.OrganizationVerdict, len(a.Organizations))
	for i := range a.Organizations {
		order[i] = &a.Organizations[i]
	}
	slices.SortStableFunc(order, func(x, y *vedette.OrganizationVerdict) int {
		if c := cmp.Compare(y.Verdict, x.Verdict); c != 0 {
			return c
		}
		return cmp.Compare(rank(x), rank(y))
	})
	var rest [vedette.VerdictCompromise + 1]int64
	for i, o := range order {
		if i >= maxRows {
			rest[o.Verdict]++
			continue
		}
		r := row{
			Name: names[o.Organization.ID], ID: clean(o.Organization.ID, 80), Sector: sector(o.Organization.Sector),
			Country: cmp.Or(country(o.Organization.Country), "not stated"), Verdict: o.Verdict, Events: o.Events,
			First: o.FirstEvent, Last: o.LastEvent,
		}
		if o.Verdict > vedette.VerdictNone {
			r.By = kindOf(o.Targeted)
		}
		if spots := hidden[o.Organization.ID]; len(spots) > 0 {
			r.Blind = clean(spots[0].Text, 120)
		}
		if c := decisive[o.Organization.ID]; c != nil {
			r.Cluster, r.Anchor = clean(c.Name, 80), anchors[c.ID]
		}
		v.Rows = append(v.Rows, r)
	}
	if len(order) > maxRows {
		v.MoreRows = plural(int64(len(order)-maxRows), "more organization") + ", none with a worse verdict: " + tally(rest)
	}
}

// rank puts targeted before opportunistic, and those without telemetry last.
func rank(o *vedette.OrganizationVerdict) int {
	switch {
	case o.Targeted:
		return 0
	case o.Events > 0:
		return 1
	}
	return 2
}

func kindOf(targeted bool) string {
	if targeted {
		return "targeted"
	}
	return "opportunistic"
}

// tally writes counts by verdict, worst first, without zeros.
func tally(n [vedette.VerdictCompromise + 1]int64) string {
	var parts []string
	for _, v := range worstFirst {
		if n[v] > 0 {
			parts = append(parts, thousands(n[v])+" "+v.String())
		}
	}
	return strings.Join(parts, ", ")
}
