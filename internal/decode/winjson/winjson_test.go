package winjson

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan/eventtest"
)

func fresh() decode.Decoder { return Format.New(decode.Options{Location: time.UTC}) }

func TestGolden(t *testing.T) {
	eventtest.Golden(t, fresh().Decode, "testdata/forms.json")
}

// regression returns SigmaHQ's regression events, one compact JSON text each.
func regression(t testing.TB) [][]byte {
	f, err := os.Open(eventtest.Shared(t, "data/sigma/sigma.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(h.Name, "regression_data/") || !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))); d.More(); {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				t.Fatalf("%s: %v", h.Name, err)
			}
			var line bytes.Buffer
			if err := json.Compact(&line, raw); err != nil {
				t.Fatal(err)
			}
			out = append(out, line.Bytes())
		}
	}
}

// TestRegressionData decodes every event of SigmaHQ's regression data and finds
// every value of EventData again.
func TestRegressionData(t *testing.T) {
	events := regression(t)
	if len(events) < 200 {
		t.Fatalf("%d events", len(events))
	}
	d := fresh()
	for _, line := range events {
		if got := Format.Sniff(line); got != 95 {
			t.Errorf("recognized with %d: %s", got, line)
		}
		var b vedette.Batch
		got, err := eventtest.Run(d.Decode, &b, line)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v", line, err)
		}
		eventtest.Check(t, got)
		e := &got[0]
		var want struct {
			Event struct {
				System struct {
					EventID           json.Number
					Channel, Computer string
					Provider          struct {
						Attributes struct{ Name string } `json:"#attributes"`
					}
				}
				EventData map[string]any
			}
		}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		s := want.Event.System
		for k, v := range map[string]string{"EventID": s.EventID.String(), "Channel": s.Channel, "Computer": s.Computer, "Provider_Name": s.Provider.Attributes.Name} {
			if x, _ := e.Get(k); x != v {
				t.Errorf("%s = %q, want %q", k, x, v)
			}
		}
		if e.Code != s.EventID.String() || e.Host != s.Computer || (e.Dataset == vedette.DatasetWindowsSysmon) != (s.Channel == sysmonChannel) {
			t.Errorf("%s", eventtest.Format(e))
		}
		for k, v := range want.Event.EventData {
			text, ok := v.(string)
			if n, isNumber := v.(json.Number); isNumber {
				text, ok = n.String(), true
			}
			if x, _ := e.Get(k); ok && x != text {
				t.Errorf("%s = %q, want %q", k, x, text)
			}
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
	f(`{"Event":{"System":{"Provider":{"Name":"x"},"EventID":1,"Chan`, 95)
	f(`{"@timestamp":"2024-01-02T03:04:05Z","winlog":{"event_id":1}}`, 90)
	f(`{"winlog.channel":"Security","winlog.event_id":1}`, 90)
	f(`{"EventID":1,"SourceName":"Microsoft-Windows-Sysmon"}`, 85)
	f(`{"EventID":1}`, 0)
	f(`{"timestamp":"2024-01-02T03:04:05.678901+0800","event_type":"alert"}`, 0)
	f(`{"Event":"x"}`, 0)
	f(`<Event>`, 0)
	f(``, 0)
}

func FuzzDecode(f *testing.F) {
	lines, err := os.ReadFile("testdata/forms.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range bytes.Split(lines, []byte("\n")) {
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

func BenchmarkDecode(b *testing.B) { eventtest.Bench(b, fresh().Decode, regression(b)) }
