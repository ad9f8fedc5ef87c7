// Package blind says what the telemetry cannot show: which organizations and
// exposed devices send nothing, which sources fell silent and when, which clocks
// are wrong, and which techniques no present source could show. A verdict of
// none is worth what these leave of it.
//
// Everything is asked of the event store with SQL; what comes back is a row a
// source, with one bit an hour, or less. Do not use it to supervise sensors in
// real time: it judges a period that is over.
package blind

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// Input is what is judged.
type Input struct {
	Constituency *vedette.Constituency
	Events       vedette.EventStore
}

// Assess returns the blind spots of every organization, in the constituency's
// order, gravest first.
func Assess(ctx context.Context, in Input) ([]vedette.BlindSpot, error) {
	present, err := readPresence(ctx, in.Events)
	if err != nil {
		return nil, fmt.Errorf("read what is present: %w", err)
	}
	p := periodOf(present)
	sensors, err := readSensors(ctx, in.Events, p)
	if err != nil {
		return nil, fmt.Errorf("read the sources' hours: %w", err)
	}
	hosts, err := readHosts(ctx, in.Events)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	networks, err := readNetworks(ctx, in.Events, in.Constituency)
	if err != nil {
		return nil, fmt.Errorf("read what is asked from outside: %w", err)
	}
	out := silences(in.Constituency, sensors, p)
	clocks, err := clocks(ctx, in.Events, sensors)
	if err != nil {
		return nil, fmt.Errorf("compare clocks: %w", err)
	}
	out = append(out, clocks...)
	for i := range in.Constituency.Organizations {
		o := &in.Constituency.Organizations[i]
		seen := present[o.ID]
		if len(seen) == 0 {
			out = append(out, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindNoTelemetry, Techniques: allTechniques(),
				Text: "It sent no telemetry at all."})
			continue
		}
		out = append(out, visibility(o, seen)...)
		out = append(out, devices(o, seen, hosts[o.ID], networks[o.ID])...)
	}
	sortSpots(in.Constituency, out)
	return out, nil
}

func sortSpots(c *vedette.Constituency, spots []vedette.BlindSpot) {
	order := make(map[string]int)
	for i := range c.Organizations {
		order[c.Organizations[i].ID] = i
	}
	gravity := []vedette.BlindSpotKind{vedette.BlindNoTelemetry, vedette.BlindNoInbound, vedette.BlindDark, vedette.BlindLate, vedette.BlindSilentAsset,
		vedette.BlindNetworkOnly, vedette.BlindNoOutbound, vedette.BlindClock, vedette.BlindTechnique}
	slices.SortStableFunc(spots, func(a, b vedette.BlindSpot) int {
		return cmp.Or(cmp.Compare(order[a.Organization], order[b.Organization]),
			cmp.Compare(slices.Index(gravity, a.Kind), slices.Index(gravity, b.Kind)),
			a.Since.Compare(b.Since), strings.Compare(a.Asset, b.Asset), strings.Compare(a.Text, b.Text))
	})
}

// presence is that an organization has events of one dataset and direction.
type presence struct {
	dataset, direction string
	n                  int64
	first, last        time.Time
}

func readPresence(ctx context.Context, events vedette.EventStore) (map[string][]presence, error) {
	out := make(map[string][]presence)
	err := each(ctx, events, `
		SELECT organization, coalesce(dataset, '') AS dataset, coalesce(direction, '') AS direction, count(*), min(time), max(time)
		FROM events WHERE organization IS NOT NULL GROUP BY ALL ORDER BY organization, dataset, direction`, nil, func(rows *sql.Rows) error {
		var organization string
		var p presence
		err := rows.Scan(&organization, &p.dataset, &p.direction, &p.n, &p.first, &p.last)
		out[organization] = append(out[organization], p)
		return err
	})
	return out, err
}

// period is the time that the telemetry as a whole covers.
type period struct{ start, end time.Time }

// hours is its length.
func (p period) hours() int { return int(p.end.Sub(p.start) / time.Hour) }

// at is the beginning of an hour of the period.
func (p period) at(hour int) time.Time { return p.start.Add(time.Duration(hour) * time.Hour) }

const maxYears = 10

// periodOf leaves out the earliest and latest twentieth of the beginnings and
// ends: a few sources with absurd clocks do not make everybody else late.
func periodOf(present map[string][]presence) period {
	var starts, ends []time.Time
	for _, ps := range present {
		for _, x := range ps {
			starts, ends = append(starts, x.first), append(ends, x.last)
		}
	}
	if len(starts) == 0 {
		return period{}
	}
	slices.SortFunc(starts, time.Time.Compare)
	slices.SortFunc(ends, time.Time.Compare)
	p := period{starts[len(starts)/20].UTC().Truncate(time.Hour), ends[len(ends)-1-len(ends)/20].UTC().Truncate(time.Hour).Add(time.Hour)}
	if earliest := p.end.AddDate(-maxYears, 0, 0); p.start.Before(earliest) {
		p.start = earliest
	}
	return p
}

func each(ctx context.Context, events vedette.EventStore, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := events.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
