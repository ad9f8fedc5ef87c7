package deviation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

// minFiles is how many files must be told apart by the sizes of their answers.
const minFiles = 2

// file is one target of traversal as one page answers it.
type file struct {
	target  string
	size    int64
	several bool // sizes
	answers []*answer
}

// filesRead reports answers whose size depends on the file that was asked for,
// and on nothing else: the same for the same file whatever the payload looks
// like (two lengths of URL at least), another for another file, neither one that
// the site gives to visitors or to other attacks. An error page, a page that
// repeats the request, and a site that answers anything can not do that.
func filesRead(group []*answer) *finding {
	type place struct{ site, dataset, page string }
	byPlace := make(map[place]map[string]*file)
	for _, a := range group {
		if a.target == "" || a.size == 0 {
			continue
		}
		p := place{a.site, a.dataset, a.page}
		if byPlace[p] == nil {
			byPlace[p] = make(map[string]*file)
		}
		f := byPlace[p][a.target]
		if f == nil {
			f = &file{target: a.target, size: a.size}
			byPlace[p][a.target] = f
		}
		f.several = f.several || f.size != a.size
		f.answers = append(f.answers, a)
	}
	var best []*file
	for _, files := range byPlace {
		if read := distinct(files); len(read) >= minFiles && better(read, best) {
			best = read
		}
	}
	if best == nil {
		return nil
	}
	var hits []*answer
	var names []string
	for _, f := range best {
		hits = append(hits, f.answers...)
		names = append(names, fmt.Sprintf("%.24q %d bytes", f.target, f.size))
	}
	slices.SortStableFunc(hits, func(a, b *answer) int { return a.first.Compare(b.first) })
	out := newFinding("file-read", hits)
	out.stage, out.confidence = vedette.VerdictCompromise, min(65+5*(len(best)-minFiles), 80)
	out.summary = fmt.Sprintf("%s asked %.60q for %d files, and the answer's size follows the file alone: %s.",
		out.source, hits[0].page, len(best), strings.Join(names[:min(len(names), 3)], ", "))
	return &out
}

// distinct returns the files whose answers hold together and differ from all
// others, in the order of their names.
func distinct(files map[string]*file) (out []*file) {
	for _, f := range files {
		if f.several || !f.confirmed() {
			continue
		}
		alone := true
		for _, g := range files {
			// Half a hundred bytes more than the names differ: not the name repeated.
			if g != f && abs(g.size-f.size) <= 48+4*abs(int64(len(g.target)-len(f.target))) {
				alone = false
			}
		}
		if alone {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *file) int { return cmp.Compare(a.target, b.target) })
	return out
}

// confirmed reports whether payloads of two lengths and more got the file's
// size, and neither visitors nor attacks on other pages did.
func (f *file) confirmed() bool {
	shortest, longest := f.answers[0].shortest, f.answers[0].longest
	for _, a := range f.answers {
		shortest, longest = min(shortest, a.shortest), max(longest, a.longest)
		if a.common() || a.count >= minOrdinary && !a.odd() {
			return false
		}
	}
	return longest > shortest
}

// better orders readings: more files, then the earlier, then by name.
func better(a, b []*file) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	x, y := a[0].answers[0], b[0].answers[0]
	return cmp.Or(x.first.Compare(y.first), cmp.Compare(x.dataset, y.dataset), cmp.Compare(x.site, y.site), cmp.Compare(x.page, y.page)) < 0
}

func abs(n int64) int64 { return max(n, -n) }
