package html

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// judgment is one of the sentences at the top: what is said first, and what
// goes with it.
type judgment struct {
	Lead, Rest string
	Verdict    vedette.Verdict // which color goes with it
}

// judge says in a few sentences who was entered and by whom, how many were
// attacked without it being known whether they were entered, and where the
// telemetry says nothing. Every word follows from the assessment.
func judge(a *vedette.Assessment, names map[string]string) []judgment {
	f := newFigures(a)
	var out []judgment
	if f.Organizations == 0 {
		return []judgment{{Lead: "No organizations were given, so nothing can be said about any."}}
	}
	entered, intruders := enteredBy(a)
	out = append(out, judgeEntered(a, names, entered, intruders))
	if j, ok := judgeTargeted(a); ok {
		out = append(out, j)
	}
	if n := f.ByVerdict[vedette.VerdictAttempt] + f.ByVerdict[vedette.VerdictReconnaissance]; n > 0 {
		out = append(out, judgeProbed(a, f, n, intruders))
	}
	if note := report.BlindNones(a); note != "" {
		out = append(out, judgment{Lead: note, Rest: "The reasons are under “What we cannot see”.", Verdict: vedette.VerdictNone})
	}
	return out
}

// enteredBy returns the entered organizations, and the clusters that did it in
// the assessment's order.
func enteredBy(a *vedette.Assessment) (entered []string, intruders []*vedette.Cluster) {
	for _, o := range a.Organizations {
		if o.Verdict == vedette.VerdictCompromise {
			entered = append(entered, o.Organization.ID)
		}
	}
	for i := range a.Clusters {
		if worst(&a.Clusters[i]) == vedette.VerdictCompromise {
			intruders = append(intruders, &a.Clusters[i])
		}
	}
	return entered, intruders
}

func worst(c *vedette.Cluster) (v vedette.Verdict) {
	for i := range c.Organizations {
		v = max(v, c.Organizations[i].Verdict)
	}
	return v
}

func judgeEntered(a *vedette.Assessment, names map[string]string, entered []string, intruders []*vedette.Cluster) judgment {
	total := plural(int64(len(a.Organizations)), "organization")
	if len(entered) == 0 {
		return judgment{Lead: "No compromise is in evidence at any of " + total + ".",
			Rest: "That is what this telemetry shows, and no proof that nobody was entered.", Verdict: vedette.VerdictNone}
	}
	who := make([]string, len(entered))
	for i, id := range entered {
		who[i] = names[id]
	}
	were := " organizations were entered: "
	if len(entered) == 1 {
		were = " organizations was entered: "
	}
	j := judgment{Lead: thousands(int64(len(entered))) + " of " + thousands(int64(len(a.Organizations))) + were + enumerate(who, 6) + ".",
		Verdict: vedette.VerdictCompromise}
	j.Rest = describeIntruders(intruders, len(entered))
	return j
}

// describeIntruders says in one sentence which clusters entered how many.
func describeIntruders(intruders []*vedette.Cluster, entered int) string {
	var parts []string
	for i, c := range intruders {
		n := 0
		for k := range c.Organizations {
			if c.Organizations[k].Verdict == vedette.VerdictCompromise {
				n++
			}
		}
		whom := thousands(int64(n))
		if n >= entered {
			whom = [...]string{"", "it", "both", "all of them"}[min(n, 3)]
		} else if i == 0 {
			whom += " of them"
		}
		verb := ""
		if i == 0 {
			verb = "entered "
		}
		parts = append(parts, clean(c.Name, 80)+" ("+kindOf(c.Targeted)+") "+verb+whom)
	}
	if len(parts) == 0 {
		return ""
	}
	return enumerate(parts, 4) + "."
}

// judgeTargeted says when the first targeted cluster was active and where it
// seems to be run from.
func judgeTargeted(a *vedette.Assessment) (judgment, bool) {
	var first *vedette.Cluster
	n := int64(0)
	for i := range a.Clusters {
		if a.Clusters[i].Targeted {
			if n++; first == nil {
				first = &a.Clusters[i]
			}
		}
	}
	if first == nil {
		return judgment{}, false
	}
	j := judgment{Lead: clean(first.Name, 80) + " is judged targeted, not opportunistic.", Verdict: worst(first)}
	if n > 1 {
		j.Lead = plural(n, "cluster") + " are judged targeted, first of all " + clean(first.Name, 80) + "."
	}
	j.Rest = "It was active from " + span(first.FirstSeen, first.LastSeen) + " at " + plural(int64(len(first.Organizations)), "organization") + "."
	if date(first.FirstSeen) == date(first.LastSeen) {
		j.Rest = strings.Replace(j.Rest, " from ", " on ", 1)
	}
	if o := first.Origin; o != nil {
		j.Rest += " Its addresses of administration point to " + place(o.City, o.Country) + " (" + clean(o.Likelihood, 40) + "), but can be relays."
	}
	return j, true
}

func judgeProbed(a *vedette.Assessment, f figures, n int64, intruders []*vedette.Cluster) judgment {
	attempts, looks := f.ByVerdict[vedette.VerdictAttempt], f.ByVerdict[vedette.VerdictReconnaissance]
	lead := thousands(n)
	if f.ByVerdict[vedette.VerdictCompromise] > 0 {
		lead += " more"
	}
	was := " were "
	if n == 1 {
		was = " was "
	}
	switch {
	case looks == 0:
		lead += was + "attacked; whether any was entered is not known."
	case attempts == 0:
		lead += was + "looked over; no attack there is in evidence."
	default:
		lead += was + "probed (" + thousands(attempts) + " attacked, " + thousands(looks) + " looked over); whether any was entered is not known."
	}
	j := judgment{Lead: lead, Rest: "The telemetry shows no effect of these attacks, which is not proof that there was none.", Verdict: vedette.VerdictAttempt}
	if attempts == 0 {
		j.Rest, j.Verdict = "", vedette.VerdictReconnaissance
	}
	if shared := sharedTargets(a, intruders); shared > 0 {
		j.Rest = strings.TrimSpace(j.Rest + " " + thousands(shared) + " of them met a cluster that entered others: look there first.")
	}
	return j
}

// sharedTargets counts organizations that were not entered, but probed by a
// cluster that entered others.
func sharedTargets(a *vedette.Assessment, intruders []*vedette.Cluster) (n int64) {
	touched := make(map[string]bool)
	for _, c := range intruders {
		for i := range c.Organizations {
			touched[c.Organizations[i].ID] = true
		}
	}
	for _, o := range a.Organizations {
		if touched[o.Organization.ID] && o.Verdict < vedette.VerdictCompromise && o.Verdict > vedette.VerdictNone {
			n++
		}
	}
	return n
}
