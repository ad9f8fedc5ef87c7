package sigma

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// rule makes an engine of one rule from its log source and detection.
func rule(t testing.TB, source, detection string) *Engine {
	t.Helper()
	docs, err := sig.Parse([]byte("title: T\nid: r\nlevel: high\nlogsource: "+source+"\ndetection:\n    "+strings.ReplaceAll(detection, "; ", "\n    ")+"\n"), sig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if docs[0].Err != nil {
		t.Fatal(docs[0].Err)
	}
	return New([]*sig.Rule{docs[0].Rule})
}

func matches(e *Engine, ev *vedette.Event) bool {
	n := 0
	e.Match(ev, func(*sig.Rule) { n++ })
	return n > 0
}

func fields(kv ...string) []vedette.Field {
	var out []vedette.Field
	for i := 0; i < len(kv); i += 2 {
		out = append(out, vedette.Field{Key: kv[i], Value: kv[i+1]})
	}
	return out
}

func TestMissingFields(t *testing.T) {
	web := vedette.Event{Dataset: vedette.DatasetWebAccess, Method: "GET", URL: "/a", Status: 200, Original: []byte(`x "GET /a HTTP/1.1" 200 5`)}
	combined := web
	combined.Original = []byte(`x "GET /a HTTP/1.1" 200 5 "-" "-"`)
	named := web
	named.Rest = fields("cs-cookie", "a=1")
	sysmon := vedette.Event{Dataset: vedette.DatasetWindowsSysmon, Code: "1", Rest: fields("Image", `C:\x.exe`)}
	security := vedette.Event{Dataset: vedette.DatasetWindowsEvent, Code: "4688", Rest: fields("Channel", "Security", "NewProcessName", `C:\x.exe`)}
	f := func(label string, ev vedette.Event, source, detection string, want bool) {
		t.Helper()
		if got := matches(rule(t, source, detection), &ev); got != want {
			t.Errorf("%s: %s: got %v", label, detection, got)
		}
	}
	const ws, pc = "{category: webserver}", "{category: process_creation, product: windows}"
	// The access log has no cookies: nothing is known about them.
	f("positive", web, ws, "s: {cs-cookie: x}; condition: s", false)
	f("negated", web, ws, "s: {c-uri: /a}; f: {cs-cookie: x}; condition: s and not f", false)
	f("missing value asked for", web, ws, "s: {cs-cookie: null}; condition: s", false)
	f("absence asked for", web, ws, "s: {cs-cookie|exists: false}; condition: s", false)
	f("negated not equal", web, ws, "s: {cs-cookie|neq: x}; condition: s", false)
	f("optional filter", web, ws, "s: {c-uri: /a}; filter_optional_x: {cs-cookie: x}; condition: s and not 1 of filter_optional_*", true)
	f("optional filter that holds", web, ws, "s: {c-uri: /a}; filter_optional_x: {cs-method: GET}; condition: s and not 1 of filter_optional_*", false)
	f("alternative without it", web, ws, "s: [{cs-cookie: x}, {c-uri: /a}]; condition: s", true)
	f("filter that is false anyhow", web, ws, "s: {c-uri: /a}; f: {cs-cookie: x, cs-method: POST}; condition: s and not f", true)
	f("the source names it after all", named, ws, "s: {c-uri: /a}; f: {cs-cookie: x}; condition: s and not f", true)
	// The common log format has no user agent, the combined one has.
	f("common log format", web, ws, "s: {cs-user-agent: ''}; condition: s", false)
	f("combined log format", combined, ws, "s: {cs-user-agent: ''}; condition: s", true)
	f("combined, negated", combined, ws, "s: {cs-user-agent|contains: curl}; condition: not s", true)
	// Sysmon has every field of its schema; Security 4688 lacks some.
	f("Sysmon, negated", sysmon, pc, `s: {Image|endswith: \x.exe}; f: {OriginalFileName: y}; condition: s and not f`, true)
	f("Sysmon, null", sysmon, pc, `s: {Image|endswith: \x.exe, CommandLine: null}; condition: s`, true)
	f("4688, renamed", security, pc, `s: {Image|endswith: \x.exe}; condition: s`, true)
	f("4688, negated", security, pc, `s: {Image|endswith: \x.exe}; f: {OriginalFileName: y}; condition: s and not f`, false)
	f("4688, own rule", security, "{product: windows, service: security}", `s: {EventID: 4688, NewProcessName|endswith: \x.exe}; condition: s`, true)
	f("other log source", web, pc, "s: {c-uri: /a}; condition: s", false)
}

func TestValues(t *testing.T) {
	ev := vedette.Event{Dataset: "test.any", Message: "m", SourceIP: netip.MustParseAddr("203.0.113.9"), Time: 1_709_600_000_000_000_000, // 2024-03-05T00:53:20Z
		Rest: append(fields("a", "The Quick Brown Fox", "n", "42", "umlaut", "ÄRGER ſtraße", "same", "the quick brown fox", "path", `C:\a*b\c`, "dash", "cmd /enc x", "b64", "xxVGhlIFF1aWNreA=="),
			vedette.Field{Key: "list", Value: `["one","t\"wo"]`, Kind: vedette.KindRaw}, vedette.Field{Key: "nil", Value: "null", Kind: vedette.KindRaw})}
	f := func(item string, want bool) {
		t.Helper()
		for _, extra := range []string{"", ", message: m"} { // as trigger, and beside a better one
			e := rule(t, "{product: vedette}", "s: {"+item+extra+"}; condition: s")
			if got := matches(e, &ev); got != want {
				t.Errorf("%s%s: got %v", item, extra, got)
			}
		}
	}
	f("a: the quick brown fox", true)
	f("a|cased: the quick brown fox", false)
	f("a|contains|cased: Quick", true)
	f("a|contains|cased: quick", false)
	f("a: 'the*f?x'", true)
	f("a: 'the*f?xx'", false)
	f("a|contains: 'k ?rown'", true)
	f("a|endswith: fox", true)
	f("a|startswith: quick", false)
	f("a|contains|all: [quick, fox]", true)
	f("a|contains|all: [quick, cat]", false)
	f("a|contains: [cat, ox]", true)
	f("a|re: 'Qu.ck'", true)
	f("a|re: 'qu.ck'", false)
	f("a|re|i: 'qu.ck br(own|ight)'", true)
	f("a|re: '^Quick'", false)
	f("n: 42", true)
	f("n|gt: 41", true)
	f("n|gte: 42.5", false)
	f("n|lt: 100", true)
	f("n|lte: 41", false)
	f("n|neq: 41", true)
	f("umlaut|contains: [ärger]", true)
	f("umlaut|endswith: STRAßE", true)
	f("umlaut|contains: ä?ger", true)
	f("a|fieldref: same", true)
	f("a|fieldref|cased: same", false)
	f("a|fieldref|endswith: n", false)
	f(`path: 'C:\a\*b\c'`, true)
	f(`path: 'C:\a\?b\c'`, false)
	f("dash|contains|windash: ' -enc '", true)
	f("b64|base64offset|contains: The Quick", true)
	f("source.ip|cidr: 203.0.113.0/24", true)
	f("source.ip|cidr: [10.0.0.0/8, '2001:db8::/32']", false)
	f("'@timestamp|hour': 0", true)
	f("'@timestamp|minute': 53", true)
	f("'@timestamp|week': 10", true)
	f("'@timestamp|year|gt': 2024", false)
	f("list: one", true)
	f(`list|endswith: 't"wo'`, true)
	f("list: none", false)
	f("nil: null", true)
	f("a|exists: true", true)
	f("a|re: '.*'", true)
}

func TestKeywords(t *testing.T) {
	ev := vedette.Event{Dataset: vedette.DatasetAuth, Message: "x", Original: []byte("Mar  5 sshd[1]: fatal: Unexpected Internal Error"), Rest: fields("program", "sshd")}
	f := func(source, detection string, want bool) {
		t.Helper()
		if got := matches(rule(t, source, detection), &ev); got != want {
			t.Errorf("%s %s: got %v", source, detection, got)
		}
	}
	f("{product: linux, service: sshd}", "k: [unexpected internal error, other]; condition: k", true)
	f("{product: linux, service: auth}", "k: {'|all': [sshd, fatal]}; condition: k", true)
	f("{product: linux, service: auth}", "k: {'|all': [sshd, absent]}; condition: k", false)
	f("{product: linux}", "k: {'|re': 'sshd\\[\\d+\\]'}; condition: k", true)
	f("{product: linux, service: cron}", "k: [fatal]; condition: k", false)
}

func TestDecodedFields(t *testing.T) {
	ev := vedette.Event{Dataset: vedette.DatasetWebAccess, URL: "/a?q=%2575nion%20SELECT+1", UserAgent: "%24%7bjndi:", Original: []byte(`"`)}
	f := func(item string, want bool) {
		t.Helper()
		if got := matches(rule(t, "{category: webserver}", "s: {"+item+"}; condition: s"), &ev); got != want {
			t.Errorf("%s: got %v", item, got)
		}
	}
	f("url.decoded|contains: union select 1", true)
	f("url.original|contains: union select", false)
	f("user_agent.decoded|contains: '${jndi:'", true)
	f("cs-uri-stem: /a", true)
	f("url.query|startswith: q=", true)
}

func TestDetection(t *testing.T) {
	docs, err := sig.Parse([]byte(`
title: Probe
id: p
status: stable
level: high
author: Somebody
tags: [attack.initial-access, attack.t1190, cve.2024.12345, vedette.tool.sqlmap]
logsource: {category: webserver}
detection: {s: {c-uri|contains: evil}, condition: s}
---
title: Ours
id: o
author: Vedette
level: medium
tags: [vedette.stage.reconnaissance, vedette.weak, vedette.role.scanner]
logsource: {category: webserver}
detection: {s: {c-uri|contains: evil}, condition: s}
`), sig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := split(docs)
	outside, inside := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("192.0.2.1")
	ev := vedette.Event{Dataset: vedette.DatasetWebAccess, Method: "GET", URL: "/evil" + strings.Repeat("ü\xff", 400), Status: 404,
		SourceIP: outside, DestinationIP: inside, DestinationPort: 443, Direction: vedette.DirectionInbound}
	var got []vedette.Detection
	New(rules).Inspect(&ev, func(d *vedette.Detection) { got = append(got, *d) })
	if len(got) != 2 {
		t.Fatalf("%d detections", len(got))
	}
	d := got[0]
	if d.Detector != "sigma" || d.Rule != "p" || d.Severity != vedette.SeverityHigh || d.Stage != vedette.VerdictAttempt || d.Effect || d.Weak ||
		d.Confidence != 75 || d.CVE != "CVE-2024-12345" || d.Tool != "sqlmap" || !slices.Equal(d.Techniques, []string{"T1190"}) || d.Role != vedette.RoleExploit {
		t.Errorf("%+v", d)
	}
	if d.Actor != outside || d.Target != inside || d.TargetPort != 443 {
		t.Errorf("parties: %+v", d)
	}
	if !strings.HasSuffix(d.Summary, "… answered 404 (rule by Somebody)") || len(d.Summary) > 300 || !utf8.ValidString(d.Summary) {
		t.Errorf("summary %q", d.Summary)
	}
	if o := got[1]; o.Stage != vedette.VerdictReconnaissance || !o.Weak || o.Role != vedette.RoleScanner || strings.Contains(o.Summary, "rule by") {
		t.Errorf("%+v", o)
	}
	ev.Direction = vedette.DirectionOutbound
	got = nil
	New(rules).Inspect(&ev, func(d *vedette.Detection) { got = append(got, *d) })
	if got[0].Actor != inside || got[0].Target != outside {
		t.Error("outbound: the actor is the destination")
	}
}

func TestRequiredLiterals(t *testing.T) {
	f := func(expr string, want ...string) {
		t.Helper()
		if got := requiredLiterals(expr); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
	f(`abcdef`, "abcdef")
	f(`(?i)AbCd\d+longer literal`, "longer literal")
	f(`x(alpha|beta1)+y`, "alpha", "beta1")
	f(`(alpha|be)`)
	f(`(alpha)?`)
	f(`(alpha){0,3}`)
	f(`(alpha){2,3}`, "alpha")
	f(`[a-z]+`)
}

func TestLaterRuleOfTheSameIDCounts(t *testing.T) {
	docs, err := sig.Parse([]byte("title: A\nid: x\nlogsource: {category: webserver}\ndetection: {s: {c-uri: /a}, condition: s}\n---\ntitle: B\nid: x\nlogsource: {category: webserver}\ndetection: {s: {c-uri: /b}, condition: s}\n"), sig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := split(docs)
	if got := unique(rules); len(got) != 1 || got[0].Title != "B" {
		t.Error(got)
	}
}

func TestConcurrentUse(t *testing.T) {
	engine := rule(t, "{category: webserver}", "s: {c-uri|contains: needle}; condition: s")
	done := make(chan int)
	for range 4 {
		go func() {
			n := 0
			for i := range 2000 {
				e := vedette.Event{Dataset: vedette.DatasetWebAccess, URL: "/hay"}
				if i%2 == 0 {
					e.URL = "/a-NEEDLE"
				}
				engine.Inspect(&e, func(*vedette.Detection) { n++ })
			}
			done <- n
		}()
	}
	for range 4 {
		if n := <-done; n != 1000 {
			t.Errorf("%d matches, want 1000", n)
		}
	}
}

var _ detect.Stream = (*Engine)(nil)

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("*needle*hay*", "a needle in hay")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 64 || len(text) > 256 || !utf8.ValidString(text) || !utf8.ValidString(pattern) {
			return
		}
		p := sig.ParsePattern(pattern)
		if got, want := glob(p, []byte(text)), slowGlob(p, text); got != want {
			t.Fatalf("%q against %q: got %v, want %v", pattern, text, got, want)
		}
	})
}

// slowGlob is the definition of a pattern, with memory against explosion.
func slowGlob(p sig.Pattern, s string) bool {
	type at struct{ p, i int }
	seen := map[at]bool{}
	var try func(k, i int) bool
	try = func(k, i int) bool {
		if k == len(p) {
			return i == len(s)
		}
		if seen[at{k, i}] {
			return false
		}
		seen[at{k, i}] = true
		switch p[k].Kind {
		case sig.PartLiteral:
			return strings.HasPrefix(s[i:], p[k].Text) && try(k+1, i+len(p[k].Text))
		case sig.PartOne:
			_, size := utf8.DecodeRuneInString(s[i:])
			return i < len(s) && try(k+1, i+size)
		}
		for j := i; j <= len(s); j++ {
			if (j == len(s) || utf8.RuneStart(s[j])) && try(k+1, j) {
				return true
			}
		}
		return false
	}
	return try(0, 0)
}
