package beacon

import (
	"math"
	"slices"
)

// What RITA's default configuration sets (default_config.hjson).
const (
	hours        = 24
	minHours     = 6    // hours with connections for a duration score
	idealRun     = 12   // consecutive hours that give the full score
	bimodalHours = 11   // hours with connections for a bimodal score
	bimodalWidth = 0.05 // of the largest hour: heights within it count as equal
	outliers     = 1    // hours that a bimodal fit may leave out
	minSkewRange = 10   // quartiles closer than this have no skewness
)

// scores are RITA's four subscores and their mean, each 0 (no beacon) to 1,
// rounded to thousandths as RITA does.
type scores struct {
	intervals, sizes, histogram, duration float64
	total                                 float64
}

// score judges the connections of one day at the given times (whole seconds
// since the day that is judged began, ascending) and sizes (bytes that the
// client sent). Fewer than three intervals above zero score 0.
//
// The formula is that of RITA v5 (github.com/activecm/rita, analysis/beacons.go
// at 0b6db7a). Intervals and sizes: the mean of 1 - |Bowley skewness| and of
// 1 - MAD/median. Histogram: how even the hours are, or how well they fit two
// heights. Duration: the part of the day covered, or the longest run of hours
// of twelve. A quarter each. The one difference: RITA's day is the newest of
// its data set, ours begins with the first connection.
func score(times, sizes []int64) scores {
	var intervals []float64
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d > 0 {
			intervals = append(intervals, float64(d))
		}
	}
	if len(intervals) < 3 {
		return scores{}
	}
	var bytes []float64
	for _, n := range sizes {
		bytes = append(bytes, float64(n))
	}
	counts := hourly(times)
	s := scores{
		intervals: steadiness(intervals, 1), sizes: steadiness(bytes, 0),
		histogram: histogram(counts), duration: duration(times, counts),
	}
	s.total = round((s.intervals + s.sizes + s.histogram + s.duration) / 4)
	return s
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }
func ceil(v float64) float64  { return math.Ceil(v*1000) / 1000 }

// steadiness is the mean of the skewness score and the dispersion score.
// whenZero is the latter for a median below one.
func steadiness(values []float64, whenZero float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return round((1 - math.Abs(skewness(v)) + dispersion(v, whenZero)) / 2)
}

// skewness is Bowley's (Elements of Statistics, 1901) of sorted values; 0 where
// the quartiles are closer than minSkewRange or one is the median.
func skewness(v []float64) float64 {
	q1, q2, q3 := quartiles(v)
	if q3-q1 < minSkewRange || q2 == q1 || q2 == q3 {
		return 0
	}
	return (q1 + q3 - 2*q2) / (q3 - q1)
}

// dispersion is 1 - MAD/median of sorted values, at least 0.
func dispersion(v []float64, whenZero float64) float64 {
	m := median(v)
	if m < 1 {
		return whenZero
	}
	deviations := make([]float64, len(v))
	for i := range v {
		deviations[i] = math.Abs(v[i] - m)
	}
	slices.Sort(deviations)
	return max(0, (m-median(deviations))/m)
}

// quartiles of sorted values, as medians of the halves without the middle one.
func quartiles(v []float64) (q1, q2, q3 float64) {
	half := len(v) / 2
	return median(v[:half]), median(v), median(v[len(v)-half:])
}

// median of sorted values; 0 if there are none.
func median(v []float64) float64 {
	n := len(v)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// hourly counts connections; what lies beyond the day counts to its last hour.
func hourly(times []int64) (counts [hours]float64) {
	for _, t := range times {
		counts[min(max(int(t/3600), 0), hours-1)]++
	}
	return counts
}

func histogram(counts [hours]float64) float64 { return max(flatness(counts), bimodality(counts)) }

// flatness is 1 - the coefficient of variation, at least 0.
func flatness(counts [hours]float64) float64 {
	var sum, squares float64
	for _, n := range counts {
		sum += n
	}
	mean := sum / hours
	for _, n := range counts {
		squares += (n - mean) * (n - mean)
	}
	return round(max(0, 1-math.Sqrt(squares/hours)/mean))
}

// bimodality is the share of hours with connections that have one of the two
// most frequent heights, one outlier left out; 0 for few hours.
func bimodality(counts [hours]float64) float64 {
	busy, top := 0, 0.0
	for _, n := range counts {
		top = max(top, n)
		if n > 0 {
			busy++
		}
	}
	if busy < bimodalHours {
		return 0
	}
	width := math.Ceil(top * bimodalWidth)
	heights := make(map[float64]int)
	for _, n := range counts {
		if n > 0 {
			heights[math.Floor(n/width)]++
		}
	}
	var frequent []int
	for _, n := range heights {
		frequent = append(frequent, n)
	}
	slices.Sort(frequent)
	slices.Reverse(frequent)
	fit := frequent[0]
	if len(frequent) > 1 {
		fit += frequent[1]
	}
	return round(min(1, float64(fit)/float64(busy-outliers)))
}

// duration is the part of the day between the first and the last connection, or
// the longest run of hours of idealRun, which may cross the day's end; 0 for
// few hours.
func duration(times []int64, counts [hours]float64) float64 {
	busy, run, longest := 0, 0, 0
	for i := range 2 * hours {
		if counts[i%hours] == 0 {
			run = 0
			continue
		}
		run++
		longest = max(longest, min(run, hours))
		if i < hours {
			busy++
		}
	}
	if busy < minHours {
		return 0
	}
	coverage := float64(times[len(times)-1]-times[0]) / (hours * 3600)
	return max(min(1, ceil(coverage)), min(1, ceil(float64(longest)/idealRun)))
}
