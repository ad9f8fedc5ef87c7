package timeparse

import (
	"encoding/binary"
	"time"
	"unsafe"
)

// RFC3339 reads "2006-01-02T15:04:05.999Z07:00" at the start of b; a blank may
// stand for the T, "0700" for the zone. If no zone follows, zoned is false and ns is the
// local time as if it were UTC: see [Local]. n is how many bytes were read.
func RFC3339(b []byte) (ns int64, n int, zoned, ok bool) {
	if len(b) < 19 || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return 0, 0, false, false
	}
	if ns, n, ok = dateClock(b); !ok {
		return 0, 0, false, false
	}
	if off, m, ok := Offset(b[n:]); ok {
		return ns - int64(off)*Second, n + m, true, true
	}
	return ns, n, false, true
}

// dateClock reads a date, one byte whatever it is, and a clock.
func dateClock(b []byte) (ns int64, n int, ok bool) {
	day, ok := Date(b)
	if !ok {
		return 0, 0, false
	}
	ns, n, ok = Clock(b[11:])
	return ns + day, n + 11, ok
}

// ISO reads the profiles of ISO 8601 that logs use, s as a whole:
// 2006-01-02T15:04:05 with a blank or an underscore instead of the T, an
// optional fraction after a point or comma, and Z, UTC, +hh, +hhmm or +hh:mm. A
// time without zone is read in loc.
func ISO(s string, loc *time.Location) (ns int64, ok bool) {
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	if len(b) < 19 || b[10] != 'T' && b[10] != ' ' && b[10] != 't' && b[10] != '_' {
		return 0, false
	}
	ns, n, ok := dateClock(b)
	if !ok {
		return 0, false
	}
	if b = b[n:]; len(b) == 0 {
		if loc != time.UTC {
			ns = NewLocal(loc).UTC(ns)
		}
		return ns, true
	}
	if b[0] == ' ' && len(b) > 1 {
		b = b[1:]
	}
	off, m, ok := Offset(b)
	switch {
	case ok && m == len(b):
		return ns - int64(off)*Second, true
	case len(b) == 3 && string(b) == "UTC":
		return ns, true
	case len(b) == 3 && (b[0] == '+' || b[0] == '-') && uint(two(b, 1)) <= 23:
		off := int64(two(b, 1)) * 3600 * Second
		if b[0] == '-' {
			off = -off
		}
		return ns - off, true
	}
	return 0, false
}

// isoMinute is the length of "2006-01-02T15:04:", isoMicro that of
// "2006-01-02T15:04:05.000000Z".
const (
	isoMinute = 17
	isoMicro  = 27
)

// ISOCache is [ISO] in UTC with a memory of one minute, for times in
// microseconds: neighboring records of a log mostly share it. It belongs to one
// goroutine; the zero value is ready.
type ISOCache struct {
	head [2]uint64 // the first sixteen bytes
	ns   int64     // of the minute
}

// Parse is [ISO] in UTC.
func (c *ISOCache) Parse(s string) (ns int64, ok bool) {
	if len(s) != isoMicro || s[isoMicro-1] != 'Z' || s[19] != '.' || s[isoMinute-1] != ':' {
		return ISO(s, time.UTC)
	}
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	head := [2]uint64{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	second := two(b, isoMinute)
	if head == c.head && uint(second) < 60 {
		// The fraction's six digits, behind two zeros instead of "5.".
		w := binary.LittleEndian.Uint64(b[18:])&^0xffff | '0'<<8 | '0'
		if micro, ok := eight(w); ok {
			return c.ns + int64(second)*Second + int64(micro)*1000, true
		}
	}
	if ns, ok = ISO(s, time.UTC); ok && second < 60 && ns > 0 {
		c.head, c.ns = head, ns-ns%Second-int64(second)*Second
	}
	return ns, ok
}
