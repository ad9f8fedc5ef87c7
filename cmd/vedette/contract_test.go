package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shape is what the contract says of a JSON value: a kind ("string", "number",
// "boolean", "time"), a list of allowed strings, a list with a shape for every
// item, or the keys of an object. A key that ends with ? may be missing.
type shape any

type (
	object map[string]shape
	list   struct{ item shape }
	oneOf  []string
	counts struct{ keys []string } // numbers; keys that must be there
)

var verdicts = oneOf{"none", "reconnaissance", "attempt", "compromise"}

// assessment is the form vedette.assessment/1. More keys may be added.
var assessment = object{
	"schema":    oneOf{"vedette.assessment/1"},
	"period":    object{"start": "time", "end": "time"},
	"ledger":    object{"read": "number", "stored": "number", "duplicate": "number", "rejected": "number"},
	"simulated": "boolean",
	"clusters": list{object{
		"id": "string", "name": "string", "targeted": "boolean", "first_seen": "time", "last_seen": "time",
		"infrastructure": list{object{
			"value": "string", "type": oneOf{"ipv4-addr", "ipv6-addr", "domain-name", "url"},
			"roles":    list{oneOf{"scanner", "exploit", "command-and-control", "tunnel", "administration", "relay"}},
			"country?": "string", "city?": "string", "asn?": "number",
		}},
		"techniques": list{"string"},
		"origin?":    object{"country": "string", "city?": "string", "utc_offset_minutes": "number", "likelihood": "string", "confidence": "number"},
		"attribution": list{object{
			"intrusion_set": "string", "aliases": list{object{"name": "string", "source": "string"}}, "probability": "number",
			"likelihood": "string", "confidence": "number", "for": list{"string"}, "against": list{"string"},
		}},
		"organizations": list{object{
			"id": "string", "verdict": verdicts, "confidence": "number", "first_seen": "time", "last_seen": "time",
			"evidence": list{object{
				"time": "time", "detector": "string", "technique?": "string", "summary": "string",
				"source": object{"file": "string", "line": "number"},
			}},
		}},
		"counts": object{
			"by_verdict": counts{[]string{"reconnaissance", "attempt", "compromise"}}, "by_sector": counts{}, "by_country": counts{},
		},
	}},
	"organizations": list{object{"id": "string", "verdict": verdicts}},
}

// detection is a line of vedette detect.
var detection = object{
	"time": "time", "detector": "string", "rule": "string", "severity": oneOf{"informational", "low", "medium", "high", "critical"},
	"technique":      "string",
	"classification": oneOf{"information-gathering", "intrusion-attempts", "intrusions", "malicious-code", "other"},
	"organization":   "string", "source": object{"file": "string", "line": "number"}, "summary": "string",
}

// check reports where v is not of the shape, and counts the keys it saw.
func check(v any, s shape, at string, seen map[string]int) (wrong []string) {
	bad := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	switch s := s.(type) {
	case object:
		m, ok := v.(map[string]any)
		if !ok {
			bad("%v is not an object", v)
			return wrong
		}
		for key, inner := range s {
			name, optional := strings.CutSuffix(key, "?")
			value, ok := m[name]
			if !ok {
				if !optional {
					bad("has no %q", name)
				}
				continue
			}
			seen[at+"."+name]++
			wrong = append(wrong, check(value, inner, at+"."+name, seen)...)
		}
	case list:
		items, ok := v.([]any)
		if !ok {
			bad("%v is not a list", v)
		}
		for _, item := range items {
			wrong = append(wrong, check(item, s.item, at+"[]", seen)...)
		}
	case oneOf:
		if text, ok := v.(string); !ok || !slices.Contains(s, text) {
			bad("%v is not one of %v", v, []string(s))
		}
	case counts:
		m, ok := v.(map[string]any)
		if !ok {
			bad("%v is not an object", v)
		}
		for _, key := range s.keys {
			if _, ok := m[key]; !ok {
				bad("has no %q", key)
			}
		}
		for _, n := range m {
			wrong = append(wrong, check(n, "number", at+".*", seen)...)
		}
	case string:
		if !isKind(v, s) {
			bad("%v is not a %s", v, s)
		}
	}
	return wrong
}

func isKind(v any, kind string) (ok bool) {
	switch kind {
	case "string":
		_, ok = v.(string)
	case "number":
		_, ok = v.(float64)
	case "boolean":
		_, ok = v.(bool)
	case "time":
		text, _ := v.(string)
		t, err := time.Parse(time.RFC3339Nano, text)
		ok = err == nil && t.Location() == time.UTC && !t.IsZero()
	}
	return ok
}

// TestShape proves that check can fail.
func TestShape(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		s := object{"a": "time", "b?": list{oneOf{"x"}}, "c": counts{[]string{"n"}}}
		if wrong := check(v, s, "", make(map[string]int)); len(wrong) != want {
			t.Errorf("%s: %q, want %d", text, wrong, want)
		}
	}
	f(`{"a": "2024-01-01T00:00:00Z", "c": {"n": 1}, "more": 1}`, 0)
	f(`{"a": "2024-01-01T00:00:00+08:00", "c": {"n": 1}}`, 1)
	f(`{"c": {"n": 1}, "b": ["x", "y"]}`, 2)
	f(`{"a": "2024-01-01T00:00:00Z", "b": null, "c": {"m": "1"}}`, 3)
	f(`[]`, 1)
}

