package correlate

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/vedette-cti/vedette"
)

// Thresholds of linking, in bits of surprise.
const (
	linkBits    = 14 // of traits in common
	kindCap     = 10 // what one kind of trait can give, unless
	handful     = 8  // no more than so many have it
	victimSlack = int64(10 * 24 * 3600 * 1e9)
	minChoice   = 4 // bits that must come from whom, not when
	victimBits  = 7 // beyond what the number of compared pairs explains
	causalSlack = int64(30 * 24 * 3600 * 1e9)
	causalScore = 6
	maxCompared = 400 // groups whose victims are compared pairwise
)

// group is the actors of one cluster, in a fixed order.
type group []*actor

// link joins actors that act as one:
//
//   - by traits that few addresses share, weighted by rarity: two kinds of them,
//     or several that hardly anyone else has;
//   - by victims: the same organizations in the same days, beyond what the
//     sensors that could see both, and their own calendars, explain;
//   - by foothold: addresses that used the same one;
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
	linkFootholds(f, actors)
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
				// Values of one kind depend on each other: further ones count
				// little, unless hardly anyone else has them.
				have, more, limit := scores[key][t.kind], 8.0, float64(kindCap)
				if len(t.actors) <= handful {
					more, limit = 3, linkBits
				}
				scores[key][t.kind] = max(have, min(limit, max(have, t.weight)+min(have, t.weight)/more))
			}
		}
	}
	for key, kinds := range scores {
		var bits float64
		for _, b := range kinds {
			bits += b
		}
		if bits >= linkBits {
			x, y := f.root(key.a), f.root(key.b)
			f.parent[max(x, y)] = min(x, y)
		}
	}
}

// campaign is whom a group touched: by organization, when first.
type campaign struct {
	member  *actor
	first   map[string]int64
	visible map[string]bool // organizations with a sensor that could show it
}

// linkVictims compares whom groups touched, and when. Two groups join if they
// share more organizations than chance explains among those where both can be
// seen, and touch them in the same days more often than their own calendars
// explain.
func linkVictims(f *forest, actors []*actor) {
	list := campaigns(f, actors)
	correction := math.Log2(float64(max(1, len(list)*(len(list)-1)/2)))
	for i, a := range list {
		for _, b := range list[i+1:] {
			if victimSurprise(a, b) >= victimBits+correction {
				f.union(a.member, b.member)
			}
		}
	}
}

// campaigns returns the groups with at least three organizations; of very many,
// those that touched the most.
func campaigns(f *forest, actors []*actor) []*campaign {
	coverage := make(map[string]map[string]bool) // organizations by rule that fired there, whoever made it
	byRoot := make(map[int]*campaign)
	for _, a := range actors {
		c := byRoot[f.rootOf(a)]
		if c == nil {
			c = &campaign{member: a, first: make(map[string]int64), visible: make(map[string]bool)}
			byRoot[f.rootOf(a)] = c
		}
		for org, deeds := range a.deeds {
			first := firstDeed(deeds)
			if have, ok := c.first[org]; !ok || first < have {
				c.first[org] = first
			}
			for _, d := range deeds {
				if coverage[ruleOf(d)] == nil {
					coverage[ruleOf(d)] = make(map[string]bool)
				}
				coverage[ruleOf(d)][org] = true
			}
		}
	}
	for _, a := range actors {
		c := byRoot[f.rootOf(a)]
		for _, deeds := range a.deeds {
			for _, d := range deeds {
				maps.Copy(c.visible, coverage[ruleOf(d)])
			}
		}
	}
	var list []*campaign
	for _, c := range byRoot {
		if len(c.first) >= 3 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *campaign) int {
		return cmp.Or(cmp.Compare(len(b.first), len(a.first)), a.member.key.compare(b.member.key))
	})
	return list[:min(len(list), maxCompared)]
}

// victimSurprise returns how many bits of surprise there are in the victims that
// a and b share. The null hypothesis for whom: random subsets (hypergeometric).
// For when: b's own dates, dealt out to its victims at random.
func victimSurprise(a, b *campaign) float64 {
	population, na, nb, both, close := 0, 0, 0, 0, 0
	var (
		expected float64
		dates    [][2]int64
	)
	for org := range a.visible {
		if !b.visible[org] {
			continue
		}
		population++
		ta, inA := a.first[org]
		tb, inB := b.first[org]
		if inA {
			na++
		}
		if inB {
			nb++
		}
		if !inA || !inB {
			continue
		}
		both++
		dates = append(dates, [2]int64{ta, tb})
		if abs(ta-tb) <= victimSlack {
			close++
		}
		near := 0
		for _, t := range b.first {
			if abs(ta-t) <= victimSlack {
				near++
			}
		}
		expected += float64(near) / float64(len(b.first))
	}
	if both < 3 {
		return 0
	}
	// Two views of the same dates: the better one, less the bit of choosing.
	when := max(-binomialTail(both, close, expected/float64(both)), sameOrder(dates)-1)
	whom := -hypergeometricTail(population, na, nb, both)
	if whom < minChoice {
		return 0 // who takes everyone meets everyone
	}
	return whom + max(0, when)
}

