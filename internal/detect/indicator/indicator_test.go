package indicator

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	vocab "github.com/vedette-cti/vedette/internal/vocab/indicator"
)

func set(t testing.TB, values ...string) []vedette.Indicator {
	t.Helper()
	var out []vedette.Indicator
	for _, v := range values {
		ind, err := vocab.Recognize(v)
		if err != nil {
			t.Fatal(err)
		}
		ind.Source, ind.Confidence = "test", 70
		out = append(out, ind)
	}
	return out
}

func TestInspect(t *testing.T) {
	d := New(set(t, "198.51.100.7", "198.51.100.0/24", "2001:db8:bad::/48", "evil.example", "host.example/drop.bin", "d41d8cd98f00b204e9800998ecf8427e"))
	f := func(e vedette.Event, want ...string) {
		t.Helper()
		var got []string
		d.Inspect(&e, func(det *vedette.Detection) {
			got = append(got, fmt.Sprintf("%s %s %s", det.Rule, det.Stage, det.Indicator))
		})
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	in, out := netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.51.100.7")
	f(vedette.Event{SourceIP: out, DestinationIP: in, Direction: vedette.DirectionInbound}, "address reconnaissance 198.51.100.7")
	f(vedette.Event{SourceIP: netip.MustParseAddr("198.51.100.8")}, "network reconnaissance 198.51.100.0/24")
	f(vedette.Event{SourceIP: netip.MustParseAddr("2001:db8:bad::8")}, "network reconnaissance 2001:db8:bad::/48")
	f(vedette.Event{SourceIP: in, DestinationIP: out, Direction: vedette.DirectionOutbound, Has: vedette.HasDestinationBytes, DestinationBytes: 9}, "address compromise 198.51.100.7")
	f(vedette.Event{SourceIP: in, DestinationIP: out, Outcome: vedette.OutcomeFailure}, "address attempt 198.51.100.7")
	f(vedette.Event{SourceIP: in, DNSQuestion: "a.b.EVIL.example"}, "domain attempt evil.example")
	f(vedette.Event{SourceIP: in, DNSQuestion: "notevil.example"})
	f(vedette.Event{SourceIP: in, URLDomain: "host.example", URL: "/drop.bin", Status: 200}, "url compromise host.example/drop.bin")
	f(vedette.Event{SourceIP: in, MD5: "D41D8CD98F00B204E9800998ECF8427E"}, "hash attempt d41d8cd98f00b204e9800998ecf8427e")
	f(vedette.Event{SourceIP: in, DestinationIP: netip.MustParseAddr("203.0.113.1")})
}

func TestValidity(t *testing.T) {
	list := set(t, "198.51.100.7", "198.51.100.0/24")
	list[0].ValidUntil = time.Unix(100, 0)
	d := New(list)
	f := func(at int64, want string) {
		t.Helper()
		var got string
		e := vedette.Event{Time: time.Unix(at, 0).UnixNano(), SourceIP: netip.MustParseAddr("198.51.100.7")}
		d.Inspect(&e, func(det *vedette.Detection) { got = det.Indicator })
		if got != want {
			t.Errorf("at %d: matched %q, want %q", at, got, want)
		}
	}
	f(99, "198.51.100.7")
	f(100, "198.51.100.0/24") // the address ran out, its network still holds
}

func BenchmarkInspect(b *testing.B) {
	var values []string
	for i := range 100_000 {
		values = append(values, fmt.Sprintf("100.%d.%d.%d", 64+i>>16, i>>8&255, i&255), fmt.Sprintf("h%d.example", i))
	}
	d := New(set(b, values...))
	e := vedette.Event{SourceIP: netip.MustParseAddr("203.0.113.9"), DestinationIP: netip.MustParseAddr("198.18.0.9"), ServerName: "www.honest-site.example"}
	b.ReportAllocs()
	for b.Loop() {
		d.Inspect(&e, func(*vedette.Detection) { b.Fatal("matched") })
	}
}
