package scan

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds over first contacts. A moved or dead server makes honest clients
// fail on one host and few ports, so hosts are counted as well as contacts.
const (
	minHosts       = 5  // failed hosts that make a walk a scan from outside
	minHostsInside = 20 // the same for an inside host
	minBlock       = 15 // or that many failed contacts at two hosts and more
	minBlockPorts  = 8  // to that many ports
	minPorts       = 15 // ports of one host within an hour
	minPortsSlow   = 20 // ports of one host over any time
)

// side is the direction that a query looks at.
type side struct {
	direction string // SQL condition
	inside    bool
	hosts     int
}

var (
	outside = side{direction: "coalesce(direction, '') NOT IN ('outbound', 'internal')", hosts: minHosts}
	inside  = side{direction: "direction = 'internal'", inside: true, hosts: minHostsInside}
)

// probes selects flows that can be probes. Left out is what fails for honest
// reasons: answers that outlived their connection and backscatter of floods
// (from a service's port to a client's), traceroute, media streams without
// return path, and ICMP other than requests.
const probes = `action = 'connection' AND source_ip IS NOT NULL AND destination_ip IS NOT NULL
	AND NOT (coalesce(transport, '') IN ('tcp', 'udp') AND source_port < 1024 AND destination_port >= 1024)
	AND NOT (transport = 'udp' AND destination_port BETWEEN 33434 AND 33534)
	AND NOT (transport = 'udp' AND coalesce(source_packets, 0) > 20)
	AND NOT (coalesce(transport, '') IN ('icmp', 'ipv6-icmp') AND coalesce(source_port, 0) NOT IN (0, 8, 13, 15, 17, 128))`

// failed selects the probes that were not answered.
func (s side) failed() string {
	return s.direction + " AND " + probes + " AND coalesce(outcome, '') <> 'success'"
}

// contacts ends in a table "contact": the first contacts of each address that
// failed at least minHosts times, with the target and whether it answered
// within a minute. A failure at a service that has answered several others is
// no evidence (the service is down, or refuses more clients than this one) and
// is left out. Arguments: start and end.
func (s side) contacts() string {
	return fmt.Sprintf(`
	WITH flow AS (
		SELECT coalesce(organization, '') AS org, source_ip, destination_ip, time,
		       CASE WHEN transport IN ('icmp', 'ipv6-icmp') THEN 0 ELSE coalesce(destination_port, 0) END AS port,
		       CASE WHEN outcome = 'success' OR (transport IN ('icmp', 'ipv6-icmp') AND destination_packets > 0) THEN 1 ELSE 0 END AS ok
		FROM events
		WHERE time >= ? AND time < ? AND %s AND %s AND (outcome IS NOT NULL OR transport IN ('icmp', 'ipv6-icmp'))
	), failing AS (
		SELECT org, source_ip FROM flow WHERE ok = 0 GROUP BY org, source_ip
		HAVING count(*) >= %d AND (min(destination_ip) <> max(destination_ip) OR min(port) <> max(port))
	), first_contact AS (
		SELECT org, source_ip, destination_ip, port, min(time) AS t,
		       CASE WHEN min(CASE WHEN ok = 1 THEN time END) <= min(time) + INTERVAL 1 MINUTE THEN 1 ELSE 0 END AS ok
		FROM flow JOIN failing USING (org, source_ip)
		GROUP BY org, source_ip, destination_ip, port
	), target AS (
		SELECT DISTINCT org, destination_ip, port FROM first_contact WHERE ok = 0
	), live AS (
		SELECT org, destination_ip, port FROM flow JOIN target USING (org, destination_ip, port)
		WHERE ok = 1 GROUP BY org, destination_ip, port
		HAVING min(source_ip) <> max(source_ip)
	), contact AS (
		SELECT c.* FROM first_contact c LEFT JOIN live l
		ON c.org = l.org AND c.destination_ip = l.destination_ip AND c.port = l.port
		WHERE c.ok = 1 OR l.org IS NULL
	)`, s.direction, probes, minHosts)
}

