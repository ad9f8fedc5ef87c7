package zeektsv

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/decode/zeekjson"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan/eventtest"
)

func fresh() decode.Decoder { return Format.New(decode.Options{Location: time.UTC}) }

func TestGolden(t *testing.T) {
	eventtest.Golden(t, fresh().Decode, "testdata/forms.log")
}

// TestSameAsJSON decodes one capture's logs in both of Zeek's spellings.
func TestSameAsJSON(t *testing.T) {
	for _, path := range []string{"dns", "ssl", "x509", "rdp", "ssh", "notice", "ntlm", "kerberos", "ftp", "smtp", "software", "known_services"} {
		t.Run(path, func(t *testing.T) {
			tsv := eventtest.Lines(t, eventtest.Shared(t, "data/zeek/"+path+".log.gz"))
			json := eventtest.Lines(t, eventtest.Shared(t, "data/zeek/"+path+".json.gz"))
			one := fresh()
			two := zeekjson.Format.New(decode.Options{Location: time.UTC})
			if Format.Sniff(tsv[0]) != 100 || zeekjson.Format.Sniff(json[0]) < 90 {
				t.Error("not recognized")
			}
			n := 0
			var a, b vedette.Batch
			for _, line := range tsv {
				left, err := eventtest.Run(one.Decode, &a, line)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if len(left) == 0 {
					continue
				}
				right, err := eventtest.Run(two.Decode, &b, json[n])
				if err != nil {
					t.Fatalf("%s: %v", json[n], err)
				}
				eventtest.Check(t, left)
				l, r := eventtest.Format(&left[0]), eventtest.Format(&right[0])
				if l != r {
					t.Fatalf("record %d differs (-tsv +json):\n%s", n, cmp.Diff(l, r))
				}
				n++
				a.Reset()
				b.Reset()
			}
			if n != len(json) {
				t.Errorf("%d and %d records", n, len(json))
			}
		})
	}
}

func TestWeird(t *testing.T) {
	lines := eventtest.Lines(t, eventtest.Shared(t, "data/zeek/weird.log.gz"))
	d := fresh()
	n := 0
	for _, line := range lines {
		var b vedette.Batch
		events, err := eventtest.Run(d.Decode, &b, line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		n += len(events)
	}
	if n != 24202 {
		t.Errorf("%d events", n)
	}
}

func TestState(t *testing.T) {
	d := fresh().(decode.Stateful)
	if d.State() != nil {
		t.Error("state without a header")
	}
	var b vedette.Batch
	record := []byte("1700000000.5|a")
	if err := d.Decode(&b, record); err != errHeader {
		t.Errorf("without a header: %v", err)
	}
	for _, line := range []string{`#separator \x7c`, "#path|x", "#fields|ts|name", "#types|time|string"} {
		if err := d.Decode(&b, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	again := fresh().(decode.Stateful)
	if err := again.Restore(d.State()); err != nil {
		t.Fatal(err)
	}
	if err := again.Decode(&b, record); err != nil || len(b.Events) != 1 || b.Events[0].Dataset != "zeek.x" {
		t.Errorf("%v, %+v", err, b.Events)
	}
	if again.Restore([]byte("x")) == nil {
		t.Error("foreign state was taken")
	}
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("%q: %d, want %d", head, got, want)
		}
	}
	f("#separator \\x09\n#set_separator\t,\n", 100)
	f("#path\tdns\n#fields\tts\tuid\n#types\ttime\tstring\n1\t2\n", 95)
	f("#fields\tts\n1", 45)
	f("#Fields: date time c-ip\n", 0)
	f("1521911720.6\tC\t10.0.0.1\n", 0)
	f(`{"_path":"dns"}`, 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	header := "#fields\tts\tid.orig_h\tanswers\tx\ty\tquery\n#types\ttime\taddr\tvector[string]\tvector[interval]\tbool\tstring"
	f.Add(header, "1.5\t10.0.0.1\ta,\\x2c,-\t1.0,2.500000\tT\t\\xff\\\\.")
	f.Add("#separator \\x09\n#path\tdns\n"+header, "1e3\t::1\t(empty)\t-\tF\t\xc3")
	f.Add("#separator ||\n#fields||ts\n#types||double", "1.5")
	f.Fuzz(func(t *testing.T, header, rec string) {
		Format.Sniff([]byte(header))
		var b vedette.Batch
		d := fresh().(decode.Stateful)
		for len(header) > 0 {
			line := header
			for i := range header {
				if header[i] == '\n' {
					line = header[:i]
					break
				}
			}
			header = header[min(len(header), len(line)+1):]
			eventtest.Run(d.Decode, &b, []byte(line))
		}
		b.Drop(0)
		events, err := eventtest.Run(d.Decode, &b, []byte(rec))
		eventtest.Check(t, events)
		again := fresh().(decode.Stateful)
		if e := again.Restore(d.State()); e != nil {
			t.Fatal(e)
		}
		var c vedette.Batch
		same, err2 := eventtest.Run(again.Decode, &c, []byte(rec))
		if err != err2 || len(events) != len(same) || len(same) == 1 && eventtest.Format(&events[0]) != eventtest.Format(&same[0]) {
			t.Fatalf("after restoring: %v, %v, want %v, %v", err2, same, err, events)
		}
	})
}

func benchmark(b *testing.B, name string) {
	lines := eventtest.Lines(b, eventtest.Shared(b, "data/zeek/"+name+".log.gz"))
	d := fresh()
	var batch vedette.Batch
	for len(lines) > 0 && lines[0][0] == '#' {
		if err := d.Decode(&batch, lines[0]); err != nil {
			b.Fatal(err)
		}
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1][0] == '#' {
		lines = lines[:len(lines)-1]
	}
	eventtest.Bench(b, d.Decode, lines)
}

func BenchmarkDecode(b *testing.B)    { benchmark(b, "dns") }
func BenchmarkDecodeSSL(b *testing.B) { benchmark(b, "ssl") }
