package correlate

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

// targetedScore is what a cluster needs to count as targeted.
const targetedScore = 3

// choice gathers what speaks for and against a cluster having chosen its
// victims.
type choice struct {
	score   int
	reasons []string
}

func (c *choice) add(n int, format string, args ...any) {
	c.score += n
	c.reasons = append(c.reasons, fmt.Sprintf(format, args...))
}

// targeted decides whether a cluster chose its victims, with the reasons. The
// points were set on simulated constituencies; selectivity is the probability,
// by the hypergeometric distribution over organizations with telemetry, that a
// blind choice would fall on one sector, country or product so often, times the
// number of values compared (Bonferroni). Who is listed as a scanner by the
// user's warning lists is opportunistic, whatever else: they say so themselves.
func targeted(c *vedette.Cluster, g group, byOrg map[string][]*deed, where map[string]map[string]bool, in Input, f *facts) (bool, []string) {
	if reason := listed(c, in); reason != "" {
		return false, []string{reason}
	}
	var v choice
	hands, staged := depth(byOrg)
	if hands > 0 {
		v.add(min(3, 1+hands), "It acted by hand after entry at %s.", plural(int64(hands), "organization"))
	}
	if staged >= 2 {
		v.add(1, "It went on from one stage to the next at %d organizations.", staged)
	}
	if n := separate(g); n > 0 {
		v.add(1, "It keeps %s apart for control and administration.", plural(int64(n), "address"))
	}
	switch t := tailoring(g, in.tailored); {
	case t.made >= leastTailored && 10*t.made >= t.sent:
		v.add(2, "It looked at its victims: of %s with parameters, %d were for pages that exist at hardly any other organization.", plural(t.sent, "kind of request"), t.made)
	case t.sent >= leastGeneric && len(byOrg) > 1 && 50*t.made <= t.sent:
		v.add(-1, "It sends the same everywhere: of %s with parameters, %d fit the site.", plural(t.sent, "kind of request"), t.made)
	}
	with := max(len(f.organizations), 1)
	breadth := float64(len(c.Organizations)) / float64(with)
	what, p := selectivity(c, usual(byOrg, where), in.Constituency, f)
	switch {
	case p < 0.01:
		v.add(2, "It chose its victims: %s (p = %.2g for a blind choice).", what, p)
	case p < 0.05:
		v.add(1, "It prefers %s (p = %.2g for a blind choice).", what, p)
	case breadth >= 0.5 && with >= 6:
		v.add(-2, "It touched %d of %d organizations without a preference.", len(c.Organizations), with)
	}
	switch {
	case len(byOrg) == 1:
		v.add(0, "It was seen at one organization only, which says little about a choice.")
	case hands == 0 && staged == 0:
		v.add(-1, "It did one kind of thing everywhere.")
	}
	return v.score >= targetedScore, v.reasons
}

// listed says that most of the cluster's addresses are known scanners, if so.
func listed(c *vedette.Cluster, in Input) string {
	addresses, hits, name := 0, 0, ""
	for _, i := range c.Infrastructure {
		if _, err := netip.ParseAddr(i.Value); err != nil {
			continue
		}
		addresses++
		for _, l := range in.Lists.Lookup(i.Value) {
			if l.Scanner {
				hits++
				if name == "" || l.Name < name {
					name = l.Name
				}
				break
			}
		}
	}
	if addresses == 0 || 2*hits < addresses {
		return ""
	}
	return fmt.Sprintf("Of %s, %d are on lists of those who scan and say so, such as %q.", plural(int64(addresses), "address"), hits, name)
}

// depth counts the organizations where somebody acted by hand after entry, and
// those where one stage followed another.
func depth(byOrg map[string][]*deed) (hands, staged int) {
	for _, ds := range byOrg {
		stages := make(map[vedette.Verdict]bool)
		effect := false
		for _, d := range ds {
			stages[d.stage] = true
			effect = effect || handsOn[d.detector] && d.stage == vedette.VerdictCompromise && !d.weak
		}
		if effect {
			hands++
		}
		if len(stages) >= 2 {
			staged++
		}
	}
	return hands, staged
}

