package iis

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/iis10.log")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/iis10.golden")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	var b vedette.Batch
	// A new decoder for each line, given the last one's state: reading in one
	// go and reading on after a restart must not differ.
	d := Format.New(decode.Options{}).(decode.Stateful)
	for i, line := range bytes.Split(data, []byte{'\n'}) {
		line = append(bytes.Clone(line), '\r')
		n := len(b.Events)
		if err := d.Decode(&b, line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if len(b.Events) > n {
			e := &b.Events[n]
			fmt.Fprintf(&got, "%s %v:%d -> %v:%d %s %q %d %v user=%q domain=%q ua=%q ref=%q has=%d %d %d %v %v\n",
				time.Unix(0, e.Time).UTC().Format(time.RFC3339), e.SourceIP, e.SourcePort, e.DestinationIP, e.DestinationPort,
				e.Method, e.URL, e.Status, e.Outcome, e.User, e.URLDomain, e.UserAgent, e.Referrer,
				e.Has, e.ResponseBytes, e.RequestBytes, time.Duration(e.Duration), e.Rest)
		}
		if state := d.State(); state != nil {
			d = Format.New(decode.Options{}).(decode.Stateful)
			if err := d.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

const header = "#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken"

func TestRejects(t *testing.T) {
	f := func(fields, line string, want error) {
		t.Helper()
		d := Format.New(decode.Options{})
		var b vedette.Batch
		if err := d.Decode(&b, []byte(fields)); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&b, []byte(line)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", line, err, want)
		}
	}
	f("", "2024-01-02 03:04:05 203.0.113.9 GET / 200 1", ErrHeader)
	f(header, "2024-01-02 03:04:05 203.0.113.9 GET / 200", decode.ErrFields)
	f(header, "2024-01-02 03:04:05 203.0.113.9 GET / 200 1 2", decode.ErrFields)
	f(header, "2024-13-02 03:04:05 203.0.113.9 GET / 200 1", decode.ErrTime)
	f(header, "2024-01-02 03:04 203.0.113.9 GET / 200 1", decode.ErrTime)
	f(header, "- 03:04:05 203.0.113.9 GET / 200 1", decode.ErrTime)
	f(header, "2024-01-02 03:04:05 203.0.113.9 GET / 99999 1", decode.ErrNumber)
	f(header, "2024-01-02 03:04:05 203.0.113.9 GET / 200 -1", decode.ErrNumber)
	f(header, "\x00\x00\x00\x00", decode.ErrBinary)
	f(header, "", nil)
	f(header, "#Software: x", nil)
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("sniff(%q) = %d, want %d", head, got, want)
		}
	}
	f(header, 97)
	f("#Software: x\r\n"+header+"\r\n", 97)
	f("2024-01-02 03:04:05\n"+header+"\n", 60)
	f("#Fields: date time action protocol src-ip dst-ip", 0) // the Windows firewall's
	f("#fields\tts\tuid", 0)
	f("#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n", 60) // the directive is still to come
	f("#Software: Microsoft Internet Information Services 10.0\r\n220 ready\r\n", 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(header), []byte("2024-01-02 03:04:05 203.0.113.9 GET / 200 1"))
	f.Add([]byte("#Fields: time cs(User-Agent)"), []byte("03:04:05\t\"a b\""))
	f.Fuzz(func(t *testing.T, fields, rec []byte) {
		d := Format.New(decode.Options{}).(decode.Stateful)
		var b vedette.Batch
		_ = d.Decode(&b, fields)
		before := bytes.Clone(rec)
		first := d.Decode(&b, rec)
		if !bytes.Equal(before, rec) {
			t.Fatal("the record was changed")
		}
		if state := d.State(); state != nil {
			e := Format.New(decode.Options{}).(decode.Stateful)
			if err := e.Restore(state); err != nil {
				t.Fatal(err)
			}
			if second := e.Decode(&b, rec); len(rec) > 0 && rec[0] != '#' && second != first {
				t.Fatalf("%v after a restart, %v before", second, first)
			}
		}
		Format.Sniff(rec)
	})
}

func BenchmarkDecode(b *testing.B) {
	d := Format.New(decode.Options{})
	var batch vedette.Batch
	_ = d.Decode(&batch, []byte("#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"))
	var lines [][]byte
	size := 0
	for i := range 1000 {
		line := fmt.Appendf(nil, "2024-01-02 03:%02d:%02d 198.51.100.10 GET /article/%d id=%d 443 - 203.0.113.%d Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 https://www.example.org/ 200 0 0 %d 311 15", i/60, i%60, i, i*i, i%256, i*7)
		lines = append(lines, line)
		size += len(line) + 2
	}
	round := func() {
		batch.Reset()
		for _, l := range lines {
			if err := d.Decode(&batch, l); err != nil {
				b.Fatal(err)
			}
		}
	}
	round()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/event")
}
