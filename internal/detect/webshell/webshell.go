// Package webshell finds web shells in what a web server logs about requests:
// a path that nobody asked for before, now used by very few clients, with
// bodies, without links, with answers that differ, after the same clients
// attacked the site.
//
// The log does not hold the file. So each sign alone is worth little, and only
// their sum, with an attack before, makes a compromise. A new program interface
// that a single client uses looks much alike and stays a weak finding.
package webshell

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the web shell detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{}}}, nil
	},
}

const name = "webshell"

type detector struct{}

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "never-seen paths of a site used by few clients with bodies and without referrer after an attack: " +
			"web shells (ATT&CK T1505.003), by the signs that web server logs show",
	}
}

// Thresholds.
const (
	minRequests = 3
	maxClients  = 3
	maxPaths    = 10                 // candidates of one client beyond which the site answers whatever is asked
	minHistory  = 3 * 24 * time.Hour // of the site before the first request
	minEarlier  = 1000               // or that many requests before it
)

// page is a path that may be a web shell, as one source tells of it.
type page struct {
	org, site, path, dataset string
	first, last              time.Time // requests that succeeded
	total, good, bodies      int64     // requests; those that succeeded; of these with a body
	linked                   int64     // with a referrer
	commands                 int64     // with what looks like a shell command in the query
	sizes                    int64     // distinct sizes of good answers
	missing                  int64     // answers 404 before the first success
	regularity               float64   // standard deviation of the gaps over their mean
	began                    time.Time // first request to the site
	earlier                  int64     // requests to the site before this page's first success
	habits
	clients []client
}

// client is one address that used a page.
type client struct {
	source   netip.Addr
	uses     int64
	errors   int64 // distinct other paths answered 4xx before, to the client's address block
	attacks  int64 // requests with attack syntax before, from the block
	browsing int64 // style sheets, scripts, pictures, or requests that follow links
	answered int64 // distinct paths answered 2xx without referrer
	failed   int64 // distinct paths answered 4xx, any time
}

// Analyze implements detect.Window.
func (detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	pages, err := candidates(ctx, events, span)
	if err != nil {
		return fmt.Errorf("webshell: %w", err)
	}
	for _, p := range pages {
		if err := p.report(ctx, events, span, emit); err != nil {
			return fmt.Errorf("webshell: %s: %w", p.path, err)
		}
	}
	return nil
}

// judgment is what a page means; the zero value: nothing to report.
type judgment struct {
	stage      vedette.Verdict
	confidence int
	weak       bool
	signs      []string
}

// judge adds up the signs.
func (p *page) judge() judgment {
	var errors, attacks, browsing, answered, failed int64
	for _, c := range p.clients {
		errors, attacks = max(errors, c.errors), max(attacks, c.attacks)
		browsing += c.browsing
		answered, failed = max(answered, c.answered), max(failed, c.failed)
	}
	known := p.first.Sub(p.began) >= minHistory || p.earlier >= minEarlier
	regular := p.good >= 5 && p.regularity < 0.3 && p.commands == 0
	if !known || browsing > 0 || regular || p.sizes < 2 {
		return judgment{}
	}
	// A site that answers whatever it is asked proves nothing; nor does a tool
	// that hammers on one page.
	anything := answered >= 20 && failed*10 < answered
	hammered := p.good > 200 && p.last.Sub(p.first) < time.Duration(p.good)*2*time.Second
	var signs []string
	score := 0
	sign := func(holds bool, points int, words string) {
		if holds {
			score += points
			signs = append(signs, words)
		}
	}
	sign(scriptInUploads.MatchString(p.path), 2, "script among uploads")
	sign(p.commands >= minRequests, 2, "commands in the query")
	sign(p.missing > 0, 1, "404 before")
	sign(p.sizes >= 3, 1, fmt.Sprintf("%d sizes of answers", p.sizes))
	sign(p.good >= 10, 1, "steady use")
	sign(p.last.Sub(p.first) >= time.Hour, 1, "over more than an hour")
	sign(attacks > 0, 1, "attack syntax before")
	sign(errors >= 5, 1, "many missing paths before")
	evidence := score // what decides; habits that honest clients have too only raise the confidence
	for _, f := range families {
		sign(f.like(p), f.points, f.words)
		if f.points >= 2 && f.like(p) {
			evidence += f.points
		}
	}
	attacked := attacks > 0 || p.commands >= minRequests
	switch {
	case anything || hammered || !attacked && errors < 5:
		return judgment{vedette.VerdictAttempt, 35, true, signs}
	case !attacked && errors < 10 && evidence < 4, evidence < 2:
		return judgment{vedette.VerdictAttempt, 50, false, signs}
	}
	return judgment{vedette.VerdictCompromise, min(60+5*score, 90), false, signs}
}

