package correlate

import (
	"math"
	"slices"
)

// Bounds of pools.
const (
	poolSize = 8  // addresses at least
	poolBits = 20 // together, and one each on average
)

// software are the kinds of traits that a client brings along by itself.
var software = map[string]bool{"user agent": true, "TLS client fingerprint": true, "SSH client": true}

// scouts links the addresses of one scan that is spread over many, a contact or
// two from each: too little in common for a pair. They have a software that
// nobody else has, honest or not, which alone could be a tool of strangers. But
// strangers would between them come to everyone. If all that many choose stays
// within few organizations, one hand leads them.
func scouts(f *forest, actors []*actor, traits []trait) (links []edge) {
	where := coverage(actors)
	for _, t := range traits {
		if !software[t.kind] || t.users < poolSize || t.users != len(t.actors) {
			continue
		}
		visible, union := make(map[string]bool), make(map[string]bool)
		var sizes []int
		for _, a := range t.actors {
			a.addVisible(visible, where)
			for org := range a.deeds {
				union[org], visible[org] = true, true
			}
			sizes = append(sizes, len(a.deeds))
		}
		bits := staysWithin(len(visible), len(union), sizes)
		if bits < poolBits || bits < float64(len(sizes)) {
			continue
		}
		members := slices.Clone(t.actors)
		slices.SortFunc(members, func(a, b *actor) int { return f.index[a] - f.index[b] })
		for i, a := range members[1:] {
			links = append(links, edge{f.index[members[i]], f.index[a], strongBits})
		}
	}
	return links
}

// staysWithin returns how many bits of surprise there are in choices of these
// sizes, each made by itself among n, that all stay within the same k: the
// probability that they do, times the number of ways to choose the k.
func staysWithin(n, k int, sizes []int) float64 {
	bits := -logChoose(n, k)
	for _, size := range sizes {
		bits += logChoose(n, size) - logChoose(k, size)
	}
	return max(0, bits/math.Ln2)
}
