package timeparse

import "encoding/binary"

// CLFLen is the length of the time in the Common Log Format:
// "02/Jan/2006:15:04:05 -0700".
const CLFLen = 26

// CLF reads the time of the Common Log Format of Apache and nginx, without
// brackets. b must be CLFLen bytes long.
func CLF(b []byte) (ns int64, ok bool) {
	if len(b) != CLFLen || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[20] != ' ' {
		return 0, false
	}
	d, m, y := two(b, 0), Month(b[3:]), two(b, 7)*100+two(b, 9)
	s, ok := clock(b[12:])
	off, n, zoned := Offset(b[21:])
	if !ok || !zoned || n != 5 || !validDate(y, m, d) {
		return 0, false
	}
	return (Unix(y, m, d, 0, 0, s) - int64(off)) * Second, true
}

// CLFCache is CLF with a memory of one minute: neighboring lines of a log mostly
// share it. It belongs to one goroutine; the zero value is ready.
type CLFCache struct {
	text [4]uint64 // all of it but the seconds, in words that overlap
	ns   int64     // of the minute
}

// Parse is [CLF].
func (c *CLFCache) Parse(b []byte) (ns int64, ok bool) {
	if len(b) != CLFLen {
		return 0, false
	}
	le := binary.LittleEndian
	text := [4]uint64{le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[10:]), le.Uint64(b[18:]) &^ 0xffff}
	second := two(b, 18)
	if text == c.text && uint(second) < 60 {
		return c.ns + int64(second)*Second, true
	}
	if ns, ok = CLF(b); ok {
		c.text, c.ns = text, ns-int64(second)*Second
	}
	return ns, ok
}
