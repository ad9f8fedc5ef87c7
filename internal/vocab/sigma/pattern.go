package sigma

import "strings"

// PartKind is the kind of a part of a Pattern.
type PartKind uint8

// Parts of a pattern.
const (
	PartLiteral PartKind = iota
	PartAny              // *: any characters, also none
	PartOne              // ?: exactly one character
)

// Part is a piece of a Pattern.
type Part struct {
	Kind PartKind
	Text string // of a literal
}

// Pattern is a string with wildcards. Two literals are never adjacent, nor two
// PartAny. An empty pattern matches the empty field alone.
type Pattern []Part

// ParsePattern reads a Sigma string: * and ? are wildcards, a backslash before
// one of them or before a backslash takes its meaning away, any other backslash
// stands for itself.
func ParsePattern(s string) Pattern {
	var p Pattern
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p = append(p, Part{PartLiteral, lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			lit.WriteByte(s[i])
		case c == '*':
			flush()
			p = p.thenAny()
		case c == '?':
			flush()
			p = append(p, Part{Kind: PartOne})
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p
}

// Literal returns the pattern's text if it has no wildcards.
func (p Pattern) Literal() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Kind == PartLiteral:
		return p[0].Text, true
	}
	return "", false
}

// Simple takes a pattern apart that is one literal with at most a * on either
// side.
func (p Pattern) Simple() (text string, anchor Anchor, ok bool) {
	inner, head, tail := p, false, false
	if len(inner) > 1 && inner[0].Kind == PartAny {
		inner, head = inner[1:], true
	}
	if len(inner) > 1 && inner[len(inner)-1].Kind == PartAny {
		inner, tail = inner[:len(inner)-1], true
	}
	text, ok = inner.Literal()
	switch {
	case head && tail:
		anchor = AnchorAnywhere
	case head:
		anchor = AnchorEnd
	case tail:
		anchor = AnchorStart
	}
	return text, anchor, ok
}

// String returns the pattern in Sigma's notation.
func (p Pattern) String() string {
	var b strings.Builder
	for _, part := range p {
		switch part.Kind {
		case PartAny:
			b.WriteByte('*')
		case PartOne:
			b.WriteByte('?')
		default:
			b.WriteString(escaper.Replace(part.Text))
		}
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

func (p Pattern) thenAny() Pattern {
	if len(p) > 0 && p[len(p)-1].Kind == PartAny {
		return p
	}
	return append(p, Part{Kind: PartAny})
}

// anchored puts wildcards around p.
func (p Pattern) anchored(a Anchor) Pattern {
	q := make(Pattern, 0, len(p)+2)
	if (a == AnchorAnywhere || a == AnchorEnd) && (len(p) == 0 || p[0].Kind != PartAny) {
		q = append(q, Part{Kind: PartAny})
	}
	q = append(q, p...)
	if a == AnchorAnywhere || a == AnchorStart {
		q = q.thenAny()
	}
	return q
}

// mapLiterals replaces the text of every literal.
func (p Pattern) mapLiterals(f func(string) string) Pattern {
	q := make(Pattern, len(p))
	for i, part := range p {
		if part.Kind == PartLiteral {
			part.Text = f(part.Text)
		}
		q[i] = part
	}
	return q
}
