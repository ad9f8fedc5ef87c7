package main

import (
	"bufio"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/app"
)

// found is one line of output; other programs rely on its fields.
type found struct {
	Time           time.Time        `json:"time"`
	Detector       string           `json:"detector"`
	Rule           string           `json:"rule"`
	Title          string           `json:"title,omitempty"`
	Severity       vedette.Severity `json:"severity"`
	Technique      string           `json:"technique"`
	Classification string           `json:"classification"` // RSIT
	Organization   string           `json:"organization"`
	Actor          string           `json:"actor,omitempty"`
	Source         place            `json:"source"`
	Summary        string           `json:"summary"`
}

type place struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}

func detectCommand() *cobra.Command {
	var f telemetryFlags
	cmd := &cobra.Command{
		Use:   "detect [flags] PATH...",
		Short: "Print detections as JSON lines, as found, storing nothing",
		Long: `Runs the detectors that need no memory (rules, indicators, sensors' alerts) over
files and folders of logs and prints one JSON object a detection.`,
		Args: atLeast(1, "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.prepare(cmd); err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			enc := json.NewEncoder(out)
			enc.SetEscapeHTML(false)
			result, err := app.Detect(cmd.Context(), f.Options, args, func(d *vedette.Detection) error {
				return enc.Encode(newFound(d))
			})
			f.done()
			if ferr := out.Flush(); err == nil {
				err = ferr
			}
			remarks(cmd, result)
			if err != nil {
				return err
			}
			return app.NoTelemetry(result, args)
		},
	}
	f.register(cmd)
	return cmd
}

func newFound(d *vedette.Detection) found {
	out := found{
		Time: time.Unix(0, d.Time).UTC(), Detector: d.Detector, Rule: d.Rule, Title: d.Title, Severity: d.Severity,
		Classification: d.Stage.RSIT(), Organization: d.Organization, Summary: d.Summary,
	}
	if d.Stage == vedette.VerdictNone {
		out.Classification = "other"
	}
	if len(d.Techniques) > 0 {
		out.Technique = d.Techniques[0]
	}
	if d.Actor.IsValid() {
		out.Actor = d.Actor.String()
	} else {
		out.Actor = d.ActorName
	}
	if len(d.Evidence) > 0 {
		out.Source = place{d.Evidence[0].File, d.Evidence[0].Line}
	}
	return out
}
