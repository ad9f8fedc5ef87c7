package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/app"
	"github.com/vedette-cti/vedette/internal/report"
)

func analyzeCommand() *cobra.Command {
	var (
		f            telemetryFlags
		data, output string
		html         string
		verbose      bool
		noColor      bool
	)
	cmd := &cobra.Command{
		Use:   "analyze [flags] PATH...",
		Short: "Read telemetry and say what happened to whom, with the lines that prove it",
		Long: `Reads files and folders of logs (plain, gzip, zstd or xz; formats are recognized
from content; - is standard input) and assesses every organization of the
constituency. With --data, events and positions are kept: run again, only what
is new is read, and the assessment covers all that was read so far.`,
		Args: atLeast(1, "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.prepare(cmd); err != nil {
				return err
			}
			renderer, err := app.Renderer(output)
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			result, err := app.Analyze(cmd.Context(), f.Options, data, args, f.phase)
			f.done()
			if result != nil {
				remarks(cmd, result.Run)
			}
			if err != nil {
				return err
			}
			if err := app.NoTelemetry(result.Run, args); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			err = renderer.Render(out, result.Assessment, report.Options{
				Color: terminal(out) && !noColor && os.Getenv("NO_COLOR") == "", Columns: columns(out), Verbose: verbose,
			})
			if err != nil || html == "" {
				return err
			}
			return page(cmd, html, result.Assessment)
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&data, "data", "", "`folder` that keeps events and positions between runs (default: a temporary one)")
	flags.StringVar(&output, "output", "text", "form of the result: text, json or html")
	flags.StringVar(&html, "html", "", "also write the assessment as one HTML page to this `file`")
	flags.BoolVar(&verbose, "verbose", false, "show all clusters and more evidence")
	flags.BoolVar(&noColor, "no-color", false, "no colors, also on a terminal")
	return cmd
}

// page writes the HTML form and says where it is.
func page(cmd *cobra.Command, path string, a *vedette.Assessment) (err error) {
	renderer, err := app.Renderer("html")
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
	}()
	if err := renderer.Render(file, a, report.Options{}); err != nil {
		return err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "The same as a page: %s\n", full)
	return nil
}
