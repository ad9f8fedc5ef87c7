package deviation

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds over answers of status 2xx.
const (
	maxScore    = 3.5  // of ordinary sizes: the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993)
	minOrdinary = 20   // ordinary answers of a path that make a range
	minVisitors = 5    // from as many clients
	minRefused  = 3    // others that were refused the same payload
	minPages    = 5    // attacked pages of a site that show how it answers attacks
	maxAnswers  = 5000 // that are looked at, the first of each organization
)

// answer is an equal answer to equal attacks of one address.
type answer struct {
	org, site, dataset, path, page, target string
	source                                 detect.NullAddr
	size                                   int64
	first, last                            time.Time
	n                                      int64 // such answers
	shortest, longest                      int64 // URLs of these, bytes
	refused                                int64 // other addresses that were refused the same payload
	spread                                 int64 // other files, or pages, for which the site answers attacks so
	usual                                  int64 // ordinary answers of the site with that size
	requests, ok, pages                    int64 // attacks on the site, those answered 2xx, and pages attacked
	baseline
}

// baseline is what others get from the path; zero without others.
type baseline struct {
	count, clients, low, high int64
	middle, mad               float64
}

// answers finds odd answers to attacks that ask for files or run commands.
func answers(ctx context.Context, events detect.EventStore, span detect.Span) ([]finding, error) {
	query := attacks + `
	, good AS (
		SELECT org, site, dataset, source_ip, path, page, target, size, min(time) AS t0, max(time) AS t1, count(*) AS n,
		       min(length(url)) AS shortest, max(length(url)) AS longest, min(bare) AS bare
		FROM attack WHERE status BETWEEN 200 AND 299 AND size IS NOT NULL AND NOT statement GROUP BY ALL
	), site AS (
		SELECT org, site, dataset, count(*) AS requests, count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS ok, count(DISTINCT page) AS pages
		FROM attack GROUP BY ALL
	), alike AS (
		SELECT org, site, dataset, size // 16 AS about, count(DISTINCT CASE WHEN target <> '' THEN target ELSE page END) - 1 AS others
		FROM attack WHERE status BETWEEN 200 AND 299 GROUP BY ALL
	), refused AS (
		SELECT org, site, bare, count(DISTINCT source_ip) AS n FROM attack WHERE status >= 400 GROUP BY ALL
	), usual AS (
		SELECT g.org, g.site, g.dataset, g.size, count(*) AS n
		FROM (SELECT * FROM events WHERE time < ? AND action = 'http-request' AND status BETWEEN 200 AND 299 AND response_bytes IS NOT NULL AND ` + detect.FromOutside + `) e
		JOIN (SELECT DISTINCT org, site, dataset, size FROM good) g
		     ON g.org = coalesce(e.organization, '') AND g.site = coalesce(lower(e.url_domain), '') AND g.dataset = coalesce(e.dataset, '') AND g.size = e.response_bytes
		LEFT JOIN hostile h ON h.org = g.org AND h.source_ip = e.source_ip
		WHERE h.org IS NULL GROUP BY ALL
	), ` + ordinary("good") + `
	SELECT g.org, g.site, g.dataset, g.source_ip, g.path, g.page, g.target, g.size, g.t0, g.t1, g.n, g.shortest, g.longest,
	       coalesce(r.n, 0), coalesce(a.others, 0), coalesce(u.n, 0), s.requests, s.ok, s.pages,
	       coalesce(o.n, 0), coalesce(o.clients, 0), coalesce(o.low, 0), coalesce(o.high, 0), coalesce(o.middle, 0), coalesce(o.spread, 0)
	FROM good g JOIN site s USING (org, site, dataset)
	LEFT JOIN alike a ON a.org = g.org AND a.site = g.site AND a.dataset = g.dataset AND a.about = g.size // 16
	LEFT JOIN refused r ON r.org = g.org AND r.site = g.site AND r.bare = g.bare
	LEFT JOIN usual u ON u.org = g.org AND u.site = g.site AND u.dataset = g.dataset AND u.size = g.size
	LEFT JOIN ordinary o ON o.org = g.org AND o.site = g.site AND o.dataset = g.dataset AND o.path = g.path
	QUALIFY row_number() OVER (PARTITION BY g.org ORDER BY g.t0, g.source_ip, g.dataset, g.site, g.path, g.target, g.size) <= ?
	ORDER BY g.org, g.source_ip, g.t0, g.dataset, g.site, g.path, g.target, g.size`
	var all []*answer
	args := []any{span.Start, span.End, span.End, span.End, maxAnswers}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		a := new(answer)
		err := rows.Scan(&a.org, &a.site, &a.dataset, &a.source, &a.path, &a.page, &a.target, &a.size, &a.first, &a.last, &a.n,
			&a.shortest, &a.longest, &a.refused, &a.spread, &a.usual, &a.requests, &a.ok, &a.pages,
			&a.count, &a.clients, &a.low, &a.high, &a.middle, &a.mad)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []finding
	for group := range groups(all) {
		out = append(out, judge(group)...)
	}
	return out, nil
}

