package html

import (
	"math"
	"strconv"
	"time"

	"github.com/vedette-cti/vedette"
)

// chart is one drawing in its own units, origin top left. The template turns
// it into SVG; colors and patterns come from the style sheet by class.
type chart struct {
	ID, Title, Desc string
	W, H            float64
	Rules           []stroke
	Bars            []bar
	Marks           []mark
	Labels          []label
}

// stroke is a straight line.
type stroke struct {
	X1, Y1, X2, Y2 float64
	Class          string
}

// bar is a filled rectangle of one verdict; Tip is shown on hover.
type bar struct {
	X, Y, W, H float64
	Verdict    vedette.Verdict
	Tip        string
}

// mark is a small triangle that points up to X, Y.
type mark struct{ X, Y float64 }

// Points is the triangle's outline.
func (m mark) Points() string {
	return px(m.X) + "," + px(m.Y) + " " + px(m.X+4) + "," + px(m.Y+7) + " " + px(m.X-4) + "," + px(m.Y+7)
}

// label is text whose baseline is at Y; Class says where X is in it.
type label struct {
	X, Y        float64
	Class, Text string
}

// scale maps 0..max onto a length.
type scale struct {
	max    int64
	length float64
}

// at rounds to a tenth, so that neighboring edges meet exactly.
func (s scale) at(v int64) float64 {
	return math.Round(float64(v)/float64(s.max)*s.length*10) / 10
}

// newScale covers 0..largest with ticks at round numbers: 1, 2 or 5 times a
// power of ten apart (Heckbert, Nice Numbers for Graph Labels, Graphics Gems,
// 1990), whole, about wanted of them. The last tick is the scale's end.
func newScale(largest int64, length float64, wanted int) (scale, []int64) {
	largest = max(largest, 1)
	raw := float64(largest) / float64(max(wanted, 1))
	step := int64(1)
	if raw > 1 {
		power := math.Pow(10, math.Floor(math.Log10(raw)))
		for _, m := range []float64{1, 2, 5, 10} {
			if step = int64(m * power); float64(step) >= raw {
				break
			}
		}
	}
	ticks := []int64{0}
	for ticks[len(ticks)-1] < largest {
		ticks = append(ticks, ticks[len(ticks)-1]+step)
	}
	return scale{ticks[len(ticks)-1], length}, ticks
}

// bucket is a stretch of the timeline.
type bucket struct {
	start    time.Time
	findings [vedette.VerdictCompromise + 1]int64
}

func (b bucket) total() int64 {
	return b.findings[vedette.VerdictReconnaissance] + b.findings[vedette.VerdictAttempt] + b.findings[vedette.VerdictCompromise]
}

// grain is how long a bucket lasts.
type grain struct {
	name  string // for people
	floor func(time.Time) time.Time
	next  func(time.Time) time.Time
	label string // time.Format
}

var grains = []grain{
	{"day", func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) },
		func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, "2 Jan"},
	{"week", func(t time.Time) time.Time { return t.Truncate(24*time.Hour).AddDate(0, 0, -(int(t.Weekday())+6)%7) },
		func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }, "2 Jan"},
	{"month", func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }, "Jan 2006"},
	{"year", func(t time.Time) time.Time { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }, "2006"},
}

// maxBuckets is how many bars a timeline has at most, years excepted.
const maxBuckets = 120

// buckets fills the gaps of a timeline and makes it coarser until it fits:
// days, then weeks (from Monday), months, years.
func buckets(days []vedette.TimelineDay) ([]bucket, grain) {
	if len(days) == 0 {
		return nil, grains[0]
	}
	first, last := days[0].Day.UTC(), days[len(days)-1].Day.UTC()
	g := grains[0]
	for i, candidate := range grains {
		g = candidate
		if limit := [...]int{1, 7, 28, 0}[i] * maxBuckets * 24; last.Sub(first).Hours() < float64(limit) {
			break
		}
	}
	var out []bucket
	for at, i := g.floor(first), 0; !at.After(last); at = g.next(at) {
		b := bucket{start: at}
		for ; i < len(days) && days[i].Day.UTC().Before(g.next(at)); i++ {
			for v, n := range days[i].Findings {
				b.findings[v] += n
			}
		}
		out = append(out, b)
	}
	return out, g
}

