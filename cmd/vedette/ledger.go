package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/app"
	"github.com/vedette-cti/vedette/internal/store"
)

func ledgerCommand() *cobra.Command {
	var (
		data, output string
		rejects      bool
	)
	cmd := &cobra.Command{
		Use:   "ledger --data DIR",
		Short: "Show what was read, stored, duplicate and rejected, by source, and why",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return fmt.Errorf("%w: --data missing", errUsage)
			}
			if err := choice("output", output, "text", "json"); err != nil {
				return err
			}
			st, err := app.OpenExisting(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer st.Close()
			if rejects {
				return printRejects(cmd, st, output)
			}
			return printLedger(cmd, st, output)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "`folder` of the event store")
	cmd.Flags().StringVar(&output, "output", "text", "form of the result: text or json")
	cmd.Flags().BoolVar(&rejects, "rejects", false, "list every rejected record with its reason")
	return cmd
}

// line is one source of the ledger as JSON.
type line struct {
	Path         string `json:"path"`
	Format       string `json:"format"`
	Organization string `json:"organization,omitempty"`
	CopyOf       string `json:"copy_of,omitempty"`
	vedette.Ledger
}

func printLedger(cmd *cobra.Command, st store.Store, output string) error {
	states, err := st.Sources(cmd.Context())
	if err != nil {
		return err
	}
	reasons, err := st.Reasons(cmd.Context())
	if err != nil {
		return err
	}
	var total vedette.Ledger
	paths := make(map[vedette.ID]string)
	for _, s := range states {
		total.Add(s.Ledger)
		paths[s.ID] = s.Path
	}
	if output == "json" {
		doc := struct {
			Total   vedette.Ledger   `json:"total"`
			Sources []line           `json:"sources"`
			Reasons map[string]int64 `json:"reasons"`
		}{total, []line{}, map[string]int64{}}
		for _, s := range states {
			doc.Sources = append(doc.Sources, line{s.Path, s.Format, s.Organization, paths[s.CopyOf], s.Ledger})
		}
		for _, r := range reasons {
			doc.Reasons[r.Name] = r.N
		}
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", " ")
		return enc.Encode(doc)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "read\tstored\tduplicate\trejected\t  format\t  source\t")
	for _, s := range states {
		format := s.Format
		if format == "" {
			format = "not recognized"
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t  %s\t  %s\t\n", s.Ledger.Read, s.Ledger.Stored, s.Ledger.Duplicate, s.Ledger.Rejected, format, s.Path)
	}
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t  \t  total of %d sources\t\n", total.Read, total.Stored, total.Duplicate, total.Rejected, len(states))
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range reasons {
		fmt.Fprintf(cmd.OutOrStdout(), "%8d rejected: %s\n", r.N, r.Name)
	}
	return total.Check()
}

func printRejects(cmd *cobra.Command, st store.Store, output string) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	for r, err := range st.Rejects(cmd.Context(), vedette.ID{}) {
		if err != nil {
			return err
		}
		if output == "json" {
			err = enc.Encode(struct {
				File   string `json:"file"`
				Line   int64  `json:"line"`
				Reason string `json:"reason"`
				Record string `json:"record"`
			}{r.Path, r.Line, r.Reason, string(r.Record)})
		} else {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: %s: %s\n", r.Path, r.Line, r.Reason, quoted(r.Record, 120))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// quoted makes the start of a record safe to show: it is whatever was sent.
func quoted(b []byte, n int) string {
	cut := ""
	if len(b) > n {
		b, cut = b[:n], "..."
	}
	out := []rune{}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) {
			r = '·'
		}
		out = append(out, r)
	}
	return string(out) + cut
}
