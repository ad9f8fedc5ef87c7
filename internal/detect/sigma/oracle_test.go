package sigma

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// kleene evaluates a condition without index, triggers and normal form: three
// values, straight from the tree. It shares field access and the comparison of
// one value with the engine, nothing else.
func kleene(s *state, b *builder, e *sig.Expr, optional bool) int {
	optional = optional || e.Optional
	switch e.Op {
	case sig.OpNot:
		return -kleeneOptional(kleene(s, b, e.Args[0], optional), optional || e.Args[0].Optional)
	case sig.OpAnd:
		r := 1
		for _, a := range e.Args {
			r = min(r, kleene(s, b, a, optional))
		}
		return r
	case sig.OpOr:
		r := -1
		for _, a := range e.Args {
			r = max(r, kleene(s, b, a, optional))
		}
		return r
	}
	r := -1
	for i := range e.Item.Values {
		v := &e.Item.Values[i]
		if v.Kind == sig.KindPlaceholder {
			r = max(r, 0)
			continue
		}
		id := b.predicate(e.Item.Field, []sig.Value{*v})
		s.results = append(s.results, make([]uint32, max(0, len(b.preds)-len(s.results)))...)
		s.cells = append(s.cells, make([]cell, max(0, len(b.slots)-len(s.cells)))...)
		r = max(r, map[uint32]int{unknown: 0, isFalse: -1, isTrue: 1}[s.evaluate(&b.preds[id])])
	}
	return r
}

// kleeneOptional: what an optional filter can not know does not hold a rule
// back.
func kleeneOptional(r int, optional bool) int {
	if optional && r == 0 {
		return -1
	}
	return r
}

// oracle lists the ids of the rules that are true for e by plain evaluation.
func oracle(e *vedette.Event, rules []*sig.Rule) []string {
	c := newClass(classOf(e))
	b := &builder{program: &program{}, class: c, slotIDs: map[string]int32{}, predIDs: map[string]int32{}, use: map[string]int{}}
	s := &state{prog: b.program}
	s.begin(e)
	var ids []string
	for _, r := range rules {
		if c.admits(r.LogSource) && kleene(s, b, r.Condition, false) == 1 {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func TestEngineAgreesWithPlainEvaluation(t *testing.T) {
	rules := sigmaHQ(t, func(sig.LogSource) bool { return true })
	engine := New(rules)
	events := processEvents()
	log := accessLog(t)
	for i := 0; i < len(log); i += 97 {
		events = append(events, log[i])
	}
	// Every third of the events that rules are known to match.
	n := 0
	err := filepath.WalkDir(unpack(t), func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		if n++; n%3 != 0 {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			e, err := flatten(raw)
			if err != nil {
				return err
			}
			events = append(events, *e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	matches := 0
	for i := range events {
		var got []string
		engine.Match(&events[i], func(r *sig.Rule) { got = append(got, r.ID) })
		want := oracle(&events[i], rules)
		if !slices.Equal(got, want) {
			t.Errorf("event %d %s %s: engine %v, plain evaluation %v", i, events[i].Dataset, events[i].URL, got, want)
		}
		matches += len(got)
	}
	t.Logf("%d events, %d matches", len(events), matches)
	if matches == 0 {
		t.Error("nothing matched")
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	engine := New(sigmaHQ(t, webRule))
	e := accessLog(t)[0]
	engine.Match(&e, func(r *sig.Rule) { t.Errorf("%s matches", r.ID) })
	if n := testing.AllocsPerRun(100, func() { engine.Match(&e, func(*sig.Rule) {}) }); n != 0 {
		t.Errorf("%v allocations for an event that does not match", n)
	}
}

func TestWebServerRulesAreQuietOnHonestTraffic(t *testing.T) {
	engine := New(sigmaHQ(t, func(l sig.LogSource) bool { return l.Category == "webserver" }))
	for _, e := range accessLog(t) {
		engine.Match(&e, func(r *sig.Rule) { t.Errorf("%s matches %s", r.Title, e.Original) })
	}
}
