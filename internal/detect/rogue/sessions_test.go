package rogue

import (
	"fmt"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

func TestCovertTunnel(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	// keep opens several connections for five hours on each of four days, step
	// apart.
	keep := func(add adder, step time.Duration, n int) {
		for day := 20; day < 24; day++ {
			for i := range n {
				e := windowtest.Outbound(windowtest.At(day, time.Duration(i)*step), server, outsider, 443)
				e.Duration = int64(5 * time.Hour)
				add(e)
			}
		}
	}
	attacked := func(add adder) {
		for i := range 3 {
			e := windowtest.Get(windowtest.At(18, time.Duration(i)*time.Minute), fmt.Sprintf("203.0.113.%d", 50+i), "/?id=1%20union%20select%20"+fmt.Sprint(i), 200)
			add(e)
		}
	}
	names := func(add adder, day int, host string) {
		e := windowtest.Outbound(windowtest.At(day, -time.Second), host, "192.0.2.53", 53)
		e.Dataset, e.Action, e.DNSQuestion = vedette.DatasetZeekDNS, vedette.ActionDNSQuery, "x0.x1.servers.nat-traversal.softether-network.net"
		add(e)
	}
	const second = 1100 * time.Millisecond
	f("after attacks", func(add adder) { attacked(add); keep(add, second, 2) }, "covert-tunnel compromise "+outsider)
	f("after attacks, eight connections, named", func(add adder) { attacked(add); names(add, 20, server); keep(add, second, 8) },
		"softether-tunnel attempt", "covert-tunnel compromise "+outsider)
	f("nobody attacked", func(add adder) { keep(add, second, 2) }, "covert-tunnel attempt "+outsider)
	f("attacks on another server", func(add adder) {
		e := windowtest.Get(windowtest.At(18, 0), "203.0.113.50", "/?f=../../etc/passwd", 200)
		e.DestinationIP = windowtest.Conn(0, outsider, "198.51.100.11", 443, true).DestinationIP
		add(e, e, e)
		keep(add, second, 2)
	}, "covert-tunnel attempt "+outsider)
	f("one connection at a time", func(add adder) { attacked(add); keep(add, second, 1) })
	f("a pool opened at once", func(add adder) { attacked(add); keep(add, 3*time.Millisecond, 4) })
	f("one session", func(add adder) {
		attacked(add)
		for i := range 2 {
			e := windowtest.Outbound(windowtest.At(20, time.Duration(i)*second), server, outsider, 443)
			e.Duration = int64(5 * time.Hour)
			add(e)
		}
	})
	f("a server that keeps connections", func(add adder) {
		e := windowtest.Outbound(windowtest.At(3, 0), server, "192.0.2.200", 443)
		e.Duration = int64(3 * time.Hour)
		add(e)
		attacked(add)
		keep(add, second, 2)
	})
	f("an organization with SoftEther: a new cascade", func(add adder) {
		add(windowtest.Login(windowtest.At(2, 0), "192.0.2.10", "chen", true, nil))
		attacked(add)
		keep(add, second, 2)
	})
	f("staff uses SoftEther", func(add adder) {
		names(add, 5, "198.51.100.99")
		names(add, 20, server)
		attacked(add)
		keep(add, second, 2)
	}, "softether-tunnel attempt")
	f("a VPN gateway", func(add adder) {
		add(windowtest.Conn(windowtest.At(2, 0), "192.0.2.10", server, 5555, true))
		attacked(add)
		keep(add, second, 2)
	})
	f("to a partner", func(add adder) {
		e := windowtest.Login(windowtest.At(2, 0), "203.0.113.200", "partner", true, nil)
		e.Dataset = vedette.DatasetAuth
		add(e)
		attacked(add)
		keep(add, second, 2)
	})
	f("a place that others use", func(add adder) {
		add(windowtest.Conn(windowtest.At(1, 0), "192.0.2.77", "198.51.100.11", 443, true))
		add(windowtest.Outbound(windowtest.At(20, 0), "198.51.100.11", outsider, 443))
		attacked(add)
		keep(add, second, 2)
	})
}
