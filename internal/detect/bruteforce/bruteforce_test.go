package bruteforce

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

var (
	home    = &vedette.Geo{Country: "TW", ASN: 64500}
	mobile  = &vedette.Geo{Country: "TW", ASN: 64501}
	abroad  = &vedette.Geo{Country: "HK", ASN: 64999}
	tenants = &vedette.Constituency{Organizations: []vedette.Organization{{ID: "org-a", Country: "TW"}}}
)

const outsider = "203.0.113.9"

type adder func(...vedette.Event)

// past gives a user two weeks of ordinary logins from home.
func past(add adder, user string) {
	for day := range 14 {
		add(windowtest.Login(windowtest.At(day, 9*time.Hour), "192.0.2.10", user, true, home))
	}
}

// storm is n failures, every second, from day 20 on.
func storm(add adder, n int, from, user string, g *vedette.Geo) {
	for i := range n {
		add(windowtest.Login(windowtest.At(20, time.Duration(i)*time.Second), from, user, false, g))
	}
}

func success(from, user string, g *vedette.Geo) vedette.Event {
	return windowtest.Login(windowtest.At(20, time.Hour), from, user, true, g)
}

func TestAnalyze(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			db := windowtest.New(t)
			fill(db.Add)
			got := windowtest.Brief(db.Analyze(Plugin, tenants))
			if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
				t.Errorf("detections (-want +got):\n%s", diff)
			}
		})
	}
	f("guessing", func(add adder) { storm(add, 12, outsider, "admin", abroad) }, "guessing attempt "+outsider)
	f("slow guessing", func(add adder) {
		for i := range 40 {
			add(windowtest.Login(windowtest.At(i, 0), outsider, "root", false, nil))
		}
	}, "guessing attempt "+outsider)
	f("spraying", func(add adder) {
		for i := range 6 {
			storm(add, 1, outsider, fmt.Sprintf("u%d", i), abroad)
		}
	}, "spraying attempt "+outsider)
	f("slow spraying, one account a day", func(add adder) {
		for i := range 16 {
			add(windowtest.Login(windowtest.At(i, 0), outsider, fmt.Sprintf("u%d", i), false, nil))
		}
	}, "spraying attempt "+outsider)
	f("guessing that ends in a login", func(add adder) {
		past(add, "chen")
		storm(add, 40, outsider, "chen", abroad)
		add(success(outsider, "chen", abroad))
	}, "guessing attempt "+outsider, "login-after-failures compromise "+outsider)
	f("spraying that ends in a login", func(add adder) {
		for i := range 9 {
			storm(add, 1, outsider, fmt.Sprintf("u%d", i), mobile)
		}
		add(success(outsider, "u4", mobile))
	}, "spraying attempt "+outsider, "login-after-failures compromise "+outsider)
	f("administration after guessing, by a relay in the same country", func(add adder) {
		add(windowtest.Admin(windowtest.At(1, 0), "192.0.2.10", true, home))
		for i := range 25 {
			add(windowtest.Admin(windowtest.At(20, time.Duration(i)*time.Minute), outsider, false, mobile))
		}
		add(windowtest.Admin(windowtest.At(20, time.Hour), outsider, true, mobile))
	}, "guessing attempt "+outsider, "admin-login-after-failures compromise "+outsider)
	f("administration guessed from abroad, telemetry starts with it", func(add adder) {
		for i := range 7 {
			add(windowtest.Admin(windowtest.At(0, time.Duration(i)*time.Second), outsider, false, abroad))
		}
		add(windowtest.Admin(windowtest.At(0, time.Hour), outsider, true, abroad))
	}, "admin-login-after-failures compromise "+outsider)

	f("three typos", func(add adder) {
		storm(add, 3, outsider, "lin", abroad)
		add(success(outsider, "lin", abroad))
	})
	f("typos of a new colleague at home", func(add adder) {
		storm(add, 7, outsider, "new", home)
		add(success(outsider, "new", home))
	})
	f("outdated password, known address", func(add adder) {
		past(add, "wu")
		storm(add, 400, "192.0.2.10", "wu", home)
		add(success("192.0.2.10", "wu", home))
	})
	f("outdated password, same network, new address", func(add adder) {
		past(add, "wu")
		storm(add, 400, "198.51.100.77", "wu", home)
		add(success("198.51.100.77", "wu", home))
	})
	f("outdated password, phone in the same country", func(add adder) {
		past(add, "wu")
		storm(add, 400, "198.51.100.77", "wu", mobile)
		add(success("198.51.100.77", "wu", mobile))
	})
	f("office behind one address", func(add adder) {
		for i := range 12 {
			user := fmt.Sprintf("u%d", i)
			storm(add, 1, outsider, user, home)
			add(success(outsider, user, home))
		}
	})
	f("inside", func(add adder) {
		for i := range 50 {
			e := windowtest.Login(windowtest.At(20, time.Duration(i)*time.Second), "198.51.100.2", "svc", false, nil)
			e.Direction = vedette.DirectionInternal
			add(e)
		}
	})
	f("one message in two logs", func(add adder) {
		for i := range 7 {
			twins(add, windowtest.At(20, time.Duration(i)*time.Second), i, true)
		}
	})
	f("one message in two logs, one of which begins later", func(add adder) {
		for i := range 12 {
			twins(add, windowtest.At(20, time.Duration(i)*time.Second), i, i >= 6)
		}
	}, "guessing attempt "+outsider)
	f("FortiGate: a tunnel comes up after failures", func(add adder) {
		past(add, "chen")
		storm(add, 40, outsider, "chen", abroad)
		e := success(outsider, "chen", abroad)
		e.Dataset, e.Category, e.Action = vedette.DatasetFortiGateEvent, vedette.CategorySession, vedette.ActionSessionStart
		add(e)
	}, "guessing attempt "+outsider, "login-after-failures compromise "+outsider)
	f("FortiGate: a tunnel of the office after typos of the office", func(add adder) {
		past(add, "chen")
		storm(add, 40, "192.0.2.10", "chen", home)
		e := success("192.0.2.10", "chen", home)
		e.Dataset, e.Category, e.Action = vedette.DatasetFortiGateEvent, vedette.CategorySession, vedette.ActionSessionStart
		add(e)
	})
}

