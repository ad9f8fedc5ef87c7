//go:build unix

package app

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/pipeline"
)

// telemetry makes records with the benchmark's own generator, as many as
// VEDETTE_BENCH_EVENTS says.
func telemetry(b *testing.B) (dir string, events int64) {
	b.Helper()
	events = 300_000
	if text := os.Getenv("VEDETTE_BENCH_EVENTS"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		events = n
	}
	dir = b.TempDir()
	cmd := exec.Command("go", "run", "./internal/bench", "gen", "-out", dir, "-events", fmt.Sprint(events))
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return dir, events
}

// processor is the time that this process has used processors for, on all
// threads: unlike the time on the wall, it says the same on a busy machine.
func processor(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkAnalyze runs what vedette analyze runs and says where the processor's
// time goes: reading (to durable storage), each detector over the store, and
// correlation.
func BenchmarkAnalyze(b *testing.B) {
	dir, events := telemetry(b)
	o := Options{Constituency: filepath.Join(dir, "constituency.yaml")}
	logs := []string{filepath.Join(dir, "logs")}
	took := make(map[string]int64) // nanoseconds of processor
	for b.Loop() {
		e, err := newEngine(o)
		if err != nil {
			b.Fatal(err)
		}
		ctx := b.Context()
		st, err := OpenStore(ctx, b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		measure := func(name string, f func() error) {
			start := processor(b)
			if err := f(); err != nil {
				b.Fatal(name, err)
			}
			took[name] += processor(b) - start
		}
		measure("read", func() error {
			_, err := pipeline.Run(ctx, e.config, st, logs)
			return err
		})
		start, end, err := st.Span(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range e.detectors.Windows {
			measure(w.Meta().Name, func() error {
				_, err := pipeline.RunWindows(ctx, e.config.Files, st, []detect.Window{w}, detect.Span{Start: start, End: end.Add(time.Microsecond)})
				return err
			})
		}
		measure("assess", func() error {
			_, err := assess(ctx, e, st)
			return err
		})
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
		e.close()
	}
	for name, ns := range took {
		b.ReportMetric(float64(ns)/float64(b.N)/float64(events), name+"-cpu-ns/event")
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDetect runs what vedette detect runs.
func BenchmarkDetect(b *testing.B) {
	dir, events := telemetry(b)
	o := Options{Constituency: filepath.Join(dir, "constituency.yaml")}
	found := 0
	b.ReportAllocs()
	for b.Loop() {
		_, err := Detect(b.Context(), o, []string{filepath.Join(dir, "logs")}, func(*vedette.Detection) error {
			found++
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(found)/float64(b.N), "detections")
}
