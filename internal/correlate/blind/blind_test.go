package blind

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
	"github.com/vedette-cti/vedette/internal/store/duckdb"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
	"github.com/vedette-cti/vedette/rules"
)

// world is a real store.
type world struct {
	t       testing.TB
	store   store.Store
	sources byte
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := duckdb.Open(context.Background(), t.TempDir(), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &world{t: t, store: s}
}

// log stores events of one file that was written when the last of them was.
func (w *world) log(organization, path string, written time.Time, events ...vedette.Event) {
	w.t.Helper()
	w.sources++
	b := &vedette.Batch{Source: &vedette.Source{ID: vedette.ID{w.sources}, Path: path, Organization: organization}}
	for i := range events {
		e := events[i]
		e.Source, e.Organization, e.Line = b.Source, organization, int64(i+1)
		b.Events = append(b.Events, e)
	}
	n := int64(len(events))
	b.Ledger, b.Position = vedette.Ledger{Read: n, Stored: n}, vedette.Position{Lines: n, ModTime: written}
	if err := w.store.Write(context.Background(), b); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Commit(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) assess(c *vedette.Constituency) []vedette.BlindSpot {
	w.t.Helper()
	got, err := Assess(context.Background(), Input{Constituency: c, Events: w.store})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// hourly makes an event an hour from that client; skew is added to the clock.
func hourly(days int, dataset string, direction vedette.Direction, to string, skew time.Duration) []vedette.Event {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]vedette.Event, days*24)
	for i := range out {
		out[i] = vedette.Event{
			Time: monday.Add(time.Duration(i)*time.Hour + time.Duration(r.IntN(3000))*time.Second + skew).UnixNano(), Dataset: dataset, Direction: direction,
			SourceIP: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), Outcome: vedette.OutcomeSuccess, DestinationPort: 443,
		}
		out[i].DestinationIP, _ = netip.ParseAddr(to)
	}
	return out
}

func TestAssess(t *testing.T) {
	w := newWorld(t)
	end := monday.AddDate(0, 0, 60)
	web := vedette.Asset{ID: "full-web", Address: netip.MustParseAddr("192.0.2.5"), Product: "nginx", Exposure: "internet"}
	vpn := vedette.Asset{ID: "full-vpn", Address: netip.MustParseAddr("192.0.2.6"), Vendor: "SoftEther", Product: "VPN Server", Exposure: "internet"}
	inner := vedette.Asset{ID: "full-files", Address: netip.MustParseAddr("192.0.2.7"), Exposure: "internal"}
	unseen := vpn
	unseen.ID, unseen.Address = "out-vpn", netip.MustParseAddr("192.0.2.200")
	c := &vedette.Constituency{Organizations: []vedette.Organization{
		{ID: "full", Assets: []vedette.Asset{web, vpn, inner}}, {ID: "silent"}, {ID: "out", Assets: []vedette.Asset{unseen}}, {ID: "logs"},
	}}
	w.log("full", "logs/full/www/access.log", end, hourly(60, "web.access", vedette.DirectionInbound, "", 0)...)
	w.log("full", "logs/full/zeek/conn.log", end, hourly(60, "zeek.conn", vedette.DirectionInbound, "192.0.2.6", 0)...)
	w.log("full", "logs/full/zeek/2024/01/02/conn.log", end, hourly(60, "zeek.conn", vedette.DirectionOutbound, "203.0.113.1", 0)...)
	w.log("out", "logs/out/conn.log", end, hourly(60, "zeek.conn", vedette.DirectionOutbound, "203.0.113.1", 0)...)
	w.log("logs", "logs/logs/access.log", end, hourly(60, "web.access", vedette.DirectionInbound, "", 0)...)
	got := w.assess(c)
	want := []string{"full network-only full-vpn", "full technique", "silent no-telemetry", "out no-inbound", "out silent-device out-vpn", "out technique", "logs no-outbound", "logs technique"}
	if s := brief(got); !slices.Equal(s, want) {
		t.Errorf("%q, want\n%q", s, want)
	}
	for _, b := range got {
		hides := b.Kind == vedette.BlindNoTelemetry || b.Kind == vedette.BlindNoInbound || b.Kind == vedette.BlindSilentAsset
		if b.Hides() != hides || !strings.HasSuffix(b.Text, ".") || len(b.Techniques) == 0 {
			t.Errorf("%+v", b)
		}
	}
	if again := w.assess(c); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("not the same again: %v", again)
	}
}