// report emits one detection for each client of p.
func (p *page) report(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	j := p.judge()
	if j.stage == vedette.VerdictNone {
		return nil
	}
	for _, c := range p.clients {
		det := &vedette.Detection{
			Detector: name, Rule: "web-shell", Title: "Web shell in use", Organization: p.org,
			Time: p.first.UnixNano(), LastTime: p.last.UnixNano(), Count: c.uses,
			Stage: j.stage, Effect: j.stage == vedette.VerdictCompromise, Confidence: j.confidence, Weak: j.weak,
			Severity: vedette.SeverityCritical, Techniques: []string{"T1505.003"}, Actor: c.source, Role: vedette.RoleExploit, Tool: p.tool(),
		}
		if j.stage != vedette.VerdictCompromise {
			det.Rule, det.Title, det.Severity = "lonely-script", "New script used by few clients", vedette.SeverityLow
		}
		det.Summary = p.summary(j.signs)
		var err error
		if det.Evidence, err = p.cite(ctx, events, span, c.source); err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

// maxSummary is how long a summary may be, in bytes.
const maxSummary = 300

// summary tells the facts, with as many signs as there is room for.
func (p *page) summary(signs []string) string {
	s := fmt.Sprintf("%.90q, never asked for before, was used %d times by %d clients, %d with a body; no referrer", p.path, p.good, len(p.clients), p.bodies)
	for _, sign := range signs {
		if len(s)+len(sign)+3 <= maxSummary {
			s += ", " + sign
		}
	}
	return s + "."
}

// cite returns the first uses by one client and the first of its attacks.
func (p *page) cite(ctx context.Context, events detect.EventStore, span detect.Span, source netip.Addr) ([]vedette.Evidence, error) {
	ip := vedette.AddrToBig(source)
	used, err := detect.Cite(ctx, events, 3, isRequest+` AND coalesce(organization, '') = ? AND source_ip = ? AND `+pathOf("url")+` = ?
		AND status BETWEEN 200 AND 299 AND time >= ? AND time < ?`, p.org, ip, p.path, p.first, span.End)
	if err != nil {
		return nil, err
	}
	before, err := detect.Cite(ctx, events, 2, isRequest+` AND coalesce(organization, '') = ? AND source_ip // 256 = CAST(? AS UHUGEINT) // 256
		AND time < ? AND (status BETWEEN 400 AND 499 OR `+detect.AttackSyntax("url")+`)`, p.org, ip, p.first)
	return append(before, used...), err
}

// sources orders pages, the best telling source of a page first.
func bySource(a, b *page) int {
	return cmp.Or(cmp.Compare(a.org, b.org), cmp.Compare(a.path, b.path), cmp.Compare(b.good, a.good), cmp.Compare(a.dataset, b.dataset), cmp.Compare(a.site, b.site))
}

// unique keeps one page for each path: a request is told of by the web server
// and by a network sensor.
func unique(pages []*page) []*page {
	slices.SortFunc(pages, bySource)
	return slices.CompactFunc(pages, func(a, b *page) bool { return a.org == b.org && a.path == b.path })
}
