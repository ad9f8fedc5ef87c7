package suricata

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan/eventtest"
)

func fresh() decode.Decoder { return Format.New(decode.Options{Location: time.UTC}) }

func TestGolden(t *testing.T) {
	eventtest.Golden(t, fresh().Decode, "testdata/eve.json")
}

func TestFlowOutcome(t *testing.T) {
	f := func(flow, tcp string, want vedette.Outcome) {
		t.Helper()
		var b vedette.Batch
		rec := `{"timestamp":"2024-01-02T03:04:05.0+0000","event_type":"flow","proto":"TCP","flow":{` + flow + `},"tcp":{` + tcp + `}}`
		events, err := eventtest.Run(fresh().Decode, &b, []byte(rec))
		if err != nil {
			t.Fatalf("%s: %v", rec, err)
		}
		if events[0].Outcome != want {
			t.Errorf("%s: %v, want %v", rec, events[0].Outcome, want)
		}
	}
	f(`"pkts_toclient":0,"state":"new"`, ``, vedette.OutcomeFailure)
	f(`"pkts_toclient":0,"state":"established"`, ``, vedette.OutcomeFailure)
	f(`"pkts_toclient":1,"state":"new"`, ``, vedette.OutcomeFailure)
	f(`"pkts_toclient":1,"state":"closed"`, `"tcp_flags_ts":"02","tcp_flags_tc":"14"`, vedette.OutcomeFailure)
	f(`"pkts_toclient":5,"state":"closed"`, `"tcp_flags_ts":"1b","tcp_flags_tc":"1b"`, vedette.OutcomeSuccess)
	f(`"pkts_toclient":5,"state":"established"`, `"tcp_flags_ts":"18","tcp_flags_tc":"18"`, vedette.OutcomeSuccess)
	f(`"pkts_toclient":5`, ``, vedette.OutcomeUnknown)
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("%s: %d, want %d", head, got, want)
		}
	}
	f(`{"timestamp":"2024-01-02T03:04:05.6+0800","flow_id":1,"event_type":"alert","src_ip":"192.0.2.1","alert":{"sig`, 95)
	f(`{"timestamp":"2024-01-02T03:04:05.6+0800","event_type":"stats","stats":{}}`, 95)
	f(`{"timestamp":"2024-01-02T03:04:05.6+0800","event_type":"click"}`, 60)
	f(`{"event_type":"click"}`, 0)
	f(`{"ts":1,"uid":"C","id.orig_h":"192.0.2.1"}`, 0)
	f(`{"time_iso8601":"2024-01-02T03:04:05+08:00","remote_addr":"192.0.2.1"}`, 0)
	f(``, 0)
}

// TestManyKeys goes beyond what is remembered of a source's keys: nothing is
// lost.
func TestManyKeys(t *testing.T) {
	d := fresh()
	for i := range 2048 {
		var b vedette.Batch
		key := string(rune('a'+i%26)) + time.Unix(int64(i), 0).UTC().Format("150405")
		rec := `{"timestamp":"2024-01-02T03:04:05.0+0000","event_type":"x","x":{"` + key + `":1},"` + key + `":{"y":2}}`
		events, err := eventtest.Run(d.Decode, &b, []byte(rec))
		if err != nil {
			t.Fatal(err)
		}
		inner, ok := events[0].Get("x." + key)
		outer, ok2 := events[0].Get(key + ".y")
		if whole, ok3 := events[0].Get(key); ok3 {
			outer, ok2 = whole, true
		}
		if !ok || !ok2 || inner != "1" || outer != "2" && outer != `{"y":2}` {
			t.Fatalf("%d: %s", i, eventtest.Format(&events[0]))
		}
	}
}

func lines(t testing.TB) [][]byte {
	data, err := os.ReadFile("testdata/eve.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func FuzzDecode(f *testing.F) {
	for _, line := range lines(f) {
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

func BenchmarkDecode(b *testing.B) { eventtest.Bench(b, fresh().Decode, lines(b)[:15]) }
