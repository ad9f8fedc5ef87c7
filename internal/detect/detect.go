// Package detect makes statements about events. A detector is one folder below
// this one; it exports a variable Plugin and is listed in the table that
// internal/app generates.
//
// Stream detectors are stateless and see every event once, on the hot path.
// Whatever needs memory over time is a Window detector: it asks the event store
// with SQL, so that a restart loses nothing and history and live data give the
// same answer.
package detect

import (
	"context"
	"io/fs"
	"time"

	"github.com/vedette-cti/vedette"
)

// Emit takes a finding. The detection's slices may be reused after it returns;
// its strings must not alias the event's batch unless the event itself is being
// inspected (the runner clones what it keeps).
type Emit func(*vedette.Detection)

// Meta describes a detector to people and to the ledger of detectors.
type Meta struct {
	Name string // Detection.Detector
	Doc  string // what it finds and by which method, with the source of the method
}

// Stream is a stateless detector. Inspect is called by several goroutines at a
// time, allocates nothing when it finds nothing, and must not change the event.
// The runner fills ID, Time, Organization, Evidence and Count of what it emits,
// where they are unset.
type Stream interface {
	Meta() Meta
	Inspect(*vedette.Event, Emit)
}

// Window is a detector with memory, which is the event store's. Analyze reads
// the events of span, and older ones where it needs a past, and emits all it
// finds there: run again, it gives the same detections again (the store
// replaces them). Evidence needs Source, File, Line, Offset and Time; use Cite.
type Window interface {
	Meta() Meta
	Analyze(ctx context.Context, events EventStore, span Span, emit Emit) error
}

// Span is a period, Start included, End not.
type Span struct{ Start, End time.Time }

// EventStore is what a Window detector asks.
type EventStore = vedette.EventStore

// Plugin is what a detector's folder exports.
type Plugin struct {
	Name string
	// New makes the detectors of the folder for one run.
	New func(Env) (Set, error)
}

// Set is the detectors of one folder.
type Set struct {
	Streams []Stream
	Windows []Window
}

// Env is what detectors may be given.
type Env struct {
	Rules        []fs.FS // folders or archives of Sigma rules: ours, then the user's
	Indicators   []vedette.Indicator
	Constituency *vedette.Constituency // never nil
}
