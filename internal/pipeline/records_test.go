package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/enrich"
	"github.com/vedette-cti/vedette/internal/ingest"
	"github.com/vedette-cti/vedette/internal/ingest/file"
)

// rejects lists what was rejected as "line@offset reason".
func (w *world) rejects() string {
	var out []string
	for _, r := range w.m.rejects {
		out = append(out, fmt.Sprintf("%d@%d %s", r.Line, r.Offset, r.Reason))
	}
	return strings.Join(out, "; ")
}

func utf16Text(s string, big bool) string {
	var out []byte
	for _, c := range utf16.Encode([]rune("\uFEFF" + s)) {
		if big {
			out = append(out, byte(c>>8), byte(c))
		} else {
			out = append(out, byte(c), byte(c>>8))
		}
	}
	return string(out)
}

func compressed(t *testing.T, kind, content string) string {
	t.Helper()
	var buf bytes.Buffer
	switch kind {
	case "zstd":
		z, err := zstd.NewWriter(&buf)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write([]byte(content))
		_ = z.Close()
	case "xz":
		z, err := xz.NewWriter(&buf)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write([]byte(content))
		_ = z.Close()
	}
	return buf.String()
}

func TestRecords(t *testing.T) {
	f := func(name, content, messages, rejects string) {
		t.Helper()
		w := newWorld(t)
		w.write("log", content)
		w.run()
		if w.messages() != messages || w.rejects() != rejects {
			t.Errorf("%s: messages %.200q, want %.200q; rejects %q, want %q", name, w.messages(), messages, w.rejects(), rejects)
		}
		w.m.total(t)
	}
	f("line ends", "t a\r\n\n  \t\nt b\n\r\nt c\n", "a,b,c", "")
	f("byte order mark", "\uFEFFt a\nt b\n\uFEFFt c\n", "a,b,c", "")
	f("UTF-16, little-endian", utf16Text("t ä\r\nt b\n", false), "ä,b", "")
	f("UTF-16, big-endian", utf16Text("t ä\r\nt b\n", true), "ä,b", "")
	f("UTF-16 in gzip", zipped(utf16Text("t ä\r\nt b", true)), "ä,b", "")
	f("zstd", compressed(t, "zstd", "t a\nt b"), "a,b", "")
	f("two zstd frames", compressed(t, "zstd", "t a\nt ")+compressed(t, "zstd", "b\n"), "a,b", "")
	f("xz", compressed(t, "xz", "t a\nt b"), "a,b", "")
	f("two gzip members", zipped("t a\nt ")+zipped("b\n"), "a,b", "")
	f("bad lines", "t a\nbad\nt b\n", "a,b", "2@4 record is not in the source's format")
	f("binary", "t a\n\x00\x01\x02\nt b\n", "a,b", "2@4 binary data")
	f("not recognized", "what\nis this\n", "", "1@0 format not recognized; 2@5 format not recognized")
	f("recognized late", "what\nt a\n", "a", "1@0 format not recognized")
	f("concatenated", "t a\n{\"b\":1}\nt c\n", `a,{"b":1},c`, "")
	f("table after text", "t a\n#table x\nr 1\n{\"b\":1}\nr 2\n", `a,{"b":1}`, "3@13 record is not in the source's format; 5@25 record is not in the source's format")
	f("table after JSON", "{\"a\":1}\n#table x\nr 1\n{\"b\":1}\nr 2\n#table y\nr 3\nbad\n", `{"a":1},x=1,{"b":1},x=2,y=3`, "8@46 not valid JSON")
	f("header only", "#table x\n", "", "")
	long := strings.Repeat("x", ingest.MaxRecord)
	f("longest record", "t a\nt "+long[2:]+"\r\nt b\n", "a,"+long[2:]+",b", "")
	f("too long", "t a\nt "+long[1:]+"\nt b\n", "a,b", "2@4 record longer than 1 MiB")
	f("much too long", "t a\nt "+long+long+long+"\nt b\n", "a,b", "2@4 record longer than 1 MiB")
	f("too long at the end", "t a\nt "+long+long+"\n", "a", "2@4 record longer than 1 MiB")
	f("too long, unfinished", "t a\nt "+long+long, "a", "")
	f("empty", "", "", "")
	f("empty gzip", zipped(""), "", "")
}

