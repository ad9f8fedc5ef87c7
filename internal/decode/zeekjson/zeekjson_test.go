package zeekjson

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan/eventtest"
)

func fresh() decode.Decoder { return Format.New(decode.Options{Location: time.UTC}) }

func TestGolden(t *testing.T) {
	eventtest.Golden(t, fresh().Decode, "testdata/apt29.json")
	eventtest.Golden(t, fresh().Decode, "testdata/forms.json")
}

// TestFlattened decodes two days of real logs with flattened keys, and the same
// with dotted ones: the events are the same, and none is rejected.
func TestFlattened(t *testing.T) {
	dotted := strings.NewReplacer(
		`"id_orig_`, `"id.orig_`, `"id_resp_`, `"id.resp_`, `"certificate_`, `"certificate.`, `"san_`, `"san.`,
		`"basic_constraints_`, `"basic_constraints.`, `"times_`, `"times.`, `"resp_certificate.`, `"resp_certificate_`)
	for name, want := range map[string]int{"apt29-day1-combined": 2140, "apt29-day2-combined": 5664} {
		lines := eventtest.Lines(t, eventtest.Shared(t, "data/zeek/"+name+".json.gz"))
		if len(lines) != want {
			t.Fatalf("%s: %d lines", name, len(lines))
		}
		one, two := fresh(), fresh()
		for _, line := range lines {
			var a, b vedette.Batch
			left, err := eventtest.Run(one.Decode, &a, line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			right, err := eventtest.Run(two.Decode, &b, []byte(dotted.Replace(string(line))))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			eventtest.Check(t, left)
			if eventtest.Format(&left[0]) != eventtest.Format(&right[0]) {
				t.Fatal(cmp.Diff(eventtest.Format(&left[0]), eventtest.Format(&right[0])))
			}
		}
	}
}

// TestStreamFromKeys takes the name of the stream away from real records.
func TestStreamFromKeys(t *testing.T) {
	for _, path := range []string{"dns", "ssl", "x509", "rdp", "ssh", "notice", "ntlm", "ftp", "smtp", "software", "known_services"} {
		lines := eventtest.Lines(t, eventtest.Shared(t, "data/zeek/"+path+".json.gz"))
		d := fresh()
		for _, line := range lines[:min(len(lines), 2000)] {
			var b vedette.Batch
			events, err := eventtest.Run(d.Decode, &b, bytes.Replace(line, []byte(`"_path":"`+path+`",`), nil, 1))
			if err != nil || events[0].Dataset != "zeek."+path {
				t.Fatalf("%s: %v, %v", line, events, err)
			}
		}
	}
}

func TestState(t *testing.T) {
	d := fresh().(decode.Stateful)
	var b vedette.Batch
	if err := d.Decode(&b, []byte(`{"ts":1700000000,"conn_state":"SF"}`)); err != nil {
		t.Fatal(err)
	}
	again := fresh().(decode.Stateful)
	if err := again.Restore(d.State()); err != nil {
		t.Fatal(err)
	}
	if err := again.Decode(&b, []byte(`{"ts":1700000001,"uid":"C"}`)); err != nil {
		t.Fatal(err)
	}
	if err := again.Decode(&b, []byte(`{"_path":"loaded_scripts","name":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if b.Events[1].Dataset != vedette.DatasetZeekConn || b.Events[2].Time != 1700000001e9 {
		t.Errorf("%+v", b.Events)
	}
	for _, bad := range []string{"\xff\x00", "\x00"} {
		if again.Restore([]byte(bad)) == nil {
			t.Errorf("state %q was taken", bad)
		}
	}
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("%s: %d, want %d", head, got, want)
		}
	}
	f(`{"_path":"dns","ts":"2018-03-24T17:15:20.865716Z","uid":"C"}`, 95)
	f(`{"@stream":"loaded_scripts","name":"x"}`, 95)
	f(`{"ts":1700000000.1,"uid":"C","id.orig_h":"192.0.2.1"}`+"\n{", 90)
	f(`{"ts":1700000000.1,"uid":"C","id":{"orig_h":"192.0.2.1"}}`, 90)
	f(`{"ts":1700000000.1,"uid":"C","id.orig_h":"192.0.2.1","query":"cut he`, 90)
	f(`{"ts":1700000000.1,"fuid":"F","tx_hosts":["192.0.2.1"]}`, 70)
	f(`{"ts":1700000000.1,"level":"info","logger":"http.log.access","request":{"uri":"/"}}`, 0)
	f(`{"timestamp":"2024-01-02T03:04:05.678901+0800","event_type":"dns","src_ip":"192.0.2.1"}`, 0)
	f(`{"a":`, 0)
	f("#separator \\x09", 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"_path":"dns","ts":1.5,"answers":["a",1.23456789],"TTLs":[1e-9,2.0],"id":{"orig_h":"::1"},"rtt":"x"}`))
	f.Add([]byte("{\"@stream\":\"files\",\"ts\":1.5,\"tx_hosts\":[\"1.2.3.4\"],\"certificate_x\":1.00,\"md5\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, rec []byte) {
		Format.Sniff(rec)
		var b vedette.Batch
		d := fresh()
		for range 2 {
			events, err := eventtest.Run(d.Decode, &b, rec)
			if err == nil && len(events) != 1 {
				t.Fatalf("%d events", len(events))
			}
			eventtest.Check(t, events)
		}
	})
}

func benchmark(b *testing.B, name string) {
	lines := eventtest.Lines(b, eventtest.Shared(b, "data/zeek/"+name+".json.gz"))
	eventtest.Bench(b, fresh().Decode, lines)
}

func BenchmarkDecode(b *testing.B)      { benchmark(b, "dns") }
func BenchmarkDecodeSSL(b *testing.B)   { benchmark(b, "ssl") }
func BenchmarkDecodeMixed(b *testing.B) { benchmark(b, "apt29-day1-combined") }
