package correlate

import (
	"fmt"
	"math"

	"github.com/vedette-cti/vedette"
)

// handsOn are detectors whose findings take a person (or a tool driven by one),
// not a worm.
var handsOn = map[string]bool{"takeover": true, "webshell": true, "outbound": true, "rogue": true}

// targeted decides whether a cluster chose its victims, with the reasons. The
// scores were set on simulated constituencies; selectivity is the probability,
// by the hypergeometric distribution over organizations with telemetry, that a
// blind choice would fall on one sector or country so often, times the number
// of values compared (Bonferroni).
func targeted(c *vedette.Cluster, byOrg map[string][]*deed, con *vedette.Constituency, f *facts) (bool, []string) {
	score := 0
	var reasons []string
	add := func(n int, format string, args ...any) {
		score += n
		reasons = append(reasons, fmt.Sprintf(format, args...))
	}
	hands, staged := 0, 0
	for _, ds := range byOrg {
		stages := make(map[vedette.Verdict]bool)
		effect := false
		for _, d := range ds {
			stages[d.stage] = true
			effect = effect || handsOn[d.detector] && d.stage == vedette.VerdictCompromise
		}
		if effect {
			hands++
		}
		if len(stages) >= 2 {
			staged++
		}
	}
	if hands > 0 {
		add(min(3, 1+hands), "acted by hand after entry at %d organizations", hands)
	}
	if staged >= 2 {
		add(1, "went on from one stage to the next at %d organizations", staged)
	}
	if roles(c)&(vedette.RoleC2|vedette.RoleTunnel|vedette.RoleAdministration) != 0 && len(c.Infrastructure) >= 3 {
		add(1, "keeps separate infrastructure for control")
	}
	with := max(len(f.organizations), 1)
	breadth := float64(len(c.Organizations)) / float64(with)
	what, p := selectivity(c, con, f)
	switch {
	case p < 0.01:
		add(2, "chose its victims: %s (p = %.2g for a blind choice)", what, p)
	case p < 0.05:
		add(1, "prefers %s (p = %.2g for a blind choice)", what, p)
	case breadth >= 0.5 && with >= 6:
		add(-2, "touched %d of %d organizations without a preference", len(c.Organizations), with)
	}
	if hands == 0 && staged == 0 {
		add(-1, "did one kind of thing everywhere")
	}
	return score >= 3, reasons
}

func roles(c *vedette.Cluster) (r vedette.Role) {
	for _, i := range c.Infrastructure {
		r |= i.Roles
	}
	return r
}

// selectivity returns the sector or country that the cluster prefers most, and
// the corrected probability of such a preference by chance.
func selectivity(c *vedette.Cluster, con *vedette.Constituency, f *facts) (string, float64) {
	total := make(map[string]int)
	hit := make(map[string]int)
	touched := make(map[string]bool)
	for _, o := range c.Organizations {
		touched[o.ID] = true
	}
	n, k := 0, 0
	for i := range con.Organizations {
		o := &con.Organizations[i]
		if _, ok := f.organizations[o.ID]; !ok {
			continue
		}
		n++
		if touched[o.ID] {
			k++
		}
		for _, v := range []string{"sector " + o.Sector, "country " + o.Country} {
			total[v]++
			if touched[o.ID] {
				hit[v]++
			}
		}
	}
	best, p := "", 1.0
	if k < 3 {
		return best, p
	}
	for _, v := range sortedKeys(total) {
		if hit[v] < 2 {
			continue
		}
		if q := math.Exp2(hypergeometricTail(n, total[v], k, hit[v])) * float64(len(total)); q < p {
			best, p = v, q
		}
	}
	return best, p
}
