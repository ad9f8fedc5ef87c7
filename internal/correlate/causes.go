package correlate

import (
	"cmp"
	"math"
	"slices"

	"github.com/vedette-cti/vedette"
)

const causalSlack = int64(30 * 24 * 3600 * 1e9)

// linkFootholds joins the addresses that used the same foothold: hands-on
// effects of one kind at one organization within days, on the same page or, where
// none is known, on the same machine. Strangers rarely share a web shell, but two
// of them may each have one on the same server.
func linkFootholds(f *forest, actors []*actor) {
	type place struct{ org, detector string }
	type use struct {
		actor *actor
		deed  *deed // the first
	}
	users := make(map[place][]use)
	for _, a := range actors {
		for _, org := range sortedKeys(a.deeds) {
			seen := make(map[place]bool)
			for _, d := range a.deeds[org] { // by time
				if k := (place{org, d.detector}); d.effect && !d.weak && handsOn[d.detector] && !seen[k] {
					seen[k] = true
					users[k] = append(users[k], use{a, d})
				}
			}
		}
	}
	for _, list := range users {
		for i, a := range list {
			for _, b := range list[i+1:] {
				if abs(a.deed.first-b.deed.first) <= victimSlack && a.deed.shares(b.deed) {
					f.union(a.actor, b.actor)
				}
			}
		}
	}
}

// shares reports whether two effects may rest on one foothold.
func (d *deed) shares(o *deed) bool {
	if len(d.pages) == 0 || len(o.pages) == 0 {
		return d.meets(o)
	}
	return slices.ContainsFunc(d.pages, func(p string) bool { return slices.Contains(o.pages, p) })
}

// linkCauses joins a group that shows only by consequences to the one that best
// explains them, over all organizations where there are any.
func linkCauses(f *forest, actors []*actor) {
	w := newWitness(f, actors)
	type verdict struct{ a, b *actor }
	var found []verdict
	for _, r := range sortedKeys(w.groups) {
		if best := w.explain(r); best != nil {
			found = append(found, verdict{w.groups[r][0], best})
		}
	}
	for _, v := range found { // only now: what one explanation joins must not speak for the next
		f.union(v.a, v.b)
	}
}

// consequence reports whether d is what follows an entry, not what led to it:
// an effect, or a machine that turned to a control host.
func (d *deed) consequence() bool {
	return d.effect || !d.weak && d.role&(vedette.RoleC2|vedette.RoleTunnel) != 0
}

// attacks reports whether there is a plain attempt among ds, not only what
// follows one.
func attacks(ds []*deed) bool {
	return slices.ContainsFunc(ds, func(d *deed) bool {
		return !d.consequence() && !d.weak && d.stage >= vedette.VerdictAttempt
	})
}

// witness knows what speaks for one group or another being the cause of
// something.
type witness struct {
	start, end int64 // of all findings
	groups     map[int][]*actor
	root       map[*actor]int
	attackers  map[string][]*actor // by organization: those who made a plain attempt
	choice     map[int]float64     // bits: how few organizations a group touches
}

func newWitness(f *forest, actors []*actor) *witness {
	w := &witness{
		start: math.MaxInt64, end: math.MinInt64, groups: make(map[int][]*actor), root: make(map[*actor]int),
		attackers: make(map[string][]*actor), choice: make(map[int]float64),
	}
	reach := make(map[int]map[string]bool)
	seen := make(map[string]bool)
	for _, a := range actors {
		w.start, w.end = min(w.start, a.first), max(w.end, a.last)
		r := f.rootOf(a)
		w.root[a] = r
		w.groups[r] = append(w.groups[r], a)
		if reach[r] == nil {
			reach[r] = make(map[string]bool)
		}
		for org, ds := range a.deeds {
			seen[org], reach[r][org] = true, true
			if attacks(ds) {
				w.attackers[org] = append(w.attackers[org], a)
			}
		}
	}
	for r, orgs := range reach {
		w.choice[r] = math.Log2(float64(len(seen)) / float64(len(orgs)))
	}
	return w
}

