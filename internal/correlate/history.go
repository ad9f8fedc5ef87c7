package correlate

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// maxHistory bounds the events that are kept of a cluster, the newest.
const maxHistory = 200

// cluster under construction: what is said, and who it is said of.
type draft struct {
	vedette.Cluster
	group group
}

// identify gives each cluster its id, knowing those of the assessment before, and
// returns what is to be kept for the next.
//
// A cluster of before lives on in the one that holds most evidence (findings) of
// its members. Where one lives on that several claim, the one seen first gives
// the id and the others have merged into it. Where members of one went elsewhere,
// it was split. Whoever has no past is named after the member seen first, as all
// are when there is no past at all: so the same telemetry gives the same ids in
// one run and in many, unless a later run tells of an elder member, or of what
// two clusters have in common; then the history says what became of whom.
func identify(drafts []*draft, previous []vedette.ClusterState, end time.Time) []vedette.ClusterState {
	m := newMatching(drafts, previous)
	states := make(map[string]*vedette.ClusterState)
	for i := range previous {
		p := previous[i] // a copy: the caller's stays as it is
		p.History = slices.Clone(p.History)
		states[p.ID] = &p
	}
	for i, d := range drafts {
		claims := m.claims(i)
		if len(claims) > 0 {
			d.ID = previous[claims[0]].ID
		} else {
			d.ID = newID(d.group, func(id string) bool { return states[id] != nil })
		}
		if states[d.ID] == nil {
			states[d.ID] = &vedette.ClusterState{ID: d.ID}
		}
		for _, c := range claims[min(1, len(claims)):] {
			merge(states[d.ID], states[previous[c].ID], end)
		}
	}
	for i, d := range drafts { // all have their ids now
		s := states[d.ID]
		for p, weight := range m.overlap[i] {
			if heir := m.heir[p]; weight > 0 && heir != i {
				n := m.members[i][p]
				note(s, vedette.ClusterEvent{Time: end, Kind: vedette.ClusterSplit, Other: drafts[heir].ID, Members: n})
				note(states[drafts[heir].ID], vedette.ClusterEvent{Time: end, Kind: vedette.ClusterSplit, Other: d.ID, Members: n})
			}
		}
		if n := m.fresh[i]; n > 0 && len(m.claims(i)) > 0 {
			note(s, vedette.ClusterEvent{Time: end, Kind: vedette.ClusterGrown, Members: n})
		}
	}
	for _, d := range drafts {
		s := states[d.ID]
		s.FirstSeen, s.LastSeen, s.Members, s.MergedInto = d.FirstSeen, d.LastSeen, members(d), ""
		slices.SortStableFunc(s.History, func(a, b vedette.ClusterEvent) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Other, b.Other))
		})
		s.History = s.History[max(0, len(s.History)-maxHistory):]
		d.History = s.History
		d.Name = "Cluster " + strings.ToUpper(d.ID[len("cluster--"):len("cluster--")+6])
	}
	out := make([]vedette.ClusterState, 0, len(states))
	for _, id := range sortedKeys(states) {
		out = append(out, *states[id])
	}
	return out
}

// members returns who belongs to a cluster, as it is kept. Names that were only
// seen with an address do not count: several clusters may know one.
func members(d *draft) []string {
	out := make([]string, 0, len(d.group))
	for _, a := range d.group {
		out = append(out, a.key.String())
	}
	slices.Sort(out)
	return out
}

// merge notes on both sides that b went into a.
func merge(a, b *vedette.ClusterState, end time.Time) {
	note(a, vedette.ClusterEvent{Time: end, Kind: vedette.ClusterMerged, Other: b.ID, Members: len(b.Members)})
	note(b, vedette.ClusterEvent{Time: end, Kind: vedette.ClusterMerged, Other: a.ID, Members: len(b.Members)})
	b.Members, b.MergedInto = nil, a.ID
}

// note adds an event; growth of one day is one event.
func note(s *vedette.ClusterState, e vedette.ClusterEvent) {
	if n := len(s.History); n > 0 && e.Kind == vedette.ClusterGrown {
		last := &s.History[n-1]
		if last.Kind == e.Kind && last.Time.UTC().Truncate(24*time.Hour).Equal(e.Time.UTC().Truncate(24*time.Hour)) {
			last.Time, last.Members = e.Time, last.Members+e.Members
			return
		}
	}
	s.History = append(s.History, e)
}

// matching compares clusters with those of before.
type matching struct {
	previous []vedette.ClusterState
	overlap  []map[int]int64 // evidence of each earlier cluster's members, by cluster
	members  []map[int]int   // how many they are
	fresh    []int           // members of no earlier cluster
	heir     map[int]int     // the cluster in which an earlier one lives on
}

func newMatching(drafts []*draft, previous []vedette.ClusterState) *matching {
	m := &matching{
		previous: previous, overlap: make([]map[int]int64, len(drafts)), members: make([]map[int]int, len(drafts)),
		fresh: make([]int, len(drafts)), heir: make(map[int]int),
	}
	owner := make(map[string]int)
	for p := range previous {
		for _, member := range previous[p].Members {
			owner[member] = p
		}
	}
	for i, d := range drafts {
		m.overlap[i], m.members[i] = make(map[int]int64), make(map[int]int)
		for _, a := range d.group {
			if p, ok := owner[a.key.String()]; ok {
				m.overlap[i][p] += 1 + a.findings
				m.members[i][p]++
			} else {
				m.fresh[i]++
			}
		}
		for p, weight := range m.overlap[i] {
			if best, ok := m.heir[p]; !ok || weight > m.overlap[best][p] || weight == m.overlap[best][p] && elder(d, drafts[best]) {
				m.heir[p] = i
			}
		}
	}
	return m
}

func elder(a, b *draft) bool {
	return cmp.Or(a.FirstSeen.Compare(b.FirstSeen), a.group[0].key.compare(b.group[0].key)) < 0
}

// claims returns the earlier clusters that live on in cluster i, the eldest
// first.
func (m *matching) claims(i int) []int {
	var out []int
	for p := range m.overlap[i] {
		if m.heir[p] == i {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		x, y := &m.previous[a], &m.previous[b]
		return cmp.Or(x.FirstSeen.Compare(y.FirstSeen), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// namespace makes cluster ids name-based UUIDs (RFC 9562, version 5).
var namespace = [16]byte{0x6b, 0x1d, 0x0f, 0x7e, 0x52, 0x9a, 0x4c, 0x33, 0x9d, 0x5e, 0x11, 0x42, 0x76, 0x65, 0x64, 0x65}

// newID derives an id from the member that was seen first, or the next one if
// that name is taken: by a cluster that it was split from.
func newID(g group, taken func(string) bool) string {
	g = slices.Clone(g)
	slices.SortFunc(g, func(a, b *actor) int { return cmp.Or(cmp.Compare(a.first, b.first), a.key.compare(b.key)) })
	for _, a := range g {
		if id := idOf(a.key.String()); !taken(id) {
			return id
		}
	}
	for n := 2; ; n++ {
		if id := idOf(fmt.Sprintf("%s %d", g[0].key, n)); !taken(id) {
			return id
		}
	}
}

func idOf(name string) string {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("cluster--%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
