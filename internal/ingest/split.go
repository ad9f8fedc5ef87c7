package ingest

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// DefaultBlock is a good size for the memory given to Splitter.Next.
const DefaultBlock = 256 << 10

// Splitter cuts a stream into blocks of whole lines. Block memory is the
// caller's: what Next returns aliases the block that it was given, and the
// Splitter keeps no reference to it. A Splitter belongs to one goroutine.
type Splitter struct {
	r      io.Reader
	max    int    // longest record in bytes
	carry  []byte // read, but not yet handed out
	offset int64  // of the first byte of carry
	eager  bool
	end    error // why reading stopped
}

// NewSplitter returns a Splitter for r, whose next byte is at offset of the
// content. An eager one hands out lines as they come instead of filling blocks.
func NewSplitter(r io.Reader, offset int64, eager bool) *Splitter {
	return &Splitter{r: r, max: MaxRecord, offset: offset, eager: eager}
}

// Chunk is a piece of the stream.
type Chunk struct {
	Block  []byte // the memory given to Next, grown if a record needed it
	Offset int64  // of the first byte of Lines, or of Long
	Lines  []byte // whole lines with their line ends
	Rest   []byte // what follows the last line end when End is set
	// Long is the beginning, at least vedette.MaxRejectBytes, of a record that is
	// too long; Lines and Rest are empty then. LongBytes is its length with
	// the line end; Ended says whether it had one.
	Long      []byte
	LongBytes int64
	LongTail  []byte // its last bytes with the line end, at most TailLen
	Ended     bool
	// End is set with the last chunk: io.EOF or why reading failed.
	End error
}

// Next reads the next chunk into block, which may be nil. After a chunk with
// End set, Next must not be called again unless Unread was.
func (s *Splitter) Next(block []byte) Chunk {
	block = block[:cap(block)]
	if len(block) < s.minBlock() {
		block = make([]byte, s.minBlock())
	}
	n := copy(block, s.carry)
	s.carry = s.carry[:0]
	lines := bytes.LastIndexByte(block[:n], '\n') + 1
	for s.end == nil {
		if n == len(block) {
			if lines > 0 {
				break
			}
			if n >= s.max+2 {
				return s.long(block)
			}
			block = append(block, make([]byte, min(3*n, s.max+2-n))...)
		}
		if s.eager && lines > 0 {
			break
		}
		k, err := s.r.Read(block[n:])
		if i := bytes.LastIndexByte(block[n:n+k], '\n'); i >= 0 {
			lines = n + i + 1
		}
		n += k
		s.end = err
	}
	c := Chunk{Block: block, Offset: s.offset, Lines: block[:lines]}
	s.offset += int64(lines)
	if s.end != nil {
		c.End, c.Rest = s.end, block[lines:n]
		s.offset += int64(n - lines)
	} else {
		s.carry = append(s.carry, block[lines:n]...)
	}
	return c
}

// minBlock is large enough for what is carried over and more.
func (s *Splitter) minBlock() int { return max(DefaultBlock, len(s.carry)+1) }

// long skips the record that fills block without a line end.
func (s *Splitter) long(block []byte) Chunk {
	const keep = 64 << 10
	long, scratch := block[:min(keep, len(block)/2)], block[len(block)/2:]
	c := Chunk{Block: block, Offset: s.offset, Long: long, LongBytes: int64(len(block))}
	c.LongTail = append(c.LongTail, block[max(0, len(block)-TailLen):]...)
	for s.end == nil && !c.Ended {
		var k int
		k, s.end = s.r.Read(scratch)
		if i := bytes.IndexByte(scratch[:k], '\n'); i >= 0 {
			c.Ended = true
			s.carry = append(s.carry, scratch[i+1:k]...)
			k = i + 1
		}
		c.LongBytes += int64(k)
		c.LongTail = LastBytes(c.LongTail, scratch[:k])
	}
	s.offset += c.LongBytes
	return c
}

// Unread gives back the end of what the last chunk held, from offset on: data
// is the rest of its Lines and its Rest, which follow each other in memory.
func (s *Splitter) Unread(data []byte, offset int64) {
	old := len(s.carry)
	s.carry = slices.Grow(s.carry, len(data))[:old+len(data)]
	copy(s.carry[len(data):], s.carry[:old])
	copy(s.carry, data)
	s.offset = offset
}

// LastBytes returns the last TailLen bytes of tail and more together, in tail's
// memory.
func LastBytes(tail, more []byte) []byte {
	if len(more) >= TailLen {
		return append(tail[:0], more[len(more)-TailLen:]...)
	}
	if over := len(tail) + len(more) - TailLen; over > 0 {
		tail = tail[:copy(tail, tail[over:])]
	}
	return append(tail, more...)
}

// ErrLong is the reason for a record over MaxRecord.
var ErrLong = errors.New("record longer than 1 MiB")
