// Package rogue finds SoftEther VPN where nobody of the organization put it: on
// servers that begin to call its relays, or a SoftEther server elsewhere.
//
// SoftEther is honest software that staff and administrators use; an intruder
// uses the same binaries. So nothing here judges the software, only who uses it
// and since when: a server, at an organization that has none, to a place that
// nobody there knew. It cannot see SoftEther in an organization that uses it.
package rogue

import (
	"context"
	"fmt"

	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the detector of rogue SoftEther.
var Plugin = detect.Plugin{
	Name: name,
	New: func(detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{}}}, nil
	},
}

const name = "rogue"

type detector struct{}

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "servers that begin to use SoftEther VPN: its names, default certificate, client fingerprint and way to open sessions " +
			"(ATT&CK T1572, T1133; Microsoft on Flax Typhoon, 2023-08-24)",
	}
}

// Analyze implements detect.Window.
func (detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	if err := names(ctx, events, span, emit); err != nil {
		return fmt.Errorf("rogue: names: %w", err)
	}
	if err := links(ctx, events, span, emit); err != nil {
		return fmt.Errorf("rogue: connections: %w", err)
	}
	return nil
}
