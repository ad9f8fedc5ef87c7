package correlate

import (
	"cmp"
	"math"
	"slices"

	"github.com/vedette-cti/vedette"
)

// Thresholds of linking, in bits of surprise.
const (
	linkBits    = 13 // from at least two kinds of traits
	kindCap     = 10 // what one kind of trait can give
	victimSlack = int64(21 * 24 * 3600 * 1e9)
	victimBits  = 10 // beyond what the number of compared pairs explains
	causalSlack = int64(30 * 24 * 3600 * 1e9)
	causalScore = 4
	maxCompared = 600 // actors whose victims are compared pairwise
)

// group is the actors of one cluster, in a fixed order.
type group []*actor

// link joins actors that act as one:
//
//   - by traits that few addresses share, weighted by rarity, from at least two
//     kinds;
//   - by victims: the same organizations in the same weeks, beyond what the
//     sensors that could see both explain (hypergeometric tail);
//   - by cause: an address that a victim's machine turned to joins the one that
//     had attacked that machine before, if one stands out;
//   - by names: an address and the name that was seen for it.
//
// Pairs are only made within a trait, so the cost is bounded by rare traits.
func link(p *picture, traits []trait) []group {
	actors := p.sorted()
	f := newForest(actors)
	linkNames(p, f)
	linkTraits(f, traits)
	linkVictims(f, actors)
	linkCauses(f, actors)
	return f.groups(actors)
}

// forest is a union-find structure over actors.
type forest struct {
	parent []int
	index  map[*actor]int
}

func newForest(actors []*actor) *forest {
	f := &forest{parent: make([]int, len(actors)), index: make(map[*actor]int, len(actors))}
	for i, a := range actors {
		f.parent[i], f.index[a] = i, i
	}
	return f
}

func (f *forest) root(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *forest) rootOf(a *actor) int { return f.root(f.index[a]) }

// union joins two trees under the smaller root, so that order does not matter.
func (f *forest) union(a, b *actor) {
	x, y := f.rootOf(a), f.rootOf(b)
	f.parent[max(x, y)] = min(x, y)
}

func (f *forest) groups(actors []*actor) []group {
	byRoot := make(map[int]int)
	var out []group
	for i, a := range actors {
		r := f.root(i)
		at, ok := byRoot[r]
		if !ok {
			at = len(out)
			byRoot[r] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], a)
	}
	return out
}

func linkNames(p *picture, f *forest) {
	for _, a := range p.actors {
		for name := range a.names {
			if other := p.actors[actorKey{name: name}]; other != nil {
				f.union(a, other)
			}
		}
	}
}

func linkTraits(f *forest, traits []trait) {
	type pair struct{ a, b int }
	scores := make(map[pair]map[string]float64)
	for _, t := range traits {
		for i, a := range t.actors {
			for _, b := range t.actors[i+1:] {
				key := pair{min(f.index[a], f.index[b]), max(f.index[a], f.index[b])}
				if scores[key] == nil {
					scores[key] = make(map[string]float64)
				}
				// Values of one kind depend on each other: further ones count little.
				have := scores[key][t.kind]
				scores[key][t.kind] = min(kindCap, max(have, t.weight)+min(have, t.weight)/8)
			}
		}
	}
	for key, kinds := range scores {
		var bits float64
		for _, b := range kinds {
			bits += b
		}
		if len(kinds) >= 2 && bits >= linkBits {
			x, y := f.root(key.a), f.root(key.b)
			f.parent[max(x, y)] = min(x, y)
		}
	}
}

// linkVictims compares whom actors touched. Only actors with a choice are
// compared: at least three organizations, not all that their kind of sensor sees.
func linkVictims(f *forest, actors []*actor) {
	coverage := make(map[string]map[string]bool) // organizations by detector
	for _, a := range actors {
		for org, deeds := range a.deeds {
			for _, d := range deeds {
				if coverage[d.detector] == nil {
					coverage[d.detector] = make(map[string]bool)
				}
				coverage[d.detector][org] = true
			}
		}
	}
	type candidate struct {
		*actor
		visible map[string]bool
	}
	var list []candidate
	for _, a := range actors {
		visible := make(map[string]bool)
		for _, deeds := range a.deeds {
			for _, d := range deeds {
				for org := range coverage[d.detector] {
					visible[org] = true
				}
			}
		}
		if n := len(a.deeds); n >= 3 && float64(n) <= 0.7*float64(len(visible)) && len(list) < maxCompared {
			list = append(list, candidate{a, visible})
		}
	}
	correction := math.Log2(float64(max(1, len(list)*(len(list)-1)/2)))
	for i, a := range list {
		for _, b := range list[i+1:] {
			if victimSurprise(a.actor, b.actor, a.visible, b.visible) >= victimBits+correction {
				f.union(a.actor, b.actor)
			}
		}
	}
}

