// Package store keeps events, detections, the ledger and the positions of
// sources. An engine is one folder below this one and passes the conformance
// suite in storetest.
//
// Every engine offers these tables to read-only SQL:
//
//	events      vedette.EventColumns
//	sources     seq UINTEGER, identity VARCHAR (vedette.ID), path VARCHAR,
//	            format VARCHAR, organization VARCHAR, copy_of VARCHAR, ...
//	detections  one row a detection, evidence one a line of it: see the engine
//	clusters    one row a cluster, cluster_members and cluster_history beside it
package store

import (
	"context"
	"iter"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// Writer is a way into the store with transactions of its own. It belongs to
// one goroutine.
type Writer interface {
	// Write adds a batch to the open transaction, opening one if need be: its
	// events, detections, rejects and ledger counts, and the new position of
	// its source. The batch may be reset when Write returns.
	Write(ctx context.Context, b *vedette.Batch) error
	// Commit makes all that was written since the last one durable, at once.
	Commit(ctx context.Context) error
	// Abandon forgets what was written since the last Commit.
	Abandon() error
}

// Brancher is a store that several goroutines can write to at once.
type Brancher interface {
	// Branch returns one more writer. It closes with the store. The batches of
	// one source must all go to the same writer.
	Branch(ctx context.Context) (Writer, error)
}

// Store is the event store. As a Writer it belongs to one goroutine; the other
// methods may be called by any, and see committed data only.
type Store interface {
	vedette.EventStore
	Writer

	// Sources returns every source with its position and counts, by path.
	Sources(ctx context.Context) ([]vedette.SourceState, error)
	// Rename records that a source is found at another path now. It is one
	// transaction of its own.
	Rename(ctx context.Context, id vedette.ID, path string) error
	// Rejects yields the rejected records of one source, or of all for the
	// zero ID, by source and line.
	Rejects(ctx context.Context, source vedette.ID) iter.Seq2[Reject, error]
	// Reasons counts rejected records by reason, most frequent first.
	Reasons(ctx context.Context) ([]vedette.Count, error)

	// ReplaceDetections puts ds in place of all detections that the named
	// detector has in the store, in one transaction.
	ReplaceDetections(ctx context.Context, detector string, ds []vedette.Detection) error
	// Detections yields all detections with their evidence, by time, then ID.
	Detections(ctx context.Context) iter.Seq2[*vedette.Detection, error]
	// SaveClusters puts clusters in place of all that were saved before, in one
	// transaction. Ids must not be empty.
	SaveClusters(ctx context.Context, clusters []vedette.ClusterState) error
	// Clusters returns the clusters that were saved, by id.
	Clusters(ctx context.Context) ([]vedette.ClusterState, error)
	// Hunt searches the events.
	Hunt(ctx context.Context, h Hunt) iter.Seq2[*Hit, error]
	// Span returns the times of the first and last event; zero if there are none.
	Span(ctx context.Context) (start, end time.Time, err error)

	Close() error
}

// Reject is a rejected record and the source that it came from.
type Reject struct {
	vedette.Reject
	Path string
}

// Hunt says which events to look for; all given conditions must hold.
type Hunt struct {
	Indicators   []vedette.Indicator // any of these, within its validity
	Networks     []netip.Prefix      // source or destination in any of these
	Text         string              // substring, letter case ignored, of any text column or rest
	Organization string
	Dataset      string
	Start, End   time.Time // Start included, End not; zero: open
	Limit        int       // 0: no limit
}

// Hit is an event that a hunt found.
type Hit struct {
	Event     vedette.Event // strings are the hit's own
	Path      string
	Indicator *vedette.Indicator // which one matched, nil without indicators
}
