package takeover

import (
	"context"
	"database/sql"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// kind is one kind of change that serves an intruder.
type kind struct {
	action, technique, words string
}

// kinds in the order in which they are told. The techniques are those of
// ATT&CK Enterprise.
var kinds = [...]kind{
	{vedette.ActionUserCreated, "T1136", "users created"},
	{vedette.ActionHubCreated, "T1133", "hubs created"},
	{vedette.ActionTunnelCreated, "T1572", "tunnels set up"},
	{vedette.ActionLoggingOff, "T1562.001", "logging changed"},
	{vedette.ActionConfigRead, "T1602.002", "configurations or logs read"},
}

// isKind holds for events of one of the kinds.
var isKind = func() string {
	var names []string
	for _, k := range kinds {
		names = append(names, "'"+k.action+"'")
	}
	return "action IN (" + strings.Join(names, ", ") + ") AND coalesce(outcome, '') <> 'failure' AND " + detect.FromOutside
}()

const isEntry = "action = 'admin-login' AND outcome = 'success' AND " + detect.FromOutside

// visit is what one outside address did as administrator of an organization on
// one UTC day.
type visit struct {
	org         string
	source      netip.Addr
	country     string
	asn         uint32
	first, last time.Time // administration logins
	failures    int64     // failed logins of the address before its very first success
	changes     [len(kinds)]int64
	lastChange  time.Time // zero if nothing was changed
	target      netip.Addr
	port        uint16
}

// kindsDone counts the kinds of changes that v saw.
func (v *visit) kindsDone() (n int) {
	for _, c := range v.changes {
		if c > 0 {
			n++
		}
	}
	return n
}

// blinds reports whether v hid traces or took secrets.
func (v *visit) blinds() bool { return v.changes[3] > 0 || v.changes[4] > 0 }

// entries is the common table of visits, in which one argument is the end.
const entries = `WITH entry AS (
		SELECT coalesce(organization, '') AS org, source_ip, date_trunc('day', time) AS day, max(coalesce(source_country, '')) AS country,
		       max(coalesce(source_asn, 0)) AS asn, min(time) AS t0, max(time) AS t1, max(destination_ip) AS target,
		       max(coalesce(destination_port, 0)) AS port
		FROM events WHERE time < ? AND ` + isEntry + `
		GROUP BY 1, 2, 3
	) `

// place is an address at an organization.
type place struct {
	org    string
	source netip.Addr
}

// visits returns all administration from outside, by organization and time.
// Administrators are few, so the list is short whatever the size of the store.
func visits(ctx context.Context, events detect.EventStore, end time.Time) ([]*visit, error) {
	var out []*visit
	byPlace := make(map[place][]*visit)
	err := detect.Each(ctx, events, entries+`SELECT org, source_ip, country, asn, t0, t1, target, port FROM entry ORDER BY org, t0, source_ip`,
		[]any{end}, func(rows *sql.Rows) error {
			var source, target detect.NullAddr
			v := new(visit)
			err := rows.Scan(&v.org, &source, &v.country, &v.asn, &v.first, &v.last, &target, &v.port)
			v.source, v.target = source.Addr, target.Addr
			out = append(out, v)
			byPlace[place{v.org, v.source}] = append(byPlace[place{v.org, v.source}], v)
			return err
		})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	err = detect.Each(ctx, events, entries+`
		SELECT v.org, v.source_ip, v.t0, c.action, count(DISTINCT c.message), max(c.time)
		FROM entry v JOIN (SELECT coalesce(organization, '') AS org, source_ip, action, time, `+message+` AS message FROM events e WHERE time < ? AND `+isKind+`) c
		ON c.org = v.org AND c.source_ip = v.source_ip AND c.time >= v.t0 AND c.time < v.t0 + INTERVAL 24 HOUR
		GROUP BY v.org, v.source_ip, v.t0, c.action`,
		[]any{end, end}, func(rows *sql.Rows) error {
			var (
				org, action string
				source      detect.NullAddr
				first, last time.Time
				n           int64
			)
			if err := rows.Scan(&org, &source, &first, &action, &n, &last); err != nil {
				return err
			}
			for _, v := range byPlace[place{org, source.Addr}] {
				if v.first.Equal(first) {
					v.add(action, n, last)
				}
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	return out, addFailures(ctx, events, end, byPlace)
}

// message tells messages of a SoftEther server apart, which stand in two logs;
// all else is told once. Lines of one source are distinct.
const message = `coalesce(nullif(regexp_extract(coalesce(e.rest, ''), '"softether\.twin":"([0-9a-f]+)"', 1), ''), e.source || ':' || e.position)`

// addFailures counts the failed logins before each address's first success.
func addFailures(ctx context.Context, events detect.EventStore, end time.Time, byPlace map[place][]*visit) error {
	return detect.Each(ctx, events, entries+`
		, debut AS (SELECT org, source_ip, min(t0) AS t FROM entry GROUP BY org, source_ip)
		SELECT d.org, d.source_ip, count(DISTINCT `+message+`)
		FROM events e JOIN debut d ON coalesce(e.organization, '') = d.org AND e.source_ip = d.source_ip AND e.time <= d.t
		WHERE e.category = 'authentication' AND e.outcome = 'failure'
		GROUP BY d.org, d.source_ip`,
		[]any{end}, func(rows *sql.Rows) error {
			var (
				org    string
				source detect.NullAddr
				n      int64
			)
			err := rows.Scan(&org, &source, &n)
			for _, v := range byPlace[place{org, source.Addr}] {
				v.failures = n
			}
			return err
		})
}

func (v *visit) add(action string, n int64, last time.Time) {
	for i, k := range kinds {
		if k.action == action {
			v.changes[i] += n
		}
	}
	if last.After(v.lastChange) {
		v.lastChange = last
	}
}
