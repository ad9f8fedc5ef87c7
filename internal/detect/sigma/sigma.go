// Package sigma runs Sigma rules over events. All rules about one class of
// events are compiled into one program: predicates that rules share are
// evaluated at most once an event, a search for literals over each field finds
// the few rules that can match at all, and only those are evaluated.
//
// # When a field is missing
//
// A rule must not fire because a source can not say what the rule asks for.
// For an event that lacks a field there are two cases. If sources of its class
// can have the field, its absence is a fact: comparisons with it are false and
// their negation is true. If not, the comparison is unknown, and so is its
// negation (Kleene's strong three-valued logic); a rule fires only if it is
// true. The exception are optional filters, searches named filter_optional...:
// what they can not know does not hold a rule back. A rule that asks for a
// missing value (null, the empty text, exists: false) needs the first case.
//
// # URIs
//
// SigmaHQ's rules match path and query in cs-uri-query, whatever the name says.
// So c-uri, cs-uri, cs-uri-query and c-uri-query are all url.original; only the
// stem and the extension are parts of it.
//
// Do not use it for what needs memory beyond one event: that is what Sigma
// correlations are for, which this package evaluates over the event store.
package sigma

import (
	"sync"
	"sync/atomic"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// Plugin is the detector for the table of detectors. It takes all rules of
// Env.Rules; a file that is no Sigma rule is left out, which "rules check"
// reports.
var Plugin = detect.Plugin{Name: name, New: func(env detect.Env) (detect.Set, error) {
	var docs []sig.Document
	for _, f := range env.Rules {
		err := walk(f, func(_ string, d []sig.Document, err error) {
			if err == nil {
				docs = append(docs, d...)
			}
		})
		if err != nil {
			return detect.Set{}, err
		}
	}
	rules, correlations := split(docs)
	set := detect.Set{Streams: []detect.Stream{New(standalone(rules, correlations))}}
	if len(correlations) > 0 {
		set.Windows = append(set.Windows, newCorrelator(rules, correlations))
	}
	return set, nil
}}

const name = "sigma"

// Engine matches events against rules. It is safe for concurrent use.
type Engine struct {
	rules    []*sig.Rule
	findings []finding
	mu       sync.Mutex // guards additions to programs
	programs atomic.Pointer[map[classKey]*program]
}

// maxClasses bounds how many classes of events get a program of their own.
const maxClasses = 4096

// New makes an engine for the rules. Programs are compiled when the first event
// of their class comes. Of two rules with the same id the later one counts.
func New(rules []*sig.Rule) *Engine {
	e := &Engine{rules: unique(rules)}
	for _, r := range e.rules {
		e.findings = append(e.findings, newFinding(r))
	}
	e.programs.Store(&map[classKey]*program{})
	return e
}

func unique(rules []*sig.Rule) []*sig.Rule {
	at := make(map[string]int)
	var out []*sig.Rule
	for _, r := range rules {
		if i, ok := at[r.ID]; ok && r.ID != "" {
			out[i] = r
			continue
		}
		at[r.ID] = len(out)
		out = append(out, r)
	}
	return out
}

// Meta implements detect.Stream.
func (e *Engine) Meta() detect.Meta {
	return detect.Meta{Name: name, Doc: "Sigma rules (SigmaHQ's format, specification 2.1) over single events."}
}

// Inspect implements detect.Stream.
func (e *Engine) Inspect(ev *vedette.Event, emit detect.Emit) {
	e.match(ev, func(number int) {
		d := e.findings[number].detection(ev)
		emit(&d)
	})
}

// Match calls f for every rule that is true for the event, in their order.
func (e *Engine) Match(ev *vedette.Event, f func(*sig.Rule)) {
	e.match(ev, func(number int) { f(e.rules[number]) })
}

func (e *Engine) match(ev *vedette.Event, f func(number int)) {
	p := e.program(classOf(ev))
	if p == nil {
		return
	}
	s := p.pool.Get().(*state)
	for _, r := range s.run(ev) {
		f(p.rules[r].number)
	}
	p.pool.Put(s)
}

// program returns the program for a class of events, nil if no rule is about
// it.
func (e *Engine) program(k classKey) *program {
	if p, ok := (*e.programs.Load())[k]; ok {
		return p
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	old := *e.programs.Load()
	if p, ok := old[k]; ok {
		return p
	}
	if len(old) >= maxClasses {
		return old[classKey{}]
	}
	c := newClass(k)
	var rules []*sig.Rule
	var numbers []int
	for i, r := range e.rules {
		if c.admits(r.LogSource) {
			rules, numbers = append(rules, r), append(numbers, i)
		}
	}
	var p *program
	if len(rules) > 0 {
		p = compile(c, rules, numbers)
	}
	programs := make(map[classKey]*program, len(old)+1)
	for k, v := range old {
		programs[k] = v
	}
	// The dataset may alias an event's batch.
	k.dataset = string([]byte(k.dataset))
	programs[k] = p
	e.programs.Store(&programs)
	return p
}

// split tells rules from correlations.
func split(docs []sig.Document) (rules []*sig.Rule, correlations []*sig.Correlation) {
	for i := range docs {
		if docs[i].Rule != nil {
			rules = append(rules, docs[i].Rule)
		}
		if docs[i].Correlation != nil {
			correlations = append(correlations, docs[i].Correlation)
		}
	}
	return rules, correlations
}

// standalone leaves out the rules that only serve correlations: those that are
// referred to by correlations which do not say "generate: true".
func standalone(rules []*sig.Rule, correlations []*sig.Correlation) []*sig.Rule {
	serves := make(map[string]bool)
	for _, c := range correlations {
		for _, ref := range c.Rules {
			if !c.Generate {
				serves[ref] = true
			}
		}
	}
	for _, c := range correlations {
		for _, ref := range c.Rules {
			if c.Generate {
				delete(serves, ref)
			}
		}
	}
	var out []*sig.Rule
	for _, r := range rules {
		if !(serves[r.ID] && r.ID != "") && !(serves[r.Name] && r.Name != "") {
			out = append(out, r)
		}
	}
	return out
}
