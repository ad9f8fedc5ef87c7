package pipeline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/ingest"
)

// Reasons for rejects that come from here. Decoders have their own.
const (
	errUnrecognized = decode.Reason("format not recognized")
	errDecoder      = decode.Reason("decoder failed (bug)")
	errEnricher     = decode.Reason("enricher failed (bug)")
	errDetector     = decode.Reason("detector failed (bug)")
	errReading      = decode.Reason("reading failed")
)

const (
	// maxRecords bounds the events of a batch when lines are short.
	maxRecords = 4096
	// After patience lines in a row that nothing understood, only one line in
	// sniffEvery is shown to the recognizer.
	patience   = 1000
	sniffEvery = 64
	// sniffLen is how much of a source the recognizer sees.
	sniffLen = 64 << 10
)

// session reads one source: its decoders and where it stands.
type session struct {
	r       *run
	inspect *detect.Inspector
	job     *job
	source  *vedette.Source
	info    ingest.Info
	options decode.Options

	opened   bool    // the format was looked for
	slots    []*slot // decoders in use, in order of their first use
	primary  *slot   // of the source's format, nil if that is not recognized
	last     *slot   // that last understood what primary did not
	failures int     // lines in a row that nothing understood

	offset, lines int64
	tail          []byte
	state         []byte // of the decoders at offset
	dupUntil      int64  // content before this offset is in the original
	stage         decode.Reason
	waiting       *Waiting
	rejected      int64 // since the last fold
	formats       map[string]*FormatCount
}

// slot is a decoder that a session uses.
type slot struct {
	format   *decode.Format
	decoder  decode.Decoder
	stateful decode.Stateful // nil if decoder is not
	stored   int64           // since the last fold
}

func newSession(r *run, inspect *detect.Inspector, j *job, info ingest.Info) *session {
	source := j.source
	s := &session{
		r: r, inspect: inspect, job: j, source: &source, info: info,
		options: decode.Options{Location: r.cfg.Location, Reference: info.Written},
		offset:  j.start.Offset, lines: j.start.Lines, state: j.start.State,
		formats: make(map[string]*FormatCount),
	}
	if s.options.Reference.IsZero() {
		s.options.Reference = time.Now()
	}
	if j.original != nil {
		s.dupUntil = min(j.common, j.original.Offset)
	}
	return s
}

// resume moves stream to where reading stopped.
func (s *session) resume(stream ingest.Stream) error {
	if s.offset == 0 {
		return nil
	}
	tail, ok := readTail(stream, &s.job.start)
	if !ok {
		return errors.New("changed while it was being read")
	}
	s.tail = tail
	return nil
}

// open finds the format and makes the decoders: as they were when reading
// stopped, or from the beginning of the source.
func (s *session) open(head []byte) {
	s.opened = true
	if s.offset == 0 && !s.job.known {
		head = head[:min(len(head), sniffLen)]
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i+1]
		}
		if f := s.r.cfg.Formats.Recognize(head); f != nil {
			s.source.Format = f.Name
		}
	}
	s.restore()
}

// restore makes the decoders anew from s.state.
func (s *session) restore() {
	s.slots, s.primary, s.last, s.failures = nil, nil, nil, 0
	if f := s.r.cfg.Formats.Lookup(s.source.Format); f != nil {
		s.primary = s.slot(f)
	}
	state := s.state
	n, k := binary.Uvarint(state)
	if k <= 0 {
		return
	}
	s.failures, state = int(n), state[k:]
	last, state, _ := cutBytes(state)
	for len(state) > 0 {
		var name, own []byte
		var ok bool
		name, state, _ = cutBytes(state)
		if own, state, ok = cutBytes(state); !ok {
			break
		}
		f := s.r.cfg.Formats.Lookup(string(name))
		if f == nil {
			continue
		}
		if sl := s.slot(f); sl.stateful != nil {
			// A decoder of another version that does not know the state starts
			// without one; what it can not read is rejected, not lost.
			_ = sl.stateful.Restore(own)
		}
	}
	if f := s.r.cfg.Formats.Lookup(string(last)); f != nil {
		s.last = s.slot(f)
	}
}

// save is the inverse of restore; nil if there is nothing to remember.
func (s *session) save() []byte {
	var last string
	if s.last != nil {
		last = s.last.format.Name
	}
	out := binary.AppendUvarint(nil, uint64(s.failures))
	out = appendBytes(out, []byte(last))
	empty := len(out)
	for _, sl := range s.slots {
		if sl.stateful == nil {
			continue
		}
		if own := sl.stateful.State(); own != nil {
			out = appendBytes(appendBytes(out, []byte(sl.format.Name)), own)
		}
	}
	if s.failures == 0 && last == "" && len(out) == empty {
		return nil
	}
	return out
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func cutBytes(b []byte) (first, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n)], b[k+int(n):], true
}

