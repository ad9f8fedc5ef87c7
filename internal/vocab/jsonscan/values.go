package jsonscan

import (
	"strconv"
	"strings"
	"time"

	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
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

// Nanoseconds is [timeparse.Seconds]: decimal seconds as nanoseconds.
func Nanoseconds(s string) (int64, bool) { return timeparse.Seconds(s) }

// Epoch is [timeparse.Epoch]: a Unix time in seconds or a smaller unit.
func Epoch(s string) (int64, bool) { return timeparse.Epoch(s) }

// Time is [timeparse.ISO]: a date and a clock with or without zone.
func Time(s string, loc *time.Location) (int64, bool) { return timeparse.ISO(s, loc) }

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
