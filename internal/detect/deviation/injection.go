package deviation

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds over requests with statements for a database, of one address to
// one path.
const (
	minObeyed   = 3   // answers as late as the statement says
	minPrompt   = 3   // answers to other statements that came at once
	minErrors   = 3   // answers 5xx before
	minAfter    = 3   // answers 2xx after them, and their sizes
	minVarying  = 10  // answers 2xx of sizes that visitors do not get
	minSizes    = 5   // of as many sizes
	maxEcho     = 0.9 // correlation of sizes with the URLs' lengths: a page that repeats what it was asked
	maxSequence = 24 * time.Hour
	maxOvertime = 3 // seconds that an obedient answer may take beyond
)

// delay is the number of seconds that a statement asks the database to wait.
const delay = `try_cast(coalesce(nullif(regexp_extract(bare, 'sleep(?:\(|%28)''?([0-9]{1,3})', 1), ''), nullif(regexp_extract(bare, 'waitfor.{1,40}:0*([0-9]{1,3})(?:''|%27)', 1), '')) AS BIGINT)`

// injection is what statements of one address got from one path.
type injection struct {
	org, site, dataset, path   string
	source                     detect.NullAddr
	first, last                time.Time
	n                          int64
	asked, obeyed, delays      int64 // statements with a delay; answers late by it; different delays obeyed
	prompt, late               int64 // other statements: answered within half of the shortest delay, or not
	errors, after, afterSizes  int64 // answers 5xx; 2xx after them of odd sizes; how many sizes
	varying, sizes             int64 // answers 2xx of odd sizes; how many sizes
	echo                       float64
	firstError, firstLate, odd time.Time
	firstOK                    time.Time // after an error
	baseline
	slow float64 // nanoseconds; 95 % of visitors are answered within it
}

// injections finds paths that answer injected statements.
func injections(ctx context.Context, events detect.EventStore, span detect.Span) ([]finding, error) {
	query := attacks + `
	, said AS (
		SELECT *, ` + delay + ` AS delay FROM attack WHERE statement
	), ` + ordinary("said") + `
	, marked AS (
		SELECT s.*, o.n AS visitors, o.clients, o.low, o.high, o.slow, min(delay) OVER w AS shortest,
		       min(CASE WHEN s.status >= 500 THEN s.time END) OVER w AS error,
		       s.status BETWEEN 200 AND 299 AND s.size IS NOT NULL AND coalesce(o.n, 0) >= ` + fmt.Sprint(minOrdinary) + ` AND o.clients >= ` + fmt.Sprint(minVisitors) + `
		         AND (s.size < o.low - greatest(64, o.high // 10) OR s.size > o.high + greatest(64, o.high // 10)) AS odd,
		       s.delay >= 2 AND s.duration BETWEEN s.delay * 1000000000 AND (s.delay + ` + fmt.Sprint(maxOvertime) + `) * 1000000000 AS obeyed
		FROM said s LEFT JOIN ordinary o USING (org, site, dataset, path)
		WINDOW w AS (PARTITION BY org, site, dataset, path, s.source_ip)
	)
	SELECT org, site, dataset, source_ip, path, min(time), max(time), count(*), count(CASE WHEN delay >= 2 THEN 1 END),
	       count(CASE WHEN obeyed THEN 1 END), count(DISTINCT CASE WHEN obeyed THEN delay END),
	       count(CASE WHEN delay IS NULL AND duration < shortest * 500000000 THEN 1 END), count(CASE WHEN delay IS NULL AND duration >= shortest * 500000000 THEN 1 END),
	       count(CASE WHEN status >= 500 THEN 1 END), count(CASE WHEN odd AND time > error AND time < error + to_microseconds(?) THEN 1 END),
	       count(DISTINCT CASE WHEN odd AND time > error AND time < error + to_microseconds(?) THEN size END),
	       count(CASE WHEN odd THEN 1 END), count(DISTINCT CASE WHEN odd THEN size END),
	       coalesce(nullif(corr(CASE WHEN odd THEN size END, length(url)), 'nan'::DOUBLE), 1),
	       coalesce(min(error), TIMESTAMP 'epoch'), coalesce(min(CASE WHEN obeyed THEN time END), TIMESTAMP 'epoch'),
	       coalesce(min(CASE WHEN odd THEN time END), TIMESTAMP 'epoch'), coalesce(min(CASE WHEN odd AND time > error THEN time END), TIMESTAMP 'epoch'),
	       coalesce(max(clients), 0), coalesce(max(low), 0), coalesce(max(high), 0), coalesce(max(slow), 0)
	FROM marked GROUP BY org, site, dataset, source_ip, path ORDER BY org, source_ip, min(time), dataset, site, path`
	var out []finding
	told := make(map[[3]string]bool)
	args := []any{span.Start, span.End, span.End, maxSequence.Microseconds(), maxSequence.Microseconds()}
	err := detect.Each(ctx, events, query, args, func(rows *sql.Rows) error {
		var i injection
		err := rows.Scan(&i.org, &i.site, &i.dataset, &i.source, &i.path, &i.first, &i.last, &i.n, &i.asked, &i.obeyed, &i.delays,
			&i.prompt, &i.late, &i.errors, &i.after, &i.afterSizes, &i.varying, &i.sizes, &i.echo,
			&i.firstError, &i.firstLate, &i.odd, &i.firstOK, &i.clients, &i.low, &i.high, &i.slow)
		if err != nil {
			return err
		}
		// One finding for each address and organization, of the first path and source.
		if f := i.judge(); f != nil && !told[[3]string{f.org, f.source.String(), f.rule}] {
			told[[3]string{f.org, f.source.String(), f.rule}] = true
			out = append(out, *f)
		}
		return nil
	})
	return out, err
}

