package vedette

import "fmt"

// Verdict is how far a cluster got at an organization, never more than the
// evidence supports. Higher is worse.
type Verdict uint8

// The ladder, with the classes of the Reference Security Incident Taxonomy.
const (
	VerdictNone           Verdict = iota
	VerdictReconnaissance         // RSIT information-gathering: looked at
	VerdictAttempt                // RSIT intrusion-attempts: attacked, effect not shown
	VerdictCompromise             // RSIT intrusions: attacked, and the effect is in evidence
)

var verdictNames = [...]string{"none", "reconnaissance", "attempt", "compromise"}

// String returns the word that the output contract uses.
func (v Verdict) String() string { return verdictNames[v] }

// RSIT returns the taxonomy's class, empty for none.
func (v Verdict) RSIT() string {
	return [...]string{"", "information-gathering", "intrusion-attempts", "intrusions"}[v]
}

// ParseVerdict reads the form that String writes.
func ParseVerdict(s string) (Verdict, error) {
	for i, name := range verdictNames {
		if s == name {
			return Verdict(i), nil
		}
	}
	return 0, fmt.Errorf("unknown verdict %q: want none, reconnaissance, attempt or compromise", s)
}

// MarshalText makes verdicts words in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (v *Verdict) UnmarshalText(b []byte) (err error) {
	*v, err = ParseVerdict(string(b))
	return err
}
