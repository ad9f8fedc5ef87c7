package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/ingest/file"
)

// textDecoder understands lines "t MESSAGE" and panics at "t panic".
type textDecoder struct{}

func (textDecoder) Decode(b *vedette.Batch, rec []byte) error {
	if rec[0] == '#' {
		return nil
	}
	if len(rec) < 2 || rec[0] != 't' || rec[1] != ' ' {
		return decode.ErrSyntax
	}
	e := b.Add()
	e.Message = decode.String(rec[2:])
	if e.Message == "panic" {
		panic("planted")
	}
	return nil
}

// jsonDecoder understands whatever stands in braces.
type jsonDecoder struct{}

func (jsonDecoder) Decode(b *vedette.Batch, rec []byte) error {
	if rec[0] != '{' || rec[len(rec)-1] != '}' {
		b.Add() // the runner drops it
		return decode.ErrJSON
	}
	b.Add().Message = decode.String(rec)
	return nil
}

// tableDecoder understands "r VALUE" below a header "#table NAME".
type tableDecoder struct{ name string }

func (d *tableDecoder) Decode(b *vedette.Batch, rec []byte) error {
	if name, ok := bytes.CutPrefix(rec, []byte("#table ")); ok {
		d.name = string(name)
		return nil
	}
	if d.name == "" || !bytes.HasPrefix(rec, []byte("r ")) {
		return decode.ErrFields
	}
	b.Add().Message = d.name + "=" + string(rec[2:])
	return nil
}

func (d *tableDecoder) State() []byte {
	if d.name == "" {
		return nil
	}
	return []byte(d.name)
}

func (d *tableDecoder) Restore(s []byte) error { d.name = string(s); return nil }

func startsWith(prefix string) func([]byte) decode.Confidence {
	return func(head []byte) decode.Confidence {
		if bytes.HasPrefix(head, []byte(prefix)) {
			return 90
		}
		return 0
	}
}

var testFormats = &decode.Registry{Formats: []*decode.Format{
	{Name: "text", Sniff: startsWith("t "), New: func(decode.Options) decode.Decoder { return textDecoder{} }},
	{Name: "json", Sniff: startsWith("{"), New: func(decode.Options) decode.Decoder { return jsonDecoder{} }},
	{Name: "table", Sniff: startsWith("#table "), New: func(decode.Options) decode.Decoder { return &tableDecoder{} }},
}}

// world is a folder of logs and a store.
type world struct {
	t   *testing.T
	dir string
	m   *memory
	cfg Config
}

func newWorld(t *testing.T) *world {
	return &world{t: t, dir: t.TempDir(), m: newMemory(), cfg: Config{
		Files: &file.Opener{}, Formats: testFormats, Workers: 2,
	}}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(name, content string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(content); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) move(from, to string) {
	w.t.Helper()
	if err := os.Rename(w.path(from), w.path(to)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func zipped(content string) string {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write([]byte(content))
	_ = z.Close()
	return buf.String()
}

func (w *world) run() *Result {
	w.t.Helper()
	res, err := Run(context.Background(), w.cfg, w.m, []string{w.dir})
	if err != nil {
		w.t.Fatal(err)
	}
	w.m.ids(w.t)
	return res
}

// want checks the ledger over all sources.
func (w *world) want(read, stored, duplicate, rejected int64) {
	w.t.Helper()
	want := vedette.Ledger{Read: read, Stored: stored, Duplicate: duplicate, Rejected: rejected}
	if got := w.m.total(w.t); got != want {
		w.t.Errorf("ledger = %+v, want %+v", got, want)
	}
	if int64(len(w.m.events)) != stored {
		w.t.Errorf("%d events, %d stored", len(w.m.events), stored)
	}
}

// messages returns the events' messages in the order of storing.
func (w *world) messages() string {
	var out []string
	for _, e := range w.m.events {
		out = append(out, e.message)
	}
	return strings.Join(out, ",")
}

// lines returns n lines of text that differ by name.
func lines(name string, from, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("t " + name + " " + strings.Repeat("x", i%50) + " " + string(rune('a'+(from+i)%26)) + "\n")
	}
	return b.String()
}
