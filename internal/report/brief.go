package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Entry is an organization with the incident that its verdict stems from.
type Entry struct {
	*vedette.OrganizationVerdict
	Cluster  *vedette.Cluster             // nil if no cluster explains the verdict
	Incident *vedette.ClusterOrganization // nil then, too
}

// Entries returns the organizations with that verdict: targeted ones first,
// then the surest, else in the constituency's order.
func Entries(a *vedette.Assessment, v vedette.Verdict) []Entry {
	var out []Entry
	decisive := Decisive(a)
	for i := range a.Organizations {
		o := &a.Organizations[i]
		if o.Verdict != v {
			continue
		}
		e := Entry{OrganizationVerdict: o}
		if e.Cluster = decisive[o.Organization.ID]; e.Cluster != nil {
			k := slices.IndexFunc(e.Cluster.Organizations, func(c vedette.ClusterOrganization) bool { return c.ID == o.Organization.ID })
			e.Incident = &e.Cluster.Organizations[k]
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(y.confidence(), x.confidence()))
	})
	return out
}

func (e *Entry) rank() int {
	if e.Targeted {
		return 0
	}
	return 1
}

func (e *Entry) confidence() int {
	if e.Incident == nil {
		return 0
	}
	return e.Incident.Confidence
}

// Proof is up to n pieces of evidence that name a line, of the finding that
// carries the verdict.
func (e *Entry) Proof(n int) (out []vedette.EvidenceItem) {
	if e.Incident == nil {
		return nil
	}
	for _, item := range e.Incident.Evidence {
		if item.File != "" && len(out) < n && (out == nil || item.Rule == out[0].Rule && item.Title == out[0].Title) {
			out = append(out, item)
		}
	}
	return out
}

// Decisive finds, for every organization, the first cluster that its verdict
// stems from.
func Decisive(a *vedette.Assessment) map[string]*vedette.Cluster {
	verdicts := make(map[string]*vedette.OrganizationVerdict)
	for i := range a.Organizations {
		verdicts[a.Organizations[i].Organization.ID] = &a.Organizations[i]
	}
	out := make(map[string]*vedette.Cluster)
	for i := range a.Clusters {
		c := &a.Clusters[i]
		for k := range c.Organizations {
			o := verdicts[c.Organizations[k].ID]
			if o != nil && out[o.Organization.ID] == nil && o.Verdict == c.Organizations[k].Verdict && o.Targeted == c.Targeted {
				out[o.Organization.ID] = c
			}
		}
	}
	return out
}

// BlindGroup is the blind spots of one kind.
type BlindGroup struct {
	Kind  vedette.BlindSpotKind
	Title string
	Alike bool // all say the same: the names are enough
	Spots []vedette.BlindSpot
}

var blindTitles = []BlindGroup{
	{Kind: vedette.BlindNoTelemetry, Title: "send nothing", Alike: true},
	{Kind: vedette.BlindNoInbound, Title: "show nothing of what comes in from outside", Alike: true},
	{Kind: vedette.BlindDark, Title: "went dark"},
	{Kind: vedette.BlindLate, Title: "began late"},
	{Kind: vedette.BlindSilentAsset, Title: "have exposed devices that nothing sees", Alike: true},
	{Kind: vedette.BlindNetworkOnly, Title: "have exposed devices that send no log and that only network sensors see", Alike: true},
	{Kind: vedette.BlindNoOutbound, Title: "show nothing of what their machines open outward", Alike: true},
	{Kind: vedette.BlindClock, Title: "have wrong clocks"},
}

