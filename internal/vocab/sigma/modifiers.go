package sigma

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// modifiers is the part of a field name after the first bar.
type modifiers struct {
	list  []string
	all   bool
	neq   bool
	cased bool
	regex bool
	flags string // of the regular expression
	raw   bool   // values are not patterns: no wildcards, no escapes
}

// transforms are the modifiers that change a string value, in the order in
// which they are written.
var transforms = map[string]func(Pattern) ([]Pattern, error){
	"contains":     one(func(p Pattern) Pattern { return p.anchored(AnchorAnywhere) }),
	"startswith":   one(func(p Pattern) Pattern { return p.anchored(AnchorStart) }),
	"endswith":     one(func(p Pattern) Pattern { return p.anchored(AnchorEnd) }),
	"wide":         one(func(p Pattern) Pattern { return p.mapLiterals(utf16le) }),
	"utf16le":      one(func(p Pattern) Pattern { return p.mapLiterals(utf16le) }),
	"utf16be":      one(func(p Pattern) Pattern { return p.mapLiterals(utf16be) }),
	"utf16":        withBOM,
	"base64":       base64Value,
	"base64offset": base64Offsets,
	"windash":      windash,
}

var timeParts = map[string]TimePart{"minute": PartMinute, "hour": PartHour, "day": PartDay, "week": PartWeek, "month": PartMonth, "year": PartYear}

var compares = map[string]Compare{"gt": CompareGT, "gte": CompareGTE, "lt": CompareLT, "lte": CompareLTE}

var anchors = map[string]Anchor{"contains": AnchorAnywhere, "startswith": AnchorStart, "endswith": AnchorEnd}

func parseModifiers(list []string) (modifiers, error) {
	m := modifiers{list: list}
	for i, name := range list {
		_, transform := transforms[name]
		_, part := timeParts[name]
		_, compare := compares[name]
		switch {
		case name == "all":
			m.all = true
		case name == "neq":
			m.neq = true
		case name == "cased":
			m.cased = true
		case name == "re":
			m.regex, m.raw = true, true
		case name == "i" || name == "m" || name == "s" || name == "ignorecase" || name == "multiline" || name == "dotall":
			if !slices.Contains(list[:i], "re") {
				return m, fmt.Errorf("modifier %q is for regular expressions only", name)
			}
			m.flags += name[:1]
			if name == "dotall" {
				m.flags = m.flags[:len(m.flags)-1] + "s"
			}
		case name == "cidr" || name == "exists" || name == "fieldref":
			m.raw = true
		case transform || part || compare || name == "expand":
		default:
			return m, fmt.Errorf("unknown modifier %q", name)
		}
	}
	return m, nil
}

// values turns one YAML scalar into the values it stands for, of which one must
// match.
func (p *parser) values(m modifiers, raw any) ([]Value, error) {
	last := func(names ...string) string {
		for _, n := range m.list {
			if slices.Contains(names, n) {
				return n
			}
		}
		return ""
	}
	if last("exists") != "" {
		b, ok := raw.(bool)
		if !ok {
			return nil, fmt.Errorf("exists wants true or false")
		}
		return []Value{{Kind: KindExists, Exists: b}}, nil
	}
	if raw == nil {
		return []Value{{Kind: KindNull}}, nil
	}
	text, err := scalarText(raw)
	if err != nil {
		return nil, err
	}
	cmp := last("gt", "gte", "lt", "lte")
	part := last("minute", "hour", "day", "week", "month", "year")
	switch {
	case m.regex:
		return regexValue(text, m)
	case last("cidr") != "":
		return networkValue(text)
	case cmp != "" || part != "":
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("comparison with something that is not a number")
		}
		return []Value{{Kind: KindCompare, Compare: compares[cmp], Number: n, Part: timeParts[part]}}, nil
	case last("fieldref") != "":
		return []Value{{Kind: KindFieldRef, Field: text, Anchor: anchors[last("contains", "startswith", "endswith")], Cased: m.cased}}, nil
	}
	return p.patternValues(m, text, raw)
}

func (p *parser) patternValues(m modifiers, text string, raw any) ([]Value, error) {
	texts := []string{text}
	if slices.Contains(m.list, "expand") {
		var missing string
		if texts, missing = p.expand(text); missing != "" {
			return []Value{{Kind: KindPlaceholder, Field: missing}}, nil
		}
	}
	var patterns []Pattern
	for _, t := range texts {
		if _, ok := raw.(string); ok {
			patterns = append(patterns, ParsePattern(t))
		} else {
			patterns = append(patterns, Pattern{{PartLiteral, t}})
		}
	}
	for _, name := range m.list {
		f := transforms[name]
		if f == nil {
			continue
		}
		var next []Pattern
		for _, pat := range patterns {
			out, err := f(pat)
			if err != nil {
				return nil, fmt.Errorf("modifier %s: %w", name, err)
			}
			next = append(next, out...)
		}
		patterns = next
	}
	out := make([]Value, len(patterns))
	for i, pat := range patterns {
		out[i] = Value{Kind: KindPattern, Pattern: pat, Cased: m.cased}
	}
	return out, nil
}

