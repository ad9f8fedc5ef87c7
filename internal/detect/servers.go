package detect

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// MaxPeers is how many outside hosts a server contacts on an ordinary day; what
// contacts more is a gateway for others, a proxy or a resolver.
const MaxPeers = 100

// Newness is how long something must have been watched before what it begins to
// do is new.
const Newness = 3 * 24 * time.Hour

// ServerFlow is an SQL condition that holds for connections of a server that it
// opened itself and that say something: not mail, names, time, identification
// or FTP data, and not what looks like the server's side of a client's
// connection.
const ServerFlow = `direction = 'outbound' AND action IN ('connection', 'tls-handshake', 'http-request') AND coalesce(outcome, '') <> 'failure'
	AND source_ip IS NOT NULL AND destination_ip IS NOT NULL AND coalesce(transport, 'tcp') IN ('tcp', 'udp')
	AND coalesce(destination_port, 0) NOT IN (25, 43, 53, 113, 123, 465, 587, 853)
	AND NOT (coalesce(source_port, 0) BETWEEN 1 AND 1023 AND coalesce(destination_port, 0) >= 1024)`

// Servers begins queries over the connections that servers open. "served" holds
// the ports at which hosts answered the outside, "server" those hosts, "opened"
// their own connections, "habit" how many places each contacts on an ordinary
// day. Arguments: the end of the span, twice.
const Servers = `WITH served AS (
		SELECT DISTINCT coalesce(organization, '') AS org, destination_ip AS host, coalesce(destination_port, 0) AS port
		FROM events WHERE time < ? AND direction = 'inbound' AND outcome = 'success' AND destination_ip IS NOT NULL
	), server AS (
		SELECT DISTINCT org, host FROM served
	), opened AS (
		SELECT s.org, s.host, e.destination_ip AS peer, coalesce(e.destination_port, 0) AS port, e.time, e.action,
		       coalesce(e.duration, 0) AS duration, coalesce(e.source_bytes, 0) AS sent, coalesce(e.destination_bytes, 0) AS received,
		       coalesce(e.destination_asn, 0) AS asn
		FROM events e JOIN server s ON coalesce(e.organization, '') = s.org AND e.source_ip = s.host
		LEFT JOIN served v ON v.org = s.org AND v.host = s.host AND v.port = e.source_port
		WHERE e.time < ? AND v.org IS NULL AND ` + ServerFlow + `
	), daily AS (
		SELECT org, host, date_trunc('day', time) AS day, count(DISTINCT peer) AS peers FROM opened GROUP BY 1, 2, 3
	), habit AS (
		SELECT org, host, median(peers) AS peers FROM daily GROUP BY org, host
	)`

// Link is a server and an outside place that is new to it.
type Link struct {
	Organization string
	Host, Peer   netip.Addr
	First, Last  time.Time     // beginnings of connections
	Count        int64         // connections
	Longest      time.Duration // of one connection
	Daily        time.Duration // of all on the day with most
}

// maxLinks is how many links are looked at, the longest first.
const maxLinks = 200

// NewLinks returns the links of servers to places that nobody else in the
// organization contacts, and that are new: neither the address nor its
// autonomous system was contacted by the server before, though it was watched
// for [Newness]. Gateways are left out. having is an SQL condition over n
// (connections), longest and total (nanoseconds a day).
func NewLinks(ctx context.Context, events EventStore, span Span, having string) ([]Link, error) {
	query := Servers + fmt.Sprintf(`
	, watched AS (
		SELECT org, host, min(time) AS since FROM opened GROUP BY org, host
	), network AS (
		SELECT org, host, asn, min(time) AS since FROM opened WHERE asn > 0 GROUP BY org, host, asn
	), day AS (
		SELECT org, host, peer, date_trunc('day', time) AS day, min(time) AS t0, max(time) AS t1, max(asn) AS asn,
		       count(CASE WHEN action = 'connection' THEN 1 END) AS n, max(duration) AS longest, sum(duration) AS total
		FROM opened GROUP BY 1, 2, 3, 4
	), link AS (
		SELECT org, host, peer, min(t0) AS t0, max(t1) AS t1, max(asn) AS asn, sum(n) AS n, max(longest) AS longest, max(total) AS total
		FROM day GROUP BY org, host, peer
	), alone AS (
		SELECT l.org, l.peer FROM link l JOIN opened o ON o.org = l.org AND o.peer = l.peer
		WHERE l.n >= 1 AND l.t0 >= ? AND (%[1]s)
		GROUP BY l.org, l.peer HAVING min(o.host) = max(o.host)
	)
	SELECT l.org, l.host, l.peer, l.t0, l.t1, l.n, l.longest, l.total
	FROM link l JOIN alone USING (org, peer) JOIN watched w USING (org, host) JOIN habit h USING (org, host)
	LEFT JOIN network k ON k.org = l.org AND k.host = l.host AND k.asn = l.asn AND k.since < l.t0
	WHERE l.n >= 1 AND l.t0 >= ? AND (%[1]s) AND h.peers <= %[2]d AND l.t0 >= w.since + INTERVAL %[3]d SECOND AND k.org IS NULL
	ORDER BY l.longest DESC, l.n DESC, l.org, l.host, l.peer LIMIT %[4]d`, having, MaxPeers, int(Newness.Seconds()), maxLinks)
	var out []Link
	args := []any{span.End, span.End, span.Start, span.Start}
	err := Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var host, peer NullAddr
		var l Link
		err := rows.Scan(&l.Organization, &host, &peer, &l.First, &l.Last, &l.Count, (*int64)(&l.Longest), (*int64)(&l.Daily))
		l.Host, l.Peer = host.Addr, peer.Addr
		out = append(out, l)
		return err
	})
	return out, err
}

// LinkTable writes links as a table l that a query can join, with columns n (the
// index in links), org, host, peer and t (First), and the arguments it takes.
func LinkTable(links []Link) (string, []any) {
	var values []string
	var args []any
	for i := range links {
		l := &links[i]
		values = append(values, fmt.Sprintf("(%d, CAST(? AS VARCHAR), CAST(? AS UHUGEINT), CAST(? AS UHUGEINT), CAST(? AS TIMESTAMP))", i))
		args = append(args, l.Organization, vedette.AddrToBig(l.Host), vedette.AddrToBig(l.Peer), l.First)
	}
	return "(VALUES " + strings.Join(values, ", ") + ") l(n, org, host, peer, t)", args
}

// CiteLink returns up to limit of the first connections of a server to a place
// that began between two times, the latter included.
func CiteLink(ctx context.Context, events EventStore, limit int, organization string, host, peer netip.Addr, first, last time.Time) ([]vedette.Evidence, error) {
	return Cite(ctx, events, limit, ServerFlow+` AND coalesce(organization, '') = ? AND source_ip = ? AND destination_ip = ? AND time >= ? AND time <= ?`,
		organization, vedette.AddrToBig(host), vedette.AddrToBig(peer), first, last)
}