func TestDamaged(t *testing.T) {
	// Incompressible, so that damage hits late and close to where it is.
	var content strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	for range 30_000 {
		fmt.Fprintf(&content, "t %x %x\n", r.Uint64(), r.Uint64())
	}
	f := func(name, data string) {
		t.Helper()
		w := newWorld(t)
		w.write("a.bin", data)
		w.write("b.log", "t after\n")
		w.run()
		ledger := w.m.total(t)
		// What a checksum finds wrong afterwards was read before.
		if ledger.Rejected < 1 || ledger.Stored < 5000 || ledger.Stored > 29_999 {
			t.Errorf("%s: %+v", name, ledger)
		}
		last := w.m.rejects[len(w.m.rejects)-1]
		if last.Reason != ingest.ErrCompressed.Error() || last.Offset == 0 {
			t.Errorf("%s: the last reject is %+v", name, last)
		}
		if w.run(); w.m.total(t) != ledger {
			t.Errorf("%s: counted again", name)
		}
	}
	for _, kind := range []string{"gzip", "zstd", "xz"} {
		data := zipped(content.String())
		if kind != "gzip" {
			data = compressed(t, kind, content.String())
		}
		cut := len(data) * 7 / 10
		f(kind+" cut short", data[:cut])
		if kind == "gzip" {
			f(kind+" damaged", data[:cut]+"\x00\x00\x00\x00\xFF\xFF\xFF"+data[cut+7:])
		}
	}
	w := newWorld(t)
	w.write("1-only-magic.gz", "\x1F\x8B\x08")
	w.write("2-only-magic.gz", "\x1F\x8B\x08")
	w.write("b.log", "t after\n")
	w.run()
	w.run()
	w.want(3, 1, 0, 2)
	for _, s := range w.m.sources {
		if !s.CopyOf.IsZero() {
			t.Errorf("%s counts as a copy", s.Path)
		}
	}
}

func TestStateSurvives(t *testing.T) {
	w := newWorld(t)
	w.cfg.Workers = 1
	w.write("log", "#table x\nr 1\n")
	w.run()
	w.add("log", "r 2\nr 3\n#table y\n")
	w.run()
	w.add("log", "r 4\n")
	w.write("mixed", "{\"a\":1}\n#table z\n")
	w.run()
	w.add("mixed", "r 5\n")
	w.run()
	if got := w.messages(); got != `x=1,x=2,x=3,y=4,{"a":1},z=5` {
		t.Errorf("messages = %s", got)
	}
	w.want(6, 6, 0, 0)
}

// finder finds the messages that contain a word.
type finder struct{ word, crash string }

func (finder) Meta() detect.Meta { return detect.Meta{Name: "finder"} }

func (f finder) Inspect(e *vedette.Event, emit detect.Emit) {
	if f.crash != "" && e.Message == f.crash {
		panic("planted")
	}
	if strings.Contains(e.Message, f.word) {
		emit(&vedette.Detection{Rule: f.word, Summary: e.Message})
	}
}

// crashing is an enricher that fails at a message.
type crashing string

func (crashing) Needs() []string { return nil }
func (crashing) Adds() []string  { return nil }
func (c crashing) Enrich(e *vedette.Event) {
	e.Organization = e.Source.Organization
	if e.Message == string(c) {
		panic("planted")
	}
}

