package html

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// clean makes text from logs safe to look at: control and format characters,
// which can reorder, hide or fake what is read (Unicode Technical Report 36,
// section 2.5), are spelled out. The joiners U+200C and U+200D stay, because
// scripts need them. Text longer than limit characters is cut.
func clean(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > limit {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\t', r == 0x200c, r == 0x200d:
			b.WriteRune(r)
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// excerpt is clean, and says how many bytes are left out.
func excerpt(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return clean(s, limit)
	}
	end := 0
	for range limit {
		_, n := utf8.DecodeRuneInString(s[end:])
		end += n
	}
	return clean(s[:end], limit) + "… (" + plural(int64(len(s)-end), "more byte") + ")"
}

// cleaned is clean for a list, of which at most limit are kept; the rest is
// counted.
func cleaned(in []string, limit int) (out []string, rest int) {
	for i, s := range in {
		if i == limit {
			return out, len(in) - limit
		}
		out = append(out, clean(s, 60))
	}
	return out, 0
}

// country is a region's English name (Unicode CLDR), or the code itself.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return clean(code, 40)
	}
	if name := display.English.Regions().Name(region); name != "" {
		return name
	}
	return clean(code, 40)
}

// sector writes a STIX sector for people.
func sector(s string) string {
	switch s {
	case "":
		return "not stated"
	case "non-profit":
		return s
	}
	return strings.ReplaceAll(clean(s, 60), "-", " ")
}

// place joins what is known of a place.
func place(city, code string) string {
	if code == "" {
		return clean(city, 60)
	}
	if name := country(code); city != "" && !strings.HasPrefix(name, city) {
		return clean(city, 60) + ", " + name
	}
	return country(code)
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006")
}

func longDate(t time.Time) string { return t.UTC().Format("2 January 2006") }
func isoTime(t time.Time) string  { return t.UTC().Format(time.RFC3339) }
func stamp(t time.Time) string    { return t.UTC().Format("2006-01-02 15:04:05") }

// span writes a period in days.
func span(from, to time.Time) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case date(from) == date(to):
		return longDate(from)
	}
	return longDate(from) + " to " + longDate(to)
}

// thousands writes n with a comma every three digits.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(n) + " " + word + "s"
}

// enumerate writes a list as a sentence does, at most limit of it.
func enumerate(items []string, limit int) string {
	if rest := len(items) - limit; rest > 0 {
		return strings.Join(items[:limit], ", ") + " and " + strconv.Itoa(rest) + " more"
	}
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}