func TestNothing(t *testing.T) {
	w := newWorld(t)
	if got := w.assess(&vedette.Constituency{}); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if got := brief(w.assess(&vedette.Constituency{Organizations: []vedette.Organization{{ID: "a"}}})); !slices.Equal(got, []string{"a no-telemetry"}) {
		t.Errorf("%v", got)
	}
}

func TestUnlisted(t *testing.T) {
	w := newWorld(t)
	c := &vedette.Constituency{Organizations: []vedette.Organization{{ID: "a"}}}
	w.log("a", "conn.log", monday, hourly(20, "zeek.conn", vedette.DirectionInbound, "192.0.2.6", 0)...)
	if got := fmt.Sprint(brief(w.assess(c))); !strings.Contains(got, "a network-only 192.0.2.6") {
		t.Errorf("%s lacks the unlisted device", got)
	}
	w.log("a", "access.log", monday.AddDate(1, 0, 0), hourly(20, "web.access", vedette.DirectionInbound, "", 0)...)
	if got := fmt.Sprint(brief(w.assess(c))); strings.Contains(got, "network-only") {
		t.Errorf("%s: the web log may be that of the device", got)
	}
}

func TestClocks(t *testing.T) {
	f := func(skew time.Duration, third bool, want string) {
		t.Helper()
		w := newWorld(t)
		end := monday.AddDate(1, 0, 0)
		w.log("a", "www/access.log", end, hourly(30, "web.access", vedette.DirectionInbound, "", skew)...)
		w.log("a", "zeek/conn.log", end, hourly(30, "zeek.conn", vedette.DirectionInbound, "192.0.2.6", 0)...)
		if third {
			w.log("a", "eve/eve.json", end, hourly(30, "suricata.flow", vedette.DirectionInbound, "192.0.2.6", 20*time.Second)...)
		}
		got := ""
		for _, b := range w.assess(&vedette.Constituency{Organizations: []vedette.Organization{{ID: "a"}}}) {
			if b.Kind == vedette.BlindClock {
				got += b.Text
			}
		}
		got = regexp.MustCompile(`by \d+ visits`).ReplaceAllString(got, "by N visits")
		if got != want {
			t.Errorf("skew %s: %q, want %q", skew, got, want)
		}
	}
	f(0, false, "")
	f(3*time.Minute, true, "")
	f(time.Hour, true, "The clock of the web server (www) is 1 hour ahead of that of Suricata (eve) and Zeek (zeek), by N visits that both saw; so round a difference points to a time zone.")
	f(-8*time.Hour, true, "The clock of the web server (www) is 8 hours behind that of Suricata (eve) and Zeek (zeek), by N visits that both saw; so round a difference points to a time zone.")
	f(37*time.Minute, true, "The clock of the web server (www) is 37 minutes ahead of that of Suricata (eve) and Zeek (zeek), by N visits that both saw.")
	f(time.Hour, false, "The clock of Zeek (zeek) is 1 hour behind that of the web server (www), by N visits that both saw; either of the two may be wrong; so round a difference points to a time zone.")
}

func TestFuture(t *testing.T) {
	w := newWorld(t)
	events := hourly(10, "web.access", vedette.DirectionInbound, "", 8*time.Hour)
	w.log("a", "www/access.log", monday.AddDate(0, 0, 10), events...)
	for _, b := range w.assess(&vedette.Constituency{Organizations: []vedette.Organization{{ID: "a"}}}) {
		if b.Kind == vedette.BlindClock {
			t.Errorf("eight events after the file was written are enough: %s", b.Text)
		}
	}
	w = newWorld(t)
	w.log("a", "www/access.log", monday.AddDate(0, 0, 9), events...)
	text := ""
	for _, b := range w.assess(&vedette.Constituency{Organizations: []vedette.Organization{{ID: "a"}}}) {
		if b.Kind == vedette.BlindClock {
			text = b.Text
		}
	}
	if !strings.HasPrefix(text, "32 events in www lie up to ") {
		t.Errorf("%q", text)
	}
}

