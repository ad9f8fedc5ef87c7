package trend

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

const (
	// alpha is the share of claims that may be chance (false discovery rate).
	alpha = 0.05
	// minPast is how many weeks a comparison needs. With fewer, dispersion is
	// so little known that even a tripled count proves nothing, and claims
	// would rest on the prior.
	minPast = 8
	// minRecord is how many weeks "first at this magnitude" needs: a quarter.
	// Of n+1 exchangeable weeks the last is the largest with probability
	// 1/(n+1), so a record over fewer is no news by itself.
	minRecord = 12
	// minCount keeps claims about one or two findings out.
	minCount = 3
)

// claim is a question with its answer, before the correction for their number.
type claim struct {
	vedette.TrendClaim
	owner int // index of the subject
}

// judge asks every question about every subject and keeps the answers that
// chance does not explain.
func judge(b *book, subjects []*subject) []vedette.Trend {
	var asked []claim
	for i, s := range subjects {
		for _, m := range []*series{&s.findings, &s.organizations} {
			for _, c := range append(compare(s, m), lasting(s, m)...) {
				asked = append(asked, claim{c, i})
			}
		}
		if s.hours != nil {
			for _, c := range rhythms(s, b) {
				asked = append(asked, claim{c, i})
			}
		}
	}
	correct(asked)
	out := make([]vedette.Trend, len(subjects))
	for i, s := range subjects {
		out[i] = vedette.Trend{Kind: s.kind, Name: s.name, Days: s.days}
		for w := range s.findings.weeks {
			f, o := s.findings.weeks[w], s.organizations.weeks[w]
			out[i].Weeks = append(out[i].Weeks, vedette.TrendPoint{Start: f.start.time(), Findings: f.count, Organizations: o.count, Exposure: f.exposure})
		}
	}
	for _, c := range asked {
		if c.Q <= alpha && c.Text != "" {
			out[c.owner].Claims = append(out[c.owner].Claims, c.TrendClaim)
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i].Claims, func(a, b vedette.TrendClaim) int {
			return cmp.Or(cmp.Compare(gravity(a.Kind), gravity(b.Kind)), cmp.Compare(a.Q, b.Q))
		})
	}
	slices.SortStableFunc(out, func(a, b vedette.Trend) int { return cmp.Compare(min(1, len(b.Claims)), min(1, len(a.Claims))) })
	return out
}

func gravity(k vedette.TrendClaimKind) int {
	return slices.Index([]vedette.TrendClaimKind{vedette.ClaimRecord, vedette.ClaimRise, vedette.ClaimChange,
		vedette.ClaimFall, vedette.ClaimWeekday, vedette.ClaimHour}, k)
}

// correct sets Q by Benjamini and Hochberg (Controlling the false discovery
// rate, J. R. Statist. Soc. B 57, 1995) over all that was asked.
func correct(asked []claim) {
	order := make([]int, len(asked))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(asked[a].P, asked[b].P) })
	q := 1.0
	for rank := len(order) - 1; rank >= 0; rank-- {
		c := &asked[order[rank]]
		q = math.Min(q, c.P*float64(len(order))/float64(rank+1))
		c.Q = q
	}
}

// seen are the weeks that can be compared. A cluster has no past before it was
// first seen.
func seen(s *subject, m *series) []point {
	var out []point
	for _, w := range m.weeks {
		if !w.observable() || s.kind == vedette.TrendCluster && len(out) == 0 && w.count == 0 {
			continue
		}
		out = append(out, w)
	}
	return out
}

// compare asks about the last week, and about the largest one.
func compare(s *subject, m *series) []vedette.TrendClaim {
	weeks := seen(s, m)
	n := len(weeks) - 1
	if n < minPast {
		return nil
	}
	var out []vedette.TrendClaim
	top, largest := 0, 0.0
	for i, w := range weeks {
		if r := w.rate(); r > largest {
			top, largest = i, r
		}
	}
	record := top >= minRecord && weeks[top].count >= minCount && weeks[top].count > most(weeks[:top])
	if record {
		p := predict(weeks[:top], weeks[top])
		places := float64(len(weeks) - minRecord) // weeks that could have been it
		c := about(vedette.ClaimRecord, m, weeks[top], p.usual, top)
		c.P = -math.Expm1(places * math.Log1p(-math.Min(p.above, 1-1e-12)))
		if c.Value >= minFactor*c.Usual {
			c.Text = recordText(c)
		}
		out = append(out, c)
	}
	if record && top == n {
		return out
	}
	p := predict(weeks[:n], weeks[n])
	c := about(vedette.ClaimRise, m, weeks[n], p.usual, n)
	c.P = math.Min(1, 2*math.Min(p.above, p.below))
	switch {
	case p.above <= p.below && c.Value >= minFactor*c.Usual && c.Value >= minCount:
		c.Text = lastText(c, "rose")
	case p.below < p.above && c.Usual >= minFactor*c.Value && c.Usual >= minCount:
		c.Kind = vedette.ClaimFall
		c.Text = lastText(c, "fell")
	}
	return append(out, c)
}

func most(weeks []point) (n int64) {
	for _, w := range weeks {
		n = max(n, w.count)
	}
	return n
}

