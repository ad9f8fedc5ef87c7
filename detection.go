package vedette

import (
	"fmt"
	"net/netip"
)

// Detection is a statement by one detector about one or more events (a STIX
// sighting). Detectors fill what they know; the runner fills ID, Organization
// and the provenance of stream detections.
type Detection struct {
	ID       ID       // hash of detector, rule, and what it cites: the same finding has the same ID
	Time     int64    // when the cited activity began, Unix nanoseconds UTC
	LastTime int64    // when it ended; equal to Time for a single event
	Detector string   // the detector's name, such as "sigma" or "scan"
	Rule     string   // rule id (Sigma: its UUID) or the detector's own sub-kind
	Title    string   // rule title, for people
	Severity Severity // how bad if true
	// Techniques are ATT&CK technique ids, most specific first.
	Techniques []string
	CVE        string  // CVE id that the activity aims at, if it is known
	Stage      Verdict // what this finding alone can support
	// Effect says that the finding shows something that happened on the
	// victim's side, not only what was sent to it. Compromise needs it.
	Effect bool
	// Confidence is 0 to 100 (STIX): how sure the detector is of its statement.
	Confidence int
	// Weak findings support a verdict only together with others (for example
	// a single probe of a path that honest clients ask for too).
	Weak bool
	// Tool names the scanner or malware that the pattern gives away, if any.
	Tool string

	Organization string     // organization.id of the one it happened to
	Actor        netip.Addr // the outside address that acted; invalid if unknown
	ActorName    string     // domain or URL instead of an address (indicator, DNS)
	Target       netip.Addr // the organization's address that was acted upon
	TargetPort   uint16
	Role         Role   // what the actor's address was used for
	Indicator    string // the indicator that matched, if one did
	Summary      string // one sentence with the facts, at most 300 bytes
	Count        int64  // how many events it stands for, at least 1
	Evidence     []Evidence
}

// Evidence is one line of telemetry that proves a detection.
type Evidence struct {
	Event    ID     // event.id
	Time     int64  // Unix nanoseconds UTC
	File     string // path of the source as it was read
	Line     int64  // from 1, in the decompressed file
	Offset   int64  // bytes, in the decompressed file
	Source   ID     // the source's identity
	Original string // the line itself, cut at MaxRejectBytes
}

// Severity is how bad a finding is if it is true; the words are Sigma's levels.
type Severity uint8

// The levels.
const (
	SeverityInformational Severity = iota
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

var severityNames = [...]string{"informational", "low", "medium", "high", "critical"}

// String returns Sigma's word.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity reads the form that String writes.
func ParseSeverity(s string) (Severity, error) {
	for i, name := range severityNames {
		if s == name {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown level %q: want informational, low, medium, high or critical", s)
}

// MarshalText makes severities words in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// Role is a set of things that an address was used for.
type Role uint8

// Roles of infrastructure, in the order in which they are listed.
const (
	RoleScanner Role = 1 << iota
	RoleExploit
	RoleC2
	RoleTunnel
	RoleAdministration
	RoleRelay
)

var roleNames = [...]string{"scanner", "exploit", "command-and-control", "tunnel", "administration", "relay"}

// Names returns the words for the roles in r.
func (r Role) Names() []string {
	names := []string{}
	for i, n := range roleNames {
		if r&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}
