package sigma

import (
	"slices"
	"strings"
	"testing"
)

// detection parses the body of a rule.
func detection(t testing.TB, body string) (*Rule, error) {
	t.Helper()
	yaml := "title: T\nlogsource: {category: webserver}\ndetection:\n" + body
	docs, err := Parse([]byte(yaml), Options{Placeholders: map[string][]string{"known": {"a", "b"}}})
	if err != nil {
		return nil, err
	}
	return docs[0].Rule, docs[0].Err
}

// patterns lists the patterns of a rule's items, in order.
func patterns(e *Expr) []string {
	var out []string
	if e.Op == OpItem {
		for _, v := range e.Item.Values {
			out = append(out, v.Pattern.String())
		}
	}
	for _, a := range e.Args {
		out = append(out, patterns(a)...)
	}
	return out
}

func TestModifiers(t *testing.T) {
	f := func(item string, want ...string) {
		t.Helper()
		r, err := detection(t, "    s:\n        "+item+"\n    condition: s\n")
		if err != nil {
			t.Errorf("%s: %v", item, err)
			return
		}
		if got := patterns(r.Condition); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", item, got, want)
		}
	}
	f("f: abc", "abc")
	f("f|contains: abc", "*abc*")
	f("f|startswith: abc", "abc*")
	f("f|endswith: '*abc'", "*abc")
	f("f: 'a*b?c'", "a*b?c")
	f(`f: 'a\*b\?c'`, `a\*b\?c`)
	f(`f: 'C:\Windows\\x'`, `C:\\Windows\\x`)
	f("f: [1, 0.5, true]", "1", "0.5", "true")
	f("f|contains|all: [a, b]", "*a*", "*b*")
	f("f|base64: foo", "Zm9v")
	f("f|base64offset|contains: foo", "*Zm9v*", "*Zvb*", "*mb2*")
	f("f|wide|base64: a", "YQA=")
	f("f|utf16be|base64: a", "AGE=")
	f("f|utf16|base64: a", "//5hAA==")
	f("f|windash|contains: ' -x '", "* -x *", "* /x *", "* –x *", "* —x *", "* ―x *")
	f("f|windash: 'a-b /'", "a-b /")
	f("f|expand: 'x%known%y'", "xay", "xby")
}

func TestConditions(t *testing.T) {
	// show writes a tree with the searches' fields.
	var show func(e *Expr) string
	show = func(e *Expr) string {
		switch e.Op {
		case OpItem:
			return e.Item.Field
		case OpNot:
			return "!" + show(e.Args[0])
		}
		var parts []string
		for _, a := range e.Args {
			parts = append(parts, show(a))
		}
		if len(parts) == 1 {
			return parts[0]
		}
		return "(" + strings.Join(parts, map[Op]string{OpAnd: "&", OpOr: "|"}[e.Op]) + ")"
	}
	f := func(condition, want string) {
		t.Helper()
		r, err := detection(t, "    sel_a: {a: 1}\n    sel_b: {b: 1}\n    other: [{c: 1}, {d: 1}]\n    _hidden: {e: 1}\n    condition: "+condition+"\n")
		if err != nil {
			if want != "error: "+err.Error() {
				t.Errorf("%s: %v, want %s", condition, err, want)
			}
			return
		}
		if got := show(r.Condition); got != want {
			t.Errorf("%s: got %s, want %s", condition, got, want)
		}
	}
	f("sel_a", "a")
	f("sel_a and not sel_b", "(a&!b)")
	f("sel_a or sel_b and other", "(a|(b&(c|d)))")
	f("(sel_a or sel_b) and other", "((a|b)&(c|d))")
	f("1 of sel_*", "(a|b)")
	f("all of sel_*", "(a&b)")
	f("any of them", "(a|b|(c|d))")
	f("NOT ALL OF THEM", "!(a&b&(c|d))")
	f("[sel_a, sel_b]", "(a|b)")
	f("_hidden", "e")
	f("nothing", `error: condition: no search is named "nothing"`)
	f("2 of them", `error: condition: "2" of: only 1, any and all can be asked for`)
	f("1 of x*", `error: condition: no search matches "x*"`)
	f("(sel_a", "error: condition: a parenthesis is not closed")
	f("sel_a sel_b", `error: condition: unexpected "sel_b"`)
	f("sel_a and", "error: condition: ends in the middle")
	f("sel_a | count() > 5", "error: condition: aggregations after | are deprecated, use a correlation rule")
	f("'"+strings.Repeat("(", 100)+"sel_a"+strings.Repeat(")", 100)+"'", "error: condition: nested too deeply")
}

