package outbound

import (
	"math"
	"slices"
)

// Scores of a beacon as RITA v5 publishes them (github.com/activecm/rita,
// docs and default configuration): four scores of equal weight over 24 hours.
// Intervals and sizes: the mean of 1 - |Bowley skewness| and of 1 - MAD/median.
// Histogram: how even the hours are, or how well they fit two levels. Duration:
// the part of the day covered, or the longest run of hours of twelve.
const (
	beaconHours  = 24
	minHours     = 6  // hours with connections for a duration score
	idealRun     = 12 // consecutive hours that give the full score
	bimodalHours = 11 // hours with connections for a bimodal score
	bimodalWidth = 0.05
)

// beaconScore gives 0 (no beacon) to 1 for connections at the given times
// (seconds from the start of the day that is judged, ascending) and sizes
// (bytes sent). Fewer than four times, or three intervals above zero, score 0.
func beaconScore(times, sizes []float64) float64 {
	var intervals []float64
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d > 0 {
			intervals = append(intervals, d)
		}
	}
	if len(intervals) < 3 {
		return 0
	}
	hours := hourly(times)
	return 0.25 * (evenness(intervals, 1) + evenness(sizes, 0) + histogramScore(hours) + durationScore(times, hours))
}

// evenness is the mean of the skewness score and the dispersion score. whenZero
// is the latter for a median below one.
func evenness(values []float64, whenZero float64) float64 {
	v := slices.Sorted(slices.Values(values))
	q1, q2, q3 := quartiles(v)
	skew := 0.0
	if q3-q1 >= 10 && q2 != q1 && q2 != q3 {
		skew = (q1 + q3 - 2*q2) / (q3 - q1)
	}
	spread := whenZero
	if q2 >= 1 {
		deviations := make([]float64, len(v))
		for i := range v {
			deviations[i] = math.Abs(v[i] - q2)
		}
		slices.Sort(deviations)
		spread = max(0, (q2-median(deviations))/q2)
	}
	return (1 - math.Abs(skew) + spread) / 2
}

// quartiles of sorted values, as medians of the halves.
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

func hourly(times []float64) (hours [beaconHours]float64) {
	for _, t := range times {
		hours[min(max(int(t/3600), 0), beaconHours-1)]++
	}
	return hours
}

func histogramScore(hours [beaconHours]float64) float64 {
	var sum, squares, top float64
	bars := 0
	for _, n := range hours {
		sum += n
		top = max(top, n)
		if n > 0 {
			bars++
		}
	}
	mean := sum / beaconHours
	for _, n := range hours {
		squares += (n - mean) * (n - mean)
	}
	flat := max(0, 1-math.Sqrt(squares/beaconHours)/mean)
	if bars < bimodalHours {
		return flat
	}
	width := math.Ceil(top * bimodalWidth)
	levels := make(map[float64]int)
	for _, n := range hours {
		if n > 0 {
			levels[math.Floor(n/width)]++
		}
	}
	var counts []int
	for _, n := range levels {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	best := counts[len(counts)-1]
	if len(counts) > 1 {
		best += counts[len(counts)-2]
	}
	// One hour may be an outlier.
	return max(flat, min(1, float64(best)/float64(bars-1)))
}

func durationScore(times []float64, hours [beaconHours]float64) float64 {
	bars, run, longest := 0, 0, 0
	for i := range 2 * beaconHours { // a run may cross midnight
		if hours[i%beaconHours] == 0 {
			run = 0
			continue
		}
		run++
		longest = max(longest, min(run, beaconHours))
		if i < beaconHours {
			bars++
		}
	}
	if bars < minHours {
		return 0
	}
	coverage := (times[len(times)-1] - times[0]) / (beaconHours * 3600)
	return max(min(1, coverage), min(1, float64(longest)/idealRun))
}
