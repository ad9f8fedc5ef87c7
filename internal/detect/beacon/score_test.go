package beacon

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// at returns the times of connections that are the given intervals apart.
func at(intervals ...int64) []int64 {
	times := []int64{0}
	for _, d := range intervals {
		times = append(times, times[len(times)-1]+d)
	}
	return times
}

func repeat(n int, values ...int64) (out []int64) {
	for range n {
		out = append(out, values...)
	}
	return out
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.0005 {
		t.Errorf("%s = %.4f, want %.4f", what, got, want)
	}
}

// TestSteadiness works the interval and size scores out by hand.
func TestSteadiness(t *testing.T) {
	f := func(name string, sorted []float64, skew, spread, whenZero, want float64) {
		t.Helper()
		near(t, name+": skewness", skewness(sorted), skew)
		near(t, name+": dispersion score", dispersion(sorted, whenZero), spread)
		near(t, name+": steadiness", steadiness(sorted, whenZero), want)
	}
	// Q1 = Q2 = Q3 = 600: no skewness. Deviations 0, 0, 0, 0: MAD 0, score
	// (600 - 0) / 600 = 1. (1 + 1) / 2.
	f("equal", []float64{600, 600, 600, 600}, 0, 1, 1, 1)

	// Halves without the middle: {60}, {180}. Q1 = 60, Q2 = 120, Q3 = 180.
	// (60 + 180 - 2*120) / (180 - 60) = 0. Deviations 60, 0, 60, sorted 0, 60,
	// 60: MAD 60, score (120 - 60) / 120 = 1/2. (1 + 1/2) / 2.
	f("symmetric", []float64{60, 120, 180}, 0, 0.5, 1, 0.75)

	// Halves {10, 20}, {100, 200}. Q1 = 15, Q2 = 30, Q3 = 150.
	// (15 + 150 - 60) / 135 = 7/9. Deviations 20, 10, 0, 70, 170: MAD 20, score
	// (30 - 20) / 30 = 1/3. (1 - 7/9 + 1/3) / 2 = 5/18.
	f("skewed", []float64{10, 20, 30, 100, 200}, 7.0/9, 1.0/3, 1, 0.278)

	// Halves {1, 2}, {8, 9}. Q1 = 1.5, Q3 = 8.5: less than ten apart, so no
	// skewness. Deviations from 5: 4, 3, 0, 3, 4: MAD 3, score 2/5. (1 + 2/5) / 2.
	f("close quartiles", []float64{1, 2, 5, 8, 9}, 0, 0.4, 1, 0.7)

	// Even length, halves {10, 20, 30}, {40, 50, 60}. Q1 = 20, Q2 = 35, Q3 = 50.
	// (20 + 50 - 70) / 30 = 0. Deviations 25, 15, 5, 5, 15, 25: MAD 15, score
	// 20/35 = 4/7. (1 + 4/7) / 2 = 11/14.
	f("ramp", []float64{10, 20, 30, 40, 50, 60}, 0, 4.0/7, 0, 0.786)

	// The median is the lower quartile: halves {100, 100}, {100, 400}, Q1 = 100,
	// Q2 = 100, Q3 = 250: no skewness. Deviations 0, 0, 0, 300: MAD 0, score 1.
	f("median is a quartile", []float64{100, 100, 100, 400}, 0, 1, 0, 1)

	// Median below one: the dispersion score is 0 for sizes, 1 for intervals.
	f("empty bodies", []float64{0, 0, 0, 0}, 0, 0, 0, 0.5)

	// MAD above the median cannot make the score negative: Q2 = 2, deviations
	// 1, 0, 97, 98, 1: sorted 0, 1, 1, 97, 98, MAD 1, score 1/2. Quartiles
	// Q1 = 1, Q3 = 99.5: (1 + 99.5 - 4) / 98.5 = 0.9797.
	f("heavy tail", []float64{1, 1, 2, 99, 100}, 0.9797, 0.5, 1, 0.260)

	// What RITA's own tests expect (analysis/beacons_test.go at 392fd16): two
	// intervals in turn give 0.746, nine at random 0.083.
	f("RITA: bimodal", []float64{98, 98, 98, 98, 98, 300, 300, 300, 300, 300}, 0, 98.0/199, 1, 0.746)
	f("RITA: random", []float64{1, 2, 25, 42, 90, 299, 500, 1500, 4975}, 833.5/986.5, 1.0/90, 1, 0.083)
}

