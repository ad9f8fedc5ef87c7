// Package outbound finds servers that call the address that attacked them.
//
// Only connections that the server itself opens count, so the telemetry must
// tell who opened one (Zeek, Suricata, firewalls) and the constituency which
// addresses are inside. A call back to an attacker is an effect, unless the
// caller is a gateway for many.
package outbound

import (
	"context"
	"fmt"

	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the outbound detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{}}}, nil
	},
}

const name = "outbound"

type detector struct{}

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc:  "servers that open connections to an address that attacked them (ATT&CK T1071, T1105)",
	}
}

// Analyze implements detect.Window.
func (detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	if err := callbacks(ctx, events, span, emit); err != nil {
		return fmt.Errorf("outbound: %w", err)
	}
	return nil
}
