package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
)

// Confidence that a finding of an effect needs.
const (
	minEffect  = 60 // to carry a verdict of compromise alone,
	minUnknown = 70 // if nothing else is known of who caused it
)

// verdictSlack is how long after an attempt a weak effect is put down to it.
const verdictSlack = int64(7 * 24 * 3600 * 1e9)

// profile is what is known of a group beside what it did at one organization.
type profile struct {
	actorOf map[*deed]*actor
	// proven are the group's control hosts that other organizations' compromises
	// show: a machine in lasting contact with one is an effect, too.
	proven map[*actor]bool
	// period is how long the telemetry lasts.
	period int64
	// known groups did something else than log in at one organization.
	known bool
}

// judge decides how far a group got at one organization: the highest stage that
// its findings support.
//
//   - compromise: a finding of an effect that stands alone (not weak, confidence
//     at least minEffect, or minUnknown if the group is known for nothing else: a
//     login after failures by somebody who did nothing else may be the owner's);
//     or weak findings of effects of two independent kinds; or one weak effect,
//     or a machine that newly turned to a control host of the group, at most a
//     week after a plain attempt on the same machine by a group that does not
//     attack there all the time. No effect, no compromise, whatever was sent.
//   - attempt: a plain finding of one, an effect that does not carry a
//     compromise, or weak ones of two independent kinds.
//   - reconnaissance: any plain finding, weak ones of two rules, or one look
//     three times. A single weak finding of something worse is nothing yet: half
//     of it is ordinary life.
func judge(org *vedette.Organization, deeds []*deed, p *profile) vedette.ClusterOrganization {
	o := vedette.ClusterOrganization{ID: org.ID}
	slices.SortFunc(deeds, func(a, b *deed) int { return cmp.Or(a.compare(b), p.actorOf[a].key.compare(p.actorOf[b].key)) })
	first, last := deeds[0].first, deeds[0].last
	var support []*deed
	o.Verdict, support = p.verdict(deeds)
	if o.Verdict < vedette.VerdictCompromise {
		if contacts := p.controlled(deeds); len(contacts) > 0 {
			o.Verdict, support = vedette.VerdictCompromise, contacts
		}
	}
	for _, d := range deeds {
		o.Findings += d.count
		last = max(last, d.last)
	}
	o.FirstSeen, o.LastSeen = time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	o.Confidence = confidence(support)
	lead := leading(support)
	o.Reason = reason(o.Verdict, lead, support, deeds, org, p.actorOf)
	o.Evidence = cite(lead, support, deeds)
	return o
}

// verdict returns the stage and the findings that carry it.
func (p *profile) verdict(deeds []*deed) (vedette.Verdict, []*deed) {
	var plainEffects, weakEffects, attempts, weakAttempts []*deed
	for _, d := range deeds {
		enough := minEffect
		if !p.known && d.role&control == 0 {
			enough = minUnknown
		}
		switch {
		case d.effect && d.stage == vedette.VerdictCompromise && !d.weak && d.confidence >= enough:
			plainEffects = append(plainEffects, d)
		case d.effect && d.stage >= vedette.VerdictAttempt:
			weakEffects = append(weakEffects, d)
		case d.stage >= vedette.VerdictAttempt && !d.weak:
			attempts = append(attempts, d)
		case d.stage >= vedette.VerdictAttempt:
			weakAttempts = append(weakAttempts, d)
		}
	}
	if len(plainEffects) > 0 {
		return vedette.VerdictCompromise, append(plainEffects, weakEffects...)
	}
	if pair := p.together(weakEffects, attempts); pair != nil {
		return vedette.VerdictCompromise, pair
	}
	if len(attempts) > 0 || len(weakEffects) > 0 || len(kinds(weakAttempts)) >= 2 {
		return vedette.VerdictAttempt, slices.Concat(weakEffects, attempts, weakAttempts)
	}
	var (
		looks int64
		seen  []*deed
	)
	for _, d := range deeds {
		switch {
		case !d.weak:
			return vedette.VerdictReconnaissance, deeds
		case d.stage == vedette.VerdictReconnaissance:
			looks += d.count
			seen = append(seen, d)
		}
	}
	if looks >= 3 || distinct(seen, ruleOf) >= 2 {
		return vedette.VerdictReconnaissance, deeds
	}
	return vedette.VerdictNone, nil
}

// together returns weak effects that support each other, or one (or a machine
// that turned to a control host) and the attempt that explains it; nil if there
// are none. All must have happened to the same
// machine, as far as the machines are known.
func (p *profile) together(weak, attempts []*deed) []*deed {
	for i, e := range weak {
		for _, other := range weak[i+1:] {
			if max(e.stage, other.stage) == vedette.VerdictCompromise && e.meets(other) && len(kinds([]*deed{e, other})) == 2 {
				return []*deed{e, other}
			}
		}
	}
	if p.always(attempts) {
		return nil
	}
	for _, e := range slices.Concat(weak, turned(attempts)) {
		for _, a := range attempts {
			if (e.stage == vedette.VerdictCompromise || !e.effect) && a.role&control == 0 && e.confidence >= minEffect && e.meets(a) && len(kinds([]*deed{e, a})) == 2 &&
				a.first <= e.first && e.first-a.last <= verdictSlack {
				return []*deed{e, a}
			}
		}
	}
	return nil
}

