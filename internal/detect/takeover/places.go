package takeover

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds over the sessions of one account. An account that roams through
// more countries than this is a traveler's, or shared.
const (
	minSessions  = 5
	maxCountries = 2
)

// isSession holds for what shows that an account is in use at a place.
const isSession = `action IN ('login', 'session-start') AND coalesce(outcome, 'success') = 'success'
	AND coalesce(user_name, '') <> '' AND coalesce(source_country, '') <> '' AND ` + detect.FromOutside

// sessions begins the queries: one row for each account, address and minute,
// since a login and its session are told twice. Only accounts that were seen in
// several countries are kept. One argument: end.
const sessions = `WITH everyone AS (
		SELECT coalesce(organization, '') AS org, lower(user_name) AS account, source_country AS country, source_ip, date_trunc('minute', time) AS t
		FROM events WHERE time < ? AND ` + isSession + `
	), mover AS (
		SELECT org, account FROM everyone GROUP BY org, account HAVING min(country) <> max(country)
	), session AS (
		SELECT DISTINCT e.* FROM everyone e JOIN mover USING (org, account)
	)`

// sighting is one account at one place.
type sighting struct {
	org, account string
	source       detect.NullAddr
	country      string
	at           time.Time
}

func (s *sighting) detection(rule, title, technique string) *vedette.Detection {
	return &vedette.Detection{
		Detector: name, Rule: rule, Title: title, Organization: s.org, Time: s.at.UnixNano(), LastTime: s.at.UnixNano(), Count: 1,
		Stage: vedette.VerdictAttempt, Weak: true, Severity: vedette.SeverityMedium,
		Techniques: []string{technique, "T1133"}, Actor: s.source.Addr, Role: vedette.RoleAdministration,
	}
}

// cite adds the first lines of the account between two times.
func (s *sighting) cite(ctx context.Context, events detect.EventStore, det *vedette.Detection, from, to time.Time) (err error) {
	det.Evidence, err = detect.Cite(ctx, events, 4, isSession+` AND coalesce(organization, '') = ? AND lower(user_name) = ? AND time >= ? AND time < ?`,
		s.org, s.account, from, to)
	return err
}

// newCountries reports accounts with a past in one or two countries that turn
// up in another. People travel, so this is weak.
func newCountries(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	query := sessions + `
	, numbered AS (
		SELECT *, row_number() OVER (PARTITION BY org, account ORDER BY t, source_ip, country) - 1 AS sessions FROM session
	), debut AS (
		SELECT org, account, country, min(t) AS t, min(sessions) AS sessions FROM numbered GROUP BY org, account, country
	), ranked AS (
		SELECT *, row_number() OVER (PARTITION BY org, account ORDER BY t, country) - 1 AS countries FROM debut
	)
	SELECT r.org, r.account, r.country, r.t, r.sessions, r.countries, min(s.source_ip)
	FROM ranked r JOIN session s ON s.org = r.org AND s.account = r.account AND s.country = r.country AND s.t = r.t
	WHERE r.sessions >= ? AND r.countries BETWEEN 1 AND ? AND r.t >= ?
	GROUP BY ALL ORDER BY r.org, r.t, r.account`
	type arrival struct {
		sighting
		sessions, countries int64
	}
	var found []arrival
	args := []any{span.End, minSessions, maxCountries, span.Start}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var a arrival
		err := rows.Scan(&a.org, &a.account, &a.country, &a.at, &a.sessions, &a.countries, &a.source)
		found = append(found, a)
		return err
	})
	if err != nil {
		return err
	}
	for i := range found {
		a := &found[i]
		det := a.detection("new-country", "Account used from a new country", "T1078")
		det.Confidence, det.Severity = 35, vedette.SeverityLow
		det.Summary = fmt.Sprintf("%.40q logged in from %s (%s) for the first time, after %d sessions from %d other countries.",
			a.account, a.country, a.source, a.sessions, a.countries)
		if err := a.cite(ctx, events, det, a.at, a.at.Add(time.Minute)); err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

// impossibleTravel reports accounts that were used in two countries within an
// hour, once for each. The address away from where the account is used most is
// named. Relays and errors of geolocation do this too, so it is weak.
func impossibleTravel(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	query := sessions + `
	, usage AS (
		SELECT org, account, country, count(*) AS n FROM session GROUP BY org, account, country
	), roaming AS (
		SELECT org, account FROM usage GROUP BY org, account HAVING count(*) > ?
	), step AS (
		SELECT *, lag(country) OVER w AS country0, lag(source_ip) OVER w AS source0, lag(t) OVER w AS t0
		FROM session WINDOW w AS (PARTITION BY org, account ORDER BY t, source_ip, country)
	), hop AS (
		SELECT *, row_number() OVER (PARTITION BY org, account ORDER BY t, source_ip) AS n, count(*) OVER (PARTITION BY org, account) AS hops
		FROM step WHERE country <> country0 AND t <= t0 + INTERVAL 1 HOUR AND t >= ?
	)
	SELECT h.org, h.account, h.source0, h.country0, h.t0, h.source_ip, h.country, h.t, h.hops, u0.n, u.n
	FROM hop h JOIN usage u0 ON u0.org = h.org AND u0.account = h.account AND u0.country = h.country0
	JOIN usage u ON u.org = h.org AND u.account = h.account AND u.country = h.country
	LEFT JOIN roaming r ON r.org = h.org AND r.account = h.account
	WHERE h.n = 1 AND r.org IS NULL ORDER BY h.org, h.t, h.account`
	type hop struct {
		from, to sighting
		hops     int64
	}
	var found []hop
	err := detect.Each(ctx, events, query, []any{span.End, maxCountries + 1, span.Start}, func(rows *sql.Rows) error {
		var (
			h        hop
			nFrom, n int64
		)
		err := rows.Scan(&h.to.org, &h.to.account, &h.from.source, &h.from.country, &h.from.at, &h.to.source, &h.to.country, &h.to.at, &h.hops, &nFrom, &n)
		h.from.org, h.from.account = h.to.org, h.to.account
		if nFrom < n {
			h.from.source, h.to.source = h.to.source, h.from.source
			h.from.country, h.to.country = h.to.country, h.from.country
		}
		found = append(found, h)
		return err
	})
	if err != nil {
		return err
	}
	for i := range found {
		h := &found[i]
		det := h.to.detection("impossible-travel", "Account used in two countries at once", "T1078")
		det.Confidence, det.Count = 50, h.hops+1
		det.Time = h.from.at.UnixNano()
		det.Summary = fmt.Sprintf("%.40q was used from %s (%s) and %s (%s) within %s; %d such changes.",
			h.to.account, h.from.country, h.from.source, h.to.country, h.to.source, detect.Spell(h.to.at.Sub(h.from.at)+time.Minute), h.hops)
		if err := h.to.cite(ctx, events, det, h.from.at, h.to.at.Add(time.Minute)); err != nil {
			return err
		}
		emit(det)
	}
	return nil
}
