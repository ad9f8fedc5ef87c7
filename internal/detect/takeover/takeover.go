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
	"fmt"

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
