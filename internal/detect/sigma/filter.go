package sigma

import (
	"context"
	"fmt"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// filter says in SQL which events the correlations' rules can be about: those
// of a period, of the data sets that a rule admits, that meet one of the rules'
// necessary predicates, as far as SQL can tell. It is empty if there are none.
func (c *correlator) filter(ctx context.Context, events detect.EventStore, span detect.Span) (string, []any, error) {
	period, args := "true", []any{}
	if !span.Start.IsZero() {
		period, args = "time >= ?", append(args, span.Start.Add(-c.longest).UTC())
	}
	if !span.End.IsZero() {
		period, args = period+" AND time < ?", append(args, span.End.UTC())
	}
	rows, err := events.QueryContext(ctx, "SELECT DISTINCT dataset FROM events WHERE "+period+" AND dataset IS NOT NULL ORDER BY dataset", args...)
	if err != nil {
		return "", nil, fmt.Errorf("list data sets: %w", err)
	}
	defer rows.Close()
	var sets []string
	for rows.Next() {
		var dataset string
		if err := rows.Scan(&dataset); err != nil {
			return "", nil, fmt.Errorf("list data sets: %w", err)
		}
		where, more := c.datasetFilter(dataset)
		if where == "" {
			continue
		}
		sets = append(sets, "(dataset = ?"+where+")")
		args = append(append(args, dataset), more...)
	}
	if err := rows.Err(); err != nil || len(sets) == 0 {
		return "", nil, err
	}
	return period + " AND (" + strings.Join(sets, " OR ") + ")", args, nil
}

// datasetFilter returns a condition that begins with AND, " " if all events of
// the data set are needed, and nothing if none is.
func (c *correlator) datasetFilter(dataset string) (string, []any) {
	classes := classesOf(dataset, c.engine.rules)
	var conditions []string
	var args []any
	admitted, open := false, false
	for _, class := range classes {
		var rules []*sig.Rule
		var numbers []int
		for i, r := range c.engine.rules {
			if class.admits(r.LogSource) {
				rules, numbers = append(rules, r), append(numbers, i)
			}
		}
		if len(rules) == 0 {
			continue
		}
		admitted = true
		p := compile(class, rules, numbers)
		open = open || len(p.always) > 0
		for i := range p.preds {
			if len(p.preds[i].rules) == 0 {
				continue
			}
			condition, more := p.sql(&p.preds[i])
			if condition == "" {
				open = true
				continue
			}
			conditions, args = append(conditions, condition), append(args, more...)
		}
	}
	switch {
	case !admitted:
		return "", nil
	case open || len(conditions) == 0:
		return " ", nil
	}
	return " AND (" + strings.Join(conditions, " OR ") + ")", args
}

// classesOf lists the classes that events of a data set can be of.
func classesOf(dataset string, rules []*sig.Rule) []*class {
	probe := vedette.Event{Dataset: dataset, URL: "/"}
	keys := map[classKey]bool{classOf(&probe): true, classOf(&vedette.Event{Dataset: dataset}): true}
	switch module, _, _ := strings.Cut(dataset, "."); module {
	case "windows":
		for _, r := range rules {
			for _, service := range []string{"", "sysmon", "security", "linux-sysmon", "powershell", "powershell-classic", r.LogSource.Service} {
				keys[classKey{dataset, r.LogSource.Category, service}] = true
			}
		}
	case "system":
		keys[classKey{dataset, "", "cisco"}] = true
		for _, service := range linuxServices {
			keys[classKey{dataset, "", service}] = true
		}
	}
	var out []*class
	for k := range keys {
		out = append(out, newClass(k))
	}
	return out
}

// sqlColumns are the text columns by ECS name.
var sqlColumns = func() map[string]string {
	m := make(map[string]string)
	for _, c := range vedette.EventColumns {
		if c.Type == vedette.TypeText && c.Name != "original" && c.Name != "rest" {
			m[c.ECS] = c.Name
		}
	}
	return m
}()

// sql says a predicate's literals in SQL, loosely: an event that the predicate
// is true of meets the condition. It is empty if SQL can not tell.
func (p *program) sql(q *pred) (string, []any) {
	column := sqlColumns[p.slots[q.slot].id]
	if column == "" || q.null || q.set != nil {
		return "", nil
	}
	var parts []string
	var args []any
	for i := range q.values {
		literals := q.values[i].literals()
		if len(literals) == 0 {
			return "", nil
		}
		for _, lit := range literals {
			if strings.ContainsFunc(string(lit), func(r rune) bool { return r >= 0x80 || r == 'k' || r == 's' }) {
				// The engine's case folding knows more than lower(): the Kelvin
				// sign and the long s. Take the longest stretch without.
				lit = plainStretch(lit)
			}
			if len(lit) == 0 {
				return "", nil
			}
			parts, args = append(parts, "contains(lower("+column+"), ?)"), append(args, string(lit))
		}
	}
	// A value that the source left among the other fields has no column.
	return "(" + column + " IS NULL OR " + strings.Join(parts, " OR ") + ")", args
}

// plainStretch returns the longest run of ASCII without k and s.
func plainStretch(lit []byte) []byte {
	var best []byte
	start := 0
	for i := 0; i <= len(lit); i++ {
		if i < len(lit) && lit[i] < 0x80 && lit[i] != 'k' && lit[i] != 's' {
			continue
		}
		if i-start > len(best) {
			best = lit[start:i]
		}
		start = i + 1
	}
	return best
}
