package vedette

import "time"

// Indicator is a value known to belong to hostile infrastructure or tools.
type Indicator struct {
	Type       IndicatorType
	Value      string    // canonical form: lower case, no final dot, CIDR masked
	ValidFrom  time.Time // zero: always
	ValidUntil time.Time // zero: still; exclusive
	Source     string    // who says so: file, feed or bundle
	ID         string    // STIX id, if it has one
	Label      string    // what it is said to be: actor, malware or campaign
	Confidence int       // 0 to 100; sources that give none count as 50
}

// IndicatorType says what kind of value an indicator is.
type IndicatorType uint8

// Types of indicators; the words are STIX's observable types where there is one.
const (
	IndicatorAddress IndicatorType = iota + 1 // one IP address
	IndicatorNetwork                          // CIDR
	IndicatorDomain                           // a name and all below it
	IndicatorURL                              //
	IndicatorHash                             // MD5, SHA-1 or SHA-256, by length
)

// ValidAt reports whether the indicator holds at t (Unix nanoseconds).
func (i *Indicator) ValidAt(t int64) bool {
	return (i.ValidFrom.IsZero() || t >= i.ValidFrom.UnixNano()) &&
		(i.ValidUntil.IsZero() || t < i.ValidUntil.UnixNano())
}
