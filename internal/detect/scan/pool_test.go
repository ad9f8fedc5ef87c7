package scan

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

func TestPooled(t *testing.T) {
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
	// probe is one contact a day, each to a host of its own.
	probe := func(add func(...vedette.Event), n int, from string, ok bool) {
		add(windowtest.Conn(windowtest.At(n, 0), from, host(n+1), 443, ok))
	}
	found := func(from string) string { return "pooled reconnaissance " + from }
	f("neighbors, three contacts each", func(add func(...vedette.Event)) {
		for i := range 9 {
			probe(add, i, fmt.Sprintf("203.0.113.%d", 10+i%3), false)
		}
	}, found("203.0.113.10"), found("203.0.113.11"), found("203.0.113.12"))
	f("neighbors, one contact each, at two organizations", func(add func(...vedette.Event)) {
		for i := range 8 {
			e := windowtest.Conn(windowtest.At(i, 0), fmt.Sprintf("203.0.113.%d", 10+i), host(i+1), 443, false)
			e.Organization = []string{"org-a", "org-b"}[i%2]
			add(e)
		}
	}, found("203.0.113.10"), found("203.0.113.12"), found("203.0.113.14"), found("203.0.113.16"),
		found("203.0.113.11"), found("203.0.113.13"), found("203.0.113.15"), found("203.0.113.17"))
	f("one /48", func(add func(...vedette.Event)) {
		for i := range 8 {
			probe(add, i, fmt.Sprintf("2001:db8:7:%d::1", i%4), false)
		}
	}, found("2001:db8:7::1"), found("2001:db8:7:1::1"), found("2001:db8:7:2::1"), found("2001:db8:7:3::1"))
	// speak shows a client trait to a live server, as n others do.
	speak := func(add func(...vedette.Event), from, ja3 string) {
		e := windowtest.Conn(windowtest.At(20, 0), from, host(200), 443, true)
		e.Dataset, e.Action, e.JA3 = vedette.DatasetZeekSSL, vedette.ActionTLSHandshake, ja3
		add(e)
	}
	spread := []string{"203.0.113.10", "192.0.2.10", "198.18.0.10", "198.18.5.10"}
	shared := func(add func(...vedette.Event), users int) {
		for i := range 8 {
			probe(add, i, spread[i%4], false)
		}
		for _, s := range spread {
			speak(add, s, "c0ffee")
		}
		for i := range users {
			speak(add, fmt.Sprintf("198.19.%d.10", i), "c0ffee")
		}
	}
	f("a rare JA3", func(add func(...vedette.Event)) { shared(add, 3) },
		found("192.0.2.10"), found("198.18.0.10"), found("198.18.5.10"), found("203.0.113.10"))
	f("a JA3 that many have", func(add func(...vedette.Event)) { shared(add, 40) })
	f("nothing in common", func(add func(...vedette.Event)) {
		for i := range 8 {
			probe(add, i, spread[i%4], false)
		}
	})
	f("everybody probes", func(add func(...vedette.Event)) {
		for network := range 30 {
			for i := range 9 {
				add(windowtest.Conn(windowtest.At(i, 0), fmt.Sprintf("198.18.%d.%d", network, 10+i%3), host(1+(network*7+i)%90), 443, false))
			}
		}
	})
	f("a neighbor who visits", func(add func(...vedette.Event)) {
		for i := range 9 {
			probe(add, i, fmt.Sprintf("203.0.113.%d", 10+i%3), false)
		}
		add(windowtest.Conn(windowtest.At(1, 0), "203.0.113.99", host(200), 443, true))
		add(windowtest.Conn(windowtest.At(1, 0), "203.0.113.99", host(50), 443, false))
	}, found("203.0.113.10"), found("203.0.113.11"), found("203.0.113.12"))

	f("visitors behind one provider", func(add func(...vedette.Event)) {
		for i := range 40 {
			from := fmt.Sprintf("203.0.113.%d", 10+i%20)
			add(windowtest.Conn(windowtest.At(i%10, time.Duration(i)*time.Minute), from, host(100+i%30), 443, true))
			if i < 10 {
				add(windowtest.Conn(windowtest.At(i, 0), from, host(i+1), 443, false))
			}
		}
	})
	f("one address translates many visitors, some mistype", func(add func(...vedette.Event)) {
		for i := range 60 {
			add(windowtest.Conn(windowtest.At(i%10, time.Duration(i)*time.Minute), "203.0.113.5", host(100+i%40), 443, true))
		}
		for i := range 4 {
			add(windowtest.Conn(windowtest.At(i, 0), "203.0.113.5", host(i+1), 443, false))
		}
	})
	f("a crawler's farm with an old list", func(add func(...vedette.Event)) {
		for i := range 12 { // hosts that answered others once
			add(windowtest.Conn(windowtest.At(0, 0), "192.0.2.1", host(i+1), 443, true))
			add(windowtest.Conn(windowtest.At(5+i, 0), fmt.Sprintf("203.0.113.%d", 10+i%6), host(i+1), 443, false))
		}
	})
	f("a content network that asks for a server that died", func(add func(...vedette.Event)) {
		for i := range 60 {
			add(windowtest.Conn(windowtest.At(i%9, time.Duration(i)*time.Minute), fmt.Sprintf("203.0.113.%d", i), host(1), uint16(443+i%2*8000), false))
			add(windowtest.Conn(windowtest.At(i%9, time.Duration(i)*time.Minute), fmt.Sprintf("203.0.113.%d", i), host(2), 443, true))
		}
	})
	f("a partner's office and a farm that is down", func(add func(...vedette.Event)) {
		for i := range 30 {
			add(windowtest.Conn(windowtest.At(i%9, 0), fmt.Sprintf("203.0.113.%d", i%10), host(1+i%4), 443, false))
		}
	})
}
