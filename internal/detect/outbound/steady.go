package outbound

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds of steady connections. Four hours is where RITA begins to call a
// connection long.
const (
	longSession = 4 * time.Hour
	longDaily   = 6 * time.Hour
	minBeats    = 20  // connections within the first day
	minScore    = 0.8 // of a beacon
	maxSteady   = 200 // pairs that are looked at; the longest first
)

// link is a server and a place that is new to it.
type link struct {
	pair
	first, last    time.Time
	n, beats       int64
	longest, daily time.Duration
	score          float64
	sessions, days int64     // that look like SoftEther's, and on how many days they began
	day            time.Time // of the last of them
}

// steady reports long and regular connections of servers to places that nobody
// else in the organization contacts and that are new: neither the address nor
// its autonomous system were contacted by the server before, though it was
// watched for days. New services are deployed every day, so all of it is weak.
func steady(ctx context.Context, events detect.EventStore, span detect.Span, called map[pair]bool, emit detect.Emit) error {
	links, err := newLinks(ctx, events, span)
	if err != nil {
		return err
	}
	if err := addScores(ctx, events, links); err != nil {
		return err
	}
	if err := sessions(ctx, events, links); err != nil {
		return err
	}
	for _, l := range links {
		det, err := l.judge(ctx, events, called[l.pair])
		if err != nil {
			return err
		}
		if det == nil {
			continue
		}
		det.Evidence, err = detect.Cite(ctx, events, 5, citeFlow, l.org, vedette.AddrToBig(l.host), vedette.AddrToBig(l.peer),
			l.first, l.last.Add(time.Microsecond))
		if err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

// judge returns what l means, nil if nothing that is not told already.
func (l *link) judge(ctx context.Context, events detect.EventStore, called bool) (*vedette.Detection, error) {
	long := l.longest >= longSession || l.daily >= longDaily
	if called || !long && l.score < minScore {
		return nil, nil
	}
	if l.sessions >= minSessions && l.days >= minDays {
		f, err := gather(ctx, events, l)
		if err != nil {
			return nil, err
		}
		if det := l.tunnel(f); det != nil {
			return det, nil
		}
	}
	return l.detection(long), nil
}

func (l *link) detection(long bool) *vedette.Detection {
	det := &vedette.Detection{
		Detector: name, Rule: "beacon", Title: "Server calls a new place in a steady beat", Organization: l.org,
		Time: l.first.UnixNano(), LastTime: l.last.UnixNano(), Count: l.n, Stage: vedette.VerdictAttempt, Weak: true,
		Confidence: 40, Severity: vedette.SeverityMedium, Techniques: []string{"T1071"}, Actor: l.peer, Target: l.host, Role: vedette.RoleC2,
	}
	if long {
		det.Rule, det.Title = "long-connection", "Server keeps a connection to a new place for hours"
		det.Techniques, det.Role = []string{"T1572", "T1071"}, vedette.RoleTunnel
	}
	det.Summary = fmt.Sprintf("%s opened %d connections to %s, new to it: longest %s, up to %s a day, beacon score %.2f over %d in the first day.",
		l.host, l.n, l.peer, detect.Spell(l.longest), detect.Spell(l.daily), l.score, l.beats)
	return det
}

func newLinks(ctx context.Context, events detect.EventStore, span detect.Span) ([]*link, error) {
	query := tables + fmt.Sprintf(`
	, watched AS (
		SELECT org, host, min(time) AS since FROM opened GROUP BY org, host
	), network AS (
		SELECT org, host, asn, min(time) AS since FROM opened WHERE asn > 0 GROUP BY org, host, asn
	), day AS (
		SELECT org, host, peer, date_trunc('day', time) AS day, min(time) AS t0, max(time) AS t1, max(asn) AS asn,
		       count(CASE WHEN action = 'connection' THEN 1 END) AS n, max(duration) AS longest, sum(duration) AS total
		FROM opened GROUP BY 1, 2, 3, 4
	), link AS (
		SELECT org, host, peer, min(t0) AS t0, max(t1) AS t1, max(asn) AS asn, sum(n) AS n, max(n) AS most, max(longest) AS longest, max(total) AS daily
		FROM day GROUP BY org, host, peer
		HAVING sum(n) >= 1 AND min(t0) >= ? AND (max(longest) >= ? OR max(total) >= ? OR sum(n) >= %[1]d)
	), alone AS (
		SELECT l.org, l.peer FROM link l JOIN opened o ON o.org = l.org AND o.peer = l.peer
		GROUP BY l.org, l.peer HAVING min(o.host) = max(o.host)
	)
	SELECT l.org, l.host, l.peer, l.t0, l.t1, l.n, l.longest, l.daily
	FROM link l JOIN alone USING (org, peer) JOIN watched w USING (org, host) JOIN habit h USING (org, host)
	LEFT JOIN network k ON k.org = l.org AND k.host = l.host AND k.asn = l.asn AND k.since < l.t0
	WHERE h.peers <= %[2]d AND l.t0 >= w.since + INTERVAL 3 DAY AND k.org IS NULL
	ORDER BY l.longest DESC, l.n DESC, l.org, l.host, l.peer LIMIT %[3]d`, minBeats, maxDaily, maxSteady)
	var out []*link
	args := []any{span.End, span.End, span.Start, int64(longSession), int64(longDaily)}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var host, peer detect.NullAddr
		l := new(link)
		err := rows.Scan(&l.org, &host, &peer, &l.first, &l.last, &l.n, (*int64)(&l.longest), (*int64)(&l.daily))
		l.host, l.peer = host.Addr, peer.Addr
		out = append(out, l)
		return err
	})
	return out, err
}

// table writes the links as a table l that a query can join: number, org, host,
// peer, first.
func table(links []*link) (string, []any) {
	var values []string
	var args []any
	for i, l := range links {
		values = append(values, fmt.Sprintf("(%d, CAST(? AS VARCHAR), CAST(? AS UHUGEINT), CAST(? AS UHUGEINT), CAST(? AS TIMESTAMP))", i))
		args = append(args, l.org, vedette.AddrToBig(l.host), vedette.AddrToBig(l.peer), l.first)
	}
	return "(VALUES " + strings.Join(values, ", ") + ") l(n, org, host, peer, t)", args
}

// addScores judges the first day of each link as a beacon.
func addScores(ctx context.Context, events detect.EventStore, links []*link) error {
	if len(links) == 0 {
		return nil
	}
	values, args := table(links)
	query := fmt.Sprintf(`
	SELECT l.n, (epoch_us(e.time) - epoch_us(l.t)) / 1e6, coalesce(e.source_bytes, 0)
	FROM events e JOIN %s
	ON coalesce(e.organization, '') = l.org AND e.source_ip = l.host AND e.destination_ip = l.peer
	WHERE e.action = 'connection' AND e.direction = 'outbound' AND e.time >= l.t AND e.time < l.t + INTERVAL 24 HOUR
	ORDER BY l.n, e.time`, values)
	current := -1
	var times, sizes []float64
	judge := func() {
		if len(times) >= minBeats {
			links[current].score = beaconScore(times, sizes)
		}
		if current >= 0 {
			links[current].beats = int64(len(times))
		}
		times, sizes = times[:0], sizes[:0]
	}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var (
			n       int
			t, size float64
		)
		if err := rows.Scan(&n, &t, &size); err != nil {
			return err
		}
		if n != current {
			judge()
			current = n
		}
		times, sizes = append(times, t), append(sizes, size)
		return nil
	})
	judge()
	return err
}
