package correlate

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// companion is an address that used what another one had left behind.
type companion struct{ addr, intruder netip.Addr }

// maxCompanions bounds who else uses a foothold: what more do is public.
const maxCompanions = 16

// footholds find, for what intruders left behind at an organization, who came
// back through it: organization, what it is, the intruder, the address that used
// it, how often, and the first lines.
//
//   - An account that was made in the session that took a device over, and that
//     nobody used before.
//   - A web shell: requests with a body, answered, to the script that an effect
//     cites, if not everybody is asked for it.
var footholds = []struct{ rule, title, sql string }{
	{"intruder-account", "Account that an intruder made, in use", `
		SELECT DISTINCT c.organization, a.user_name AS thing, c.actor, c.since, c.id FROM created c
		JOIN (SELECT organization, user_name, min(time) AS first FROM events
			WHERE organization IN (SELECT organization FROM created) AND length(user_name) >= 3 AND ` + usesAccount + ` GROUP BY ALL) a
		ON a.organization = c.organization AND a.first >= c.since
			AND (contains(c.text, '"' || a.user_name || '"') OR contains(' ' || c.text || ' ', ' ' || a.user_name || ' '))`},
	{"intruder-shell", "Web shell, in use", `
		SELECT organization, path AS thing, actor, since, id FROM shells`},
}

const (
	usesAccount = `outcome = 'success' AND action IN ('login', 'admin-login', 'session-start')`
	usesShell   = `status BETWEEN 200 AND 299 AND method = 'POST' AND (e.organization, e.source_ip) NOT IN (SELECT (organization, actor) FROM effects)`
)

// companionsQuery: %[1]s finds footholds, %[2]s is the column that names them in
// events, %[3]s what using them looks like.
const companionsQuery = `
	WITH effects AS (
		SELECT id, organization, actor, time, detector FROM detections
		WHERE effect AND NOT weak AND stage = 3 AND actor IS NOT NULL),
	created AS (
		SELECT e.organization, f.actor, min(f.id) AS id, min(f.time) AS since, coalesce(e.message, '') || ' ' || coalesce(e.rest, '') AS text
		FROM events e JOIN effects f ON f.organization = e.organization AND f.actor = e.source_ip
		WHERE e.action = 'user-created' AND f.detector IN ('takeover', 'bruteforce') AND e.time >= f.time - INTERVAL 1 DAY
		GROUP BY ALL),
	shells AS (
		SELECT f.organization, split_part(e.url, '?', 1) AS path, min(f.actor) AS actor, min(f.id) AS id, min(f.time) AS since
		FROM effects f JOIN evidence v ON v.detection = f.id JOIN sources s ON s.identity = v.source
		JOIN events e ON e.source = s.seq AND e.line = v.line
		WHERE f.detector = 'webshell' AND e.url IS NOT NULL GROUP BY ALL),
	footholds AS (%[1]s),
	uses AS (
		SELECT f.organization, f.thing, f.actor, f.id, e.source_ip, e.time, e.source, e.line, e.position, coalesce(e.original, '') AS original,
			count(*) OVER mine AS uses, max(e.time) OVER mine AS until,
			row_number() OVER (mine ORDER BY e.time, e.position, e.line, s.identity) AS n, s.identity, s.path
		FROM footholds f JOIN events e ON e.organization = f.organization AND %[2]s = f.thing AND e.time >= f.since - INTERVAL 1 DAY
		JOIN sources s ON s.seq = e.source
		WHERE %[3]s AND e.source_ip IS NOT NULL AND e.source_ip <> f.actor AND coalesce(e.direction, '') NOT IN ('outbound', 'internal')
		WINDOW mine AS (PARTITION BY f.organization, f.thing, f.actor, e.source_ip))
	SELECT organization, thing, actor, id, source_ip, time, until, uses, identity, path, line, position, original FROM uses
	WHERE n <= 3 AND (organization, thing) IN (
		SELECT (organization, thing) FROM uses GROUP BY organization, thing HAVING count(DISTINCT source_ip) <= %[4]d)
	ORDER BY organization, thing, actor, source_ip, n`

// readCompanions adds the addresses that came back through what an intruder left
// behind to the picture, with the lines that show it, and notes who belongs
// together.
func readCompanions(ctx context.Context, events vedette.EventStore, p *picture) error {
	for i, f := range footholds {
		column, use := "e.user_name", usesAccount
		if i == 1 {
			column, use = "split_part(e.url, '?', 1)", usesShell
		}
		found, err := readUses(ctx, events, fmt.Sprintf(companionsQuery, f.sql, column, use, maxCompanions))
		if err != nil {
			return fmt.Errorf("who came back: %w", err)
		}
		for _, u := range found {
			if on := p.footings[u.cause]; on.generic || i == 1 && on.path != u.thing {
				continue
			}
			u.finding.Rule, u.finding.Title = f.rule, f.title
			u.finding.Summary = fmt.Sprintf("%s used %q, which %s had left there, %s.", u.finding.Actor, u.thing, u.intruder, times(u.finding.Count))
			u.finding.Role = vedette.RoleTunnel
			if i == 1 {
				u.finding.Role, u.finding.Techniques = vedette.RoleAdministration, []string{"T1505.003"}
			}
			p.add(&u.finding)
			p.companions = append(p.companions, companion{u.finding.Actor, u.intruder})
		}
	}
	return nil
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// use is one address at one foothold.
type use struct {
	thing    string
	intruder netip.Addr
	cause    vedette.ID // the detection that shows the foothold
	finding  vedette.Detection
}

func readUses(ctx context.Context, events vedette.EventStore, text string) ([]use, error) {
	var out []use
	err := query(ctx, events, text, func(rows *sql.Rows) error {
		var (
			org, thing, id, identity string
			intruder, addr           *big.Int
			at, until                time.Time
			uses                     int64
			ev                       vedette.Evidence
		)
		if err := rows.Scan(&org, &thing, &intruder, &id, &addr, &at, &until, &uses, &identity, &ev.File, &ev.Line, &ev.Offset, &ev.Original); err != nil {
			return err
		}
		var err error
		if ev.Source, err = vedette.ParseID(identity); err != nil {
			return err
		}
		cause, err := vedette.ParseID(id)
		if err != nil {
			return err
		}
		ev.Time = at.UnixNano()
		from, by := vedette.AddrFromBig(addr), vedette.AddrFromBig(intruder)
		if n := len(out); n == 0 || out[n-1].finding.Actor != from || out[n-1].thing != thing || out[n-1].intruder != by || out[n-1].finding.Organization != org {
			out = append(out, use{thing: thing, intruder: by, cause: cause, finding: vedette.Detection{
				Detector: "foothold", Time: ev.Time, LastTime: until.UnixNano(), Severity: vedette.SeverityHigh, Techniques: []string{"T1078"},
				Stage: vedette.VerdictCompromise, Effect: true, Confidence: 80, Organization: org, Actor: from, Count: uses,
			}})
		}
		f := &out[len(out)-1].finding
		f.Evidence = append(f.Evidence, ev)
		return nil
	})
	return out, err
}

// linkCompanions joins who used a foothold with who left it.
func linkCompanions(p *picture, f *forest) {
	for _, c := range p.companions {
		a, b := p.actors[actorKey{addr: c.addr}], p.actors[actorKey{addr: c.intruder}]
		if a != nil && b != nil {
			f.union(a, b)
		}
	}
}
