// Package bruteforce finds password guessing and spraying, and the login that
// succeeds after it.
//
// Failures alone are an attempt, however many. A success counts as compromise
// only when neither the address nor the account's own past explains it: people
// mistype, and programs repeat an outdated password for hours until their
// owner corrects it.
package bruteforce

import (
	"context"
	"fmt"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the brute-force detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(env detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{&detector{env.Constituency}}}, nil
	},
}

const name = "bruteforce"

type detector struct{ constituency *vedette.Constituency }

// Meta implements detect.Window.
func (*detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "password guessing (ATT&CK T1110.001) and spraying (T1110.003) by address and account, " +
			"and logins that succeed after it, judged against the account's past places",
	}
}

// Analyze implements detect.Window.
func (d *detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	if err := d.attempts(ctx, events, span, emit); err != nil {
		return fmt.Errorf("bruteforce: attempts: %w", err)
	}
	if err := d.successes(ctx, events, span, emit); err != nil {
		return fmt.Errorf("bruteforce: successes: %w", err)
	}
	return nil
}

// isTry holds for a login, or a try.
const isTry = `category = 'authentication' AND action IN ('login', 'admin-login')`

// logins selects logins from outside. A FortiGate tells of a tunnel that came
// up, not of the login before it. Where two sources tell of the same login, only
// the better one counts: a network sensor guesses at what the SSH server knows.
const logins = `(` + isTry + ` AND outcome IS NOT NULL
	OR dataset = 'fortinet.event' AND action = 'session-start' AND outcome = 'success' AND coalesce(user_name, '') <> '')
	AND NOT (coalesce(dataset, '') IN ('zeek.ssh', 'suricata.ssh')
	         AND coalesce(organization, '') IN (SELECT coalesce(organization, '') FROM events WHERE dataset = 'system.auth'))
	AND ` + detect.FromOutside + `
	`

const citeLimit = 5

// minFailures is how many failures of one address at one organization begin to
// mean something.
const minFailures = 5

// tables begins every query. Most logins are of people, so "suspect" picks the
// addresses that may have minFailures failures from few columns; "login" holds
// their logins, each message of a SoftEther server once though it stands in two
// logs (softether.twin), "failing" the addresses with minFailures failures,
// "failed" their failures, "place" where accounts logged in from, and since
// when: by address block (/24, or the last 8 bits of IPv6), autonomous system
// and country. All administration accounts of an organization are one.
// Only accounts of which some condition holds have places. Arguments: start and
// end, three times.
func tables(places string) string {
	return fmt.Sprintf(`
	WITH suspect AS (
		SELECT coalesce(organization, '') AS org, source_ip FROM events
		WHERE time >= ? AND time < ? AND %[2]s AND outcome = 'failure' AND %[3]s GROUP BY 1, 2 HAVING count(*) >= %[4]d
	), line AS (
		SELECT s.org, s.source_ip, %[5]s, e.outcome = 'success' AS ok, e.time, coalesce(e.source_country, '') AS country,
		       coalesce(e.source_asn, 0) AS asn, e.source_ip // 256 AS block, e.destination_ip, coalesce(e.destination_port, 0) AS port,
		       CASE WHEN e.dataset = 'softether.security' THEN regexp_extract(e.rest, '%[6]s', 1) END AS twin,
		       CASE WHEN e.dataset = 'softether.server' THEN regexp_extract(e.rest, '%[6]s', 1) END AS copy
		FROM (SELECT * FROM events WHERE time >= ? AND time < ? AND %[1]s) e
		JOIN suspect s ON s.org = coalesce(e.organization, '') AND s.source_ip = e.source_ip
	), told AS (
		SELECT DISTINCT org, twin FROM line WHERE twin <> ''
	), login AS (
		SELECT l.* FROM line l LEFT JOIN told t ON t.org = l.org AND t.twin = l.copy WHERE t.twin IS NULL
	), failing AS (
		SELECT org, source_ip FROM login WHERE NOT ok GROUP BY org, source_ip HAVING count(*) >= %[4]d
	), failed AS (
		SELECT l.* FROM login l JOIN failing USING (org, source_ip) WHERE NOT ok
	), visited AS (
		SELECT coalesce(organization, '') AS org, %[5]s, source_ip, coalesce(source_asn, 0) AS asn, coalesce(source_country, '') AS country, min(time) AS since
		FROM events e WHERE time >= ? AND time < ? AND %[1]s AND outcome = 'success'
		      AND %[7]s
		GROUP BY ALL
	), place AS (
		SELECT org, admin, person, source_ip // 256 AS block, asn, country, min(since) AS since FROM visited GROUP BY ALL
	)`, logins, isTry, detect.FromOutside, minFailures, account, `"softether\.twin":"([0-9a-f]+)"`, places)
}

// account names who logs in.
const account = `coalesce(lower(e.user_name), '') AS account, e.action = 'admin-login' AS admin,
		       CASE WHEN e.action = 'admin-login' THEN '' ELSE coalesce(lower(e.user_name), '') END AS person`

// bounds are the arguments of tables.
func bounds(span detect.Span) []any {
	return []any{span.Start, span.End, span.Start, span.End, span.Start, span.End}
}
