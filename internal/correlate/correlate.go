// Package correlate turns findings into statements about organizations: it
// groups the addresses and names that act as one into clusters, decides how far
// each cluster got at each organization, and tells targeted from opportunistic.
//
// Detections are read once, as a stream, and kept only in sums: memory depends
// on how many actors did how many kinds of things to how many organizations,
// not on how often. What actors have in common is asked of the event store.
// Nothing depends on the order of detections, files or organizations.
package correlate

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/warninglist"
)

// Input is what an assessment is made of.
type Input struct {
	Constituency *vedette.Constituency
	Detections   iter.Seq2[*vedette.Detection, error] // in any order
	Events       vedette.EventStore
	Geo          func(netip.Addr) *vedette.Geo // nil-safe: may return nil
	Lists        *warninglist.Set              // may be nil
	Previous     []vedette.ClusterState        // of the assessment before, nil if there was none

	tailored map[netip.Addr]tailor
}

// Assess makes the assessment, and what is to be known of its clusters next time.
// Ledger, Sources and RejectReasons are left to the caller, who keeps those
// books.
func Assess(ctx context.Context, in Input) (*vedette.Assessment, []vedette.ClusterState, error) {
	picture := newPicture(in.Constituency)
	picture.lists = in.Lists
	var err error
	if picture.sensors, err = readSensors(ctx, in.Events); err != nil {
		return nil, nil, err
	}
	if picture.footings, err = readGeneric(ctx, in.Events); err != nil {
		return nil, nil, err
	}
	for d, err := range in.Detections {
		if err != nil {
			return nil, nil, fmt.Errorf("read detections: %w", err)
		}
		picture.add(d)
	}
	if err := readCompanions(ctx, in.Events, picture); err != nil {
		return nil, nil, err
	}
	convict(picture.sorted())
	traits, err := readTraits(ctx, in.Events, picture, in.Geo)
	if err != nil {
		return nil, nil, err
	}
	facts, err := readFacts(ctx, in.Events)
	if err != nil {
		return nil, nil, err
	}
	if in.tailored, err = readTailored(ctx, in.Events); err != nil {
		return nil, nil, err
	}
	groups := link(picture, traits)
	where := coverage(picture.sorted())
	a := &vedette.Assessment{Start: facts.start, End: facts.end, Timeline: picture.timeline()}
	var drafts []*draft
	for _, g := range groups {
		if c, ok := buildCluster(g, in, facts, where); ok {
			drafts = append(drafts, &draft{c, g})
		}
	}
	states := identify(drafts, in.Previous, facts.end)
	for _, d := range drafts {
		a.Clusters = append(a.Clusters, d.Cluster)
	}
	sortClusters(a.Clusters)
	a.Organizations = organizations(in.Constituency, a.Clusters, facts)
	return a, states, nil
}

// sortClusters puts the worst first: by targeted, highest verdict, number of
// organizations, then first seen and id.
func sortClusters(cs []vedette.Cluster) {
	rank := func(c *vedette.Cluster) [3]int {
		targeted := 0
		if c.Targeted {
			targeted = 1
		}
		return [3]int{targeted, int(c.Organizations[0].Verdict), len(c.Organizations)}
	}
	slices.SortFunc(cs, func(a, b vedette.Cluster) int {
		ra, rb := rank(&a), rank(&b)
		if c := slices.Compare(rb[:], ra[:]); c != 0 {
			return c
		}
		if c := a.FirstSeen.Compare(b.FirstSeen); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})
}

// organizations lists every constituent with the highest verdict over all
// clusters.
func organizations(c *vedette.Constituency, clusters []vedette.Cluster, f *facts) []vedette.OrganizationVerdict {
	out := make([]vedette.OrganizationVerdict, len(c.Organizations))
	index := make(map[string]int)
	for i := range c.Organizations {
		id := c.Organizations[i].ID
		index[id] = i
		out[i].Organization = &c.Organizations[i]
		if e, ok := f.organizations[id]; ok {
			out[i].Events, out[i].FirstEvent, out[i].LastEvent = e.events, e.first, e.last
		}
	}
	for i := range clusters {
		for _, o := range clusters[i].Organizations {
			at, ok := index[o.ID]
			if !ok {
				continue
			}
			v := &out[at]
			v.Clusters = append(v.Clusters, clusters[i].ID)
			if o.Verdict > v.Verdict {
				v.Verdict, v.Targeted = o.Verdict, clusters[i].Targeted
			} else if o.Verdict == v.Verdict && clusters[i].Targeted {
				v.Targeted = true
			}
		}
	}
	return out
}

// facts is what the event store says about the telemetry as a whole.
type facts struct {
	start, end    time.Time
	organizations map[string]presence
}

type presence struct {
	events      int64
	first, last time.Time
}

func readFacts(ctx context.Context, events vedette.EventStore) (*facts, error) {
	rows, err := events.QueryContext(ctx, `
		SELECT coalesce(organization, ''), count(*), min(time), max(time) FROM events GROUP BY 1`)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	defer rows.Close()
	f := &facts{organizations: make(map[string]presence)}
	for rows.Next() {
		var (
			org string
			p   presence
		)
		if err := rows.Scan(&org, &p.events, &p.first, &p.last); err != nil {
			return nil, fmt.Errorf("count events: %w", err)
		}
		if f.start.IsZero() || p.first.Before(f.start) {
			f.start = p.first
		}
		if p.last.After(f.end) {
			f.end = p.last
		}
		if org != "" {
			f.organizations[org] = p
		}
	}
	return f, rows.Err()
}