func scalarText(raw any) (string, error) {
	switch v := raw.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("a value must be a string, a number, a boolean or null")
}

func regexValue(text string, m modifiers) ([]Value, error) {
	if m.flags != "" {
		text = "(?" + m.flags + ")" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	return []Value{{Kind: KindRegexp, Regexp: re}}, nil
}

func networkValue(text string) ([]Value, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err2 := netip.ParseAddr(text)
		if err2 != nil {
			return nil, fmt.Errorf("%q is not a network in CIDR notation", text)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	return []Value{{Kind: KindNetwork, Network: prefix.Masked()}}, nil
}

var placeholder = regexp.MustCompile(`%([A-Za-z0-9_.-]+)%`)

// expand replaces the placeholders of text by every value they have. missing is
// the name of one that has none.
func (p *parser) expand(text string) (texts []string, missing string) {
	loc := placeholder.FindStringSubmatchIndex(text)
	if loc == nil {
		return []string{text}, ""
	}
	name := text[loc[2]:loc[3]]
	given := p.opts.Placeholders[name]
	if len(given) == 0 {
		p.missing(name)
		return nil, name
	}
	rest, missing := p.expand(text[loc[1]:])
	if missing != "" {
		return nil, missing
	}
	for _, v := range given {
		for _, r := range rest {
			texts = append(texts, text[:loc[0]]+v+r)
		}
	}
	return texts, ""
}

func one(f func(Pattern) Pattern) func(Pattern) ([]Pattern, error) {
	return func(p Pattern) ([]Pattern, error) { return []Pattern{f(p)}, nil }
}

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func utf16be(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return string(b)
}

func withBOM(p Pattern) ([]Pattern, error) {
	s, ok := p.Literal()
	if !ok {
		return nil, fmt.Errorf("wildcards can not be encoded")
	}
	return []Pattern{{{PartLiteral, "\xff\xfe" + utf16le(s)}}}, nil
}

func base64Value(p Pattern) ([]Pattern, error) {
	s, ok := p.Literal()
	if !ok {
		return nil, fmt.Errorf("wildcards can not be encoded")
	}
	return []Pattern{{{PartLiteral, base64.StdEncoding.EncodeToString([]byte(s))}}}, nil
}

// base64Offsets gives the three forms that a text takes inside Base64 data,
// by its distance from a group's start, without the characters that its
// neighbors take part in (appendix of the Sigma specification).
func base64Offsets(p Pattern) ([]Pattern, error) {
	s, ok := p.Literal()
	if !ok {
		return nil, fmt.Errorf("wildcards can not be encoded")
	}
	var out []Pattern
	for shift, cut := range []int{0, 2, 3} {
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + s))
		end := len(enc) - []int{0, 3, 2}[(len(s)+shift)%3]
		if cut < end {
			out = append(out, Pattern{{PartLiteral, enc[cut:end]}})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("text is too short")
	}
	return out, nil
}

// dashes are the characters that Windows programs take for the mark of an
// option: hyphen, slash, en dash, em dash, horizontal bar.
var dashes = []string{"-", "/", "\u2013", "\u2014", "\u2015"}

// maxDashes bounds the product of variants: 5 to the power of it.
const maxDashes = 4

// windash gives every variant of p in which the dashes and slashes that mark an
// option (not preceded, but followed by a word character) are replaced.
func windash(p Pattern) ([]Pattern, error) {
	out := []Pattern{{}}
	n := 0
	appendAll := func(part Part) {
		for i := range out {
			out[i] = out[i].join(part)
		}
	}
	for _, part := range p {
		if part.Kind != PartLiteral {
			appendAll(part)
			continue
		}
		start := 0
		text := part.Text
		for j := 0; j < len(text); j++ {
			if !isOptionMark(text, j) {
				continue
			}
			if n++; n > maxDashes {
				return nil, fmt.Errorf("more than %d option marks", maxDashes)
			}
			appendAll(Part{PartLiteral, text[start:j]})
			var next []Pattern
			for _, o := range out {
				for _, d := range dashes {
					next = append(next, slices.Clone(o).join(Part{PartLiteral, d}))
				}
			}
			out, start = next, j+1
		}
		appendAll(Part{PartLiteral, text[start:]})
	}
	return out, nil
}

func isOptionMark(s string, i int) bool {
	if s[i] != '-' && s[i] != '/' {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+1:])
	return !(i > 0 && isWord(before)) && i+1 < len(s) && isWord(after)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// join appends a part, merging literals.
func (p Pattern) join(part Part) Pattern {
	switch {
	case part.Kind == PartLiteral && part.Text == "":
		return p
	case part.Kind == PartLiteral && len(p) > 0 && p[len(p)-1].Kind == PartLiteral:
		p = slices.Clone(p)
		p[len(p)-1].Text += part.Text
		return p
	case part.Kind == PartAny:
		return p.thenAny()
	}
	return append(slices.Clip(p), part)
}
