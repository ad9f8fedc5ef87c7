package vedette

import "time"

// Source is one place that telemetry comes from: a file by its content, or a
// stream. It is created by ingest, shared by all events of the source, and
// read-only afterwards.
type Source struct {
	ID     ID     // hash of the first bytes, so a renamed file keeps its ID
	Path   string // log.file.path as the user named it, at the time of reading
	Format string // the decoder's name
	// CopyOf is the source that already holds this content under another name;
	// zero for an original. A copy's records count as duplicates as far as the
	// original was read.
	CopyOf ID
	// Organization is the constituent whose source glob matches Path, empty if
	// none does.
	Organization string
}

// Position says how far a source was read, and enough of its content to know
// it again under another name. It is stored in the transaction that holds the
// events read up to it.
type Position struct {
	Offset int64 // bytes of the decompressed content that were consumed
	Lines  int64 // lines before Offset
	Head   ID    // hash of the first HeadLen bytes
	// HeadLen is at most ingest's fingerprint length; it grows with the file
	// until that length is reached.
	HeadLen int
	Tail    ID // hash of the TailLen bytes before Offset
	TailLen int
	Size    int64     // size of the file on disk when it was read last
	ModTime time.Time // its modification time then
	// State is what the decoder needs to go on at Offset (headers, open
	// sessions); opaque to all but the decoder.
	State []byte
}

// SourceState is what the store knows of a source.
type SourceState struct {
	Source
	Position
	Ledger Ledger
}
