package jsonscan

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Int reads a whole number; a fraction of zeros is allowed, and so is an
// exponent where the result is whole. ok is false for anything else and beyond
// 64 bits.
func Int(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return slowInt(s)
	}
	i := 0
	if s[0] == '-' {
		i = 1
	}
	if i == len(s) {
		return 0, false
	}
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return slowInt(s)
		}
		n = n*10 + int64(c)
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

func slowInt(s string) (int64, bool) {
	if !decimal(s) {
		return 0, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -(1<<53) {
		return 0, false
	}
	return int64(f), true
}

// decimal reports whether s is made of the characters of a JSON number, which
// keeps the words and bases out that strconv knows.
func decimal(s string) bool {
	return s != "" && strings.Trim(s, "+-0123456789.eE") == "" && s[0] != '+'
}

// Nanoseconds reads decimal seconds, exactly: no binary fraction comes between,
// and digits beyond the ninth are cut. Exponents are understood.
func Nanoseconds(s string) (n int64, ok bool) {
	i, negative := 0, false
	if s != "" && s[0] == '-' {
		i, negative = 1, true
	}
	start := i
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if n = n*10 + int64(s[i]-'0'); n > 9_000_000_000 { // beyond the range of nanoseconds
			return 0, false
		}
	}
	if i == start {
		return 0, false
	}
	n *= 1e9
	if i < len(s) && s[i] == '.' {
		scale := int64(1e8)
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			n += int64(s[i]-'0') * scale
			scale /= 10
		}
	}
	if i < len(s) {
		return exponent(s)
	}
	if negative {
		n = -n
	}
	return n, true
}

// exponent is Nanoseconds for scientific notation.
func exponent(s string) (int64, bool) {
	if !decimal(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 9e9 || f < -9e9 {
		return 0, false
	}
	return int64(f * 1e9), true
}

// Epoch reads a Unix time in seconds, milliseconds, microseconds or nanoseconds,
// told apart by magnitude, as nanoseconds. Zero and negative times are not
// accepted: no record was written then.
func Epoch(s string) (n int64, ok bool) {
	whole, _, _ := strings.Cut(s, ".")
	if len(whole) <= 10 {
		n, ok = Nanoseconds(s)
		return n, ok && n > 0
	}
	if n, ok = Int(whole); !ok || n <= 0 {
		return 0, false
	}
	switch {
	case len(whole) <= 13:
		fraction, _ := Nanoseconds("0." + s[min(len(whole)+1, len(s)):])
		return n*1e6 + fraction/1e3, true
	case len(whole) <= 16:
		return n * 1e3, true
	case len(whole) <= 19:
		return n, true
	}
	return 0, false
}

// Time reads the profiles of ISO 8601 that logs use: 2006-01-02T15:04:05 with a
// blank or an underscore instead of the T, an optional fraction after a point or
// comma, and Z, +hh, +hhmm or +hh:mm. A time without zone is read in loc. It
// returns Unix nanoseconds.
func Time(s string, loc *time.Location) (int64, bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	if c := s[10]; c != 'T' && c != 't' && c != ' ' && c != '_' {
		return 0, false
	}
	year, month, day := two(s[0:])*100+two(s[2:]), two(s[5:]), two(s[8:])
	hour, minute, second := two(s[11:]), two(s[14:]), two(s[17:])
	if two(s[0:]) < 0 || two(s[2:]) < 0 || year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false
	}
	i, fraction := 19, int64(0)
	if i < len(s) && (s[i] == '.' || s[i] == ',') {
		scale := int64(1e8)
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			fraction += int64(s[i]-'0') * scale
			scale /= 10
		}
	}
	if i == len(s) {
		t := time.Date(year, time.Month(month), day, hour, minute, second, 0, loc)
		return t.UnixNano() + fraction, true
	}
	offset, ok := zone(s[i:])
	seconds := daysSinceEpoch(year, month, day)*86400 + int64(hour)*3600 + int64(minute)*60 + int64(second) - offset
	return seconds*1e9 + fraction, ok
}

// zone reads a zone designator as seconds east of UTC.
func zone(s string) (int64, bool) {
	if s == "Z" || s == "z" || s == " UTC" {
		return 0, true
	}
	if s[0] == ' ' && len(s) > 1 {
		s = s[1:]
	}
	if (s[0] != '+' && s[0] != '-') || len(s) < 3 {
		return 0, false
	}
	hours, minutes := two(s[1:]), 0
	switch {
	case len(s) == 5:
		minutes = two(s[3:])
	case len(s) == 6 && s[3] == ':':
		minutes = two(s[4:])
	case len(s) != 3:
		return 0, false
	}
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := int64(hours)*3600 + int64(minutes)*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// two reads two digits, -1 when they are none; s has at least two bytes.
func two(s string) int {
	a, b := s[0]-'0', s[1]-'0'
	if a > 9 || b > 9 {
		return -10000
	}
	return int(a)*10 + int(b)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSinceEpoch counts days from 1970-01-01 in the proleptic Gregorian
// calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
// days_from_civil).
func daysSinceEpoch(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era*146097+doe) - 719468
}

// Addr reads an IP address, with v4-mapped addresses unmapped and a zone
// dropped.
func Addr(s string) (netip.Addr, bool) {
	var quad [4]byte
	n, digits, value := 0, 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c-'0' <= 9 && digits < 3 && (digits != 1 || value != 0): // 010 means 10 to some and 8 to others
			value = value*10 + int(c-'0')
			digits++
		case c == '.' && digits > 0 && n < 3 && value < 256:
			quad[n] = byte(value)
			n++
			digits, value = 0, 0
		default:
			return slowAddr(s)
		}
	}
	if n != 3 || digits == 0 || value > 255 {
		return netip.Addr{}, false
	}
	quad[3] = byte(value)
	return netip.AddrFrom4(quad), true
}

func slowAddr(s string) (netip.Addr, bool) {
	// ParseAddr allocates its error: keep away what can be no address.
	if len(s) < 2 || len(s) > 64 || strings.IndexByte(s, ':') < 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}

// Port reads a port number.
func Port(s string) (uint16, bool) {
	n, ok := Int(s)
	if !ok || n < 0 || n > 65535 {
		return 0, false
	}
	return uint16(n), true
}

// Lower returns s in lower case (ASCII), s itself if it is that already, else a
// copy from alloc, such as a batch's Buffer.
func Lower(s string, alloc func(int) []byte) string {
	i := 0
	for i < len(s) && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	out := alloc(len(s))
	for k := range out {
		c := s[k]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[k] = c
	}
	return alias(out)
}

// Domain returns the name in a Host header or authority, in lower case and
// without port and brackets. whole says that nothing but letter case was lost.
func Domain(s string, alloc func(int) []byte) (domain string, whole bool) {
	name := s
	if len(s) > 0 && s[0] == '[' {
		if end := strings.IndexByte(s, ']'); end > 0 {
			name = s[1:end]
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		name = s[:i]
	}
	return Lower(name, alloc), len(name) == len(s)
}
