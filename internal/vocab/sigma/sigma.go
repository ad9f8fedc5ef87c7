// Package sigma parses detection rules in the Sigma format: YAML documents with
// a log source, named searches and a condition over them, and the correlation
// rules built on top. It follows the Sigma specification 2.1
// (github.com/SigmaHQ/sigma-specification: rules, correlation rules and the
// modifiers appendix).
//
// The package knows nothing of events. A rule comes out as one tree of And, Or
// and Not over items; an item is a field and the values of which one must
// match. Modifiers are resolved while parsing: what remains are patterns with
// wildcards, regular expressions, networks, comparisons and references.
//
// Do not use it to check the metadata of a rule for style: it rejects what can
// not be evaluated, not what could be written better.
package sigma

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// LogSource says which telemetry a rule is about. Empty parts do not restrict.
type LogSource struct {
	Category string
	Product  string
	Service  string
}

// String returns the parts that are set as "category/product/service" with "*"
// for the others.
func (l LogSource) String() string {
	star := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return star(l.Category) + "/" + star(l.Product) + "/" + star(l.Service)
}

// Meta is what detection and correlation rules have in common. Author and ID
// must accompany every match that is shown (Detection Rule License 1.1).
type Meta struct {
	Title          string
	ID             string
	Name           string // correlations may refer to it instead of ID
	Status         string // stable, test, experimental, deprecated, unsupported
	Description    string
	License        string
	Author         string
	References     []string
	Tags           []string
	Level          string // informational, low, medium, high, critical
	Fields         []string
	FalsePositives []string // known harmless causes of a match
}

// Rule is a detection rule. It is read-only after parsing and safe for
// concurrent use.
type Rule struct {
	Meta
	LogSource LogSource
	Searches  []Search // in the order of the file
	// Condition is the rule as one tree, the searches' trees put in place of
	// their names. Several conditions are joined with Or.
	Condition *Expr
	// Placeholders are the %names% that no value was given for. Values that
	// hold one never match.
	Placeholders []string
}

// Search is a named search of a rule's detection section.
type Search struct {
	Name string
	Expr *Expr
}

// Op is the kind of an Expr.
type Op uint8

// Kinds of nodes.
const (
	OpItem Op = iota
	OpAnd
	OpOr
	OpNot
)

// Expr is a node of a condition.
type Expr struct {
	Op   Op
	Args []*Expr // of And, Or (one or more) and Not (one)
	Item *Item   // of OpItem
	// Optional marks an optional filter (a search whose name begins with
	// filter_optional): it may be ignored where the telemetry lacks its fields.
	Optional bool
}

// Item is true for an event whose field matches one of the values. Field is
// empty for keywords, which are looked for in the whole record.
type Item struct {
	Field  string
	Values []Value
}

// ValueKind says which fields of a Value are set.
type ValueKind uint8

// Kinds of values.
const (
	KindPattern     ValueKind = iota // Pattern, Cased
	KindNull                         // the field is absent or null
	KindRegexp                       // Regexp
	KindNetwork                      // Network
	KindCompare                      // Compare, Number, Part
	KindExists                       // Exists
	KindFieldRef                     // Field, Anchor, Cased
	KindPlaceholder                  // Field is the placeholder's name; never matches
)

// Value is what a field is compared with.
type Value struct {
	Kind    ValueKind
	Pattern Pattern
	Cased   bool           // letter case counts
	Regexp  *regexp.Regexp // searched anywhere in the field
	Network netip.Prefix
	Compare Compare
	Number  float64
	Part    TimePart // of a time stamp; PartNone compares the number itself
	Exists  bool
	Field   string
	Anchor  Anchor // how a referenced field is compared
}

// Compare is a numeric comparison.
type Compare uint8

// Comparisons.
const (
	CompareEQ Compare = iota
	CompareGT
	CompareGTE
	CompareLT
	CompareLTE
	CompareNEQ
)

// Holds reports whether "a c b" is true.
func (c Compare) Holds(a, b float64) bool {
	switch c {
	case CompareEQ:
		return a == b
	case CompareGT:
		return a > b
	case CompareGTE:
		return a >= b
	case CompareLT:
		return a < b
	case CompareLTE:
		return a <= b
	}
	return a != b
}

// TimePart is a part of a time stamp (modifiers minute to year).
type TimePart uint8

// Parts of a time stamp, in UTC; weeks are ISO 8601 weeks.
const (
	PartNone TimePart = iota
	PartMinute
	PartHour
	PartDay
	PartWeek
	PartMonth
	PartYear
)

// Anchor says where a literal must stand in a field.
type Anchor uint8

// Places: the whole field, anywhere, at its start, at its end.
const (
	AnchorWhole Anchor = iota
	AnchorAnywhere
	AnchorStart
	AnchorEnd
)

var (
	techniqueTag = regexp.MustCompile(`^attack\.(t[0-9]{4}(?:\.[0-9]{3})?)$`)
	cveTag       = regexp.MustCompile(`^cve[.-]((?:19|20)[0-9]{2})[.-]([0-9]{4,})$`)
)

// Techniques returns the ATT&CK technique ids in the tags, sub-techniques first
// (they are more specific), each group in the order of the file.
func (m *Meta) Techniques() []string {
	var sub, top []string
	for _, t := range m.Tags {
		if g := techniqueTag.FindStringSubmatch(strings.ToLower(t)); g != nil {
			if id := strings.ToUpper(g[1]); strings.Contains(id, ".") {
				sub = append(sub, id)
			} else {
				top = append(top, id)
			}
		}
	}
	return append(sub, top...)
}

// CVEs returns the CVE ids in the tags (cve.2021.44228 or cve.2021-44228).
func (m *Meta) CVEs() []string {
	var out []string
	for _, t := range m.Tags {
		if g := cveTag.FindStringSubmatch(strings.ToLower(t)); g != nil {
			out = append(out, fmt.Sprintf("CVE-%s-%s", g[1], g[2]))
		}
	}
	return out
}

// HasTag reports whether the rule carries the tag.
func (m *Meta) HasTag(tag string) bool {
	for _, t := range m.Tags {
		if strings.EqualFold(t, tag) {
			return true
		}
	}
	return false
}

// Custom returns the rest of the first tag that begins with prefix, letter case
// kept: Custom("vedette.tool.") of "vedette.tool.sqlmap" is "sqlmap".
func (m *Meta) Custom(prefix string) (string, bool) {
	for _, t := range m.Tags {
		if len(t) > len(prefix) && strings.EqualFold(t[:len(prefix)], prefix) {
			return t[len(prefix):], true
		}
	}
	return "", false
}
