package evaluate

import (
	"fmt"
	"io"
	"strings"
)

// Row is one simulation, or several together.
type Row struct {
	Name    string  `json:"name"`   // the seed, or what was added up
	Habits  string  `json:"habits"` // of the simulation, "none" if ordinary
	Records int64   `json:"records"`
	Score   Score   `json:"score"`
	Seconds float64 `json:"seconds"`  // of the analysis
	Peak    int64   `json:"peak_mib"` // memory of the analysis; 0 if unknown
}

// Together adds rows up under a name: counts are summed, so that large
// simulations weigh more; seconds are summed, memory is the largest.
func Together(name string, rows []Row) Row {
	out := Row{Name: name, Score: Score{LedgerRight: true, FalseCompromises: []string{}}}
	for _, r := range rows {
		out.Habits = r.Habits
		out.Records += r.Records
		out.Score.Add(r.Score)
		out.Seconds += r.Seconds
		out.Peak = max(out.Peak, r.Peak)
	}
	return out
}

// column is one column of the table; width is for text.
type column struct {
	title string
	width int
	cell  func(r Row) string
}

var columns = []column{
	{"seed", 8, func(r Row) string { return r.Name }},
	{"habits", 14, func(r Row) string { return r.Habits }},
	{"organizations", 6, func(r Row) string { return fmt.Sprint(r.Score.Organizations) }},
	{"verdicts right", 8, func(r Row) string { return percent(r.Score.Right, r.Score.Organizations) }},
	{"targeted verdicts right", 8, func(r Row) string { return percent(r.Score.RightTargeted, r.Score.Organizations) }},
	{"compromises found", 11, func(r Row) string { return fmt.Sprintf("%d of %d", r.Score.Found, r.Score.Compromises) }},
	{"false compromises", 6, func(r Row) string { return fmt.Sprint(len(r.Score.FalseCompromises)) }},
	{"F1 all", 6, func(r Row) string { return fmt.Sprintf("%.3f", r.Score.AllPairs.F1()) }},
	{"F1 targeted", 9, func(r Row) string { return fmt.Sprintf("%.3f", r.Score.TargetedPairs.F1()) }},
	{"opportunistic so labelled", 11, func(r Row) string {
		return fmt.Sprintf("%d of %d", r.Score.OpportunisticRight, r.Score.Opportunistic)
	}},
	{"targeted so labelled", 9, func(r Row) string { return fmt.Sprintf("%d of %d", r.Score.TargetedRight, r.Score.Targeted) }},
	{"harmless clusters", 8, func(r Row) string { return fmt.Sprint(r.Score.Harmless) }},
	{"cited lines malicious", 8, func(r Row) string { return percent(r.Score.Malicious, r.Score.Cited) }},
	{"ledger", 6, func(r Row) string { return map[bool]string{true: "equal", false: "WRONG"}[r.Score.LedgerRight] }},
	{"seconds", 7, func(r Row) string { return fmt.Sprintf("%.1f", r.Seconds) }},
	{"MiB", 5, func(r Row) string { return fmt.Sprint(r.Peak) }},
}

// short titles stand in the text form, in the columns' order.
var short = []string{"seed", "habits", "orgs", "verdicts", "targeted", "compromise", "false", "F1 all", "F1 target", "opport.", "targeted", "harmless", "lines", "ledger", "seconds", "MiB"}

// percent is rounded down, so that only all of it is 100 %.
func percent(n, total int) string {
	if total == 0 {
		return "100.0 %"
	}
	tenths := 1000 * n / total
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// WriteHeader writes the head of the table, as Markdown or for a terminal.
func WriteHeader(w io.Writer, markdown bool) error {
	var b strings.Builder
	for i, c := range columns {
		if markdown {
			b.WriteString("| " + c.title + " ")
		} else {
			fmt.Fprintf(&b, "%-*s ", c.width, short[i])
		}
	}
	if markdown {
		b.WriteString("|\n" + strings.Repeat("|---", len(columns)) + "|")
	}
	_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	return err
}

// WriteRow writes one row of the table.
func WriteRow(w io.Writer, r Row, markdown bool) error {
	var b strings.Builder
	for _, c := range columns {
		if markdown {
			b.WriteString("| " + c.cell(r) + " ")
		} else {
			fmt.Fprintf(&b, "%-*s ", c.width, c.cell(r))
		}
	}
	if markdown {
		b.WriteString("|")
	}
	_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	return err
}

// WriteDetails writes what is wrong with a row: verdicts that differ, where
// actors' infrastructure ended up, cited lines that are nobody's doing.
func WriteDetails(w io.Writer, r Row) error {
	var b strings.Builder
	for _, m := range r.Score.Misses {
		kind := "verdict"
		if m.Verdict.String() == "compromise" {
			kind = "FALSE COMPROMISE"
		} else if m.Truth.String() == "compromise" {
			kind = "missed compromise"
		}
		fmt.Fprintf(&b, "  %s: %s is %s, called %s (%s)\n", kind, m.Organization, m.Truth, m.Verdict, m.Why)
	}
	for _, s := range r.Score.Spread {
		fmt.Fprintf(&b, "  actor %s: %d values in clusters of %v, %d in none\n", s.Actor, s.Values, s.Clusters, s.Alone)
	}
	for _, x := range r.Score.Wrong {
		fmt.Fprintf(&b, "  cited, nobody's doing: %d lines of %s, such as %s\n", x.Lines, x.Rule, x.First)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
