package owner

import (
	"net/netip"
	"testing"

	"github.com/vedette-cti/vedette"
)

func constituency() *vedette.Constituency {
	return &vedette.Constituency{Organizations: []vedette.Organization{
		{ID: "a", Networks: []netip.Prefix{netip.MustParsePrefix("198.18.0.0/16"), netip.MustParsePrefix("2001:db8:a::/48")}},
		{ID: "b", Networks: []netip.Prefix{netip.MustParsePrefix("198.18.7.0/24")}},
		{ID: "c"},
	}}
}

func TestEnrich(t *testing.T) {
	e := New(constituency())
	f := func(owner, from, to, org, dir string) {
		t.Helper()
		ev := vedette.Event{Source: &vedette.Source{Organization: owner}}
		ev.SourceIP, _ = netip.ParseAddr(from)
		ev.DestinationIP, _ = netip.ParseAddr(to)
		e.Enrich(&ev)
		if ev.Organization != org || ev.Direction.String() != dir {
			t.Errorf("%q: %s > %s is of %q, %q; want %q, %q", owner, from, to, ev.Organization, ev.Direction, org, dir)
		}
	}
	f("", "203.0.113.1", "198.18.7.9", "b", "inbound") // the longer prefix
	f("", "203.0.113.1", "198.18.8.9", "a", "inbound")
	f("", "198.18.8.9", "203.0.113.1", "a", "outbound")
	f("", "2001:db8:a::1", "2001:db8:ffff::1", "a", "outbound")
	f("", "198.18.8.9", "198.18.7.9", "b", "inbound") // from one constituent to another
	f("", "198.18.8.9", "198.18.8.1", "a", "internal")
	f("", "203.0.113.1", "203.0.113.2", "", "")
	f("a", "203.0.113.1", "203.0.113.2", "a", "external")
	f("a", "203.0.113.1", "10.0.0.5", "a", "inbound")
	f("a", "10.0.0.5", "203.0.113.1", "a", "outbound")
	f("a", "203.0.113.1", "", "a", "inbound") // an access log
	f("a", "198.18.0.3", "", "a", "internal")
	f("", "203.0.113.1", "", "", "")
	f("c", "203.0.113.1", "", "c", "inbound")
	f("c", "203.0.113.1", "203.0.113.2", "c", "") // no networks: not known
	f("c", "203.0.113.1", "192.168.1.1", "c", "inbound")
}

func BenchmarkEnrich(b *testing.B) {
	e := New(constituency())
	ev := vedette.Event{Source: &vedette.Source{}, SourceIP: netip.MustParseAddr("203.0.113.1"), DestinationIP: netip.MustParseAddr("198.18.7.9")}
	b.ReportAllocs()
	for b.Loop() {
		e.Enrich(&ev)
	}
}
