package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/ingest/file"
)

// nullStore takes everything and keeps nothing.
type nullStore struct{ *memory }

func (nullStore) Write(context.Context, *vedette.Batch) error { return nil }

// trivial takes every line as an event.
type trivial struct{}

func (trivial) Decode(b *vedette.Batch, rec []byte) error {
	b.Add().Message = decode.String(rec)
	return nil
}

func BenchmarkPipeline(b *testing.B) {
	dir := b.TempDir()
	line := strings.Repeat("x", 60) + " \"GET /articles/%d HTTP/1.1\" 200 " + strings.Repeat("y", 80) + "\n"
	var content strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&content, line, i)
	}
	for i := range 4 {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, []byte(fmt.Sprint("file ", i, "\n", content.String())), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	cfg := Config{
		Files: &file.Opener{},
		Formats: &decode.Registry{Formats: []*decode.Format{{
			Name: "trivial", Sniff: func([]byte) decode.Confidence { return 1 },
			New: func(decode.Options) decode.Decoder { return trivial{} },
		}}},
		Streams: []detect.Stream{finder{word: "nothing has this"}},
	}
	f := func(workers int) {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			cfg.Workers = workers
			b.SetBytes(int64(4 * content.Len()))
			b.ReportAllocs()
			var n int64
			for b.Loop() {
				r, err := Run(context.Background(), cfg, nullStore{newMemory()}, []string{dir})
				if err != nil {
					b.Fatal(err)
				}
				n += r.Ledger.Stored
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(n), "ns/event")
		})
	}
	f(1)
	f(2)
}
