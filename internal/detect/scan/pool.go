package scan

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds of pools: addresses that may be one scanner, because they are
// neighbors or because they share a trait that few have.
const (
	minPoolHosts   = 8  // dark hosts that a pool must have tried
	minPoolSources = 3  // addresses that tried them
	minPoolRatio   = 4  // so many times the dark hosts of the median neighborhood that tried any
	minNetworks    = 20 // neighborhoods that make a median
	maxTraitUsers  = 20 // addresses that have a trait, beyond which it is anybody's
)

// network is the neighborhood of an address column: /24, or /48 of IPv6.
func network(column string) string {
	return fmt.Sprintf("CASE WHEN %[1]s // 4294967296 = 65535 THEN %[1]s // 256 * 256 ELSE %[1]s // 1208925819614629174706176 * 1208925819614629174706176 END", column)
}

// poolQuery returns the places of addresses whose pools may scan, with the walk of
// the pool, the widest pool of a place first. Arguments: start and end, twice.
var poolQuery = fmt.Sprintf(`
	WITH flow AS (
		SELECT coalesce(organization, '') AS org, source_ip, destination_ip, time,
		       CASE WHEN transport IN ('icmp', 'ipv6-icmp') THEN 0 ELSE coalesce(destination_port, 0) END AS port,
		       outcome = 'success' OR (transport IN ('icmp', 'ipv6-icmp') AND coalesce(destination_packets, 0) > 0) AS ok
		FROM events WHERE time >= ? AND time < ? AND %[1]s AND %[2]s AND (outcome IS NOT NULL OR transport IN ('icmp', 'ipv6-icmp'))
	), silent AS (
		SELECT org, destination_ip, port FROM flow GROUP BY ALL HAVING NOT bool_or(ok)
	), dark AS (
		SELECT DISTINCT org, source_ip, destination_ip, port FROM flow JOIN silent USING (org, destination_ip, port)
	), prober AS (
		SELECT DISTINCT source_ip FROM dark
	), shown AS (
		SELECT DISTINCT source_ip, unnest([ja3, ja4, user_agent]) AS trait FROM events
		WHERE time >= ? AND time < ? AND source_ip IS NOT NULL AND %[1]s AND (ja3 IS NOT NULL OR ja4 IS NOT NULL OR user_agent IS NOT NULL)
	), rare AS (
		SELECT trait FROM shown WHERE length(trait) >= 4 AND trait IN (SELECT trait FROM shown JOIN prober USING (source_ip))
		GROUP BY trait HAVING count(*) BETWEEN %[3]d AND %[4]d
	), member AS (
		SELECT source_ip, 'net ' || (%[5]s)::VARCHAR AS pool FROM prober
		UNION SELECT source_ip, 'trait ' || trait FROM shown JOIN rare USING (trait) JOIN prober USING (source_ip)
	), effort AS (
		SELECT m.pool, count(DISTINCT (d.org, d.destination_ip)) AS hosts, count(DISTINCT d.source_ip) AS sources
		FROM member m JOIN dark d USING (source_ip) GROUP BY m.pool
	), promising AS (
		SELECT pool FROM effort
		WHERE hosts >= %[6]d AND sources >= %[3]d AND hosts > %[8]d * (SELECT CASE WHEN count(*) >= %[9]d THEN median(hosts) ELSE 0 END FROM effort WHERE starts_with(pool, 'net '))
	), part AS (
		SELECT pool, source_ip FROM member JOIN promising USING (pool)
		UNION SELECT p.pool, f.source_ip FROM (SELECT DISTINCT source_ip FROM flow) f JOIN promising p ON p.pool = 'net ' || (%[7]s)::VARCHAR
	), contact AS (
		SELECT p.pool, f.source_ip, f.org, f.destination_ip, f.port, min(f.time) AS t, max(CASE WHEN f.ok THEN 1 ELSE 0 END) AS ok, max(CASE WHEN d.org IS NULL THEN 0 ELSE 1 END) AS dark
		FROM flow f JOIN part p USING (source_ip)
		LEFT JOIN dark d ON d.org = f.org AND d.source_ip = f.source_ip AND d.destination_ip = f.destination_ip AND d.port = f.port
		GROUP BY ALL
	), first_contact AS (
		SELECT pool, org, destination_ip, port, min(t) AS t, max(ok) AS ok FROM contact WHERE ok = 1 OR dark = 1 GROUP BY ALL
	), walked AS (
		SELECT pool, string_agg(CASE ok WHEN 1 THEN 'S' ELSE 'F' END, '' ORDER BY t, org, destination_ip, port) AS outcomes,
		       count(DISTINCT CASE WHEN ok = 0 THEN (org, destination_ip) END) AS hosts, count(DISTINCT CASE WHEN ok = 0 THEN org END) AS orgs
		FROM first_contact GROUP BY pool
	), own AS (
		SELECT pool, source_ip, sum(ok) AS good, sum(dark) AS failed FROM contact GROUP BY ALL
	), size AS (
		SELECT pool, count(*) AS sources FROM own WHERE failed > good GROUP BY pool
	)
	SELECT c.org, c.source_ip, w.pool, w.outcomes, w.hosts, w.orgs, s.sources, sum(c.dark), min(CASE WHEN c.dark = 1 THEN c.t END), max(CASE WHEN c.dark = 1 THEN c.t END)
	FROM contact c JOIN walked w USING (pool) JOIN size s USING (pool) JOIN own o ON o.pool = c.pool AND o.source_ip = c.source_ip
	WHERE o.failed > o.good AND s.sources >= %[3]d AND w.hosts >= %[6]d
	GROUP BY ALL HAVING sum(c.dark) > 0
	ORDER BY c.org, c.source_ip, w.hosts DESC, w.pool`,
	outside.direction, probes, minPoolSources, maxTraitUsers, network("source_ip"), minPoolHosts, network("f.source_ip"), minPoolRatio, minNetworks)

