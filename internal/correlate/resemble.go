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

// linkTraits joins actors that resemble each other.
func linkTraits(f *forest, actors []*actor, traits []trait) {
	r := newResemblance(f, actors, traits)
	var edges []edge
	for _, e := range r.candidates() {
		if e.bits = r.bits(e.a, e.b); e.bits >= linkBits {
			edges = append(edges, e)
		}
	}
	weak := cuts(len(actors), edges)
	for i, e := range edges {
		if !weak[i] {
			f.join(e.a, e.b)
		}
	}
}

// resemblance compares actors by their traits.
type resemblance struct {
	traits []trait
	kinds  []int   // of each trait, as a number
	have   [][]int // each actor's traits, ascending; traits are sorted by kind
	index  map[*actor]int
	broad  []bool // who takes everyone
}

func newResemblance(f *forest, actors []*actor, traits []trait) *resemblance {
	traits = slices.Clone(traits)
	slices.SortStableFunc(traits, func(a, b trait) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value)) })
	r := &resemblance{traits: traits, index: f.index, have: make([][]int, len(actors)), kinds: make([]int, len(traits)), broad: broad(actors)}
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

// broadShare is how many of the organizations where such findings exist at all
// someone touches who takes everyone.
const broadShare = 0.4

// broad tells of each actor whether it takes everyone.
func broad(actors []*actor) []bool {
	where := coverage(actors)
	out := make([]bool, len(actors))
	for i, a := range actors {
		visible := make(map[string]bool)
		a.addVisible(visible, where)
		out[i] = takesEveryone(len(a.deeds), len(visible))
	}
	return out
}

// takesEveryone reports whether touching so many of the organizations where it
// could be seen is no choice.
func takesEveryone(touched, visible int) bool {
	return touched >= 4 && float64(touched) >= broadShare*float64(visible)
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

// bits returns how much two actors have in common. Values of one kind depend on
// each other: beyond the rarest they count an eighth, or a third if hardly anyone
// else has them, and a kind gives kindCap at most, or linkBits if three or more
// are such. Who takes everyone is known by a whole repertoire: two who have the
// same one are one botnet, or one tool, which for the purpose comes to the same.
func (r *resemblance) bits(a, b int) float64 {
	var sum float64
	var all common
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
		sum += c.bits()
		values := repertoires[r.traits[next].kind]
		all.either += values * c.either
		all.shared += values * c.shared
	}
	const least, same = 4, 0.8
	if r.broad[a] && r.broad[b] && all.shared >= least && float64(all.shared) >= same*float64(all.either) {
		return max(sum, linkBits)
	}
	return sum
}

// repertoires are the kinds of traits that a tool brings along, and how many
// values one such trait stands for.
var repertoires = map[string]int{
	"request": 1, "tried account": 1, "user agent": 1, "SSH client": 1,
	"set of ports": leastValues, "order of requests": leastValues, "order of tried accounts": leastValues,
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
	top, more            float64 // bits of the rarest, and of the rest, discounted
	shared, either, rare int     // values; rare: of those shared, hardly anyone else's
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
			c.shared++
			i, j = i+1, j+1
		}
	}
	c.either = len(ours) + len(theirs) - c.shared
	return c
}

func (c common) bits() float64 {
	limit := float64(kindCap)
	if c.rare >= 3 || c.top >= linkBits {
		limit = linkBits
	}
	return min(limit, c.top+c.more)
}
