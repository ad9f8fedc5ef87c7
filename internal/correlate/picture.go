package correlate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
)

// picture is all findings, summed by who did what to whom.
type picture struct {
	constituency *vedette.Constituency
	actors       map[actorKey]*actor
	days         map[int64]*vedette.TimelineDay
}

// actorKey names an actor: an address, or a name where no address is known, or
// neither (something happened at an organization and nobody shows).
type actorKey struct {
	addr netip.Addr
	name string
}

func (k actorKey) String() string {
	if k.addr.IsValid() {
		return k.addr.String()
	}
	return k.name
}

func (k actorKey) compare(o actorKey) int {
	if c := k.addr.Compare(o.addr); c != 0 {
		return c
	}
	return cmp.Compare(k.name, o.name)
}

// actor is one address or name and what it did.
type actor struct {
	key         actorKey
	first, last int64
	findings    int64
	roles       vedette.Role
	deeds       map[string][]*deed // by organization
	names       map[string]bool    // names seen together with the address
}

// deed is one kind of finding by one actor at one organization.
type deed struct {
	detector, rule, title string
	stage                 vedette.Verdict
	effect, weak          bool
	confidence            int
	severity              vedette.Severity
	role                  vedette.Role
	techniques            []string
	cve, tool             string
	count                 int64
	first, last           int64
	targets               map[netip.Addr]bool // at most maxTargets
	items                 []vedette.EvidenceItem
}

// Bounds on what one deed keeps.
const (
	maxTargets = 16
	maxItems   = 3
)

func newPicture(c *vedette.Constituency) *picture {
	return &picture{constituency: c, actors: make(map[actorKey]*actor), days: make(map[int64]*vedette.TimelineDay)}
}

// add takes one detection into account. Those of authorized scanners, of an
// organization's own machines, and of nobody's telemetry are left out.
func (p *picture) add(d *vedette.Detection) {
	if d.Organization == "" || d.Stage == vedette.VerdictNone || p.excluded(d) {
		return
	}
	day := time.Unix(0, d.Time).UTC().Truncate(24 * time.Hour)
	t := p.days[day.Unix()]
	if t == nil {
		t = &vedette.TimelineDay{Day: day}
		p.days[day.Unix()] = t
	}
	t.Findings[d.Stage]++

	key := actorKey{addr: d.Actor}
	if !d.Actor.IsValid() {
		key.name = d.ActorName
		if key.name == "" {
			key.name = "unknown at " + d.Organization
		}
	}
	a := p.actors[key]
	if a == nil {
		a = &actor{key: key, first: d.Time, last: d.LastTime, deeds: make(map[string][]*deed)}
		p.actors[key] = a
	}
	a.take(d)
}

func (p *picture) excluded(d *vedette.Detection) bool {
	if !d.Actor.IsValid() {
		return false
	}
	for _, s := range p.constituency.AuthorizedScanners {
		if s.Contains(d.Actor) {
			return true
		}
	}
	o := p.constituency.Organization(d.Organization)
	if o == nil {
		return false
	}
	return slices.ContainsFunc(o.Networks, func(n netip.Prefix) bool { return n.Contains(d.Actor) })
}

func (a *actor) take(d *vedette.Detection) {
	a.first, a.last = min(a.first, d.Time), max(a.last, d.LastTime, d.Time)
	a.findings += max(1, d.Count)
	a.roles |= d.Role
	if d.ActorName != "" && a.key.addr.IsValid() {
		a.name(d.ActorName)
	}
	list := a.deeds[d.Organization]
	i := slices.IndexFunc(list, func(x *deed) bool {
		return x.detector == d.Detector && x.rule == d.Rule && x.stage == d.Stage && x.effect == d.Effect && x.weak == d.Weak
	})
	var x *deed
	if i >= 0 {
		x = list[i]
	} else {
		x = &deed{
			detector: d.Detector, rule: d.Rule, title: d.Title, stage: d.Stage, effect: d.Effect, weak: d.Weak,
			techniques: d.Techniques, cve: d.CVE, tool: d.Tool, first: d.Time, last: d.LastTime, targets: make(map[netip.Addr]bool),
		}
		a.deeds[d.Organization] = append(list, x)
	}
	x.take(d)
}

// name notes a name that was seen together with the address.
func (a *actor) name(name string) {
	if a.names == nil {
		a.names = make(map[string]bool)
	}
	a.names[name] = true
}

func (x *deed) take(d *vedette.Detection) {
	x.count += max(1, d.Count)
	x.first, x.last = min(x.first, d.Time), max(x.last, d.LastTime, d.Time)
	x.confidence = max(x.confidence, d.Confidence)
	x.severity = max(x.severity, d.Severity)
	x.role |= d.Role
	if d.Target.IsValid() && len(x.targets) < maxTargets {
		x.targets[d.Target] = true
	}
	item := vedette.EvidenceItem{
		Time: time.Unix(0, d.Time).UTC(), Detector: d.Detector, Rule: d.Rule, Title: d.Title, Severity: d.Severity,
		Stage: d.Stage, Summary: d.Summary, Count: max(1, d.Count), Actor: actorKey{d.Actor, d.ActorName}.String(),
	}
	if len(d.Techniques) > 0 {
		item.Technique = d.Techniques[0]
	}
	if len(d.Evidence) == 0 {
		x.keep(item)
	}
	for _, e := range d.Evidence {
		item.Time = time.Unix(0, e.Time).UTC()
		item.File, item.Line, item.Original = e.File, e.Line, e.Original
		x.keep(item)
	}
}

// keep adds item to the earliest ones: the order in which detections come must
// not matter.
func (x *deed) keep(item vedette.EvidenceItem) {
	at, _ := slices.BinarySearchFunc(x.items, item, func(a, b vedette.EvidenceItem) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	if at < maxItems {
		x.items = slices.Insert(x.items, at, item)
		x.items = x.items[:min(len(x.items), maxItems)]
	}
}

// sorted returns the actors in a fixed order.
func (p *picture) sorted() []*actor {
	out := make([]*actor, 0, len(p.actors))
	for _, a := range p.actors {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *actor) int { return a.key.compare(b.key) })
	return out
}

func (p *picture) timeline() []vedette.TimelineDay {
	var out []vedette.TimelineDay
	for _, d := range p.days {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b vedette.TimelineDay) int { return a.Day.Compare(b.Day) })
	return out
}
