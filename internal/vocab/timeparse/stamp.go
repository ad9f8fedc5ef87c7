package timeparse

import "time"

// Stamp is a time without a year, as RFC 3164 section 4.1.2 has it.
type Stamp struct {
	Month, Day int
	Clock      int64 // nanoseconds of the day
}

// ParseStamp reads "Jan  2 15:04:05" at the start of b, with one or two blanks
// before a single digit, a leading zero allowed, a fraction of the second
// allowed. n is how many bytes were read.
func ParseStamp(b []byte) (s Stamp, n int, ok bool) {
	if len(b) < 14 || b[3] != ' ' {
		return s, 0, false
	}
	if s.Month = Month(b); s.Month == 0 {
		return s, 0, false
	}
	n = 4
	if b[n] == ' ' {
		n++
	}
	for start := n; n < len(b) && b[n]-'0' <= 9 && n < start+2; n++ {
		s.Day = s.Day*10 + int(b[n]-'0')
	}
	if s.Day < 1 || s.Day > monthDays[s.Month] || n >= len(b) || b[n] != ' ' {
		return s, 0, false
	}
	n++
	var m int
	if s.Clock, m, ok = Clock(b[n:]); !ok {
		return s, 0, false
	}
	return s, n + m, true
}

// In returns the stamp in a year, nanoseconds as if local time were UTC. ok is
// false for 29 February of a common year.
func (s Stamp) In(year int) (ns int64, ok bool) {
	if !validDate(year, s.Month, s.Day) {
		return 0, false
	}
	return Unix(year, s.Month, s.Day, 0, 0, 0)*Second + s.Clock, true
}

// slack is how far back a log may jump without its year being thought over.
const slack = 7 * 24 * int64(time.Hour)

// Years gives stamps of one log their year.
//
// A record is never put more than a day after the reference, the time when the
// log was written last. Within that bound, the first record takes the latest
// year; a later one takes the first year that does not put it more than a week
// before its predecessor, so December turns into January and a log that is read
// on after a long pause continues where it stood. A log that covers more than a
// year in one reading is ambiguous and has its oldest part put too late.
//
// Years belongs to one goroutine.
type Years struct {
	// Last is the time of the previous record in nanoseconds, local time as if
	// it were UTC; 0 before the first. Keep it to go on later.
	Last  int64
	limit int64
}

// NewYears returns a Years for a log whose last record was written at reference,
// in loc's zone (nil: UTC). The zero reference is the present.
func NewYears(reference time.Time, loc *time.Location) *Years {
	if reference.IsZero() {
		reference = time.Now()
	}
	if loc == nil {
		loc = time.UTC
	}
	_, offset := reference.In(loc).Zone()
	return &Years{limit: reference.Add(24*time.Hour).UnixNano() + int64(offset)*Second}
}

// Resolve returns s with its year, nanoseconds as if local time were UTC. ok is
// false if no year within eight of the bound has that day.
func (y *Years) Resolve(s Stamp) (ns int64, ok bool) {
	if y.Last != 0 {
		year := time.Unix(0, y.Last-slack).UTC().Year()
		for try := year; try <= year+8; try++ {
			if ns, ok = s.In(try); ok && ns >= y.Last-slack {
				break
			}
		}
		if ok && ns <= y.limit {
			y.Last = ns
			return ns, true
		}
	}
	latest := time.Unix(0, y.limit).UTC().Year()
	for try := latest; try >= latest-8; try-- {
		if ns, ok = s.In(try); ok && ns <= y.limit {
			y.Last = ns
			return ns, true
		}
	}
	return 0, false
}

// ParseDated reads "Jan  2 2006 15:04:05", the stamp with a year that some
// devices send, at the start of b: nanoseconds as if local time were UTC. n is
// how many bytes were read.
func ParseDated(b []byte) (ns int64, n int, ok bool) {
	s := Stamp{Month: Month(b)}
	if s.Month == 0 || len(b) < 19 || b[3] != ' ' {
		return 0, 0, false
	}
	n = 4
	if b[n] == ' ' {
		n++
	}
	for start := n; b[n]-'0' <= 9 && n < start+2; n++ {
		s.Day = s.Day*10 + int(b[n]-'0')
	}
	if len(b) < n+14 || b[n] != ' ' || b[n+5] != ' ' {
		return 0, 0, false
	}
	year := two(b, n+1)*100 + two(b, n+3)
	clock, m, ok := Clock(b[n+6:])
	if !ok {
		return 0, 0, false
	}
	s.Clock = clock
	ns, ok = s.In(year)
	return ns, n + 6 + m, ok
}