// suspicion is the case against one group.
type suspicion struct {
	member         *actor
	target, effect bool
	attempts       []interval // before the consequence
	nearest        int64      // from the last of them to the consequence
}

type interval struct{ from, to int64 }

// Bits that speak for a group beside when and whom it attacked.
const (
	sameTarget = 2 // it attacked the very machine
	sameEffect = 6 // it shows an effect of its own at the organization
	causeBits  = 7
	causeLead  = 2 // before the next best
)

// bits is how surprising it would be that the group attacked so shortly before
// by chance: the share of the time that is as close behind one of its attempts,
// and the share of organizations that it touches. Who attacks everyone all the
// time has always attacked shortly before.
func (w *witness) bits(s *suspicion) float64 {
	const hour = int64(3600 * 1e9)
	share := float64(covered(s.attempts, max(s.nearest, hour))) / float64(max(w.end-w.start, hour))
	bits := max(0, -math.Log2(share)) + w.choice[w.root[s.member]]
	if s.target {
		bits += sameTarget
	}
	if s.effect {
		bits += sameEffect
	}
	return bits
}

// covered returns how much time lies within an interval or at most slack behind
// one.
func covered(list []interval, slack int64) (sum int64) {
	slices.SortFunc(list, func(a, b interval) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	until := int64(math.MinInt64)
	for _, i := range list {
		if to := i.to + slack; to > until {
			sum += to - max(i.from, until)
			until = to
		}
	}
	return sum
}

// explain returns a member of the group that stands out as the cause of what
// group r shows, nil if none does.
func (w *witness) explain(r int) *actor {
	consequences := make(map[string]*deed) // the first by organization
	attacked := make(map[string]bool)
	for _, a := range w.groups[r] {
		for org, ds := range a.deeds {
			attacked[org] = attacked[org] || attacks(ds)
			for _, d := range ds {
				if have := consequences[org]; d.consequence() && (have == nil || d.first < have.first) {
					consequences[org] = d
				}
			}
		}
	}
	need := float64(causeBits)
	for org, yes := range attacked {
		if yes {
			delete(consequences, org)
			need = 2 * causeBits // an attacker with a face of its own
		}
	}
	total := make(map[int]float64)
	member := make(map[int]*actor)
	for _, org := range sortedKeys(consequences) {
		for s, suspect := range w.suspects(r, org, consequences[org]) {
			total[s] += w.bits(suspect)
			if member[s] == nil || suspect.member.key.compare(member[s].key) < 0 {
				member[s] = suspect.member
			}
		}
	}
	var best, second float64
	var cause *actor
	for s, bits := range total {
		if bits > best {
			best, second, cause = bits, best, member[s]
		} else {
			second = max(second, bits)
		}
	}
	if best < max(need, second+causeLead) {
		return nil
	}
	return cause
}

// suspects returns the groups that attacked org before e.
func (w *witness) suspects(r int, org string, e *deed) map[int]*suspicion {
	out := make(map[int]*suspicion)
	for _, b := range w.attackers[org] {
		if w.root[b] == r {
			continue
		}
		for _, d := range b.deeds[org] {
			if d.first > e.first || e.first-d.last > causalSlack || d.weak || d.stage < vedette.VerdictAttempt {
				continue
			}
			s := out[w.root[b]]
			if s == nil {
				s = &suspicion{member: b, nearest: math.MaxInt64}
				out[w.root[b]] = s
			}
			last := min(d.last, e.first)
			s.attempts = append(s.attempts, interval{d.first, last})
			s.effect = s.effect || d.effect
			s.nearest = min(s.nearest, e.first-last)
			for t := range d.targets {
				s.target = s.target || e.targets[t]
			}
		}
	}
	return out
}
