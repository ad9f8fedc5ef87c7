package webshell

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/vedette-cti/vedette/internal/detect"
)

// isRequest holds for requests from outside.
const isRequest = `action = 'http-request' AND url IS NOT NULL AND status IS NOT NULL AND ` + detect.FromOutside

// What a web server runs, where visitors may put files, and scripts that
// programs call all the time.
const (
	scripts   = `\.(php[0-9]?|phtml|phar|jspx?|aspx?|ashx|asmx|cer|cfm|cgi|pl)$`
	uploads   = `/(uploads?|userfiles?|files?|attachments?|media|avatars?|images?|img|te?mp|cache)/`
	endpoints = `(^|/)(wp-cron|xmlrpc|wp-login|wp-comments-post|admin-ajax|admin-post|autodiscover)\.[a-z]+$`
	assets    = `\.(css|js|png|jpe?g|gif|svg|ico|woff2?)($|\?)`
)

var scriptInUploads = regexp.MustCompile(`(?i)` + uploads + `.*` + scripts)

// commandSyntax holds for URLs whose query carries a command for a shell.
func commandSyntax(column string) string {
	return "regexp_matches(lower(" + column + `), '[?&][a-z0-9_]+=(whoami|id|uname|ipconfig|ifconfig|hostname|systeminfo|tasklist|netstat|pwd|ls|dir|(cat|type|net|ls|dir|ps|cmd|echo|wget|curl|ping|powershell|certutil|uname|find)(\+|%20)[^&]*)(&|$)')`
}

// pathOf is the path of a URL column, without query.
func pathOf(column string) string { return "split_part(" + column + ", '?', 1)" }

// candidates returns pages that may be web shells, with all that is known of
// them. Requests with a body and success are few among all, so the first query
// leaves little for the others.
func candidates(ctx context.Context, events detect.EventStore, span detect.Span) ([]*page, error) {
	pages, err := lonely(ctx, events, span)
	if err != nil || len(pages) == 0 {
		return nil, err
	}
	pages = unique(pages)
	if err := addSites(ctx, events, pages); err != nil {
		return nil, err
	}
	return pages, addClients(ctx, events, span, pages)
}

