package outbound

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// How a SoftEther client, bridge or cascade looks on the wire, as measured with
// the project's own programs (5.01 and 4.4): one TLS connection, then more to
// the same port of the same server, each 1.0 to 1.2 seconds after the one before
// it, and all last as long as the session. Programs that open several
// connections at once do so within milliseconds, or to several places.
const (
	minStep      = 900 * time.Millisecond
	maxStep      = 1400 * time.Millisecond
	maxEndStep   = 5 * time.Second
	minSession   = time.Hour
	minSessions  = 3 // of two connections and more
	minDays      = 2 // on which they began
	foreignDays  = 14
	nearby       = time.Hour // between a name and the first session
	attackedDays = 7
)

// sessions adds to each link how often it looks like a SoftEther session.
func sessions(ctx context.Context, events detect.EventStore, links []*link) error {
	if len(links) == 0 {
		return nil
	}
	values, args := table(links)
	query := fmt.Sprintf(`
	SELECT l.n, e.time, e.duration, coalesce(e.destination_port, 0)
	FROM events e JOIN %s ON coalesce(e.organization, '') = l.org AND e.source_ip = l.host AND e.destination_ip = l.peer
	WHERE e.action = 'connection' AND e.direction = 'outbound' AND e.time >= l.t AND e.duration >= ? AND coalesce(e.transport, 'tcp') = 'tcp'
	ORDER BY l.n, e.destination_port, e.time`, values)
	var start, end time.Time
	var in bool // the connection before is one of a session
	current, port := -1, int64(0)
	return detect.Each(ctx, events, query, append(args, int64(minSession)), func(rows *sql.Rows) error {
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
		if l := links[n]; together && !in {
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

// facts are what speaks for and against an intruder's tunnel.
type facts struct {
	foreign   bool  // the organization's outbound traffic was watched for foreignDays before
	longest   int64 // nanoseconds, of the server's earlier connections to the outside
	softether int64 // events of the organization's own SoftEther servers, and lookups of its names by others or before
	gateway   int64 // VPN ports at which the server answered the outside
	partner   int64 // logins that succeeded from the place's neighborhood
	named     int64 // SoftEther's names that the server asked for about the first session
	attacked  int64 // requests with attack syntax from the outside to the server, or to a site whose server is unknown, in the week before
}

// gather asks for l's facts.
func gather(ctx context.Context, events detect.EventStore, l *link) (f facts, err error) {
	host, peer := vedette.AddrToBig(l.host), vedette.AddrToBig(l.peer)
	name := "lower(coalesce(nullif(server_name, ''), dns_question, ''))"
	query := fmt.Sprintf(`
	SELECT coalesce(min(CASE WHEN direction = 'outbound' THEN time END) <= CAST(? AS TIMESTAMP) - INTERVAL %[1]d DAY, false),
	       coalesce(max(CASE WHEN direction = 'outbound' AND source_ip = ? AND time < ? THEN duration END), 0),
	       count(CASE WHEN dataset LIKE 'softether.%%' OR (%[2]s AND (source_ip <> ? OR time < CAST(? AS TIMESTAMP) - INTERVAL %[3]d SECOND)) THEN 1 END),
	       count(CASE WHEN direction = 'inbound' AND destination_ip = ? AND outcome = 'success' AND destination_port IN (500, 992, 1194, 1701, 4500, 5555) THEN 1 END),
	       count(CASE WHEN category = 'authentication' AND outcome = 'success' AND source_ip // 256 = CAST(? AS UHUGEINT) // 256 THEN 1 END),
	       count(CASE WHEN %[2]s AND source_ip = ? AND time BETWEEN CAST(? AS TIMESTAMP) - INTERVAL %[3]d SECOND AND CAST(? AS TIMESTAMP) + INTERVAL %[3]d SECOND THEN 1 END),
	       count(CASE WHEN action = 'http-request' AND time BETWEEN CAST(? AS TIMESTAMP) - INTERVAL %[4]d DAY AND ? AND %[5]s
	                       AND coalesce(direction, '') NOT IN ('outbound', 'internal') AND coalesce(destination_ip = ?, true) THEN 1 END)
	FROM events WHERE coalesce(organization, '') = ?`,
		foreignDays, "(contains("+name+", 'softether') OR contains("+name+", 'vpnazure')) AND regexp_matches("+name+", "+relayNames+")",
		int(nearby.Seconds()), attackedDays, detect.AttackSyntax("url"))
	args := []any{l.first, host, l.first, host, l.first, host, peer, host, l.first, l.first, l.first, l.first, host, l.org}
	err = detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		return rows.Scan(&f.foreign, &f.longest, &f.softether, &f.gateway, &f.partner, &f.named, &f.attacked)
	})
	return f, err
}

// tunnel judges a link that looks like SoftEther sessions; nil if it is not
// told apart from other long connections.
//
// A server that never kept a connection and begins to keep such sessions, at an
// organization without SoftEther, to a place that nobody there knew, does what
// somebody told it to: an effect, though the somebody may be its administrator.
// So it is a compromise only in the week after attacks on the server, and with
// moderate confidence, since public sites are attacked in most weeks.
func (l *link) tunnel(f facts) *vedette.Detection {
	det := l.detection(true)
	det.Rule, det.Title, det.Severity = "covert-tunnel", "Server begins to keep SoftEther sessions to an unknown place", vedette.SeverityHigh
	det.Techniques, det.Weak, det.Confidence = []string{"T1572", "T1133"}, false, 55
	det.Summary = fmt.Sprintf("%s, which kept no connection for an hour before, opened %d connections to %s from then on: %d times several, a second apart, "+
		"to last together, on %d days; longest %s; %d lookups of SoftEther's names, %d attack requests in the week before.",
		l.host, l.n, l.peer, l.sessions, l.days, detect.Spell(l.longest), f.named, f.attacked)
	switch {
	case f.gateway > 0, f.partner > 0, f.softether > 0, f.longest >= int64(minSession):
		return nil
	case !f.foreign, f.attacked < minSyntax:
		return det
	}
	det.Stage, det.Effect, det.Severity, det.Confidence = vedette.VerdictCompromise, true, vedette.SeverityCritical, 60
	if f.named > 0 {
		det.Confidence = 70
	}
	return det
}
