package html

import (
	"cmp"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// Bounds of one cluster in full.
const (
	maxDetailed       = 10  // clusters in full
	maxInfrastructure = 40  // addresses and names
	maxIncidents      = 40  // organizations with their evidence
	maxStatements     = 12  // of evidence at one organization
	maxLines          = 12  // of one statement
	maxNames          = 100 // organizations that are only named
	maxExcerpt        = 500 // characters of a log line
)

// clusterView is one cluster in full.
type clusterView struct {
	Anchor, Name, ID, Kind        string
	Reasons                       []string
	Period                        string
	Worst                         vedette.Verdict
	Tally                         string // organizations by verdict
	Origin, OriginNote            string
	Techniques                    []technique
	Tools, CVEs                   []string
	MoreTechniques, MoreTools     int
	MoreCVEs, MoreInfrastructure  int
	Infrastructure                []infrastructure
	Incidents                     []incident
	Others                        []named
	MoreOthers                    int
	InfrastructureCount, Findings int64
}

// technique is an ATT&CK technique with its name as far as the page has it.
type technique struct {
	ID, Name string
	N        int64
}

type infrastructure struct {
	Value, Roles, Place, Network string
	Findings                     int64
	First, Last                  time.Time
}

// incident is what a cluster did at one organization.
type incident struct {
	Name, ID      string
	Verdict       vedette.Verdict
	Confidence    int
	Findings      int64
	Period        string
	Reason        string
	Shown, Folded []statement
	Lines         int // of the folded statements
	More          int // statements that are not on the page
}

// statement is what a detector said, with the lines that it cites.
type statement struct {
	Title, Summary, Detector string
	Technique                technique
	Lines                    []line
	More                     int // lines that are not on the page
}

type line struct {
	Time           time.Time
	Where, Excerpt string
}

// named is an organization that is only listed.
type named struct {
	Verdict vedette.Verdict
	Names   []string
}

// compactCluster is one row of the table of opportunistic clusters.
type compactCluster struct {
	Name, Tally string
	First, Last time.Time
	Worst       vedette.Verdict
	Techniques  []string
	Known       []string // tools and CVEs
	Addresses   int
}

// clusters fills in those in full (targeted, or with a compromise) and the
// table of the rest. It returns the anchors of those in full by cluster id.
func (v *view) clusters(a *vedette.Assessment, names map[string]string) map[string]string {
	anchors := make(map[string]string)
	budget := maxText
	full, compact := 0, 0
	var rest [vedette.VerdictCompromise + 1]int64
	for i := range a.Clusters {
		c := &a.Clusters[i]
		switch w := worst(c); {
		case c.Targeted || w == vedette.VerdictCompromise:
			if full++; full <= maxDetailed {
				anchors[c.ID] = "cluster-" + strconv.Itoa(full)
				v.Detailed = append(v.Detailed, newClusterView(c, anchors[c.ID], names, &budget))
			}
		default:
			if compact++; compact <= maxOpportunistic {
				v.Compact = append(v.Compact, newCompact(c))
			} else {
				rest[w]++
			}
		}
	}
	if more := full - maxDetailed; more > 0 {
		v.MoreDetailed = plural(int64(more), "more cluster") + " of lower rank: the JSON form has them."
	}
	if more := compact - maxOpportunistic; more > 0 {
		v.MoreCompact = plural(int64(more), "more cluster") + " of lower rank, by their worst verdict: " + tally(rest) + ". The JSON form has them."
	}
	return anchors
}

func newClusterView(c *vedette.Cluster, anchor string, names map[string]string, budget *int) clusterView {
	v := clusterView{
		Anchor: anchor, Name: clean(c.Name, 80), ID: clean(c.ID, 80), Kind: kindOf(c.Targeted), Period: span(c.FirstSeen, c.LastSeen),
		Worst: worst(c), InfrastructureCount: int64(len(c.Infrastructure)), Tally: tallyOf(c),
	}
	for _, r := range c.Reasons[:min(len(c.Reasons), 12)] {
		v.Reasons = append(v.Reasons, clean(r, 300))
	}
	if o := c.Origin; o != nil {
		v.Origin = place(o.City, o.Country)
		v.OriginNote = clean(o.Likelihood, 40) + ", confidence " + strconv.Itoa(o.Confidence) + " of 100, " + utcOffset(o.UTCOffsetMinutes)
	}
	for i, t := range c.Techniques {
		if i == 30 {
			v.MoreTechniques = len(c.Techniques) - i
			break
		}
		v.Techniques = append(v.Techniques, newTechnique(t.Name, t.N))
	}
	v.Tools, v.MoreTools = cleaned(c.Tools, 20)
	v.CVEs, v.MoreCVEs = cleaned(c.CVEs, 40)
	for i := range c.Infrastructure {
		if i == maxInfrastructure {
			v.MoreInfrastructure = len(c.Infrastructure) - i
			break
		}
		v.Infrastructure = append(v.Infrastructure, newInfrastructure(&c.Infrastructure[i]))
	}
	v.incidents(c, names, budget)
	return v
}

func (v *clusterView) incidents(c *vedette.Cluster, names map[string]string, budget *int) {
	listed := 0
	for i := range c.Organizations {
		o := &c.Organizations[i]
		v.Findings += o.Findings
		name := cmp.Or(names[o.ID], clean(o.ID, 80))
		if i < maxIncidents {
			v.Incidents = append(v.Incidents, newIncident(o, name, budget))
			continue
		}
		if listed++; listed > maxNames {
			v.MoreOthers++
			continue
		}
		if n := len(v.Others); n == 0 || v.Others[n-1].Verdict != o.Verdict {
			v.Others = append(v.Others, named{Verdict: o.Verdict})
		}
		last := &v.Others[len(v.Others)-1]
		last.Names = append(last.Names, name)
	}
}

func newIncident(o *vedette.ClusterOrganization, name string, budget *int) incident {
	in := incident{
		Name: name, ID: clean(o.ID, 80), Verdict: o.Verdict, Confidence: o.Confidence, Findings: o.Findings,
		Period: span(o.FirstSeen, o.LastSeen), Reason: reason(o),
	}
	statements := statementsOf(o.Evidence, budget)
	in.More = statements.more
	for i := range statements.list {
		// The reason cites the strongest finding: it is not said twice.
		if s := &statements.list[i]; s.Title != "" && s.Summary != "" && strings.Contains(in.Reason, s.Summary) {
			s.Summary = ""
		}
	}
	// What is seen without unfolding: enough to believe the verdict.
	show := [...]int{0, 0, 1, 2}[o.Verdict]
	show = min(show, len(statements.list))
	in.Shown, in.Folded = statements.list[:show], statements.list[show:]
	for _, s := range in.Folded {
		in.Lines += len(s.Lines)
	}
	return in
}

// reason is the verdict's reason without the verdict itself, which the page
// shows beside it.
func reason(o *vedette.ClusterOrganization) string {
	r := clean(o.Reason, 500)
	if word, after, ok := strings.Cut(r, ": "); ok && strings.EqualFold(word, o.Verdict.String()) {
		return after
	}
	return r
}

type statements struct {
	list []statement
	more int
}

// statementsOf puts the lines of one finding together, in the order of the evidence,
// as long as the budget of bytes lasts.
func statementsOf(items []vedette.EvidenceItem, budget *int) (out statements) {
	type key struct{ title, summary, rule string }
	index := make(map[key]int)
	for i := range items {
		e := &items[i]
		k := key{e.Title, e.Summary, e.Rule}
		at, ok := index[k]
		if !ok {
			s := statement{Title: clean(e.Title, 160), Summary: clean(e.Summary, 400), Detector: clean(e.Detector, 40), Technique: newTechnique(e.Technique, 0)}
			if len(out.list) == maxStatements || !spend(budget, s.Title, s.Summary) {
				out.more++
				continue
			}
			at = len(out.list)
			index[k] = at
			out.list = append(out.list, s)
		}
		l := line{Time: e.Time, Excerpt: excerpt(e.Original, maxExcerpt)}
		if e.File != "" {
			l.Where = clean(e.File, 200) + ":" + strconv.FormatInt(e.Line, 10)
		}
		if s := &out.list[at]; len(s.Lines) < maxLines && spend(budget, l.Where, l.Excerpt) {
			s.Lines = append(s.Lines, l)
		} else {
			s.More++
		}
	}
	return out
}

// spend takes what the texts need on the page, with the markup around them,
// from the budget, and reports whether there was enough.
func spend(budget *int, texts ...string) bool {
	const markup = 250
	need := markup
	for _, t := range texts {
		need += len(html.EscapeString(t))
	}
	if need > *budget {
		return false
	}
	*budget -= need
	return true
}

func newTechnique(id string, n int64) technique {
	return technique{ID: clean(id, 24), Name: techniques[id], N: n}
}

func newInfrastructure(f *vedette.Infrastructure) infrastructure {
	out := infrastructure{
		Value: clean(f.Value, 120), Roles: strings.Join(f.Roles.Names(), ", "), Findings: f.Findings, First: f.FirstSeen, Last: f.LastSeen,
	}
	if g := f.Geo; g != nil {
		out.Place = place(g.City, g.Country)
		if g.ASN != 0 {
			out.Network = strings.TrimSpace("AS" + strconv.FormatUint(uint64(g.ASN), 10) + " " + clean(g.ASName, 60))
		}
	}
	return out
}

func newCompact(c *vedette.Cluster) compactCluster {
	out := compactCluster{Name: clean(c.Name, 80), First: c.FirstSeen, Last: c.LastSeen, Worst: worst(c), Tally: tallyOf(c), Addresses: len(c.Infrastructure)}
	var ids []string
	for _, t := range c.Techniques {
		ids = append(ids, clean(t.Name, 24))
	}
	out.Techniques = shortList(ids, 3)
	tools, _ := cleaned(c.Tools, 20)
	cves, _ := cleaned(c.CVEs, 40)
	out.Known = shortList(append(tools, cves...), 3)
	return out
}

func shortList(items []string, limit int) []string {
	if len(items) > limit {
		return append(items[:limit:limit], "…")
	}
	return items
}

func tallyOf(c *vedette.Cluster) string {
	var n [vedette.VerdictCompromise + 1]int64
	for i := range c.Organizations {
		n[c.Organizations[i].Verdict]++
	}
	return tally(n)
}

// utcOffset writes minutes east of UTC.
func utcOffset(minutes int) string {
	sign := "+"
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	s := "UTC" + sign + strconv.Itoa(minutes/60)
	if m := minutes % 60; m != 0 {
		s += ":" + strconv.Itoa(m/10) + strconv.Itoa(m%10)
	}
	return s
}
