package sigma

import (
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const loginRules = `
title: Failed Login
name: failed_login
id: 11111111-0000-4000-8000-000000000001
level: low
logsource: {product: vedette}
detection:
    selection: {event.action: login, event.outcome: failure}
    condition: selection
---
title: Login
name: good_login
id: 11111111-0000-4000-8000-000000000002
level: low
logsource: {product: vedette}
detection:
    selection: {event.action: login, event.outcome: success}
    condition: selection
---
`

// with returns the plugin for rules given as text.
func with(yaml string) detect.Plugin {
	return detect.Plugin{Name: name, New: func(env detect.Env) (detect.Set, error) {
		env.Rules = []fs.FS{fstest.MapFS{"ours/rules.yml": {Data: []byte(yaml)}}}
		return Plugin.New(env)
	}}
}

func login(at time.Duration, org, from, user string, ok bool) vedette.Event {
	outcome := vedette.OutcomeFailure
	if ok {
		outcome = vedette.OutcomeSuccess
	}
	return vedette.Event{Time: windowtest.At(0, at), Dataset: vedette.DatasetSoftEtherServer, Category: vedette.CategoryAuthentication,
		Action: vedette.ActionLogin, Outcome: outcome, SourceIP: netip.MustParseAddr(from), User: user, Organization: org, Direction: vedette.DirectionInbound}
}

// checkCorrelation compares what a correlation finds in events with lines of
// rule, organization, actor, count, begin and length.
func checkCorrelation(t *testing.T, label, correlation string, events []vedette.Event, want ...string) {
	t.Helper()
	db := windowtest.New(t)
	db.Add(events...)
	var got []string
	for _, d := range db.Analyze(with(loginRules+correlation), nil) {
		got = append(got, fmt.Sprintf("%s %s %s x%d %s+%s", d.Rule, d.Organization, d.Actor, d.Count,
			time.Unix(0, d.Time).UTC().Format("15:04:05"), time.Duration(d.LastTime-d.Time)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", label, got, want)
	}
}

// head is how the tested correlations begin.
func head(kind string) string {
	return "title: Correlated\nid: c\nlevel: high\ntags: [attack.t1110]\ncorrelation:\n    type: " + kind + "\n"
}

// burst is six failed logins from one address, ten seconds apart, as three
// users.
func burst() []vedette.Event {
	var out []vedette.Event
	for i := range 6 {
		out = append(out, login(time.Duration(i)*10*time.Second, "org-a", "203.0.113.7", fmt.Sprint("u", i%3), false))
	}
	return out
}

func TestCountingCorrelations(t *testing.T) {
	f := func(label, correlation string, events []vedette.Event, want ...string) {
		t.Helper()
		checkCorrelation(t, label, correlation, events, want...)
	}
	burst := burst()
	count := head("event_count") + `
    rules: [failed_login]
    group-by: [source.ip]
    timespan: 1m
    condition: {gte: 5}
`
	f("five of one address", count, burst, "c org-a 203.0.113.7 x6 00:00:00+50s")
	f("four are too few", count, burst[:4])
	f("two organizations are two groups", count, append(slices.Clone(burst[:4]), login(45*time.Second, "org-b", "203.0.113.7", "x", false)))
	var slow []vedette.Event
	for i := range 6 {
		slow = append(slow, login(time.Duration(i)*time.Minute, "org-a", "203.0.113.7", "u", false))
	}
	f("too slow", count, slow)
	two := append(slices.Clone(burst), slices.Clone(burst)...)
	for i := range burst {
		two[6+i].Time += int64(time.Hour)
	}
	f("two episodes", count, two, "c org-a 203.0.113.7 x6 00:00:00+50s", "c org-a 203.0.113.7 x6 01:00:00+50s")

	values := head("value_count") + `
    rules: [failed_login]
    group-by: [source.ip]
    timespan: 5m
    condition: {gte: %d, field: user.name}
`
	f("three users", fmt.Sprintf(values, 3), burst, "c org-a 203.0.113.7 x6 00:00:00+50s")
	f("never four users", fmt.Sprintf(values, 4), burst)

	few := head("event_count") + `
    rules: [failed_login]
    group-by: [source.ip]
    timespan: 1m
    condition: {lt: 3}
`
	f("few in a whole window", few, burst[:2], "c org-a 203.0.113.7 x2 00:00:00+10s")
	f("not few", few, burst)

}

func TestTemporalCorrelations(t *testing.T) {
	f := func(label, correlation string, events []vedette.Event, want ...string) {
		t.Helper()
		checkCorrelation(t, label, correlation, events, want...)
	}
	temporal := func(kind string) string {
		return head(kind) + `
    rules: [failed_login, good_login]
    group-by: [source.ip]
    timespan: 1m
`
	}
	a, b := login(0, "org-a", "203.0.113.7", "u", false), login(30*time.Second, "org-a", "203.0.113.7", "u", true)
	b2, a2 := login(0, "org-a", "203.0.113.7", "u", true), login(30*time.Second, "org-a", "203.0.113.7", "u", false)
	f("both, in order", temporal("temporal_ordered"), []vedette.Event{a, b}, "c org-a 203.0.113.7 x2 00:00:00+30s")
	f("both, other order", temporal("temporal_ordered"), []vedette.Event{b2, a2})
	f("both, any order", temporal("temporal"), []vedette.Event{b2, a2}, "c org-a 203.0.113.7 x2 00:00:00+30s")
	late := b
	late.Time += int64(time.Hour)
	f("both, too far apart", temporal("temporal"), []vedette.Event{a, late})
	other := b
	other.SourceIP = netip.MustParseAddr("203.0.113.8")
	f("both, other groups", temporal("temporal"), []vedette.Event{a, other})

	chain := head("event_count") + `
    rules: [failed_login]
    group-by: [source.ip]
    timespan: 1m
    condition: {gte: 5}
name: guessing
---
title: Guessed
id: g
level: high
tags: [attack.t1110]
correlation:
    type: temporal_ordered
    rules: [guessing, good_login]
    group-by: [source.ip]
    timespan: 10m
`
	f("a correlation of a correlation", chain, append(burst(), login(2*time.Minute, "org-a", "203.0.113.7", "u1", true)),
		"g org-a 203.0.113.7 x2 00:00:40+1m20s")
}

func TestRulesOfCorrelationsAreSilent(t *testing.T) {
	f := func(generate string, want int) {
		t.Helper()
		yaml := loginRules + "title: C\nid: c\ncorrelation: {type: event_count, rules: [failed_login], timespan: 1m, condition: {gte: 2}" + generate + "}\n"
		set, err := with(yaml).New(detect.Env{})
		if err != nil {
			t.Fatal(err)
		}
		e := login(0, "org-a", "203.0.113.7", "u", false)
		n := 0
		set.Streams[0].Inspect(&e, func(*vedette.Detection) { n++ })
		if n != want {
			t.Errorf("generate %q: %d detections, want %d", generate, n, want)
		}
	}
	f("", 0)
	f(", generate: true", 1)
}
