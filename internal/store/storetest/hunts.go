package storetest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// finder returns a function that checks which lines a hunt finds.
func finder(t *testing.T, s store.Store) func(name string, h store.Hunt, want ...int64) {
	return func(name string, h store.Hunt, want ...int64) {
		t.Helper()
		if got := lines(t, s, h); !slices.Equal(got, want) {
			t.Errorf("%s: lines %v, want %v", name, got, want)
		}
	}
}

func indicators(kind vedette.IndicatorType, values ...string) []vedette.Indicator {
	var out []vedette.Indicator
	for _, v := range values {
		out = append(out, vedette.Indicator{Type: kind, Value: v})
	}
	return out
}

func testHuntConditions(t *testing.T, open Open) {
	s := opened(t, open)
	at := func(sec int) int64 { return start.Add(time.Duration(sec) * time.Second).UnixNano() }
	write(t, s, batch(source(2),
		vedette.Event{Line: 1, Time: at(5), Organization: "edu-07", Dataset: "zeek.conn", SourceIP: addr("198.51.100.7")},
		vedette.Event{Line: 2, Time: at(1), Organization: "edu-07", Dataset: "web.access", DestinationIP: addr("198.51.100.200")},
		vedette.Event{Line: 3, Time: at(5), Offset: 10, Organization: "gov'01", Dataset: "zeek.conn", SourceIP: addr("2001:db8:1::5")},
		vedette.Event{Line: 4, Time: at(9), SourceIP: addr("203.0.113.1"), DestinationIP: addr("198.51.101.0")},
	), batch(source(1), vedette.Event{Line: 5, Time: at(5), SourceIP: addr("198.51.99.255")}))
	f := finder(t, s)
	f("all", store.Hunt{}, 2, 1, 3, 5, 4) // by time, then source (as met), then position
	f("limit", store.Hunt{Limit: 2}, 2, 1)
	f("organization", store.Hunt{Organization: "edu-07"}, 2, 1)
	f("quote in organization", store.Hunt{Organization: "gov'01"}, 3)
	f("dataset", store.Hunt{Dataset: "zeek.conn"}, 1, 3)
	f("start", store.Hunt{Start: start.Add(5 * time.Second)}, 1, 3, 5, 4)
	f("end", store.Hunt{End: start.Add(5 * time.Second)}, 2)
	f("far away", store.Hunt{Start: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), End: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, 2, 1, 3, 5, 4)
	f("network", store.Hunt{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, 2, 1)
	f("networks", store.Hunt{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.101.0/32"), netip.MustParsePrefix("2001:db8::/32")}}, 3, 4)
	f("and", store.Hunt{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Dataset: "web.access", Organization: "edu-07"}, 2)
	f("nothing", store.Hunt{Organization: "x"})
}

// testHuntLater fills columns that were NULL in all earlier events, and in the
// end asks a store that was opened again.
func testHuntLater(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	want := []string{"", ""}
	write(t, s, batch(source(1), vedette.Event{}, vedette.Event{}))
	check := func() {
		t.Helper()
		var got []string
		for _, hit := range hits(t, s, store.Hunt{}) {
			got = append(got, hit.Event.FileName)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("file names %q, want %q", got, want)
		}
	}
	check()
	write(t, s, batch(source(1), vedette.Event{Line: 3, FileName: "a"}))
	want = append(want, "a")
	check()
	if err := s.Write(ctx, batch(source(1), vedette.Event{Line: 4, FileName: "b", JA4: "j"})); err != nil {
		t.Fatal(err)
	}
	check()
	write(t, s)
	want = append(want, "b")
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	check()
	if got := hits(t, s, store.Hunt{Text: "J"}); len(got) != 1 || got[0].Event.JA4 != "j" {
		t.Errorf("text hunt found %d events", len(got))
	}
}

func testHuntAddresses(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1),
		vedette.Event{SourceIP: addr("198.51.100.7"), DestinationIP: addr("203.0.113.1"), Dataset: "a"},
		vedette.Event{SourceIP: addr("203.0.113.1"), DestinationIP: addr("198.51.100.7"), Dataset: "b"},
		vedette.Event{SourceIP: addr("198.51.100.8")},
		vedette.Event{SourceIP: addr("2001:db8:7::1")},
		vedette.Event{DestinationIP: addr("192.0.2.255")},
		vedette.Event{},
	))
	f := finder(t, s)
	one := indicators(vedette.IndicatorAddress, "198.51.100.7")
	f("address", store.Hunt{Indicators: one}, 1, 2)
	f("address and dataset", store.Hunt{Indicators: one, Dataset: "b"}, 2)
	f("both ends", store.Hunt{Indicators: indicators(vedette.IndicatorAddress, "203.0.113.1", "198.51.100.7")}, 1, 2)
	f("IPv6", store.Hunt{Indicators: indicators(vedette.IndicatorAddress, "2001:db8:7::1")}, 4)
	f("network", store.Hunt{Indicators: indicators(vedette.IndicatorNetwork, "198.51.100.0/29")}, 1, 2)
	f("networks", store.Hunt{Indicators: indicators(vedette.IndicatorNetwork, "192.0.2.0/24", "2001:db8::/32", "10.0.0.0/8")}, 4, 5)
	mixed := append(indicators(vedette.IndicatorNetwork, "198.51.100.0/24"), one...)
	f("mixed", store.Hunt{Indicators: mixed}, 1, 2, 3)
	for _, hit := range hits(t, s, store.Hunt{Indicators: mixed}) {
		if hit.Indicator == nil || hit.Indicator.Value != "198.51.100.0/24" {
			t.Errorf("line %d: indicator %v, want the first that matches", hit.Event.Line, hit.Indicator)
		}
	}
	f("unknown", store.Hunt{Indicators: indicators(vedette.IndicatorAddress, "10.9.8.7")})
	for _, bad := range []vedette.Indicator{{Type: vedette.IndicatorAddress, Value: "x"}, {Type: vedette.IndicatorNetwork, Value: "10.0.0.0"}} {
		for _, err := range s.Hunt(ctx, store.Hunt{Indicators: []vedette.Indicator{bad}}) {
			if err == nil {
				t.Errorf("indicator %q gave a hit", bad.Value)
			}
		}
	}
	var many []vedette.Indicator
	for i := range 30_000 {
		many = append(many, indicators(vedette.IndicatorAddress, netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}).String())...)
	}
	f("many", store.Hunt{Indicators: append(many, one...)}, 1, 2)
}

