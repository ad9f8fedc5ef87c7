package outbound

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// What an address must have done at the organization, before anybody there
// contacted it, to be an attacker. Any one suffices.
const (
	minTargets  = 5  // distinct hosts and ports that did not answer
	minFailures = 5  // failed logins
	minMissing  = 10 // distinct paths answered 4xx
	minSyntax   = 2  // requests with attack syntax
)

// call is a server and a place that it contacted and that attacked first.
type call struct {
	org                                string
	host, peer                         netip.Addr
	first, last                        time.Time
	n, sent, received, duration        int64
	port                               uint16
	daily                              float64
	attacked                           time.Time
	targets, failures, missing, syntax int64
}

// callbacks reports servers that contacted an attacker.
func callbacks(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	query := detect.Servers + fmt.Sprintf(`
	, pair AS (
		SELECT org, host, peer, min(time) AS t0, max(time) AS t1, count(*) AS n, sum(sent) AS sent, sum(received) AS received,
		       sum(duration) AS duration, min(port) AS port
		FROM opened WHERE time >= ? GROUP BY org, host, peer
	), peer AS (
		SELECT DISTINCT org, peer FROM pair
	), contacted AS (
		SELECT p.org, p.peer, min(e.time) AS t FROM events e JOIN peer p ON coalesce(e.organization, '') = p.org AND e.destination_ip = p.peer
		WHERE e.direction = 'outbound' GROUP BY p.org, p.peer
	), odd AS (
		SELECT coalesce(organization, '') AS org, source_ip, time, destination_ip, destination_port, url,
		       action = 'connection' AND coalesce(outcome, '') = 'failure' AS refused,
		       category = 'authentication' AND coalesce(outcome, '') = 'failure' AS failed,
		       coalesce(status BETWEEN 400 AND 499, false) AS missing, %[1]s AS syntax
		FROM events WHERE time < ? AND coalesce(direction, '') NOT IN ('outbound', 'internal')
	), deed AS (
		SELECT c.org, c.peer, o.time, o.destination_ip, o.destination_port, o.url, o.refused, o.failed, o.missing, o.syntax
		FROM (SELECT * FROM odd WHERE refused OR failed OR missing OR syntax) o
		JOIN contacted c ON o.org = c.org AND o.source_ip = c.peer AND o.time < c.t
	), attacker AS (
		SELECT org, peer, min(time) AS t, count(DISTINCT CASE WHEN refused THEN (destination_ip, destination_port) END) AS targets,
		       sum(CASE WHEN failed THEN 1 ELSE 0 END) AS failures, count(DISTINCT CASE WHEN missing THEN split_part(url, '?', 1) END) AS missing,
		       sum(CASE WHEN syntax THEN 1 ELSE 0 END) AS syntax
		FROM deed GROUP BY org, peer
	)
	SELECT p.org, p.host, p.peer, p.t0, p.t1, p.n, p.sent, p.received, p.duration, p.port, h.peers, a.t, a.targets, a.failures, a.missing, a.syntax
	FROM pair p JOIN attacker a USING (org, peer) JOIN habit h USING (org, host)
	WHERE a.targets >= %[2]d OR a.failures >= %[3]d OR a.missing >= %[4]d OR a.syntax >= %[5]d
	ORDER BY p.org, p.t0, p.host, p.peer`, detect.AttackSyntax("url"), minTargets, minFailures, minMissing, minSyntax)
	var found []call
	err := detect.Each(ctx, events, query, []any{span.End, span.End, span.Start, span.End}, func(rows *sql.Rows) error {
		var (
			c          call
			host, peer detect.NullAddr
		)
		err := rows.Scan(&c.org, &host, &peer, &c.first, &c.last, &c.n, &c.sent, &c.received, &c.duration, &c.port, &c.daily, &c.attacked,
			&c.targets, &c.failures, &c.missing, &c.syntax)
		c.host, c.peer = host.Addr, peer.Addr
		found = append(found, c)
		return err
	})
	if err != nil || len(found) == 0 {
		return err
	}
	return report(ctx, events, span.End, found, emit)
}

// report proves each attack by two lines and the call by three, the first ones
// of each.
func report(ctx context.Context, events detect.EventStore, end time.Time, found []call, emit detect.Emit) error {
	dets := make([]vedette.Detection, len(found))
	attacks := detect.Span{Start: end, End: end}
	for i := range found {
		dets[i] = *found[i].detection()
		attacks.Start = earlier(attacks.Start, found[i].attacked)
	}
	err := detect.CiteEach(ctx, events, attacks, 2, `coalesce(direction, '') NOT IN ('outbound', 'internal')
		AND (outcome = 'failure' OR status BETWEEN 400 AND 499 OR `+detect.AttackSyntax("url")+`)`, dets)
	if err != nil {
		return err
	}
	for i := range found {
		c := &found[i]
		calls, err := detect.CiteLink(ctx, events, 3, c.org, c.host, c.peer, c.first, earlier(c.last, c.first.Add(24*time.Hour)))
		if err != nil {
			return err
		}
		dets[i].Evidence = append(dets[i].Evidence, calls...)
		emit(&dets[i])
	}
	return nil
}

func (c *call) detection() *vedette.Detection {
	det := &vedette.Detection{
		Detector: name, Rule: "callback", Title: "Server contacts its attacker", Organization: c.org,
		Time: c.first.UnixNano(), LastTime: c.last.UnixNano(), Count: c.n, Stage: vedette.VerdictCompromise, Effect: true,
		Severity: vedette.SeverityCritical, Techniques: []string{"T1071"}, Actor: c.peer, Target: c.host, Role: vedette.RoleC2,
	}
	var did []string
	for _, d := range []struct {
		n, least int64
		words    string
	}{{c.targets, minTargets, "unanswered contacts"}, {c.failures, minFailures, "failed logins"}, {c.missing, minMissing, "missing paths"}, {c.syntax, minSyntax, "attack requests"}} {
		if d.n >= d.least {
			did = append(did, fmt.Sprintf("%d %s", d.n, d.words))
		}
	}
	det.Confidence = 65 + 5*len(did)
	if c.syntax >= minSyntax || c.failures >= minFailures {
		det.Confidence += 5
	}
	if c.received > 1000 || c.duration > int64(time.Hour) {
		det.Confidence += 5
	}
	if c.n >= 5 {
		det.Confidence += 5
	}
	det.Confidence = min(det.Confidence, 90)
	if c.received > 100<<10 {
		det.Techniques = append(det.Techniques, "T1105")
	}
	if c.daily > detect.MaxPeers {
		det.Rule, det.Title = "gateway-callback", "Somebody behind a gateway contacts an attacker"
		det.Stage, det.Effect, det.Weak, det.Confidence, det.Severity = vedette.VerdictAttempt, false, true, 40, vedette.SeverityMedium
	}
	det.Summary = fmt.Sprintf("%s opened %d connections to %s (port %d first, %d bytes sent, %d received) %s after the first of its %s.",
		c.host, c.n, c.peer, c.port, c.sent, c.received, detect.Spell(c.first.Sub(c.attacked)), strings.Join(did, ", "))
	return det
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
