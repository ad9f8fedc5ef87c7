package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/simulate"
)

func simulateCommand() *cobra.Command {
	var o simulate.Options
	habits := ""
	for _, h := range simulate.Habits {
		habits += "\n  " + h.Name + ": " + h.Summary
	}
	cmd := &cobra.Command{
		Use:   "simulate --out DIR",
		Short: "Write a made-up constituency with months of telemetry and the truth about it",
		Long: `Writes constituency.yaml, logs in real formats, geolocation databases and the
truth (truth.json, and truth-lines.tsv.gz: every line that an actor left) to a
new folder. All addresses are from ranges that belong to nobody. The same seed
gives the same bytes. Habits, which combine, make it harder:` + habits,
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Out == "" {
				return fmt.Errorf("%w: --out missing", errUsage)
			}
			if cmd.Flags().Changed("relays") && o.Relays == 0 {
				o.Relays = -1 // none, where zero would be the habit's own share
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
	f.StringSliceVar(&o.Habits, "habit", nil, "`names` of habits, with commas between")
	f.Float64Var(&o.Noise, "noise", 0, "internet-wide background, as a multiple (default 1, with the habit noise 10)")
	f.Float64Var(&o.Relays, "relays", 0, "share of administration through relays, 0 to 1 (default 0.5 with the habit relay, 1 with evasion)")
	f.StringVar(&o.Operators, "operators", "Asia/Shanghai", "time `zone` that the targeted actor's people work in")
	return cmd
}
