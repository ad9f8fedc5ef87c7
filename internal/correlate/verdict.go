package correlate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
)

// minEffect is the confidence that a finding of an effect needs to carry a
// verdict of compromise alone.
const minEffect = 60

// judge decides how far a group got at one organization: the highest stage that
// its findings support.
//
//   - compromise: a finding of an effect that stands alone (not weak, confidence
//     at least minEffect); or weak findings of effects by two different
//     detectors; or one weak effect at most 30 days after a plain attempt. No
//     effect, no compromise, whatever was sent.
//   - attempt: a plain finding of one, an effect that does not carry a
//     compromise, or weak ones of two different detectors.
//   - reconnaissance: any plain finding, weak ones of two rules, or one look
//     three times. A single weak finding of something worse is nothing yet: half
//     of it is ordinary life.
//
// proven are the group's control hosts that other organizations' compromises
// show: a machine in lasting contact with one is an effect, too.
func judge(org string, deeds []*deed, actorOf map[*deed]*actor, proven map[*actor]bool) vedette.ClusterOrganization {
	o := vedette.ClusterOrganization{ID: org}
	slices.SortFunc(deeds, func(a, b *deed) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.detector, b.detector), cmp.Compare(a.rule, b.rule), actorOf[a].key.compare(actorOf[b].key))
	})
	first, last := deeds[0].first, deeds[0].last
	var support []*deed
	o.Verdict, support = verdict(deeds)
	if o.Verdict < vedette.VerdictCompromise {
		if contacts := controlled(deeds, actorOf, proven); len(contacts) > 0 {
			o.Verdict, support = vedette.VerdictCompromise, contacts
		}
	}
	for _, d := range deeds {
		o.Findings += d.count
		last = max(last, d.last)
	}
	o.FirstSeen, o.LastSeen = time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	o.Confidence = confidence(support)
	o.Reason = reason(o.Verdict, support, deeds, actorOf)
	o.Evidence = cite(support, deeds)
	return o
}

