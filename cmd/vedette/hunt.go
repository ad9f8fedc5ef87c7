package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/app"
	"github.com/vedette-cti/vedette/internal/store"
)

func huntCommand() *cobra.Command {
	var (
		h                          store.Hunt
		data, output, since, until string
		networks, indicators       []string
	)
	cmd := &cobra.Command{
		Use:   "hunt --data DIR [flags] [TEXT]",
		Short: "Search the stored events",
		Long: `Searches the events of a store by indicators, networks, text, organization,
dataset and time; all that is given must hold. TEXT is a substring of any text
field, letter case ignored.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%w: one TEXT at most; quote it if it has blanks", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if data == "" {
				return fmt.Errorf("%w: --data missing", errUsage)
			}
			if err := choice("output", output, "table", "json"); err != nil {
				return err
			}
			if len(args) == 1 {
				h.Text = args[0]
			}
			if h.Start, err = instant("since", since); err != nil {
				return err
			}
			if h.End, err = instant("until", until); err != nil {
				return err
			}
			for _, n := range networks {
				p, err := network(n)
				if err != nil {
					return err
				}
				h.Networks = append(h.Networks, p)
			}
			if h.Indicators, err = app.Indicators(indicators, logger(cmd)); err != nil {
				return err
			}
			return hunt(cmd, data, output, h)
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "`folder` of the event store")
	f.StringVar(&output, "output", "table", "form of the result: table or json (lines)")
	f.StringArrayVar(&indicators, "indicators", nil, "STIX 2.1 bundle or list of indicators, a `file` (repeatable)")
	f.StringArrayVar(&networks, "network", nil, "address or `CIDR` at either end (repeatable)")
	f.StringVar(&h.Organization, "organization", "", "only this organization's telemetry")
	f.StringVar(&h.Dataset, "dataset", "", "only this dataset, such as zeek.conn")
	f.StringVar(&since, "since", "", "from this date or `time` on")
	f.StringVar(&until, "until", "", "before this date or `time`")
	f.IntVar(&h.Limit, "limit", 1000, "at most so many events; 0: all")
	return cmd
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%w: --network %s: want an address or a CIDR", errUsage, s)
	}
	return p.Masked(), nil
}

// hit is one line of JSON output, fields named after ECS.
type hit struct {
	Time         time.Time         `json:"@timestamp"`
	Dataset      string            `json:"event.dataset"`
	Action       string            `json:"event.action,omitempty"`
	Outcome      string            `json:"event.outcome,omitempty"`
	Organization string            `json:"organization.id,omitempty"`
	SourceIP     string            `json:"source.ip,omitempty"`
	Destination  string            `json:"destination.ip,omitempty"`
	Port         uint16            `json:"destination.port,omitempty"`
	Method       string            `json:"http.request.method,omitempty"`
	URL          string            `json:"url.original,omitempty"`
	Domain       string            `json:"url.domain,omitempty"`
	Status       uint16            `json:"http.response.status_code,omitempty"`
	UserAgent    string            `json:"user_agent.original,omitempty"`
	User         string            `json:"user.name,omitempty"`
	Question     string            `json:"dns.question.name,omitempty"`
	ServerName   string            `json:"tls.client.server_name,omitempty"`
	Code         string            `json:"event.code,omitempty"`
	Message      string            `json:"message,omitempty"`
	Rest         map[string]string `json:"vedette.rest,omitempty"`
	Indicator    string            `json:"threat.indicator.name,omitempty"`
	Source       place             `json:"source"`
}

func hunt(cmd *cobra.Command, data, output string, h store.Hunt) error {
	st, err := app.OpenExisting(cmd.Context(), data)
	if err != nil {
		return err
	}
	defer st.Close()
	out := bufio.NewWriter(cmd.OutOrStdout())
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	n := 0
	for found, err := range st.Hunt(cmd.Context(), h) {
		if err != nil {
			return err
		}
		n++
		if output == "json" {
			err = enc.Encode(newHit(found))
		} else {
			_, err = fmt.Fprintln(out, row(found))
		}
		if err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if n == h.Limit && n > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: stopped at %d events; --limit 0 shows all\n", n)
	}
	return nil
}

func newHit(f *store.Hit) hit {
	e := &f.Event
	out := hit{
		Time: time.Unix(0, e.Time).UTC(), Dataset: e.Dataset, Action: e.Action, Outcome: e.Outcome.String(), Organization: e.Organization,
		SourceIP: address(e.SourceIP), Destination: address(e.DestinationIP), Port: e.DestinationPort, Method: e.Method, URL: e.URL,
		Domain: e.URLDomain, Status: e.Status, UserAgent: e.UserAgent, User: e.User, Question: e.DNSQuestion, ServerName: e.ServerName,
		Code: e.Code, Message: e.Message, Source: place{f.Path, e.Line},
	}
	for _, r := range e.Rest {
		if out.Rest == nil {
			out.Rest = make(map[string]string)
		}
		out.Rest[r.Key] = r.Value
	}
	if f.Indicator != nil {
		out.Indicator = f.Indicator.Value
	}
	return out
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// row is one event for people: what says the most about it, then where it is.
func row(f *store.Hit) string {
	e := &f.Event
	parts := []string{time.Unix(0, e.Time).UTC().Format("2006-01-02 15:04:05Z"), e.Organization, e.Dataset}
	ends := address(e.SourceIP)
	if e.DestinationIP.IsValid() {
		ends += " > " + address(e.DestinationIP)
		if e.DestinationPort != 0 {
			ends += fmt.Sprintf(":%d", e.DestinationPort)
		}
	}
	parts = append(parts, ends)
	for _, s := range []string{e.Method, e.URL, e.DNSQuestion, e.ServerName, e.User, e.Code, vedette.Outcome(e.Outcome).String(), e.Message} {
		if s != "" {
			parts = append(parts, quoted([]byte(s), 100))
		}
	}
	if e.Status != 0 {
		parts = append(parts, fmt.Sprint(e.Status))
	}
	if f.Indicator != nil {
		parts = append(parts, "= "+f.Indicator.Value)
	}
	return strings.Join(parts, "  ") + fmt.Sprintf("  %s:%d", f.Path, e.Line)
}