// TestContract analyzes the example and holds the output to the contract: every
// key is there, of its kind, and the counts agree with each other.
func TestContract(t *testing.T) {
	example := filepath.Join("..", "..", "examples", "strait")
	stdout, stderr, status := call(t, "analyze", "--constituency", filepath.Join(example, "constituency.yaml"),
		"--geoip", filepath.Join(example, "geo", "simulated-city.mmdb"), "--geoip", filepath.Join(example, "geo", "simulated-asn.mmdb"),
		"--output", "json", filepath.Join(example, "logs"))
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	var v any
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	for _, wrong := range check(v, assessment, "", seen) {
		t.Error(wrong)
	}
	for _, optional := range []string{
		".clusters[].origin", ".clusters[].infrastructure[].country", ".clusters[].infrastructure[].city", ".clusters[].infrastructure[].asn",
		".clusters[].organizations[].evidence[].technique",
	} {
		if seen[optional] == 0 {
			t.Errorf("nothing in the example has %s", optional)
		}
	}
	agree(t, []byte(stdout))
}

// agree checks what the contract says about numbers.
func agree(t *testing.T, text []byte) {
	t.Helper()
	var a struct {
		Ledger   struct{ Read, Stored, Duplicate, Rejected int64 }
		Clusters []struct {
			ID            string
			Organizations []struct {
				ID, Verdict string
				Evidence    []any
			}
			Counts struct {
				ByVerdict map[string]int `json:"by_verdict"`
				BySector  map[string]int `json:"by_sector"`
				ByCountry map[string]int `json:"by_country"`
			}
		}
		Organizations []struct{ ID, Verdict string }
	}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if l := a.Ledger; l.Read != l.Stored+l.Duplicate+l.Rejected || l.Read == 0 {
		t.Errorf("ledger %+v", l)
	}
	highest := make(map[string]int)
	for _, c := range a.Clusters {
		split := map[string]int{"reconnaissance": 0, "attempt": 0, "compromise": 0}
		for _, o := range c.Organizations {
			split[o.Verdict]++
			highest[o.ID] = max(highest[o.ID], slices.Index(verdicts, o.Verdict))
			if o.Verdict == "none" || len(o.Evidence) == 0 {
				t.Errorf("%s: %s is %s with %d pieces of evidence", c.ID, o.ID, o.Verdict, len(o.Evidence))
			}
		}
		sum := func(m map[string]int) (n int) {
			for _, k := range m {
				n += k
			}
			return n
		}
		n := len(c.Organizations)
		if fmt.Sprint(split) != fmt.Sprint(c.Counts.ByVerdict) || sum(c.Counts.BySector) != n || sum(c.Counts.ByCountry) != n {
			t.Errorf("%s: %d organizations, %v; counts %+v", c.ID, n, split, c.Counts)
		}
	}
	for _, o := range a.Organizations {
		if want := verdicts[highest[o.ID]]; o.Verdict != want {
			t.Errorf("%s is %s, the highest over all clusters is %s", o.ID, o.Verdict, want)
		}
	}
}

// TestDetectContract does the same for the lines of vedette detect.
func TestDetectContract(t *testing.T) {
	example := filepath.Join("..", "..", "examples", "strait")
	stdout, stderr, status := call(t, "detect", "--constituency", filepath.Join(example, "constituency.yaml"), filepath.Join(example, "logs"))
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	n := 0
	for sc := bufio.NewScanner(strings.NewReader(stdout)); sc.Scan(); n++ {
		var v any
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatalf("line %d: %v: %s", n+1, err, sc.Bytes())
		}
		if wrong := check(v, detection, "", make(map[string]int)); len(wrong) > 0 {
			t.Fatalf("line %d: %q: %s", n+1, wrong, sc.Bytes())
		}
	}
	if n < 100 {
		t.Errorf("only %d detections", n)
	}
	again, _, _ := call(t, "detect", "--constituency", filepath.Join(example, "constituency.yaml"), filepath.Join(example, "logs"))
	if again != stdout {
		t.Error("a second run printed something else")
	}
}
