package blind

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

var monday = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// habit says whether a source logs something in an hour.
type habit func(r *rand.Rand, at time.Time) bool

func chance(p float64) habit { return func(r *rand.Rand, _ time.Time) bool { return r.Float64() < p } }

// busy is a web server: always something, less at night.
func busy(r *rand.Rand, at time.Time) bool {
	if h := at.Hour(); h < 6 {
		return r.Float64() < 0.7
	}
	return r.Float64() < 0.98
}

// office has people at work, and nobody on weekends.
func office(r *rand.Rand, at time.Time) bool {
	d, h := at.Weekday(), at.Hour()
	return d != time.Saturday && d != time.Sunday && h >= 8 && h < 18 && r.Float64() < 0.8
}

// weekly is a report on Mondays at three.
func weekly(_ *rand.Rand, at time.Time) bool { return at.Weekday() == time.Monday && at.Hour() == 3 }

// bursty logs for some hours every few days, by no plan.
func bursty() habit {
	left := 0
	return func(r *rand.Rand, _ time.Time) bool {
		if left > 0 {
			left--
			return true
		}
		if r.Float64() < 1.0/80 {
			left = r.IntN(12)
			return true
		}
		return false
	}
}

// live makes days of hours by a habit, without those in the given days.
func live(seed uint64, days int, h habit, dark ...[2]int) []bool {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]bool, days*24)
	for i := range out {
		out[i] = h(r, monday.Add(time.Duration(i)*time.Hour))
	}
	for _, d := range dark {
		for i := d[0] * 24; i < d[1]*24; i++ {
			out[i] = false
		}
	}
	return out
}

func TestStudy(t *testing.T) {
	f := func(name string, h habit, dark [][2]int, want ...[2]int) {
		t.Helper()
		for seed := range uint64(20) {
			_, got, ok := study(live(seed, 182, h, dark...), monday)
			if !ok {
				t.Fatalf("%s: no rhythm", name)
			}
			match := len(got) == len(want)
			for i := 0; match && i < len(want); i++ {
				match = abs(got[i].from-want[i][0]*24) <= 120 && abs(got[i].to-want[i][1]*24) <= 120
			}
			if !match {
				t.Fatalf("%s, seed %d: dark %v, want days %v", name, seed, got, want)
			}
		}
	}
	f("busy", busy, nil)
	f("busy, three days", busy, [][2]int{{50, 53}}, [2]int{50, 53})
	f("busy, twice", busy, [][2]int{{50, 53}, {90, 120}}, [2]int{50, 53}, [2]int{90, 120})
	f("busy, to the end", busy, [][2]int{{150, 182}}, [2]int{150, 182})
	f("busy, late", busy, [][2]int{{0, 30}}, [2]int{0, 30})
	f("office", office, nil)
	f("office, a week's holiday", office, [][2]int{{91, 98}})
	f("office, two weeks at Christmas", office, [][2]int{{82, 97}})
	f("office, a month", office, [][2]int{{91, 121}}, [2]int{91, 121})
	f("weekly", weekly, nil)
	f("weekly, one left out", weekly, [][2]int{{28, 35}})
	f("weekly, three months", weekly, [][2]int{{85, 182}}, [2]int{85, 182})
	f("twice a week, a week of silence", chance(2.0/168), [][2]int{{60, 67}})
	f("every few hours, three weeks", chance(0.3), [][2]int{{60, 81}}, [2]int{60, 81})
}

// TestLogRotation: at midnight the file changes, and an hour is lost.
func TestLogRotation(t *testing.T) {
	hours := live(1, 182, busy)
	for i := 0; i < len(hours); i += 24 {
		hours[i] = false
	}
	if _, dark, _ := study(hours, monday); len(dark) > 0 {
		t.Errorf("dark: %v", dark)
	}
}

func TestTooLittle(t *testing.T) {
	for _, hours := range [][]bool{nil, make([]bool, 100), live(1, 60, weekly)[:200]} {
		if _, dark, ok := study(hours, monday); ok || dark != nil {
			t.Errorf("a rhythm of %d hours: %v", len(hours), dark)
		}
	}
}

