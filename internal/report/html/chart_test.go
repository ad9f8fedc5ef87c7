package html

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
)

func TestScale(t *testing.T) {
	f := func(largest int64, wanted int, want ...int64) {
		t.Helper()
		s, got := newScale(largest, 100, wanted)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("newScale(%d): %s", largest, diff)
		}
		if s.max < largest || s.at(s.max) != 100 || s.at(0) != 0 {
			t.Errorf("newScale(%d): %+v does not cover it", largest, s)
		}
	}
	f(0, 4, 0, 1)
	f(1, 4, 0, 1)
	f(3, 4, 0, 1, 2, 3)
	f(7, 4, 0, 2, 4, 6, 8)
	f(290, 4, 0, 100, 200, 300)
	f(1001, 4, 0, 500, 1000, 1500)
	f(12_345_678, 4, 0, 5_000_000, 10_000_000, 15_000_000)
}

func TestBuckets(t *testing.T) {
	f := func(days []vedette.TimelineDay, wantGrain string, wantN int) {
		t.Helper()
		bs, g := buckets(days)
		if g.name != wantGrain || len(bs) != wantN {
			t.Errorf("%d buckets by %s, want %d by %s", len(bs), g.name, wantN, wantGrain)
		}
		var got, want [vedette.VerdictCompromise + 1]int64
		for i, b := range bs {
			for v, n := range b.findings {
				got[v] += n
			}
			if i > 0 && !b.start.Equal(g.next(bs[i-1].start)) {
				t.Errorf("bucket %d starts at %s, after %s", i, b.start, bs[i-1].start)
			}
		}
		for _, d := range days {
			for v, n := range d.Findings {
				want[v] += n
			}
		}
		if got != want {
			t.Errorf("buckets hold %v, days %v", got, want)
		}
	}
	on := func(days ...int) (out []vedette.TimelineDay) {
		for _, d := range days {
			out = append(out, vedette.TimelineDay{Day: day(d), Findings: [...]int64{0, int64(d) + 1, 2, 3}})
		}
		return out
	}
	f(nil, "day", 0)
	f(on(5), "day", 1)
	f(on(0, 1, 7, 119), "day", 120)
	f(on(0, 3, 120), "week", 18)
	f(on(0, 800), "week", 115)
	f(on(0, 900), "month", 30)
	f(on(0, 20000), "year", 55)
}

// TestTimelineAddsUp checks that bars are as high as their numbers, stand on
// each other, and stay inside the drawing.
func TestTimelineAddsUp(t *testing.T) {
	f := func(days []vedette.TimelineDay, width float64) {
		t.Helper()
		bs, g := buckets(days)
		c := timeline("x", bs, g, width)
		var largest int64
		for _, b := range bs {
			largest = max(largest, b.total())
		}
		s, _ := newScale(largest, 180, 4)
		heights := make(map[float64]float64)
		lowest := make(map[float64]float64)
		for _, b := range c.Bars {
			if b.X < 0 || b.X+b.W > c.W || b.Y < 0 || b.Y+b.H > c.H || b.W <= 0 || b.H < 0 {
				t.Errorf("bar %+v leaves the %gx%g drawing", b, c.W, c.H)
			}
			if below, ok := lowest[b.X]; ok && math.Abs(below-(b.Y+b.H)) > 1e-6 {
				t.Errorf("bar %+v does not stand on the one below, which ends at %g", b, below)
			}
			lowest[b.X] = b.Y
			heights[b.X] += b.H
		}
		var drawn, want float64
		for _, h := range heights {
			drawn += h
		}
		marks := 0
		for _, b := range bs {
			want += s.at(b.total())
			if b.findings[vedette.VerdictCompromise] > 0 {
				marks++
			}
		}
		if math.Abs(drawn-want) > 1e-6 {
			t.Errorf("bars are %g high together, want %g", drawn, want)
		}
		if len(c.Marks) != marks {
			t.Errorf("%d marks, want %d", len(c.Marks), marks)
		}
		apart(t, c)
	}
	f(sample().Timeline, 760)
	f(sample().Timeline, 350)
	for _, n := range []int{1, 20, 60, 119, 400, 1500, 9000} {
		var days []vedette.TimelineDay
		for i := range n {
			days = append(days, vedette.TimelineDay{Day: day(i), Findings: [...]int64{0, int64(i*37) % 91, int64(i*11) % 17, int64(i) % 29 / 28}})
		}
		f(days, 760)
		f(days, 350)
	}
}

// apart checks that labels of one line do not run into each other.
func apart(t *testing.T, c chart) {
	t.Helper()
	end := -1.0
	n := 0
	for _, l := range c.Labels {
		if l.Class != "start" {
			continue
		}
		if n++; l.X < end {
			t.Errorf("label %q at %g begins before the one before ends, at %g", l.Text, l.X, end)
		}
		end = l.X + 7*float64(len(l.Text))
		if end > c.W+8 {
			t.Errorf("label %q ends at %g of %g", l.Text, end, c.W)
		}
	}
	if n == 0 {
		t.Error("no label below the axis")
	}
}

// TestBarsAddUp checks that segments are as long as their numbers and meet.
func TestBarsAddUp(t *testing.T) {
	groups := []group{{"a", [...]int64{1, 2, 3, 4}}, {"b", [...]int64{0, 0, 7, 0}}, {strings.Repeat("long ", 20), [...]int64{1000, 1, 1, 1}}}
	c := bars("x", "t", "d", groups)
	s, _ := newScale(1003, 400-14-2, 5)
	ends := make(map[float64]float64)
	starts := make(map[float64]float64)
	for _, b := range c.Bars {
		if end, ok := ends[b.Y]; ok && math.Abs(end-b.X) > 1e-6 {
			t.Errorf("segment %+v does not meet the one before, which ends at %g", b, end)
		} else if !ok {
			starts[b.Y] = b.X
		}
		ends[b.Y] = b.X + b.W
	}
	if len(ends) != len(groups) {
		t.Fatalf("%d bars, want %d", len(ends), len(groups))
	}
	for i, g := range groups {
		y := 4 + 42*float64(i) + 18
		if got, want := ends[y]-starts[y], s.at(g.Total()); math.Abs(got-want) > 1e-6 {
			t.Errorf("bar %d is %g long, want %g", i, got, want)
		}
		if ends[y] > c.W || y+17 > c.H {
			t.Errorf("bar %d leaves the drawing", i)
		}
	}
}

// TestGroups checks that no organization is lost between sectors.
func TestGroups(t *testing.T) {
	var all []vedette.OrganizationVerdict
	for i := range 100 {
		all = append(all, vedette.OrganizationVerdict{Organization: organization("o", "O", thousands(int64(i%20)), ""), Verdict: vedette.Verdict(i % 4)})
	}
	g := groupsBy("sector", all, func(o *vedette.Organization) string { return o.Sector })
	if len(g.Groups) != maxGroups {
		t.Errorf("%d groups, want %d", len(g.Groups), maxGroups)
	}
	var n int64
	for _, x := range g.Groups {
		n += x.Total()
	}
	if n != 100 {
		t.Errorf("groups hold %d organizations, want 100", n)
	}
	if last := g.Groups[maxGroups-1]; last.Name != "9 others" {
		t.Errorf("the last group is %q", last.Name)
	}
}
