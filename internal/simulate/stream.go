package simulate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// A stream is one log of one device: its lines in time order, cut into a file a
// month or a day. A nil stream is a log that the organization does not keep:
// nothing is seen in it.
type stream struct {
	path    string // of the files, with %s for the month or day
	daily   bool
	compact bool // dates in file names without hyphens
	gz      bool
	eol     string
	header  func(first time.Time) string // lines that are no records
	footer  func(last time.Time) string
	again   bool // the header stands in the middle of the file once more (IIS does so after a restart)

	start, end time.Time     // of the simulation
	skew       time.Duration // how far the device's clock is off
	dark       []window      // when it wrote nothing

	act       *act // whose doing the organization's present is
	recs      []rec
	faults    faults
	ledger    ledger
	malicious []lineTruth // of the files that were written
}

type rec struct {
	at   int64 // Unix nanoseconds, by the device's clock
	line string
	act  act
}

type window struct{ from, to time.Time }

func (w window) contains(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

// ledger is what a correct reader counts.
type ledger struct {
	Read      int `json:"read"`
	Stored    int `json:"stored"`
	Duplicate int `json:"duplicate"`
	Rejected  int `json:"rejected"`
}

func (l *ledger) add(m ledger) {
	l.Read += m.Read
	l.Stored += m.Stored
	l.Duplicate += m.Duplicate
	l.Rejected += m.Rejected
}

// awake reports whether something at that moment is written down.
func (s *stream) awake(at time.Time) bool {
	if s == nil || at.Before(s.start) || !at.Before(s.end) {
		return false
	}
	for _, w := range s.dark {
		if w.contains(at) {
			return false
		}
	}
	return true
}

// clock is the time that the device would write for a moment.
func (s *stream) clock(at time.Time) time.Time { return at.Add(s.skew) }

// add writes a line down, if the device is awake, and reports whether it did.
func (s *stream) add(at time.Time, line string) bool {
	if !s.awake(at) {
		return false
	}
	s.recs = append(s.recs, rec{s.clock(at).UnixNano(), line, *s.act})
	return true
}

// write sorts the lines and writes the files below dir.
func (s *stream) write(dir string) error {
	sort.SliceStable(s.recs, func(i, j int) bool { return s.recs[i].at < s.recs[j].at })
	layout := "2006-01"
	if s.daily {
		layout = "2006-01-02"
	}
	if s.compact {
		layout = strings.ReplaceAll(layout, "-", "")
	}
	var files [][]rec
	last := ""
	for i, r := range s.recs {
		period := time.Unix(0, r.at).UTC().Format(layout)
		if period != last {
			files = append(files, s.recs[i:i])
			last = period
		}
		n := len(files) - 1
		files[n] = files[n][:len(files[n])+1]
	}
	for i, lines := range files {
		name := fmt.Sprintf(s.path, time.Unix(0, lines[0].at).UTC().Format(layout))
		if err := s.writeFile(dir, name, lines, i, len(files)); err != nil {
			return err
		}
	}
	s.recs = nil
	return nil
}

// writeFile writes the i-th of n files, with the faults that are due in it.
func (s *stream) writeFile(dir, name string, lines []rec, i, n int) error {
	var b bytes.Buffer
	first, last := time.Unix(0, lines[0].at).UTC(), time.Unix(0, lines[len(lines)-1].at).UTC()
	number, count := 0, func() int { return bytes.Count(b.Bytes(), []byte("\n")) }
	if s.header != nil {
		b.WriteString(s.header(first))
		number = count()
	}
	if s.gz {
		name += ".gz"
	}
	copied := s.faults.copied && i == n/3
	folder, base := filepath.Split(name)
	second := path.Join(folder, "restored", "copy-of-"+base)
	for k, r := range lines {
		if s.again && len(lines) > 200 && k == len(lines)/2 {
			b.WriteString(s.header(time.Unix(0, r.at).UTC()))
			number = count()
		}
		b.WriteString(r.line)
		b.WriteString(s.eol)
		number++
		s.note(name, number, r.act)
		if copied {
			s.note(second, number, r.act)
		}
		if i == n/2 {
			n := s.faults.garble(&b, k, lines, s.eol)
			s.ledger.Read += n
			s.ledger.Rejected += n
			number += n
		}
	}
	s.ledger.Read += len(lines)
	s.ledger.Stored += len(lines)
	if s.footer != nil {
		b.WriteString(s.footer(last))
	}
	if s.faults.truncated && i == n-1 {
		line := lines[len(lines)-1].line
		b.WriteString(line[:len(line)/2])
	}
	if err := s.store(filepath.Join(dir, name), b.Bytes(), last); err != nil {
		return err
	}
	if copied {
		s.ledger.Read += len(lines)
		s.ledger.Duplicate += len(lines)
		return s.store(filepath.Join(dir, second), b.Bytes(), last)
	}
	return nil
}

// store writes one file, compressed if the stream is, with the modification
// time of its last line: syslog has no year of its own.
func (s *stream) store(path string, data []byte, modified time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if s.gz {
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if err != nil {
			return err
		}
		w.ModTime = modified
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		data = z.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, modified, modified)
}

// faults are what goes wrong with a stream's files.
type faults struct {
	binary, half, oversized int  // garbage lines in the middle file
	truncated               bool // the last file ends within a line that is still being written
	copied                  bool // one file stands there twice
}

// garble writes the garbage that follows line k of the file, evenly spread over
// its second half, and returns how many lines that was.
func (f faults) garble(b *bytes.Buffer, k int, lines []rec, eol string) int {
	total := len(lines)
	n := f.binary + f.half + f.oversized
	if n == 0 || total < 4*n+40 {
		return 0
	}
	gap := total / 2 / (n + 1)
	at := k - total/2
	if at <= 0 || at%gap != 0 || at/gap > n {
		return 0
	}
	switch which := at / gap; {
	case which <= f.binary:
		b.WriteString("\x00\x7f\x00\xfe\xff\x01\x02sim\x00\x00\x90\x90\x1b\xe2\x28\xa1")
		b.WriteByte(byte('a' + which%26))
	case which <= f.binary+f.half:
		line := lines[k].line
		b.WriteString(line[:min(len(line)/4, 40)]) // cut within the first fields in every format
	default:
		b.WriteString(strings.Repeat("oversized simulated record without any structure ", 48000))
	}
	b.WriteString(eol)
	return 1
}
