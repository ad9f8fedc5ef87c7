package vedette

import "time"

// Assessment is what Vedette says about a constituency and a period: the
// result of correlation and the input of every report.
type Assessment struct {
	Start, End    time.Time // of the telemetry, not of the run
	Ledger        Ledger
	Clusters      []Cluster             // worst first
	Organizations []OrganizationVerdict // every constituent, in the constituency's order
	Timeline      []TimelineDay         // ascending, days with findings only
	Simulated     bool                  // the telemetry says that it is simulated
	Sources       int                   // how many files and streams were read
	RejectReasons []Count               // most frequent first
	Trends        []Trend               // those with claims first
	BlindSpots    []BlindSpot           // by organization, gravest first
}

// Cluster is a set of addresses and names that act as one, with what they did
// (a STIX intrusion-set that nobody has named, and its infrastructure).
type Cluster struct {
	ID             string   // "cluster--" and a UUID, stable between runs
	Name           string   // for people, derived from ID
	Targeted       bool     // false: opportunistic, internet-wide
	Reasons        []string // why targeted or not, in sentences
	FirstSeen      time.Time
	LastSeen       time.Time
	Infrastructure []Infrastructure // most used first
	Techniques     []Count          // ATT&CK ids by number of findings
	Origin         *Origin          // where it is administered from, nil if nothing shows it
	Tools          []string
	CVEs           []string
	Organizations  []ClusterOrganization // worst verdict first, then id
	History        []ClusterEvent        // what became of it since it was first assessed, oldest first
}

// Origin is where a cluster's operators seem to sit, judged by the geolocation
// of the addresses that administered what was taken over. Such addresses can be
// relays, so the likelihood never exceeds "likely".
type Origin struct {
	Country          string
	City             string
	UTCOffsetMinutes int
	Likelihood       string // ICD 203 words
	Confidence       int    // 0 to 100
}

// Infrastructure is one address or name of a cluster.
type Infrastructure struct {
	Value               string
	Type                string // ipv4-addr, ipv6-addr, domain-name, url
	Roles               Role
	Geo                 *Geo // nil if unknown
	FirstSeen, LastSeen time.Time
	Findings            int64
	Known               []string // names of the warning lists that hold the value: a fact, not an acquittal
}

// ClusterOrganization is what a cluster did at one organization (an incident).
type ClusterOrganization struct {
	ID         string
	Verdict    Verdict
	Confidence int    // 0 to 100
	Reason     string // at most two sentences
	FirstSeen  time.Time
	LastSeen   time.Time
	Evidence   []EvidenceItem // strongest first, then by time
	Findings   int64          // how many findings stand behind the verdict
}

// EvidenceItem is a detection as it is cited in an assessment: what was seen
// and the line that proves it.
type EvidenceItem struct {
	Time      time.Time
	Detector  string
	Rule      string
	Title     string
	Technique string
	Severity  Severity
	Stage     Verdict
	Actor     string
	Summary   string
	Count     int64
	File      string
	Line      int64
	Original  string
}

// OrganizationVerdict is the highest verdict over all clusters.
type OrganizationVerdict struct {
	Organization *Organization
	Verdict      Verdict
	Targeted     bool     // whether the verdict stems from a targeted cluster
	Clusters     []string // cluster ids, worst first
	Events       int64    // events stored of this organization
	FirstEvent   time.Time
	LastEvent    time.Time
}

// TimelineDay counts findings of one UTC day by stage.
type TimelineDay struct {
	Day      time.Time
	Findings [VerdictCompromise + 1]int64 // index: stage
}

// Count is a name and how often it occurred.
type Count struct {
	Name string
	N    int64
}
