package correlate

import (
	"cmp"
	"math"
	"slices"
)

// edge is a link between two actors, by their places in the sorted list.
type edge struct {
	a, b int
	bits float64
}

// compareEdges orders edges by their ends.
func compareEdges(x, y edge) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) }

// linkTraits joins actors that resemble each other, and returns those that do so
// less.
func linkTraits(f *forest, actors []*actor, traits []trait) (near []edge) {
	r := newResemblance(f, actors, traits)
	var edges, alike, part []edge
	for _, e := range r.candidates() {
		bits, same := r.compare(e.a, e.b)
		e.bits = bits
		switch {
		case bits >= linkBits:
			edges = append(edges, e)
		case same == sameRepertoire:
			alike = append(alike, e)
		case same == partRepertoire:
			part = append(part, e)
		case bits >= nearBits:
			near = append(near, e)
		}
	}
	tools, rest := onePool(actors, alike, part)
	edges = slices.Concat(edges, tools, scouts(f, actors, traits))
	slices.SortFunc(edges, compareEdges)
	weak := cuts(len(actors), edges)
	for i, e := range edges {
		if !weak[i] {
			f.join(e.a, e.b)
		}
	}
	return append(near, rest...)
}

// repertoire says how far two actors have one and the same.
type repertoire int

const (
	otherRepertoire repertoire = iota
	partRepertoire             // one has a part of the other's
	sameRepertoire
)

// onePool divides pairs that have the same repertoire. Pools of such actors that
// together take everyone are one botnet, or one tool, which for the purpose comes
// to the same: their pairs are links. Who showed but a part of it belongs to the
// pool, too. What is selective needs more than a tool to be one.
func onePool(actors []*actor, alike, part []edge) (links, rest []edge) {
	f := newForest(actors)
	for _, e := range alike {
		f.join(e.a, e.b)
	}
	where := coverage(actors)
	visible, touched := make(map[int]map[string]bool), make(map[int]map[string]bool)
	size := make(map[int]int)
	for i, a := range actors {
		r := f.root(i)
		if visible[r] == nil {
			visible[r], touched[r] = make(map[string]bool), make(map[string]bool)
		}
		size[r]++
		a.addVisible(visible[r], where)
		for org := range a.deeds {
			touched[r][org] = true
		}
	}
	pool := func(i int) bool {
		r := f.root(i)
		return size[r] >= sideSize && takesEveryone(len(touched[r]), len(visible[r]))
	}
	for _, e := range alike {
		if pool(e.a) {
			e.bits = linkBits
			links = append(links, e)
		} else {
			rest = append(rest, e)
		}
	}
	for _, e := range part {
		if pool(e.a) != pool(e.b) {
			e.bits = linkBits
			links = append(links, e)
		} else {
			rest = append(rest, e)
		}
	}
	return links, rest
}

// broadShare is how many of the organizations where such findings exist at all
// someone touches who takes everyone.
const broadShare = 0.4

// takesEveryone reports whether touching so many of the organizations where it
// could be seen is no choice.
func takesEveryone(touched, visible int) bool {
	return touched >= 4 && float64(touched) >= broadShare*float64(visible)
}

// resemblance compares actors by their traits.
type resemblance struct {
	traits []trait
	kinds  []int   // of each trait, as a number
	have   [][]int // each actor's traits, ascending; traits are sorted by kind
	index  map[*actor]int
}

func newResemblance(f *forest, actors []*actor, traits []trait) *resemblance {
	traits = slices.Clone(traits)
	slices.SortStableFunc(traits, func(a, b trait) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value)) })
	r := &resemblance{traits: traits, index: f.index, have: make([][]int, len(actors)), kinds: make([]int, len(traits))}
	for i, t := range traits {
		if i > 0 {
			r.kinds[i] = r.kinds[i-1]
			if t.kind != traits[i-1].kind {
				r.kinds[i]++
			}
		}
		for _, a := range t.actors {
			r.have[f.index[a]] = append(r.have[f.index[a]], i)
		}
	}
	return r
}

