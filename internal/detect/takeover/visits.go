package takeover

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette/internal/detect"
)

// kind is one kind of change that serves an intruder.
type kind struct {
	where            string // SQL condition
	technique, words string
}

// kinds in the order in which they are told. The techniques are those of
// ATT&CK Enterprise. A new user's password is set in the same breath, so users
// created and users changed are one kind.
var kinds = [...]kind{
	{"action IN ('user-created', 'user-changed')", "T1136", "users created or changed"},
	{"action = 'hub-created'", "T1133", "hubs created"},
	{"action = 'tunnel-created'", "T1572", "tunnels set up"},
	{"action = 'logging-changed'", "T1562.001", "logging changed"},
	{"action = 'config-read'", "T1602.002", "configurations or logs read"},
	{"action = 'config-changed' AND " + exposes, "T1562.004", "rules, portals or listeners changed"},
}

// Indexes of kinds.
const (
	tunnels = 2
	logging = 3
	taken   = 4
)

// exposes holds for changes that let somebody in who was kept out: FortiGate's
// policies, local-in policies, SSL VPN and interfaces; SoftEther's listeners,
// other protocols and source address lists; and rules of appliances that tell by
// CEF.
const exposes = `(regexp_matches(coalesce(rest, ''), '"(FTNTFGT)?cfgpath":"(firewall\.(policy6?|local-in-policy6?)|vpn\.ssl\.|user\.(radius|ldap|saml)|system\.interface)')
	OR code IN ('LA_CREATE_LISTENER', 'LA_ENABLE_LISTENER', 'LA_SET_PORTS_UDP', 'LA_SET_IPSEC_CONFIG', 'LA_SET_OVPN_SSTP_CONFIG', 'LA_SET_SPECIAL_LISTENER',
	            'LA_SET_AC_LIST', 'LA_DELETE_ACCESS', 'LA_SET_HUB_RADIUS', 'LA_ADD_CA')
	OR dataset = 'cef.log' AND regexp_matches(lower(coalesce(message, '')), 'policy|rule'))`

// isKind holds for events of one of the kinds, whichKind tells of which.
var isKind, whichKind = func() (is, which string) {
	var conditions, cases []string
	for i, k := range kinds {
		conditions = append(conditions, "("+k.where+")")
		cases = append(cases, fmt.Sprintf("WHEN %s THEN %d", k.where, i))
	}
	return "(" + strings.Join(conditions, " OR ") + ") AND coalesce(outcome, '') <> 'failure' AND " + detect.FromOutside,
		"CASE " + strings.Join(cases, " ") + " END"
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
func (v *visit) blinds() bool { return v.changes[logging] > 0 || v.changes[taken] > 0 }

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
		SELECT v.org, v.source_ip, v.t0, c.kind, count(DISTINCT c.twin), max(c.time)
		FROM entry v JOIN (SELECT coalesce(organization, '') AS org, source_ip, `+whichKind+` AS kind, time, `+twin+` AS twin
		                   FROM events e WHERE time < ? AND `+isKind+`) c
		ON c.org = v.org AND c.source_ip = v.source_ip AND c.time >= v.t0 AND c.time < v.t0 + INTERVAL 24 HOUR
		GROUP BY v.org, v.source_ip, v.t0, c.kind`,
		[]any{end, end}, func(rows *sql.Rows) error {
			var (
				org         string
				source      detect.NullAddr
				first, last time.Time
				kind        int
				n           int64
			)
			if err := rows.Scan(&org, &source, &first, &kind, &n, &last); err != nil {
				return err
			}
			for _, v := range byPlace[place{org, source.Addr}] {
				if v.first.Equal(first) {
					v.add(kind, n, last)
				}
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	return out, addFailures(ctx, events, end, byPlace)
}

// twin tells messages of a SoftEther server apart, which stand in two logs;
// all else is told once. Lines of one source are distinct.
const twin = `coalesce(nullif(regexp_extract(coalesce(e.rest, ''), '"softether\.twin":"([0-9a-f]+)"', 1), ''), e.source || ':' || e.position)`

// addFailures counts the failed logins before each address's first success.
func addFailures(ctx context.Context, events detect.EventStore, end time.Time, byPlace map[place][]*visit) error {
	return detect.Each(ctx, events, entries+`
		, debut AS (SELECT org, source_ip, min(t0) AS t FROM entry GROUP BY org, source_ip)
		SELECT d.org, d.source_ip, count(DISTINCT `+twin+`)
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

func (v *visit) add(kind int, n int64, last time.Time) {
	v.changes[kind] += n
	if last.After(v.lastChange) {
		v.lastChange = last
	}
}
