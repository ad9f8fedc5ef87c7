package correlate

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store/duckdb"
	"github.com/vedette-cti/vedette/internal/vocab/warninglist"
)

// scene is a constituency's telemetry and detections under construction, in a
// real store.
type scene struct {
	t            *testing.T
	constituency *vedette.Constituency
	events       map[string][]vedette.Event // by organization, in order
	detections   []vedette.Detection
	lists        *warninglist.Set
}

func newScene(t *testing.T, organizations int) *scene {
	s := &scene{t: t, constituency: &vedette.Constituency{}, events: make(map[string][]vedette.Event)}
	for i := range organizations {
		s.constituency.Organizations = append(s.constituency.Organizations, vedette.Organization{
			ID: fmt.Sprintf("org-%02d", i), Sector: "education", Country: "TW", Networks: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("198.18.%d.0/24", i))},
		})
	}
	return s
}

func source(org string) vedette.ID {
	var id vedette.ID
	copy(id[:], org)
	return id
}

// see adds an event and returns the line that shows it.
func (s *scene) see(org string, e vedette.Event) vedette.Evidence {
	e.Organization, e.Direction = org, vedette.DirectionInbound
	n := int64(len(s.events[org]))
	e.Line, e.Offset = n+1, n*100
	s.events[org] = append(s.events[org], e)
	return vedette.Evidence{Time: e.Time, File: org + ".log", Line: e.Line, Offset: e.Offset, Source: source(org)}
}

func request(from string, at int64, method, url string, status int) vedette.Event {
	return vedette.Event{
		Time: at, Dataset: "web.access", Category: "web", SourceIP: netip.MustParseAddr(from), Method: method, URL: url, Status: uint16(status),
	}
}

// find adds a detection. words: "detector/rule stage [effect] [weak]".
func (s *scene) find(words, org, actor string, confidence int, lines ...vedette.Evidence) *vedette.Detection {
	d := finding(words, confidence, lines[0].Time, 1)
	id := vedette.ID{0xd0, byte(len(s.detections) >> 8), byte(len(s.detections))}
	s.detections = append(s.detections, vedette.Detection{
		ID: id, Time: lines[0].Time, LastTime: lines[len(lines)-1].Time, Detector: d.detector, Rule: d.rule, Title: d.rule, Stage: d.stage,
		Effect: d.effect, Weak: d.weak, Confidence: confidence, Organization: org, Actor: netip.MustParseAddr(actor), Count: 1, Evidence: lines,
		Summary: d.rule + " happened.",
	})
	return &s.detections[len(s.detections)-1]
}

