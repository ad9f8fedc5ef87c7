package scan

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds over distinct paths that a site never served.
const (
	minMissing     = 20 // within ten minutes
	minMissingSlow = 40 // over any time
)

const (
	webInbound = `action = 'http-request' AND ` + detect.FromOutside
	webMissing = webInbound + ` AND status BETWEEN 400 AND 499`
)

// sweeps finds clients that ask a site for many paths that it does not have. A
// request with a referrer follows a link, and a path that the site served to
// anyone existed once: neither counts. So visitors of a rebuilt site and
// crawlers with an old map of it stay out.
func sweeps(ctx context.Context, events detect.EventStore, span detect.Span) ([]vedette.Detection, error) {
	query := fmt.Sprintf(`
	WITH client AS (
		SELECT organization, source_ip FROM events
		WHERE time >= ? AND time < ? AND %[1]s AND status BETWEEN 400 AND 499
		GROUP BY organization, source_ip HAVING count(*) >= %[2]d
	), asked AS (
		SELECT coalesce(e.organization, '') AS org, e.source_ip, coalesce(lower(e.url_domain), '') AS site, split_part(e.url, '?', 1) AS path,
		       min(e.time) AS t, max(CASE WHEN e.status BETWEEN 400 AND 499 AND %[4]s THEN 0 ELSE 1 END) AS ok
		FROM events e JOIN client c ON e.source_ip = c.source_ip AND e.organization IS NOT DISTINCT FROM c.organization
		WHERE e.time >= ? AND e.time < ? AND e.action = 'http-request' AND e.url IS NOT NULL
		      AND coalesce(e.direction, '') NOT IN ('outbound', 'internal')
		GROUP BY ALL
	), existed AS (
		SELECT DISTINCT coalesce(organization, '') AS org, split_part(url, '?', 1) AS path FROM events
		WHERE time < ? AND %[1]s AND status BETWEEN 200 AND 399 AND split_part(url, '?', 1) IN (SELECT path FROM asked WHERE ok = 0)
	), paced AS (
		SELECT a.*, sum(1 - a.ok) OVER w AS missing, count(*) OVER w AS paths
		FROM asked a LEFT JOIN existed x ON a.org = x.org AND a.path = x.path
		WHERE a.ok = 1 OR x.org IS NULL
		WINDOW w AS (PARTITION BY a.org, a.source_ip ORDER BY a.t RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW)
	)
	SELECT org, source_ip, max(CASE WHEN 10 * missing >= 7 * paths THEN missing ELSE 0 END) AS peak,
	       sum(1 - ok) AS missing, count(*) AS paths, min(CASE WHEN ok = 0 THEN t END), max(CASE WHEN ok = 0 THEN t END)
	FROM paced GROUP BY org, source_ip
	HAVING max(CASE WHEN 10 * missing >= 7 * paths THEN missing ELSE 0 END) >= %[2]d
	       OR (sum(1 - ok) >= %[3]d AND 10 * sum(1 - ok) >= 8 * count(*))
	ORDER BY org, source_ip`, webInbound, minMissing, minMissingSlow, detect.NoReferrer)
	var out []vedette.Detection
	args := []any{span.Start, span.End, span.Start, span.End, span.End}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var (
			f                    vedette.Detection
			source               detect.NullAddr
			peak, missing, paths int64
			first, last          time.Time
		)
		if err := rows.Scan(&f.Organization, &source, &peak, &missing, &paths, &first, &last); err != nil {
			return err
		}
		f.Actor, f.Role = source.Addr, vedette.RoleScanner
		f.Time, f.LastTime, f.Count = first.UnixNano(), last.UnixNano(), missing
		f.Detector, f.Rule, f.Title = name, "content-discovery", "Many missing web paths requested"
		f.Stage, f.Severity, f.Confidence = vedette.VerdictReconnaissance, vedette.SeverityLow, 85
		if peak < minMissing {
			f.Confidence = 70
		}
		f.Techniques = []string{"T1595.003"}
		f.Summary = fmt.Sprintf("%s asked for %d paths that the site never had (of %d) in %s, up to %d within ten minutes.",
			source, missing, paths, detect.Spell(last.Sub(first)), peak)
		out = append(out, f)
		return nil
	})
	return out, err
}
