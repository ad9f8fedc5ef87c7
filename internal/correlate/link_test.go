package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
)

// world is a picture under construction.
type world struct{ *picture }

func newWorld(organizations int) world {
	c := &vedette.Constituency{}
	for i := range organizations {
		c.Organizations = append(c.Organizations, vedette.Organization{ID: fmt.Sprintf("org-%02d", i)})
	}
	return world{newPicture(c)}
}

func (w world) see(actor, org string, at int64, rule string) {
	w.add(&vedette.Detection{
		Detector: "sigma", Rule: rule, Title: rule, Organization: org, Time: at, LastTime: at, Count: 1,
		Stage: vedette.VerdictAttempt, Confidence: 60, Actor: netip.MustParseAddr(actor),
	})
}

func (w world) actor(addr string) *actor { return w.actors[actorKey{addr: netip.MustParseAddr(addr)}] }

// together reports whether two addresses ended in one group.
func together(groups []group, a, b string) bool {
	for _, g := range groups {
		n := 0
		for _, m := range g {
			if s := m.key.String(); s == a || s == b {
				n++
			}
		}
		if n == 2 {
			return true
		}
	}
	return false
}

func TestLinkTraits(t *testing.T) {
	w := newWorld(1)
	for i := range 6 {
		w.see(fmt.Sprintf("203.0.113.%d", i+1), "org-00", 0, "probe")
	}
	a := func(n int) *actor { return w.actor(fmt.Sprintf("203.0.113.%d", n)) }
	groups := link(w.picture, []trait{
		{kind: "user agent", weight: 10, actors: []*actor{a(1), a(2)}},
		{kind: "request", weight: 9, actors: []*actor{a(1), a(2)}},
		{kind: "network", weight: networkBits, actors: []*actor{a(1), a(2), a(3), a(4)}},
		{kind: "request", weight: 10, actors: []*actor{a(3), a(4)}}, // one shared path and one hoster
		{kind: "user agent", value: "a", weight: 9, actors: []*actor{a(5), a(6)}},
		{kind: "user agent", value: "b", weight: 9, actors: []*actor{a(5), a(6)}}, // several that nobody else has
		{kind: "user agent", value: "c", weight: 9, actors: []*actor{a(5), a(6)}},
	})
	f := func(x, y int, want bool) {
		t.Helper()
		if got := together(groups, a(x).key.String(), a(y).key.String()); got != want {
			t.Errorf("%d and %d together: %v, want %v", x, y, got, want)
		}
	}
	f(1, 2, true)
	f(3, 4, false)
	f(5, 6, true)
	f(1, 3, false)
}

// TestLinkVictims has a scanner and an exploiter who follow one list of targets,
// and two botnets that take everyone as they come.
func TestLinkVictims(t *testing.T) {
	const organizations = 40
	w := newWorld(organizations)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range organizations {
		org := fmt.Sprintf("org-%02d", i)
		w.see("198.51.100.1", org, int64(r.IntN(120))*day, "sqli")
		w.see("198.51.100.2", org, int64(r.IntN(120))*day, "sqli")
		if i%4 == 0 {
			start := int64(10+i*3)*day + int64(r.IntN(10))
			w.see("203.0.113.1", org, start, "sqli")
			w.see("203.0.113.2", org, start+4*day, "sqli")
		}
	}
	groups := link(w.picture, nil)
	if !together(groups, "203.0.113.1", "203.0.113.2") {
		t.Error("the two halves of a campaign are apart")
	}
	if together(groups, "198.51.100.1", "198.51.100.2") || together(groups, "198.51.100.1", "203.0.113.1") {
		t.Error("those who take everyone were joined")
	}
}

func TestLinkCauses(t *testing.T) {
	w := newWorld(10)
	w.see("203.0.113.1", "org-01", 10*day, "sqli")
	w.see("203.0.113.1", "org-01", 10*day, "rce")
	w.see("203.0.113.1", "org-01", 10*day, "traversal")
	w.see("198.51.100.1", "org-01", day, "probe")
	w.add(&vedette.Detection{
		Detector: "outbound", Rule: "callback", Organization: "org-01", Time: 10*day + 1, LastTime: 11 * day, Count: 1,
		Stage: vedette.VerdictCompromise, Effect: true, Confidence: 80, Actor: netip.MustParseAddr("203.0.113.99"), Role: vedette.RoleC2,
	})
	groups := link(w.picture, nil)
	if !together(groups, "203.0.113.1", "203.0.113.99") {
		t.Error("the control host is apart from the attack just before")
	}
	if together(groups, "198.51.100.1", "203.0.113.99") {
		t.Error("the control host was joined with an old probe")
	}
}

