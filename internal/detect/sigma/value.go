package sigma

import (
	"bytes"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// value is one compiled value of a predicate.
type value struct {
	kind    sig.ValueKind
	cased   bool
	simple  bool // lit and anchor say it all
	anchor  sig.Anchor
	lit     []byte // folded unless cased
	parts   []sig.Part
	re      *regexp.Regexp
	needs   [][]byte // folded literals of which a text that re matches has one
	need    *need    // what else such a text has
	network netip.Prefix
	compare sig.Compare
	number  float64
	part    sig.TimePart
	exists  bool
	other   int32 // slot of a referenced field
}

func compileValue(v *sig.Value, slot func(string) int32) value {
	out := value{kind: v.Kind, cased: v.Cased, network: v.Network, compare: v.Compare, number: v.Number, part: v.Part, exists: v.Exists, re: v.Regexp, anchor: v.Anchor}
	norm := func(s string) string {
		if v.Cased {
			return s
		}
		return string(fold(nil, s))
	}
	switch v.Kind {
	case sig.KindPattern:
		var text string
		text, out.anchor, out.simple = v.Pattern.Simple()
		out.lit = []byte(norm(text))
		for _, p := range v.Pattern {
			p.Text = norm(p.Text)
			out.parts = append(out.parts, p)
		}
	case sig.KindRegexp:
		out.need = needOf(v.Regexp.String())
		for _, lit := range requiredLiterals(v.Regexp.String()) {
			out.needs = append(out.needs, []byte(lit))
		}
	case sig.KindFieldRef:
		out.other = slot(v.Field)
	}
	return out
}

// matchText reports whether the text matches; low is its folded form.
func (v *value) matchText(raw, low []byte) bool {
	s := low
	if v.cased {
		s = raw
	}
	switch v.kind {
	case sig.KindPattern:
		if v.simple {
			return anchored(s, v.lit, v.anchor)
		}
		return glob(v.parts, s)
	case sig.KindRegexp:
		return v.re.Match(raw)
	case sig.KindNetwork:
		addr, err := netip.ParseAddr(view(raw))
		return err == nil && v.network.Contains(addr.Unmap())
	case sig.KindCompare:
		n, ok := numeric(view(raw), v.part)
		return ok && v.compare.Holds(n, v.number)
	case sig.KindNull:
		return len(raw) == 0
	}
	return false
}

func anchored(s, lit []byte, a sig.Anchor) bool {
	switch a {
	case sig.AnchorAnywhere:
		return bytes.Contains(s, lit)
	case sig.AnchorStart:
		return bytes.HasPrefix(s, lit)
	case sig.AnchorEnd:
		return bytes.HasSuffix(s, lit)
	}
	return bytes.Equal(s, lit)
}

// glob matches s against literals and wildcards, going back to the last * only.
func glob(parts []sig.Part, s []byte) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for {
		ok := false
		switch {
		case p == len(parts):
			if i == len(s) {
				return true
			}
		case parts[p].Kind == sig.PartAny:
			star, mark = p, i
			p++
			if p == len(parts) {
				return true
			}
			ok = true
		case parts[p].Kind == sig.PartOne:
			if i < len(s) {
				_, size := utf8.DecodeRune(s[i:])
				i += size
				p++
				ok = true
			}
		case strings.HasPrefix(view(s[i:]), parts[p].Text):
			i += len(parts[p].Text)
			p++
			ok = true
		}
		if ok {
			continue
		}
		if star < 0 || mark >= len(s) {
			return false
		}
		mark++
		if next := parts[star+1]; next.Kind == sig.PartLiteral {
			j := strings.Index(view(s[mark:]), next.Text)
			if j < 0 {
				return false
			}
			mark += j
		}
		p, i = star+1, mark
	}
}

// numeric reads a number, or the part of a time stamp.
func numeric(s string, part sig.TimePart) (float64, bool) {
	if part == sig.PartNone {
		if strings.HasPrefix(s, "0x") {
			n, err := strconv.ParseUint(s[2:], 16, 64)
			return float64(n), err == nil
		}
		n, err := strconv.ParseFloat(s, 64)
		return n, err == nil && !math.IsNaN(n)
	}
	t, ok := parseTime(s)
	if !ok {
		return 0, false
	}
	switch part {
	case sig.PartMinute:
		return float64(t.Minute()), true
	case sig.PartHour:
		return float64(t.Hour()), true
	case sig.PartDay:
		return float64(t.Day()), true
	case sig.PartWeek:
		_, week := t.ISOWeek()
		return float64(week), true
	case sig.PartMonth:
		return float64(t.Month()), true
	}
	return float64(t.Year()), true
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && n < 1e11 {
		return time.Unix(int64(n), 0).UTC(), true
	}
	return time.Time{}, false
}