func about(kind vedette.TrendClaimKind, m *series, w point, usual float64, periods int) vedette.TrendClaim {
	return vedette.TrendClaim{Kind: kind, Measure: m.measure, From: w.start.time(), To: (w.start + daysInWeek).time(),
		Value: float64(w.count), Usual: usual, Periods: periods}
}

// lasting asks whether the level changed.
func lasting(s *subject, m *series) []vedette.TrendClaim {
	weeks := seen(s, m)
	var out []vedette.TrendClaim
	for _, c := range changes(weeks) {
		last := (weeks[c.until-1].start + daysInWeek).time()
		t := vedette.TrendClaim{Kind: vedette.ClaimChange, Measure: m.measure, From: weeks[c.at].start.time(), To: last,
			Value: c.after, Usual: c.before, Periods: c.weeks, P: c.p}
		verb := "rose"
		if c.after < c.before {
			verb = "fell"
		}
		how := "stayed there"
		if c.until < len(weeks) {
			how = "stayed there until " + date(t.To)
		}
		t.Text = fmt.Sprintf("From the week of %s the level %s from %s to %s a week and %s (%s).",
			date(t.From), verb, short(c.before), unit(short(c.after), m.measure), how, chance(c.p))
		out = append(out, t)
	}
	return out
}

// rhythms asks about days of the week and hours of the day.
func rhythms(s *subject, b *book) []vedette.TrendClaim {
	r := newRhythm(s, b.first, b.watched[whole])
	base := vedette.TrendClaim{Measure: vedette.MeasureFindings, From: b.first.time(), To: b.end.time(), Periods: len(r.sessions)}
	_, offset := b.first.time().In(s.zone).Zone()
	base.UTCOffsetMinutes = offset / 60
	var out []vedette.TrendClaim
	if p, ok := r.weekdays(); ok {
		c := base
		c.Kind, c.P = vedette.ClaimWeekday, p
		c.Text = weekdayText(r, p, base.UTCOffsetMinutes)
		out = append(out, c)
	}
	if p, ok := r.hourly(); ok {
		c := base
		c.Kind, c.P = vedette.ClaimHour, p
		if from, length, share := r.core(); length <= maxCoreHours {
			c.Value, c.Usual = share, float64(length)/wholeDay
			c.Text = fmt.Sprintf("%.0f %% of its active hours lie between %02d:00 and %02d:00 (%s; %s over %d sessions).",
				100*share, from, (from+length)%wholeDay, clock(base.UTCOffsetMinutes), chance(p), len(r.sessions))
		}
		out = append(out, c)
	}
	return out
}

func weekdayText(r *rhythm, p float64, offset int) string {
	weekend, weekendDays := r.active[0]+r.active[6], r.days[0]+r.days[6]
	work, workDays := -weekend, -weekendDays
	for d := range r.active {
		work, workDays = work+r.active[d], workDays+r.days[d]
	}
	on, off := float64(work)/float64(workDays), float64(weekend)/float64(weekendDays)
	tail := fmt.Sprintf("(%s; %s).", clock(offset), chance(p))
	switch {
	case on >= 2*off:
		return fmt.Sprintf("Active on %d of %d working days (Monday to Friday), but on %d of %d weekend days %s", work, workDays, weekend, weekendDays, tail)
	case off >= minDayRatio*on:
		return fmt.Sprintf("Active on %d of %d weekend days, but on %d of %d other days %s", weekend, weekendDays, work, workDays, tail)
	}
	top := 0
	for d := range r.active {
		if float64(r.active[d])*float64(r.days[top]) > float64(r.active[top])*float64(r.days[d]) {
			top = d
		}
	}
	average := float64(work+weekend) / float64(workDays+weekendDays)
	if float64(r.active[top]) < minDayRatio*average*float64(r.days[top]) {
		return ""
	}
	return fmt.Sprintf("Most active on %ss: %d of %d, against %.0f %% of all days %s", time.Weekday(top), r.active[top], r.days[top], 100*average, tail)
}

func recordText(c vedette.TrendClaim) string {
	return fmt.Sprintf("First at this magnitude: %s in the week of %s, against %s expected from the %d weeks before (%s).",
		unit(short(c.Value), c.Measure), date(c.From), short(c.Usual), c.Periods, chance(c.P))
}

func lastText(c vedette.TrendClaim, verb string) string {
	return fmt.Sprintf("The last week (from %s) %s to %s, against %s expected from the %d weeks before (%s).",
		date(c.From), verb, unit(short(c.Value), c.Measure), short(c.Usual), c.Periods, chance(c.P))
}

// unit puts the measure after a number.
func unit(n string, m vedette.TrendMeasure) string {
	word := strings.TrimSuffix(string(m), "s")
	if n != "1" {
		word += "s"
	}
	if m == vedette.MeasureOrganizations {
		return n + " " + word + " touched"
	}
	return n + " " + word
}

// short writes a count without false precision.
func short(v float64) string {
	if v == math.Trunc(v) || v >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// chance writes a probability.
func chance(p float64) string {
	if p < 0.0001 {
		return "p < 0.0001"
	}
	return "p = " + strconv.FormatFloat(p, 'g', 2, 64)
}

func clock(minutes int) string {
	if minutes == 0 {
		return "UTC"
	}
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	s := fmt.Sprintf("UTC%c%d", sign, minutes/60)
	if m := minutes % 60; m != 0 {
		s += fmt.Sprintf(":%02d", m)
	}
	return s
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006") }
