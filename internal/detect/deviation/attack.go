package deviation

import (
	"fmt"

	"github.com/vedette-cti/vedette/internal/detect"
)

// path is the path of a URL column, without query.
func path(column string) string { return "split_part(" + column + ", '?', 1)" }

// Kinds of attack requests: statements for a database, files to be read, and
// all else.
const (
	isSQL = `'union.{1,40}select|sleep\(|benchmark\(|waitfor|extractvalue\(|updatexml\(|information_schema|(\+|%20| |''|%27)(or|and)(\+|%20| )[0-9''%(]|order(\+|%20| )by'`
	// What follows the steps upward, or an absolute path as a value.
	target = `coalesce(nullif(regexp_extract(bare, '(?:\.\./)+([^?&#;%]*)', 1), ''), nullif(regexp_extract(bare, '=(?:file://)?(/(?:etc|proc|var|home|root|windows|usr)/[^?&#;%]*)', 1), ''), '')`
)

// attacks begins the queries. "attack" holds the requests from outside with
// attack syntax and those that a Sigma rule calls an attack; "page" is what
// comes before the payload. A payload's shape is its lower case with the common
// encodings of dots and slashes undone. Arguments: start and end of the span.
var attacks = fmt.Sprintf(`
	WITH cited AS (
		SELECT DISTINCT s.seq AS source, v.position FROM detections d JOIN evidence v ON v.detection = d.id JOIN sources s ON s.identity = v.source
		WHERE d.detector = 'sigma' AND d.stage >= 2 AND NOT d.weak AND d.count = 1 AND contains(d.techniques, 'T1190')
	), request AS (
		SELECT coalesce(e.organization, '') AS org, coalesce(lower(e.url_domain), '') AS site, coalesce(e.dataset, '') AS dataset, %[1]s AS path,
		       e.source_ip, e.time, e.url, e.status, e.response_bytes AS size, nullif(e.duration, 0) AS duration,
		       replace(replace(replace(replace(replace(replace(lower(e.url), '%%252f', '/'), '%%2f', '/'), '%%252e', '.'), '%%2e', '.'), '%%5c', '/'), '\', '/') AS bare
		FROM (SELECT *, %[2]s AS syntax FROM events WHERE time >= ? AND time < ? AND action = 'http-request' AND url IS NOT NULL AND status IS NOT NULL AND %[3]s) e
		LEFT JOIN cited c ON c.source = e.source AND c.position = e.position
		WHERE e.syntax OR c.source IS NOT NULL
	), attack AS MATERIALIZED (
		SELECT *, regexp_matches(bare, %[4]s) AS statement, %[5]s AS target, split_part(split_part(bare, '?', 1), '../', 1) AS page FROM request
	), hostile AS (
		SELECT DISTINCT org, source_ip FROM attack
	)`, path("e.url"), detect.AttackSyntax("url"), detect.FromOutside, isSQL, target)

// ordinary writes a table of the answers that those who did not attack got from
// the paths of another table: how many, to how many clients, the range, median
// and median absolute deviation of sizes, and the highest usual duration. One
// argument: end.
func ordinary(pages string) string {
	return fmt.Sprintf(`ordinary AS (
		SELECT g.org, g.site, g.dataset, g.path, count(*) AS n, count(DISTINCT e.source_ip) AS clients, min(e.response_bytes) AS low,
		       max(e.response_bytes) AS high, median(e.response_bytes) AS middle, mad(e.response_bytes) AS spread,
		       quantile_cont(nullif(e.duration, 0), 0.95) AS slow
		FROM (SELECT * FROM events WHERE time < ? AND action = 'http-request' AND status BETWEEN 200 AND 299 AND response_bytes IS NOT NULL AND %[1]s) e
		JOIN (SELECT DISTINCT org, site, dataset, path FROM %[2]s) g
		     ON g.org = coalesce(e.organization, '') AND g.site = coalesce(lower(e.url_domain), '') AND g.dataset = coalesce(e.dataset, '') AND g.path = %[3]s
		LEFT JOIN hostile h ON h.org = g.org AND h.source_ip = e.source_ip
		WHERE h.org IS NULL GROUP BY ALL
	)`, detect.FromOutside, pages, path("e.url"))
}
