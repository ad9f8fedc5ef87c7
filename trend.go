package vedette

import "time"

// TrendKind says what a Trend is about.
type TrendKind string

// The kinds of trends.
const (
	TrendConstituency TrendKind = "constituency" // all findings; Name is empty
	TrendCluster      TrendKind = "cluster"      // Name is Cluster.ID
	TrendSector       TrendKind = "sector"       // Name is a STIX industry sector
	TrendCountry      TrendKind = "country"      // Name is an ISO 3166-1 alpha-2 code
	TrendTechnique    TrendKind = "technique"    // Name is an ATT&CK id
)

// Trend is how the activity of one subject went on over the period, and what of
// it is more than chance.
type Trend struct {
	Kind   TrendKind
	Name   string
	Weeks  []TrendPoint // seven UTC days each, ascending, without gaps; the last one ends with the telemetry
	Days   []TrendPoint // UTC days with findings, ascending
	Claims []TrendClaim // most telling first; empty if the past explains everything
}

// TrendPoint is what was counted in one week or day.
type TrendPoint struct {
	Start         time.Time
	Findings      int64
	Organizations int64 // touched
	// Exposure is how many of the subject's organizations could have shown it:
	// those with telemetry, each by its share of the days.
	Exposure float64
}

// TrendMeasure says which number of a TrendPoint a claim is about.
type TrendMeasure string

// The measures.
const (
	MeasureFindings      TrendMeasure = "findings"
	MeasureOrganizations TrendMeasure = "organizations"
)

// TrendClaimKind says what is claimed.
type TrendClaimKind string

// The kinds of claims.
const (
	ClaimRecord  TrendClaimKind = "record"  // first at this magnitude
	ClaimRise    TrendClaimKind = "rise"    // the last week is above the past
	ClaimFall    TrendClaimKind = "fall"    // the last week is below the past
	ClaimChange  TrendClaimKind = "change"  // the level changed for weeks
	ClaimWeekday TrendClaimKind = "weekday" // some days of the week are preferred
	ClaimHour    TrendClaimKind = "hour"    // some hours of the day are preferred
)

// TrendClaim is one statement about a trend that the past does not explain.
type TrendClaim struct {
	Kind     TrendClaimKind
	Measure  TrendMeasure
	From, To time.Time // what it is about, To not included; of a change, how long the new level lasted
	Value    float64   // what was counted; of a change, the new level a week
	Usual    float64   // what the past gave for the same exposure
	Periods  int       // how many past weeks (or, for rhythms, sessions) were compared
	// P is the probability that the past would give it by chance, already
	// corrected for the choice of the week. 0 where the claim has none.
	P float64
	// Q is P corrected for all questions that were asked of all trends
	// (Benjamini and Hochberg).
	Q                float64
	UTCOffsetMinutes int    // rhythms: the clock that days and hours are of
	Text             string // one sentence
}
