package trend

import "math"

// Change points cut a series into stretches of one level each. The cut is the
// cheapest one, found exactly by dynamic programming (Jackson et al., An
// algorithm for optimal partitioning of data on an interval, IEEE Signal
// Processing Letters 12, 2005) with the pruning of Killick, Fearnhead and Eckley
// (Optimal detection of changepoints with a linear computational cost, JASA 107,
// 2012). A stretch costs minus twice its negative binomial log likelihood, a cut
// costs 2 log n (BIC: a level and a place). Each cut that is found is then
// tested by itself against both neighbors.

const (
	minStretch = 3   // weeks
	minChange  = 16  // weeks a series needs before changes are looked for
	minFactor  = 1.5 // smaller differences of level interest nobody
	shrink     = 0.8 // of the size, whose estimate by moments is too high
	poisson    = 1e6 // size from which a negative binomial is one
)

// change is a lasting change of level at the week of that index, until the
// next one.
type change struct {
	at, until     int
	before, after float64 // a week, at mean exposure
	weeks         int     // compared before it
	p             float64 // that no change would look like one, over all places it could have been
}

// changes finds the changes of level of a series whose weeks are observable.
func changes(weeks []point) []change {
	if len(weeks) < minChange {
		return nil
	}
	l := newLevels(weeks)
	var cuts []int
	for l.size = l.roughness(); ; { // the dispersion depends on the cuts and they on it
		next := l.partition()
		size := l.dispersion(next)
		if size <= l.size || equal(next, cuts) {
			l.size = min(size, l.size)
			cuts = next
			break
		}
		cuts, l.size = next, size
	}
	var out []change
	free := float64(len(weeks) - len(cuts)) // weeks less levels and dispersion
	for i := 1; i < len(cuts)-1; i++ {
		from, at, to := cuts[i-1], cuts[i], cuts[i+1]
		gain := l.cost(from, to) - l.cost(from, at) - l.cost(at, to)
		c := change{at: at, until: to, before: l.mean(from, at), after: l.mean(at, to), weeks: at - from}
		c.p = math.Min(1, float64(len(weeks)-1)*student(math.Sqrt(math.Max(gain, 0)), int(free)))
		if c.after >= minFactor*c.before || c.before >= minFactor*c.after {
			out = append(out, c)
		}
	}
	return out
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// levels answers questions about stretches of a series in constant time.
type levels struct {
	sums, squares []float64 // of the counts at mean exposure, cumulative
	size          float64   // of the negative binomial
}

func newLevels(weeks []point) *levels {
	mean := 0.0
	for _, w := range weeks {
		mean += w.exposure / float64(len(weeks))
	}
	l := &levels{sums: make([]float64, len(weeks)+1), squares: make([]float64, len(weeks)+1), size: poisson}
	for i, w := range weeks {
		y := w.rate() * mean
		l.sums[i+1], l.squares[i+1] = l.sums[i]+y, l.squares[i]+y*y
	}
	return l
}

func (l *levels) mean(from, to int) float64 {
	return (l.sums[to] - l.sums[from]) / float64(to-from)
}

// cost is minus twice the log likelihood at the best level, without what does
// not depend on the level.
func (l *levels) cost(from, to int) float64 {
	n, sum, k := float64(to-from), l.sums[to]-l.sums[from], l.size
	m := sum / n
	if m == 0 {
		return 0
	}
	return -2 * (sum*math.Log(m/(k+m)) - n*k*math.Log1p(m/k))
}

// roughness estimates the size by moments from neighboring weeks, which changes
// of level disturb little.
func (l *levels) roughness() float64 {
	var means, excess float64
	for i := 2; i < len(l.sums); i++ {
		a, b := l.sums[i-1]-l.sums[i-2], l.sums[i]-l.sums[i-1]
		m := (a + b) / 2
		means += m * m
		excess += (a-b)*(a-b)/2 - m
	}
	return size(means, excess)
}

// size is that of a negative binomial whose variance exceeds its mean so much.
// The estimate is taken down, most where it is small: of heavy tails a few weeks
// show too little. How far was set on series without changes (change_test.go).
func size(means, excess float64) float64 {
	if excess <= means/poisson {
		return poisson
	}
	k := means / excess
	return shrink * k * k / (k + 1)
}

// dispersion estimates the size by moments within the stretches.
func (l *levels) dispersion(cuts []int) float64 {
	var means, excess float64
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		n, m := float64(to-from), l.mean(from, to)
		means += n * m * m
		excess += n/(n-1)*(l.squares[to]-l.squares[from]-n*m*m) - n*m
	}
	return size(means, excess)
}

// partition returns where stretches begin, and the end.
func (l *levels) partition() []int {
	n := len(l.sums) - 1
	penalty := 2 * math.Log(float64(n))
	best := make([]float64, n+1)
	last := make([]int, n+1)
	best[0] = -penalty
	until := make([]int, n+1) // where a beginning was pruned; stretches have a least length, so some weeks later
	for i := range until {
		until[i] = n
	}
	for to := minStretch; to <= n; to++ {
		best[to] = math.Inf(1)
		for from := 0; from <= to-minStretch; from++ {
			if from > 0 && from < minStretch || to > until[from] {
				continue
			}
			if c := best[from] + l.cost(from, to) + penalty; c < best[to] {
				best[to], last[to] = c, from
			}
		}
		for from := 0; from <= to-minStretch; from++ {
			if until[from] == n && best[from]+l.cost(from, to) > best[to] {
				until[from] = min(n, to+minStretch-1)
			}
		}
	}
	var cuts []int
	for at := n; at > 0; at = last[at] {
		cuts = append([]int{at}, cuts...)
	}
	return append([]int{0}, cuts...)
}

// student returns P(|T| > t) of Student's t with n degrees of freedom, by the
// finite series of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
func student(t float64, n int) float64 {
	if n < 1 {
		return 1
	}
	theta := math.Atan(t / math.Sqrt(float64(n)))
	sin, cos := math.Sincos(theta)
	if n%2 == 1 {
		sum, term := 0.0, cos
		for k := 1; k < n-1; k += 2 {
			sum += term
			term *= cos * cos * float64(k+1) / float64(k+2)
		}
		return math.Max(0, 1-2/math.Pi*(theta+sin*sum))
	}
	sum, term := 0.0, 1.0
	for k := 0; k < n-1; k += 2 {
		sum += term
		term *= cos * cos * float64(k+1) / float64(k+2)
	}
	return math.Max(0, 1-sin*sum)
}