// separate counts the members that only control or administer, and attack
// nobody.
func separate(g group) int {
	n := 0
	for _, a := range g {
		runs, attacked := false, false
		for _, ds := range a.deeds {
			attacked = attacked || attacks(ds)
			for _, d := range ds {
				runs = runs || !d.weak && d.role&(control|vedette.RoleAdministration) != 0
			}
		}
		if runs && !attacked {
			n++
		}
	}
	return n
}

// usual returns the organizations where what the cluster does at half of its
// victims or more was seen, whoever did it.
func usual(byOrg map[string][]*deed, where map[string]map[string]bool) map[string]bool {
	count := make(map[string]int)
	for _, ds := range byOrg {
		seen := make(map[string]bool)
		for _, d := range ds {
			if r := ruleOf(d); !seen[r] {
				seen[r] = true
				count[r]++
			}
		}
	}
	out := make(map[string]bool)
	for r, n := range count {
		if 2*n >= len(byOrg) {
			maps.Copy(out, where[r])
		}
	}
	return out
}

// selectivity returns the sector, country or product that the cluster prefers
// most, and the corrected probability of such a preference by chance. Products
// are compared among the organizations where what it usually does is seen: who
// guesses SSH passwords comes to those with an SSH server, by choice or not.
func selectivity(c *vedette.Cluster, visible map[string]bool, con *vedette.Constituency, f *facts) (string, float64) {
	touched := make(map[string]bool)
	for _, o := range c.Organizations {
		touched[o.ID] = true
	}
	var all, seeing sample
	for i := range con.Organizations {
		o := &con.Organizations[i]
		if _, ok := f.organizations[o.ID]; !ok {
			continue
		}
		var values []string
		if o.Sector != "" {
			values = append(values, "sector "+o.Sector)
		}
		if o.Country != "" {
			values = append(values, "country "+o.Country)
		}
		all.take(values, touched[o.ID])
		if visible[o.ID] || touched[o.ID] {
			seeing.take(products(o), touched[o.ID])
		}
	}
	values := len(all.total) + len(seeing.total)
	best, p := all.preferred(values)
	for v, hit := range seeing.hit { // who takes everyone with a product sweeps, and does not choose
		if float64(hit) >= sweepShare*float64(seeing.total[v]) {
			delete(seeing.hit, v)
		}
	}
	if other, q := seeing.preferred(values); q < p {
		return other, q
	}
	return best, p
}

const sweepShare = 0.6

// sample counts organizations, and those that were touched, by what they have.
type sample struct {
	n, k       int
	total, hit map[string]int
}

func (s *sample) take(values []string, touched bool) {
	if s.total == nil {
		s.total, s.hit = make(map[string]int), make(map[string]int)
	}
	s.n++
	if touched {
		s.k++
	}
	for _, v := range values {
		s.total[v]++
		if touched {
			s.hit[v]++
		}
	}
}

// preferred returns the value that a blind choice would hit so often with the
// least probability, times the number of values that were compared.
func (s *sample) preferred(compared int) (string, float64) {
	best, p := "", 1.0
	if s.k < 3 {
		return best, p
	}
	for _, v := range sortedKeys(s.total) {
		if s.hit[v] < 2 {
			continue
		}
		if q := math.Exp2(hypergeometricTail(s.n, s.total[v], s.k, s.hit[v])) * float64(compared); q < p {
			best, p = v, q
		}
	}
	return best, p
}

// products returns what of an organization faces the internet, each once.
func products(o *vedette.Organization) []string {
	var out []string
	for _, a := range o.Assets {
		if a.Exposure != "internal" && a.Product != "" {
			out = append(out, strings.TrimSpace("product "+a.Vendor+" "+a.Product))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
