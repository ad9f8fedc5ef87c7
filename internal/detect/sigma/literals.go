package sigma

import (
	"regexp/syntax"
)

// minLiteral is the shortest literal that the gram index can look for.
const minLiteral = 4

// maxLiterals bounds how many literals one regular expression is looked for by.
const maxLiterals = 64

// requiredLiterals returns folded literals of which every text that the
// expression matches holds at least one; none if there are no such literals of
// at least minLiteral bytes.
func requiredLiterals(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return required(re.Simplify())
}

func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if s := string(fold(nil, string(re.Rune))); len(s) >= minLiteral {
			return []string{s}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if lits := required(sub); better(lits, best) {
				best = lits
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			lits := required(sub)
			if lits == nil || len(all)+len(lits) > maxLiterals {
				return nil
			}
			all = append(all, lits...)
		}
		return all
	}
	return nil
}

// better prefers few literals, then long ones.
func better(a, b []string) bool {
	if a == nil || b == nil {
		return a != nil
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return len(a[0]) > len(b[0])
}
