package takeover

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
	partner = &vedette.Geo{Country: "JP", ASN: 64700}
	tenants = &vedette.Constituency{Organizations: []vedette.Organization{{ID: "org-a", Country: "TW"}}}
)

const (
	outsider = "203.0.113.9"
	admin    = "192.0.2.10"
)

type adder func(...vedette.Event)

// habits is two weeks of administration from home, users created each week.
func habits(add adder) {
	for day := range 14 {
		add(windowtest.Admin(windowtest.At(day, 9*time.Hour), admin, true, home))
	}
	add(windowtest.Change(windowtest.At(7, 10*time.Hour), admin, vedette.ActionUserCreated, home))
}

// intrude fails n times, logs in on that day and does the given things.
func intrude(add adder, day, n int, from string, g *vedette.Geo, actions ...string) {
	for i := range n {
		add(windowtest.Admin(windowtest.At(day, time.Duration(i)*time.Second), from, false, g))
	}
	add(windowtest.Admin(windowtest.At(day, time.Hour), from, true, g))
	for i, a := range actions {
		add(windowtest.Change(windowtest.At(day, time.Hour+time.Duration(i+1)*time.Minute), from, a, g))
	}
}

func TestTakeover(t *testing.T) {
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
	const (
		user, hub, tunnel = vedette.ActionUserCreated, vedette.ActionHubCreated, vedette.ActionTunnelCreated
		logs, config      = vedette.ActionLoggingOff, vedette.ActionConfigRead
	)
	f("guessed, then a user", func(add adder) { habits(add); intrude(add, 20, 12, outsider, abroad, user) },
		"device-takeover compromise "+outsider)
	f("new country, hub and tunnel", func(add adder) { habits(add); intrude(add, 20, 0, outsider, abroad, hub, tunnel) },
		"device-takeover compromise "+outsider)
	f("the same when telemetry starts with it", func(add adder) { intrude(add, 0, 0, outsider, abroad, hub, tunnel, logs) },
		"device-takeover compromise "+outsider)
	f("guessed by a relay at home", func(add adder) { habits(add); intrude(add, 20, 30, outsider, mobile, logs, tunnel) },
		"device-takeover compromise "+outsider)
	f("second address of the intruders, same country", func(add adder) {
		habits(add)
		intrude(add, 20, 0, outsider, abroad, hub, tunnel)
		intrude(add, 21, 0, "203.0.113.80", abroad, user, logs)
		intrude(add, 22, 0, "203.0.113.81", abroad, user, logs)
	}, "device-takeover compromise "+outsider, "device-takeover compromise 203.0.113.80", "device-takeover compromise 203.0.113.81")
	f("returns for days before acting", func(add adder) {
		habits(add)
		intrude(add, 20, 0, outsider, abroad)
		intrude(add, 21, 0, outsider, abroad)
		intrude(add, 22, 0, outsider, abroad, user, tunnel)
	}, "device-takeover compromise "+outsider)
	// typos are n failures at a hub, as one log or both tell of them.
	typos := func(add adder, n int, datasets ...string) {
		for i := range n {
			e := windowtest.Login(windowtest.At(20, time.Duration(i)*time.Second), outsider, "liu", false, abroad)
			e.Rest = []vedette.Field{{Key: "softether.twin", Value: fmt.Sprintf("%016x", i)}}
			for _, d := range datasets {
				e.Dataset = d
				add(e)
			}
		}
	}
	const server, hubLog = vedette.DatasetSoftEtherServer, vedette.DatasetSoftEtherHub
	f("failures at a hub in the server log alone", func(add adder) {
		habits(add)
		typos(add, 5, server)
		intrude(add, 20, 0, outsider, abroad, user)
	}, "device-takeover compromise "+outsider)
	f("three failures told twice", func(add adder) {
		habits(add)
		typos(add, 3, server, hubLog)
		intrude(add, 20, 0, outsider, abroad, user)
	}, "unusual-administration attempt "+outsider+" weak")
	f("new country, one change", func(add adder) { habits(add); intrude(add, 20, 0, outsider, abroad, user) },
		"unusual-administration attempt "+outsider+" weak")
	f("new country, user and its password", func(add adder) { habits(add); intrude(add, 20, 0, outsider, abroad, user, vedette.ActionUserChanged) },
		"unusual-administration attempt "+outsider+" weak")
	f("new place at home, all kinds", func(add adder) { habits(add); intrude(add, 20, 0, outsider, mobile, user, tunnel, logs, config) },
		"unusual-administration attempt "+outsider+" weak")

	f("usual administrator sets up everything", func(add adder) { habits(add); intrude(add, 20, 0, admin, home, user, hub, tunnel, logs, config) })
	f("usual administrator after typos", func(add adder) { habits(add); intrude(add, 20, 6, admin, home, user, hub) })
	f("same network, new address", func(add adder) { habits(add); intrude(add, 20, 6, "198.51.100.4", home, user, hub, logs) })
	f("administrator at home on the phone", func(add adder) { habits(add); intrude(add, 20, 0, outsider, mobile, user, hub) })
	f("first day at home", func(add adder) { intrude(add, 0, 0, admin, home, user, hub, tunnel) })
	f("partner abroad, for weeks", func(add adder) {
		for day := range 10 {
			intrude(add, day, 0, outsider, partner)
		}
		intrude(add, 20, 0, outsider, partner, user, tunnel)
		intrude(add, 21, 0, "198.51.100.4", partner, user, tunnel)
	})
	f("failures only", func(add adder) {
		for i := range 30 {
			add(windowtest.Admin(windowtest.At(1, time.Duration(i)*time.Second), outsider, false, abroad))
		}
	})
	f("login without changes", func(add adder) { habits(add); intrude(add, 20, 12, outsider, abroad) })
	f("changes next week", func(add adder) {
		habits(add)
		intrude(add, 20, 12, outsider, abroad)
		add(windowtest.Change(windowtest.At(27, 0), outsider, user, abroad))
	})
}