// timeline draws findings over time, stacked by stage with the worst at the
// bottom. Compromise is rare and would vanish next to thousands of probes:
// a triangle below the axis marks where there is any.
func timeline(id string, bs []bucket, g grain, width float64) chart {
	const right, top, plot, below = 6.0, 12.0, 180.0, 34.0
	c := chart{
		ID: id, Title: "Findings by " + g.name + " and stage", W: width, H: top + plot + below,
		Desc: describeTimeline(bs, g),
	}
	var largest int64
	for _, b := range bs {
		largest = max(largest, b.total())
	}
	y, ticks := newScale(largest, plot, 4)
	left := 14 + 8*float64(len(thousands(y.max)))
	for _, t := range ticks {
		at := top + plot - y.at(t)
		class := "grid"
		if t == 0 {
			class = "axis"
		}
		c.Rules = append(c.Rules, stroke{left, at, width - right, at, class})
		c.Labels = append(c.Labels, label{left - 6, at + 4, "end", thousands(t)})
	}
	step := (width - left - right) / float64(max(len(bs), 1))
	gap := math.Min(step/5, 6)
	for i, b := range bs {
		x := left + float64(i)*step
		below := int64(0)
		for _, v := range worstFirst[:3] {
			n := b.findings[v]
			if n == 0 {
				continue
			}
			upper, lower := top+plot-y.at(below+n), top+plot-y.at(below)
			below += n
			c.Bars = append(c.Bars, bar{x + gap/2, upper, step - gap, lower - upper, v,
				b.start.Format("2 Jan 2006") + ": " + thousands(n) + " " + v.String()})
		}
		if b.findings[vedette.VerdictCompromise] > 0 {
			c.Marks = append(c.Marks, mark{x + step/2, top + plot + 3})
		}
	}
	c.timeLabels(bs, g, left, step, top+plot+27)
	return c
}

// timeLabels names the buckets below the axis: the first of every month where
// there are enough of them, else every so many buckets.
func (c *chart) timeLabels(bs []bucket, g grain, left, step, y float64) {
	monthly := (g.name == "day" || g.name == "week") && len(bs) > 0 && bs[len(bs)-1].start.Sub(bs[0].start) > 45*24*time.Hour
	next := left - 1
	year := 0
	for i, b := range bs {
		x := left + float64(i)*step
		text, room := b.start.Format(g.label), 52.0
		if monthly {
			if i == 0 && b.start.Day() != 1 || i > 0 && b.start.Month() == bs[i-1].start.Month() {
				continue
			}
			text, room = b.start.Format("Jan"), 44
			if b.start.Year() != year {
				text, room = b.start.Format("Jan 2006"), 74
			}
		} else if g.name == "month" {
			room = 74
		}
		if x < next || x+room-12 > c.W {
			continue
		}
		year = b.start.Year()
		next = x + room
		c.Rules = append(c.Rules, stroke{x, y - 25, x, y - 19, "axis"})
		c.Labels = append(c.Labels, label{x, y, "start", text})
	}
}

// group is one bar of organizations: a sector or a country.
type group struct {
	Name     string
	Verdicts [vedette.VerdictCompromise + 1]int64 // how many organizations
}

// Total is the number of organizations.
func (g group) Total() (n int64) {
	for _, v := range g.Verdicts {
		n += v
	}
	return n
}

// bars draws organizations by group, stacked by verdict, worst first and
// labeled with their number where there is room.
func bars(id, title, desc string, groups []group) chart {
	const width, right, top, row, thick = 400.0, 14.0, 4.0, 42.0, 17.0
	c := chart{ID: id, Title: title, Desc: desc, W: width, H: top + row*float64(len(groups)) + 24}
	var largest int64
	for _, g := range groups {
		largest = max(largest, g.Total())
	}
	x, ticks := newScale(largest, width-right-2, 5)
	base := top + row*float64(len(groups))
	for _, t := range ticks {
		at := 2 + x.at(t)
		align := "middle"
		if t == 0 {
			align = "start"
		}
		c.Rules = append(c.Rules, stroke{at, top, at, base, "grid"})
		c.Labels = append(c.Labels, label{at, base + 16, align, thousands(t)})
	}
	for i, g := range groups {
		y := top + row*float64(i) + 18
		c.Labels = append(c.Labels, label{2, y - 5, "name", clean(g.Name, 34)})
		c.Rules = append(c.Rules, stroke{2, y - 1, 2, y + thick + 1, "axis"})
		before := int64(0)
		for _, v := range worstFirst {
			n := g.Verdicts[v]
			if n == 0 {
				continue
			}
			from, to := 2+x.at(before), 2+x.at(before+n)
			before += n
			c.Bars = append(c.Bars, bar{from, y, to - from, thick, v, clean(g.Name, 60) + ": " + thousands(n) + " " + v.String()})
			if text := thousands(n); to-from > 8*float64(len(text))+6 {
				c.Labels = append(c.Labels, label{(from + to) / 2, y + 13, "in in" + strconv.Itoa(int(v)), text})
			}
		}
	}
	return c
}