// victimSurprise returns -log2 of the probability that two independent actors
// share so many victims among the organizations where both can be seen.
func victimSurprise(a, b *actor, visibleA, visibleB map[string]bool) float64 {
	population, na, nb, both := 0, 0, 0, 0
	for org := range visibleA {
		if !visibleB[org] {
			continue
		}
		population++
		da, db := a.deeds[org], b.deeds[org]
		if da != nil {
			na++
		}
		if db != nil {
			nb++
		}
		if da != nil && db != nil && abs(firstDeed(da)-firstDeed(db)) <= victimSlack {
			both++
		}
	}
	return -hypergeometricTail(population, na, nb, both)
}

func firstDeed(ds []*deed) int64 {
	first := ds[0].first
	for _, d := range ds {
		first = min(first, d.first)
	}
	return first
}

func abs(n int64) int64 { return max(n, -n) }

// hypergeometricTail returns log2 P(X >= k) for k shared members of two random
// subsets of sizes a and b of n things.
func hypergeometricTail(n, a, b, k int) float64 {
	if k <= 0 || a > n || b > n {
		return 0
	}
	var p float64
	for x := k; x <= min(a, b); x++ {
		if b-x > n-a {
			continue
		}
		p += math.Exp(logChoose(a, x) + logChoose(n-a, b-x) - logChoose(n, b))
	}
	return math.Log2(min(1, max(p, 1e-300)))
}

func logChoose(n, k int) float64 {
	l := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return l(n) - l(k) - l(n-k)
}

// linkCauses joins an actor that shows only by effects at an organization to the
// attacker who best explains them.
func linkCauses(f *forest, actors []*actor) {
	attackers := make(map[string][]*actor) // by organization: those who made a plain attempt
	for _, a := range actors {
		for org, ds := range a.deeds {
			if slices.ContainsFunc(ds, func(d *deed) bool { return !d.weak && d.stage >= vedette.VerdictAttempt }) {
				attackers[org] = append(attackers[org], a)
			}
		}
	}
	for _, a := range actors {
		for _, org := range sortedKeys(a.deeds) {
			ds := a.deeds[org]
			i := slices.IndexFunc(ds, func(d *deed) bool { return d.effect })
			if i >= 0 && !attacks(ds) {
				if best := explain(f, a, ds[i], org, attackers[org]); best != nil {
					f.union(a, best)
				}
			}
		}
	}
}

// attacks reports whether there is a plain attempt among ds, not only effects.
func attacks(ds []*deed) bool {
	return slices.ContainsFunc(ds, func(d *deed) bool { return !d.effect && !d.weak && d.stage >= vedette.VerdictAttempt })
}

// explain returns the attacker that stands out as the cause of effect e at org,
// nil if none does.
func explain(f *forest, a *actor, e *deed, org string, attackers []*actor) *actor {
	scores := make(map[int]int)
	member := make(map[int]*actor)
	for _, b := range attackers {
		if f.rootOf(b) == f.rootOf(a) {
			continue
		}
		s := 0
		for _, d := range b.deeds[org] {
			if d.first > e.first || e.first-d.last > causalSlack || d.weak || d.stage < vedette.VerdictAttempt {
				continue
			}
			s++
			for t := range d.targets {
				if e.targets[t] {
					s += 3
					break
				}
			}
			if d.effect {
				s += 2
			}
			if e.first-d.last < int64(24*3600*1e9) {
				s++
			}
		}
		r := f.rootOf(b)
		if s > scores[r] {
			scores[r], member[r] = s, b
		}
	}
	type ranked struct{ root, score int }
	var list []ranked
	for r, s := range scores {
		list = append(list, ranked{r, s})
	}
	slices.SortFunc(list, func(x, y ranked) int { return cmp.Or(y.score-x.score, x.root-y.root) })
	if len(list) == 0 || list[0].score < causalScore || len(list) > 1 && list[1].score == list[0].score {
		return nil
	}
	return member[list[0].root]
}
