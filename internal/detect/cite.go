package detect

import (
	"context"
	"fmt"
	"math/big"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// Cite returns up to limit events as evidence, the earliest first. where is an
// SQL condition over the events table, in which args stand for its question
// marks.
func Cite(ctx context.Context, events EventStore, limit int, where string, args ...any) ([]vedette.Evidence, error) {
	rows, err := events.QueryContext(ctx, fmt.Sprintf(`
		SELECT e.time, s.identity, s.path, e.line, e.position, coalesce(e.original, '')
		FROM (SELECT * FROM events WHERE %s ORDER BY time, source, position LIMIT %d) e
		JOIN sources s ON s.seq = e.source
		ORDER BY e.time, e.source, e.position`, where, limit), args...)
	if err != nil {
		return nil, fmt.Errorf("cite events: %w", err)
	}
	defer rows.Close()
	var out []vedette.Evidence
	for rows.Next() {
		var (
			ev       vedette.Evidence
			at       time.Time
			identity string
		)
		if err := rows.Scan(&at, &identity, &ev.File, &ev.Line, &ev.Offset, &ev.Original); err != nil {
			return nil, fmt.Errorf("cite events: %w", err)
		}
		ev.Time = at.UnixNano()
		if ev.Source, err = vedette.ParseID(identity); err != nil {
			return nil, fmt.Errorf("cite events: source identity: %w", err)
		}
		out = append(out, ev)
	}
	return out, rows.Err()
}

// NullAddr scans an address column.
type NullAddr struct{ netip.Addr }

// Scan implements sql.Scanner.
func (a *NullAddr) Scan(v any) error {
	switch n := v.(type) {
	case nil:
		a.Addr = netip.Addr{}
	case *big.Int:
		a.Addr = vedette.AddrFromBig(n)
	default:
		return fmt.Errorf("an address column gave %T", v)
	}
	return nil
}
