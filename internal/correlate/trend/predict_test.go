package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

// draw makes a negative binomial count with that mean and size (a gamma mixture
// of Poisson laws; Marsaglia and Tsang's gamma, Knuth's Poisson).
func draw(r *rand.Rand, mean, size float64) int64 {
	if !math.IsInf(size, 1) {
		mean *= gamma(r, size) / size
	}
	n := int64(0)
	for mean > 500 { // Poisson laws add up
		n += draw(r, 500, math.Inf(1))
		mean -= 500
	}
	limit, p := math.Exp(-mean), 1.0
	for p *= r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := r.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// weeksOf makes a series with a mean for each week; exposure varies by a third.
func weeksOf(r *rand.Rand, size float64, means ...float64) []point {
	out := make([]point, len(means))
	for i, m := range means {
		e := 8 + 4*r.Float64()
		out[i] = point{start: day(7 * i), count: draw(r, m*e/10, size), exposure: e}
	}
	return out
}

func level(n int, mean float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = mean
	}
	return out
}

func TestWaring(t *testing.T) {
	f := func(a, b, size, below, upTo, under, at float64) {
		t.Helper()
		u, v := waring(a, b, size, below, upTo)
		if math.Abs(u-under) > 1e-12 || math.Abs(v-at) > 1e-12 {
			t.Errorf("a %g b %g size %g: %g and %g, want %g and %g", a, b, size, u, v, under, at)
		}
	}
	// Size 1, a = b = 1: P(Y = k) = 1/((k+1)(k+2)), by hand.
	f(1, 1, 1, 0, 0, 0, 1.0/2)
	f(1, 1, 1, 2, 2, 1.0/2+1.0/6, 1.0/2+1.0/6+1.0/12)
	// Size 2, a = 1, b = 1: P(Y = 0) = B(3,1)/B(1,1) = 1/3, P(1) = 2 B(3,2)/B(1,1) = 1/6.
	f(1, 1, 2, 1, 1, 1.0/3, 1.0/3+1.0/6)
	// It sums to one.
	f(30, 40, 7, 0, 20000, 0, 1)
}

func TestPredictByHand(t *testing.T) {
	past := make([]point, 10)
	for i := range past {
		past[i] = point{count: int64(4 + i%3), exposure: 1} // 4, 5, 6, ...: mean 4.9
	}
	f := func(count int64, exposure, usual, aboveLow, aboveHigh float64) {
		t.Helper()
		p := predict(past, point{count: count, exposure: exposure})
		if math.Abs(p.usual-usual) > 1e-9 || p.above < aboveLow || p.above > aboveHigh {
			t.Errorf("%d at exposure %g: %+v, want usual %g, above in [%g, %g]", count, exposure, p, usual, aboveLow, aboveHigh)
		}
	}
	f(5, 1, 4.9, 0.4, 0.7)
	f(0, 1, 4.9, 0.999, 1)
	f(15, 1, 4.9, 0, 0.01)
	f(15, 3, 14.7, 0.3, 0.6) // three times the telemetry, three times the count: nothing new
	if p := predict(nil, point{count: 9, exposure: 1}); p.above != 1 || p.below != 1 {
		t.Errorf("without a past: %+v", p)
	}
	zeros := make([]point, 20)
	for i := range zeros {
		zeros[i].exposure = 1
	}
	if p := predict(zeros, point{count: 40, exposure: 1}); p.above > 0.01 || p.above < 1e-6 {
		t.Errorf("40 after 20 zeros: %+v", p)
	}
}

// TestFalseAlarms draws series without any trend, from Poisson to very bursty,
// and counts alarms at the nominal 5 %.
func TestFalseAlarms(t *testing.T) {
	const nominal, runs = 0.05, 1200
	slack := 2.33 * math.Sqrt(nominal*(1-nominal)/runs) // one-sided 99 %
	for _, size := range []float64{0.3, 1, 3, 10, math.Inf(1)} {
		for _, mean := range []float64{0.7, 4, 60} {
			for _, n := range []int{minPast, 12, 25} {
				r := rand.New(rand.NewPCG(7, uint64(n)))
				above, both := 0, 0
				for range runs {
					w := weeksOf(r, size, level(n+1, mean)...)
					p := predict(w[:n], w[n])
					if p.above <= nominal {
						above++
					}
					if 2*min(p.above, p.below) <= nominal {
						both++
					}
				}
				t.Logf("size %5.1f mean %4.1f past %2d: above %.3f, either %.3f", size, mean, n, float64(above)/runs, float64(both)/runs)
				if rate := float64(above) / runs; rate > nominal+slack {
					t.Errorf("size %g mean %g past %d: %.3f false alarms upward", size, mean, n, rate)
				}
				if rate := float64(both) / runs; rate > nominal+slack {
					t.Errorf("size %g mean %g past %d: %.3f false alarms", size, mean, n, rate)
				}
			}
		}
	}
}

// TestPower draws a last week of twice and three times the level.
func TestPower(t *testing.T) {
	const runs = 400
	f := func(size, mean float64, n int, factor, least float64) {
		t.Helper()
		r := rand.New(rand.NewPCG(9, uint64(n)))
		found := 0
		for range runs {
			w := weeksOf(r, size, append(level(n, mean), factor*mean)...)
			if predict(w[:n], w[n]).above <= 0.05 {
				found++
			}
		}
		t.Logf("size %g mean %g past %d times %g: power %.2f", size, mean, n, factor, float64(found)/runs)
		if got := float64(found) / runs; got < least {
			t.Errorf("size %g mean %g past %d times %g: power %.2f, want %.2f", size, mean, n, factor, got, least)
		}
	}
	f(math.Inf(1), 40, 25, 2, 0.9)
	f(20, 40, 25, 2, 0.8)
	f(10, 40, 25, 2, 0.6)
	f(10, 40, 25, 3, 0.9)
	f(3, 40, 25, 3, 0.5)
	f(10, 10, 12, 3, 0.75)
	f(20, 10, minPast, 3, 0.6)
}
