package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/simulate"
)

func simulateCommand() *cobra.Command {
	var o simulate.Options
	cmd := &cobra.Command{
		Use:   "simulate --out DIR",
		Short: "Write a made-up constituency with months of telemetry and the truth about it",
		Long: `Writes constituency.yaml, logs in real formats, geolocation databases and
truth.json to a new folder. All addresses are from ranges that belong to nobody.
The same seed gives the same bytes.`,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Out == "" {
				return fmt.Errorf("%w: --out missing", errUsage)
			}
			if err := simulate.Run(cmd.Context(), o); err != nil {
				return &vedette.Problem{Err: err, Hint: "--out takes a folder that is new or empty; vedette help simulate shows the limits"}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "`number` that decides everything")
	f.IntVar(&o.Organizations, "organizations", 24, "size of the constituency")
	f.StringVar(&o.Out, "out", "", "`folder` to write to, new or empty")
	f.IntVar(&o.Days, "days", 182, "length of the period")
	f.Float64Var(&o.Scale, "scale", 1, "amount of ordinary and background activity")
	f.BoolVar(&o.Portable, "portable", false, "leave out what depends on files' modification times")
	return cmd
}
