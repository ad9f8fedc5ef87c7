// Package ingest finds sources of records and reads them: files as they are or
// compressed, folders, globs, standard input. It knows bytes, lines and
// positions; what a line means is the business of package decode.
//
// A source is known by its content, not by its name: Fingerprint hashes how it
// starts, and a hash of the bytes before the position where reading stopped
// confirms it. So rotation, renaming and compression lose and repeat nothing.
//
// An implementation of Opener is one folder below this one.
package ingest

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/vedette-cti/vedette"
)

// Sizes in bytes.
const (
	// MaxRecord is the longest record that is decoded, without its line end.
	MaxRecord = 1 << 20
	// HeadLen is how much of the beginning of a source identifies it.
	HeadLen = 4096
	// TailLen is how much before a position confirms that it is the same source.
	TailLen = 4096
)

// Stdin is the path that names standard input.
const Stdin = "-"

// Opener finds and opens sources. It is safe for concurrent use.
type Opener interface {
	// Expand turns what a user named into files, sorted by path, each real
	// file once. A name that leads nowhere is an error with a hint.
	Expand(paths []string) (Listing, error)
	// Open opens a source at its beginning.
	Open(path string) (Stream, error)
}

// Listing is what Expand found.
type Listing struct {
	Paths   []string
	Skipped []Skipped
}

// Skipped is something that was found and not read.
type Skipped struct {
	Path   string
	Reason string
}

// Stream is the decompressed content of one source. It belongs to one
// goroutine, except that a live one may be closed by another. A Read error other than io.EOF comes after all that could be read.
type Stream interface {
	io.ReadCloser
	Info() Info
	// SkipTo moves forward to an offset of the content. Beyond the end is
	// io.ErrUnexpectedEOF.
	SkipTo(offset int64) error
	// Consumed says how many bytes of the file on disk were used up, for
	// progress. It may be called by another goroutine.
	Consumed() int64
}

// Info is what is known of a stream when it is opened.
type Info struct {
	Size    int64     // of the file on disk; 0 for standard input
	ModTime time.Time // the time of opening for standard input
	// Written is when the content was written, as far as that shows: what
	// compressed files say of it, else ModTime.
	Written time.Time
	// Plain says that offsets of the content are offsets of the file.
	Plain bool
	// Complete says that the content will not grow, so that a last line
	// without a line end is a record: compressed files, standard input.
	Complete bool
	// Live says that data may arrive slowly and should not wait for more.
	Live bool
}

// ErrCompressed is what a Read error of damaged or incomplete compressed data
// wraps.
var ErrCompressed = errors.New("compressed data is damaged or cut short")

// Hash is the xxh3-128 of b as an identifier.
func Hash(b []byte) vedette.ID { return vedette.ID(xxh3.Hash128(b).Bytes()) }

// EventID derives the identifier of an event from the identity of its source,
// the offset of its record, the record, and its index among the events of that
// record: xxh3-128 over the first three numbers and the xxh3-128 of the record.
func EventID(source vedette.ID, offset int64, index int, record []byte) vedette.ID {
	var buf [16 + 8 + 4 + 16]byte
	copy(buf[:], source[:])
	binary.LittleEndian.PutUint64(buf[16:], uint64(offset))
	binary.LittleEndian.PutUint32(buf[24:], uint32(index))
	h := xxh3.Hash128(record)
	binary.LittleEndian.PutUint64(buf[28:], h.Hi)
	binary.LittleEndian.PutUint64(buf[36:], h.Lo)
	return Hash(buf[:])
}

// ReadHead reads up to n bytes from r. A read error ends the head like the end
// of the content does.
func ReadHead(r io.Reader, n int) []byte {
	head := make([]byte, n)
	k, _ := io.ReadFull(r, head)
	return head[:k]
}
