// Package scan finds reconnaissance: addresses that knock at many doors.
//
// Ways of knocking are told apart: contacts to many hosts (threshold random
// walk), by one address or by many that act together, many ports of one host,
// and requests for many paths that a site does not have. None says anything about effect, so a finding never
// exceeds reconnaissance. Do not use it to count attacks: one scanner is one
// finding for each organization, however long it goes on.
package scan

import (
	"context"
	"fmt"
	"slices"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the scan detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(env detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{&detector{env.Constituency}}}, nil
	},
}

const name = "scan"

// detector has no state but the configuration.
type detector struct{ constituency *vedette.Constituency }

// Meta implements detect.Window.
func (*detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "addresses that contact many hosts, ports or missing web paths; hosts by threshold random walk " +
			"(Jung, Paxson, Berger, Balakrishnan: Fast Portscan Detection Using Sequential Hypothesis Testing, IEEE S&P 2004)",
	}
}

// Analyze implements detect.Window.
func (d *detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	alone := make(map[string]bool) // whom a step found, so that its pool need not
	steps := []struct {
		find  func(context.Context, detect.EventStore, detect.Span) ([]vedette.Detection, error)
		where string // selects the lines to cite
	}{
		{outside.horizontal, outside.failed()},
		{outside.vertical, outside.failed()},
		{inside.horizontal, inside.failed()},
		{sweeps, webMissing},
		{func(ctx context.Context, events detect.EventStore, span detect.Span) ([]vedette.Detection, error) {
			return pooled(ctx, events, span, alone)
		}, outside.failed()},
	}
	for _, step := range steps {
		found, err := step.find(ctx, events, span)
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		found = slices.DeleteFunc(found, d.permits)
		if err := detect.CiteEach(ctx, events, span, citeLimit, step.where, found); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		for i := range found {
			alone[place(found[i].Organization, found[i].Actor.String())] = true
			emit(&found[i])
		}
	}
	return nil
}

const citeLimit = 5

// permits reports whether the constituency allows whoever scanned to do so.
func (d *detector) permits(found vedette.Detection) bool {
	source := found.Actor
	if !source.IsValid() {
		source = found.Target
	}
	return detect.Permitted(d.constituency, source)
}
