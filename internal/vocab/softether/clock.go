package softether

import "time"

// A Clock reads the local times of the logs. It remembers the last minute, as
// most lines lie in the minute of the line before. The zero value is not
// usable: set Location. In the hour that daylight saving time repeats, the
// logs do not tell the two passes apart; the first is assumed (as time.Date
// does).
type Clock struct {
	Location *time.Location

	minute [16]byte // "2026-11-24 00:37"
	base   int64    // Unix nanoseconds at its beginning
}

// TimeLen is the length of the times that Parse reads.
const TimeLen = len("2006-01-02 15:04:05.000")

// LooksLikeTime reports whether s begins with the shape of a time: digits and
// separators where they belong. between is what stands between date and time:
// a blank in text logs, a comma in packet logs, T in syslog datagrams.
func LooksLikeTime(s string, between byte) bool {
	if len(s) < TimeLen {
		return false
	}
	for i := range TimeLen {
		switch i {
		case 4, 7:
			if s[i] != '-' {
				return false
			}
		case 10:
			if s[i] != between {
				return false
			}
		case 13, 16:
			if s[i] != ':' {
				return false
			}
		case 19:
			if s[i] != '.' {
				return false
			}
		default:
			if !isDigit(s[i]) {
				return false
			}
		}
	}
	return true
}

// Parse returns the time that s begins with, in Unix nanoseconds, and false if
// there is no such time. s must have passed LooksLikeTime.
func (c *Clock) Parse(s string) (int64, bool) {
	if string(c.minute[:]) != s[:16] {
		year, month, day := two(s)*100+two(s[2:]), two(s[5:]), two(s[8:])
		hour, minute := two(s[11:]), two(s[14:])
		if year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 {
			return 0, false
		}
		t := time.Date(year, time.Month(month), day, hour, minute, 0, 0, c.Location)
		if day > 28 && time.Date(year, time.Month(month), day, 12, 0, 0, 0, time.UTC).Day() != day {
			return 0, false
		}
		copy(c.minute[:], s)
		c.base = t.UnixNano()
	}
	second := two(s[17:])
	if second > 60 {
		return 0, false
	}
	ms := two(s[20:])*10 + int(s[22]-'0')
	return c.base + int64(second)*int64(time.Second) + int64(ms)*int64(time.Millisecond), true
}

func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// ParseOffset reads the offset that StrictSyslogDatetimeFormat puts behind a
// time: Z, or the offset from UTC with its sign turned round and the hour not
// padded, -8:00 for UTC+8. It returns how much to add to the local time as if
// it were UTC.
func ParseOffset(s string) (add time.Duration, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	end, ok := number(s, 1)
	if !ok || end > 3 || end+3 != len(s) || s[end] != ':' || !isDigit(s[end+1]) || !isDigit(s[end+2]) {
		return 0, false
	}
	hours := int(s[end-1] - '0')
	if end == 3 {
		hours = two(s[1:])
	}
	add = time.Duration(hours)*time.Hour + time.Duration(two(s[end+1:]))*time.Minute
	if s[0] == '-' {
		add = -add
	}
	return add, true
}
