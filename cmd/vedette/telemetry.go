package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vedette-cti/vedette/internal/app"
	"github.com/vedette-cti/vedette/internal/pipeline"
)

// telemetryFlags are the flags of the commands that read telemetry.
type telemetryFlags struct {
	app.Options
	timezone string
	bar      *progressbar.ProgressBar
}

func (f *telemetryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Constituency, "constituency", "", "YAML `file` that lists the organizations")
	flags.StringArrayVar(&f.GeoIP, "geoip", nil, "MMDB `file` with cities or autonomous systems (repeatable)")
	flags.StringArrayVar(&f.Intel, "intel", nil, "STIX 2.1 bundle or list of indicators, a `file` (repeatable)")
	flags.StringArrayVar(&f.Rules, "rules", nil, "`folder` of Sigma rules to use beside those that come with Vedette (repeatable)")
	flags.StringArrayVar(&f.Warninglists, "warninglist", nil, "MISP warning list, a `file` or a folder of them: known scanners, clouds, resolvers (repeatable)")
	flags.StringVar(&f.timezone, "timezone", "UTC", "`zone` of log times that state none, such as Asia/Taipei")
	flags.BoolVar(&f.Final, "final", false, "the files will not grow: take a last line without line end as complete")
	flags.IntVar(&f.Workers, "workers", 0, "files that are read at once (default: one a processor)")
}

// prepare checks the flags and sets up progress.
func (f *telemetryFlags) prepare(cmd *cobra.Command) error {
	zone, err := time.LoadLocation(f.timezone)
	if err != nil {
		return fmt.Errorf("%w: --timezone %s: %w", errUsage, f.timezone, err)
	}
	f.Location = zone
	f.Log = logger(cmd)
	if !terminal(cmd.ErrOrStderr()) {
		return nil
	}
	f.bar = progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("reading"), progressbar.OptionThrottle(100*time.Millisecond))
	f.Progress = func(p pipeline.Progress) {
		f.bar.ChangeMax64(max(p.TotalBytes, 1))
		f.bar.Describe(fmt.Sprintf("reading %d/%d files", p.FilesDone, p.Files))
		f.bar.Set64(min(p.Bytes, p.TotalBytes))
	}
	return nil
}

// phase shows what is being done after reading.
func (f *telemetryFlags) phase(name string) {
	if f.bar != nil {
		f.bar.Describe(name)
	}
}

// done removes the bar.
func (f *telemetryFlags) done() {
	if f.bar != nil {
		f.bar.Finish()
	}
}

// terminal reports whether w is a terminal, and so a person.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns returns the width of the terminal, at most 100.
func columns(w any) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n >= 40 {
			return min(n, 100)
		}
	}
	return 100
}

// remarks tells about lines that wait and files that were not read.
func remarks(cmd *cobra.Command, r *pipeline.Result) {
	if r == nil {
		return
	}
	w := cmd.ErrOrStderr()
	for _, x := range r.Waiting {
		fmt.Fprintf(w, "note: %s:%d: last line has no line end yet and waits for its rest (%d bytes); --final takes it as it is\n", x.Path, x.Line, x.Bytes)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "note: %s: not read: %s\n", s.Path, s.Reason)
	}
	for _, m := range r.Renamed {
		fmt.Fprintf(w, "note: %s is now %s\n", m.From, m.To)
	}
}