// TestFalseSilences draws sources that are never dark.
func TestFalseSilences(t *testing.T) {
	const runs = 150
	for name, h := range map[string]func() habit{
		"busy": func() habit { return busy }, "office": func() habit { return office }, "bursty": bursty,
		"every few hours": func() habit { return chance(0.2) }, "daily": func() habit { return chance(1.0 / 24) },
		"twice a week": func() habit { return chance(2.0 / 168) },
	} {
		false_ := 0
		for seed := range uint64(runs) {
			if _, dark, _ := study(live(seed+100, 182, h()), monday); len(dark) > 0 {
				false_++
			}
		}
		t.Logf("%s: %d of %d", name, false_, runs)
		if false_ > 2 {
			t.Errorf("%s: %d of %d sources that never rest are called dark", name, false_, runs)
		}
	}
}

func sensorOfDays(organization, product, place string, hours []bool) *sensor {
	return &sensor{organization: organization, product: product, place: place, hours: hours}
}

func brief(spots []vedette.BlindSpot) []string {
	out := []string{}
	for _, b := range spots {
		s := b.Organization + " " + string(b.Kind)
		if b.Asset != "" {
			s += " " + b.Asset
		}
		if !b.Since.IsZero() {
			s += " from " + b.Since.Format("2 Jan")
		}
		if !b.Until.IsZero() {
			s += " to " + b.Until.Format("2 Jan")
		}
		out = append(out, s)
	}
	return out
}

func TestSilences(t *testing.T) {
	p := period{monday, monday.AddDate(0, 0, 182)}
	c := &vedette.Constituency{}
	for _, id := range []string{"a", "b", "c", "d"} {
		c.Organizations = append(c.Organizations, vedette.Organization{ID: id, Country: "TW"})
	}
	f := func(name string, sensors []*sensor, want ...string) {
		t.Helper()
		if got := brief(silences(c, nest(sensors), p)); !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", name, got, want)
		}
	}
	gap := [2]int{60, 80}
	f("one of two", []*sensor{sensorOfDays("a", "web", "www", live(1, 182, busy)), sensorOfDays("a", "zeek", "z", live(2, 182, busy, gap))},
		"a dark Zeek (z) from 1 Mar to 21 Mar")
	f("both", []*sensor{sensorOfDays("a", "web", "www", live(1, 182, busy, gap)), sensorOfDays("a", "zeek", "z", live(2, 182, busy, gap))},
		"a dark from 1 Mar to 21 Mar")
	f("restored below", []*sensor{sensorOfDays("a", "zeek", "z", live(1, 182, busy, gap)),
		sensorOfDays("a", "zeek", "z/restored", live(2, 182, busy, [2]int{0, 60}, [2]int{80, 182}))})
	f("replaced", []*sensor{sensorOfDays("a", "web", "old", live(1, 182, busy, [2]int{80, 182})), sensorOfDays("a", "web", "new", live(2, 182, busy, [2]int{0, 80})),
		sensorOfDays("a", "zeek", "z", live(3, 182, busy))})
	f("late", []*sensor{sensorOfDays("a", "web", "www", live(1, 182, busy)), sensorOfDays("a", "zeek", "z", live(2, 182, busy, [2]int{0, 60}))},
		"a late Zeek (z) to 1 Mar")
	var holidays, outage []*sensor
	for i, id := range []string{"a", "b", "c", "d"} {
		holidays = append(holidays, sensorOfDays(id, "system", "vpn", live(uint64(i), 182, chance(0.3), gap)))
		outage = append(outage, sensorOfDays(id, "web", "www", live(uint64(i), 182, busy, gap)))
	}
	f("a whole country rests", holidays)
	f("the collector was down", outage, "a dark from 1 Mar to 21 Mar", "b dark from 1 Mar to 21 Mar", "c dark from 1 Mar to 21 Mar", "d dark from 1 Mar to 21 Mar")
	f("only one rests", append(holidays[:1:1], sensorOfDays("b", "system", "vpn", live(7, 182, chance(0.3)))), "a dark from 29 Feb to 21 Mar")
}

func TestSentence(t *testing.T) {
	p := period{monday, monday.AddDate(0, 0, 182)}
	s := sensorOfDays("a", "zeek", "z", live(2, 182, busy, [2]int{60, 80}))
	got := silences(&vedette.Constituency{}, []*sensor{sensorOfDays("a", "web", "www", live(1, 182, busy)), s}, p)
	if len(got) != 1 {
		t.Fatal(fmt.Sprint(got))
	}
	want := "Nothing from Zeek (z) arrived from 1 March 2024 00:00 to 21 March 2024 01:00 (20 days; its longest ordinary silence is 4 hours)."
	if got[0].Text != want {
		t.Errorf("%q, want %q", got[0].Text, want)
	}
}