// judge returns the strongest statement about i, nil if there is none.
func (i *injection) judge() *finding {
	f := &finding{org: i.org, source: i.source.Addr, first: i.first, last: i.last, stage: vedette.VerdictAttempt, weak: true, confidence: 45}
	switch {
	case i.obeys():
		f.rule, f.n, f.stage, f.weak, f.confidence = "time-obeys", i.obeyed, vedette.VerdictCompromise, false, 70
		f.citeAt(i, i.firstLate)
		f.summary = fmt.Sprintf("%.60q answered %d of %d statements of %s as late as they said (%d delays), %d others at once, visitors within %.1f s.",
			i.path, i.obeyed, i.asked, f.source, i.delays, i.prompt, i.slow/1e9)
	case i.errors >= minErrors && i.after >= minAfter && i.afterSizes >= minAfter && i.echo < maxEcho:
		f.rule, f.n = "errors-then-answers", i.after
		f.citeAt(i, i.firstError, i.firstOK)
		f.summary = fmt.Sprintf("%.60q failed on %d statements of %s, then answered %d in %d sizes that its %d visitors do not get (%d to %d bytes).",
			i.path, i.errors, f.source, i.after, i.afterSizes, i.clients, i.low, i.high)
	case i.varying >= minVarying && i.sizes >= minSizes && i.echo < maxEcho:
		f.rule, f.n = "answers-vary", i.varying
		f.citeAt(i, i.odd)
		f.summary = fmt.Sprintf("%.60q answered %d statements of %s in %d sizes that its %d visitors do not get (%d to %d bytes).",
			i.path, i.varying, f.source, i.sizes, i.clients, i.low, i.high)
	default:
		return nil
	}
	return f
}

// obeys reports whether the database did as the statements said: late by the
// seconds asked for, several times, in several lengths or often; prompt
// otherwise; and late to hardly any visitor.
func (i *injection) obeys() bool {
	return i.obeyed >= minObeyed && 10*i.obeyed >= 6*i.asked && (i.delays >= 2 || i.obeyed >= 5) &&
		i.prompt >= minPrompt && i.prompt >= 4*i.late && i.slow < 2e9
}

// citeAt cites i's path at the given times.
func (f *finding) citeAt(i *injection, times ...time.Time) {
	for _, t := range times {
		f.cited = append(f.cited, line{t, i.path, i.dataset})
	}
}