// turned returns the plain findings of machines that turned to a control host.
func turned(attempts []*deed) []*deed {
	var out []*deed
	for _, d := range attempts {
		if d.consequence() && turning[d.detector] {
			out = append(out, d)
		}
	}
	return out
}

// alwaysShare is how much of the time may be near an attempt for that to mean
// anything.
const alwaysShare = 0.25

// always reports whether attempts come so often that one is always near.
func (p *profile) always(attempts []*deed) bool {
	var list []interval
	for _, a := range attempts {
		if !a.consequence() {
			list = append(list, interval{a.first, a.last})
		}
	}
	return float64(covered(list, verdictSlack)) > alwaysShare*float64(p.period)
}

// meets reports whether both may have happened to the same machine.
func (d *deed) meets(o *deed) bool {
	if len(d.targets) == 0 || len(o.targets) == 0 {
		return true
	}
	for t := range d.targets {
		if o.targets[t] {
			return true
		}
	}
	return false
}

// maxControlShare bounds how many of the organizations may know a control host:
// what everybody talks to is a service.
const maxControlShare = 0.3

// prove finds the actors that machines turned to at organizations where the
// group's entry stands on other evidence.
func (p *profile) prove(byOrg map[string][]*deed, organizations int) {
	p.proven = make(map[*actor]bool)
	for _, deeds := range byOrg {
		v, support := p.verdict(deeds)
		if v < vedette.VerdictCompromise || !slices.ContainsFunc(support, func(d *deed) bool { return d.role&control == 0 }) {
			continue
		}
		for _, d := range deeds {
			a := p.actorOf[d]
			if d.role&control != 0 && !d.weak && float64(len(a.deeds)) <= maxControlShare*float64(organizations) {
				p.proven[a] = true
			}
		}
	}
}

const control = vedette.RoleC2 | vedette.RoleTunnel

// Detectors by what their findings mean.
var (
	// turning find machines that turn to the outside on their own.
	turning = map[string]bool{"outbound": true, "beacon": true, "rogue": true}
	// handsOn find what takes a person (or a tool driven by one), not a worm.
	handsOn = map[string]bool{"takeover": true, "webshell": true, "outbound": true, "rogue": true, "foothold": true}
)

// controlled returns the findings of machines in contact with proven control
// hosts.
func (p *profile) controlled(deeds []*deed) []*deed {
	var out []*deed
	for _, d := range deeds {
		if d.role&control != 0 && p.proven[p.actorOf[d]] && turning[d.detector] {
			out = append(out, d)
		}
	}
	return out
}

func ruleOf(d *deed) string { return d.detector + "\x00" + d.rule }

func distinct(ds []*deed, key func(*deed) string) int {
	seen := make(map[string]bool)
	for _, d := range ds {
		seen[key(d)] = true
	}
	return len(seen)
}

// kind is one independent piece of evidence: findings of one detector, and of
// others that read the same lines.
type kind struct {
	confidence int
	sensors    map[string]bool
}

// kinds divides findings into independent kinds, the surest first. Two detectors
// that cite the same line saw the same thing.
func kinds(support []*deed) []kind {
	parent := make([]int, len(support))
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	byDetector := make(map[string]int)
	byLine := make(map[lineID]int)
	for i, d := range support {
		parent[i] = i
		join := func(j int) { parent[root(j)] = root(i) }
		if j, ok := byDetector[d.detector]; ok {
			join(j)
		}
		byDetector[d.detector] = i
		for _, l := range d.lines {
			if j, ok := byLine[l]; ok {
				join(j)
			}
			byLine[l] = i
		}
	}
	at := make(map[int]int)
	var out []kind
	for i, d := range support {
		r := root(i)
		if _, ok := at[r]; !ok {
			at[r] = len(out)
			out = append(out, kind{sensors: make(map[string]bool)})
		}
		k := &out[at[r]]
		k.confidence = max(k.confidence, cmp.Or(d.confidence, 50))
		for s := range d.sensors {
			k.sensors[s] = true
		}
	}
	slices.SortStableFunc(out, func(a, b kind) int { return b.confidence - a.confidence })
	return out
}

// confidence combines independent kinds of evidence: each takes its share of the
// doubt that the others left, and half of that if it comes from a sensor that
// spoke already, which may be wrong again. It never reaches certainty.
func confidence(support []*deed) int {
	doubt := 1.0
	spoke := make(map[string]bool)
	for _, k := range kinds(support) {
		share := float64(k.confidence) / 100
		again := false
		for s := range k.sensors {
			again = again || spoke[s]
		}
		for s := range k.sensors {
			spoke[s] = true
		}
		if again {
			share /= 2
		}
		doubt *= 1 - share
	}
	return min(97, int(math.Round(100*(1-doubt))))
}

// leading returns the finding that says most.
func leading(support []*deed) *deed {
	var lead *deed
	for _, d := range support {
		if lead == nil || d.stage > lead.stage || d.stage == lead.stage && d.confidence > lead.confidence {
			lead = d
		}
	}
	return lead
}
