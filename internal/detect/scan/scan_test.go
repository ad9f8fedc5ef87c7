package scan

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

func TestWalk(t *testing.T) {
	f := func(outcomes string, want int) {
		t.Helper()
		if got := walk(outcomes); got != want {
			t.Errorf("walk(%s) = %d, want %d", outcomes, got, want)
		}
	}
	f("", 0)
	f("FFF", 0)      // 4^3 = 64
	f("FFFF", 4)     // 4^4 = 256
	f("SFFFFF", 6)   // one success costs one failure
	f("SFSFSFSF", 0) // half and half never ends
	f("SSSSFFFF", 8) // found honest after four, then watched anew
	f("SSSFFFF", 0)  // three successes weigh as much as three failures
	f("FFSFFSFF", 8)
	f("FFFSFF", 6)
}

const outsider = "203.0.113.9"

func host(i int) string { return fmt.Sprintf("198.51.100.%d", i) }

func TestFlows(t *testing.T) {
	day := func(d time.Duration) int64 { return windowtest.At(0, d) }
	f := func(name string, fill func(db *windowtest.DB), want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			db := windowtest.New(t)
			fill(db)
			got := windowtest.Brief(db.Analyze(Plugin, nil))
			if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
				t.Errorf("detections (-want +got):\n%s", diff)
			}
		})
	}
	f("sweep of a network", func(db *windowtest.DB) {
		for i := range 20 {
			db.Add(windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(i+1), 443, i%6 == 5))
		}
	}, "horizontal reconnaissance "+outsider)
	f("slow sweep, one host a day", func(db *windowtest.DB) {
		for i := range 9 {
			db.Add(windowtest.Conn(windowtest.At(i, 0), outsider, host(i+1), 1194, false))
		}
	}, "horizontal reconnaissance "+outsider)
	f("ping sweep", func(db *windowtest.DB) {
		for i := range 12 {
			e := windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(i+1), 0, false)
			e.Transport, e.SourcePort, e.Outcome = "icmp", 8, vedette.OutcomeUnknown
			db.Add(e)
		}
	}, "horizontal reconnaissance "+outsider)
	f("ports of one host", func(db *windowtest.DB) {
		for i := range 40 {
			db.Add(windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(1), uint16(20+i), i%10 == 0))
		}
	}, "vertical reconnaissance "+outsider)
	f("inside host", func(db *windowtest.DB) {
		for i := range 25 {
			e := windowtest.Conn(day(time.Duration(i)*time.Second), host(200), host(i+1), 445, false)
			e.Direction = vedette.DirectionInternal
			db.Add(e)
		}
	}, "internal reconnaissance weak")

	f("honest client of a dead server retries for days", func(db *windowtest.DB) {
		for i := range 500 {
			db.Add(windowtest.Conn(day(time.Duration(i)*time.Hour), outsider, host(1), []uint16{25, 80, 443, 993, 995, 143}[i%6], false))
		}
	})
	f("peers of a farm that moved", func(db *windowtest.DB) {
		for i := range 8 { // eight hosts served two clients, then vanished
			db.Add(windowtest.Conn(day(0), "192.0.2.1", host(i), 443, true), windowtest.Conn(day(0), "192.0.2.2", host(i), 443, true))
			db.Add(windowtest.Conn(day(time.Hour), "192.0.2.3", host(i), 443, false), windowtest.Conn(day(time.Hour), "192.0.2.4", host(i), 443, false))
		}
	})
	f("resolver whose late answers are refused", func(db *windowtest.DB) {
		for i := range 60 {
			e := windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(i), uint16(30000+i), false)
			e.Transport, e.SourcePort = "udp", 53
			db.Add(e)
		}
	})
	f("traceroute", func(db *windowtest.DB) {
		for i := range 60 {
			e := windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(1), uint16(33434+i), false)
			e.Transport = "udp"
			db.Add(e)
		}
	})
	f("busy client", func(db *windowtest.DB) {
		for i := range 60 {
			db.Add(windowtest.Conn(day(time.Duration(i)*time.Second), outsider, host(i), 443, i%5 != 0))
		}
	})
	f("own outbound browsing", func(db *windowtest.DB) {
		for i := range 60 {
			e := windowtest.Conn(day(time.Duration(i)*time.Second), host(1), fmt.Sprintf("192.0.2.%d", i), 443, false)
			e.Direction = vedette.DirectionOutbound
			db.Add(e)
		}
	})
}

func TestPermitted(t *testing.T) {
	db := windowtest.New(t)
	for i := range 20 {
		db.Add(windowtest.Conn(windowtest.At(0, time.Duration(i)*time.Second), outsider, host(i+1), 443, false))
	}
	c := &vedette.Constituency{AuthorizedScanners: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}}
	if got := db.Analyze(Plugin, c); len(got) != 0 {
		t.Errorf("an authorized scanner was reported: %+v", got)
	}
}

func TestContentDiscovery(t *testing.T) {
	f := func(name string, fill func(add func(...vedette.Event)), want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			db := windowtest.New(t)
			fill(db.Add)
			got := windowtest.Brief(db.Analyze(Plugin, nil))
			if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
				t.Errorf("detections (-want +got):\n%s", diff)
			}
		})
	}
	at := func(d time.Duration) int64 { return windowtest.At(0, d) }
	f("word list", func(add func(...vedette.Event)) {
		for i := range 30 {
			add(windowtest.Get(at(time.Duration(i)*time.Second), outsider, fmt.Sprintf("/w%d?x=1", i), 404))
		}
	}, "content-discovery reconnaissance "+outsider)
	f("slow word list", func(add func(...vedette.Event)) {
		for i := range 50 {
			add(windowtest.Get(at(time.Duration(i)*3*time.Hour), outsider, fmt.Sprintf("/w%d", i), 404))
		}
	}, "content-discovery reconnaissance "+outsider)
	f("one missing picture, again and again", func(add func(...vedette.Event)) {
		for i := range 200 {
			add(windowtest.Get(at(time.Duration(i)*time.Second), outsider, "/favicon.ico", 404))
		}
	})
	f("visitor of a rebuilt site follows links", func(add func(...vedette.Event)) {
		for i := range 40 {
			e := windowtest.Get(at(time.Duration(i)*time.Second), outsider, fmt.Sprintf("/p%d", i), 404)
			e.Referrer = "https://www.example/"
			add(e)
		}
	})
	f("crawler with an old map", func(add func(...vedette.Event)) {
		for i := range 60 {
			add(windowtest.Get(at(time.Duration(i)*time.Second), "192.0.2.1", fmt.Sprintf("/p%d", i), 200))
			add(windowtest.Get(at(time.Duration(i)*time.Second+time.Hour), outsider, fmt.Sprintf("/p%d", i), 404))
		}
	})
	f("crawler with some dead links", func(add func(...vedette.Event)) {
		for i := range 300 {
			status := uint16(200)
			if i%4 == 0 {
				status = 404
			}
			add(windowtest.Get(at(time.Duration(i)*time.Second), outsider, fmt.Sprintf("/p%d", i), status))
		}
	})
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
