package evaluate

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/vedette-cti/vedette"
)

// Score is how an assessment compares with the truth. Counts add up over
// simulations; shares are worked out from them.
type Score struct {
	Organizations int `json:"organizations"`
	Right         int `json:"right"` // organizations whose verdict is the true one
	// RightTargeted counts organizations for which the highest verdict over
	// targeted clusters is how far targeted actors got.
	RightTargeted int `json:"right_targeted"`

	Compromises      int      `json:"compromises"` // organizations compromised in truth
	Found            int      `json:"found"`       // of these, so called
	FalseCompromises []string `json:"false_compromises"`

	AllPairs      Pairs `json:"all_pairs"`      // over the values of all actors
	TargetedPairs Pairs `json:"targeted_pairs"` // pairs with a targeted actor's value

	// Clusters by what most of their values are in truth (a tie counts as
	// targeted), and how many of these are labelled so.
	Opportunistic      int `json:"opportunistic_clusters"`
	OpportunisticRight int `json:"opportunistic_right"`
	Targeted           int `json:"targeted_clusters"`
	TargetedRight      int `json:"targeted_right"`
	// Harmless clusters hold no value of any actor: people called hostile.
	Harmless int `json:"harmless_clusters"`

	Cited     int `json:"cited_lines"` // evidence items with a file and a line
	Malicious int `json:"malicious_lines"`

	LedgerRight bool `json:"ledger_right"`

	Misses []Miss   `json:"misses"` // organizations with another verdict than the true one
	Spread []Spread `json:"spread"` // where actors' values ended up
	Wrong  []Wrong  `json:"wrong"`  // cited lines that are nobody's doing, by rule
}

// Miss is one organization whose verdict is not the true one.
type Miss struct {
	Organization string          `json:"organization"`
	Truth        vedette.Verdict `json:"truth"`
	Verdict      vedette.Verdict `json:"verdict"`
	Why          string          `json:"why"`
}

// Spread says into how many clusters an actor's values fell.
type Spread struct {
	Actor    string `json:"actor"`
	Values   int    `json:"values"`
	Clusters []int  `json:"clusters"` // values in each, largest first
	Alone    int    `json:"alone"`    // values that no cluster holds
}

// Wrong counts cited lines that no act left.
type Wrong struct {
	Rule  string `json:"rule"` // detector and rule
	Lines int    `json:"lines"`
	First string `json:"first"` // one of them: file and line
}

// Compare scores an assessment of the simulation in dir.
func Compare(dir string, t *Truth, a *vedette.Assessment) Score {
	s := Score{LedgerRight: a.Ledger == t.Ledger, FalseCompromises: []string{}, Misses: []Miss{}, Spread: []Spread{}, Wrong: []Wrong{}}
	s.verdicts(t, a)
	s.clusters(t, a)
	s.lines(dir, t, a)
	return s
}

// verdicts compares organizations.
func (s *Score) verdicts(t *Truth, a *vedette.Assessment) {
	got, targeted := map[string]vedette.Verdict{}, map[string]vedette.Verdict{}
	for _, o := range a.Organizations {
		got[o.Organization.ID] = o.Verdict
	}
	for _, c := range a.Clusters {
		for _, o := range c.Organizations {
			if c.Targeted {
				targeted[o.ID] = max(targeted[o.ID], o.Verdict)
			}
		}
	}
	for _, o := range t.Organizations {
		v := got[o.ID]
		s.Organizations++
		s.RightTargeted += count(targeted[o.ID] == o.Targeted)
		if o.Verdict == vedette.VerdictCompromise {
			s.Compromises++
			if v == o.Verdict {
				s.Found++
			}
		} else if v == vedette.VerdictCompromise {
			s.FalseCompromises = append(s.FalseCompromises, o.ID)
		}
		if v == o.Verdict {
			s.Right++
			continue
		}
		s.Misses = append(s.Misses, Miss{o.ID, o.Verdict, v, why(o, v, a)})
	}
}

