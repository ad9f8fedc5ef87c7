package bruteforce

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds of attempts, for one address at one organization.
const (
	minBurst       = 10 // failures of one account within ten minutes
	minSlow        = 30 // failures of one account over any time
	minSpray       = 5  // accounts that begin to fail within an hour
	minSpraySlow   = 15 // accounts that fail over any time
	maxSharedRatio = 2  // fewer failed accounts than this for each that logs in: an office behind one address
)

// mayFail holds for accounts that failed.
const mayFail = `(coalesce(organization, ''), CASE WHEN action = 'admin-login' THEN '' ELSE coalesce(lower(user_name), '') END) IN (SELECT org, person FROM failed)`

// attempts reports guessing and spraying. An address is left out when what
// failed is an account that logged in from there before (same address block or
// autonomous system), or from the same country and then succeeded (users, not
// administrators), or when most accounts that fail there also log in there: users, not guessers.
func (d *detector) attempts(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	query := tables(mayFail) + `
	, burst AS (
		SELECT *, count(*) OVER (PARTITION BY org, source_ip, account ORDER BY time
		                         RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW) AS burst
		FROM failed
	), account AS (
		SELECT org, source_ip, account, max(admin) AS admin, max(person) AS person, max(block) AS block, max(asn) AS asn, max(country) AS country,
		       count(*) AS n, max(burst) AS burst, min(time) AS t0, max(time) AS t1, max(destination_ip) AS target, max(port) AS port
		FROM burst GROUP BY org, source_ip, account
	), own AS (
		SELECT org, source_ip, account, min(time) AS since FROM login JOIN failing USING (org, source_ip) WHERE ok
		GROUP BY org, source_ip, account
	), judged AS (
		SELECT a.org, a.source_ip, a.account,
		       max(CASE WHEN p.block = a.block OR (p.asn = a.asn AND a.asn > 0) OR (p.country = a.country AND a.country <> '' AND o.since IS NOT NULL AND NOT a.admin)
		                THEN 1 ELSE 0 END) AS known, max(CASE WHEN o.since IS NULL THEN 0 ELSE 1 END) AS good
		FROM account a
		LEFT JOIN own o ON o.org = a.org AND o.source_ip = a.source_ip AND o.account = a.account
		LEFT JOIN place p ON p.org = a.org AND p.admin = a.admin AND p.person = a.person AND p.since < a.t0
		GROUP BY a.org, a.source_ip, a.account
	), paced AS (
		SELECT a.*, j.known, j.good, count(*) OVER (PARTITION BY a.org, a.source_ip ORDER BY a.t0
		                                            RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS fresh
		FROM account a JOIN judged j ON a.org = j.org AND a.source_ip = j.source_ip AND a.account = j.account
	)
	SELECT org, source_ip, sum(n), count(*), max(n), max(burst), max(fresh), sum(known), sum(good), max(admin), min(t0), max(t1), max(target), max(port)
	FROM paced GROUP BY org, source_ip ORDER BY org, source_ip`
	var found []vedette.Detection
	err := detect.Each(ctx, events, query, bounds(span), func(rows *sql.Rows) error {
		f, err := attempt(rows)
		if err == nil && f != nil && !detect.Permitted(d.constituency, f.Actor) {
			found = append(found, *f)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := detect.CiteEach(ctx, events, span, citeLimit, "outcome = 'failure' AND "+logins, found); err != nil {
		return err
	}
	for i := range found {
		emit(&found[i])
	}
	return nil
}

// attempt judges one address at one organization; nil if there is nothing to
// say.
func attempt(rows *sql.Rows) (*vedette.Detection, error) {
	var (
		f                                                      vedette.Detection
		source, target                                         detect.NullAddr
		n, accounts, most, burst, fresh, known, good, portSeen int64
		admin                                                  bool
		first, last                                            time.Time
	)
	err := rows.Scan(&f.Organization, &source, &n, &accounts, &most, &burst, &fresh, &known, &good, &admin, &first, &last, &target, &portSeen)
	if err != nil {
		return nil, err
	}
	spray := fresh >= minSpray || accounts >= minSpraySlow
	guess := burst >= minBurst || most >= minSlow
	switch {
	case !spray && !guess:
		return nil, nil
	case known == accounts, accounts > 1 && good*maxSharedRatio >= accounts:
		return nil, nil
	}
	f.Detector, f.Actor = name, source.Addr
	f.Target, f.TargetPort, f.Role = target.Addr, uint16(portSeen), vedette.RoleExploit
	f.Time, f.LastTime, f.Count = first.UnixNano(), last.UnixNano(), n
	f.Stage, f.Severity, f.Confidence = vedette.VerdictAttempt, vedette.SeverityMedium, 85
	what := "logins"
	if admin {
		what = "logins, to the administration too,"
	}
	if spray {
		f.Rule, f.Title, f.Techniques = "spraying", "Password spraying", []string{"T1110.003"}
		f.Summary = fmt.Sprintf("%d failed %s from %s with %d accounts in %s, at most %d for one account.",
			n, what, source, accounts, detect.Spell(last.Sub(first)), most)
		return &f, nil
	}
	f.Rule, f.Title, f.Techniques = "guessing", "Password guessing", []string{"T1110.001"}
	f.Summary = fmt.Sprintf("%d failed %s from %s in %s, up to %d for one account, %d of them within ten minutes.",
		n, what, source, detect.Spell(last.Sub(first)), most, burst)
	return &f, nil
}