// sameOrder returns how many bits of surprise there are in two lists of dates
// that rise together: Kendall's rank correlation with its normal approximation,
// one-sided.
func sameOrder(dates [][2]int64) float64 {
	n := len(dates)
	if n < 5 {
		return 0
	}
	concordant := 0
	for i, x := range dates {
		for _, y := range dates[i+1:] {
			switch {
			case (x[0] < y[0]) == (x[1] < y[1]):
				concordant++
			default:
				concordant--
			}
		}
	}
	pairs := float64(n*(n-1)) / 2
	z := float64(concordant) / pairs / math.Sqrt(2*float64(2*n+5)/(9*float64(n*(n-1))))
	return -math.Log2(max(math.Erfc(z/math.Sqrt2)/2, 1e-300))
}

// binomialTail returns log2 P(X >= k) for n trials of probability p.
func binomialTail(n, k int, p float64) float64 {
	if p <= 0 || p >= 1 || k == 0 {
		return 0
	}
	var sum float64
	for x := k; x <= n; x++ {
		sum += math.Exp(logChoose(n, x) + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p))
	}
	return math.Log2(min(1, max(sum, 1e-300)))
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

// linkFootholds joins the addresses that used the same foothold: hands-on
// effects of one kind at one organization within days. Strangers rarely share a
// web shell.
func linkFootholds(f *forest, actors []*actor) {
	type foothold struct{ org, detector string }
	users := make(map[foothold][]*actor)
	first := make(map[foothold]map[*actor]int64)
	for _, a := range actors {
		for _, org := range sortedKeys(a.deeds) {
			for _, d := range a.deeds[org] {
				if !d.effect || d.weak || !handsOn[d.detector] {
					continue
				}
				k := foothold{org, d.detector}
				if first[k] == nil {
					first[k] = make(map[*actor]int64)
				}
				if _, ok := first[k][a]; !ok {
					users[k] = append(users[k], a)
					first[k][a] = d.first
				}
			}
		}
	}
	for k, list := range users {
		for i, a := range list {
			for _, b := range list[i+1:] {
				if abs(first[k][a]-first[k][b]) <= victimSlack {
					f.union(a, b)
				}
			}
		}
	}
}

// linkCauses joins an actor that shows only by consequences at an organization
// to the group that best explains them.
func linkCauses(f *forest, actors []*actor) {
	attackers := make(map[string][]*actor) // by organization: those who made a plain attempt
	reach := make(map[int]map[string]bool) // organizations by group
	seen := make(map[string]bool)
	for _, a := range actors {
		r := f.rootOf(a)
		if reach[r] == nil {
			reach[r] = make(map[string]bool)
		}
		for org, ds := range a.deeds {
			seen[org], reach[r][org] = true, true
			if attacks(ds) {
				attackers[org] = append(attackers[org], a)
			}
		}
	}
	selective := make(map[*actor]bool)
	for _, a := range actors {
		selective[a] = 10*len(reach[f.rootOf(a)]) < 6*len(seen)
	}
	for _, a := range actors {
		for _, org := range sortedKeys(a.deeds) {
			ds := a.deeds[org]
			i := slices.IndexFunc(ds, (*deed).consequence)
			if i >= 0 && !attacks(ds) {
				if best := explain(f, a, ds[i], org, attackers[org], selective); best != nil {
					f.union(a, best)
				}
			}
		}
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

// suspicion is the case against one group: what speaks for it being the cause.
type suspicion struct {
	member                   *actor
	target, effect, selected bool
	attempts                 int
	nearest                  int64 // from its last attempt to the consequence
}

func (s *suspicion) score() int {
	n := min(3, s.attempts)
	if s.target {
		n += 3
	}
	if s.effect {
		n += 3
	}
	if s.selected {
		n += 2
	}
	const day = int64(24 * 3600 * 1e9)
	switch {
	case s.nearest <= day:
		n += 4
	case s.nearest <= 3*day:
		n += 2
	case s.nearest <= 7*day:
		n++
	}
	return n
}

// explain returns a member of the group that stands out as the cause of e at
// org, nil if none does.
func explain(f *forest, a *actor, e *deed, org string, attackers []*actor, selective map[*actor]bool) *actor {
	suspects := make(map[int]*suspicion)
	for _, b := range attackers {
		r := f.rootOf(b)
		if r == f.rootOf(a) {
			continue
		}
		for _, d := range b.deeds[org] {
			if d.first > e.first || e.first-d.last > causalSlack || d.weak || d.stage < vedette.VerdictAttempt {
				continue
			}
			s := suspects[r]
			if s == nil {
				s = &suspicion{member: b, nearest: math.MaxInt64, selected: selective[b]}
				suspects[r] = s
			}
			s.attempts++
			s.effect = s.effect || d.effect
			s.nearest = min(s.nearest, max(0, e.first-d.last))
			for t := range d.targets {
				s.target = s.target || e.targets[t]
			}
		}
	}
	var best, second int
	var member *actor
	for _, s := range suspects {
		if n := s.score(); n > best {
			best, second, member = n, best, s.member
		} else if n > second {
			second = n
		}
	}
	if best < causalScore || best == second {
		return nil
	}
	return member
}
