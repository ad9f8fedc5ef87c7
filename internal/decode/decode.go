// Package decode turns records of log files into events. A format is one
// folder below this one; it exports a variable Format and is listed in the
// table that internal/app generates.
//
// Decoders run on the hot path: they allocate nothing for an ordinary record.
// Strings of an event alias the record or the batch's arena.
package decode

import (
	"time"
	"unsafe"

	"github.com/vedette-cti/vedette"
)

// A Decoder understands the records of one source, in order. It belongs to that
// source and to one goroutine at a time.
type Decoder interface {
	// Decode appends the events that rec holds to b. rec is one record without
	// its line end; it stays unchanged as long as b is not reset, so strings
	// may alias it. b.Source is set.
	//
	// Three results are told apart: events and no error (a record); no event
	// and no error (not a record: a header, a comment); an error (a record that
	// can not be understood, whose text is the reason in the ledger, so it must
	// not contain parts of the record: use Reason). After an error the runner
	// drops what was added.
	//
	// The runner sets Source, Line, Offset, Original and ID of the events.
	Decode(b *vedette.Batch, rec []byte) error
}

// Stateful is a Decoder whose understanding of a record depends on records
// before it: column headers, open sessions, the year. The state is stored with
// the source's position and must stay under 1 MiB: forget the oldest.
type Stateful interface {
	Decoder
	State() []byte              // nil when there is nothing to remember
	Restore(state []byte) error // called before the first Decode, with what State gave
}

// Format describes one log format to the recognizer.
type Format struct {
	Name string // "zeek-tsv"; also shown in the ledger
	Doc  string // one sentence for people
	// Sniff says how sure it is that head, the first up to 64 KiB of a source
	// (cut at a line end if it has one, else anywhere), is in this format. It
	// must look at content only and hold for a head of a single record.
	Sniff func(head []byte) Confidence
	New   func(Options) Decoder
	// Loose says that the decoder takes any line for the continuation of the one
	// before, so that its consent proves nothing in a file of mixed formats.
	Loose bool
}

// Confidence is how sure a Format is: 0 not at all, 100 certain. The highest
// wins; a generic format (any JSON, any syslog) stays below 50, and at equal
// confidence the name decides.
type Confidence uint8

// Options is what a decoder may be told about its source.
type Options struct {
	// Location is the zone of times that state none. Never nil.
	Location *time.Location
	// Reference is when the source was written last (or read, for a stream).
	// Formats without a year take the latest year that does not put the
	// record more than a day after it.
	Reference time.Time
	// Payload finds the decoder for the message inside an envelope such as
	// syslog; it returns nil when no format recognizes msg. May be nil. A
	// decoder made by it lives as long as the caller keeps it; keep one for
	// each format and sender, not for each message.
	Payload func(msg []byte) Decoder
}

// Reason is an error whose text is constant, so that rejects can be counted.
type Reason string

// Error returns the text.
func (r Reason) Error() string { return string(r) }

// Reasons that several formats share.
const (
	ErrTruncated = Reason("record ends in the middle")
	ErrFields    = Reason("number of fields does not match the format")
	ErrTime      = Reason("time is missing or not readable")
	ErrSyntax    = Reason("record is not in the source's format")
	ErrJSON      = Reason("not valid JSON")
	ErrAddress   = Reason("address is not readable")
	ErrNumber    = Reason("number is not readable")
	ErrBinary    = Reason("binary data")
	ErrUTF8      = Reason("text is not UTF-8")
)

// String returns b as a string without copying. Use it for memory that the
// batch owns.
func String(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
