// Package scan finds reconnaissance: addresses that knock at many doors.
//
// Three ways of knocking are told apart: contacts to many hosts (threshold
// random walk), many ports of one host, and requests for many paths that a
// site does not have. None says anything about effect, so a finding never
// exceeds reconnaissance. Do not use it to count attacks: one scanner is one
// finding for each organization, however long it goes on.
package scan

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the scan detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(env detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{&detector{permitted: env.Constituency.AuthorizedScanners}}}, nil
	},
}

const name = "scan"

// detector has no state but the configuration.
type detector struct{ permitted []netip.Prefix }

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
	steps := []func(context.Context, detect.EventStore, detect.Span) ([]finding, error){
		outside.horizontal, outside.vertical, inside.horizontal, sweeps,
	}
	for _, step := range steps {
		found, err := step(ctx, events, span)
		if err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		if err := d.report(ctx, events, span, found, emit); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
	}
	return nil
}

// finding is a detection that still lacks its evidence.
type finding struct {
	vedette.Detection
	org    string
	source netip.Addr // who scanned
	where  string     // condition that selects the lines to cite, beside org and source
}

// report cites the lines of found and emits what is not permitted. All of found
// share one condition.
func (d *detector) report(ctx context.Context, events detect.EventStore, span detect.Span, found []finding, emit detect.Emit) error {
	const batch = 500
	for len(found) > 0 {
		n := min(batch, len(found))
		lines, err := cite(ctx, events, span, found[:n])
		if err != nil {
			return err
		}
		for i := range found[:n] {
			f := &found[i]
			if d.allowed(f.source) {
				continue
			}
			f.Evidence = lines[key{f.org, f.source}]
			f.Detector, f.Organization = name, f.org
			emit(&f.Detection)
		}
		found = found[n:]
	}
	return nil
}

func (d *detector) allowed(a netip.Addr) bool {
	for _, p := range d.permitted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// each runs a query and calls scan for every row.
func each(ctx context.Context, events detect.EventStore, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := events.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// spell writes a period for people.
func spell(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