// horizontal finds scans of many hosts.
func (s side) horizontal(ctx context.Context, events detect.EventStore, span detect.Span) ([]vedette.Detection, error) {
	query := s.contacts() + fmt.Sprintf(`
	SELECT org, source_ip, string_agg(CASE ok WHEN 1 THEN 'S' ELSE 'F' END, '' ORDER BY t, destination_ip, port),
	       count(DISTINCT CASE WHEN ok = 0 THEN destination_ip END) AS hosts,
	       count(DISTINCT CASE WHEN ok = 0 THEN port END) AS ports,
	       sum(1 - ok), count(*), min(t), max(t), min(port)
	FROM contact GROUP BY org, source_ip
	HAVING count(DISTINCT CASE WHEN ok = 0 THEN destination_ip END) >= %d OR sum(1 - ok) >= %d
	ORDER BY org, source_ip`, s.hosts, minBlock)
	var out []vedette.Detection
	err := detect.Each(ctx, events, query, []any{span.Start, span.End}, func(rows *sql.Rows) error {
		var (
			f                          vedette.Detection
			source                     detect.NullAddr
			outcomes                   string
			hosts, ports, failed, seen int64
			first, last                time.Time
			port                       int64
		)
		if err := rows.Scan(&f.Organization, &source, &outcomes, &hosts, &ports, &failed, &seen, &first, &last, &port); err != nil {
			return err
		}
		if walk(outcomes) == 0 || hosts < int64(s.hosts) && (s.inside || hosts < 2 || ports < minBlockPorts) {
			return nil
		}
		f.Time, f.LastTime, f.Count = first.UnixNano(), last.UnixNano(), seen
		f.Detector, f.Rule, f.Title = name, "horizontal", "Many hosts scanned"
		f.Stage, f.Severity = vedette.VerdictReconnaissance, vedette.SeverityLow
		f.Confidence = min(95, 75+int(failed))
		f.Techniques, f.Role, f.Actor = []string{"T1595.001"}, vedette.RoleScanner, source.Addr
		what := fmt.Sprintf("%d ports", ports)
		if ports == 1 && port > 0 {
			what = fmt.Sprintf("port %d", port)
		} else if ports == 1 {
			what = "ping"
		}
		f.Summary = fmt.Sprintf("%s made %d first contacts (%s) in %s; %d failed, at %d hosts.", source, seen, what, detect.Spell(last.Sub(first)), failed, hosts)
		if s.inside {
			s.internal(&f)
		}
		out = append(out, f)
		return nil
	})
	return out, err
}

// internal makes f a finding about one of the organization's own hosts. Own
// inventory and monitoring do the same, so it is weak.
func (side) internal(f *vedette.Detection) {
	f.Rule, f.Title = "internal", "Inside host scans its neighbors"
	f.Techniques, f.Role, f.Weak = []string{"T1046"}, 0, true
	f.Actor, f.Target, f.Confidence = f.Target, f.Actor, 50
}

// vertical finds scans of many ports of a host, mostly failed.
func (s side) vertical(ctx context.Context, events detect.EventStore, span detect.Span) ([]vedette.Detection, error) {
	query := s.contacts() + fmt.Sprintf(`
	, paced AS (
		SELECT *, count(*) OVER (PARTITION BY org, source_ip, destination_ip ORDER BY t
		                         RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS hourly
		FROM contact
	), host AS (
		SELECT org, source_ip, destination_ip, max(hourly) AS hourly, count(*) AS ports, sum(1 - ok) AS failed, min(t) AS t0, max(t) AS t1
		FROM paced GROUP BY org, source_ip, destination_ip
		HAVING 2 * sum(1 - ok) > count(*) AND (max(hourly) >= %d OR count(*) >= %d)
	)
	SELECT org, source_ip, count(*), min(destination_ip), max(hourly), max(ports), sum(ports), min(t0), max(t1)
	FROM host GROUP BY org, source_ip ORDER BY org, source_ip`, minPorts, minPortsSlow)
	var out []vedette.Detection
	err := detect.Each(ctx, events, query, []any{span.Start, span.End}, func(rows *sql.Rows) error {
		var (
			f                         vedette.Detection
			source, target            detect.NullAddr
			hosts, hourly, ports, all int64
			first, last               time.Time
		)
		if err := rows.Scan(&f.Organization, &source, &hosts, &target, &hourly, &ports, &all, &first, &last); err != nil {
			return err
		}
		f.Time, f.LastTime, f.Count = first.UnixNano(), last.UnixNano(), all
		f.Detector, f.Rule, f.Title = name, "vertical", "Many ports of a host scanned"
		f.Stage, f.Severity, f.Confidence = vedette.VerdictReconnaissance, vedette.SeverityLow, 90
		if hourly < minPorts {
			f.Confidence = 75
		}
		f.Techniques, f.Role, f.Actor, f.Target = []string{"T1595.002"}, vedette.RoleScanner, source.Addr, target.Addr
		f.Summary = fmt.Sprintf("%s tried up to %d ports of a host, most in vain, on %d hosts, %s first, in %s.",
			source, ports, hosts, target, detect.Spell(last.Sub(first)))
		out = append(out, f)
		return nil
	})
	return out, err
}