// why gathers what each side says of an organization.
func why(o Organization, v vedette.Verdict, a *vedette.Assessment) string {
	out := "truth: " + o.Sensors
	if o.Method != "" {
		out += ", " + o.Method
	}
	for _, n := range o.Notes {
		out += ", " + n
	}
	for _, c := range a.Clusters {
		for _, x := range c.Organizations {
			if x.ID == o.ID && x.Verdict == v {
				return out + "; assessment: " + c.Name + ", " + x.Reason
			}
		}
	}
	return out
}

// clusters compares the assessment's clusters with the actors.
func (s *Score) clusters(t *Truth, a *vedette.Assessment) {
	owners, found := t.owners(), map[string][]string{}
	hunted := func(value string) bool {
		return slices.ContainsFunc(owners[value], func(k int) bool { return t.Actors[k].Targeted })
	}
	for _, c := range a.Clusters {
		of := [2]int{} // values of opportunistic, targeted actors
		for _, i := range c.Infrastructure {
			found[i.Value] = append(found[i.Value], c.ID)
			if hunted(i.Value) {
				of[1]++
			} else if len(owners[i.Value]) > 0 {
				of[0]++
			}
		}
		switch {
		case of[0] == 0 && of[1] == 0:
			s.Harmless++
		case of[1] >= of[0]:
			s.Targeted++
			s.TargetedRight += count(c.Targeted)
		default:
			s.Opportunistic++
			s.OpportunisticRight += count(!c.Targeted)
		}
	}
	s.AllPairs = Pairwise(owners, found, nil)
	s.TargetedPairs = Pairwise(owners, found, hunted)
	for _, actor := range t.Actors {
		s.Spread = append(s.Spread, spread(actor, found))
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func spread(a Actor, found map[string][]string) Spread {
	x := Spread{Actor: a.Name, Values: len(a.Infrastructure), Clusters: []int{}}
	sizes := map[string]int{}
	for _, i := range a.Infrastructure {
		if len(found[i.Value]) == 0 {
			x.Alone++
		}
		for _, c := range found[i.Value] {
			sizes[c]++
		}
	}
	for _, n := range sizes {
		x.Clusters = append(x.Clusters, n)
	}
	slices.SortFunc(x.Clusters, func(a, b int) int { return b - a })
	return x
}

// lines judges every cited line.
func (s *Score) lines(dir string, t *Truth, a *vedette.Assessment) {
	wrong := map[string]*Wrong{}
	for _, c := range a.Clusters {
		for _, o := range c.Organizations {
			for _, e := range o.Evidence {
				if e.File == "" || e.Line == 0 {
					continue
				}
				s.Cited++
				name := e.File
				if rel, err := filepath.Rel(dir, e.File); err == nil {
					name = filepath.ToSlash(rel)
				}
				if _, ok := t.Lines[name][e.Line]; ok {
					s.Malicious++
					continue
				}
				rule := e.Detector + " " + e.Rule
				if wrong[rule] == nil {
					wrong[rule] = &Wrong{Rule: rule, First: fmt.Sprintf("%s:%d", name, e.Line)}
				}
				wrong[rule].Lines++
			}
		}
	}
	for _, w := range wrong {
		s.Wrong = append(s.Wrong, *w)
	}
	slices.SortFunc(s.Wrong, func(a, b Wrong) int {
		return cmp.Or(b.Lines-a.Lines, cmp.Compare(a.Rule, b.Rule))
	})
}

// Add adds the counts of another simulation; lists of names are joined, details
// are not.
func (s *Score) Add(o Score) {
	s.Organizations += o.Organizations
	s.Right += o.Right
	s.RightTargeted += o.RightTargeted
	s.Compromises += o.Compromises
	s.Found += o.Found
	s.FalseCompromises = append(s.FalseCompromises, o.FalseCompromises...)
	s.AllPairs.Add(o.AllPairs)
	s.TargetedPairs.Add(o.TargetedPairs)
	s.Opportunistic += o.Opportunistic
	s.OpportunisticRight += o.OpportunisticRight
	s.Targeted += o.Targeted
	s.TargetedRight += o.TargetedRight
	s.Harmless += o.Harmless
	s.Cited += o.Cited
	s.Malicious += o.Malicious
	s.LedgerRight = s.LedgerRight && o.LedgerRight
}
