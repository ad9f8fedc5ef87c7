package correlate

// cuts marks the links by which two groups of sideSize or more hang together at
// one address only, if all of them are weaker than strongBits: the address is a
// cut vertex of the graph (Hopcroft and Tarjan, Efficient algorithms for graph
// manipulation, Communications of the ACM 16, 1973). So no coincidence, and no
// single busy address, joins what else has nothing in common. (The address itself
// stays with one of them.)
func cuts(nodes int, edges []edge) []bool {
	g := &cutter{
		edges: edges, links: make([][]int, nodes), weak: make([]bool, len(edges)),
		order: make([]int, nodes), low: make([]int, nodes), size: make([]int, nodes),
	}
	for i, e := range edges {
		g.links[e.a] = append(g.links[e.a], i)
		g.links[e.b] = append(g.links[e.b], i)
	}
	for n := range nodes {
		if g.order[n] == 0 && len(g.links[n]) > 0 {
			g.component(n)
		}
	}
	return g.weak
}

type cutter struct {
	edges            []edge
	links            [][]int // edges of each node
	order, low, size []int   // as in the paper; size of the subtree
	weak             []bool
	count            int
}

// subtree hangs on the rest of its component at one node.
type subtree struct{ at, top int }

// step is a node on the way down, and the edge that led there.
type step struct{ node, via, next int }

// component walks what hangs together with root, without recursion: groups can
// be large.
func (g *cutter) component(root int) {
	var found []subtree
	stack := []step{g.enter(root, -1)}
	for {
		at := &stack[len(stack)-1]
		if at.next < len(g.links[at.node]) {
			e := g.links[at.node][at.next]
			at.next++
			if e == at.via {
				continue
			}
			if other := g.other(e, at.node); g.order[other] == 0 {
				stack = append(stack, g.enter(other, e))
			} else {
				g.low[at.node] = min(g.low[at.node], g.order[other])
			}
			continue
		}
		done := at.node
		stack = stack[:len(stack)-1]
		if len(stack) == 0 {
			break
		}
		parent := stack[len(stack)-1].node
		g.low[parent] = min(g.low[parent], g.low[done])
		g.size[parent] += g.size[done]
		if g.low[done] >= g.order[parent] {
			found = append(found, subtree{parent, done})
		}
	}
	for _, s := range found {
		if min(g.size[s.top], g.size[root]-g.size[s.top]) >= sideSize {
			g.cut(s)
		}
	}
}

func (g *cutter) enter(node, via int) step {
	g.count++
	g.order[node], g.low[node], g.size[node] = g.count, g.count, 1
	return step{node: node, via: via}
}

func (g *cutter) other(e, node int) int { return g.edges[e].a + g.edges[e].b - node }

// cut marks the links of s.at into the subtree, unless one is strong.
func (g *cutter) cut(s subtree) {
	var into []int
	for _, e := range g.links[s.at] {
		// The subtree was walked in one go.
		if n := g.order[g.other(e, s.at)] - g.order[s.top]; n < 0 || n >= g.size[s.top] {
			continue
		}
		if g.edges[e].bits >= strongBits {
			return
		}
		into = append(into, e)
	}
	for _, e := range into {
		g.weak[e] = true
	}
}