// slot returns the session's decoder of format f.
func (s *session) slot(f *decode.Format) *slot {
	for _, sl := range s.slots {
		if sl.format == f {
			return sl
		}
	}
	sl := &slot{format: f, decoder: s.r.cfg.Formats.New(f, s.options)}
	sl.stateful, _ = sl.decoder.(decode.Stateful)
	s.slots = append(s.slots, sl)
	return sl
}

// decode turns rec into events of b, or says why not.
func (s *session) decode(b *vedette.Batch, rec []byte) (*slot, error) {
	s.stage = errDecoder
	if s.primary == nil {
		return s.alternative(b, rec, errUnrecognized)
	}
	n := len(b.Events)
	err := s.primary.decoder.Decode(b, rec)
	if err == nil {
		s.failures = 0
		return s.primary, nil
	}
	b.Drop(n)
	return s.alternative(b, rec, err)
}

// alternative tries formats other than the source's, for files that were put
// together from several.
func (s *session) alternative(b *vedette.Batch, rec []byte, reason error) (*slot, error) {
	n := len(b.Events)
	var tried *slot
	if s.failures < patience || s.failures%sniffEvery == 0 {
		if f := s.r.cfg.Formats.Recognize(rec); f != nil && (s.primary == nil || f != s.primary.format) {
			tried = s.slot(f)
			err := tried.decoder.Decode(b, rec)
			if err == nil {
				s.failures, s.last = 0, tried
				return tried, nil
			}
			b.Drop(n)
			if s.primary == nil {
				reason = err
			}
		}
	}
	// Lines below a header tell nothing to the recognizer.
	if s.last != nil && s.last != tried && s.last.stateful != nil && !s.last.format.Loose {
		if err := s.last.decoder.Decode(b, rec); err == nil {
			s.failures = 0
			return s.last, nil
		}
		b.Drop(n)
	}
	s.failures++
	return nil, reason
}

// record handles one record.
func (s *session) record(b *vedette.Batch, rec []byte, offset, line int64) {
	n := len(b.Events)
	sl, err := s.decode(b, rec)
	if err != nil {
		reason := err.Error()
		if isBinary(rec) {
			reason = string(decode.ErrBinary)
		}
		s.reject(b, rec, offset, line, reason)
		return
	}
	if len(b.Events) == n {
		return // a header or a comment
	}
	b.Ledger.Read++
	if offset+int64(len(rec)) <= s.dupUntil {
		b.Ledger.Duplicate++
		b.Drop(n)
		return
	}
	s.stage = errEnricher
	for i := n; i < len(b.Events); i++ {
		e := &b.Events[i]
		e.Source, e.Line, e.Offset, e.Original = s.source, line, offset, rec
		e.ID = ingest.EventID(s.source.ID, offset, i-n, rec)
		for _, en := range s.r.cfg.Enrichers {
			en.Enrich(e)
		}
	}
	s.stage = errDetector
	s.inspect.Inspect(b, n)
	b.Ledger.Stored++
	sl.stored++
}

// reject counts and keeps a record that could not be understood. Of a copy, the
// original has kept it.
func (s *session) reject(b *vedette.Batch, rec []byte, offset, line int64, reason string) {
	if offset+int64(len(rec)) <= s.dupUntil {
		b.Ledger.Read++
		b.Ledger.Duplicate++
		return
	}
	s.keep(b, rec, offset, line, reason)
}

// keep is reject for what is no duplicate.
func (s *session) keep(b *vedette.Batch, rec []byte, offset, line int64, reason string) {
	b.Ledger.Read++
	b.Ledger.Rejected++
	s.rejected++
	b.Rejects = append(b.Rejects, vedette.Reject{
		Line: line, Offset: offset, Reason: reason, Record: rec[:min(len(rec), vedette.MaxRejectBytes)],
	})
}

// isBinary reports whether rec has control characters that no text has.
func isBinary(rec []byte) bool {
	for _, c := range rec {
		if c < '\t' || c > '\r' && c < ' ' && c != 0x1B {
			return true
		}
	}
	return false
}

// selfDelimiting reports whether rec is complete although its line is not.
func selfDelimiting(rec []byte) bool {
	return len(rec) > 0 && rec[0] == '{' && json.Valid(rec)
}
