package sigma

import (
	"fmt"
	"strings"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// Costs are rough ideas of how often a literal occurs where it means nothing,
// on an open scale. They decide which of a rule's necessary predicates is
// looked for; a bad guess costs time, never a match.
const (
	costRareByte = 100 // a short literal with a byte that the field hardly has
	costCommon   = 20_000
	costSlow     = 500_000
)

var costByLength = [...]int{10_000_000, 2_000_000, 20_000, 3_000, 60, 30, 15, 15, 8, 8, 5}

// commonValues are whole fields that mean nothing by themselves.
var commonValues = map[string]bool{"get": true, "post": true, "head": true, "200": true, "301": true, "302": true, "304": true, "404": true,
	"true": true, "false": true, "0": true, "1": true, "80": true, "443": true, "tcp": true, "udp": true, "success": true, "a": true, "aaaa": true}

func useKey(slot int32, lit []byte) string { return fmt.Sprintf("%d %s", slot, lit) }

// chooseTriggers finds for each rule predicates of which at least one must be
// true for the rule to be true, the rarest there are.
func (b *builder) chooseTriggers() {
	costs := make([]int, len(b.preds))
	for i := range b.preds {
		costs[i] = b.cost(&b.preds[i])
	}
	for i := range b.rules {
		preds, cost := necessary(b.rules[i].root, costs)
		if cost == impossible {
			b.always = append(b.always, int32(i))
			continue
		}
		for _, id := range preds {
			p := &b.preds[id]
			if n := len(p.rules); n == 0 || p.rules[n-1] != int32(i) {
				p.rules = append(p.rules, int32(i))
			}
		}
	}
}

const impossible = 1 << 50

// necessary returns predicates of which one is true whenever n is.
func necessary(n *node, costs []int) ([]int32, int) {
	switch n.op {
	case sig.OpItem:
		if n.negated {
			return nil, impossible
		}
		return []int32{n.pred}, costs[n.pred]
	case sig.OpAnd:
		var best []int32
		bestCost := impossible
		for _, k := range n.kids {
			if preds, cost := necessary(k, costs); cost < bestCost {
				best, bestCost = preds, cost
			}
		}
		return best, bestCost
	}
	var all []int32
	sum := 0
	for _, k := range n.kids {
		preds, cost := necessary(k, costs)
		if cost == impossible {
			return nil, impossible
		}
		all = append(all, preds...)
		sum += cost
	}
	return all, sum
}

func (b *builder) cost(p *pred) int {
	sum := 0
	for i := range p.values {
		v := &p.values[i]
		lits := v.literals()
		if len(lits) == 0 {
			return costSlow
		}
		for _, lit := range lits {
			c := costByLength[min(len(lit), len(costByLength)-1)]
			if len(lit) < minLiteral {
				if _, n := rarest(b.slots[p.slot].id, lit); n == 0 {
					c = costRareByte
				}
			}
			switch {
			case v.whole():
				c = 20
				if commonValues[string(lit)] {
					c = costCommon
				}
			case strings.Contains(common, string(lit)):
				c += costCommon
			}
			sum += c + 3*b.use[useKey(p.slot, lit)]
		}
	}
	return sum
}
