package softetherpkt

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

var update = flag.Bool("update", false, "write the golden file")

func decodeAll(tb testing.TB, data []byte) *vedette.Batch {
	tb.Helper()
	d := Format.New(decode.Options{Location: time.UTC})
	b := &vedette.Batch{Source: &vedette.Source{}}
	for line := range bytes.Lines(data) {
		if err := d.Decode(b, bytes.TrimRight(line, "\r\n")); err != nil {
			tb.Errorf("%v: %s", err, line)
		}
	}
	return b
}

// plain is an event without its empty fields, and with Rest's beside the others.
func plain(t *testing.T, e *vedette.Event) map[string]any {
	t.Helper()
	event := *e
	event.Rest, event.Source = nil, nil
	data, err := json.Marshal(&event)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]any)
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "ID")
	for key, value := range m {
		if value == nil || value == "" || value == false || value == 0.0 {
			delete(m, key)
		}
	}
	m["Time"] = time.Unix(0, e.Time).UTC().Format("2006-01-02T15:04:05.000Z")
	for _, f := range e.Rest {
		m[f.Key] = f.Value
	}
	return m
}

func TestGolden(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "packet.log"))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	b := decodeAll(t, data)
	for i := range b.Events {
		if err := enc.Encode(plain(t, &b.Events[i])); err != nil {
			t.Fatal(err)
		}
	}
	golden := filepath.Join("testdata", "packet.log.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestHTTP(t *testing.T) {
	f := func(info, method, url, host, agent string) {
		t.Helper()
		line := "2026-11-24,00:38:38.418,SID-A-3,SID-B-2,5EA9E0A6B41D,5E6F16A68999,0x0800,198,TCP_DATAv4,PSH+ACK,192.168.30.10,35930,192.168.30.50,http(80),1,2," + info + ",-,127.0.0.1,127.0.0.21"
		e := &decodeAll(t, []byte(line)).Events[0]
		if e.Method != method || e.URL != url || e.URLDomain != host || e.UserAgent != agent || e.DestinationPort != 80 {
			t.Errorf("%q %q %q %q of %s", e.Method, e.URL, e.URLDomain, e.UserAgent, info)
		}
	}
	f("WindowSize=63 HttpMethod=GET HttpUrl=http://h:8080/a?q=b HttpProtocol=HTTP/1.1 HttpUserAgent=x/1.0 ", "GET", "http://h:8080/a?q=b", "h", "x/1.0")
	f("WindowSize=63 HttpMethod=GET HttpUrl=http://[2001:db8::1]/ HttpProtocol=HTTP/1.1 ", "GET", "http://[2001:db8::1]/", "[2001:db8::1]", "")
	f("WindowSize=63 HttpMethod=POST HttpUrl=http://h/a b c HttpProtocol=HTTP/1.0 HttpReferer=http://r/ HttpUserAgent=y_z HttpAcceptLanguage=en ", "POST", "http://h/a b c", "h", "y_z")
}

func TestRejects(t *testing.T) {
	const good = "2026-11-24,00:37:59.732,SID-A-1,-,5E79FAFE2821,FFFFFFFFFFFF,0x0800,80,UDPv4,-,192.168.30.1,echo(7),192.168.30.255,echo(7),-,-,-,-,-,-"
	f := func(line string, want error) {
		t.Helper()
		b := &vedette.Batch{Source: &vedette.Source{}}
		if err := Format.New(decode.Options{Location: time.UTC}).Decode(b, []byte(line)); err != want {
			t.Errorf("got %v, want %v: %s", err, want, line)
		}
	}
	f("", nil)
	f(good, nil)
	f(good[:len(good)-4], nil) // 18 fields
	f(good[:len(good)-2], decode.ErrFields)
	f(good+",-", decode.ErrFields)
	f(good[:30], decode.ErrFields)
	f("x"+good, decode.ErrTime)
	f("2026-13-24"+good[10:], decode.ErrTime)
	f(good[:60]+"0y0800"+good[66:], decode.ErrFields)
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := sniff([]byte(head)); got != want {
			t.Errorf("got %d, want %d: %s", got, want, head)
		}
	}
	f("2026-11-24,00:37:59.732,SID-A-1,-,5E79FAFE2821,FFFFFFFFFFFF,0x0806,42,ARPv4,Response,-,-,-,-,-,-,5E79FAFE2821 has 192.168.30.1,-,-,-\r\n", 98)
	f("2026-11-24,00:37:59.732,a,b,c\n", 0)
	f("2026-11-24 00:37:59.732 text\n", 0)
	f("", 0)
}

func TestRealLog(t *testing.T) {
	shared := os.Getenv("VEDETTE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	f := func(name string, events, connections int) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(shared, "data", "softether", "samples", filepath.FromSlash(name)))
		if err != nil {
			t.Skip("the real SoftEther logs are not here; set VEDETTE_SHARED")
		}
		b := decodeAll(t, data)
		n := 0
		for i := range b.Events {
			if b.Events[i].Action == vedette.ActionConnection {
				n++
			}
		}
		if len(b.Events) != events || n != connections || sniff(data) != 98 {
			t.Errorf("%s: %d events, %d connections, sniffed with %d", name, len(b.Events), n, sniff(data))
		}
	}
	f("server-en/packet_log/CERTLAB/pkt_20261124.log", 157, 3)
	f("server-cn/packet_log/CERTLAB/pkt_20261124.log", 12, 0)
	f("server-ja/packet_log/CERTLAB/pkt_20261124.log", 12, 0)
}

func FuzzDecode(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "packet.log"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		f.Add(bytes.TrimRight(line, "\n"))
	}
	f.Fuzz(func(t *testing.T, rec []byte) {
		sniff(rec)
		b := &vedette.Batch{Source: &vedette.Source{}}
		err := Format.New(decode.Options{Location: time.UTC}).Decode(b, rec)
		if err == nil && len(b.Events) > 1 {
			t.Fatalf("%d events of one record", len(b.Events))
		}
		if err == nil && len(b.Events) == 1 && b.Events[0].Time == 0 && !bytes.HasPrefix(rec, []byte("1970-01-01,00:00:00.000")) {
			t.Fatal("event without a time")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("testdata", "packet.log"))
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	d := Format.New(decode.Options{Location: time.UTC})
	batch := &vedette.Batch{Source: &vedette.Source{}}
	b.SetBytes(int64(len(data) / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i%1024 == 0 {
			batch.Reset()
		}
		if err := d.Decode(batch, lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
