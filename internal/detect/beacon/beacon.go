// Package beacon finds servers that keep a connection for hours, or call in a
// steady beat, to a place that is new to them.
//
// New services are deployed every day and updates are regular, so everything
// here is a weak attempt: it supports what another detector finds and carries
// nothing alone. Do not use the score over names or over clients: browsers of
// people are not judged.
package beacon

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the beacon detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{}}}, nil
	},
}

const name = "beacon"

type detector struct{}

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "long and regular connections of servers to new places: beacon scores and the first level of long connections " +
			"as RITA v5 publishes them (github.com/activecm/rita; ATT&CK T1071, T1572)",
	}
}

// Thresholds. Four hours is where RITA begins to call a connection long.
const (
	longSession = 4 * time.Hour
	longDaily   = 6 * time.Hour
	minBeats    = 20    // connections within the first day
	minScore    = 0.85  // of a beacon; see the table in the README
	maxBeats    = 86400 // more in a day have no beat; RITA calls them strobes
	citeLimit   = 5
)

// beat is what a link's first day looks like.
type beat struct {
	n     int64 // connections
	score float64
}

// Analyze implements detect.Window.
func (detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	links, err := detect.NewLinks(ctx, events, span,
		fmt.Sprintf("longest >= %d OR total >= %d OR n >= %d", longSession.Nanoseconds(), longDaily.Nanoseconds(), minBeats))
	if err != nil || len(links) == 0 {
		return wrap(err)
	}
	beats, err := firstDays(ctx, events, links)
	if err != nil {
		return wrap(err)
	}
	for i := range links {
		l := &links[i]
		det := detection(l, beats[i])
		if det == nil {
			continue
		}
		if det.Evidence, err = detect.CiteLink(ctx, events, citeLimit, l.Organization, l.Host, l.Peer, l.First, l.Last); err != nil {
			return wrap(err)
		}
		emit(det)
	}
	return nil
}

func wrap(err error) error {
	if err != nil {
		err = fmt.Errorf("beacon: %w", err)
	}
	return err
}

// detection says what a link means, nil if it is neither long nor regular.
func detection(l *detect.Link, b beat) *vedette.Detection {
	long := l.Longest >= longSession || l.Daily >= longDaily
	if !long && b.score < minScore {
		return nil
	}
	det := &vedette.Detection{
		Detector: name, Rule: "beacon", Title: "Server calls a new place in a steady beat", Organization: l.Organization,
		Time: l.First.UnixNano(), LastTime: l.Last.UnixNano(), Count: l.Count, Stage: vedette.VerdictAttempt, Weak: true,
		Confidence: 40, Severity: vedette.SeverityMedium, Techniques: []string{"T1071"}, Actor: l.Peer, Target: l.Host, Role: vedette.RoleC2,
	}
	if long {
		det.Rule, det.Title = "long-connection", "Server keeps a connection to a new place for hours"
		det.Techniques, det.Role = []string{"T1572", "T1071"}, vedette.RoleTunnel
	}
	det.Summary = fmt.Sprintf("%s opened %d connections to %s, new to it: longest %s, up to %s a day, beacon score %.2f over %d in the first day.",
		l.Host, l.Count, l.Peer, detect.Spell(l.Longest), detect.Spell(l.Daily), b.score, b.n)
	return det
}

// firstDays judges the first 24 hours of each link.
func firstDays(ctx context.Context, events detect.EventStore, links []detect.Link) ([]beat, error) {
	values, args := detect.LinkTable(links)
	query := fmt.Sprintf(`
	SELECT l.n, epoch_us(e.time) // 1000000 - epoch_us(l.t) // 1000000, coalesce(e.source_bytes, 0)
	FROM events e JOIN %s ON coalesce(e.organization, '') = l.org AND e.source_ip = l.host AND e.destination_ip = l.peer
	WHERE e.action = 'connection' AND e.direction = 'outbound' AND e.time >= l.t AND e.time < l.t + INTERVAL 24 HOUR
	ORDER BY l.n, e.time, e.position, e.source`, values)
	beats := make([]beat, len(links))
	current := -1
	var times, sizes []int64
	judge := func() {
		if current < 0 {
			return
		}
		beats[current].n = int64(len(times))
		if len(times) >= minBeats && len(times) <= maxBeats {
			beats[current].score = score(times, sizes).total
		}
		times, sizes = times[:0], sizes[:0]
	}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var (
			n       int
			t, size int64
		)
		if err := rows.Scan(&n, &t, &size); err != nil {
			return err
		}
		if n != current {
			judge()
			current = n
		}
		if len(times) <= maxBeats {
			times, sizes = append(times, t), append(sizes, size)
		}
		return nil
	})
	judge()
	return beats, err
}
