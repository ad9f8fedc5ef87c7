// Package simulate makes up a constituency: organizations, months of telemetry
// in the formats of real products, a geolocation database for the addresses in
// it, and a truth file that says what happened. It is there to try Vedette
// without anybody's data and to measure its verdicts against a known answer.
//
// Nothing in it is real. Addresses come only from ranges that belong to nobody
// (RFC 5737, RFC 2544, RFC 3849), every name contains "sim", payloads are the
// generic strings that public detection rules are tested with, and the output
// folder says that it is simulated. The package sends nothing anywhere.
//
// It shares no code and no constant with decoders and detectors: what it writes
// follows the formats' own documentation, so that an error on one side is not
// excused by the same error on the other. Do not tune either side to the other.
//
// The same Options give the same bytes, on any machine and any number of
// processors.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options says what to make up. The zero value of a field takes its default.
type Options struct {
	Seed          uint64    // of all random decisions
	Organizations int       // size of the constituency, 1 to MaxOrganizations; default 24
	Out           string    // folder to write to; must be new or empty
	Start         time.Time // first instant, UTC midnight; default 2023-11-01
	Days          int       // length of the period; default 182 (six months)
	// Scale multiplies the amount of ordinary and of internet-wide background
	// activity, never what the targeted actor does; default 1, which gives some
	// 150 records for each organization and day.
	Scale float64
	// Portable leaves out what depends on files' modification times (syslog
	// lines without a year), for telemetry that travels through git or mail.
	Portable bool
	// Habits names ways in which the simulation differs from the ordinary one;
	// see the variable of that name.
	Habits []string
	// Noise multiplies the internet-wide background; default 1, with the habit
	// noise 10.
	Noise float64
	// Relays is the share of administration that comes through relays, negative
	// for none; default 0, with the habit relay 0.5, with evasion 1.
	Relays float64
	// Operators is the time zone that the targeted actor's people work in;
	// default Asia/Shanghai.
	Operators string
}

// MaxOrganizations is how many /26 networks the simulation's range has room for.
const MaxOrganizations = 1016

// ExampleOptions is what examples/strait in the repository was made with.
var ExampleOptions = Options{Seed: 1, Organizations: 24, Days: 91, Scale: 0.22, Portable: true}

func (o *Options) defaults() error {
	if o.Organizations == 0 {
		o.Organizations = 24
	}
	if o.Days == 0 {
		o.Days = 182
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(24 * time.Hour)
	switch {
	case o.Out == "":
		return errors.New("simulate: no output folder given")
	case o.Organizations < 1 || o.Organizations > MaxOrganizations:
		return fmt.Errorf("simulate: %d organizations: want 1 to %d", o.Organizations, MaxOrganizations)
	case o.Days < 14 || o.Days > 3660:
		return fmt.Errorf("simulate: %d days: want 14 to 3660", o.Days)
	case o.Scale < 0 || o.Scale > 100:
		return fmt.Errorf("simulate: scale %g: want more than 0, at most 100", o.Scale)
	}
	return o.habits()
}

// simulation is everything that is decided before the first line is written.
// After newSimulation it is read-only, so organizations are made in parallel.
type simulation struct {
	Options
	end       time.Time // exclusive
	orgs      []*org
	actors    []*actor
	campaigns []*campaign      // one for each targeted actor
	crews     map[int][]*actor // further botnets of the kind of one that there always is
}

func newSimulation(o Options) *simulation {
	s := &simulation{Options: o, end: o.Start.AddDate(0, 0, o.Days)}
	s.founding()
	s.casting()
	s.planCampaigns()
	s.planNegatives()
	s.planFaults()
	s.planDarkness()
	return s
}

// Run writes constituency.yaml, logs, geo databases, truth.json, the truth by
// line, README.md and the marker file SIMULATED to o.Out.
func Run(ctx context.Context, o Options) error {
	if err := o.defaults(); err != nil {
		return err
	}
	if entries, err := os.ReadDir(o.Out); err == nil && len(entries) > 0 {
		return fmt.Errorf("simulate: folder %s is not empty", o.Out)
	}
	if err := os.MkdirAll(filepath.Join(o.Out, "geo"), 0o755); err != nil {
		return err
	}
	s := newSimulation(o)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, org := range s.orgs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			org.live()
			return org.write(o.Out)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, write := range []func() error{s.writeConstituency, s.writeGeo, s.writeTruth, s.writeLines, s.writeReadme} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// live is everything that happens at one organization, in no order of time:
// streams are sorted when they are written.
func (o *org) live() {
	o.ordinary()
	o.background()
	o.campaigns()
	o.negatives()
	if o.vpn != nil {
		o.vpn.settle()
	}
}