// assess writes all that into a store and assesses it.
func (s *scene) assess() *vedette.Assessment {
	s.t.Helper()
	ctx := context.Background()
	st, err := duckdb.Open(ctx, s.t.TempDir(), duckdb.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	for _, org := range sortedKeys(s.events) {
		src := &vedette.Source{ID: source(org), Path: org + ".log", Format: "web", Organization: org}
		list := s.events[org]
		for i := range list {
			list[i].Source = src
		}
		n := int64(len(list))
		b := &vedette.Batch{Source: src, Events: list, Ledger: vedette.Ledger{Read: n, Stored: n}, Position: vedette.Position{Offset: n * 100, Lines: n}}
		for _, d := range s.detections {
			if d.Organization == org {
				b.Detections = append(b.Detections, d)
			}
		}
		if err := st.Write(ctx, b); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := st.Commit(ctx); err != nil {
		s.t.Fatal(err)
	}
	a, _, err := Assess(ctx, Input{Constituency: s.constituency, Detections: st.Detections(ctx), Events: st, Lists: s.lists})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// clusterOf returns the cluster that holds value, nil if none does.
func clusterOf(a *vedette.Assessment, value string) *vedette.Cluster {
	for i := range a.Clusters {
		if slices.ContainsFunc(a.Clusters[i].Infrastructure, func(x vedette.Infrastructure) bool { return x.Value == value }) {
			return &a.Clusters[i]
		}
	}
	return nil
}

func verdictOf(a *vedette.Assessment, org string) vedette.Verdict {
	for _, o := range a.Organizations {
		if o.Organization.ID == org {
			return o.Verdict
		}
	}
	return vedette.VerdictNone
}

// visitors are the honest clients that rarity is measured against.
func (s *scene) visitors(org string, n int) {
	for i := range n {
		e := request(fmt.Sprintf("192.0.2.%d", i+1), int64(i)*int64(time.Minute), "GET", "/news.php?id=1", 200)
		e.UserAgent = "Browser/1.0"
		s.see(org, e)
	}
}

// TestTraits has a client software that two attackers have alone, beside one that
// every visitor has too, and two botnets with one list each.
func TestTraits(t *testing.T) {
	s := newScene(t, 6)
	for i := range 6 {
		s.visitors(fmt.Sprintf("org-%02d", i), 200)
	}
	attack := func(from, org, agent, url string, at int64) {
		e := request(from, at, "GET", url, 404)
		e.UserAgent = agent
		s.find("sigma/probe attempt", org, from, 60, s.see(org, e))
	}
	for i := range 2 { // chosen by hand: a rare agent and a rare path at one organization each
		attack(fmt.Sprintf("203.0.113.%d", i+1), fmt.Sprintf("org-%02d", i), "Rare/7.3", "/secret/door", day)
	}
	attack("203.0.113.3", "org-03", "Browser/1.0", "/other", day)
	attack("203.0.113.4", "org-04", "Browser/1.0", "/else", day)
	for bot := range 20 {
		for i := range 6 {
			for n := range 5 {
				attack(fmt.Sprintf("198.51.100.%d", bot+1), fmt.Sprintf("org-%02d", i), "Tool/1", fmt.Sprintf("/%c%d.cgi", 'a'+bot%2, n), int64(bot*6+i)*day/3)
			}
		}
	}
	a := s.assess()
	f := func(x, y string, want bool) {
		t.Helper()
		if got := clusterOf(a, x) != nil && clusterOf(a, x) == clusterOf(a, y); got != want {
			t.Errorf("%s and %s together: %v, want %v", x, y, got, want)
		}
	}
	f("203.0.113.1", "203.0.113.2", true)
	f("203.0.113.3", "203.0.113.4", false) // what everybody has
	f("203.0.113.1", "203.0.113.3", false)
	f("198.51.100.1", "198.51.100.3", true) // one list
	f("198.51.100.1", "198.51.100.19", true)
	f("198.51.100.1", "198.51.100.2", false) // another
	f("198.51.100.1", "203.0.113.1", false)
}

// TestGeneric has the same answered request twice: a page that everybody is
// asked for, and one that only one organization has.
func TestGeneric(t *testing.T) {
	s := newScene(t, 6)
	for i := range 6 {
		org := fmt.Sprintf("org-%02d", i)
		s.visitors(org, 10)
		status := 404
		if i == 0 {
			status = 200
		}
		line := s.see(org, request("203.0.113.1", int64(i)*day, "POST", "/vendor/eval.php", status))
		if i == 0 {
			s.find("webshell/web-shell compromise effect", org, "203.0.113.1", 75, line)
		}
		s.find("sigma/probe attempt", org, "203.0.113.1", 60, line)
	}
	line := s.see("org-01", request("203.0.113.9", day, "POST", "/upload/x7.php", 200))
	s.find("webshell/web-shell compromise effect", "org-01", "203.0.113.9", 75, line)
	a := s.assess()
	if v := verdictOf(a, "org-00"); v != vedette.VerdictAttempt {
		t.Errorf("an answer to what everybody is sent is %s, want attempt", v)
	}
	if v := verdictOf(a, "org-01"); v != vedette.VerdictCompromise {
		t.Errorf("a page of one organization is %s, want compromise", v)
	}
}

// TestConvict has a script that one client uses alone, by a partner and by
// somebody who attacks others.
func TestConvict(t *testing.T) {
	f := func(attacked int, want vedette.Verdict) {
		t.Helper()
		s := newScene(t, 5)
		for i := range attacked {
			org := fmt.Sprintf("org-%02d", i+1)
			s.find("sigma/sqli attempt", org, "203.0.113.1", 65, s.see(org, request("203.0.113.1", day, "GET", "/?id=1'", 404)))
		}
		s.visitors("org-00", 5)
		s.find("webshell/lonely-script attempt weak", "org-00", "203.0.113.1", 35, s.see("org-00", request("203.0.113.1", 2*day, "POST", "/cache/a1.php", 200)))
		if v := verdictOf(s.assess(), "org-00"); v != want {
			t.Errorf("by somebody who attacked %d others: %s, want %s", attacked, v, want)
		}
	}
	f(0, vedette.VerdictNone)
	f(2, vedette.VerdictNone)
	f(3, vedette.VerdictCompromise)
}

// TestCompanions has an intruder who makes an account, which another address
// uses, and a web shell that a third one comes back to; staff do neither.
func TestCompanions(t *testing.T) {
	s := newScene(t, 2)
	account := func(from string, at int64, action, user, message string) vedette.Evidence {
		return s.see("org-00", vedette.Event{
			Time: at, Dataset: "vpn", Category: "authentication", Action: action, Outcome: vedette.OutcomeSuccess,
			SourceIP: netip.MustParseAddr(from), User: user, Message: message,
		})
	}
	account("192.0.2.1", 0, "login", "alice", "")
	account("203.0.113.1", 10*day, "admin-login", "", "")
	line := account("203.0.113.1", 10*day+1, "user-created", "", `User "helper1" has been created.`)
	account("192.0.2.2", 11*day, "user-created", "", `User "newcomer" has been created.`)
	s.find("takeover/device-takeover compromise effect", "org-00", "203.0.113.1", 90, line)
	account("198.51.100.7", 12*day, "session-start", "helper1", "")
	account("198.51.100.8", 12*day, "session-start", "newcomer", "")
	account("192.0.2.1", 12*day, "login", "alice", "")

	s.visitors("org-01", 5)
	form := s.see("org-01", request("203.0.113.1", 20*day, "POST", "/news.php?id=1'", 200)) // the attack before it
	shell := s.see("org-01", request("203.0.113.1", 20*day+1, "POST", "/upload/x.php", 200))
	s.find("webshell/web-shell compromise effect", "org-01", "203.0.113.1", 90, form, shell)
	s.see("org-01", request("192.0.2.3", 21*day, "POST", "/news.php", 200)) // a visitor's form
	s.see("org-01", request("198.51.100.9", 25*day, "POST", "/upload/x.php", 200))
	s.see("org-01", request("192.0.2.9", 25*day, "GET", "/upload/x.php", 404)) // saw it in a log
	a := s.assess()
	if len(a.Clusters) != 1 {
		t.Fatalf("%d clusters, want one", len(a.Clusters))
	}
	var got []string
	for _, i := range a.Clusters[0].Infrastructure {
		got = append(got, i.Value+" "+strings.Join(i.Roles.Names(), "+"))
	}
	slices.Sort(got)
	want := []string{"198.51.100.7 tunnel", "198.51.100.9 administration", "203.0.113.1 "}
	if !slices.Equal(got, want) {
		t.Errorf("infrastructure %q, want %q", got, want)
	}
	for _, o := range a.Clusters[0].Organizations {
		for _, e := range o.Evidence {
			if e.File == "" || e.Line == 0 {
				t.Errorf("evidence without a line: %+v", e)
			}
		}
	}
}

// TestListed has a scanner that says so, by the user's warning list.
func TestListed(t *testing.T) {
	f := func(list string, targeted bool, known int) {
		t.Helper()
		s := newScene(t, 4)
		s.lists = new(warninglist.Set)
		if err := s.lists.Read(strings.NewReader(list)); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			org := fmt.Sprintf("org-%02d", i)
			line := s.see(org, request("203.0.113.1", int64(i)*day, "POST", fmt.Sprintf("/upload/%d.php", i), 200))
			s.find("webshell/web-shell compromise effect", org, "203.0.113.1", 90, line)
			s.find("sigma/sqli attempt", org, "203.0.113.1", 65, line)
		}
		c := clusterOf(s.assess(), "203.0.113.1")
		if c == nil || c.Targeted != targeted || len(c.Infrastructure[0].Known) != known {
			t.Errorf("with %.60s: %+v", list, c)
		}
	}
	f(`{"name": "Research IP ranges used for scanning", "type": "cidr", "list": ["203.0.113.0/24"]}`, false, 1)
	f(`{"name": "Known cloud", "type": "cidr", "list": ["203.0.113.0/24"]}`, true, 1)
	f(`{"name": "Research IP ranges used for scanning", "type": "cidr", "list": ["192.0.2.0/24"]}`, true, 0)
}

// TestTwoShells has two intruders on one server, each with a web shell of its
// own, and a third address that uses one of them.
func TestTwoShells(t *testing.T) {
	s := newScene(t, 1)
	s.visitors("org-00", 5)
	use := func(from, path string, at int64) {
		attack := s.see("org-00", request(from, at-1, "GET", "/news.php?id=1'", 500))
		s.find("webshell/web-shell compromise effect", "org-00", from, 90, attack, s.see("org-00", request(from, at, "POST", path, 200)))
	}
	use("203.0.113.1", "/upload/a.php", day)
	use("203.0.113.2", "/upload/a.php", 2*day)
	use("198.51.100.1", "/upload/b.php", 2*day)
	a := s.assess()
	if clusterOf(a, "203.0.113.1") == nil || clusterOf(a, "203.0.113.1") != clusterOf(a, "203.0.113.2") {
		t.Error("two who use one shell are apart")
	}
	if clusterOf(a, "203.0.113.1") == clusterOf(a, "198.51.100.1") {
		t.Error("two shells make one cluster")
	}
}
