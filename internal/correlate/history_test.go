package correlate

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
)

// drafted makes a cluster of members like "a3@5": address a, three findings,
// first seen on day 5.
func drafted(members string) *draft {
	d := &draft{}
	for _, word := range strings.Fields(members) {
		var findings int64
		var at int
		if _, err := fmt.Sscanf(word[1:], "%d@%d", &findings, &at); err != nil {
			panic(err)
		}
		key := actorKey{addr: netip.AddrFrom4([4]byte{203, 0, 113, word[0]})}
		first := time.Unix(0, int64(at)*day).UTC()
		d.group = append(d.group, &actor{key: key, first: int64(at) * day, findings: findings})
		if d.FirstSeen.IsZero() || first.Before(d.FirstSeen) {
			d.FirstSeen = first
		}
	}
	return d
}

// named is the id that a cluster gets after its eldest member.
func named(member byte) string { return idOf(fmt.Sprintf("203.0.113.%d", member)) }

func TestIdentify(t *testing.T) {
	// run assesses once: clusters separated by commas, each with the member that
	// its id should be after. It returns what is kept, and checks the history
	// (kind, other, members) of the first one.
	run := func(previous []vedette.ClusterState, end int, clusters, ids, history string) []vedette.ClusterState {
		t.Helper()
		var drafts []*draft
		for _, text := range strings.Split(clusters, ",") {
			drafts = append(drafts, drafted(text))
		}
		states := identify(drafts, previous, time.Unix(0, int64(end)*day).UTC())
		for i, d := range drafts {
			if d.ID != named(ids[i]) {
				t.Errorf("%s: cluster %d has id %s, want that of %c", clusters, i+1, d.ID, ids[i])
			}
		}
		var got []string
		for _, e := range drafts[0].History {
			other := "-"
			for c := byte('a'); c <= 'z'; c++ {
				if e.Other == named(c) {
					other = string(c)
				}
			}
			got = append(got, fmt.Sprintf("%s %s %d", e.Kind, other, e.Members))
		}
		if text := strings.Join(got, ", "); text != history {
			t.Errorf("%s: history %q, want %q", clusters, text, history)
		}
		return states
	}
	first := run(nil, 10, "a1@1 b2@2,c1@3 d9@4", "ac", "")

	// The same again changes nothing.
	again := run(first, 10, "a1@1 b2@2,c1@3 d9@4", "ac", "")
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("assessed twice (-first +second):\n%s", d)
	}
	// It grows, even by an elder member; growth of one day is one event.
	grown := run(first, 20, "a1@1 b2@2 e5@0,c1@3 d9@4", "ac", "grown - 1")
	grown = run(grown, 20, "a1@1 b2@2 e5@0 f1@7,c1@3 d9@4", "ac", "grown - 2")
	run(grown, 21, "a1@1 b2@2 e5@0 f1@7 g1@9,c1@3 d9@4", "ac", "grown - 2, grown - 1")

	// Two merge: the one seen first stays, and both sides know.
	merged := run(first, 20, "a1@1 b2@2 c1@3 d9@4", "a", "merged c 2")
	for _, s := range merged {
		if s.ID == named('c') && (s.MergedInto != named('a') || len(s.Members) != 0 || len(s.History) != 1 || s.History[0].Other != named('a')) {
			t.Errorf("the one that went: %+v", s)
		}
	}
	run(merged, 30, "a1@1 b2@2 c1@3 d9@4", "a", "merged c 2") // once

	// One splits: the larger evidence keeps the id, though the eldest member
	// left; who left is named after the next member whose name is free.
	split := run(first, 20, "b9@2,a1@1 h1@8,c1@3 d9@4", "ahc", "split h 1")
	run(split, 30, "b9@2,a1@1 h1@8,c1@3 d9@4", "ahc", "split h 1")
	// One that is not seen for a while is known when it comes back.
	gone := run(first, 20, "c1@3 d9@4", "c", "")
	run(gone, 30, "a1@1 b2@2", "a", "")
}

func TestCuts(t *testing.T) {
	// Two triangles, 0-1-2 and 4-5-6, joined in different ways.
	triangles := []edge{{0, 1, 15}, {0, 2, 15}, {1, 2, 15}, {4, 5, 15}, {4, 6, 15}, {5, 6, 15}}
	f := func(why string, want int, more ...edge) {
		t.Helper()
		edges := append(append([]edge{}, triangles...), more...)
		n := 0
		for i, weak := range cuts(9, edges) {
			if weak {
				n++
				if i < len(triangles) {
					t.Errorf("%s: edge %v within a triangle is cut", why, edges[i])
				}
			}
		}
		if n != want {
			t.Errorf("%s: %d links are cut, want %d", why, n, want)
		}
	}
	f("apart", 0)
	f("one weak link", 1, edge{2, 4, 15})
	f("one strong link", 0, edge{2, 4, 25})
	f("two weak links between different members", 0, edge{2, 4, 15}, edge{1, 5, 15})
	f("one busy address with weak links to both", 3, // it stays with one
		edge{0, 3, 15}, edge{1, 3, 15}, edge{2, 3, 15}, edge{3, 4, 15}, edge{3, 5, 15}, edge{3, 6, 15})
	f("an address that belongs to both by strong links", 0, edge{2, 3, 25}, edge{3, 4, 25})
	f("one more member", 0, edge{6, 7, 15})
	f("two more members", 0, edge{6, 7, 15}, edge{7, 8, 15})
}

func TestRelays(t *testing.T) {
	con := &vedette.Constituency{Organizations: []vedette.Organization{
		{ID: "tw", Country: "TW", Networks: []netip.Prefix{netip.MustParsePrefix("198.18.0.0/24")}},
		{ID: "jp", Country: "JP"},
	}}
	places := map[string]string{"203.0.113.1": "CN", "203.0.113.2": "TW", "203.0.113.3": "JP", "198.18.0.9": "TW"}
	geo := func(a netip.Addr) *vedette.Geo { return &vedette.Geo{Country: places[a.String()]} }
	// f says who administers which organization, and who must be a relay.
	f := func(want string, words ...string) {
		t.Helper()
		var g group
		for _, w := range words {
			addr, org, _ := strings.Cut(w, "@")
			d := finding("takeover/device-takeover compromise effect", 90, day, 1)
			d.role = vedette.RoleAdministration
			g = append(g, &actor{key: actorKey{addr: netip.MustParseAddr(addr)}, deeds: map[string][]*deed{org: {d}}})
		}
		relays(g, con, geo)
		var got []string
		for _, a := range g {
			if a.roles&vedette.RoleRelay != 0 {
				got = append(got, a.key.String())
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%v: relays %q, want %q", words, text, want)
		}
	}
	f("203.0.113.2", "203.0.113.1@tw", "203.0.113.2@tw") // from home beside from abroad
	f("", "203.0.113.2@tw")                              // from home only
	f("", "203.0.113.1@tw", "203.0.113.3@tw")            // from two places abroad
	f("198.18.0.9", "198.18.0.9@jp")                     // one constituent's machine against another
	f("", "203.0.113.3@tw", "203.0.113.3@jp")
}
