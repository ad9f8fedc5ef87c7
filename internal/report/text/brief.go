package text

import (
	"fmt"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// How many are listed unless everything is asked for.
const (
	maxEntered = 20
	maxAttempt = 30
	maxNone    = 15
	maxSpots   = 8 // of one kind
	maxNames   = 12
	maxClaims  = 12
)

// limit is n, or all if everything is asked for.
func (p *printer) limit(n, all int) int {
	if p.Verbose {
		return all
	}
	return min(n, all)
}

// more says what a list leaves out, and how to see it.
func (p *printer) more(rest int, word string) {
	if rest > 0 {
		fmt.Fprintf(p, "and %d more %s: --verbose or --output json shows them\n", rest, word)
	}
}

func (p *printer) head(a *vedette.Assessment) {
	var n [vedette.VerdictCompromise + 1]int
	for _, o := range a.Organizations {
		n[o.Verdict]++
	}
	fmt.Fprintln(p, p.bold("Perimeter assessment"))
	if a.Simulated {
		fmt.Fprintln(p, "SIMULATED telemetry: nothing here happened.")
	}
	fmt.Fprintf(p, "%s to %s, %s, %d sources\n\n", date(a.Start), date(a.End), plural(len(a.Organizations), "organization"), a.Sources)
	p.wrapped("", p.headline(a, n))
	fmt.Fprintf(p, "\n  %s   %s   %s   %s\n",
		p.paint(vedette.VerdictCompromise, plural(n[vedette.VerdictCompromise], "compromise")),
		p.paint(vedette.VerdictAttempt, plural(n[vedette.VerdictAttempt], "attempt")),
		p.paint(vedette.VerdictReconnaissance, fmt.Sprintf("%d reconnaissance", n[vedette.VerdictReconnaissance])),
		p.paint(vedette.VerdictNone, fmt.Sprintf("%d none", n[vedette.VerdictNone])))
}

// headline is two sentences: who was entered, and what is not known.
func (p *printer) headline(a *vedette.Assessment, n [vedette.VerdictCompromise + 1]int) string {
	entered := n[vedette.VerdictCompromise]
	text := fmt.Sprintf("No compromise is in evidence at any of %s", plural(len(a.Organizations), "organization"))
	if entered > 0 {
		text = fmt.Sprintf("%d of %s %s entered", entered, plural(len(a.Organizations), "organization"), were(entered))
	}
	if t := n[vedette.VerdictAttempt]; t > 0 {
		text += fmt.Sprintf("; %d %s attacked, and whether anybody got in there is not known", t, were(t))
	}
	text += "."
	if note := report.BlindNones(a); note != "" {
		text += " " + note
	}
	return text
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func (p *printer) entered(a *vedette.Assessment) {
	all := report.Entries(a, vedette.VerdictCompromise)
	p.heading(fmt.Sprintf("Entered (%d)", len(all)))
	if len(all) == 0 {
		fmt.Fprintln(p, "nobody, as far as this telemetry shows")
	}
	shown := p.limit(maxEntered, len(all))
	for i := range all[:shown] {
		if i > 0 {
			fmt.Fprintln(p)
		}
		p.entry(&all[i])
	}
	p.more(len(all)-shown, "entered organizations")
}

// entry is one organization with the reason and the line that proves it.
func (p *printer) entry(e *report.Entry) {
	o := e.Organization
	fmt.Fprintf(p, "%s  %s\n", p.paint(e.Verdict, p.bold(o.ID)), cut(strings.Join(words(o.Name, o.Sector, o.Country), ", "), p.Columns-2-len(o.ID)))
	if e.Incident == nil {
		return
	}
	p.wrapped("    ", e.Incident.Reason)
	fmt.Fprintf(p, "    %s, %s, confidence %d\n", e.Cluster.Name, kind(e.Targeted), e.Incident.Confidence)
	for _, proof := range e.Proof(maxEvidence) {
		fmt.Fprintf(p, "    %s  %s:%d\n", stamp(proof.Time), printable(proof.File), proof.Line)
		if proof.Original != "" {
			fmt.Fprintf(p, "      %s\n", cut(printable(proof.Original), p.Columns-6))
		}
	}
}

func words(all ...string) (out []string) {
	for _, w := range all {
		if w != "" {
			out = append(out, printable(w))
		}
	}
	return out
}

func kind(targeted bool) string {
	if targeted {
		return "targeted"
	}
	return "opportunistic"
}

func (p *printer) attempts(a *vedette.Assessment) {
	all := report.Entries(a, vedette.VerdictAttempt)
	p.heading(fmt.Sprintf("Attacked, effect not shown (%d)", len(all)))
	if len(all) == 0 {
		fmt.Fprintln(p, "nobody, as far as this telemetry shows")
		return
	}
	shown := p.limit(maxAttempt, len(all))
	for i := range all[:shown] {
		e := &all[i]
		cluster, proof := "", ""
		if e.Cluster != nil {
			cluster = e.Cluster.Name
		}
		for _, x := range e.Proof(1) {
			proof = fmt.Sprintf("%s:%d", printable(x.File), x.Line)
		}
		line := fmt.Sprintf("%-16s %-13s %-14s %s", cut(e.Organization.ID, 16), kind(e.Targeted), cut(cluster, 14), tail(proof, p.Columns-46))
		fmt.Fprintln(p, strings.TrimRight(line, " "))
	}
	p.more(len(all)-shown, "attacked organizations")
}

// tail shortens s to its last n characters: of a path the end tells most.
func tail(s string, n int) string {
	r := []rune(s)
	if len(r) <= n || n < 2 {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// others are the organizations that were only looked at, and those without
// findings, with what could hide some.
func (p *printer) others(a *vedette.Assessment) {
	looked, none := report.Entries(a, vedette.VerdictReconnaissance), report.Entries(a, vedette.VerdictNone)
	if len(looked)+len(none) == 0 {
		return
	}
	p.heading(fmt.Sprintf("Looked over (%d), and nothing found (%d)", len(looked), len(none)))
	if len(looked) > 0 {
		p.list("looked over      ", ids(looked), 2*maxNames)
	}
	hidden := a.Hidden()
	var clear []report.Entry
	blind, shown := 0, 0
	for _, e := range none {
		why := ""
		switch spots := hidden[e.Organization.ID]; {
		case len(spots) > 0:
			why = spots[0].Text
			if rest := len(spots) - 1; rest > 0 {
				why += fmt.Sprintf(" (and %d more)", rest)
			}
		case e.Events == 0:
			why = "It sent no telemetry at all."
		default:
			clear = append(clear, e)
			continue
		}
		if blind++; shown < p.limit(maxNone, blind) {
			shown++
			p.wrapped(fmt.Sprintf("%-16s none, but blind: ", cut(e.Organization.ID, 16)), why)
		}
	}
	p.more(blind-shown, "that are none, but blind")
	if len(clear) > 0 {
		p.list("none             ", ids(clear), 2*maxNames)
	}
}

func ids(es []report.Entry) (out []string) {
	for _, e := range es {
		out = append(out, e.Organization.ID)
	}
	return out
}

func (p *printer) blind(a *vedette.Assessment) {
	groups := report.BlindGroups(a)
	unseen := report.Unseen(a)
	p.heading("What we cannot see")
	if len(groups)+len(unseen) == 0 {
		fmt.Fprintln(p, "no blind spot was found")
		return
	}
	for _, g := range groups {
		n, what := g.Heading()
		fmt.Fprintf(p, "%s %s\n", p.bold(plural(n, "organization")), what)
		if g.Alike {
			p.list("  ", g.Names(), maxNames)
			continue
		}
		shown := p.limit(maxSpots, len(g.Spots))
		for _, b := range g.Spots[:shown] {
			p.wrapped(fmt.Sprintf("  %-14s ", cut(b.Organization, 14)), b.Text)
		}
		if rest := len(g.Spots) - shown; rest > 0 {
			fmt.Fprint(p, "  ")
			p.more(rest, "of them")
		}
	}
	if len(unseen) > 0 {
		fmt.Fprintln(p, p.bold("Techniques")+" that no source could show, and at how many organizations")
		p.list("  ", counted(unseen), maxSpots)
	}
}

func (p *printer) trends(a *vedette.Assessment) {
	p.heading("Trends")
	if why := report.NoTrend(a); why != "" {
		p.wrapped("", why)
		return
	}
	all := report.TrendClaims(a)
	clusters := report.ClustersByID(a)
	shown := p.limit(maxClaims, len(all))
	for _, c := range all[:shown] {
		p.wrapped(fmt.Sprintf("%-20s ", cut(report.Subject(c.Trend, clusters), 20)), c.Text)
	}
	p.more(len(all)-shown, "claims")
}
