package indicator

import (
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

func TestRecognize(t *testing.T) {
	f := func(in string, kind vedette.IndicatorType, want string) {
		t.Helper()
		got, err := Recognize(in)
		if err != nil || got.Type != kind || got.Value != want {
			t.Errorf("Recognize(%q) = %d %q, %v; want %d %q", in, got.Type, got.Value, err, kind, want)
		}
	}
	f("198.51.100[.]7", vedette.IndicatorAddress, "198.51.100.7")
	f("2001:DB8::1", vedette.IndicatorAddress, "2001:db8::1")
	f("::ffff:198.51.100.7", vedette.IndicatorAddress, "198.51.100.7")
	f("198.51.100.77/24", vedette.IndicatorNetwork, "198.51.100.0/24")
	f("198.51.100.7/32", vedette.IndicatorAddress, "198.51.100.7")
	f("*.Evil.Example.", vedette.IndicatorDomain, "evil.example")
	f("hxxps://Evil[.]example:8443/a?b=C#d", vedette.IndicatorURL, "evil.example/a?b=C")
	f("evil.example/x.php", vedette.IndicatorURL, "evil.example/x.php")
	f("D41D8CD98F00B204E9800998ECF8427E", vedette.IndicatorHash, "d41d8cd98f00b204e9800998ecf8427e")
	for _, bad := range []string{"evil", "no domain", "0.0.0.0/0", "d41d8", "http://"} {
		if got, err := Recognize(bad); err == nil {
			t.Errorf("Recognize(%q) = %+v, want an error", bad, got)
		}
	}
}

func TestList(t *testing.T) {
	got, err := Parse(strings.NewReader("\n# comment\n198.51.100.7 # scanner\nevil.example, a note\nnot one\n// end\n"), "list.txt")
	if err != nil || len(got.Indicators) != 2 || got.Indicators[1].Value != "evil.example" || got.Indicators[0].Source != "list.txt" {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(got.Skipped) != 1 || got.Skipped[0].Line != 5 {
		t.Errorf("skipped = %+v, want line 5", got.Skipped)
	}
}

const bundle = `{"type":"bundle","id":"bundle--1","objects":[
 {"type":"indicator","id":"indicator--1","name":"one","pattern_type":"stix","pattern":"[ipv4-addr:value = '198.51.100.7' OR ipv4-addr:value = '198.51.100.0/25']","valid_from":"2024-01-01T00:00:00Z","valid_until":"2024-02-01T00:00:00Z","confidence":80},
 {"type":"indicator","id":"indicator--2","name":"two","pattern":"[domain-name:value IN ('a.example', 'b.example')] OR [url:value = 'http://c.example/x']","valid_from":"2024-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--3","pattern":"[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']","valid_from":"2024-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--4","pattern":"[ipv4-addr:value = '198.51.100.9' AND network-traffic:dst_port = 443]","valid_from":"2024-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--5","pattern":"[ipv4-addr:value = '198.51.100.9']","revoked":true},
 {"type":"indicator","id":"indicator--6","pattern":"rule x {}","pattern_type":"yara"},
 {"type":"intrusion-set","id":"intrusion-set--1","name":"Lantern"},
 {"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1"},
 {"type":"indicator","id":7}
]}`

func TestBundle(t *testing.T) {
	got, err := Parse(strings.NewReader(bundle), "bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, i := range got.Indicators {
		values = append(values, i.Value)
	}
	want := "198.51.100.7 198.51.100.0/25 a.example b.example c.example/x e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if s := strings.Join(values, " "); s != want {
		t.Errorf("indicators %s\nwant %s", s, want)
	}
	if len(got.Skipped) != 4 {
		t.Errorf("skipped = %+v, want indicators 4, 5, 6 and the one with a number for an id", got.Skipped)
	}
	first := got.Indicators[0]
	if first.Label != "Lantern" || first.Confidence != 80 || got.Indicators[2].Label != "two" {
		t.Errorf("label %q, confidence %d", first.Label, first.Confidence)
	}
	at := func(s string) int64 { v, _ := time.Parse(time.DateOnly, s); return v.UnixNano() }
	if first.ValidAt(at("2023-12-31")) || !first.ValidAt(at("2024-01-15")) || first.ValidAt(at("2024-02-01")) {
		t.Error("validity in time is not respected")
	}
	if _, err := Parse(strings.NewReader("{"), "x"); err == nil {
		t.Error("half a bundle gives no error")
	}
}
