package vedette

import "time"

// BlindSpotKind says why something cannot be seen.
type BlindSpotKind string

// The kinds of blind spots, gravest first.
const (
	BlindNoTelemetry BlindSpotKind = "no-telemetry"  // the organization sends nothing
	BlindNoInbound   BlindSpotKind = "no-inbound"    // no source shows what comes from outside
	BlindDark        BlindSpotKind = "dark"          // a source fell silent against its own rhythm
	BlindLate        BlindSpotKind = "late"          // telemetry starts well after the others'
	BlindSilentAsset BlindSpotKind = "silent-device" // an exposed device without a log of its own, and no sensor sees its traffic
	BlindNetworkOnly BlindSpotKind = "network-only"  // an exposed device without a log of its own; sensors see its traffic
	BlindNoOutbound  BlindSpotKind = "no-outbound"   // no source shows what the organization's machines open outward
	BlindClock       BlindSpotKind = "clock"         // a clock or time zone is wrong
	BlindTechnique   BlindSpotKind = "technique"     // techniques that no present source could show
)

// BlindSpot is something that the telemetry of one organization cannot show.
type BlindSpot struct {
	Organization string
	Asset        string // Asset.ID, an address, or a source; empty: all of the organization
	Kind         BlindSpotKind
	Since, Until time.Time // zero: from the beginning, to the end of the telemetry
	Text         string    // one sentence
	Techniques   []string  // ATT&CK ids that stay unseen because of it, sorted
}

// hidingSilence is how long a source must be dark to hide a break-in: whoever
// got in during a shorter time would show later.
const hidingSilence = 7 * 24 * time.Hour

// Hides reports whether b can hide that its organization was attacked or
// entered, so that a verdict of none means little.
func (b *BlindSpot) Hides() bool {
	switch b.Kind {
	case BlindNoTelemetry, BlindNoInbound, BlindLate, BlindSilentAsset:
		return true
	case BlindDark:
		return b.Since.IsZero() || b.Until.IsZero() || b.Until.Sub(b.Since) >= hidingSilence
	}
	return false
}

// Hidden returns the blind spots that can hide an attack, by organization.
func (a *Assessment) Hidden() map[string][]BlindSpot {
	out := make(map[string][]BlindSpot)
	for i := range a.BlindSpots {
		if b := &a.BlindSpots[i]; b.Hides() {
			out[b.Organization] = append(out[b.Organization], *b)
		}
	}
	return out
}