// lonely returns the paths that few clients used, with bodies or commands and
// without links. A client with more than maxPaths of them is trying paths on a
// site that answers anything, and is left out.
func lonely(ctx context.Context, events detect.EventStore, span detect.Span) ([]*page, error) {
	query := fmt.Sprintf(`
	WITH suspect AS (
		SELECT coalesce(organization, '') AS org, coalesce(lower(url_domain), '') AS site, %[2]s AS path, coalesce(dataset, '') AS dataset,
		       min(source_ip) AS someone
		FROM events
		WHERE time >= ? AND time < ? AND %[1]s AND status BETWEEN 200 AND 299 AND %[3]s
		      AND (method = 'POST' OR (contains(url, '=') AND %[4]s))
		GROUP BY 1, 2, 3, 4 HAVING count(*) >= %[5]d AND count(DISTINCT source_ip) <= %[6]d
	), named AS (
		SELECT *, count(*) OVER (PARTITION BY org, someone) AS paths FROM suspect
		WHERE (regexp_matches(lower(path), '%[7]s') OR regexp_matches(lower(path), '%[8]s')) AND NOT regexp_matches(lower(path), '%[9]s')
	), request AS (
		SELECT n.org, n.site, n.path, n.dataset, e.time, e.source_ip, e.status, e.method, e.url, e.response_bytes, e.request_bytes, e.position, e.source,
		       lower(e.user_agent) AS agent, %[3]s AS bare,
		       e.method = 'POST' AND e.status BETWEEN 200 AND 299 AS body,
		       epoch_us(e.time) - lag(epoch_us(e.time)) OVER (PARTITION BY n.org, n.site, n.path, n.dataset ORDER BY e.time, e.position, e.source) AS gap,
		       min(CASE WHEN e.status BETWEEN 200 AND 299 THEN e.time END) OVER (PARTITION BY n.org, n.site, n.path, n.dataset) AS first_good
		FROM events e JOIN named n ON coalesce(e.organization, '') = n.org AND coalesce(lower(e.url_domain), '') = n.site
		     AND %[2]s = n.path AND coalesce(e.dataset, '') = n.dataset
		WHERE n.paths <= %[10]d AND e.time < ? AND %[1]s
	)
	SELECT org, site, path, dataset, min(first_good), max(CASE WHEN status BETWEEN 200 AND 299 THEN time END), count(*),
	       sum(CASE WHEN status BETWEEN 200 AND 299 THEN 1 ELSE 0 END),
	       sum(CASE WHEN status BETWEEN 200 AND 299 AND method = 'POST' THEN 1 ELSE 0 END),
	       sum(CASE WHEN bare THEN 0 ELSE 1 END),
	       sum(CASE WHEN contains(url, '=') AND %[4]s THEN 1 ELSE 0 END),
	       count(DISTINCT CASE WHEN status BETWEEN 200 AND 299 THEN response_bytes END),
	       sum(CASE WHEN status = 404 AND time < first_good THEN 1 ELSE 0 END),
	       coalesce(stddev_pop(gap) / nullif(avg(gap), 0), 0), %[11]s
	FROM request GROUP BY org, site, path, dataset
	HAVING count(DISTINCT CASE WHEN status < 400 THEN source_ip END) <= %[6]d`,
		isRequest, pathOf("url"), detect.NoReferrer, commandSyntax("url"), minRequests, maxClients, scripts, uploads, endpoints, maxPaths, habitColumns)
	var out []*page
	err := detect.Each(ctx, events, query, []any{span.Start, span.End, span.End}, func(rows *sql.Rows) error {
		p := new(page)
		err := rows.Scan(&p.org, &p.site, &p.path, &p.dataset, &p.first, &p.last, &p.total, &p.good, &p.bodies, &p.linked, &p.commands,
			&p.sizes, &p.missing, &p.regularity, &p.agents, &p.answer, &p.bodySizes, &p.smallest, &p.largest, &p.opening, &p.greeting, &p.keys)
		if err != nil {
			return err
		}
		if math.IsNaN(p.regularity) {
			p.regularity = 0
		}
		if p.linked*10 <= p.total && (p.bodies*10 >= p.good*6 || p.commands >= minRequests) && !p.first.Before(span.Start) {
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// table writes the pages as a table that a query can join: number, org, site,
// path, dataset, first.
func table(pages []*page) (string, []any) {
	var rows []string
	var args []any
	for i, p := range pages {
		rows = append(rows, fmt.Sprintf("(%d, CAST(? AS VARCHAR), CAST(? AS VARCHAR), CAST(? AS VARCHAR), CAST(? AS VARCHAR), CAST(? AS TIMESTAMP))", i))
		args = append(args, p.org, p.site, p.path, p.dataset, p.first)
	}
	return "(VALUES " + strings.Join(rows, ", ") + ") p(n, org, site, path, dataset, first_good)", args
}

// addSites tells how long each page's site was watched before.
func addSites(ctx context.Context, events detect.EventStore, pages []*page) error {
	values, args := table(pages)
	return detect.Each(ctx, events, fmt.Sprintf(`
		SELECT p.n, min(e.time), count(*) FROM events e
		JOIN %s ON coalesce(e.organization, '') = p.org AND coalesce(lower(e.url_domain), '') = p.site AND coalesce(e.dataset, '') = p.dataset
		WHERE e.action = 'http-request' AND e.time <= p.first_good GROUP BY p.n`, values), args, func(rows *sql.Rows) error {
		var n int
		var p page
		err := rows.Scan(&n, &p.began, &p.earlier)
		if err == nil {
			pages[n].began, pages[n].earlier = p.began, p.earlier
		}
		return err
	})
}

// addClients tells who used each page and what they did before.
func addClients(ctx context.Context, events detect.EventStore, span detect.Span, pages []*page) error {
	values, args := table(pages)
	query := fmt.Sprintf(`
	WITH page AS (SELECT * FROM %s), client AS (
		SELECT p.n, p.org, p.path, p.first_good, e.source_ip, e.source_ip // 256 AS block, count(*) AS uses
		FROM events e JOIN page p ON coalesce(e.organization, '') = p.org AND %[3]s = p.path AND coalesce(e.dataset, '') = p.dataset
		     AND coalesce(lower(e.url_domain), '') = p.site
		WHERE e.time >= p.first_good AND e.time < ? AND %[2]s AND status BETWEEN 200 AND 299
		GROUP BY ALL
	)
	SELECT c.n, c.source_ip, c.uses,
	       count(DISTINCT CASE WHEN e.status BETWEEN 400 AND 499 AND e.time < c.first_good AND %[3]s <> c.path THEN %[3]s END),
	       sum(CASE WHEN e.time < c.first_good AND %[4]s THEN 1 ELSE 0 END),
	       sum(CASE WHEN e.source_ip = c.source_ip AND e.status < 400 AND (regexp_matches(lower(e.url), '%[5]s') OR NOT %[6]s) THEN 1 ELSE 0 END),
	       count(DISTINCT CASE WHEN e.source_ip = c.source_ip AND e.status BETWEEN 200 AND 299 AND %[6]s THEN %[3]s END),
	       count(DISTINCT CASE WHEN e.source_ip = c.source_ip AND e.status BETWEEN 400 AND 499 THEN %[3]s END)
	FROM events e JOIN client c ON coalesce(e.organization, '') = c.org AND e.source_ip // 256 = c.block
	WHERE e.time < ? AND e.action = 'http-request' AND e.url IS NOT NULL
	GROUP BY c.n, c.source_ip, c.uses ORDER BY c.n, c.uses DESC, c.source_ip`,
		values, isRequest, pathOf("e.url"), detect.AttackSyntax("e.url"), assets, detect.NoReferrer)
	return detect.Each(ctx, events, query, append(args, span.End, span.End), func(rows *sql.Rows) error {
		var (
			n      int
			c      client
			source detect.NullAddr
		)
		err := rows.Scan(&n, &source, &c.uses, &c.errors, &c.attacks, &c.browsing, &c.answered, &c.failed)
		c.source = source.Addr
		if err == nil {
			pages[n].clients = append(pages[n].clients, c)
		}
		return err
	})
}