func TestPanics(t *testing.T) {
	w := newWorld(t)
	w.cfg.Streams = []detect.Stream{finder{word: "find", crash: "detector"}}
	w.cfg.Enrichers = []enrich.Enricher{crashing("enricher")}
	w.cfg.Organization = func(path string) string { return filepath.Base(path) }
	w.write("log", "t a\nt find\nt panic\nt b\nt enricher\nt c\nt detector\nt find it\n{\"j\":1}\n")
	w.run()
	w.want(9, 6, 0, 3)
	want := "3@11 decoder failed (bug); 5@23 enricher failed (bug); 7@38 detector failed (bug)"
	if w.rejects() != want {
		t.Errorf("rejects = %s", w.rejects())
	}
	if len(w.m.detections) != 2 || w.m.detections[1].Evidence[0].Line != 8 {
		t.Errorf("detections = %+v", w.m.detections)
	}
	if w.m.events[0].organization != "log" {
		t.Errorf("organization = %q", w.m.events[0].organization)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	w := newWorld(t)
	w.write("log", "t a\n"+strings.Repeat("bad\n", 3000)+"{\"j\":1}\nt b\n{\"j\":2}\n")
	w.run()
	w.want(3004, 3, 0, 3001) // the first JSON line came when nobody looked
	if w.messages() != `a,b,{"j":2}` {
		t.Errorf("messages = %s", w.messages())
	}
}

func TestStdin(t *testing.T) {
	w := newWorld(t)
	w.cfg.Files = &file.Opener{Stdin: strings.NewReader("t a\nt b")}
	r, err := Run(context.Background(), w.cfg, w.m, []string{"-"})
	if err != nil || r.Ledger.Stored != 2 {
		t.Fatalf("%v, %+v", err, r)
	}
	if w.m.events[0].source.IsZero() || w.m.events[0].path != "-" {
		t.Errorf("source of standard input: %+v", w.m.events[0])
	}
	w.cfg.Files = &file.Opener{Stdin: strings.NewReader(zipped("t a\nt b"))}
	if _, err = Run(context.Background(), w.cfg, w.m, []string{"-"}); err != nil {
		t.Fatal(err)
	}
	w.want(4, 4, 0, 0)
	if len(w.m.sources) != 2 {
		t.Errorf("%d sources", len(w.m.sources))
	}
}

func TestDetect(t *testing.T) {
	w := newWorld(t)
	w.cfg.Streams = []detect.Stream{finder{word: "end"}}
	many(w)
	w.write("zz-half.log", "t the end")
	var want []string
	for n := 1; n <= 8; n++ {
		w.cfg.Workers = n
		var got []string
		r, err := Detect(context.Background(), w.cfg, []string{w.dir}, func(d *vedette.Detection) error {
			got = append(got, fmt.Sprint(d.ID, d.Evidence[0].File, d.Evidence[0].Line, d.Summary))
			return nil
		})
		if err != nil || r.Ledger.Check() != nil {
			t.Fatal(err, r.Ledger)
		}
		if n == 1 {
			want = got
		}
		if len(got) != 41 || !slices.Equal(got, want) {
			t.Errorf("%d workers: %d detections, or another order", n, len(got))
		}
	}
	_, err := Detect(context.Background(), w.cfg, []string{w.dir}, func(*vedette.Detection) error { return errDisk })
	if err != errDisk {
		t.Errorf("error of emit: %v", err)
	}
}

func TestProgress(t *testing.T) {
	w := newWorld(t)
	many(w)
	var last Progress
	w.cfg.Progress = func(p Progress) { last = p }
	r := w.run()
	if last.Files != r.Read || last.FilesDone != last.Files || last.Bytes != last.TotalBytes || last.Records != r.Ledger.Read {
		t.Errorf("at the end: %+v, %+v", last, r)
	}
	want := []FormatCount{{"json", 2, 0}, {"table", 23000, 0}, {"text", 3*9010 + 1 + 9003, 4}}
	if !slices.Equal(r.Formats, want) {
		t.Errorf("formats = %+v, want %+v", r.Formats, want)
	}
}
