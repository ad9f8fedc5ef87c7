package blind

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A source is dark when it is silent for longer than its own rhythm explains.
// Its rhythm is how often each hour of its week has an event. Silences are
// measured in expected active hours, so nights and weekends cost nothing where
// they are always quiet. The ordinary silences of a source are taken as Weibull
// distributed (W. Weibull, A statistical distribution function of wide
// applicability, J. Appl. Mech. 18, 1951), from chance to bursts. The longest
// ones are judged against the shorter ones, from the inside out, so that one
// dark time does not hide another (after Rosner's generalized extreme
// studentized deviate, Technometrics 25, 1983).

const (
	weekHours   = 7 * 24
	minGaps     = 10    // ordinary silences that a rhythm needs
	maxSilences = 8     // of one source
	rarity      = 0.001 // chance of one false silence a source
	prior       = 2.0   // weeks of the average hour that each hour of the week starts with
	minShape    = 0.4   // very bursty
	maxShape    = 1.0   // chance: nothing is taken for more regular than that
	minSilence  = 24    // hours; shorter ones are maintenance
	officeShare = 1.0 / 3
	holiday     = 17  // days that offices may be closed: two weeks with the weekends around them
	alwaysOn    = 0.7 // share of its hours with an event
)

// silence is a stretch of hours without an event, from the first silent hour to
// the first that has one again.
type silence struct {
	from, to int
	expected float64 // active hours that it should have had
}

func (s silence) hours() int { return s.to - s.from }

// overlap is the share of s that o covers.
func (s silence) overlap(o silence) float64 {
	return float64(max(0, min(s.to, o.to)-max(s.from, o.from))) / float64(max(1, s.hours()))
}

// rhythm is what is ordinary for a source.
type rhythm struct {
	week    [weekHours]float64 // probability of an event
	mean    float64
	longest int  // ordinary silence, hours
	office  bool // its weekends are much quieter than its other days
}

// study returns the rhythm of a source and its silences that do not fit it. ok
// is false if there is too little to know one.
func study(hours []bool, start time.Time) (r rhythm, dark []silence, ok bool) {
	first, last := slices.Index(hours, true), -1
	for i := len(hours) - 1; i >= 0 && last < 0; i-- {
		if hours[i] {
			last = i
		}
	}
	if first < 0 {
		return r, nil, false
	}
	offset := int(start.Weekday())*24 + start.Hour()
	r.learn(hours[first:last+1], offset+first)
	gaps := r.gaps(hours, offset)
	if len(gaps) < minGaps {
		return r, nil, false
	}
	slices.SortStableFunc(gaps, func(a, b silence) int { return cmp.Compare(b.expected, a.expected) })
	n := 0
	for i := min(maxSilences, len(gaps)/4); i > 0 && n == 0; i-- {
		if improbable(gaps[i-1].expected, gaps[i:]) {
			n = i
		}
	}
	for _, g := range gaps[n:] {
		r.longest = max(r.longest, g.hours())
	}
	for _, g := range gaps[:n] {
		if g.hours() >= minSilence && (!r.office || g.hours() > holiday*24) {
			dark = append(dark, g)
		}
	}
	slices.SortFunc(dark, func(a, b silence) int { return cmp.Compare(a.from, b.from) })
	return r, dark, true
}

// learn fills the week from a source's first to its last active hour.
func (r *rhythm) learn(hours []bool, offset int) {
	var active, all [weekHours]float64
	total := 0.0
	for i, on := range hours {
		h := (i + offset) % weekHours
		all[h]++
		if on {
			active[h]++
			total++
		}
	}
	r.mean = total / float64(len(hours))
	weight := math.Max(prior, 1/r.mean) // at least one event: rare ones make no rhythm of the hour
	var weekend, rest float64
	for h := range r.week {
		r.week[h] = (active[h] + weight*r.mean) / (all[h] + weight)
		if day := h / 24; day == 0 || day == 6 {
			weekend += r.week[h] / 48
		} else {
			rest += r.week[h] / 120
		}
	}
	r.office = weekend < officeShare*rest
}

// gaps returns the steps from each active hour to the next, and those from the
// beginning and to the end of the period.
func (r *rhythm) gaps(hours []bool, offset int) []silence {
	var out []silence
	from, expected := 0, 0.0
	for i, on := range hours {
		expected += r.week[(i+offset)%weekHours]
		if on {
			out = append(out, silence{from, i, expected})
			from, expected = i+1, 0
		}
	}
	return append(out, silence{from, len(hours), expected})
}

// improbable reports whether so long a silence has a chance below rarity to be
// the longest, if it is like the ordinary ones.
func improbable(expected float64, ordinary []silence) bool {
	n, mean, square := float64(len(ordinary)), 0.0, 0.0
	for _, g := range ordinary {
		mean += g.expected / n
	}
	for _, g := range ordinary {
		square += (g.expected - mean) * (g.expected - mean) / n
	}
	if mean <= 0 {
		return false
	}
	shape := shapeOf(square / (mean * mean))
	scale := mean / math.Gamma(1+1/shape)
	return n*math.Exp(-math.Pow(expected/scale, shape)) < rarity
}

// shapeOf is the shape of the Weibull distribution with that squared
// coefficient of variation, within bounds.
func shapeOf(cv2 float64) float64 {
	low, high := minShape, maxShape
	for range 40 {
		mid := (low + high) / 2
		g := math.Gamma(1 + 1/mid)
		if math.Gamma(1+2/mid)/(g*g)-1 > cv2 {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