// BlindGroups returns the blind spots by kind, gravest first; techniques are
// left out (see Unseen). Organizations without telemetry are in it even if
// nobody looked for blind spots.
func BlindGroups(a *vedette.Assessment) []BlindGroup {
	var out []BlindGroup
	for _, g := range blindTitles {
		for _, b := range a.BlindSpots {
			if b.Kind == g.Kind {
				g.Spots = append(g.Spots, b)
			}
		}
		if g.Kind == vedette.BlindNoTelemetry && g.Spots == nil {
			for _, o := range a.Organizations {
				if o.Events == 0 {
					g.Spots = append(g.Spots, vedette.BlindSpot{Organization: o.Organization.ID, Kind: g.Kind, Text: "It sent no telemetry at all."})
				}
			}
		}
		if len(g.Spots) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// Names lists whom the group is about: devices by name, else organizations.
func (g *BlindGroup) Names() []string {
	out := make([]string, len(g.Spots))
	for i, b := range g.Spots {
		switch {
		case b.Asset == "":
			out[i] = b.Organization
		case strings.HasPrefix(b.Asset, b.Organization):
			out[i] = b.Asset
		default:
			out[i] = b.Organization + " " + b.Asset
		}
	}
	return out
}

// Heading is how many organizations the group is about and what is the matter
// with them.
func (g *BlindGroup) Heading() (n int, what string) {
	if n = g.Organizations(); n != 1 {
		return n, g.Title
	}
	verb, rest, _ := strings.Cut(g.Title, " ")
	switch verb {
	case "have":
		verb = "has"
	case "send", "show":
		verb += "s"
	}
	return n, strings.Replace(verb+" "+rest, " their ", " its ", 1)
}

// Organizations counts those of the group.
func (g *BlindGroup) Organizations() int {
	seen := make(map[string]bool)
	for _, b := range g.Spots {
		seen[b.Organization] = true
	}
	return len(seen)
}

// Unseen counts, for each technique, the organizations that could not show it,
// most first. Devices without a log count only where nothing else sees them.
func Unseen(a *vedette.Assessment) []vedette.Count {
	seen := make(map[[2]string]bool)
	n := make(map[string]int64)
	for _, b := range a.BlindSpots {
		if b.Kind == vedette.BlindSilentAsset || b.Kind == vedette.BlindNetworkOnly {
			continue
		}
		for _, t := range b.Techniques {
			if k := [2]string{b.Organization, t}; !seen[k] {
				seen[k] = true
				n[t]++
			}
		}
	}
	var out []vedette.Count
	for t, k := range n {
		out = append(out, vedette.Count{Name: t, N: k})
	}
	slices.SortFunc(out, func(x, y vedette.Count) int { return cmp.Or(cmp.Compare(y.N, x.N), strings.Compare(x.Name, y.Name)) })
	return out
}

// BlindNones says how much the verdicts of none are worth; empty if all of them
// are worth something.
func BlindNones(a *vedette.Assessment) string {
	none, blind := 0, 0
	hidden := a.Hidden()
	for _, o := range a.Organizations {
		if o.Verdict == vedette.VerdictNone {
			none++
			if o.Events == 0 || len(hidden[o.Organization.ID]) > 0 {
				blind++
			}
		}
	}
	s, where := "s", fmt.Sprintf("at %d of them an attack", blind)
	if none == 1 {
		s = ""
	}
	if blind == none {
		where = "an attack there"
	}
	if blind == 0 {
		return ""
	}
	return fmt.Sprintf("Nothing was found at %d organization%s, but %s could have passed unseen.", none, s, where)
}

// TrendClaim is a claim with the trend that it is about.
type TrendClaim struct {
	*vedette.TrendClaim
	Trend *vedette.Trend
}

// TrendClaims returns all claims: what is more than usual first, then changes,
// then rhythms; within, in the order of the trends.
func TrendClaims(a *vedette.Assessment) []TrendClaim {
	var out []TrendClaim
	for i := range a.Trends {
		for k := range a.Trends[i].Claims {
			out = append(out, TrendClaim{&a.Trends[i].Claims[k], &a.Trends[i]})
		}
	}
	order := map[vedette.TrendClaimKind]int{vedette.ClaimRise: 1, vedette.ClaimChange: 2, vedette.ClaimFall: 3, vedette.ClaimWeekday: 4, vedette.ClaimHour: 4}
	slices.SortStableFunc(out, func(x, y TrendClaim) int { return cmp.Compare(order[x.Kind], order[y.Kind]) })
	return out
}

// NoTrend says why there is nothing to tell of trends; empty if there is.
func NoTrend(a *vedette.Assessment) string {
	weeks := 0
	for i := range a.Trends {
		weeks = max(weeks, len(a.Trends[i].Weeks))
		if len(a.Trends[i].Claims) > 0 {
			return ""
		}
	}
	if weeks < minWeeks {
		return fmt.Sprintf("The past is too short to compare with: %d whole weeks of telemetry, and %d are needed.", weeks, minWeeks)
	}
	return fmt.Sprintf("Nothing is more than usual: over %d weeks and %d subjects (clusters, sectors, countries, techniques) no count differs from its past beyond chance.",
		weeks, len(a.Trends))
}

// minWeeks is how many whole weeks the first comparison needs.
const minWeeks = 9

// Subject names what a trend is about. clusters gives the names by id.
func Subject(t *vedette.Trend, clusters map[string]*vedette.Cluster) string {
	switch t.Kind {
	case vedette.TrendConstituency:
		return "All organizations"
	case vedette.TrendCluster:
		if c := clusters[t.Name]; c != nil {
			return c.Name
		}
	case vedette.TrendSector:
		return "Sector " + t.Name
	case vedette.TrendCountry:
		return "Country " + t.Name
	}
	return t.Name
}

// ClustersByID indexes the clusters of an assessment.
func ClustersByID(a *vedette.Assessment) map[string]*vedette.Cluster {
	out := make(map[string]*vedette.Cluster)
	for i := range a.Clusters {
		out[a.Clusters[i].ID] = &a.Clusters[i]
	}
	return out
}
