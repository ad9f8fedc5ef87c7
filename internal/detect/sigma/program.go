package sigma

import (
	"fmt"
	"slices"
	"sync"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// program matches events of one class against all rules that are about it. It
// is read-only after compilation; what a match needs to remember is in a state.
type program struct {
	slots   []slot
	preds   []pred
	rules   []progRule
	indexed []int32 // slots whose text is searched for literals
	slow    []int32 // predicates that trigger rules and can not be indexed
	always  []int32 // rules that no predicate triggers
	leftOut []int   // rules that can not be true for this class, by number
	pool    sync.Pool
}

type slot struct {
	field
	index index
}

// pred is one field with its values, shared by all rules that use it.
type pred struct {
	slot     int32
	values   []value
	set      map[string]struct{} // folded texts of which one is the whole field
	null     bool                // an absent field matches
	complete bool                // after the search, not found means false
	rules    []int32             // rules that it triggers
}

// progRule is a rule in negation normal form.
type progRule struct {
	number int // in the engine
	root   *node
}

// node is a condition without Not above anything but a predicate. In this form
// three-valued logic needs no third value: a literal is true only if it is
// known to be, in either polarity.
type node struct {
	op       sig.Op // OpItem, OpAnd, OpOr
	kids     []*node
	pred     int32
	negated  bool
	optional bool // ignorance satisfies the negated predicate
}

var (
	constTrue  = &node{op: sig.OpAnd}
	constFalse = &node{op: sig.OpOr}
)

// builder compiles one program.
type builder struct {
	*program
	class   *class
	slotIDs map[string]int32
	predIDs map[string]int32
	use     map[string]int
}

func compile(c *class, rules []*sig.Rule, numbers []int) *program {
	b := &builder{program: &program{}, class: c, slotIDs: make(map[string]int32), predIDs: make(map[string]int32), use: make(map[string]int)}
	for i, r := range rules {
		root := b.normal(r.Condition, false, false)
		if root == constFalse {
			b.leftOut = append(b.leftOut, numbers[i])
			continue
		}
		b.rules = append(b.rules, progRule{numbers[i], root})
	}
	b.chooseTriggers()
	b.buildIndex()
	p := b.program
	p.pool.New = func() any { return newState(p) }
	return p
}

// normal brings e into negation normal form.
func (b *builder) normal(e *sig.Expr, negated, optional bool) *node {
	optional = optional || e.Optional
	switch e.Op {
	case sig.OpNot:
		return b.normal(e.Args[0], !negated, optional)
	case sig.OpItem:
		return b.item(e.Item, negated, optional)
	}
	op := e.Op
	if negated { // De Morgan
		op = sig.OpAnd + sig.OpOr - op
	}
	unit, zero := constTrue, constFalse
	if op == sig.OpOr {
		unit, zero = constFalse, constTrue
	}
	var kids []*node
	for _, a := range e.Args {
		switch n := b.normal(a, negated, optional); {
		case n == zero:
			return zero
		case n == unit:
		case n.op == op:
			kids = append(kids, n.kids...)
		default:
			kids = append(kids, n)
		}
	}
	switch len(kids) {
	case 0:
		return unit
	case 1:
		return kids[0]
	}
	return &node{op: op, kids: kids}
}

func (b *builder) item(it *sig.Item, negated, optional bool) *node {
	vals := slices.DeleteFunc(slices.Clone(it.Values), func(v sig.Value) bool { return v.Kind == sig.KindPlaceholder })
	if len(vals) == 0 { // a placeholder without values: nothing is known
		if negated && optional {
			return constTrue
		}
		return constFalse
	}
	id := b.predicate(it.Field, vals)
	for i := range b.preds[id].values {
		for _, lit := range b.preds[id].values[i].literals() {
			b.use[useKey(b.preds[id].slot, lit)]++
		}
	}
	return &node{pred: id, negated: negated, optional: optional}
}

func (b *builder) slot(name string) int32 {
	f := b.class.field(name)
	if id, ok := b.slotIDs[f.id]; ok {
		return id
	}
	id := int32(len(b.slots))
	b.slotIDs[f.id] = id
	b.slots = append(b.slots, slot{field: f})
	return id
}

func (b *builder) predicate(name string, vals []sig.Value) int32 {
	p := pred{slot: b.slot(name)}
	key := fmt.Appendf(nil, "%d", p.slot)
	for i := range vals {
		v := compileValue(&vals[i], b.slot)
		p.values = append(p.values, v)
		if v.kind == sig.KindNull || v.kind == sig.KindPattern && v.simple && v.anchor == sig.AnchorWhole && len(v.lit) == 0 || v.kind == sig.KindExists && !v.exists {
			p.null = true
		}
		key = v.appendKey(key)
	}
	if id, ok := b.predIDs[string(key)]; ok {
		return id
	}
	id := int32(len(b.preds))
	b.predIDs[string(key)] = id
	b.preds = append(b.preds, p)
	return id
}

// appendKey appends a text that equal values share.
func (v *value) appendKey(b []byte) []byte {
	b = fmt.Appendf(b, "\x00%d %t %d %s %d %g %d %t %d ", v.kind, v.cased, v.anchor, v.network, v.compare, v.number, v.part, v.exists, v.other)
	for _, p := range v.parts {
		b = fmt.Appendf(b, "%d%q", p.Kind, p.Text)
	}
	if v.re != nil {
		b = append(b, v.re.String()...)
	}
	return b
}

// literals returns folded literals of which a matching text holds at least one;
// none if there are no such literals.
func (v *value) literals() [][]byte {
	switch v.kind {
	case sig.KindPattern:
		var best string
		for _, p := range v.parts {
			if p.Kind == sig.PartLiteral && len(p.Text) > len(best) {
				best = p.Text
			}
		}
		if best != "" {
			return [][]byte{fold(nil, best)}
		}
	case sig.KindRegexp:
		return v.needs
	}
	return nil
}

// whole reports whether the literal must be the whole field.
func (v *value) whole() bool {
	return v.kind == sig.KindPattern && v.simple && v.anchor == sig.AnchorWhole
}

// buildIndex enters the literals of the predicates that trigger rules, and of
// those with many values, into the fields' indexes.
func (b *builder) buildIndex() {
	pending := make([][]entry, len(b.slots))
	for id := range b.preds {
		p := &b.preds[id]
		indexable := len(p.values) > 0
		for i := range p.values {
			indexable = indexable && len(p.values[i].literals()) > 0
		}
		switch {
		case indexable && (len(p.rules) > 0 || len(p.values) >= manyValues):
			b.enter(int32(id), pending)
		case len(p.rules) > 0:
			b.slow = append(b.slow, int32(id))
		default:
			p.makeSet()
		}
	}
	for i := range b.slots {
		x := &b.slots[i].index
		x.build(pending[i])
		x.short.build(b.slots[i].id, x.short.entries)
		if !x.empty() {
			b.indexed = append(b.indexed, int32(i))
		}
	}
}

// manyValues is from where on one search for all values of a predicate is
// better than one after the other.
const manyValues = 12

func (b *builder) enter(id int32, pending [][]entry) {
	p := &b.preds[id]
	x := &b.slots[p.slot].index
	p.complete = true
	for i := range p.values {
		v := &p.values[i]
		if v.kind == sig.KindRegexp {
			p.complete = false
		}
		for _, lit := range v.literals() {
			e := entry{lit: lit, pred: id, value: int32(i)}
			switch {
			case v.whole():
				e.sure = !v.cased
				if x.exact == nil {
					x.exact = make(map[string][]entry)
				}
				x.exact[string(lit)] = append(x.exact[string(lit)], e)
			case len(lit) < minLiteral:
				x.short.entries = append(x.short.entries, e)
			default:
				e.sure = !v.cased && v.simple && v.anchor == sig.AnchorAnywhere
				pending[p.slot] = append(pending[p.slot], e)
			}
		}
	}
}

// makeSet moves the texts that must be the whole field into a hash table.
func (p *pred) makeSet() {
	if len(p.values) < manyValues {
		return
	}
	p.set = make(map[string]struct{})
	p.values = slices.DeleteFunc(p.values, func(v value) bool {
		if v.whole() && !v.cased {
			p.set[string(v.lit)] = struct{}{}
			return true
		}
		return false
	})
}
