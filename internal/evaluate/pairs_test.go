package evaluate

import (
	"math"
	"strings"
	"testing"
)

// grouping reads "a b c | d e": each word is in the groups it stands in.
func grouping(text string) map[string][]int {
	out := map[string][]int{}
	for i, group := range strings.Split(text, "|") {
		for _, v := range strings.Fields(group) {
			out[v] = append(out[v], i)
		}
	}
	return out
}

func TestPairwise(t *testing.T) {
	f := func(truth, found, counts string, belong, put, right int, f1 float64) {
		t.Helper()
		var which func(string) bool
		if counts != "" {
			which = func(v string) bool { return strings.Contains(counts, v) }
		}
		got := Pairwise(grouping(truth), grouping(found), which)
		if want := (Pairs{belong, put, right}); got != want {
			t.Errorf("truth %q, found %q, counts %q: %+v, want %+v", truth, found, counts, got, want)
		}
		if math.Abs(got.F1()-f1) > 1e-9 {
			t.Errorf("truth %q, found %q, counts %q: F1 %g, want %g", truth, found, counts, got.F1(), f1)
		}
	}
	f("a b c | d e", "d e | a b c", "", 4, 4, 4, 1)
	// One value split off: ab remains of ab, ac, bc.
	f("a b c", "a b | c", "", 3, 1, 1, 0.5)
	// The same, the value being in no cluster at all.
	f("a b c", "a b", "", 3, 1, 1, 0.5)
	// Two actors merged: 4 pairs belong, 10 are put together.
	f("a b c | d e", "a b c d e", "", 4, 10, 4, 8.0/14)
	// Everything apart.
	f("a b c", "a | b | c", "", 3, 0, 0, 0)
	// Nothing belongs together and nothing is put together.
	f("a | b", "a | b", "", 0, 0, 0, 1)
	f("", "", "", 0, 0, 0, 1)
	// A value that is no actor's does not count.
	f("a b", "a b x", "", 1, 1, 1, 1)
	// The textbook's example: three clusters of 17 values, TP = 20, FP = 20,
	// FN = 24 (Manning et al., figure 16.4).
	f("a1 a2 a3 a4 a5 a6 a7 a8 | b1 b2 b3 b4 b5 | c1 c2 c3 c4",
		"a1 a2 a3 a4 a5 b1 | a6 b2 b3 b4 b5 c1 | a7 a8 c2 c3 c4", "", 44, 40, 20, 40.0/84)
	// Only pairs with a or b: ab belongs, and is put together with d.
	f("a b | d e", "a b d | e", "ab", 1, 3, 1, 0.5)
	// Pairs among the others do not matter.
	f("a b | d e", "a b", "ab", 1, 1, 1, 1)
	// A value of two actors belongs with either.
	f("a r | r b", "a r b", "", 2, 3, 2, 0.8)
}
