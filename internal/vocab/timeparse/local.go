package timeparse

import (
	"math"
	"time"
)

// Local turns local times of one zone into UTC. It remembers the offset of the
// last quarter of an hour, the smallest step at which zones change. It belongs
// to one goroutine.
type Local struct {
	loc     *time.Location
	quarter int64
	offset  int64 // nanoseconds to subtract
}

// NewLocal returns a converter for loc; nil is UTC.
func NewLocal(loc *time.Location) *Local {
	if loc == nil {
		loc = time.UTC
	}
	return &Local{loc: loc, quarter: math.MinInt64}
}

// UTC converts a local time, given as nanoseconds as if it were UTC. For a time
// that does not exist or exists twice (daylight saving) it answers as
// [time.Date] does.
func (l *Local) UTC(ns int64) int64 {
	if l.loc == time.UTC {
		return ns
	}
	const quarter = int64(15 * time.Minute)
	q := ns / quarter
	if ns < 0 && ns%quarter != 0 {
		q--
	}
	if q != l.quarter {
		u := time.Unix(0, ns).UTC()
		t := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), u.Nanosecond(), l.loc)
		l.quarter, l.offset = q, ns-t.UnixNano()
	}
	return ns - l.offset
}
