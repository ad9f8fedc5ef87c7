package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestStudent(t *testing.T) {
	f := func(v float64, n int, want float64) { // tables of two-sided quantiles
		t.Helper()
		if got := student(v, n); math.Abs(got-want) > 2e-4 {
			t.Errorf("student(%g, %d) = %.5f, want %.5f", v, n, got, want)
		}
	}
	f(12.706, 1, 0.05)
	f(4.303, 2, 0.05)
	f(3.182, 3, 0.05)
	f(2.228, 10, 0.05)
	f(2.797, 24, 0.01)
	f(3.792, 23, 0.00094)
	f(0, 5, 1)
	f(3, 0, 1)
}

// TestPartition compares the pruned search with all cuts of short series.
func TestPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n := 6 + r.IntN(9)
		means := level(n, 2)
		for i := r.IntN(n); i < n; i++ {
			means[i] = 2 + 30*r.Float64()
		}
		l := newLevels(weeksOf(r, 4, means...))
		l.size = 4
		penalty := 2 * math.Log(float64(n))
		var cheapest func(from int) float64
		cheapest = func(from int) float64 {
			best := l.cost(from, n)
			for at := from + minStretch; at <= n-minStretch; at++ {
				best = min(best, l.cost(from, at)+penalty+cheapest(at))
			}
			return best
		}
		cuts := l.partition()
		got := -penalty
		for i := 1; i < len(cuts); i++ {
			got += l.cost(cuts[i-1], cuts[i]) + penalty
		}
		if want := cheapest(0); math.Abs(got-want) > 1e-9 {
			t.Fatalf("cuts %v cost %g, want %g", cuts, got, want)
		}
	}
}

func TestChangesByHand(t *testing.T) {
	f := func(counts []int64, want ...int) {
		t.Helper()
		w := make([]point, len(counts))
		for i, c := range counts {
			w[i] = point{count: c, exposure: 10}
		}
		var got []int
		for _, c := range changes(w) {
			if c.p <= 0.01 {
				got = append(got, c.at)
			}
		}
		if !equal(got, want) {
			t.Errorf("%v: changes at %v, want %v", counts, got, want)
		}
	}
	f([]int64{4, 5, 3, 4, 6, 5, 4, 5, 21, 19, 23, 20, 22, 18, 21, 20}, 8)
	f([]int64{4, 5, 3, 4, 6, 5, 4, 40, 45, 39, 41, 44, 4, 5, 3, 4, 6}, 7, 12)
	f([]int64{4, 5, 3, 4, 6, 5, 4, 5, 4, 3, 5, 6, 4, 5, 4, 4})
	f([]int64{4, 5, 3, 4, 6, 5, 4, 5, 60, 3, 5, 6, 4, 5, 4, 4}) // a burst is no change of level
	f([]int64{1, 1, 1, 1, 50, 50, 50, 50})                      // too short
	f(make([]int64, 30))
}

func TestChangesFalseAlarms(t *testing.T) {
	const nominal, runs = 0.05, 1200
	for _, size := range []float64{0.3, 1, 3, 10, math.Inf(1)} {
		for _, mean := range []float64{0.7, 4, 60} {
			r := rand.New(rand.NewPCG(11, 12))
			found := 0
			for range runs {
				for _, c := range changes(weeksOf(r, size, level(26, mean)...)) {
					if c.p <= nominal {
						found++
						break
					}
				}
			}
			rate := float64(found) / runs
			t.Logf("size %5.1f mean %4.1f: %.3f", size, mean, rate)
			if rate > nominal+2.33*math.Sqrt(nominal*(1-nominal)/runs) {
				t.Errorf("size %g mean %g: %.3f of series without a change have one", size, mean, rate)
			}
		}
	}
}

func TestChangesPower(t *testing.T) {
	const runs = 300
	f := func(size, mean, factor, least float64) {
		t.Helper()
		r := rand.New(rand.NewPCG(13, 14))
		found := 0
		for range runs {
			for _, c := range changes(weeksOf(r, size, append(level(13, mean), level(13, factor*mean)...)...)) {
				if c.p <= 0.05 && c.at >= 10 && c.at <= 16 {
					found++
					break
				}
			}
		}
		t.Logf("size %g mean %g times %g: power %.2f", size, mean, factor, float64(found)/runs)
		if got := float64(found) / runs; got < least {
			t.Errorf("size %g mean %g times %g: power %.2f, want %.2f", size, mean, factor, got, least)
		}
	}
	f(math.Inf(1), 10, 2, 0.9)
	f(10, 20, 2, 0.75)
	f(5, 20, 3, 0.9)
	f(2, 20, 3, 0.4)
}
