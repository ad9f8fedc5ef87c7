package correlate

// Thresholds of linking, in bits of surprise: how much two addresses have in
// common that a client has by chance one time in two to the power of so many.
const (
	linkBits   = 14 // of traits in common
	nearBits   = 7  // what helps where victims agree
	kindCap    = 10 // what one kind of trait can give, unless several values
	handful    = 8  // are shared by no more than so many
	strongBits = 20 // what a link must have that joins two groups at one address
	sideSize   = 3  // of so many members each

	allPairs = 12 // of so many sharers every pair is compared,
	window   = 6  // of more, each with the next so many
)

// group is the actors of one cluster, in a fixed order.
type group []*actor

// link joins actors that act as one:
//
//   - by traits that few addresses share, weighted by rarity: two kinds of them,
//     or several that hardly anyone else has;
//   - by victims: the same organizations in the same days, beyond what the
//     sensors that could see both, and their own calendars, explain;
//   - by foothold: addresses that used the same one, or the same account;
//   - by cause: an address that a victim's machine turned to joins the one that
//     had attacked that machine before, if one stands out;
//   - by names: an address and the name that was seen for it.
//
// Links chain, so a campaign that changes its traits midway stays together as
// long as some member, or some victim, belongs to both halves. No group hangs on
// one weak link: see cuts.
//
// Cost: pairs are only made within a trait (of many sharers, only neighbors in
// the order of addresses, as in the sorted-neighborhood method of Hernández and
// Stolfo, SIGMOD 1995), an organization and month, or a machine.
func link(p *picture, traits []trait) []group {
	actors := p.sorted()
	f := newForest(actors)
	linkNames(p, f)
	linkCompanions(p, f)
	near := linkTraits(f, actors, traits)
	linkVictims(f, actors, near)
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
	f.join(f.index[a], f.index[b])
}

func (f *forest) join(i, j int) {
	x, y := f.root(i), f.root(j)
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
		for _, name := range a.names {
			if other := p.actors[actorKey{name: name}]; other != nil {
				f.union(a, other)
			}
		}
	}
}
