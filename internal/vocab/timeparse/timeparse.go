// Package timeparse reads the times of log files at the price of a few
// comparisons: fixed layouts only, no allocation, Unix nanoseconds out.
//
// It is not a replacement for the time package: a layout that is not one of
// these belongs there. Years are 1 to 9999 and must fit in Unix nanoseconds
// (1678 to 2261); second 60 is accepted and is the next minute's first, as
// RFC 5424 and RFC 3339 allow leap seconds.
package timeparse

import "time"

// Second is the number of nanoseconds in a second, the unit that every function
// of this package returns.
const Second = int64(time.Second)

// Unix returns the seconds from 1970 to a date of the Gregorian calendar, UTC.
// Its algorithm is "days_from_civil" of Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms".
func Unix(year, month, day, hour, minute, second int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	days := int64(era*146097+doe) - 719468
	return days*86400 + int64(hour*3600+minute*60+second)
}

var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// validDate reports whether the calendar has that day and nanoseconds hold it.
func validDate(year, month, day int) bool {
	if year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || day > monthDays[month] {
		return false
	}
	return month != 2 || day < 29 || leap(year)
}

// two reads two digits at b[i:], which must exist; a negative result is none.
func two(b []byte, i int) int {
	h, l := b[i]-'0', b[i+1]-'0'
	if h > 9 || l > 9 {
		return -1 << 16
	}
	return int(h)*10 + int(l)
}

// Month returns 1 to 12 for the English abbreviation at the start of b, letter
// case ignored, and 0 for anything else.
func Month(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	switch uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// clock reads "15:04:05" at the start of b as seconds of the day.
func clock(b []byte) (seconds int, ok bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	h, m, s := two(b, 0), two(b, 3), two(b, 6)
	if uint(h) > 23 || uint(m) > 59 || uint(s) > 60 {
		return 0, false
	}
	return h*3600 + m*60 + s, true
}

// Clock reads "15:04:05" with an optional fraction of up to nine digits (more
// are ignored) after a dot or comma, and returns the nanoseconds of the day and
// how many bytes they took.
func Clock(b []byte) (ns int64, n int, ok bool) {
	s, ok := clock(b)
	if !ok {
		return 0, 0, false
	}
	f, n := fraction(b[8:])
	return int64(s)*Second + f, 8 + n, true
}

// fraction reads ".123456": nanoseconds and length, zero if there is none.
func fraction(b []byte) (ns int64, n int) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || b[1]-'0' > 9 {
		return 0, 0
	}
	scale := Second / 10
	for n = 1; n < len(b) && b[n]-'0' <= 9; n++ {
		ns += int64(b[n]-'0') * scale
		scale /= 10
	}
	return ns, n
}

// Date reads "2006-01-02" or "2006/01/02" at the start of b and returns the
// nanoseconds from 1970 to its midnight.
func Date(b []byte) (ns int64, ok bool) {
	if len(b) < 10 || b[4] != b[7] || b[4] != '-' && b[4] != '/' {
		return 0, false
	}
	y, m, d := two(b, 0)*100+two(b, 2), two(b, 5), two(b, 8)
	if !validDate(y, m, d) {
		return 0, false
	}
	return Unix(y, m, d, 0, 0, 0) * Second, true
}

// Offset reads "Z", "+08:00" or "+0800" at the start of b: seconds east of UTC
// and the length.
func Offset(b []byte) (seconds, n int, ok bool) {
	if len(b) > 0 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, 1, true
	}
	if len(b) < 5 || b[0] != '+' && b[0] != '-' {
		return 0, 0, false
	}
	n = 5
	minutes := b[3:5]
	if b[3] == ':' {
		if len(b) < 6 {
			return 0, 0, false
		}
		n, minutes = 6, b[4:6]
	}
	h, m := two(b, 1), two(minutes, 0)
	if uint(h) > 23 || uint(m) > 59 {
		return 0, 0, false
	}
	seconds = h*3600 + m*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, n, true
}
