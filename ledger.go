package vedette

import "fmt"

// Ledger counts the records of a source. Comments, headers and blank lines are
// not records. It always balances: Read = Stored + Duplicate + Rejected.
type Ledger struct {
	Read      int64 `json:"read"`
	Stored    int64 `json:"stored"`
	Duplicate int64 `json:"duplicate"` // the same content was read before under another name
	Rejected  int64 `json:"rejected"`  // could not be understood; kept with the reason
}

// Add adds other to l.
func (l *Ledger) Add(other Ledger) {
	l.Read += other.Read
	l.Stored += other.Stored
	l.Duplicate += other.Duplicate
	l.Rejected += other.Rejected
}

// Check returns an error unless the ledger balances.
func (l Ledger) Check() error {
	if l.Read != l.Stored+l.Duplicate+l.Rejected {
		return fmt.Errorf("ledger does not balance: read %d, stored %d + duplicate %d + rejected %d", l.Read, l.Stored, l.Duplicate, l.Rejected)
	}
	return nil
}

// Reject is one record that could not be understood, kept for inspection.
type Reject struct {
	Line   int64
	Offset int64
	Reason string // one of few sentences, so that reasons can be counted
	Record []byte // the record, cut at MaxRejectBytes; aliases the batch
}

// MaxRejectBytes is how much of a rejected record is kept.
const MaxRejectBytes = 4096
