// Package text renders an assessment for a terminal: at most 100 columns, the
// most important first, color only where asked for. Lists are cut and say by how
// much, unless everything is asked for.
package text

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// Renderer is the renderer for the table of renderers.
var Renderer report.Renderer = renderer{}

type renderer struct{}

// Name implements report.Renderer.
func (renderer) Name() string { return "text" }

// MediaType implements report.Renderer.
func (renderer) MediaType() string { return "text/plain; charset=utf-8" }

// How much is shown unless everything is asked for.
const (
	maxClusters       = 8
	maxInfrastructure = 8
	maxEvidence       = 2 // lines for each organization that was entered
	maxIncidents      = 10
)

// printer writes lines and remembers the options.
type printer struct {
	*bufio.Writer
	report.Options
	names map[string]string // of organizations
}

// Render implements report.Renderer.
func (renderer) Render(w io.Writer, a *vedette.Assessment, o report.Options) error {
	if o.Columns <= 0 {
		o.Columns = 100
	}
	p := &printer{Writer: bufio.NewWriter(w), Options: o, names: make(map[string]string)}
	for _, v := range a.Organizations {
		p.names[v.Organization.ID] = v.Organization.Name
	}
	p.head(a)
	p.entered(a)
	p.attempts(a)
	p.others(a)
	p.blind(a)
	p.trends(a)
	p.clusters(a)
	p.ledger(a)
	return p.Flush()
}

// ANSI colors by verdict.
var colors = [...]string{"\x1b[32m", "\x1b[36m", "\x1b[33m", "\x1b[1;31m"}

func (p *printer) paint(v vedette.Verdict, s string) string {
	if !p.Color {
		return s
	}
	return colors[v] + s + "\x1b[0m"
}

func (p *printer) bold(s string) string {
	if !p.Color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func (p *printer) heading(s string) {
	fmt.Fprintf(p, "\n%s\n%s\n", p.bold(s), strings.Repeat("─", min(p.Columns, 100)))
}

func (p *printer) clusters(a *vedette.Assessment) {
	if len(a.Clusters) == 0 {
		p.heading("Clusters")
		fmt.Fprintln(p, "none: no activity in this telemetry supports a verdict")
		return
	}
	shown := len(a.Clusters)
	if !p.Verbose {
		shown = min(shown, maxClusters)
	}
	p.heading(fmt.Sprintf("Clusters (%d of %d)", shown, len(a.Clusters)))
	for i := range a.Clusters[:shown] {
		if i > 0 {
			fmt.Fprintln(p)
		}
		p.cluster(&a.Clusters[i])
	}
	if rest := len(a.Clusters) - shown; rest > 0 {
		fmt.Fprintf(p, "\n%s more, all of lower rank: --verbose or --output json shows them.\n", plural(rest, "cluster"))
	}
}

func (p *printer) cluster(c *vedette.Cluster) {
	kind := "opportunistic"
	if c.Targeted {
		kind = "TARGETED"
	}
	fmt.Fprintf(p, "%s  %s  %s to %s, %s\n", p.bold(c.Name), kind, date(c.FirstSeen), date(c.LastSeen), plural(len(c.Organizations), "organization"))
	for _, r := range c.Reasons {
		p.wrapped("  because it ", r)
	}
	if o := c.Origin; o != nil {
		fmt.Fprintf(p, "  administered from %s, %s (%s, confidence %d)\n", o.City, o.Country, o.Likelihood, o.Confidence)
	}
	p.list("  techniques  ", counted(c.Techniques), 14)
	p.list("  tools       ", c.Tools, 8)
	p.list("  CVEs        ", c.CVEs, 8)
	limit := maxInfrastructure
	if p.Verbose {
		limit = len(c.Infrastructure)
	}
	for i, f := range c.Infrastructure {
		if i == limit {
			fmt.Fprintf(p, "  and %d more addresses and names\n", len(c.Infrastructure)-limit)
			break
		}
		where := ""
		if f.Geo != nil {
			where = strings.TrimSpace(f.Geo.Country + " " + f.Geo.City)
			if f.Geo.ASN != 0 {
				where += fmt.Sprintf(" AS%d", f.Geo.ASN)
			}
		}
		fmt.Fprintf(p, "  %-22s %-28s %s\n", f.Value, cut(where, 28), strings.Join(f.Roles.Names(), ", "))
	}
	limit = maxIncidents
	if p.Verbose {
		limit = len(c.Organizations)
	}
	for i := range c.Organizations {
		if i == limit {
			fmt.Fprintf(p, "  and at %d more organizations\n", len(c.Organizations)-limit)
			break
		}
		p.incident(&c.Organizations[i])
	}
}

func (p *printer) incident(o *vedette.ClusterOrganization) {
	fmt.Fprintf(p, "  %s %s, confidence %d, %s\n", p.paint(o.Verdict, fmt.Sprintf("%-14s", o.Verdict)), o.ID, o.Confidence, plural(int(o.Findings), "finding"))
	if !p.Verbose {
		return // the reasons of those entered and attacked are above
	}
	p.wrapped("      ", o.Reason)
	for _, e := range o.Evidence {
		if e.File != "" {
			fmt.Fprintf(p, "      %s  %s:%d\n", stamp(e.Time), printable(e.File), e.Line)
		}
		if e.Original != "" {
			fmt.Fprintf(p, "        %s\n", cut(printable(e.Original), p.Columns-8))
		}
	}
}

func (p *printer) ledger(a *vedette.Assessment) {
	p.heading("Ledger")
	fmt.Fprintf(p, "read %d = stored %d + duplicate %d + rejected %d\n", a.Ledger.Read, a.Ledger.Stored, a.Ledger.Duplicate, a.Ledger.Rejected)
	for _, r := range a.RejectReasons {
		fmt.Fprintf(p, "  %8d  %s\n", r.N, r.Name)
	}
}

// wrapped prints text below itself after a prefix, at most Columns wide.
func (p *printer) wrapped(prefix, text string) {
	width := p.Columns - utf8.RuneCountInString(prefix)
	line := prefix
	n := 0
	for _, w := range strings.Fields(printable(text)) {
		if n > 0 && n+1+utf8.RuneCountInString(w) > width {
			fmt.Fprintln(p, line)
			line, n = strings.Repeat(" ", utf8.RuneCountInString(prefix)), 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		w = cut(w, width)
		line, n = line+w, n+utf8.RuneCountInString(w)
	}
	fmt.Fprintln(p, line)
}

func (p *printer) list(prefix string, values []string, limit int) {
	if len(values) == 0 {
		return
	}
	if rest := len(values) - limit; rest > 0 && !p.Verbose {
		values = append(values[:limit:limit], fmt.Sprintf("and %d more", rest))
	}
	p.wrapped(prefix, strings.Join(values, ", "))
}

func counted(cs []vedette.Count) []string {
	var out []string
	for _, c := range cs {
		out = append(out, fmt.Sprintf("%s (%d)", c.Name, c.N))
	}
	return out
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// cut shortens s to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n || n < 1 {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// printable replaces what could drive the terminal: log lines are the
// attacker's text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '·'
		}
		return r
	}, s)
}

func date(t time.Time) string  { return t.UTC().Format(time.DateOnly) }
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
