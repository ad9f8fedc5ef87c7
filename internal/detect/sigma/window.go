package sigma

import (
	"slices"
	"strings"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// Bounds of what is remembered. A window that exceeds maxHits forgets its
// oldest hits; idle groups are looked for every sweepEvery hits.
const (
	maxHits    = 1 << 18
	sweepEvery = 1 << 16
)

// watch is one run of a correlator over events in the order of time.
type watch struct {
	*correlator
	windows map[*correlation]map[string]*window
	classes map[classKey]*class
	found   []episode
	seen    int
}

// hit is a match of a rule, or of an inner correlation.
type hit struct {
	time     int64
	rule     int // index into the correlation's rules
	source   int64
	position int64
	value    string // the counted fields
}

// window is the hits of one group within the timespan.
type window struct {
	hits    []hit
	head    int            // hits before it are forgotten
	rules   []int          // hits by rule
	values  map[string]int // hits by counted value
	chain   []int64        // temporal_ordered: latest start of a chain of the first n+1 rules
	parties parties
	any     bool
	group   []string
	org     string
	current *episode // going on
}

// episode is a time for which a correlation holds without a break.
type episode struct {
	of           *correlation
	organization string
	group        []string
	first, last  int64
	count        int64
	parties
	members []hit // the first ones
	tail    []hit // the last ones, beyond members
}

func newWatch(c *correlator) *watch {
	w := &watch{correlator: c, windows: make(map[*correlation]map[string]*window), classes: make(map[classKey]*class)}
	for _, co := range c.correlations {
		w.windows[co] = make(map[string]*window)
	}
	return w
}

// event matches one event and passes the matches on.
func (w *watch) event(e *stored) {
	var uses []use
	var finders []*finding
	w.engine.match(&e.Event, func(number int) {
		for _, u := range w.byRule[number] {
			uses, finders = append(uses, u), append(finders, &w.engine.findings[number])
		}
	})
	// One event can not be two steps of a sequence: later steps go first.
	for i := len(uses) - 1; i >= 0; i-- {
		u := uses[i]
		ref := u.in.Rules[u.index]
		group, ok := w.fields(e, u.in.GroupBy, u.in, ref)
		if !ok {
			continue // the event belongs to no group
		}
		h := hit{time: e.Time, rule: u.index, source: e.source, position: e.position}
		if len(u.in.Fields) > 0 {
			values, ok := w.fields(e, u.in.Fields, u.in, ref)
			if !ok {
				continue
			}
			h.value = strings.Join(values, "\x1f")
		}
		w.feed(u.in, group, e.Organization, h, finders[i].parties(&e.Event))
	}
}

// fields reads fields of an event; ok is false if it lacks one.
func (w *watch) fields(e *stored, names []string, co *correlation, ref string) ([]string, bool) {
	if len(names) == 0 {
		return nil, true
	}
	k := classOf(&e.Event)
	c := w.classes[k]
	if c == nil {
		c = newClass(k)
		w.classes[k] = c
	}
	out := make([]string, len(names))
	for i, name := range names {
		f := c.field(co.FieldOf(name, ref))
		var cell cell
		cell.load(&f, &e.Event)
		if cell.has != isTrue {
			return nil, false
		}
		out[i] = strings.Clone(cell.raw)
	}
	return out, true
}

// feed adds a hit to its group's window and looks whether the correlation
// holds.
func (w *watch) feed(co *correlation, group []string, org string, h hit, p parties) {
	if w.seen++; w.seen%sweepEvery == 0 {
		w.sweep(h.time)
	}
	key := org + "\x1e" + strings.Join(group, "\x1f")
	win := w.windows[co][key]
	if win == nil {
		win = &window{rules: make([]int, len(co.Rules)), values: make(map[string]int), chain: make([]int64, len(co.Rules)), group: group, org: strings.Clone(org)}
		w.windows[co][strings.Clone(key)] = win
	}
	span := int64(co.Timespan)
	if co.closing() {
		// Only a complete window tells how few there are.
		if len(win.hits) > 0 && h.time-win.hits[0].time > span {
			w.close(co, win)
		}
	} else {
		win.forget(h.time - span)
	}
	if len(win.hits)-win.head >= maxHits {
		win.drop()
	}
	win.add(h, p)
	if co.closing() {
		return
	}
	w.judge(co, win, h)
}

// closing reports whether the correlation also asks for few events, so that it
// can be judged only when a window is over.
func (co *correlation) closing() bool {
	for _, t := range co.Thresholds {
		if t.Compare != sig.CompareGT && t.Compare != sig.CompareGTE {
			return true
		}
	}
	return false
}

func (win *window) add(h hit, p parties) {
	win.hits = append(win.hits, h)
	win.rules[h.rule]++
	if h.value != "" {
		win.values[h.value]++
	}
	if !win.any || win.current == nil && len(win.hits)-win.head == 1 {
		win.parties, win.any = p, true
	} else {
		win.parties.common(p)
	}
	switch {
	case h.rule == 0:
		win.chain[0] = h.time
	case win.chain[h.rule-1] != 0:
		win.chain[h.rule] = max(win.chain[h.rule], win.chain[h.rule-1])
	}
}

// forget drops the hits before a time.
func (win *window) forget(before int64) {
	for win.head < len(win.hits) && win.hits[win.head].time < before {
		win.drop()
	}
	if win.head > 64 && win.head*2 > len(win.hits) {
		win.hits = slices.Delete(win.hits, 0, win.head)
		win.head = 0
	}
}

func (win *window) drop() {
	h := &win.hits[win.head]
	win.rules[h.rule]--
	if h.value != "" {
		if win.values[h.value]--; win.values[h.value] == 0 {
			delete(win.values, h.value)
		}
	}
	win.head++
}

// holds reports whether the correlation is true of the window; last is the hit
// that came last.
func (co *correlation) holds(win *window, last *hit) bool {
	switch co.Type {
	case sig.EventCount:
		return co.Holds(float64(len(win.hits) - win.head))
	case sig.ValueCount:
		return co.Holds(float64(len(win.values)))
	}
	if co.Condition != nil && !co.met(co.Condition, win) {
		return false
	}
	distinct := 0
	for _, n := range win.rules {
		if n > 0 {
			distinct++
		}
	}
	switch {
	case len(co.Thresholds) > 0 && !co.Holds(float64(distinct)):
		return false
	case len(co.Thresholds) == 0 && co.Condition == nil && distinct < len(win.rules):
		return false
	case co.Type == sig.TemporalOrdered:
		n := len(win.chain) - 1
		return last.rule == n && win.chain[n] != 0 && last.time-win.chain[n] <= int64(co.Timespan)
	}
	return true
}

// met evaluates the condition of an extended temporal correlation.
func (co *correlation) met(e *sig.Expr, win *window) bool {
	switch e.Op {
	case sig.OpNot:
		return !co.met(e.Args[0], win)
	case sig.OpAnd:
		return !slices.ContainsFunc(e.Args, func(a *sig.Expr) bool { return !co.met(a, win) })
	case sig.OpOr:
		return slices.ContainsFunc(e.Args, func(a *sig.Expr) bool { return co.met(a, win) })
	}
	i := slices.Index(co.Rules, e.Item.Field)
	return i >= 0 && win.rules[i] > 0
}

// judge begins, continues or ends an episode.
func (w *watch) judge(co *correlation, win *window, h hit) {
	if win.current != nil && h.time-win.current.last > int64(co.Timespan) {
		w.end(win)
	}
	holds := co.holds(win, &h)
	switch {
	case holds && win.current == nil:
		hits := win.hits[win.head:]
		if co.Type == sig.TemporalOrdered {
			start := win.chain[len(win.chain)-1]
			i := slices.IndexFunc(hits, func(x hit) bool { return x.time >= start })
			hits = hits[max(i, 0):]
		}
		win.current = begin(co, win, hits)
		w.inner(co, win, h)
	case win.current != nil && (holds || co.Type == sig.Temporal || co.Type == sig.TemporalOrdered):
		// Members of a sequence that goes on belong to it.
		win.current.extend(h, win.parties)
	case win.current != nil:
		w.end(win)
	}
}

func begin(co *correlation, win *window, hits []hit) *episode {
	ep := &episode{of: co, organization: win.org, group: win.group, first: hits[0].time, last: hits[len(hits)-1].time, count: int64(len(hits)), parties: win.parties}
	ep.members = slices.Clone(hits[:min(len(hits), maxEvidence)])
	if rest := hits[len(ep.members):]; len(rest) > 0 {
		ep.tail = slices.Clone(rest[max(0, len(rest)-lastMembers):])
	}
	return ep
}

func (ep *episode) extend(h hit, p parties) {
	ep.last = h.time
	ep.count++
	ep.parties = p
	if len(ep.members) < maxEvidence {
		ep.members = append(ep.members, h)
		return
	}
	if ep.tail = append(ep.tail, h); len(ep.tail) > lastMembers {
		ep.tail = ep.tail[1:]
	}
}

// inner passes a correlation that began to hold to those that build on it.
func (w *watch) inner(co *correlation, win *window, h hit) {
	for _, u := range co.outer {
		ref := u.in.Rules[u.index]
		var group []string
		for _, name := range u.in.GroupBy {
			i := slices.Index(co.GroupBy, u.in.FieldOf(name, ref))
			if i < 0 {
				break
			}
			group = append(group, win.group[i])
		}
		if len(group) < len(u.in.GroupBy) {
			continue
		}
		h.rule, h.value = u.index, strings.Join(win.group, "\x1f")
		w.feed(u.in, group, win.org, h, win.parties)
	}
}

// end closes the episode of a window.
func (w *watch) end(win *window) {
	if ep := win.current; ep != nil && !ep.of.silent {
		w.found = append(w.found, *ep)
	}
	win.current = nil
}

// close judges a complete window of a correlation that asks for few events, and
// starts the next.
func (w *watch) close(co *correlation, win *window) {
	if len(win.hits) > 0 {
		last := win.hits[len(win.hits)-1]
		if co.holds(win, &last) {
			win.current = begin(co, win, win.hits)
			w.inner(co, win, last)
			w.end(win)
		}
	}
	*win = window{rules: make([]int, len(co.Rules)), values: make(map[string]int), chain: make([]int64, len(co.Rules)), group: win.group, org: win.org}
}

// sweep forgets the groups that nothing happened in for a timespan.
func (w *watch) sweep(now int64) {
	for co, windows := range w.windows {
		for key, win := range windows {
			if n := len(win.hits); n > 0 && now-win.hits[n-1].time <= int64(co.Timespan) {
				continue
			}
			w.settle(co, win)
			delete(windows, key)
		}
	}
}

func (w *watch) settle(co *correlation, win *window) {
	if co.closing() {
		w.close(co, win)
	}
	w.end(win)
}

// finish ends what is still going on, and puts the episodes in order.
func (w *watch) finish() {
	for _, co := range w.correlations { // inner ones come before outer ones
		for _, win := range w.windows[co] {
			w.settle(co, win)
		}
	}
	slices.SortFunc(w.found, func(a, b episode) int {
		if a.first != b.first {
			return compare(a.first, b.first)
		}
		if c := strings.Compare(a.of.ID, b.of.ID); c != 0 {
			return c
		}
		if c := strings.Compare(a.organization, b.organization); c != 0 {
			return c
		}
		return slices.Compare(a.group, b.group)
	})
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	return 1
}
