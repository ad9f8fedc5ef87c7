package trend

import "math"

// The question is whether a week's count is more, or less, than its past
// explains. Weeks differ by more than a Poisson law allows, so the counts are
// taken as negative binomial; and few weeks tell little of its parameters, so
// these are not estimated but integrated over. This is the idea of Farrington,
// Andrews, Beale and Catchpole (A statistical algorithm for the early detection
// of outbreaks of infectious disease, J. R. Statist. Soc. A 159, 1996), of
// Noufaily et al. (An improved algorithm for outbreak detection in multiple
// surveillance systems, Statistics in Medicine 32, 2013) who made the counts
// negative binomial, and of Salmon, Schumacher, Stark and Höhle (Bayesian
// outbreak detection in the presence of reporting delays, Biometrical Journal
// 57, 2015) who took the posterior predictive distribution.
//
// Y ~ NB(size r·e, probability p) for exposure e. For given r, p with a Beta
// prior integrates to the beta negative binomial distribution (generalized
// Waring; Johnson, Kemp and Kotz, Univariate Discrete Distributions, 3rd ed.,
// 2005, 6.2.3), so only r needs a grid. Nothing is drawn by lot: the same counts
// give the same answer. The priors are weak; they were set so that series without
// a trend give false alarms at most at the nominal rate (predict_test.go).

const (
	priorA, priorB = 0.05, 0.5 // Beta prior of p
	priorR         = 0.5       // prior density of r: r^-priorR on the logarithmic grid
	gridSize       = 40        // values of r, even in its logarithm
	gridLow        = 0.02      // very bursty
	gridHigh       = 5000      // practically Poisson
	maxCount       = 2000      // larger counts are scaled down; the noise this adds makes claims rarer, not more frequent
	minWeight      = 1e-7      // of a grid value that is worth asking
)

// prediction is what the past says about one week.
type prediction struct {
	usual        float64 // expected count
	above, below float64 // probability of at least, of at most, the count seen
}

// predict asks how probable now is, if it goes on like past.
func predict(past []point, now point) prediction {
	var sum, exposure float64
	largest := now.count
	for _, p := range past {
		sum, exposure = sum+float64(p.count), exposure+p.exposure
		largest = max(largest, p.count)
	}
	if len(past) == 0 || exposure <= 0 {
		return prediction{above: 1, below: 1}
	}
	out := prediction{usual: sum / exposure * now.exposure}
	scale := math.Ceil(float64(largest) / maxCount)
	if scale < 1 {
		scale = 1
	}
	unit := exposure / float64(len(past)) // so that r is of a usual week
	counts := make([]float64, len(past))
	sizes := make([]float64, len(past))
	var y float64
	for i, p := range past {
		counts[i], sizes[i] = math.Round(float64(p.count)/scale), p.exposure/unit
		y += counts[i]
	}
	e := now.exposure / unit
	weights, rs := posterior(counts, sizes, y)
	lower, upper := math.Ceil(float64(now.count)/scale), math.Floor(float64(now.count)/scale)
	for i, w := range weights {
		if w < minWeight {
			continue
		}
		r := rs[i]
		size := r * e
		under, at := waring(priorA+r*float64(len(past)), priorB+y, size, upper, lower)
		out.above += w * (1 - under)
		out.below += w * at
	}
	out.above, out.below = clamp(out.above), clamp(out.below)
	return out
}

func clamp(p float64) float64 { return math.Min(1, math.Max(1e-12, p)) }

// posterior returns the probability of each r of the grid.
func posterior(counts, sizes []float64, sum float64) (weights, rs []float64) {
	weights, rs = make([]float64, gridSize), make([]float64, gridSize)
	largest := math.Inf(-1)
	for i := range rs {
		r := gridLow * math.Pow(gridHigh/gridLow, float64(i)/(gridSize-1))
		l := logBeta(priorA+r*float64(len(counts)), priorB+sum) - priorR*math.Log(r)
		for k, y := range counts {
			l += logGamma(y+r*sizes[k]) - logGamma(r*sizes[k])
		}
		rs[i], weights[i] = r, l
		largest = math.Max(largest, l)
	}
	total := 0.0
	for i := range weights {
		weights[i] = math.Exp(weights[i] - largest)
		total += weights[i]
	}
	for i := range weights {
		weights[i] /= total
	}
	return weights, rs
}

// waring returns P(Y < below) and P(Y <= upTo) of the beta negative binomial
// with Beta(a, b) and that size.
func waring(a, b, size, below, upTo float64) (under, at float64) {
	l := logBeta(a+size, b) - logBeta(a, b)
	for k := 0.0; k <= upTo; k++ {
		p := math.Exp(l)
		if k < below {
			under += p
		}
		at += p
		l += math.Log((k + size) / (k + 1) * (b + k) / (a + size + b + k))
	}
	return under, at
}

func logGamma(x float64) float64 { v, _ := math.Lgamma(x); return v }

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }
