package trend

import (
	"math/rand/v2"
	"testing"
	"time"
)

// rhythmOf reads the hours of n days for which active answers true.
func rhythmOf(n int, zone *time.Location, active func(t time.Time) bool) *rhythm {
	s := &subject{zone: zone, hours: make([]uint64, (n*24+63)/64)}
	first := dayOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) // a Monday
	watched := make([]float64, n)
	for i := range watched {
		watched[i] = 1
	}
	for h := range n * 24 {
		if active(first.time().Add(time.Duration(h) * time.Hour)) {
			s.hours[h/64] |= 1 << (h % 64)
		}
	}
	return newRhythm(s, first, watched)
}

func TestRhythm(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	r := rhythmOf(182, zone, func(at time.Time) bool {
		l := at.In(zone)
		return l.Weekday() != time.Saturday && l.Weekday() != time.Sunday && l.Hour() >= 9 && l.Hour() < 17 && l.YearDay()%2 == 0
	})
	if p, ok := r.weekdays(); !ok || p > 1e-4 {
		t.Errorf("weekdays: p = %g, %v", p, ok)
	}
	if p, ok := r.hourly(); !ok || p > 1e-6 {
		t.Errorf("hours: p = %g, %v", p, ok)
	}
	if from, length, share := r.core(); from < 9 || from+length > 17 || share < coreShare {
		t.Errorf("core %d+%d holds %g", from, length, share)
	}
	if r.active[0]+r.active[6] != 0 || r.days[3] != 26 {
		t.Errorf("active %v of %v", r.active, r.days)
	}
	few := rhythmOf(182, time.UTC, func(at time.Time) bool { return at.Day() == 1 && at.Hour() == 4 })
	if _, ok := few.weekdays(); ok {
		t.Error("six days are enough for weekdays")
	}
	if _, ok := few.hourly(); ok {
		t.Error("six days are enough for hours")
	}
	always := rhythmOf(182, time.UTC, func(time.Time) bool { return true })
	if _, ok := always.weekdays(); ok {
		t.Error("what never rests has weekdays")
	}
}

func TestWeekdaysByHand(t *testing.T) {
	r := &rhythm{days: [7]int{20, 20, 20, 20, 20, 20, 20}, active: [7]int{10, 10, 10, 10, 10, 10, 10}}
	if p, ok := r.weekdays(); !ok || p < 0.9999 {
		t.Errorf("even days: p = %g, %v", p, ok)
	}
	// Expected 10 of 20, variance 5 each: (3*25 + 3*25)/5 = 30; P(chi2(6) > 30) = 3.93e-5.
	r.active = [7]int{5, 15, 5, 15, 5, 15, 10}
	if p, ok := r.weekdays(); !ok || p < 3.9e-5 || p > 4e-5 {
		t.Errorf("uneven days: p = %g, %v", p, ok)
	}
}

// TestRhythmFalseAlarms draws sessions of up to eight hours at any time on any
// day: there is no rhythm, but hours depend on each other.
func TestRhythmFalseAlarms(t *testing.T) {
	const nominal, runs = 0.05, 600
	r := rand.New(rand.NewPCG(5, 6))
	days, hours, asked := 0, 0, 0
	for range runs {
		on := make([]bool, 182*24)
		for range 60 {
			at := r.IntN(len(on))
			for h := at; h < min(len(on), at+1+r.IntN(8)); h++ {
				on[h] = true
			}
		}
		first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		x := rhythmOf(182, time.FixedZone("", 3*3600), func(at time.Time) bool { return on[int(at.Sub(first).Hours())] })
		if p, ok := x.weekdays(); ok {
			asked++
			if p <= nominal {
				days++
			}
		}
		if p, ok := x.hourly(); ok && p <= nominal {
			hours++
		}
	}
	t.Logf("weekdays %d of %d, hours %d of %d", days, asked, hours, runs)
	if asked < runs/2 || float64(days) > 0.08*float64(asked) || float64(hours) > 0.08*runs {
		t.Errorf("weekdays %d of %d, hours %d of %d: more than nominal", days, asked, hours, runs)
	}
}
