package correlate

import "math"

// binomialTail returns log2 P(X >= k) for n trials of probability p.
func binomialTail(n, k int, p float64) float64 {
	if p <= 0 || p >= 1 || k == 0 {
		return 0
	}
	var sum float64
	for x := k; x <= n; x++ {
		sum += math.Exp(logChoose(n, x) + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p))
	}
	return math.Log2(min(1, max(sum, 1e-300)))
}

// hypergeometricTail returns log2 P(X >= k) for k shared members of two random
// subsets of sizes a and b of n things.
func hypergeometricTail(n, a, b, k int) float64 {
	if k <= 0 || a > n || b > n {
		return 0
	}
	var p float64
	for x := k; x <= min(a, b); x++ {
		if b-x > n-a {
			continue
		}
		p += math.Exp(logChoose(a, x) + logChoose(n-a, b-x) - logChoose(n, b))
	}
	return math.Log2(min(1, max(p, 1e-300)))
}

// sameOrder returns how many bits of surprise there are in two lists of dates
// that rise together: Kendall's rank correlation with its normal approximation,
// one-sided.
func sameOrder(dates [][2]int64) float64 {
	n := len(dates)
	if n < 5 {
		return 0
	}
	concordant := 0
	for i, x := range dates {
		for _, y := range dates[i+1:] {
			switch {
			case (x[0] < y[0]) == (x[1] < y[1]):
				concordant++
			default:
				concordant--
			}
		}
	}
	pairs := float64(n*(n-1)) / 2
	z := float64(concordant) / pairs / math.Sqrt(2*float64(2*n+5)/(9*float64(n*(n-1))))
	return -math.Log2(max(math.Erfc(z/math.Sqrt2)/2, 1e-300))
}

func logChoose(n, k int) float64 {
	l := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return l(n) - l(k) - l(n-k)
}

func abs(n int64) int64 { return max(n, -n) }
