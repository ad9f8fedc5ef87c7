package html

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// Bounds of what a reader sees first.
const (
	maxEntered     = 12  // organizations with the reason and a line
	maxProof       = 2   // lines of each of them
	maxOpenEntries = 15  // rows of a table before the rest is folded
	maxEntries     = 150 // organizations of a verdict
	maxWhy         = 240 // characters of a reason in a table
	maxOpenSpots   = 6   // blind spots of a kind before the rest is folded
	maxSpots       = 60  // blind spots of a kind
	maxSpotNames   = 60  // names of a kind
	maxOpenClaims  = 8
	maxClaims      = 60
	maxSparkWeeks  = 52
)

// entry is an organization with what carries its verdict.
type entry struct {
	Name, ID, Place     string
	Verdict             vedette.Verdict
	By, Cluster, Anchor string
	Confidence          int
	Reason              string
	Proof               []line
	Blind               []string
	First               time.Time
}

func newEntry(e *report.Entry, names, anchors map[string]string) entry {
	o := e.Organization
	out := entry{
		Name: names[o.ID], ID: clean(o.ID, 80), Verdict: e.Verdict, By: kindOf(e.Targeted),
		Place: sector(o.Sector) + ", " + cmp.Or(country(o.Country), "country not stated"),
	}
	if e.Cluster != nil {
		out.Cluster, out.Anchor = clean(e.Cluster.Name, 80), anchors[e.Cluster.ID]
		out.Confidence, out.Reason, out.First = e.Incident.Confidence, reason(e.Incident), e.Incident.FirstSeen
	}
	for _, p := range e.Proof(maxProof) {
		out.Proof = append(out.Proof, line{Time: p.Time, Where: clean(p.File, 200) + ":" + strconv.FormatInt(p.Line, 10), Excerpt: excerpt(p.Original, 300)})
	}
	return out
}

// entries fills in who was entered, attacked, looked over, and what none means.
func (v *view) entries(a *vedette.Assessment, names, anchors map[string]string) {
	convert := func(es []report.Entry, open int) (shown, folded []entry, rest string) {
		for i := range es {
			switch e := newEntry(&es[i], names, anchors); {
			case i < open:
				shown = append(shown, e)
			case i < maxEntries:
				e.Reason = clean(e.Reason, maxWhy)
				folded = append(folded, e)
			default:
				return shown, folded, plural(int64(len(es)-i), "more organization") + ": the JSON form has them."
			}
		}
		return shown, folded, ""
	}
	v.Entered, v.MoreEntered, v.EnteredRest = convert(report.Entries(a, vedette.VerdictCompromise), maxEntered)
	v.Attacked, v.MoreAttacked, v.AttackedRest = convert(report.Entries(a, vedette.VerdictAttempt), maxOpenEntries)
	var looked []string
	for _, e := range report.Entries(a, vedette.VerdictReconnaissance) {
		looked = append(looked, names[e.Organization.ID])
	}
	v.Looked = enumerate(looked, maxSpotNames)
	hidden := a.Hidden()
	var blind []report.Entry
	for _, e := range report.Entries(a, vedette.VerdictNone) {
		if e.Events == 0 || len(hidden[e.Organization.ID]) > 0 {
			blind = append(blind, e)
		}
	}
	v.Nones, v.MoreNones, v.NonesRest = convert(blind, maxOpenSpots)
	for _, list := range [][]entry{v.Nones, v.MoreNones} {
		for i := range list {
			list[i].Blind = reasons(hidden[blind[0].Organization.ID])
			blind = blind[1:]
		}
	}
}

// reasons writes at most two blind spots of one organization.
func reasons(spots []vedette.BlindSpot) (out []string) {
	for i, b := range spots {
		if i == 2 {
			return append(out, plural(int64(len(spots)-i), "more blind spot")+".")
		}
		out = append(out, clean(b.Text, maxWhy))
	}
	if out == nil {
		return []string{"It sent no telemetry at all."}
	}
	return out
}

// blindGroup is the blind spots of one kind.
type blindGroup struct {
	Heading       string
	Names         []string // where names are enough
	Shown, Folded []spot
	More          int
}

type spot struct{ Name, Text string }

func (v *view) blind(a *vedette.Assessment, names map[string]string) {
	for _, g := range report.BlindGroups(a) {
		n, what := g.Heading()
		out := blindGroup{Heading: plural(int64(n), "organization") + " " + what}
		for i, b := range g.Spots {
			switch {
			case g.Alike && i < maxSpotNames:
				out.Names = append(out.Names, clean(g.Names()[i], 80))
			case g.Alike || i >= maxSpots:
				out.More = len(g.Spots) - i
			case i < maxOpenSpots:
				out.Shown = append(out.Shown, spot{cmp.Or(names[b.Organization], clean(b.Organization, 80)), clean(b.Text, maxWhy)})
			default:
				out.Folded = append(out.Folded, spot{cmp.Or(names[b.Organization], clean(b.Organization, 80)), clean(b.Text, maxWhy)})
			}
			if out.More > 0 {
				break
			}
		}
		v.Blind = append(v.Blind, out)
	}
	for _, t := range report.Unseen(a) {
		v.Unseen = append(v.Unseen, newTechnique(t.Name, t.N))
	}
}

// claim is one statement about a trend, with a picture of its weeks.
type claim struct {
	Subject, Anchor, Kind, Text string
	Spark                       spark
}

// spark is a row of small bars. Old and New are outlines of the weeks that the
// claim compares with, and of those that it is about.
type spark struct {
	W, H     float64
	Old, New string
	Label    string
}

var claimWords = map[vedette.TrendClaimKind]string{
	vedette.ClaimRecord: "first at this magnitude", vedette.ClaimRise: "more than usual", vedette.ClaimFall: "less than usual",
	vedette.ClaimChange: "lasting change", vedette.ClaimWeekday: "days of the week", vedette.ClaimHour: "hours of the day",
}

// probability keeps a p value on one line.
var probability = strings.NewReplacer("p = ", "p\u00a0=\u00a0", "p < ", "p\u00a0<\u00a0")

func (v *view) trends(a *vedette.Assessment, anchors map[string]string) {
	v.NoTrend = report.NoTrend(a)
	clusters := report.ClustersByID(a)
	all := report.TrendClaims(a)
	for i, c := range all {
		if i == maxClaims {
			v.ClaimsRest = plural(int64(len(all)-i), "more claim") + ": the JSON form has them."
			return
		}
		out := claim{Kind: claimWords[c.Kind], Text: probability.Replace(clean(c.Text, 300)), Spark: newSpark(c), Subject: v.subject(c.Trend, clusters)}
		if c.Trend.Kind == vedette.TrendCluster {
			out.Anchor = anchors[c.Trend.Name]
		}
		if i < maxOpenClaims {
			v.Claims = append(v.Claims, out)
		} else {
			v.MoreClaims = append(v.MoreClaims, out)
		}
	}
}

// subject names what a trend is about, as this page writes it.
func (v *view) subject(t *vedette.Trend, clusters map[string]*vedette.Cluster) string {
	switch t.Kind {
	case vedette.TrendSector:
		return "Sector " + sector(t.Name)
	case vedette.TrendCountry:
		return country(t.Name)
	case vedette.TrendTechnique:
		return strings.TrimSpace(clean(t.Name, 24) + " " + techniques[t.Name])
	}
	return clean(report.Subject(t, clusters), 80)
}

// newSpark draws the last weeks of the claim's measure.
func newSpark(c report.TrendClaim) spark {
	const step, gap, height = 5.0, 1.0, 26.0
	weeks := c.Trend.Weeks[max(0, len(c.Trend.Weeks)-maxSparkWeeks):]
	count := func(p vedette.TrendPoint) int64 {
		if c.Measure == vedette.MeasureOrganizations {
			return p.Organizations
		}
		return p.Findings
	}
	largest := int64(1)
	for _, w := range weeks {
		largest = max(largest, count(w))
	}
	s := spark{W: max(step*float64(len(weeks)), step), H: height}
	y := scale{largest, height - 1}
	var old, now strings.Builder
	for i, w := range weeks {
		b := &old
		if !w.Start.Before(c.From) && w.Start.Before(c.To) && c.Kind != vedette.ClaimWeekday && c.Kind != vedette.ClaimHour {
			b = &now
		}
		h := y.at(count(w)) + 1 // a week without any still shows
		b.WriteString("M" + px(step*float64(i)) + " " + px(height) + "v-" + px(h) + "h" + px(step-gap) + "v" + px(h) + "z")
	}
	s.Old, s.New = old.String(), now.String()
	s.Label = plural(int64(len(weeks)), "week") + " of " + string(c.Measure) + ", at most " + thousands(largest) + " a week"
	return s
}
