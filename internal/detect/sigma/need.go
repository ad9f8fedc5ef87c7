package sigma

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// need is a condition that every text which a regular expression matches
// fulfils, and that a signature of the text can refute: the expression's
// literals and small character classes, with And and Or as in the expression.
// It spares most runs of the expression (the idea of Cox, "Regular Expression
// Matching with a Trigram Index", 2012). A nil need is always fulfilled.
type need struct {
	op    sig.Op // OpItem: set and grams
	kids  []*need
	set   [4]uint64 // one of these bytes occurs
	grams []gram    // all of these occur
}

// gram is a place in a signature's bitmaps.
type gram struct {
	tri bool
	bit uint16
}

// signature tells which bytes, pairs and triples of bytes a text may hold.
type signature struct {
	bytes [4]uint64
	bi    [64]uint64
	tri   [256]uint64
}

func biBit(a, b byte) uint16 { return uint16((uint32(a) | uint32(b)<<8) * 2654435761 >> 20) }
func triBit(a, b, c byte) uint16 {
	return uint16((uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 2654435761 >> 18)
}

// sign makes the signature of a folded text.
func (g *signature) sign(low []byte) {
	*g = signature{}
	var a, b byte
	for i, c := range low {
		g.bytes[c>>6] |= 1 << (c & 63)
		if i > 0 {
			k := biBit(b, c)
			g.bi[k>>6] |= 1 << (k & 63)
		}
		if i > 1 {
			k := triBit(a, b, c)
			g.tri[k>>6] |= 1 << (k & 63)
		}
		a, b = b, c
	}
}

// met reports whether a text with the signature may fulfil n.
func (n *need) met(g *signature) bool {
	if n == nil {
		return true
	}
	switch n.op {
	case sig.OpAnd:
		for _, k := range n.kids {
			if !k.met(g) {
				return false
			}
		}
		return true
	case sig.OpOr:
		for _, k := range n.kids {
			if k.met(g) {
				return true
			}
		}
		return false
	}
	if n.grams == nil {
		return n.set[0]&g.bytes[0]|n.set[1]&g.bytes[1]|n.set[2]&g.bytes[2]|n.set[3]&g.bytes[3] != 0
	}
	for _, k := range n.grams {
		m := &g.bi[(k.bit>>6)&63]
		if k.tri {
			m = &g.tri[(k.bit>>6)&255]
		}
		if *m&(1<<(k.bit&63)) == 0 {
			return false
		}
	}
	return true
}

// needOf finds the need of an expression.
func needOf(expr string) *need {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return needs(re.Simplify())
}

func needs(re *syntax.Regexp) *need {
	switch re.Op {
	case syntax.OpLiteral:
		return needText(string(re.Rune))
	case syntax.OpCharClass:
		return needClass(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return needs(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needs(re.Sub[0])
		}
	case syntax.OpConcat:
		return needConcat(re.Sub)
	case syntax.OpAlternate:
		n := &need{op: sig.OpOr}
		for _, sub := range re.Sub {
			k := needs(sub)
			if k == nil {
				return nil
			}
			n.kids = append(n.kids, k)
		}
		return n
	}
	return nil
}

// needConcat joins what stands side by side into longer texts where it can.
func needConcat(subs []*syntax.Regexp) *need {
	n := &need{op: sig.OpAnd}
	add := func(k *need) {
		if k != nil {
			n.kids = append(n.kids, k)
		}
	}
	texts := []string{""}
	for _, sub := range subs {
		add(needs(sub)) // by itself, too: short texts lie less in hashed bitmaps
		if sub.Op == syntax.OpPlus {
			if once := exact(sub.Sub[0]); once != nil {
				if both := cross(texts, once); both != nil {
					texts = both
				}
				add(needTexts(texts))
				texts = once
				continue
			}
		}
		next := exact(sub)
		if next != nil {
			if both := cross(texts, next); both != nil {
				texts = both
				continue
			}
		}
		add(needTexts(texts))
		if texts = next; next == nil {
			texts = []string{""}
		}
	}
	add(needTexts(texts))
	switch len(n.kids) {
	case 0:
		return nil
	case 1:
		return n.kids[0]
	}
	slices.SortStableFunc(n.kids, func(a, b *need) int { return a.weight() - b.weight() })
	return n
}

// Bounds of what is multiplied out.
const (
	maxTexts     = 128
	maxSmallSet  = 12
	maxExactText = 64
)

// exact returns all texts that re matches, folded, if they are few; else nil.
// Conditions on the place, such as \b, count as the empty text.
func exact(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}
	case syntax.OpLiteral:
		if s := string(re.Rune); !strings.ContainsRune(s, utf8.RuneError) {
			return []string{string(fold(nil, s))}
		}
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if out = append(out, string(fold(nil, string(r)))); len(out) > maxSmallSet || r == utf8.RuneError {
					return nil
				}
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		if s := exact(re.Sub[0]); s != nil {
			return append([]string{""}, s...)
		}
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			if out = cross(out, exact(sub)); out == nil {
				return nil
			}
		}
		return out
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			s := exact(sub)
			if s == nil || len(out)+len(s) > maxTexts {
				return nil
			}
			out = append(out, s...)
		}
		return out
	}
	return nil
}

// cross joins every text of a with every one of b; nil if that is too much.
func cross(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 || len(a)*len(b) > maxTexts {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > maxExactText {
				return nil
			}
			out = append(out, x+y)
		}
	}
	return out
}

// needTexts is the need of one of several texts.
func needTexts(texts []string) *need {
	n := &need{op: sig.OpOr}
	set := &need{} // the single characters among them
	for _, s := range texts {
		k := needText(s)
		switch {
		case k == nil:
			return nil
		case k.grams == nil:
			for i := range set.set {
				set.set[i] |= k.set[i]
			}
		default:
			n.kids = append(n.kids, k)
		}
	}
	if set.set != [4]uint64{} {
		n.kids = append([]*need{set}, n.kids...)
	}
	if len(n.kids) == 1 {
		return n.kids[0]
	}
	return n
}

// weight is how long it takes to refute n, at worst.
func (n *need) weight() int {
	sum := 1 + len(n.grams)
	for _, k := range n.kids {
		sum += 2 + k.weight()
	}
	return sum
}

// needText is the need of a literal, in any letter case.
func needText(s string) *need {
	for _, r := range s {
		if r == utf8.RuneError { // stands for any broken byte
			return nil
		}
	}
	low := fold(nil, s)
	n := &need{}
	switch len(low) {
	case 0:
		return nil
	case 1:
		n.set[low[0]>>6] |= 1 << (low[0] & 63)
	case 2:
		n.grams = []gram{{false, biBit(low[0], low[1])}}
	default:
		for i := 2; i < len(low); i++ {
			n.grams = append(n.grams, gram{true, triBit(low[i-2], low[i-1], low[i])})
		}
	}
	return n
}

// maxClass is up to how many characters a class is worth a look.
const maxClass = 40

func needClass(ranges []rune) *need {
	n, count := &need{}, 0
	for i := 0; i+1 < len(ranges); i += 2 {
		if count += int(ranges[i+1]-ranges[i]) + 1; count > maxClass {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == utf8.RuneError {
				return nil
			}
			c := fold(nil, string(r))[0]
			n.set[c>>6] |= 1 << (c & 63)
		}
	}
	return n
}
