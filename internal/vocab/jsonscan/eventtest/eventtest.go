// Package eventtest checks decoders in tests: it writes events as text that a
// person can read, compares them with golden files, and feeds benchmarks.
package eventtest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Decode is the method of a decoder.
type Decode func(b *vedette.Batch, rec []byte) error

// Format writes the set fields of e, one a line, by their names in Go; times in
// UTC, the remaining fields as rest.NAME (JSON values marked with a colon).
func Format(e *vedette.Event) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Time %s\n", time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano))
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch name {
		case "Time", "Rest":
			continue
		}
		if f.IsZero() {
			continue
		}
		switch x := f.Interface().(type) {
		case string:
			fmt.Fprintf(&out, "%s %q\n", name, x)
		case netip.Addr:
			fmt.Fprintf(&out, "%s %s\n", name, x)
		default:
			fmt.Fprintf(&out, "%s %v\n", name, x)
		}
	}
	for _, f := range e.Rest {
		if f.Kind == vedette.KindRaw {
			fmt.Fprintf(&out, "rest.%s: %s\n", f.Key, f.Value)
		} else {
			fmt.Fprintf(&out, "rest.%s %q\n", f.Key, f.Value)
		}
	}
	return out.String()
}

// Run decodes rec as the runner would and returns its events.
func Run(decode Decode, b *vedette.Batch, rec []byte) ([]vedette.Event, error) {
	n := len(b.Events)
	if err := decode(b, rec); err != nil {
		b.Drop(n)
		return nil, err
	}
	return b.Events[n:], nil
}

// Golden decodes every line of path and compares the result with the file of
// the same name and .golden. The test's flag -update writes that file.
func Golden(t *testing.T, decode Decode, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var b vedette.Batch
		events, err := Run(decode, &b, line)
		if err != nil {
			fmt.Fprintf(&out, "error %s\n\n", err)
		}
		for i := range events {
			fmt.Fprintf(&out, "%s\n", Format(&events[i]))
		}
	}
	golden := path + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, out.String(), want)
	}
}

// Check fails the test when an event holds text that is not UTF-8 or has no
// time or dataset: what the store can not take.
func Check(t *testing.T, events []vedette.Event) {
	t.Helper()
	for i := range events {
		e := &events[i]
		v := reflect.ValueOf(e).Elem()
		for k := range v.NumField() {
			if s, ok := v.Field(k).Interface().(string); ok && !utf8.ValidString(s) {
				t.Errorf("%s %q is not UTF-8", v.Type().Field(k).Name, s)
			}
		}
		for _, f := range e.Rest {
			if !utf8.ValidString(f.Key) || !utf8.ValidString(f.Value) {
				t.Errorf("rest %q=%q is not UTF-8", f.Key, f.Value)
			}
		}
		if e.Time == 0 || e.Dataset == "" {
			t.Errorf("event without time or dataset:\n%s", Format(e))
		}
	}
}

// Shared returns the path of a file of shared test data, and skips the test
// when it is not there.
func Shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("VEDETTE_SHARED")
	for dir := "."; root == ""; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = filepath.Join(dir, "..", "shared")
		} else if len(dir) > 60 {
			t.Skip("the module's root was not found")
		}
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared test data is not here: %s", name)
	}
	return path
}

// Lines returns the lines of a gzip file.
func Lines(t testing.TB, path string) [][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(bufio.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

// Bench decodes the lines over and over, in batches of 4096, and reports time
// and bytes an event.
func Bench(b *testing.B, decode Decode, lines [][]byte) {
	b.Helper()
	if len(lines) == 0 {
		b.Fatal("no lines")
	}
	var batch vedette.Batch
	bytes := 0
	for i := range 3*4096 + len(lines) { // until no buffer grows any more
		if err := decode(&batch, lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
		if len(batch.Events) >= 4096 {
			batch.Reset()
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		line := lines[i%len(lines)]
		bytes += len(line)
		if err := decode(&batch, line); err != nil {
			b.Fatal(err)
		}
		if len(batch.Events) >= 4096 {
			batch.Reset()
		}
	}
	b.StopTimer()
	b.SetBytes(int64(bytes / b.N))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/event")
}
