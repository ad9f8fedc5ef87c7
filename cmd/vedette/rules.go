package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/app"
)

func rulesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "Work with detection rules", RunE: func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%w: unknown command %q for rules", errUsage, args[0])
		}
		return fmt.Errorf("%w: rules needs a command: check", errUsage)
	}}
	cmd.AddCommand(rulesCheckCommand())
	return cmd
}

func rulesCheckCommand() *cobra.Command {
	var output, regression string
	cmd := &cobra.Command{
		Use:   "check [flags] PATH...",
		Short: "Parse and compile Sigma rules, and run their regression data",
		Long: `Reads Sigma rule files, folders (recursively) and tar.gz archives. With
--regression, also runs the events of SigmaHQ's regression data against the
rules they belong to. The exit status is 1 if anything failed.`,
		Args: atLeast(1, "PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice("output", output, "text", "json"); err != nil {
				return err
			}
			report, err := app.CheckRules(args, regression)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if output == "json" {
				enc := json.NewEncoder(out)
				enc.SetEscapeHTML(false)
				enc.SetIndent("", " ")
				err = enc.Encode(report)
			} else {
				err = printCheck(out, report)
			}
			if err == nil && report.Bad() > 0 {
				err = &vedette.Problem{
					Err:  fmt.Errorf("%d rules or cases are not as they should be", report.Bad()),
					Hint: "each is listed with its file and the reason",
				}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "form of the result: text or json")
	cmd.Flags().StringVar(&regression, "regression", "", "`folder` or archive with SigmaHQ's rules and regression data")
	return cmd
}

func printCheck(w io.Writer, r *app.RuleReport) error {
	_, err := fmt.Fprintf(w, "%d files, %d rules: %d parsed, %d compiled, %d failed\n", r.Files, r.Rules, r.Parsed, r.Compiled, len(r.Failed))
	for _, f := range r.Failed {
		fmt.Fprintf(w, "  %s: %s %s\n", f.File, f.ID, f.Reason)
	}
	for _, p := range r.Placeholders {
		fmt.Fprintf(w, "  %s: compiles, matches only once its placeholders are given\n", p.File)
	}
	if r.RegressionReport != nil {
		fmt.Fprintf(w, "%d regression cases: %d as stated\n", r.Cases, r.AsStated)
		for _, d := range r.Different {
			fmt.Fprintf(w, "  %s: %d matches, %d stated: %s\n", d.File, d.Got, d.Want, d.Reason)
		}
		for _, d := range r.Surplus {
			fmt.Fprintf(w, "  %s: %d matches, %d stated: %s\n", d.File, d.Got, d.Want, d.Reason)
		}
	}
	return err
}