// TestAppliances: the changes of SoftEther, FortiGate and appliances that tell by
// CEF, each once, by somebody from a new country who guessed the password.
func TestAppliances(t *testing.T) {
	f := func(name string, found bool, change func(*vedette.Event)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			db := windowtest.New(t)
			habits(db.Add)
			intrude(db.Add, 20, 12, outsider, abroad)
			e := windowtest.Change(windowtest.At(20, 2*time.Hour), outsider, vedette.ActionConfigChanged, abroad)
			change(&e)
			db.Add(e)
			want := []string{}
			if found {
				want = append(want, "device-takeover compromise "+outsider)
			}
			if diff := cmp.Diff(want, windowtest.Brief(db.Analyze(Plugin, tenants))); diff != "" {
				t.Errorf("detections (-want +got):\n%s", diff)
			}
		})
	}
	action := func(a string) func(*vedette.Event) { return func(e *vedette.Event) { e.Action = a } }
	f("user", true, action(vedette.ActionUserCreated))
	f("password of an administrator", true, action(vedette.ActionUserChanged))
	f("hub", true, action(vedette.ActionHubCreated))
	f("cascade, bridge, SecureNAT", true, action(vedette.ActionTunnelCreated))
	f("log or syslog", true, action(vedette.ActionLoggingOff))
	f("configuration taken", true, action(vedette.ActionConfigRead))
	f("user deleted", false, action(vedette.ActionUserDeleted))
	code := func(c string) func(*vedette.Event) { return func(e *vedette.Event) { e.Code = c } }
	f("SoftEther: listener", true, code("LA_CREATE_LISTENER"))
	f("SoftEther: source addresses", true, code("LA_SET_AC_LIST"))
	f("SoftEther: keep-alive", false, code("LA_SET_KEEP"))
	path := func(key, p string) func(*vedette.Event) {
		return func(e *vedette.Event) {
			e.Dataset, e.Rest = vedette.DatasetFortiGateEvent, []vedette.Field{{Key: key, Value: p}}
		}
	}
	f("FortiGate: policy", true, path("cfgpath", "firewall.policy"))
	f("FortiGate: local-in policy", true, path("cfgpath", "firewall.local-in-policy"))
	f("FortiGate: portal", true, path("cfgpath", "vpn.ssl.web.portal"))
	f("FortiGate: portal, by CEF", true, path("FTNTFGTcfgpath", "vpn.ssl.settings"))
	f("FortiGate: banner", false, path("cfgpath", "system.replacemsg"))
	cef := func(message string) func(*vedette.Event) {
		return func(e *vedette.Event) { e.Dataset, e.Message = vedette.DatasetCEF, message }
	}
	f("CEF: policy", true, cef("Security policy changed"))
	f("CEF: something", false, cef("Configuration committed"))
}

func TestPlaces(t *testing.T) {
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
	daily := func(add adder, user string, days int) {
		for day := range days {
			add(windowtest.Login(windowtest.At(day, 9*time.Hour), admin, user, true, home))
		}
	}
	login := func(add adder, at int64, user string, g *vedette.Geo) {
		e := windowtest.Login(at, outsider, user, true, g)
		add(e)
		e.Category, e.Action = vedette.CategorySession, vedette.ActionSessionStart
		add(e)
	}
	f("new country", func(add adder) {
		daily(add, "chen", 8)
		login(add, windowtest.At(9, 0), "chen", abroad)
		login(add, windowtest.At(10, 0), "chen", abroad)
	}, "new-country attempt "+outsider+" weak")
	f("two places at once", func(add adder) {
		daily(add, "chen", 3)
		login(add, windowtest.At(2, 9*time.Hour+20*time.Minute), "Chen", abroad)
	}, "impossible-travel attempt "+outsider+" weak")
	f("little past", func(add adder) {
		daily(add, "chen", 3)
		login(add, windowtest.At(9, 0), "chen", abroad)
	})
	f("same country", func(add adder) {
		daily(add, "chen", 9)
		login(add, windowtest.At(8, 9*time.Hour+20*time.Minute), "chen", mobile)
	})
	f("another user", func(add adder) {
		daily(add, "chen", 9)
		login(add, windowtest.At(8, 9*time.Hour+20*time.Minute), "lin", abroad)
	})
	f("country unknown", func(add adder) {
		daily(add, "chen", 9)
		login(add, windowtest.At(9, 0), "chen", nil)
	})
	f("traveler", func(add adder) {
		for i, c := range []string{"TW", "JP", "US", "DE"} {
			for day := range 6 {
				login(add, windowtest.At(6*i+day, 0), "sales", &vedette.Geo{Country: c})
			}
		}
	}, "new-country attempt "+outsider+" weak", "new-country attempt "+outsider+" weak")
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