func TestLinkDoesNotDependOnOrder(t *testing.T) {
	ids := make(map[string]bool)
	for seed := range uint64(5) {
		w := newWorld(12)
		r := rand.New(rand.NewPCG(seed, 1))
		for _, i := range r.Perm(12) {
			w.see("203.0.113.1", fmt.Sprintf("org-%02d", i), int64(i)*day, "a")
			w.see("203.0.113.2", fmt.Sprintf("org-%02d", i), int64(i)*day+1, "b")
		}
		text := ""
		for _, g := range link(w.picture, nil) {
			text += newID(g, func(string) bool { return false }) + fmt.Sprint(len(g)) + " "
		}
		ids[text] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d different outcomes: %v", len(ids), ids)
	}
}

func TestTails(t *testing.T) {
	f := func(got, want float64) {
		t.Helper()
		if math.Abs(math.Exp2(got)-want) > 1e-9 {
			t.Errorf("got %g, want %g", math.Exp2(got), want)
		}
	}
	// Drawing both aces of ten cards in two draws: 1 in 45.
	f(hypergeometricTail(10, 2, 2, 2), 1.0/45)
	f(hypergeometricTail(10, 2, 2, 0), 1)
	f(binomialTail(3, 3, 0.5), 1.0/8)
	f(binomialTail(3, 1, 0.5), 7.0/8)
}

func TestExcluded(t *testing.T) {
	c := &vedette.Constituency{
		Organizations:      []vedette.Organization{{ID: "a", Networks: []netip.Prefix{netip.MustParsePrefix("198.18.0.0/24")}}},
		AuthorizedScanners: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")},
	}
	p := newPicture(c)
	f := func(actor, org string, want int) {
		t.Helper()
		world{p}.see(actor, org, 0, "probe")
		if len(p.actors) != want {
			t.Errorf("%s at %s: %d actors, want %d", actor, org, len(p.actors), want)
		}
	}
	f("203.0.113.5", "a", 0)  // the ordered test
	f("198.18.0.9", "a", 0)   // its own machine
	f("203.0.113.99", "", 0)  // nobody's telemetry
	f("203.0.113.99", "a", 1) // a stranger
	f("198.18.0.9", "b", 2)   // another constituent's machine
}

// TestScouts has a scan that is spread over many addresses, and a tool that as
// many strangers use.
func TestScouts(t *testing.T) {
	const organizations, addresses = 40, 30
	w := newWorld(organizations)
	r := rand.New(rand.NewPCG(5, 6))
	pool := func(prefix string, among int) (out []*actor) {
		for i := range addresses {
			addr := fmt.Sprintf("%s.%d", prefix, i+1)
			for range 4 {
				w.see(addr, fmt.Sprintf("org-%02d", r.IntN(among)), int64(r.IntN(100))*day, "probe")
			}
			out = append(out, w.actor(addr))
		}
		return out
	}
	traits := []trait{
		{kind: "user agent", value: "scouts", users: addresses, actors: pool("203.0.113", 12)},
		{kind: "user agent", value: "strangers", users: addresses, actors: pool("198.51.100", organizations)},
		{kind: "user agent", value: "honest clients have it, too", users: addresses + 5, actors: pool("192.0.2", 12)},
	}
	groups := link(w.picture, traits)
	f := func(prefix string, want bool) {
		t.Helper()
		if got := together(groups, prefix+".1", prefix+".30"); got != want {
			t.Errorf("%s: together %v, want %v", prefix, got, want)
		}
	}
	f("203.0.113", true)
	f("198.51.100", false)
	f("192.0.2", false)
}

// TestOnePool has a list that many share who together take everyone, somebody
// who showed a part of it, and two selective ones with one list.
func TestOnePool(t *testing.T) {
	const organizations = 10
	w := newWorld(organizations)
	for i := range 5 {
		for n := range 4 {
			w.see(fmt.Sprintf("203.0.113.%d", i+1), fmt.Sprintf("org-%02d", (2*i+n)%organizations), day, "probe")
		}
	}
	w.see("203.0.113.9", "org-00", day, "probe")
	for i := range 2 {
		w.see(fmt.Sprintf("198.51.100.%d", i+1), "org-01", day, "probe")
	}
	actors := w.sorted()
	at := func(addr string) int { return slices.Index(actors, w.actor(addr)) }
	pair := func(a, b string) edge {
		x, y := at(a), at(b)
		return edge{a: min(x, y), b: max(x, y)}
	}
	alike := []edge{pair("198.51.100.1", "198.51.100.2")}
	for i := range 4 {
		alike = append(alike, pair(fmt.Sprintf("203.0.113.%d", i+1), fmt.Sprintf("203.0.113.%d", i+2)))
	}
	part := []edge{pair("203.0.113.9", "203.0.113.1"), pair("203.0.113.9", "198.51.100.1")}
	links, rest := onePool(actors, alike, part)
	if len(links) != 5 || len(rest) != 2 {
		t.Errorf("%d links and %d others, want 5 and 2", len(links), len(rest))
	}
	for _, e := range links {
		for _, n := range []int{e.a, e.b} {
			if strings.HasPrefix(actors[n].key.String(), "198.51.100.") {
				t.Errorf("%s was put into a pool", actors[n].key)
			}
		}
	}
}
