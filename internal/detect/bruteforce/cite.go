package bruteforce

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// key names who tried and at which organization.
type key struct {
	org    string
	source netip.Addr
}

const citeLimit = 5

// cite returns the first lines of each finding with one query for all:
// thousands of guessers are common, and each query reads the whole table.
func cite(ctx context.Context, events detect.EventStore, span detect.Span, found []finding) (map[key][]vedette.Evidence, error) {
	args := []any{span.Start, span.End}
	for i := range found {
		args = append(args, vedette.AddrToBig(found[i].source))
	}
	query := fmt.Sprintf(`
		SELECT e.org, e.source_ip, e.time, s.identity, s.path, e.line, e.position, e.original
		FROM (SELECT coalesce(organization, '') AS org, source_ip, time, source, line, position, coalesce(original, '') AS original,
		             row_number() OVER (PARTITION BY organization, source_ip ORDER BY time, source, position) AS n
		      FROM events
		      WHERE time >= ? AND time < ? AND %s AND source_ip IN (?%s)) e
		JOIN sources s ON s.seq = e.source
		WHERE e.n <= %d
		ORDER BY e.org, e.source_ip, e.n`, found[0].where, strings.Repeat(", ?", len(found)-1), citeLimit)
	out := make(map[key][]vedette.Evidence, len(found))
	err := each(ctx, events, query, args, func(rows *sql.Rows) error {
		var (
			k        key
			ev       vedette.Evidence
			source   detect.NullAddr
			at       time.Time
			identity string
		)
		err := rows.Scan(&k.org, &source, &at, &identity, &ev.File, &ev.Line, &ev.Offset, &ev.Original)
		if err != nil {
			return err
		}
		k.source, ev.Time = source.Addr, at.UnixNano()
		if ev.Source, err = vedette.ParseID(identity); err != nil {
			return fmt.Errorf("source identity: %w", err)
		}
		out[k] = append(out[k], ev)
		return nil
	})
	return out, err
}