// twins adds the n-th failure as a SoftEther server tells of it: in the server
// log, and in the hub's security log if that is kept.
func twins(add adder, at int64, n int, security bool) {
	e := windowtest.Login(at, outsider, "liu", false, abroad)
	e.Rest = []vedette.Field{{Key: "softether.hub", Value: "VPN"}, {Key: "softether.twin", Value: fmt.Sprintf("%016x", n)}}
	if security {
		add(e)
	}
	e.Dataset = vedette.DatasetSoftEtherServer
	add(e)
}

func TestJudge(t *testing.T) {
	f := func(e entry, stage vedette.Verdict, confidence int) {
		t.Helper()
		got := judge(&e, "TW")
		if got.stage != stage || got.confidence != confidence {
			t.Errorf("judge(%+v) = %+v, want %s %d", e, got, stage, confidence)
		}
	}
	c, a, none := vedette.VerdictCompromise, vedette.VerdictAttempt, vedette.VerdictNone
	f(entry{admin: true, day: 40, all: 40, accounts: 1, country: "HK"}, c, 85)
	f(entry{admin: true, day: 6, all: 6, accounts: 1, country: "HK"}, c, 75)
	f(entry{admin: true, day: 6, all: 6, accounts: 1}, a, 40)
	f(entry{admin: true, day: 30, all: 30, accounts: 1, country: "TW", asn: true, past: true}, a, 50)
	f(entry{day: 200, all: 200, accounts: 1, country: "HK", past: true}, c, 85)
	f(entry{day: 6, all: 6, accounts: 1, country: "HK"}, a, 40)
	f(entry{day: 15, all: 15, accounts: 1, country: "TW"}, a, 40)
	f(entry{day: 400, all: 400, accounts: 1, country: "TW", past: true, sameCountry: true}, none, 0)
	f(entry{day: 2, all: 40, accounts: 20, good: 1, country: "TW"}, c, 80)
	f(entry{day: 0, all: 40, accounts: 20, good: 1, country: "US"}, a, 40) // days after the last guess
	f(entry{day: 9, all: 9, accounts: 9, good: 7, country: "TW"}, none, 0)
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
