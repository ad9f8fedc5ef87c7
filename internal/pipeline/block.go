package pipeline

import (
	"bytes"
	"errors"
	"io"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

var byteOrderMark = []byte("\xEF\xBB\xBF")

// fill reads the next block into b and handles its records. It reports whether
// the source has ended.
func (s *session) fill(b *vedette.Batch, split *ingest.Splitter) (done bool) {
	c := split.Next(b.Block)
	b.Block = c.Block
	if !s.opened {
		s.open(c.Block[:len(c.Lines)+len(c.Rest)])
	}
	b.Source = s.source
	if c.Long != nil {
		s.long(b, c)
		s.position(b, false)
		return false
	}
	n := s.block(b, c.Lines)
	if n < len(c.Lines) {
		split.Unread(c.Block[n:len(c.Lines)+len(c.Rest)], c.Offset+int64(n))
	} else if c.End != nil {
		s.end(b, c.Rest, c.End)
		done = true
	}
	s.position(b, done)
	return done
}

// block handles the records of whole lines and moves the position after them.
// It returns how many bytes it took. When a decoder, enricher or detector
// panics, all is done again record by record, to find the one that is to blame
// and lose no other.
func (s *session) block(b *vedette.Batch, data []byte) int {
	n, lines, ok := s.careless(b, data)
	if !ok {
		s.rewind(b)
		n, lines = s.each(b, data, s.careful)
	}
	s.fold()
	s.advance(data[:n], lines)
	return n
}

func (s *session) careless(b *vedette.Batch, data []byte) (n int, lines int64, ok bool) {
	defer func() { _ = recover() }() // ok stays false
	n, lines = s.each(b, data, s.record)
	return n, lines, true
}

// rewind forgets what the block did to the batch and to the decoders.
func (s *session) rewind(b *vedette.Batch) {
	b.Reset()
	b.Source = s.source
	s.rejected = 0
	s.restore()
}

// careful is record for a block in which something panics.
func (s *session) careful(b *vedette.Batch, rec []byte, offset, line int64) {
	events, detections, ledger := len(b.Events), len(b.Detections), b.Ledger
	defer func() {
		if recover() != nil {
			b.Drop(events)
			clear(b.Detections[detections:])
			b.Detections = b.Detections[:detections]
			b.Ledger = ledger
			s.reject(b, rec, offset, line, string(s.stage))
		}
	}()
	s.record(b, rec, offset, line)
}

// each calls handle for the records of data, at most maxRecords of them. It
// returns how many bytes and line ends it went past.
func (s *session) each(b *vedette.Batch, data []byte, handle func(*vedette.Batch, []byte, int64, int64)) (n int, lines int64) {
	for n < len(data) && lines < maxRecords {
		rec := data[n:]
		size := bytes.IndexByte(rec, '\n') + 1
		rec = rec[:size-1]
		offset := s.offset + int64(n)
		n += size
		if rec, k := trim(rec); len(rec) > ingest.MaxRecord {
			s.reject(b, rec, offset, s.lines+lines+1, ingest.ErrLong.Error())
		} else if len(rec) > 0 {
			handle(b, rec, offset+int64(k), s.lines+lines+1)
		}
		lines++
	}
	return n, lines
}

// trim takes the carriage return from the end of a line and a byte order mark
// from its beginning, of which it returns the length. A blank line is empty
// afterwards.
func trim(rec []byte) (trimmed []byte, mark int) {
	if k := len(rec); k > 0 && rec[k-1] == '\r' {
		rec = rec[:k-1]
	}
	if len(rec) > 0 && rec[0] == byteOrderMark[0] && bytes.HasPrefix(rec, byteOrderMark) {
		rec, mark = rec[len(byteOrderMark):], len(byteOrderMark)
	}
	if len(rec) > 0 && rec[0] <= ' ' && len(bytes.TrimSpace(rec)) == 0 {
		rec = nil
	}
	return rec, mark
}

// advance moves the position past data.
func (s *session) advance(data []byte, lines int64) {
	s.offset += int64(len(data))
	s.lines += lines
	s.tail = ingest.LastBytes(s.tail, data)
}

// long rejects a record that is too long for a block.
func (s *session) long(b *vedette.Batch, c ingest.Chunk) {
	if !c.Ended && !s.complete() {
		s.waiting = &Waiting{Path: s.source.Path, Line: s.lines + 1, Bytes: c.LongBytes}
		return
	}
	if c.Offset+c.LongBytes <= s.dupUntil {
		b.Ledger.Read++
		b.Ledger.Duplicate++
	} else {
		s.keep(b, c.Long, c.Offset, s.lines+1, ingest.ErrLong.Error())
		s.fold()
	}
	s.offset += c.LongBytes
	s.tail = append(s.tail[:0], c.LongTail...)
	if c.Ended {
		s.lines++
	}
}

// complete reports whether a last line without a line end is a record.
func (s *session) complete() bool { return s.info.Complete || s.r.cfg.Final }

// end handles what follows the last line end.
func (s *session) end(b *vedette.Batch, rest []byte, end error) {
	rec, mark := trim(rest)
	line := s.lines + 1
	switch {
	case end != io.EOF:
		reason := string(errReading)
		if errors.Is(end, ingest.ErrCompressed) {
			reason = ingest.ErrCompressed.Error()
		}
		s.keep(b, rec, s.offset+int64(mark), line, reason)
		s.fold()
		return
	case len(rec) == 0:
		return
	case !s.complete() && !(selfDelimiting(rec) && s.decodes(rec)):
		if s.waiting == nil {
			s.waiting = &Waiting{Path: s.source.Path, Line: line, Bytes: int64(len(rest))}
		}
		return
	case len(rec) > ingest.MaxRecord:
		s.reject(b, rec, s.offset, line, ingest.ErrLong.Error())
	default:
		s.careful(b, rec, s.offset+int64(mark), line)
	}
	s.fold()
	s.advance(rest, 0)
}

// decodes tries rec on a batch that is thrown away and leaves the decoders as
// they were.
func (s *session) decodes(rec []byte) (ok bool) {
	s.state = s.save()
	defer func() {
		_ = recover()
		s.restore()
	}()
	b := vedette.Batch{Source: s.source}
	_, err := s.decode(&b, rec)
	return err == nil
}

// position notes in b where the source stands after it.
func (s *session) position(b *vedette.Batch, done bool) {
	s.state = s.save()
	b.Position = vedette.Position{
		Offset: s.offset, Lines: s.lines,
		Head: s.job.head, HeadLen: s.job.headLen,
		Tail: ingest.Hash(s.tail), TailLen: len(s.tail),
		State: s.state,
	}
	if done && s.waiting == nil {
		b.Position.Size, b.Position.ModTime = s.info.Size, s.info.ModTime
	}
}

// fold adds the counts of a block that is finished to the session's.
func (s *session) fold() {
	add := func(name string, stored, rejected int64) {
		if stored == 0 && rejected == 0 {
			return
		}
		if s.formats[name] == nil {
			s.formats[name] = &FormatCount{Name: name}
		}
		s.formats[name].Stored += stored
		s.formats[name].Rejected += rejected
	}
	for _, sl := range s.slots {
		add(sl.format.Name, sl.stored, 0)
		sl.stored = 0
	}
	add(s.source.Format, 0, s.rejected)
	s.rejected = 0
}
