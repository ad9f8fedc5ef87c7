package correlate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/warninglist"
)

// buildCluster states what a group did. ok is false if nothing of it supports a
// verdict at any organization.
func buildCluster(g group, in Input, f *facts, where map[string]map[string]bool) (c vedette.Cluster, ok bool) {
	byOrg, p := gather(g)
	p.period = f.end.Sub(f.start).Nanoseconds()
	p.prove(byOrg, len(f.organizations))
	for _, id := range sortedKeys(byOrg) {
		org := in.Constituency.Organization(id)
		if org == nil {
			org = &vedette.Organization{ID: id}
		}
		if o := judge(org, byOrg[id], p); o.Verdict > vedette.VerdictNone {
			c.Organizations = append(c.Organizations, o)
		}
	}
	if len(c.Organizations) == 0 {
		return c, false
	}
	slices.SortStableFunc(c.Organizations, func(a, b vedette.ClusterOrganization) int { return int(b.Verdict) - int(a.Verdict) })
	relays(g, in.Constituency, in.Geo)
	describe(&c, g, in)
	c.Origin = origin(g, in.Geo)
	c.Targeted, c.Reasons = targeted(&c, g, byOrg, where, in, f)
	return c, true
}

// gather collects what a group did, by organization, and what is known of it
// beside.
func gather(g group) (map[string][]*deed, *profile) {
	byOrg := make(map[string][]*deed)
	p := &profile{actorOf: make(map[*deed]*actor)}
	more := false
	for _, a := range g {
		for org, ds := range a.deeds {
			byOrg[org] = append(byOrg[org], ds...)
			for _, d := range ds {
				p.actorOf[d] = a
				more = more || !d.login()
			}
		}
	}
	p.known = len(byOrg) > 1 || more
	return byOrg, p
}

// login reports whether all that was found is that somebody logged in, or tried.
func (d *deed) login() bool {
	return len(d.techniques) > 0 && !slices.ContainsFunc(d.techniques, func(t string) bool {
		return !strings.HasPrefix(t, "T1110") && !strings.HasPrefix(t, "T1078")
	})
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// describe fills what can be summed over the group.
func describe(c *vedette.Cluster, g group, in Input) {
	techniques := make(map[string]int64)
	tools, cves := make(map[string]bool), make(map[string]bool)
	var first, last int64
	for i, a := range g {
		if i == 0 || a.first < first {
			first = a.first
		}
		last = max(last, a.last)
		c.Infrastructure = append(c.Infrastructure, infrastructure(a, in)...)
		for _, ds := range a.deeds {
			for _, d := range ds {
				for _, t := range d.techniques {
					techniques[t] += d.count
				}
				if d.tool != "" {
					tools[d.tool] = true
				}
				if d.cve != "" {
					cves[d.cve] = true
				}
			}
		}
	}
	c.FirstSeen, c.LastSeen = time.Unix(0, first).UTC(), time.Unix(0, last).UTC()
	c.Tools, c.CVEs = sortedKeys(tools), sortedKeys(cves)
	for _, t := range sortedKeys(techniques) {
		c.Techniques = append(c.Techniques, vedette.Count{Name: t, N: techniques[t]})
	}
	slices.SortStableFunc(c.Techniques, func(a, b vedette.Count) int { return cmp.Compare(b.N, a.N) })
	c.Infrastructure = unique(c.Infrastructure)
}

// unique merges entries of the same value (a name is seen alone and with several
// addresses) and puts the most used first.
func unique(list []vedette.Infrastructure) []vedette.Infrastructure {
	slices.SortStableFunc(list, func(a, b vedette.Infrastructure) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(b.Findings, a.Findings))
	})
	out := list[:0]
	for _, i := range list {
		if n := len(out); n > 0 && out[n-1].Value == i.Value {
			last := &out[n-1]
			last.Roles |= i.Roles
			if i.FirstSeen.Before(last.FirstSeen) {
				last.FirstSeen = i.FirstSeen
			}
			if i.LastSeen.After(last.LastSeen) {
				last.LastSeen = i.LastSeen
			}
			continue
		}
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(a, b vedette.Infrastructure) int { return cmp.Compare(b.Findings, a.Findings) })
	return out
}

func infrastructure(a *actor, in Input) []vedette.Infrastructure {
	i := vedette.Infrastructure{
		Value: a.key.String(), Type: "domain-name", Roles: a.roles, Findings: a.findings,
		FirstSeen: time.Unix(0, a.first).UTC(), LastSeen: time.Unix(0, a.last).UTC(),
	}
	switch {
	case a.key.addr.Is4():
		i.Type = "ipv4-addr"
	case a.key.addr.Is6():
		i.Type = "ipv6-addr"
	case strings.Contains(a.key.name, "/"):
		i.Type = "url"
	case strings.Contains(a.key.name, " "):
		return nil // nobody shows
	}
	if a.key.addr.IsValid() && in.Geo != nil {
		i.Geo = in.Geo(a.key.addr)
	}
	i.Known = known(in.Lists, i.Value)
	out := []vedette.Infrastructure{i}
	if a.key.addr.IsValid() {
		for _, name := range a.names {
			n := i
			n.Value, n.Type, n.Geo, n.Known = name, "domain-name", nil, known(in.Lists, name)
			if strings.Contains(name, "/") {
				n.Type = "url"
			}
			out = append(out, n)
		}
	}
	return out
}

// known returns the names of the warning lists that hold a value.
func known(lists *warninglist.Set, value string) []string {
	var out []string
	for _, l := range lists.Lookup(value) {
		out = append(out, l.Name)
	}
	return out
}

// origin is where most of the administration came from, if at least two
// addresses or one with several findings show it.
func origin(g group, geo func(netip.Addr) *vedette.Geo) *vedette.Origin {
	if geo == nil {
		return nil
	}
	type place struct{ country, city, zone string }
	var total int64
	places := make(map[place]int64)
	for _, a := range g {
		if a.roles&vedette.RoleAdministration == 0 || a.roles&vedette.RoleRelay != 0 || !a.key.addr.IsValid() {
			continue
		}
		total += a.findings
		if at := geo(a.key.addr); at != nil && at.Country != "" {
			places[place{at.Country, at.City, at.Timezone}] += a.findings
		}
	}
	var (
		best place
		n    int64
	)
	for p, count := range places {
		if count > n || count == n && p.country+p.city < best.country+best.city {
			best, n = p, count
		}
	}
	if n < 2 {
		return nil
	}
	o := &vedette.Origin{Country: best.country, City: best.city}
	if loc, err := time.LoadLocation(best.zone); err == nil && best.zone != "" {
		_, offset := time.Unix(0, g[0].last).In(loc).Zone()
		o.UTCOffsetMinutes = offset / 60
	}
	share := float64(n) / float64(total)
	o.Confidence = min(60, int(60*share))
	switch {
	case share >= 0.8:
		o.Likelihood = "likely"
	case share >= 0.45:
		o.Likelihood = "roughly even chance"
	default:
		o.Likelihood = "unlikely"
	}
	return o
}
