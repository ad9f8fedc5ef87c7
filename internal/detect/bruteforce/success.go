package bruteforce

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// entry is the first success of an address at an organization, with what came
// before it.
type entry struct {
	org             string
	source          detect.NullAddr
	target          detect.NullAddr
	port            int64
	admin           bool
	account         string
	at, last, since time.Time // first and last success, first failure
	successes       int64
	good            int64 // accounts that succeeded
	day, all        int64 // failures within 24 hours before, and ever before
	accounts        int64 // accounts that failed before
	country         string
	past            bool // the account logged in from elsewhere before the first failure
	block, asn      bool // ... from the same address block or autonomous system
	sameCountry     bool
	colleagues      int64 // other accounts that logged in from this country before
}

// mayMatter holds for accounts of organizations where an address that failed
// logged in.
const mayMatter = `coalesce(organization, '') IN (SELECT org FROM login JOIN failing USING (org, source_ip) WHERE ok)`

// entries finds the first success of each failing address, for logins and for
// administration apart.
func entries(ctx context.Context, events detect.EventStore, span detect.Span) ([]entry, error) {
	query := tables(mayMatter) + fmt.Sprintf(`
	, own AS (
		SELECT org, source_ip, admin, min(time) AS t, max(time) AS t1, count(*) AS n, count(DISTINCT account) AS good
		FROM login JOIN failing USING (org, source_ip) WHERE ok GROUP BY org, source_ip, admin
	), before AS (
		SELECT o.org, o.source_ip, o.admin, count(*) AS failures, count(DISTINCT f.account) AS accounts, min(f.time) AS t0,
		       sum(CASE WHEN f.time >= o.t - INTERVAL 24 HOUR THEN 1 ELSE 0 END) AS day
		FROM own o JOIN failed f ON f.org = o.org AND f.source_ip = o.source_ip AND f.time <= o.t
		GROUP BY o.org, o.source_ip, o.admin
	), entry AS (
		SELECT l.org, l.source_ip, l.admin, min(l.account) AS account, min(l.person) AS person, max(l.block) AS block, max(l.asn) AS asn,
		       max(l.country) AS country, max(l.destination_ip) AS target, max(l.port) AS port,
		       max(o.t) AS t, max(o.t1) AS t1, max(o.n) AS n, max(o.good) AS good,
		       max(b.failures) AS failures, max(b.accounts) AS accounts, max(b.t0) AS t0, max(b.day) AS day
		FROM login l
		JOIN own o ON l.org = o.org AND l.source_ip = o.source_ip AND l.admin = o.admin AND l.time = o.t
		JOIN before b ON l.org = b.org AND l.source_ip = b.source_ip AND l.admin = b.admin
		WHERE l.ok AND (b.day >= %[1]d OR b.accounts >= %[1]d)
		GROUP BY l.org, l.source_ip, l.admin
	)
	SELECT e.org, e.source_ip, e.admin, e.account, e.country, e.target, e.port, e.t, e.t1, e.n, e.good, e.failures, e.accounts, e.t0, e.day,
	       coalesce(max(p.person = e.person), false), coalesce(max(p.person = e.person AND p.block = e.block), false),
	       coalesce(max(p.person = e.person AND p.asn = e.asn AND e.asn > 0), false),
	       coalesce(max(p.person = e.person AND p.country = e.country AND e.country <> ''), false),
	       count(DISTINCT CASE WHEN p.country = e.country AND e.country <> '' AND p.person <> e.person THEN p.person END)
	FROM entry e LEFT JOIN place p ON p.org = e.org AND p.admin = e.admin AND p.since < e.t0
	GROUP BY ALL ORDER BY e.org, e.source_ip, e.admin`, minFailures)
	var out []entry
	err := detect.Each(ctx, events, query, bounds(span), func(rows *sql.Rows) error {
		var e entry
		err := rows.Scan(&e.org, &e.source, &e.admin, &e.account, &e.country, &e.target, &e.port, &e.at, &e.last, &e.successes, &e.good,
			&e.all, &e.accounts, &e.since, &e.day, &e.past, &e.block, &e.asn, &e.sameCountry, &e.colleagues)
		out = append(out, e)
		return err
	})
	return out, err
}

// judgment is what a success after failures means.
type judgment struct {
	stage      vedette.Verdict // none: nothing to report
	confidence int
	weak       bool
	why        string
}

var (
	nothing    = judgment{}
	suspicious = judgment{stage: vedette.VerdictAttempt, confidence: 40, weak: true, why: "may be the owner"}
)

