// Package deviation asks whether an attack on a web site was answered as
// nothing else was: in size, status or time, against the ordinary answers of
// that path and against what the site answers to other attacks.
//
// Status 200 alone says nothing: sites answer it to whatever they are asked. So
// an odd answer is a weak attempt, and only three kinds of evidence stand alone:
// see the README. It needs logs with the size of answers (or their duration)
// and the query string.
package deviation

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the detector of deviating answers.
var Plugin = detect.Plugin{
	Name: name,
	New: func(env detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{env.Constituency}}}, nil
	},
}

const name = "deviation"

type detector struct{ constituency *vedette.Constituency }

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "attack requests whose answers leave the path's ordinary sizes, follow the file that was asked for, or come as late as the " +
			"injected statement says (ATT&CK T1190), by medians and ranges of what others get",
	}
}

const citeLimit = 5

// Analyze implements detect.Window.
func (d detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	var found []finding
	for _, find := range []func(context.Context, detect.EventStore, detect.Span) ([]finding, error){answers, injections} {
		more, err := find(ctx, events, span)
		if err != nil {
			return fmt.Errorf("deviation: %w", err)
		}
		found = append(found, more...)
	}
	found = slices.DeleteFunc(found, func(f finding) bool { return detect.Permitted(d.constituency, f.source) })
	var cited []detect.Request
	for i := range found {
		cited = append(cited, found[i].requests()...)
	}
	evidence, err := detect.CiteRequests(ctx, events, cited)
	if err != nil {
		return fmt.Errorf("deviation: %w", err)
	}
	for i := range found {
		det := found[i].detection()
		n := len(found[i].requests())
		det.Evidence = slices.DeleteFunc(evidence[:n:n], func(e vedette.Evidence) bool { return e.Source.IsZero() })
		evidence = evidence[n:]
		emit(det)
	}
	return nil
}

// finding is what one address got from one organization, by one rule.
type finding struct {
	org, rule   string
	source      netip.Addr
	first, last time.Time
	n           int64 // answers that deviate
	stage       vedette.Verdict
	weak        bool
	confidence  int
	summary     string
	cited       []line
}

// line is one answer to cite.
type line struct {
	at      time.Time
	path    string
	dataset string
}

var titles = map[string]string{
	"file-read":           "Answers follow the files that an attack asks for",
	"odd-answer":          "Attack answered unlike anything else",
	"unlike-others":       "Attack answered that others were refused",
	"time-obeys":          "Answers are late by what an injected statement says",
	"errors-then-answers": "Injection answered after errors",
	"answers-vary":        "Answers move with an injected statement",
}

func (f *finding) detection() *vedette.Detection {
	det := &vedette.Detection{
		Detector: name, Rule: f.rule, Title: titles[f.rule], Organization: f.org, Time: f.first.UnixNano(), LastTime: f.last.UnixNano(),
		Count: f.n, Stage: f.stage, Effect: true, Weak: f.weak, Confidence: f.confidence, Severity: vedette.SeverityMedium,
		Techniques: []string{"T1190"}, Actor: f.source, Role: vedette.RoleExploit, Summary: f.summary,
	}
	if f.stage == vedette.VerdictCompromise {
		det.Severity = vedette.SeverityCritical
	}
	if f.rule == "file-read" {
		det.Techniques = append(det.Techniques, "T1005")
	}
	return det
}

// requests returns the answers to cite.
func (f *finding) requests() []detect.Request {
	var out []detect.Request
	for _, l := range f.cited[:min(len(f.cited), citeLimit)] {
		out = append(out, detect.Request{Organization: f.org, Dataset: l.dataset, Path: l.path, Source: f.source, Time: l.at})
	}
	return out
}