// groups yields the answers of one address at one organization at a time.
func groups(all []*answer) func(yield func([]*answer) bool) {
	return func(yield func([]*answer) bool) {
		for len(all) > 0 {
			n := 1
			for n < len(all) && all[n].org == all[0].org && all[n].source == all[0].source {
				n++
			}
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

// common reports whether the site answers other attacks, or visitors, the same:
// a page that says no, or its start page.
func (a *answer) common() bool { return a.spread > 0 || a.usual > 0 }

// open reports whether the site answers 2xx to most of whatever it is asked.
func (a *answer) open() bool { return 2*a.ok > a.requests && a.pages >= minPages }

// odd reports whether the size is none that the path's visitors get. Where the
// path has no visitors, the site must refuse most attacks.
func (a *answer) odd() bool {
	if a.count < minOrdinary || a.clients < minVisitors {
		return a.count == 0 && a.pages >= minPages && 5*a.ok <= a.requests
	}
	// A page that repeats what it was asked grows with it.
	margin := max(64, a.high/10, 3*a.longest)
	away := 0.6745*math.Abs(float64(a.size)-a.middle) > maxScore*a.mad
	return away && (a.size < a.low-margin || a.size > a.high+margin)
}

// judge weighs what one address got.
func judge(group []*answer) (out []finding) {
	if f := filesRead(group); f != nil {
		out = append(out, *f)
	}
	rules := []struct {
		rule  string
		holds func(*answer) bool
		words func(*answer) string
	}{
		{"odd-answer", (*answer).odd, func(a *answer) string {
			if a.count == 0 {
				return fmt.Sprintf("the site refuses %d of %d attacks, and answers %d bytes to nothing else", a.requests-a.ok, a.requests, a.size)
			}
			return fmt.Sprintf("%d bytes, where %d visitors get %d to %d", a.size, a.clients, a.low, a.high)
		}},
		{"unlike-others", func(a *answer) bool { return a.refused >= minRefused }, func(a *answer) string {
			return fmt.Sprintf("%d bytes, where %d others were refused the same", a.size, a.refused)
		}},
	}
	for _, r := range rules {
		hits := slices.DeleteFunc(slices.Clone(group), func(a *answer) bool { return a.common() || a.open() || !r.holds(a) })
		if len(hits) == 0 {
			continue
		}
		f := newFinding(r.rule, hits)
		f.stage, f.weak, f.confidence = vedette.VerdictAttempt, true, 45
		f.summary = fmt.Sprintf("An attack of %s on %.60q was answered unlike others: %s; %d such answers.", f.source, hits[0].path, r.words(hits[0]), f.n)
		out = append(out, f)
	}
	return out
}

func newFinding(rule string, hits []*answer) finding {
	f := finding{rule: rule, org: hits[0].org, source: hits[0].source.Addr, first: hits[0].first, last: hits[0].last}
	for _, a := range hits {
		f.n += a.n
		if a.last.After(f.last) {
			f.last = a.last
		}
		f.cited = append(f.cited, line{a.first, a.path, a.dataset})
	}
	return f
}