func TestLargestPile(t *testing.T) {
	f := func(want int, ok bool, bins ...bin) {
		t.Helper()
		got, found := largestPile(bins)
		if found != ok || ok && got.minutes != want {
			t.Errorf("%v: %d, %v; want %d, %v", bins, got.minutes, found, want, ok)
		}
	}
	f(0, false)
	f(0, true, bin{minutes: 0, n: 50}, bin{minutes: 30, n: 3})
	f(60, true, bin{minutes: 59, n: 10}, bin{minutes: 60, n: 50}, bin{minutes: 61, n: 9}, bin{minutes: -500, n: 2})
	f(0, false, bin{minutes: 60, n: 19})                              // too few
	f(0, false, bin{minutes: 60, n: 30}, bin{minutes: 0, n: 20})      // many agree
	f(0, true, bin{minutes: 0, n: 50}, bin{minutes: 1440, n: 55})     // a daily visitor
	f(0, false, bin{minutes: 60, n: 30}, bin{minutes: -300, n: 1000}, // no pile stands out
		bin{minutes: -200, n: 900}, bin{minutes: -100, n: 900}, bin{minutes: 300, n: 900})
}

// TestVisibilityIsComplete holds the table to what detectors can say: every
// technique that is written in a detector or tagged in a rule has a line, and
// rules for web servers are answered by web logs.
func TestVisibilityIsComplete(t *testing.T) {
	known := make(map[string]technique)
	for _, x := range techniques {
		known[x.id] = x
		for _, n := range x.needs {
			if _, ok := groups[n.group]; !ok {
				t.Errorf("%s needs %q, which is no group", x.id, n.group)
			}
		}
	}
	pattern := regexp.MustCompile(`"(T1\d{3}(?:\.\d{3})?)"`)
	found := 0
	err := fs.WalkDir(os.DirFS("../../detect"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile("../../detect/" + path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			found++
			if _, ok := known[string(m[1])]; !ok {
				t.Errorf("%s finds %s: visibility.tsv has no line for it", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Fatalf("%d techniques in detectors, %v", found, err)
	}
	err = fs.WalkDir(rules.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yml") {
			return err
		}
		data, err := rules.FS.ReadFile(path)
		if err != nil {
			return err
		}
		docs, err := sig.Parse(data, sig.Options{})
		for _, doc := range docs {
			if doc.Rule == nil {
				continue
			}
			for _, tag := range doc.Rule.Tags {
				id, ok := strings.CutPrefix(tag, "attack.t")
				if !ok {
					continue
				}
				x, ok := known["T"+strings.ToUpper(id)]
				web := slices.ContainsFunc(x.needs, func(n need) bool { return n.group == "web" || n.group == "device" })
				if !ok || doc.Rule.LogSource.Category == "webserver" && !web {
					t.Errorf("%s finds T%s: visibility.tsv has no line for it, or none with web logs", path, id)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if bytes.Contains([]byte(visibilityText), []byte("\r")) || len(ownLogs) < 10 {
		t.Error("tables are damaged")
	}
}

func TestHasLog(t *testing.T) {
	f := func(asset, product string, datasets, hosts []string, want bool) {
		t.Helper()
		a := &vedette.Asset{ID: asset, Product: product, Address: netip.MustParseAddr("192.0.2.9")}
		var seen []presence
		for _, d := range datasets {
			seen = append(seen, presence{dataset: d})
		}
		if got := hasLog(a, seen, hosts); got != want {
			t.Errorf("%s %s with %v of %v: %v", asset, product, datasets, hosts, got)
		}
	}
	f("a-vpn", "SoftEther VPN Server", []string{"softether.server"}, nil, true)
	f("a-vpn", "SoftEther VPN Server", []string{"web.access", "zeek.conn"}, nil, false)
	f("a-web", "Apache HTTP Server", []string{"web.access"}, nil, true)
	f("a-web", "Apache HTTP Server", []string{"iis.access"}, nil, false)
	f("a-fw", "PAN-OS", []string{"cef.log"}, nil, true)
	f("a-fw", "PAN-OS", []string{"system.syslog"}, nil, false)
	f("a-fw", "PAN-OS", []string{"system.syslog"}, []string{"a-fw.example.org"}, true)
	f("a-fw", "PAN-OS", []string{"system.syslog"}, []string{"192.0.2.9"}, true)
	f("a-fw", "PAN-OS", []string{"system.syslog"}, []string{"a"}, false)
}

func TestSensorOf(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"z/2024/01/02/conn.log", "z/2024-01-03/conn.log", "z/conn.log", "10.1.2.3/x.log", "y/2024q/x.log"} {
		w.log("a", path, monday, vedette.Event{Time: monday.UnixNano(), Dataset: "zeek.conn"})
	}
	sensors, err := readSensors(context.Background(), w.store, period{monday, monday.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sensors {
		got = append(got, s.product+" "+s.place)
	}
	if want := []string{"zeek 10.1.2.3", "zeek y/2024q", "zeek z"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
