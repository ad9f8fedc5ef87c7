package rogue

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette/internal/detect"
)

// How a SoftEther client, bridge or cascade looks on the wire, as measured with
// the project's own programs (5.01 and 4.4): one TLS connection, then more to
// the same port of the same server, each 1.0 to 1.2 seconds after the one before
// it, and all last as long as the session. Programs that open several
// connections at once do so within milliseconds, or to several places.
const (
	minStep     = 900 * time.Millisecond
	maxStep     = 1400 * time.Millisecond
	maxEndStep  = 5 * time.Second
	minSessions = 3 // of two connections and more
	minDays     = 2 // on which they began
)

// sessions adds to each link how often it looks like a SoftEther session.
func sessions(ctx context.Context, events detect.EventStore, span detect.Span, links []link) error {
	values, args := table(links)
	query := fmt.Sprintf(`
	SELECT l.n, e.time, e.duration, coalesce(e.destination_port, 0)
	FROM events e JOIN %s ON coalesce(e.organization, '') = l.org AND e.source_ip = l.host AND e.destination_ip = l.peer
	WHERE e.action = 'connection' AND e.direction = 'outbound' AND e.time >= l.t AND e.time < ? AND e.duration >= ? AND coalesce(e.transport, 'tcp') = 'tcp'
	ORDER BY l.n, e.destination_port, e.time, e.position, e.source`, values)
	var start, end time.Time
	var in bool // the connection before is one of a session
	current, port := -1, int64(0)
	return detect.Each(ctx, events, query, append(args, span.End, minSession.Nanoseconds()), func(rows *sql.Rows) error {
		var (
			n        int
			t        time.Time
			duration int64
			p        int64
		)
		if err := rows.Scan(&n, &t, &duration, &p); err != nil {
			return err
		}
		stop := t.Add(time.Duration(duration))
		step := t.Sub(start)
		together := n == current && p == port && step >= minStep && step <= maxStep && stop.Sub(end).Abs() <= maxEndStep
		if l := &links[n]; together && !in {
			l.sessions++
			if day := start.Truncate(24 * time.Hour); !day.Equal(l.day) {
				l.day = day
				l.days++
			}
		}
		current, port, start, end, in = n, p, t, stop, together
		return nil
	})
}