// judge weighs e. home is the organization's country, empty if unknown.
//
// What speaks for the owner: the account's past from the same block, autonomous
// system or country; few failures; one account only. What speaks against: many
// accounts, many failures, a country where nobody of the organization was
// before. A success a day and more after the last guess is none of the guesses:
// the address may be an infected home, or many people's. Administration is held to a stricter rule, because relays in the
// victim's own country are common.
func judge(e *entry, home string) judgment {
	spray := e.accounts >= minSpray && e.good*4 <= e.accounts
	n := e.day
	if spray {
		n = e.all
	}
	few := e.accounts <= 2
	local := e.country != "" && (e.country == home || e.colleagues > 0 || e.sameCountry)
	switch {
	case spray && e.day == 0 && !e.admin: // the guess that succeeds is one of the guesses
		return suspicious
	case n < minFailures, !spray && e.accounts > 2 && e.good*maxSharedRatio >= e.accounts:
		return nothing
	case few && e.block:
		return nothing
	case few && e.asn:
		if e.admin && n >= 20 {
			return judgment{vedette.VerdictAttempt, 50, false, "same network as earlier administrators, but many failures"}
		}
		return nothing
	case few && e.sameCountry && (!e.admin || n < 10):
		return nothing
	case few && local && n < 10:
		return nothing
	case few && local && n < 30 && !e.admin, few && n < 10 && !e.admin && !e.past:
		return suspicious
	case few && n < 10 && e.country == "":
		return suspicious
	}
	return judgment{vedette.VerdictCompromise, confidence(e, n, spray, local), false, ""}
}

func confidence(e *entry, n int64, spray, local bool) int {
	c := 60
	if e.admin {
		c += 15
	}
	for _, limit := range []int64{10, 30, 100} {
		if n >= limit {
			c += 5
		}
	}
	if spray {
		c += 10
	}
	if e.past && !local && e.country != "" {
		c += 10
	}
	if local && !spray {
		c -= 5
	}
	return min(c, 95)
}

// successes reports logins that succeeded after failures.
func (d *detector) successes(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	found, err := entries(ctx, events, span)
	if err != nil {
		return err
	}
	for i := range found {
		e := &found[i]
		j := judge(e, detect.Home(d.constituency, e.org))
		if j.stage == vedette.VerdictNone {
			continue
		}
		det := e.detection(j)
		if det.Evidence, err = e.cite(ctx, events, span); err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

func (e *entry) detection(j judgment) *vedette.Detection {
	det := &vedette.Detection{
		Detector: name, Organization: e.org, Rule: "login-after-failures", Title: "Login succeeded after many failures",
		Time: e.since.UnixNano(), LastTime: e.last.UnixNano(), Count: e.all + e.successes,
		Stage: j.stage, Effect: j.stage == vedette.VerdictCompromise, Confidence: j.confidence, Weak: j.weak,
		Severity: vedette.SeverityHigh, Techniques: []string{"T1078", "T1110.001"},
		Actor: e.source.Addr, Target: e.target.Addr, TargetPort: uint16(e.port), Role: vedette.RoleExploit,
	}
	if e.accounts >= minSpray {
		det.Techniques[1] = "T1110.003"
	}
	who := fmt.Sprintf("as %.40q", e.account)
	if e.account == "" {
		who = "without account name"
	}
	if e.admin {
		det.Rule, det.Title = "admin-login-after-failures", "Administration login succeeded after many failures"
		det.Role |= vedette.RoleAdministration
		det.Severity = vedette.SeverityCritical
		who += " to the administration"
	}
	if j.stage != vedette.VerdictCompromise {
		det.Severity = vedette.SeverityMedium
	}
	det.Summary = fmt.Sprintf("%s logged in %s after %d failures (%d in the last 24 h) of %s.", e.source, who, e.all, e.day, accounts(e.accounts))
	if j.why != "" {
		det.Summary = det.Summary[:len(det.Summary)-1] + "; " + j.why + "."
	}
	return det
}

func accounts(n int64) string {
	if n == 1 {
		return "one account"
	}
	return fmt.Sprintf("%d accounts", n)
}

// cite returns the first failures and the first success.
func (e *entry) cite(ctx context.Context, events detect.EventStore, span detect.Span) ([]vedette.Evidence, error) {
	where := logins + ` AND coalesce(organization, '') = ? AND source_ip = ?`
	ip := vedette.AddrToBig(e.source.Addr)
	ok, err := detect.Cite(ctx, events, 2, where+` AND outcome = 'success' AND (action = 'admin-login') = ? AND time >= ? AND time < ?`,
		e.org, ip, e.admin, e.at, span.End)
	if err != nil {
		return nil, err
	}
	failed, err := detect.Cite(ctx, events, citeLimit-len(ok), where+` AND outcome = 'failure' AND time >= ? AND time <= ?`, e.org, ip, e.since, e.at)
	return append(failed, ok...), err
}