func TestParseErrors(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		docs, err := Parse([]byte(yaml), Options{})
		if err == nil && len(docs) > 0 {
			err = docs[0].Err
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", yaml, err, want)
		}
	}
	f("", "file holds no rule")
	f("- a", "a rule must be a mapping")
	f("title: x", "rule has no detection")
	f("detection: {a: b}", "rule has no title")
	f("title: x\ndetection: {s: {a: b}, condition: s}", "rule has no logsource")
	base := "title: x\nlogsource: {category: a}\n"
	f(base+"detection: {s: {a: b}}", "detection has no condition")
	f(base+"detection: {s: {}, condition: s}", "search s: is empty")
	f(base+"detection: {s: {a: {b: c}}, condition: s}", "search s: field a: its value must not be a mapping")
	f(base+"detection: {s: {a|nope: c}, condition: s}", `search s: field a: unknown modifier "nope"`)
	f(base+"detection: {s: {a|i: c}, condition: s}", `search s: field a: modifier "i" is for regular expressions only`)
	f(base+"detection: {s: {a|re: '(?=x)'}, condition: s}", "search s: field a: regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`")
	f(base+"detection: {s: {a|cidr: x}, condition: s}", `search s: field a: "x" is not a network in CIDR notation`)
	f(base+"detection: {s: {a|gt: x}, condition: s}", "search s: field a: comparison with something that is not a number")
	f(base+"detection: {s: {a|exists: x}, condition: s}", "search s: field a: exists wants true or false")
	f(base+"level: dire\n", `unknown level "dire"`)
	f("title: x\naction: global", "rule collections with action are not supported")
	corr := "title: x\ncorrelation: "
	f(corr+"{type: event_count, rules: a, timespan: 5x, condition: {gte: 1}}", "correlation: timespan: wants a number and a unit, such as 15m")
	f(corr+"{type: event_count, rules: a, timespan: 5m}", "correlation: has no condition")
	f(corr+"{type: odd, rules: a, timespan: 5m}", `correlation: unknown type "odd"`)
	f(corr+"{type: value_count, rules: a, timespan: 5m, condition: {gte: 1}}", "correlation: condition: has no field")
}

func TestTags(t *testing.T) {
	m := Meta{Tags: []string{"attack.initial-access", "attack.t1190", "attack.T1505.003", "cve.2021.44228", "cve.2023-1234", "vedette.tool.SqlMap"}}
	if got := m.Techniques(); !slices.Equal(got, []string{"T1505.003", "T1190"}) {
		t.Error(got)
	}
	if got := m.CVEs(); !slices.Equal(got, []string{"CVE-2021-44228", "CVE-2023-1234"}) {
		t.Error(got)
	}
	if got, ok := m.Custom("vedette.tool."); !ok || got != "SqlMap" {
		t.Error(got)
	}
}

func TestCorrelationDocument(t *testing.T) {
	docs, err := Parse([]byte(`
title: Many
correlation:
    type: value_count
    rules: [a, b]
    group-by: [host, who]
    timespan: 15m
    aliases: {who: {a: user.name, b: SubjectUserName}}
    generate: true
    condition: {gte: 10, lt: 100, field: user.name}
---
title: Any Of
correlation: {type: temporal, rules: [a, b, c], timespan: 1h, condition: a and (b or c)}
`), Options{})
	if err != nil || len(docs) != 2 || docs[0].Err != nil || docs[1].Err != nil {
		t.Fatal(docs, err)
	}
	c := docs[0].Correlation
	if !c.Holds(10) || c.Holds(9) || c.Holds(100) || !c.Generate || c.Timespan.Minutes() != 15 {
		t.Errorf("%+v", c)
	}
	if c.FieldOf("who", "b") != "SubjectUserName" || c.FieldOf("host", "b") != "host" {
		t.Error("aliases")
	}
	if e := docs[1].Correlation.Condition; e == nil || e.Op != OpAnd || e.Args[1].Op != OpOr {
		t.Error("extended condition")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("title: x\nlogsource: {category: a}\ndetection: {s: {a|contains|all: [b, 'c*']}, condition: 1 of s*}"))
	f.Add([]byte("title: x\ncorrelation: {type: event_count, rules: a, timespan: 5m, condition: {gte: 1}}"))
	f.Add([]byte("title: x\nlogsource: {a: b}\ndetection: {s: [x, {f|windash: -a}], condition: not s}\n---\n- 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := Parse(data, Options{})
		if err != nil {
			return
		}
		for _, d := range docs {
			n := 0
			for _, set := range []bool{d.Rule != nil, d.Correlation != nil, d.Err != nil} {
				if set {
					n++
				}
			}
			if n != 1 || d.Rule != nil && d.Rule.Condition == nil {
				t.Fatalf("a document must be one of rule, correlation and error: %+v", d)
			}
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add(`a\*b*c\\d?`)
	f.Fuzz(func(t *testing.T, s string) {
		p := ParsePattern(s)
		if q := ParsePattern(p.String()); !slices.Equal(p, q) {
			t.Fatalf("%q: %v is written as %q and read as %v", s, p, p.String(), q)
		}
	})
}
