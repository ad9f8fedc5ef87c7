package webjson

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/decode/suricata"
	"github.com/vedette-cti/vedette/internal/decode/winjson"
	"github.com/vedette-cti/vedette/internal/decode/zeekjson"
	"github.com/vedette-cti/vedette/internal/decode/zeektsv"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan/eventtest"
)

func fresh() decode.Decoder { return Format.New(decode.Options{Location: time.UTC}) }

func lines(t testing.TB, path string) [][]byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func TestGolden(t *testing.T) {
	eventtest.Golden(t, fresh().Decode, "testdata/forms.json")
}

// TestSniffApart shows every JSON format each other's records: only the right
// one is sure of them.
func TestSniffApart(t *testing.T) {
	formats := []decode.Format{Format, suricata.Format, winjson.Format, zeekjson.Format, zeektsv.Format}
	for path, want := range map[string]string{
		"testdata/forms.json":             "web-json",
		"../suricata/testdata/eve.json":   "suricata-eve",
		"../winjson/testdata/forms.json":  "windows-json",
		"../zeekjson/testdata/apt29.json": "zeek-json",
		"../zeekjson/testdata/forms.json": "zeek-json",
		"../zeektsv/testdata/forms.log":   "zeek-tsv",
	} {
		right := 0
		for i, line := range lines(t, path) {
			for _, f := range formats {
				c := f.Sniff(line)
				if f.Name == want && c >= 50 {
					right++
				}
				if f.Name != want && c >= 50 {
					t.Errorf("%s line %d: %s is sure by %d", path, i+1, f.Name, c)
				}
			}
		}
		if whole := bytes.Join(lines(t, path), []byte("\n")); right < 1 {
			t.Errorf("%s: not recognized: %.80s", path, whole)
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
	f(`{"time_iso8601":"x","remote_addr":"x","request":"x","status":"200"}`, 90)
	f(`{"remote_addr":"x","request":"\x22","status":"200"}`, 75)
	f(`{"request":"x","status":"200"}`, 45)
	f(`{"status":"ok","message":"hello"}`, 0)
	f(`[1]`, 0)
	f(``, 0)
	for i, line := range lines(t, "testdata/forms.json")[:9] {
		if c := Format.Sniff(line); c < 75 {
			t.Errorf("line %d: %d", i+1, c)
		}
	}
}

func TestRequestLine(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		m, target, v, ok := requestLine(line)
		got := strings.Join([]string{m, target, v}, "|")
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	f("GET / HTTP/1.1", "GET|/|1.1")
	f("GET /a b c HTTP/1.1", "GET|/a b c|1.1")
	f("GET /a b", "GET|/a b|")
	f("GET http://x/ HTTP/1.0", "GET|http://x/|1.0")
	f("GET", "")
	f("", "")
	f("\x16\x03 x", "")
}

func TestAddress(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		a, port, ok := address(s)
		got := ""
		if ok {
			got = a.String()
			if port != 0 {
				got += " " + string(rune('0'+port%10))
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	f("192.0.2.1", "192.0.2.1")
	f("192.0.2.1:123", "192.0.2.1 3")
	f("2001:db8::1", "2001:db8::1")
	f("[2001:db8::1]:124", "2001:db8::1 4")
	f("[2001:db8::1]", "2001:db8::1")
	f("host.example:80", "")
	f("", "")
}

func FuzzDecode(f *testing.F) {
	for _, line := range lines(f, "testdata/forms.json") {
		f.Add(line)
	}
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

func BenchmarkDecode(b *testing.B) {
	eventtest.Bench(b, fresh().Decode, lines(b, "testdata/forms.json")[:2])
}
func BenchmarkDecodeCaddy(b *testing.B) {
	eventtest.Bench(b, fresh().Decode, lines(b, "testdata/forms.json")[6:7])
}