// pooled finds slow scans that are spread over many addresses: the threshold
// random walk over the first contacts of all addresses of a /24 or /48, or of
// all that share a rare JA3, JA4 or user agent, at all organizations together.
// Only targets that never answered anybody count as failures. Where everybody
// probes, as on the open Internet, a pool must stand out. An address is
// reported when it has more failures than successes of its own, and is not in
// alone, those that were found without their pool.
func pooled(ctx context.Context, events detect.EventStore, span detect.Span, alone map[string]bool) ([]vedette.Detection, error) {
	var out []vedette.Detection
	told := make(map[string]bool)
	args := []any{span.Start, span.End, span.Start, span.End}
	err := detect.Each(ctx, events, poolQuery, args, func(rows *sql.Rows) error {
		var (
			f                    vedette.Detection
			source               detect.NullAddr
			pool, outcomes       string
			hosts, orgs, sources int64
			first, last          time.Time
		)
		if err := rows.Scan(&f.Organization, &source, &pool, &outcomes, &hosts, &orgs, &sources, &f.Count, &first, &last); err != nil {
			return err
		}
		key := place(f.Organization, source.String())
		if alone[key] || told[key] || walk(outcomes) == 0 {
			return nil
		}
		told[key] = true
		f.Detector, f.Rule, f.Title = name, "pooled", "Takes part in a scan that is spread over many addresses"
		f.Stage, f.Severity, f.Confidence = vedette.VerdictReconnaissance, vedette.SeverityLow, 60
		f.Techniques, f.Role, f.Actor = []string{"T1595.001"}, vedette.RoleScanner, source.Addr
		f.Time, f.LastTime = first.UnixNano(), last.UnixNano()
		f.Summary = fmt.Sprintf("%s tried %d targets here that never answered anybody. Its %s carries the finding: %d addresses tried %d such hosts at %d organizations.",
			source, f.Count, spellPool(pool), sources, hosts, orgs)
		out = append(out, f)
		return nil
	})
	return out, err
}

// spellPool says what the members of a pool have in common.
func spellPool(pool string) string {
	trait, ok := strings.CutPrefix(pool, "trait ")
	if !ok {
		return "neighborhood (/24 or /48)"
	}
	return fmt.Sprintf("rare trait %.60q", trait)
}

// place names an address at an organization.
func place(organization, source string) string { return organization + " " + source }
