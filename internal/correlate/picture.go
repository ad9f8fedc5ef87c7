package correlate

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/warninglist"
)

// picture is all findings, summed by who did what to whom.
type picture struct {
	constituency *vedette.Constituency
	actors       map[actorKey]*actor
	days         map[int64]*vedette.TimelineDay
	sensors      map[vedette.ID]string // kind of sensor by source
	footings     map[vedette.ID]footing
	companions   []companion // who used the same foothold
	lists        *warninglist.Set
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
	names       []string           // seen together with the address, ascending
}

// deed is one kind of finding by one actor at one organization.
type deed struct {
	detector, rule, title string
	stage                 vedette.Verdict
	effect, weak          bool
	generic               bool // rests on requests that everybody gets
	confidence            int
	severity              vedette.Severity
	role                  vedette.Role
	techniques            []string
	cve, tool             string
	count                 int64
	first, last           int64
	targets               map[netip.Addr]bool // at most maxTargets
	items                 []vedette.EvidenceItem
	pages                 []string        // that it rests on, ascending, at most maxNamed
	lines                 []lineID        // cited ones, ascending, at most maxLines
	sensors               map[string]bool // kinds of sensors that the lines are from
}

// lineID names a line of telemetry.
type lineID struct {
	source vedette.ID
	line   int64
}

func (l lineID) compare(o lineID) int {
	return cmp.Or(bytes.Compare(l.source[:], o.source[:]), cmp.Compare(l.line, o.line))
}

// Bounds on what one deed keeps.
const (
	maxTargets = 16
	maxItems   = 3
	maxLines   = 32
	maxNamed   = 16
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
	a.take(d, p)
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

// trust is the confidence in a detection. One that rests on whom a machine
// talked to is worth half if that is known for other reasons (a content network,
// a resolver, a cloud): many share such an address.
func (p *picture) trust(d *vedette.Detection) int {
	if d.Role&control == 0 {
		return d.Confidence
	}
	value := d.ActorName
	if d.Actor.IsValid() {
		value = d.Actor.String()
	}
	for _, l := range p.lists.Lookup(value) {
		if !l.Scanner {
			return d.Confidence / 2
		}
	}
	return d.Confidence
}

func (a *actor) take(d *vedette.Detection, p *picture) {
	a.first, a.last = min(a.first, d.Time), max(a.last, d.LastTime, d.Time)
	a.findings += max(1, d.Count)
	a.roles |= d.Role
	if d.ActorName != "" && a.key.addr.IsValid() {
		a.name(d.ActorName)
	}
	generic := p.footings[d.ID].generic
	weak := d.Weak || generic
	list := a.deeds[d.Organization]
	i := slices.IndexFunc(list, func(x *deed) bool {
		return x.detector == d.Detector && x.rule == d.Rule && x.stage == d.Stage && x.effect == d.Effect && x.weak == weak && x.generic == generic
	})
	var x *deed
	if i >= 0 {
		x = list[i]
	} else {
		x = &deed{
			detector: d.Detector, rule: d.Rule, title: d.Title, stage: d.Stage, effect: d.Effect, weak: weak, generic: generic,
			techniques: d.Techniques, cve: d.CVE, tool: d.Tool, first: d.Time, last: d.LastTime,
			targets: make(map[netip.Addr]bool), sensors: make(map[string]bool),
		}
		a.deeds[d.Organization] = append(list, x)
	}
	x.take(d, p)
}

// name notes a name that was seen together with the address. Of very many, the
// first in the order of the alphabet are kept: the order in which they come must
// not matter.
func (a *actor) name(name string) { a.names = insert(a.names, name) }

// insert puts text into an ascending list of at most maxNamed.
func insert(list []string, text string) []string {
	at, found := slices.BinarySearch(list, text)
	if found || at >= maxNamed {
		return list
	}
	list = slices.Insert(list, at, text)
	return list[:min(len(list), maxNamed)]
}

func (x *deed) take(d *vedette.Detection, p *picture) {
	x.count += max(1, d.Count)
	if d.Time < x.first || d.Time == x.first && d.Title+d.CVE+d.Tool < x.title+x.cve+x.tool { // the first one speaks, in whatever order they come
		x.title, x.techniques, x.cve, x.tool = d.Title, d.Techniques, d.CVE, d.Tool
	}
	x.first, x.last = min(x.first, d.Time), max(x.last, d.LastTime, d.Time)
	x.confidence = max(x.confidence, p.trust(d))
	x.severity = max(x.severity, d.Severity)
	x.role |= d.Role
	if d.Target.IsValid() {
		x.aim(d.Target)
	}
	if f := p.footings[d.ID]; f.path != "" {
		x.pages = insert(x.pages, f.path)
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
		x.keepLine(lineID{e.Source, e.Line})
		if kind := p.sensors[e.Source]; kind != "" {
			x.sensors[kind] = true
		}
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

// aim notes a target; of very many, the lowest addresses are kept.
func (x *deed) aim(target netip.Addr) {
	x.targets[target] = true
	if len(x.targets) > maxTargets {
		highest := target
		for t := range x.targets {
			if highest.Less(t) {
				highest = t
			}
		}
		delete(x.targets, highest)
	}
}

func (x *deed) keepLine(l lineID) {
	at, found := slices.BinarySearchFunc(x.lines, l, lineID.compare)
	if !found && at < maxLines {
		x.lines = slices.Insert(x.lines, at, l)
		x.lines = x.lines[:min(len(x.lines), maxLines)]
	}
}

func (x *deed) compare(o *deed) int {
	weak := func(d *deed) int {
		n := 0
		if d.weak {
			n++
		}
		if d.effect {
			n += 2
		}
		if d.generic {
			n += 4
		}
		return n
	}
	return cmp.Or(cmp.Compare(x.first, o.first), cmp.Compare(x.detector, o.detector), cmp.Compare(x.rule, o.rule),
		cmp.Compare(x.stage, o.stage), cmp.Compare(weak(x), weak(o)))
}

// sorted returns the actors in a fixed order, each with its deeds in one.
func (p *picture) sorted() []*actor {
	out := make([]*actor, 0, len(p.actors))
	for _, a := range p.actors {
		for _, deeds := range a.deeds {
			slices.SortFunc(deeds, (*deed).compare)
		}
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
