package trend

import (
	"math"
	"time"
)

// Rhythm: do days of the week or hours of the day matter? Findings come in
// bursts and are no independent draws, so days are counted as active or not, and
// each session (active hours without a longer break) speaks once about hours.
// Calendar days would not do: a session across midnight would speak twice.

const (
	minActive    = 20  // days, or sessions
	sessionBreak = 6   // hours without activity that end a session
	minExpected  = 5   // active and idle days each weekday needs (Cochran, Biometrics 10, 1954)
	coreShare    = 0.8 // of the active hours that the core hours hold
	maxCoreHours = 12  // a longer core is no working day
	minDayRatio  = 1.5 // by which the busiest weekday must exceed the average
	wholeDay     = 24
	daysInWeek   = 7
)

// rhythm is which local days and hours of the period were active.
type rhythm struct {
	active, days [daysInWeek]int // by weekday, 0 is Sunday
	hours        [wholeDay]int   // active hours by hour of the day
	sessions     [][2]float64    // of each session, the mean of its hours on the circle
}

// newRhythm reads a subject's active hours by its own clock. Days without
// telemetry from anybody are left out.
func newRhythm(s *subject, first day, watched []float64) *rhythm {
	r := &rhythm{}
	seen := make(map[day]bool)
	var sum [2]float64
	var n float64
	last, before := day(math.MinInt64), 0
	flush := func() {
		if n > 0 {
			r.sessions = append(r.sessions, [2]float64{sum[0] / n, sum[1] / n})
		}
		sum, n = [2]float64{}, 0
	}
	for h := range int(wholeDay) * len(watched) {
		at := first.time().Add(time.Duration(h) * time.Hour).In(s.zone)
		_, offset := at.Zone()
		local := day(math.Floor(float64(at.Unix()+int64(offset)) / 86400))
		if watched[h/wholeDay] > 0 && !seen[local] {
			seen[local] = true
			r.days[local.weekday()]++
		}
		if s.hours[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		if local != last {
			r.active[local.weekday()]++
			last = local
		}
		if h-before > sessionBreak {
			flush()
		}
		before = h
		r.hours[at.Hour()]++
		sin, cos := math.Sincos((float64(at.Hour()) + 0.5) / wholeDay * 2 * math.Pi)
		sum, n = [2]float64{sum[0] + cos, sum[1] + sin}, n+1
	}
	flush()
	return r
}

// weekdays returns the probability that such differences between the days of
// the week arise by chance: Pearson's chi-square of active and idle days by
// weekday, 6 degrees of freedom. ok is false if there is too little to tell.
func (r *rhythm) weekdays() (p float64, ok bool) {
	var active, all float64
	for d := range r.days {
		active, all = active+float64(r.active[d]), all+float64(r.days[d])
	}
	if active < minActive {
		return 1, false
	}
	share := active / all
	chi := 0.0
	for d, n := range r.days {
		expected := float64(n) * share
		if expected < minExpected || float64(n)-expected < minExpected {
			return 1, false
		}
		diff := float64(r.active[d]) - expected
		chi += diff * diff / (expected * (1 - share))
	}
	x := chi / 2 // the upper tail for an even number of degrees of freedom
	return math.Exp(-x) * (1 + x + x*x/2), true
}

// hourly returns the probability that hours so uneven arise by chance:
// Hotelling's test that the mean of the sessions' mean vectors is zero (second-order
// analysis of angles; Batschelet, Circular Statistics in Biology, 1981; Zar,
// Biostatistical Analysis). Hours of one session need not be independent for it.
func (r *rhythm) hourly() (p float64, ok bool) {
	n := float64(len(r.sessions))
	if n < minActive {
		return 1, false
	}
	var mx, my, xx, yy, xy float64
	for _, v := range r.sessions {
		mx, my = mx+v[0]/n, my+v[1]/n
	}
	for _, v := range r.sessions {
		x, y := v[0]-mx, v[1]-my
		xx, yy, xy = xx+x*x, yy+y*y, xy+x*y
	}
	det := xx*yy - xy*xy
	if det <= 0 {
		return 0, true // all sessions are alike
	}
	// T² = n m' S⁻¹ m with S the covariance; (n-2)/(2(n-1)) T² is F(2, n-2).
	t2 := n * (n - 1) * (mx*mx*yy - 2*mx*my*xy + my*my*xx) / det
	f := (n - 2) / (2 * (n - 1)) * t2
	return math.Pow(1+2*f/(n-2), -(n-2)/2), true
}

// core returns the shortest stretch of hours that holds coreShare of the active
// hours, and its share.
func (r *rhythm) core() (from, length int, share float64) {
	total := 0
	for _, n := range r.hours {
		total += n
	}
	for length = 1; length < wholeDay; length++ {
		best := 0
		for start := range wholeDay {
			n := 0
			for i := range length {
				n += r.hours[(start+i)%wholeDay]
			}
			if n > best {
				best, from = n, start
			}
		}
		if share = float64(best) / float64(total); share >= coreShare {
			return from, length, share
		}
	}
	return 0, wholeDay, 1
}
