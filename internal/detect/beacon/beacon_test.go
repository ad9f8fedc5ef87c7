package beacon

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const (
	outsider = "203.0.113.9"
	server   = "198.51.100.10"
)

type adder func(...vedette.Event)

// check adds thirty days of a server's ordinary life to what fill adds.
func check(t *testing.T, name string, fill func(add adder), want ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		db := windowtest.New(t)
		for day := range 30 {
			db.Add(windowtest.Conn(windowtest.At(day, 9*time.Hour), "192.0.2.77", server, 443, true))
			db.Add(windowtest.Outbound(windowtest.At(day, 3*time.Hour), server, "192.0.2.200", 443))
		}
		fill(db.Add)
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	})
}

func TestSteady(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	beat := func(add adder, day int, from string, every time.Duration, jitter int) {
		for i := 0; time.Duration(i)*every < 24*time.Hour; i++ {
			late := time.Duration(i*i*7919%(jitter+1)) * time.Second
			add(windowtest.Outbound(windowtest.At(day, time.Duration(i)*every+late), from, outsider, 443))
		}
	}
	long := func(day int, d time.Duration) vedette.Event {
		e := windowtest.Outbound(windowtest.At(day, 0), server, outsider, 443)
		e.Duration = int64(d)
		return e
	}
	f("beacon", func(add adder) { beat(add, 20, server, 5*time.Minute, 20) }, "beacon attempt "+outsider+" weak")
	f("long", func(add adder) { add(long(20, 7*time.Hour)) }, "long-connection attempt "+outsider+" weak")
	f("long, place known", func(add adder) { add(long(1, time.Second), long(20, 7*time.Hour)) })
	f("long, network known", func(add adder) {
		e := windowtest.Outbound(windowtest.At(1, 0), server, "203.0.113.77", 443)
		e.DestinationGeo = &vedette.Geo{ASN: 64500}
		add(e)
		e = long(20, 7*time.Hour)
		e.DestinationGeo = &vedette.Geo{ASN: 64500}
		add(e)
	})
	f("at the start", func(add adder) { beat(add, 1, server, 5*time.Minute, 20) })
	f("irregular", func(add adder) {
		for i := range 40 {
			e := windowtest.Outbound(windowtest.At(20, time.Duration(i*i*i)*time.Second/2), server, outsider, 443)
			e.SourceBytes = int64(100 + i*i*97%5000)
			add(e)
		}
	})
	f("a workstation", func(add adder) { beat(add, 20, "198.51.100.99", 5*time.Minute, 0) })
	f("too few", func(add adder) { beat(add, 20, server, 90*time.Minute, 0) })
	f("twice a second", func(add adder) {
		for i := range 200 {
			add(windowtest.Outbound(windowtest.At(20, time.Duration(i)*500*time.Millisecond), server, outsider, 443))
		}
	})
	f("a place that others use", func(add adder) {
		beat(add, 20, server, 10*time.Minute, 0)
		add(windowtest.Conn(windowtest.At(1, 0), "192.0.2.77", "198.51.100.11", 443, true))
		add(windowtest.Outbound(windowtest.At(2, 0), "198.51.100.11", "192.0.2.200", 443))
		add(windowtest.Outbound(windowtest.At(20, 0), "198.51.100.11", outsider, 443))
	})
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