func testHuntNames(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1),
		vedette.Event{DNSQuestion: "evil.example"},
		vedette.Event{URLDomain: "WWW.Evil.Example:8080"},
		vedette.Event{ServerName: "a.b.evil.example."},
		vedette.Event{DNSQuestion: "notevil.example", ServerName: "evil.example.org"},
		vedette.Event{DNSQuestion: "example"},
		vedette.Event{URLDomain: "b.evil.example", DNSQuestion: "other.test"},
	))
	f := finder(t, s)
	f("domain", store.Hunt{Indicators: indicators(vedette.IndicatorDomain, "evil.example")}, 1, 2, 3, 6)
	f("below", store.Hunt{Indicators: indicators(vedette.IndicatorDomain, "b.evil.example")}, 3, 6)
	f("several", store.Hunt{Indicators: indicators(vedette.IndicatorDomain, "other.test", "evil.example.org")}, 4, 6)
	f("none", store.Hunt{Indicators: indicators(vedette.IndicatorDomain, "vil.example")})
}

func testHuntURLs(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1),
		vedette.Event{URLDomain: "Evil.example", URL: "/drop/a.php"},
		vedette.Event{URL: "https://evil.example:8443/drop/a.php?id=1"},
		vedette.Event{URLDomain: "evil.example", URL: "/drop/a.php.bak"},
		vedette.Event{URLDomain: "good.example", URL: "/drop/a.php"},
		vedette.Event{URLDomain: "evil.example", URL: "/"},
		vedette.Event{URLDomain: "proxy.example", URL: "http://EVIL.example/drop/"},
		vedette.Event{URLDomain: "evil.example:443", URL: "/drop/A.php"},
		vedette.Event{URL: "/drop/a.php"},
		vedette.Event{URLDomain: "good.example", URL: "/?u=http://evil.example/drop/a.php"},
	))
	f := finder(t, s)
	f("page", store.Hunt{Indicators: indicators(vedette.IndicatorURL, "evil.example/drop/a.php")}, 1, 2)
	f("folder", store.Hunt{Indicators: indicators(vedette.IndicatorURL, "evil.example/drop/")}, 1, 2, 3, 6, 7)
	f("root", store.Hunt{Indicators: indicators(vedette.IndicatorURL, "evil.example/")}, 5)
	f("none", store.Hunt{Indicators: indicators(vedette.IndicatorURL, "nowhere.example/drop/a.php")})
}