// verdict returns the stage and the findings that carry it.
func verdict(deeds []*deed) (vedette.Verdict, []*deed) {
	var plainEffects, weakEffects, attempts, weakAttempts []*deed
	for _, d := range deeds {
		switch {
		case d.effect && d.stage == vedette.VerdictCompromise && !d.weak && d.confidence >= minEffect:
			plainEffects = append(plainEffects, d)
		case d.effect && d.stage == vedette.VerdictCompromise:
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
	if distinct(weakEffects, detectorOf) >= 2 {
		return vedette.VerdictCompromise, weakEffects
	}
	for _, e := range weakEffects {
		for _, a := range attempts {
			if a.first <= e.first && e.first-a.last <= causalSlack {
				return vedette.VerdictCompromise, []*deed{e, a}
			}
		}
	}
	if len(attempts) > 0 || len(weakEffects) > 0 || distinct(weakAttempts, detectorOf) >= 2 {
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

// maxControlShare bounds how many of the organizations may know a control host:
// what everybody talks to is a service.
const maxControlShare = 0.3

// provenControl returns the actors that machines turned to at organizations
// where the group's entry stands on other evidence.
func provenControl(byOrg map[string][]*deed, actorOf map[*deed]*actor, organizations int) map[*actor]bool {
	out := make(map[*actor]bool)
	for _, deeds := range byOrg {
		v, support := verdict(deeds)
		if v < vedette.VerdictCompromise || !slices.ContainsFunc(support, func(d *deed) bool { return d.role&control == 0 }) {
			continue
		}
		for _, d := range deeds {
			a := actorOf[d]
			if d.role&control != 0 && !d.weak && float64(len(a.deeds)) <= maxControlShare*float64(organizations) {
				out[a] = true
			}
		}
	}
	return out
}

const control = vedette.RoleC2 | vedette.RoleTunnel

// machines are the detectors that find the organization's own machines turning
// outward.
var machines = map[string]bool{"outbound": true, "beacon": true, "rogue": true}

// controlled returns the findings of machines in contact with proven control
// hosts.
func controlled(deeds []*deed, actorOf map[*deed]*actor, proven map[*actor]bool) []*deed {
	var out []*deed
	for _, d := range deeds {
		if d.role&control != 0 && proven[actorOf[d]] && machines[d.detector] {
			out = append(out, d)
		}
	}
	return out
}

func detectorOf(d *deed) string { return d.detector }
func ruleOf(d *deed) string     { return d.detector + "\x00" + d.rule }

func distinct(ds []*deed, key func(*deed) string) int {
	seen := make(map[string]bool)
	for _, d := range ds {
		seen[key(d)] = true
	}
	return len(seen)
}

// confidence combines the findings of different detectors as independent
// evidence; further findings of the same detector add nothing. It never reaches
// certainty.
func confidence(support []*deed) int {
	best := make(map[string]int)
	for _, d := range support {
		c := d.confidence
		if c == 0 {
			c = 50
		}
		best[d.detector] = max(best[d.detector], c)
	}
	doubt := 1.0
	for _, c := range best {
		doubt *= 1 - float64(c)/100
	}
	return min(97, int(math.Round(100*(1-doubt))))
}

// reason explains a verdict in at most two sentences.
func reason(v vedette.Verdict, support, all []*deed, actorOf map[*deed]*actor) string {
	if len(support) == 0 {
		return ""
	}
	lead := support[0]
	for _, d := range support {
		if d.stage > lead.stage || d.stage == lead.stage && (d.confidence > lead.confidence) {
			lead = d
		}
	}
	on := time.Unix(0, lead.first).UTC().Format("2 January 2006 15:04")
	text := fmt.Sprintf("%s: %s from %s on %s UTC", label(v), lead.title, actorOf[lead].key, on)
	if len(lead.items) > 0 && lead.items[0].Summary != "" {
		text = fmt.Sprintf("%s: %s (%s) on %s UTC", label(v), lead.title, lead.items[0].Summary, on)
	}
	var before, kinds int64
	seen := make(map[string]bool)
	for _, d := range all {
		if d == lead {
			continue
		}
		if d.first <= lead.first {
			before += d.count
		}
		if !seen[ruleOf(d)] {
			seen[ruleOf(d)] = true
			kinds++
		}
	}
	switch {
	case v == vedette.VerdictCompromise && before > 0:
		text += fmt.Sprintf(". It follows %d earlier findings of %d kinds from the same cluster", before, kinds)
	case v == vedette.VerdictAttempt && kinds > 0:
		text += fmt.Sprintf(". %d more kinds of findings agree; no effect on the victim's side was seen", kinds)
	case v == vedette.VerdictAttempt:
		text += ". No effect on the victim's side was seen"
	}
	return text + "."
}

func label(v vedette.Verdict) string {
	return [...]string{"Nothing", "Reconnaissance", "Attempt", "Compromise"}[v]
}

// maxEvidence is how many lines a verdict cites.
const maxEvidence = 12

// cite lists what carries the verdict first, then the rest, each by time.
func cite(support, all []*deed) []vedette.EvidenceItem {
	var out []vedette.EvidenceItem
	add := func(ds []*deed, each int) {
		for _, d := range ds {
			for _, item := range d.items[:min(each, len(d.items))] {
				item.Count = d.count
				same := func(o vedette.EvidenceItem) bool { return o.File == item.File && o.Line == item.Line }
				if len(out) < maxEvidence && (item.File == "" || !slices.ContainsFunc(out, same)) {
					out = append(out, item)
				}
			}
		}
	}
	var others []*deed
	for _, d := range all {
		if !slices.Contains(support, d) {
			others = append(others, d)
		}
	}
	slices.SortStableFunc(support, func(a, b *deed) int { return int(b.stage) - int(a.stage) })
	each := maxItems
	if len(support) > 4 {
		each = 1
	}
	add(support, each)
	add(others, 1)
	return out
}