// TestHistogram works histogram and duration scores out by hand. hoursSeen are
// connections in each hour.
func TestHistogram(t *testing.T) {
	f := func(name string, hoursSeen []int64, flat, modes, lasting float64) {
		t.Helper()
		var times []int64
		for h, n := range hoursSeen {
			for i := range n {
				times = append(times, int64(h)*3600+i)
			}
		}
		counts := hourly(times)
		near(t, name+": flatness", flatness(counts), flat)
		near(t, name+": bimodality", bimodality(counts), modes)
		near(t, name+": histogram", histogram(counts), max(flat, modes))
		near(t, name+": duration", duration(times, counts), lasting)
	}
	// All hours equal: deviation 0, 1 - 0/6 = 1. One height: 24 / (24 - 1) > 1.
	// Run of 24 hours: 24/12 > 1.
	f("flat", repeat(24, 6), 1, 1, 1)

	// Mean 10, deviation 2: 1 - 2/10. Heights 8 and 12 in steps of
	// ceil(12 * 0.05) = 1: 12 + 12 of 23.
	f("two levels", repeat(12, 8, 12), 0.8, 1, 1)

	// 4 connections in one hour: mean 1/6, variance
	// ((23/6)^2 + 23 (1/6)^2) / 24 = 23/36, deviation 0.799: 1 - 4.796 < 0. One
	// hour is too few for the other two.
	f("one hour", []int64{4}, 0, 0, 0)

	// Mean 180/24 = 7.5, variance (6 * 2.5^2 + 6 * 12.5^2 + 12 * 7.5^2) / 24 =
	// 68.75, deviation 8.292: below 0. Heights 10 and 20: 12 / 11 > 1. Run 12/12.
	f("half a day of two levels", repeat(6, 10, 20), 0, 1, 1)

	// Mean 600/24 = 25, variance (5 * 15^2 + 4 * 55^2 + 35^2 + 5^2 + 13 * 25^2) /
	// 24 = 941.7, deviation 30.7: below 0. Steps of ceil(80 * 0.05) = 4: heights
	// 10 (five), 20 (four), 15, 5: 9 / (11 - 1). Run 11/12 = 0.9167, up to 0.917.
	f("outliers", []int64{40, 40, 40, 40, 40, 80, 80, 80, 80, 60, 20}, 0, 0.9, 0.917)

	// Ten hours: no bimodal score. Mean 5, variance (10 * 49 + 14 * 25) / 24 = 35,
	// deviation 5.916: below 0. Run 10/12 = 0.8333, up to 0.834.
	f("ten hours", repeat(10, 12), 0, 0, 0.834)

	// Six hours: run 6/12; coverage (5 * 3600) / 86400 is less.
	f("six hours", repeat(6, 1), 0, 0, 0.5)
	f("five hours", repeat(5, 1), 0, 0, 0)

	// Hours 0 to 3 and 20 to 23: the run crosses midnight, 8/12 = 0.667; but from
	// the first to the last it is 23/24 = 0.9583, up to 0.959. Mean 1/3, variance
	// (8 * (2/3)^2 + 16 * (1/3)^2) / 24 = 2/9, deviation 0.4714: below 0.
	f("over midnight", []int64{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, 0, 0, 0.959)
}

// TestScore joins the four.
func TestScore(t *testing.T) {
	f := func(name string, times, sizes []int64, intervals, bytes, hist, lasting, total float64) {
		t.Helper()
		got := score(times, sizes)
		near(t, name+": intervals", got.intervals, intervals)
		near(t, name+": sizes", got.sizes, bytes)
		near(t, name+": histogram", got.histogram, hist)
		near(t, name+": duration", got.duration, lasting)
		near(t, name+": score", got.total, total)
	}
	f("every ten minutes, equal sizes", at(repeat(143, 600)...), repeat(144, 512), 1, 1, 1, 1, 1)
	// Intervals "symmetric", sizes "median is a quartile": (0.75 + 1) / 4 = 0.4375.
	f("four", at(60, 120, 180), []int64{100, 100, 100, 400}, 0.75, 1, 0, 0, 0.438)
	// Intervals "skewed", sizes "ramp": (0.278 + 0.786) / 4.
	f("six", at(10, 20, 30, 100, 200), []int64{10, 20, 30, 40, 50, 60}, 0.278, 0.786, 0, 0, 0.266)
	// Two connections in one second leave no interval: 100, 100, 100 remain.
	f("twice in a second", at(0, 100, 0, 100, 100), repeat(6, 0), 1, 0.5, 0, 0, 0.375)
	// 142 intervals of 300 and 900 in turn: Q1 = 300, Q2 = 600, Q3 = 900, no
	// skewness; all deviations 300, score 300/600: 0.75. Of the 143 sizes 72 are
	// 200: the median and Q1 are 200, more than half of the deviations 0: 1. Six an
	// hour, five in the last: two heights. (0.75 + 1 + 1 + 1) / 4 = 0.9375.
	f("in turn", at(repeat(71, 300, 900)...), repeat(72, 200, 600)[:143], 0.75, 1, 1, 1, 0.938)
	f("two intervals", at(600, 600), repeat(3, 512), 0, 0, 0, 0, 0)
	f("nothing", nil, nil, 0, 0, 0, 0, 0)
}

// jittered is a day of a beacon whose waits and sizes are drawn evenly from a
// range of plus and minus jitter about their mean.
func jittered(rng *rand.Rand, every, size, jitter, sizeJitter float64) (times, sizes []int64) {
	draw := func(mean, j float64) float64 { return mean * (1 + j*(2*rng.Float64()-1)) }
	for now := 0.0; now < 86400; now += draw(every, jitter) {
		times, sizes = append(times, int64(now)), append(sizes, int64(draw(size, sizeJitter)))
	}
	return times, sizes
}

// atRandom is the mean score of days of connections that know nothing of each
// other: exponential waits and, if any is set, log-normal sizes.
func atRandom(any bool, runs int) float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	sum := 0.0
	for range runs {
		var times, sizes []int64
		for now := 0.0; now < 86400; now += 300 * rng.ExpFloat64() {
			size := 600.0
			if any {
				size *= math.Exp(rng.NormFloat64())
			}
			times, sizes = append(times, int64(now)), append(sizes, int64(size))
		}
		sum += score(times, sizes).total
	}
	return sum / float64(runs)
}

