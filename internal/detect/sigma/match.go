package sigma

import (
	"slices"

	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// Results of a predicate for one event.
const (
	unknown  = iota // the source does not have the field
	isFalse         // known to be false
	isTrue          //
	verdicts = 4    // results take two bits beside the epoch
)

// state is what one match needs to remember. It belongs to one program and one
// goroutine at a time. Everything in it is stamped with an epoch, so that
// nothing has to be cleared between events.
type state struct {
	prog    *program
	event   *vedette.Event
	epoch   uint32
	cells   []cell
	results []uint32 // by predicate: epoch and result
	asked   []uint32 // by rule: epoch in which it became a candidate
	cand    []int32
	matched []int32
	raw     []byte // the text that is being searched
	low     []byte // and its folded form
}

// cell is the value of a field.
type cell struct {
	loaded uint32 // epoch
	folded uint32
	has    uint8 // unknown, isFalse (absent), isTrue (present)
	sep    byte
	raw    string
	low    []byte
	buf    []byte
	hint   int
	signed uint32    // epoch of sign
	sign   signature // of low
}

func newState(p *program) *state {
	return &state{prog: p, cells: make([]cell, len(p.slots)), results: make([]uint32, len(p.preds)), asked: make([]uint32, len(p.rules))}
}

// run returns the rules that match e, ascending, as indexes into rules. The
// slice is valid until the next run.
func (s *state) run(e *vedette.Event) []int32 {
	s.begin(e)
	p := s.prog
	for _, i := range p.indexed {
		s.search(i)
	}
	for _, id := range p.slow {
		if s.test(id) == isTrue {
			s.ask(p.preds[id].rules)
		}
	}
	s.ask(p.always)
	for _, r := range s.cand {
		if s.holds(p.rules[r].root) {
			s.matched = append(s.matched, r)
		}
	}
	if len(s.matched) > 1 {
		slices.Sort(s.matched)
	}
	s.event = nil
	return s.matched
}

func (s *state) begin(e *vedette.Event) {
	s.event, s.cand, s.matched = e, s.cand[:0], s.matched[:0]
	if s.epoch++; s.epoch == 1<<30 {
		s.epoch = 1
		clear(s.results)
		clear(s.asked)
		for i := range s.cells {
			s.cells[i].loaded, s.cells[i].folded, s.cells[i].signed = 0, 0, 0
		}
	}
}

// search looks for the indexed literals of one field.
func (s *state) search(i int32) {
	c := s.cell(i)
	if c.has != isTrue {
		return
	}
	x := &s.prog.slots[i].index
	raw, low := bytesOf(c.raw), s.fold(c)
	for more := true; more; {
		var moreLow bool
		s.raw, raw, more = element(raw, c.sep)
		s.low, low, moreLow = element(low, c.sep)
		more = more && moreLow
		if x.exact != nil {
			list := x.exact[string(s.low)]
			for j := range list {
				s.hit(&list[j])
			}
		}
		x.scan(s.low, s)
		x.short.scan(s.low, s)
	}
}

// hit takes note of a literal that was found.
func (s *state) hit(e *entry) {
	p := &s.prog.preds[e.pred]
	if s.results[e.pred] == s.epoch*verdicts+isTrue {
		return
	}
	v := &p.values[e.value]
	switch {
	case v.kind == sig.KindRegexp:
		// Left for when a rule asks for it.
	case e.sure || v.matchText(s.raw, s.low):
		s.results[e.pred] = s.epoch*verdicts + isTrue
	default:
		return
	}
	s.ask(p.rules)
}

// ask makes rules candidates.
func (s *state) ask(rules []int32) {
	for _, r := range rules {
		if s.asked[r] != s.epoch {
			s.asked[r] = s.epoch
			s.cand = append(s.cand, r)
		}
	}
}

// holds evaluates a rule.
func (s *state) holds(n *node) bool {
	switch n.op {
	case sig.OpItem:
		switch s.test(n.pred) {
		case isTrue:
			return !n.negated
		case isFalse:
			return n.negated
		}
		return n.negated && n.optional
	case sig.OpAnd:
		for _, k := range n.kids {
			if !s.holds(k) {
				return false
			}
		}
		return true
	}
	for _, k := range n.kids {
		if s.holds(k) {
			return true
		}
	}
	return false
}

// test evaluates a predicate, once an event.
func (s *state) test(id int32) uint32 {
	if r := s.results[id]; r/verdicts == s.epoch && r%verdicts != unknown {
		return r % verdicts
	}
	r := s.evaluate(&s.prog.preds[id])
	s.results[id] = s.epoch*verdicts + r
	return r
}

func (s *state) evaluate(p *pred) uint32 {
	c := s.cell(p.slot)
	switch {
	case c.has == unknown:
		return unknown
	case c.has == isFalse:
		if p.null {
			return isTrue
		}
		return isFalse
	case p.complete:
		return isFalse
	}
	raw, low := bytesOf(c.raw), s.fold(c)
	for more := true; more; {
		var r, l []byte
		var moreLow bool
		r, raw, more = element(raw, c.sep)
		l, low, moreLow = element(low, c.sep)
		more = more && moreLow
		if _, ok := p.set[string(l)]; ok {
			return isTrue
		}
		for i := range p.values {
			v := &p.values[i]
			if v.need != nil && c.sep == 0 && !v.need.met(s.signature(c)) {
				continue
			}
			if s.matches(v, r, l) {
				return isTrue
			}
		}
	}
	return isFalse
}

func (s *state) matches(v *value, raw, low []byte) bool {
	switch v.kind {
	case sig.KindExists:
		return v.exists
	case sig.KindFieldRef:
		other := s.cell(v.other)
		if other.has != isTrue {
			return false
		}
		if v.cased {
			return anchored(raw, bytesOf(other.raw), v.anchor)
		}
		return anchored(low, s.fold(other), v.anchor)
	}
	return v.matchText(raw, low)
}

// cell loads a field.
func (s *state) cell(i int32) *cell {
	c := &s.cells[i]
	if c.loaded == s.epoch {
		return c
	}
	c.loaded = s.epoch
	c.load(&s.prog.slots[i].field, s.event)
	return c
}

// load reads the field of an event.
func (c *cell) load(f *field, e *vedette.Event) {
	c.sep = f.sep
	ok, absent := false, false
	if f.get != nil {
		c.raw, ok = f.get(e, &c.buf)
	}
	if !ok {
		if r := rest(e, f.keys, &c.hint); r != nil {
			c.raw, ok = r.Value, true
			switch {
			case r.Kind == vedette.KindRaw && r.Value == "null":
				ok, absent = false, true
			case r.Kind == vedette.KindRaw && len(r.Value) > 0 && r.Value[0] == '[':
				c.buf = appendArray(c.buf[:0], r.Value)
				c.raw, c.sep = view(c.buf), unit
			case f.zeekBool && r.Value == "T":
				c.raw = "true"
			case f.zeekBool && r.Value == "F":
				c.raw = "false"
			}
		}
	}
	switch {
	case ok:
		c.has = isTrue
	case absent || f.known(e):
		c.has = isFalse
	default:
		c.has = unknown
	}
}

// fold returns the folded form of a loaded cell.
func (s *state) fold(c *cell) []byte {
	if c.folded != s.epoch {
		c.low = fold(c.low[:0], c.raw)
		c.folded = s.epoch
	}
	return c.low
}

// signature returns the signature of a loaded cell that is no list.
func (s *state) signature(c *cell) *signature {
	if c.signed != s.epoch {
		c.sign.sign(s.fold(c))
		c.signed = s.epoch
	}
	return &c.sign
}
