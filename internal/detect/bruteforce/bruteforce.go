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

// logins selects logins from outside. Where two sources tell of the same login,
// only the better one counts: SoftEther writes a hub's messages to the server
// log too, and a network sensor guesses at what the SSH server knows.
const logins = `category = 'authentication' AND action IN ('login', 'admin-login') AND outcome IS NOT NULL AND ` + detect.FromOutside + `
	AND NOT (coalesce(dataset, '') = 'softether.server' AND action = 'login' AND coalesce(rest, '') LIKE '%"softether.hub"%'
	         AND coalesce(organization, '') IN (SELECT coalesce(organization, '') FROM events WHERE dataset = 'softether.security'))
	AND NOT (coalesce(dataset, '') IN ('zeek.ssh', 'suricata.ssh')
	         AND coalesce(organization, '') IN (SELECT coalesce(organization, '') FROM events WHERE dataset = 'system.auth'))`

const citeLimit = 5

// minFailures is how many failures of one address at one organization begin to
// mean something.
const minFailures = 5

// tables begins every query. "login" holds the logins of the span, "failing"
// the addresses with minFailures failures, "failed" their failures, "place"
// where each account logged in from, and since when: by address block (/24, or
// the last 8 bits of IPv6), autonomous system and country. All administration
// accounts of an organization are one. Arguments: start and end.
var tables = fmt.Sprintf(`
	WITH login AS (
		SELECT coalesce(organization, '') AS org, source_ip, coalesce(lower(user_name), '') AS account,
		       CASE WHEN action = 'admin-login' THEN '' ELSE coalesce(lower(user_name), '') END AS person, action = 'admin-login' AS admin,
		       outcome = 'success' AS ok, time, coalesce(source_country, '') AS country, coalesce(source_asn, 0) AS asn,
		       source_ip // 256 AS block, destination_ip, coalesce(destination_port, 0) AS port
		FROM events WHERE time >= ? AND time < ? AND %s
	), failing AS (
		SELECT org, source_ip FROM login WHERE NOT ok GROUP BY org, source_ip HAVING count(*) >= %d
	), failed AS (
		SELECT l.* FROM login l JOIN failing USING (org, source_ip) WHERE NOT ok
	), place AS (
		SELECT org, admin, person, block, asn, country, min(time) AS since
		FROM login WHERE ok GROUP BY org, admin, person, block, asn, country
	)`, logins, minFailures)
