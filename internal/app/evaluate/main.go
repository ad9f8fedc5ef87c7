// Command evaluate makes simulations, analyzes each as vedette analyze does, and
// prints how the assessments compare with the truth, one row a seed. It is a
// tool for developers; docs/evaluation.md has the method.
//
//	go run ./internal/app/evaluate --seeds 1..10 --organizations 30,60,120,300
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette/internal/app"
	"github.com/vedette-cti/vedette/internal/evaluate"
	"github.com/vedette-cti/vedette/internal/simulate"
)

// options is what the flags say.
type options struct {
	seeds         string
	organizations []int
	habits        []string // each a combination, with commas
	simulation    simulate.Options
	workers       int
	output        string
	verbose       bool
	totals        bool
	keep          string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		stop()
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "evaluate", Short: "Simulate, analyze, compare with the truth", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.seeds, "seeds", "1..3", "seeds: `list` of numbers and ranges, such as 1..10,17")
	f.IntSliceVar(&o.organizations, "organizations", []int{30}, "sizes of constituencies, dealt out to the seeds in turn")
	f.IntVar(&o.simulation.Days, "days", 182, "length of the period")
	f.Float64Var(&o.simulation.Scale, "scale", 1, "amount of ordinary and background activity")
	f.StringArrayVar(&o.habits, "habit", nil, "habits of the simulations, with commas between; given again, all seeds are run again under these (none: ordinary)")
	f.Float64Var(&o.simulation.Noise, "noise", 0, "internet-wide background, as a multiple (0: what the habits say)")
	f.Float64Var(&o.simulation.Relays, "relays", 0, "share of administration through relays (0: what the habits say, negative: none)")
	f.StringVar(&o.simulation.Operators, "operators", "", "time `zone` of the targeted actor's people")
	f.IntVar(&o.workers, "workers", 0, "files read at once (0: as many as there are processors)")
	f.StringVar(&o.output, "output", "text", "form of the result: text, markdown or json")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "with text: say what is wrong with each row")
	f.BoolVar(&o.totals, "totals", false, "only rows that add up the seeds")
	f.StringVar(&o.keep, "keep", "", "make simulations in this `folder` and leave them there")
	return cmd
}

// run evaluates every seed under every combination of habits.
func run(cmd *cobra.Command, o options) error {
	seeds, err := parseSeeds(o.seeds)
	if err != nil {
		return err
	}
	if o.output != "text" && o.output != "markdown" && o.output != "json" {
		return fmt.Errorf("unknown form of output %q: want text, markdown or json", o.output)
	}
	if len(o.habits) == 0 {
		o.habits = []string{"none"}
	}
	p := printer{out: cmd.OutOrStdout(), options: o}
	if err := p.begin(); err != nil {
		return err
	}
	for _, habits := range o.habits {
		var rows []evaluate.Row
		for i, seed := range seeds {
			s := o.simulation
			s.Seed, s.Organizations = seed, o.organizations[i%len(o.organizations)]
			if habits != "none" {
				s.Habits = strings.Split(habits, ",")
			}
			row, err := measure(cmd.Context(), s, o)
			if err != nil {
				return fmt.Errorf("seed %d, habits %s: %w", seed, habits, err)
			}
			row.Habits = habits
			rows = append(rows, row)
			if o.totals {
				continue
			}
			if err := p.row(row); err != nil {
				return err
			}
		}
		if len(rows) > 1 || o.totals {
			if err := p.row(evaluate.Together("together", rows)); err != nil {
				return err
			}
		}
	}
	return p.end()
}

// printer writes rows as they come, or all at the end as JSON.
type printer struct {
	out     io.Writer
	options options
	rows    []evaluate.Row
}

func (p *printer) begin() error {
	if p.options.output == "json" {
		return nil
	}
	return evaluate.WriteHeader(p.out, p.options.output == "markdown")
}

func (p *printer) row(r evaluate.Row) error {
	switch p.options.output {
	case "json":
		p.rows = append(p.rows, r)
		return nil
	case "markdown":
		return evaluate.WriteRow(p.out, r, true)
	}
	if err := evaluate.WriteRow(p.out, r, false); err != nil || !p.options.verbose {
		return err
	}
	return evaluate.WriteDetails(p.out, r)
}

func (p *printer) end() error {
	if p.options.output != "json" {
		return nil
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	return enc.Encode(p.rows)
}

// parseSeeds reads "1..10,17".
func parseSeeds(text string) ([]uint64, error) {
	var out []uint64
	for _, part := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(part, "..")
		from, err := strconv.ParseUint(low, 10, 64)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseUint(high, 10, 64)
		}
		if err != nil || to < from || to-from > 10_000 {
			return nil, fmt.Errorf("seeds %q: want numbers and ranges such as 1..10,17", text)
		}
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
	}
	return out, nil
}

// measure makes one simulation and assesses it.
func measure(ctx context.Context, s simulate.Options, o options) (_ evaluate.Row, err error) {
	row := evaluate.Row{Name: strconv.FormatUint(s.Seed, 10)}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "vedette-evaluate-"); err != nil {
			return row, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	s.Out = filepath.Join(dir, strings.Join(append([]string{"seed", strconv.FormatUint(s.Seed, 10)}, s.Habits...), "-"))
	if err := simulate.Run(ctx, s); err != nil {
		return row, err
	}
	truth, err := evaluate.ReadTruth(s.Out)
	if err != nil {
		return row, err
	}
	resetPeak()
	start := time.Now()
	result, err := app.Analyze(ctx, app.Options{
		Constituency: filepath.Join(s.Out, "constituency.yaml"),
		GeoIP:        []string{filepath.Join(s.Out, "geo", "simulated-city.mmdb"), filepath.Join(s.Out, "geo", "simulated-asn.mmdb")},
		Workers:      o.workers,
	}, "", []string{filepath.Join(s.Out, "logs")}, nil)
	if err != nil {
		return row, err
	}
	row.Seconds, row.Peak = time.Since(start).Seconds(), peak()
	row.Records = result.Assessment.Ledger.Read
	row.Score = evaluate.Compare(s.Out, truth, result.Assessment)
	return row, nil
}

// resetPeak gives memory back and sets the kernel's high-water mark to what is
// in use now, where there is one (Linux, proc(5), clear_refs).
func resetPeak() {
	debug.FreeOSMemory()
	// Without it, the mark is that of the whole run, which is no error.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is the high-water mark of resident memory in MiB, 0 if unknown.
func peak() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib / 1024
		}
	}
	return 0
}