// candidates returns the pairs worth a comparison, in order.
func (r *resemblance) candidates() []edge {
	seen := make(map[[2]int]bool)
	for _, t := range r.traits {
		places := make([]int, len(t.actors))
		for i, a := range t.actors {
			places[i] = r.index[a]
		}
		slices.Sort(places)
		reach := window
		if len(places) <= allPairs {
			reach = allPairs
		}
		for i, a := range places {
			for _, b := range places[i+1 : min(len(places), i+1+reach)] {
				if a != b {
					seen[[2]int{a, b}] = true
				}
			}
		}
	}
	out := make([]edge, 0, len(seen))
	for p := range seen {
		out = append(out, edge{a: p[0], b: p[1]})
	}
	slices.SortFunc(out, compareEdges)
	return out
}

// compare returns how much two actors have in common. Values of one kind depend
// on each other: beyond the rarest they count an eighth, or a third if hardly
// anyone else has them, and a kind gives kindCap at most, or linkBits if three or
// more are such; what is sent never does, since a tool sends the same in any
// hand.
func (r *resemblance) compare(a, b int) (bits float64, same repertoire) {
	var all, sent common
	x, y := r.have[a], r.have[b]
	for len(x) > 0 || len(y) > 0 {
		next := math.MaxInt
		if len(x) > 0 {
			next = x[0]
		}
		if len(y) > 0 {
			next = min(next, y[0])
		}
		var ours, theirs []int
		ours, x = r.split(x, r.kinds[next])
		theirs, y = r.split(y, r.kinds[next])
		c := r.common(ours, theirs)
		bits += c.bits(r.traits[next].kind)
		values := repertoires[r.traits[next].kind]
		all.add(c, values)
		if lists[r.traits[next].kind] {
			sent.add(c, 1)
		}
	}
	const least = 4
	switch {
	case all.shared >= least && all.share() >= 0.6 && sent.share() >= 0.8:
		return bits, sameRepertoire
	case all.shared >= least && all.contained() >= 0.8 && (sent.share() >= 0.8 || sent.shared >= least && sent.contained() >= 0.8):
		return bits, partRepertoire
	}
	return bits, otherRepertoire
}

// lists are the kinds of traits that a tool sends from a list.
var lists = map[string]bool{"request": true, "tried account": true, "set of ports": true}

// repertoires are the kinds of traits that a tool brings along, and how many
// values one such trait stands for.
var repertoires = map[string]int{
	"request": 1, "tried account": 1, "user agent": 1, "SSH client": 1,
	"set of ports": leastValues,
}

// split cuts a list of traits behind those of a kind.
func (r *resemblance) split(list []int, kind int) (of, rest []int) {
	n := 0
	for n < len(list) && r.kinds[list[n]] == kind {
		n++
	}
	return list[:n], list[n:]
}

// common is what two actors share of one kind of trait.
type common struct {
	top, more    float64 // bits of the rarest, and of the rest, discounted
	shared, rare int     // values; rare: hardly anyone else's
	ours, theirs int     // values of each
}

// add counts the values of o, each as so many.
func (c *common) add(o common, n int) {
	c.shared, c.ours, c.theirs = c.shared+n*o.shared, c.ours+n*o.ours, c.theirs+n*o.theirs
}

func (r *resemblance) common(ours, theirs []int) (c common) {
	for i, j := 0, 0; i < len(ours) && j < len(theirs); {
		switch {
		case ours[i] < theirs[j]:
			i++
		case ours[i] > theirs[j]:
			j++
		default:
			t := &r.traits[ours[i]]
			discount := 8.0
			if t.users <= handful {
				discount = 3
				c.rare++
			}
			c.more += min(t.weight, c.top) / discount
			c.top = max(c.top, t.weight)
			if !t.order {
				c.shared++
			}
			i, j = i+1, j+1
		}
	}
	c.ours, c.theirs = r.values(ours), r.values(theirs)
	return c
}

// values counts the traits that are values.
func (r *resemblance) values(list []int) (n int) {
	for _, i := range list {
		if !r.traits[i].order {
			n++
		}
	}
	return n
}

// share is how much of what either has both have.
func (c common) share() float64 {
	return float64(c.shared) / float64(max(c.ours+c.theirs-c.shared, 1))
}

// contained is how much of what the one with fewer has both have.
func (c common) contained() float64 {
	return float64(c.shared) / float64(max(min(c.ours, c.theirs), 1))
}

func (c common) bits(kind string) float64 {
	limit := float64(kindCap)
	if c.rare >= 3 && !lists[kind] || c.top >= linkBits {
		limit = linkBits
	}
	return min(limit, c.top+c.more)
}
