package rogue

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Names that a SoftEther VPN host asks for: the project's services for dynamic
// DNS, NAT traversal, keeping connections alive, and relaying (VPN Azure).
const relayNames = `'(^|\.)(softether\.net|softether-network\.net|vpnazure\.net|keepalive\.softether\.org)$'`

// Thresholds: more users of the names than this are staff, and a host that
// looks up more names than this is a resolver for others.
const (
	maxUsers = 2
	maxNames = 1000
)

// use is a server's use of the names.
type use struct {
	org               string
	host, peer        detect.NullAddr
	first, last, seen time.Time
	n, names          int64
	name              string
}

// names reports servers that begin to use SoftEther's services. Where several
// hosts do, or the server did from the start, it is legitimate use.
func names(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	query := fmt.Sprintf(`
	WITH asked AS (
		SELECT coalesce(organization, '') AS org, source_ip AS host, destination_ip, time, action,
		       lower(coalesce(nullif(server_name, ''), dns_question)) AS name
		FROM events WHERE time < ? AND source_ip IS NOT NULL AND coalesce(direction, '') IN ('outbound', 'internal')
		      AND (contains(lower(server_name), 'softether') OR contains(lower(server_name), 'vpnazure')
		           OR contains(lower(dns_question), 'softether') OR contains(lower(dns_question), 'vpnazure'))
	), used AS (
		SELECT org, host, min(time) AS t0, max(time) AS t1, count(*) AS n, min(name) AS name,
		       min(CASE WHEN action <> 'dns-query' THEN destination_ip END) AS peer
		FROM asked WHERE regexp_matches(name, %s) GROUP BY org, host
	), users AS (
		SELECT org, count(*) AS hosts FROM used GROUP BY org
	), seen AS (
		SELECT u.org, u.host, min(e.time) AS since, count(DISTINCT e.dns_question) AS names
		FROM events e JOIN used u ON coalesce(e.organization, '') = u.org AND e.source_ip = u.host
		WHERE e.time < ? GROUP BY u.org, u.host
	), served AS (
		SELECT u.org, u.host, max(CASE WHEN e.action = 'dns-query' THEN 1 ELSE 0 END) AS resolver, min(e.time) AS since
		FROM events e JOIN used u ON coalesce(e.organization, '') = u.org AND e.destination_ip = u.host
		WHERE e.time < ? AND ((e.direction = 'inbound' AND e.outcome = 'success') OR e.action = 'dns-query') GROUP BY u.org, u.host
		HAVING max(CASE WHEN e.direction = 'inbound' THEN 1 ELSE 0 END) = 1
	)
	SELECT u.org, u.host, u.t0, u.t1, u.n, u.name, u.peer, least(s.since, v.since), s.names
	FROM used u JOIN users c USING (org) JOIN seen s USING (org, host) JOIN served v USING (org, host)
	WHERE c.hosts <= ? AND v.resolver = 0 AND u.t0 >= ? ORDER BY u.org, u.t0, u.host`, relayNames)
	var found []use
	args := []any{span.End, span.End, span.End, maxUsers, span.Start}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var u use
		err := rows.Scan(&u.org, &u.host, &u.first, &u.last, &u.n, &u.name, &u.peer, &u.seen, &u.names)
		if u.first.Sub(u.seen) >= detect.Newness {
			found = append(found, u)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range found {
		u := &found[i]
		det := u.detection()
		det.Evidence, err = detect.Cite(ctx, events, 5, `coalesce(organization, '') = ? AND source_ip = ? AND time >= ? AND time <= ?
			AND coalesce(direction, '') IN ('outbound', 'internal') AND (lower(server_name) = ? OR lower(dns_question) = ?)`,
			u.org, vedette.AddrToBig(u.host.Addr), u.first, u.last, u.name, u.name)
		if err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

func (u *use) detection() *vedette.Detection {
	det := &vedette.Detection{
		Detector: name, Rule: "softether-tunnel", Title: "Server begins to use SoftEther's relays", Organization: u.org,
		Time: u.first.UnixNano(), LastTime: u.last.UnixNano(), Count: u.n, Stage: vedette.VerdictAttempt, Confidence: 60,
		Severity: vedette.SeverityHigh, Techniques: []string{"T1572"}, Actor: u.peer.Addr, ActorName: u.name, Target: u.host.Addr, Role: vedette.RoleTunnel,
	}
	if u.names > maxNames {
		det.Weak, det.Confidence = true, 30
	}
	det.Summary = fmt.Sprintf("%s, a server seen for %s without it, asked for %.80s; %d such events.", u.host, detect.Spell(u.first.Sub(u.seen)), u.name, u.n)
	return det
}
