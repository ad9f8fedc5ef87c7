package evaluate

import (
	"cmp"
	"slices"
)

// Pairs counts pairs of infrastructure values: how many belong together, how
// many were put together, and how many of these belong there.
//
// Pairwise precision and recall of a clustering: Manning, Raghavan and Schütze,
// Introduction to Information Retrieval, Cambridge 2008, section 16.3.
type Pairs struct {
	Belong int `json:"belong"` // one actor in truth
	Put    int `json:"put"`    // one cluster in the assessment
	Right  int `json:"right"`  // both
}

// Precision is the share of pairs put together that belong together, 1 if none
// was put together.
func (p Pairs) Precision() float64 { return share(p.Right, p.Put) }

// Recall is the share of pairs that belong together that were put together, 1
// if there is none.
func (p Pairs) Recall() float64 { return share(p.Right, p.Belong) }

// F1 is the harmonic mean of precision and recall, 2R/(B+P).
func (p Pairs) F1() float64 { return share(2*p.Right, p.Belong+p.Put) }

// Add adds other to p.
func (p *Pairs) Add(other Pairs) {
	p.Belong += other.Belong
	p.Put += other.Put
	p.Right += other.Right
}

// share is n of total, 1 if the total is nothing: nothing was asked and nothing
// is wrong.
func share(n, total int) float64 {
	if total == 0 {
		return 1
	}
	return float64(n) / float64(total)
}

// Pairwise compares a clustering with the truth over the values of truth:
// values of actors that the telemetry shows. A value that no cluster holds is a
// cluster of its own, so that it pairs with nothing; values of clusters that are
// no actor's do not count here. Only pairs with at least one value for which
// counts is true are looked at, all of them if it is nil. Where a value has
// several actors or clusters, sharing one of them is enough.
func Pairwise[A, C comparable](truth map[string][]A, found map[string][]C, counts func(value string) bool) Pairs {
	values := make([]string, 0, len(truth))
	for v := range truth {
		values = append(values, v)
	}
	slices.SortFunc(values, cmp.Compare[string])
	var p Pairs
	for i, a := range values {
		own := counts == nil || counts(a)
		for _, b := range values[i+1:] {
			if !own && !counts(b) {
				continue
			}
			belong, put := meet(truth[a], truth[b]), meet(found[a], found[b])
			if belong {
				p.Belong++
			}
			if put {
				p.Put++
			}
			if belong && put {
				p.Right++
			}
		}
	}
	return p
}

// meet reports whether two short lists have an element in common.
func meet[T comparable](a, b []T) bool {
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}
