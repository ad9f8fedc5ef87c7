package sigma

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// CorrelationName is the detector that correlations are findings of. It is not
// "sigma", because the store replaces what a windowed detector found before.
const CorrelationName = "sigma-correlation"

// correlator evaluates Sigma correlations. It reads the events that the rules
// in question can be about once, by time, matches them with the same engine as
// the stream, and slides a window over the matches of each group.
type correlator struct {
	engine       *Engine
	correlations []*correlation
	byRule       [][]use // by rule of engine
	longest      time.Duration
}

// use says that a rule or correlation is the index-th of a correlation.
type use struct {
	in    *correlation
	index int
}

// correlation is a correlation rule, ready to run.
type correlation struct {
	*sig.Correlation
	finding finding
	silent  bool // serves another correlation only
	outer   []use
}

// newCorrelator takes the correlations whose rules are all known; "rules check"
// reports the others.
func newCorrelator(rules []*sig.Rule, correlations []*sig.Correlation) *correlator {
	c := &correlator{}
	byRef := make(map[string]int)
	var bases []*sig.Rule
	find := func(ref string) int {
		for _, r := range rules {
			if ref != "" && (r.ID == ref || r.Name == ref) {
				if i, ok := byRef[r.ID+"\x00"+r.Title]; ok {
					return i
				}
				byRef[r.ID+"\x00"+r.Title] = len(bases)
				bases = append(bases, r)
				return len(bases) - 1
			}
		}
		return -1
	}
	var pending []*sig.Correlation
	known := make(map[string]*correlation)
	for _, co := range correlations {
		if reason := usable(co, references(rules, correlations)); reason == "" {
			pending = append(pending, co)
		}
	}
	// A correlation comes after those that it refers to; circles never come.
	for progress := true; progress; {
		progress = false
		for i, co := range pending {
			if co == nil {
				continue
			}
			uses, inner, ok := c.resolve(co, find, known)
			if !ok {
				continue
			}
			run := &correlation{Correlation: co}
			c.add(run, uses, inner, bases)
			known[co.ID], known[co.Name] = run, run
			pending[i], progress = nil, true
		}
	}
	c.engine = New(bases)
	return c
}

func references(rules []*sig.Rule, correlations []*sig.Correlation) map[string]bool {
	m := make(map[string]bool)
	for _, r := range rules {
		m[r.ID], m[r.Name] = true, true
	}
	for _, c := range correlations {
		m[c.ID], m[c.Name] = true, true
	}
	delete(m, "")
	return m
}

// resolve finds what a correlation refers to: rules by their number, or -1 and
// a correlation.
func (c *correlator) resolve(co *sig.Correlation, find func(string) int, known map[string]*correlation) (uses []int, inner []*correlation, ok bool) {
	for _, ref := range co.Rules {
		n := find(ref)
		k := known[ref]
		if n < 0 && k == nil {
			return nil, nil, false
		}
		uses, inner = append(uses, n), append(inner, k)
	}
	return uses, inner, true
}

func (c *correlator) add(run *correlation, uses []int, inner []*correlation, bases []*sig.Rule) {
	host := false
	meta := run.Meta
	for i, n := range uses {
		if n < 0 {
			inner[i].outer = append(inner[i].outer, use{run, i})
			inner[i].silent = inner[i].silent || !run.Generate
			continue
		}
		for len(c.byRule) < len(bases) {
			c.byRule = append(c.byRule, nil)
		}
		c.byRule[n] = append(c.byRule[n], use{run, i})
		f := newFinding(bases[n])
		host = host || f.host
		if len(run.Tags) == 0 { // what it is about is what its rules are about
			meta.Tags = append(meta.Tags[:len(meta.Tags):len(meta.Tags)], bases[n].Tags...)
		}
	}
	run.finding = finding{template: describe(&meta, host), host: host}
	run.finding.template.Detector = CorrelationName
	if run.Author != ourAuthor {
		run.finding.author = cut(run.Author, 60)
	}
	c.correlations = append(c.correlations, run)
	c.longest = max(c.longest, run.Timespan)
}

// Meta implements detect.Window.
func (c *correlator) Meta() detect.Meta {
	return detect.Meta{Name: CorrelationName, Doc: "Sigma correlation rules (specification 2.1) over stored events, by organization."}
}

// Analyze implements detect.Window.
func (c *correlator) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	if len(c.correlations) == 0 {
		return nil
	}
	where, args, err := c.filter(ctx, events, span)
	if err != nil || where == "" {
		return err
	}
	r, err := readEvents(ctx, events, where, args)
	if err != nil {
		return err
	}
	defer r.rows.Close()
	w := newWatch(c)
	for {
		e, err := r.next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		w.event(e)
	}
	r.rows.Close()
	w.finish()
	for i := range w.found {
		ep := &w.found[i]
		if ep.last < span.Start.UnixNano() && !span.Start.IsZero() {
			continue // found by an earlier analysis
		}
		d, err := ep.detection(ctx, events)
		if err != nil {
			return err
		}
		emit(&d)
	}
	return nil
}

// maxEvidence is how many members of a correlation are cited: the first ones
// and some of the last.
const (
	maxEvidence = 3
	lastMembers = 2
)

// detection makes the detection of one episode.
func (ep *episode) detection(ctx context.Context, events detect.EventStore) (vedette.Detection, error) {
	d := ep.of.finding.template
	d.Time, d.LastTime, d.Count, d.Organization = ep.first, ep.last, ep.count, ep.organization
	d.Actor, d.ActorName, d.Target, d.TargetPort = ep.actor, ep.name, ep.target, ep.port
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d events within %s", cut(d.Title, 100), ep.count, time.Duration(ep.last-ep.first).Round(time.Second))
	for i, field := range ep.of.GroupBy {
		fmt.Fprintf(&b, ", %s %s", field, cut(ep.group[i], 60))
	}
	if ep.of.finding.author != "" {
		fmt.Fprintf(&b, " (rule by %s)", ep.of.finding.author)
	}
	d.Summary = cut(b.String(), maxSummary)
	members := append(ep.members, ep.tail...)
	where := "time BETWEEN ? AND ? AND ("
	args := []any{time.Unix(0, ep.first).UTC(), time.Unix(0, ep.last).UTC()}
	for i, m := range members {
		if i > 0 {
			where += " OR "
		}
		where += "(source = ? AND position = ?)"
		args = append(args, m.source, m.position)
	}
	var err error
	d.Evidence, err = detect.Cite(ctx, events, len(members), where+")", args...)
	return d, err
}

// common keeps what all members agree on.
func (p *parties) common(q parties) {
	if p.actor != q.actor {
		p.actor = netip.Addr{}
	}
	if p.target != q.target {
		p.target = netip.Addr{}
	}
	if p.port != q.port {
		p.port = 0
	}
	if p.name != q.name {
		p.name = ""
	}
}