func testHuntHashes(t *testing.T, open Open) {
	s := opened(t, open)
	md5, sha1, sha256 := strings.Repeat("a1", 16), strings.Repeat("b2", 20), strings.Repeat("c3", 32)
	write(t, s, batch(source(1), vedette.Event{MD5: md5}, vedette.Event{SHA1: sha1, MD5: strings.Repeat("0", 32)}, vedette.Event{SHA256: sha256}, vedette.Event{}))
	f := finder(t, s)
	f("md5", store.Hunt{Indicators: indicators(vedette.IndicatorHash, md5)}, 1)
	f("all", store.Hunt{Indicators: indicators(vedette.IndicatorHash, sha256, sha1, md5)}, 1, 2, 3)
	f("none", store.Hunt{Indicators: indicators(vedette.IndicatorHash, strings.Repeat("9", 64))})
}

func testHuntValidity(t *testing.T, open Open) {
	s := opened(t, open)
	var events []vedette.Event
	for range 6 { // one a second
		events = append(events, vedette.Event{SourceIP: addr("198.51.100.7"), DNSQuestion: "evil.example"})
	}
	write(t, s, batch(source(1), events...))
	at := func(sec int) time.Time { return start.Add(time.Duration(sec) * time.Second) }
	f := finder(t, s)
	for _, ind := range []vedette.Indicator{
		{Type: vedette.IndicatorAddress, Value: "198.51.100.7"},
		{Type: vedette.IndicatorNetwork, Value: "198.51.100.0/24"},
		{Type: vedette.IndicatorDomain, Value: "evil.example"},
	} {
		g := func(name string, from, until time.Time, want ...int64) {
			t.Helper()
			ind := ind
			ind.ValidFrom, ind.ValidUntil = from, until
			f(ind.Value+" "+name, store.Hunt{Indicators: []vedette.Indicator{ind}}, want...)
		}
		g("always", time.Time{}, time.Time{}, 1, 2, 3, 4, 5, 6)
		g("from", at(4), time.Time{}, 5, 6)
		g("until", time.Time{}, at(2), 1, 2)
		g("between", at(2), at(4), 3, 4)
		g("never", at(100), at(200))
	}
	early, late := indicators(vedette.IndicatorAddress, "198.51.100.7")[0], indicators(vedette.IndicatorAddress, "198.51.100.7")[0]
	early.ValidUntil, early.Label = at(1), "early"
	late.ValidFrom, late.Label = at(5), "late"
	var labels []string
	for _, hit := range hits(t, s, store.Hunt{Indicators: []vedette.Indicator{late, early}}) {
		labels = append(labels, hit.Indicator.Label)
	}
	if want := []string{"early", "late"}; !slices.Equal(labels, want) {
		t.Errorf("indicators of the hits: %q, want %q", labels, want)
	}
}

func testHuntText(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1),
		vedette.Event{URL: "/Admin/Login.php"},
		vedette.Event{UserAgent: "SQLMap/1.7"},
		vedette.Event{Rest: []vedette.Field{{Key: "cmd", Value: "whoami"}}},
		vedette.Event{Message: "100%_sure 'quoted' \\ back"},
		vedette.Event{Original: []byte("kept Original"), Keep: true},
		vedette.Event{User: "李小明", Host: "nul \x00 byte", Dataset: "x"},
	))
	f := finder(t, s)
	f("case", store.Hunt{Text: "admin/LOGIN"}, 1)
	f("agent", store.Hunt{Text: "sqlmap"}, 2)
	f("rest", store.Hunt{Text: "WHOAMI"}, 3)
	f("key of rest", store.Hunt{Text: `"cmd"`}, 3)
	f("no pattern", store.Hunt{Text: "100%_"}, 4)
	f("underscore", store.Hunt{Text: "1_0"})
	f("quotes", store.Hunt{Text: "'QUOTED' \\"}, 4)
	f("original", store.Hunt{Text: "kept o"}, 5)
	f("unicode", store.Hunt{Text: "小明"}, 6)
	f("nul", store.Hunt{Text: "NUL \x00 b"}, 6)
	f("with dataset", store.Hunt{Text: "小明", Dataset: "y"})
	f("none", store.Hunt{Text: "absent"})
}
