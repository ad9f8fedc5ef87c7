package vedette

import (
	"context"
	"database/sql"
)

// EventStore answers read-only SQL over the tables that internal/store
// documents: events (EventColumns), sources, detections, evidence. *sql.DB has
// this method. Address columns take and give *big.Int: see AddrToBig.
type EventStore interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}
