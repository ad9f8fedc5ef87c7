// Package takeover finds VPN servers and appliances that somebody else
// administers now, and accounts that turn up where their owner never was.
//
// A takeover is an administration login from outside that is followed, from the
// same address, by what serves an intruder: new users, hubs and tunnels, logs
// switched off, configurations taken. Administrators do all of that too. So the
// address must look hostile, by failures before or by a country where nobody
// administered the device before; an address whose place is known is left
// alone.
package takeover

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the takeover detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(env detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{&detector{env.Constituency}}}, nil
	},
}

const name = "takeover"

type detector struct{ constituency *vedette.Constituency }

// Meta implements detect.Window.
func (*detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "administration from a new or hostile place followed by new users, tunnels, blinded logs or stolen configurations " +
			"(ATT&CK T1133, T1136, T1562, T1572), and accounts in new or impossible countries, judged by each organization's past",
	}
}

// Analyze implements detect.Window.
func (d *detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	if err := d.takeovers(ctx, events, span, emit); err != nil {
		return fmt.Errorf("takeover: administration: %w", err)
	}
	if err := newCountries(ctx, events, span, emit); err != nil {
		return fmt.Errorf("takeover: new countries: %w", err)
	}
	if err := impossibleTravel(ctx, events, span, emit); err != nil {
		return fmt.Errorf("takeover: travel: %w", err)
	}
	return nil
}

func (d *detector) home(org string) string {
	if o := d.constituency.Organization(org); o != nil {
		return o.Country
	}
	return ""
}

// fromOutside holds for events whose source is an outside address.
const fromOutside = `source_ip IS NOT NULL AND coalesce(direction, '') NOT IN ('outbound', 'internal')`

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
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