// TestJitter holds the table in the README to the code: the score over jitter
// never rises by more than the tolerance, and stays above the threshold as far
// as the table says.
func TestJitter(t *testing.T) {
	const runs, tolerance = 100, 0.005
	var table strings.Builder
	for _, every := range []float64{60, 300, 1800} {
		for _, both := range []bool{false, true} {
			what := "waits"
			if both {
				what = "waits and sizes"
			}
			before, everyMinute := 2.0, every/60
			fmt.Fprintf(&table, "| %.0f min, %s |", everyMinute, what)
			for _, percent := range []float64{0, 5, 10, 20, 30, 40, 50} {
				rng := rand.New(rand.NewPCG(uint64(every), uint64(percent)))
				sum, found, sizeJitter := 0.0, 0, 0.0
				if both {
					sizeJitter = percent / 100
				}
				for range runs {
					times, sizes := jittered(rng, every, 600, percent/100, sizeJitter)
					s := score(times, sizes).total
					sum += s
					if s >= minScore {
						found++
					}
				}
				mean := sum / runs
				if mean > before+tolerance {
					t.Errorf("every %.0f s, %s: score rises to %.3f at %.0f %%, from %.3f", every, what, mean, percent, before)
				}
				if found < runs*9/10 {
					t.Errorf("every %.0f s, %s: %d of %d days found at %.0f %%", every, what, found, runs, percent)
				}
				before = mean
				fmt.Fprintf(&table, " %.2f |", mean)
			}
			table.WriteString("\n")
		}
	}
	for _, sizes := range []string{"equal", "any"} {
		mean := atRandom(sizes == "any", runs)
		fmt.Fprintf(&table, "| at random, 5 min on average, sizes %s | %.2f |\n", sizes, mean)
		if sizes == "any" && mean >= minScore {
			t.Errorf("connections at random score %.3f", mean)
		}
	}
	t.Logf("mean scores:\n%s", &table)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("the README's table is not:\n%s", &table)
	}
}
