package correlate

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Bounds of comparing victims.
const (
	victimSlack = int64(10 * 24 * 3600 * 1e9)
	minChoice   = 4  // bits that must come from whom, not when
	victimBits  = 7  // beyond what the number of compared pairs explains
	maxRounds   = 3  // groups that grew may agree with more
	minVictims  = 3  // organizations that two groups must share
	blockPeriod = 3  // victimSlacks in which two groups meet an organization, and
	blockGroups = 24 // how many are compared there: those with the fewest victims
)

// campaign is whom a group touched: by organization, when first.
type campaign struct {
	member  *actor
	first   map[string]int64
	visible map[string]bool // organizations with a sensor that could show it
}

// linkVictims compares whom groups touched, and when. Two groups join if they
// share more organizations than chance explains among those where both can be
// seen, and touch them in the same days more often than their own calendars
// explain. Who also has traits in common, if not enough for a link, needs less:
// the bits of both are added. near are such pairs.
func linkVictims(f *forest, actors []*actor, near []edge) {
	for range maxRounds {
		if !compareVictims(f, actors, near) {
			return
		}
	}
}

// compareVictims reports whether it joined any.
func compareVictims(f *forest, actors []*actor, near []edge) bool {
	list := campaigns(f, actors)
	place := make(map[int]int) // in list, by root
	for i, c := range list {
		place[f.rootOf(c.member)] = i
	}
	alike := make(map[[2]int]float64)
	for _, p := range meetings(list) {
		alike[p] = 0
	}
	for _, e := range near {
		x, okX := place[f.root(e.a)]
		y, okY := place[f.root(e.b)]
		if p := [2]int{min(x, y), max(x, y)}; okX && okY && x != y {
			alike[p] = max(alike[p], e.bits)
		}
	}
	pairs := slices.SortedFunc(maps.Keys(alike), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	n := len(list)
	correction := math.Log2(float64(max(1, n*(n-1)/2)))
	joined := false
	for _, p := range pairs {
		a, b := list[p[0]], list[p[1]]
		need := victimBits + correction
		if alike[p] > 0 {
			need = max(minChoice, need-alike[p])
		}
		if surprise := victimSurprise(a, b); surprise >= need && f.rootOf(a.member) != f.rootOf(b.member) {
			f.union(a.member, b.member)
			joined = true
		}
	}
	return joined
}

// meetings returns the pairs that came to minVictims organizations within
// months of each other. Where very many come, only the most selective are
// compared: that two take everyone says nothing.
func meetings(list []*campaign) [][2]int {
	type block struct {
		org    string
		period int64
	}
	blocks := make(map[block][]int)
	for i, c := range list { // most selective first
		for org, at := range c.first {
			period := at / (blockPeriod * victimSlack)
			for _, k := range []block{{org, period}, {org, period + 1}} { // so that neighbors in time meet
				if len(blocks[k]) < blockGroups {
					blocks[k] = append(blocks[k], i)
				}
			}
		}
	}
	met := make(map[[2]int]map[string]bool)
	for k, members := range blocks {
		slices.Sort(members)
		for i, a := range members {
			for _, b := range members[i+1:] {
				p := [2]int{a, b}
				if met[p] == nil {
					met[p] = make(map[string]bool)
				}
				met[p][k.org] = true
			}
		}
	}
	var out [][2]int
	for p, orgs := range met {
		if len(orgs) >= minVictims {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return out
}

// coverage returns the organizations where each rule fired, whoever made it.
func coverage(actors []*actor) map[string]map[string]bool {
	out := make(map[string]map[string]bool)
	for _, a := range actors {
		for org, deeds := range a.deeds {
			for _, d := range deeds {
				if out[ruleOf(d)] == nil {
					out[ruleOf(d)] = make(map[string]bool)
				}
				out[ruleOf(d)][org] = true
			}
		}
	}
	return out
}

// addVisible adds the organizations where a's kinds of findings exist.
func (a *actor) addVisible(visible map[string]bool, where map[string]map[string]bool) {
	seen := make(map[string]bool)
	for _, deeds := range a.deeds {
		for _, d := range deeds {
			if r := ruleOf(d); !seen[r] {
				seen[r] = true
				maps.Copy(visible, where[r])
			}
		}
	}
}

// campaigns returns the groups with two organizations or more, those with the
// fewest first.
func campaigns(f *forest, actors []*actor) []*campaign {
	where := coverage(actors)
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
		}
	}
	var list []*campaign
	for _, c := range byRoot {
		if len(c.first) >= 2 {
			list = append(list, c)
		}
	}
	for _, a := range actors {
		if c := byRoot[f.rootOf(a)]; len(c.first) >= 2 {
			a.addVisible(c.visible, where)
		}
	}
	slices.SortFunc(list, func(a, b *campaign) int {
		return cmp.Or(cmp.Compare(len(a.first), len(b.first)), a.member.key.compare(b.member.key))
	})
	return list
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
	for _, org := range sortedKeys(a.visible) {
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
	if both < 2 {
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

func firstDeed(ds []*deed) int64 {
	first := ds[0].first
	for _, d := range ds {
		first = min(first, d.first)
	}
	return first
}
