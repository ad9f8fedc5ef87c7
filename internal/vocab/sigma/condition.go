package sigma

import (
	"fmt"
	"path"
	"strings"
)

// maxDepth bounds the nesting of conditions.
const maxDepth = 64

// conditionParser is a recursive descent parser over tokens:
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | "(" or ")" | ("1" | "any" | "all") "of" names | name
type conditionParser struct {
	tokens []string
	resolve
	depth int
}

// resolve gives the tree of a name, and the names that a pattern stands for.
type resolve interface {
	search(name string) (*Expr, bool)
	names() []string
}

func parseCondition(s string, r resolve) (*Expr, error) {
	p := conditionParser{tokens: tokenize(s), resolve: r}
	e, err := p.or()
	if err != nil {
		return nil, fmt.Errorf("condition: %w", err)
	}
	if len(p.tokens) > 0 {
		if p.tokens[0] == "|" {
			return nil, fmt.Errorf("condition: aggregations after | are deprecated, use a correlation rule")
		}
		return nil, fmt.Errorf("condition: unexpected %q", p.tokens[0])
	}
	return e, nil
}

func tokenize(s string) []string {
	s = strings.NewReplacer("(", " ( ", ")", " ) ", "|", " | ").Replace(s)
	return strings.Fields(s)
}

func (p *conditionParser) keyword(words ...string) bool {
	if len(p.tokens) > 0 {
		for _, w := range words {
			if strings.EqualFold(p.tokens[0], w) {
				return true
			}
		}
	}
	return false
}

func (p *conditionParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *conditionParser) or() (*Expr, error) { return p.chain("or", OpOr, p.and) }

func (p *conditionParser) and() (*Expr, error) { return p.chain("and", OpAnd, p.not) }

func (p *conditionParser) chain(word string, op Op, operand func() (*Expr, error)) (*Expr, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	args := []*Expr{first}
	for p.keyword(word) {
		p.next()
		e, err := operand()
		if err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	return combine(op, args), nil
}

func (p *conditionParser) not() (*Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.keyword("not"):
		p.next()
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		return &Expr{Op: OpNot, Args: []*Expr{e}}, nil
	case p.keyword("("):
		p.next()
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.next() != ")" {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		return e, nil
	case len(p.tokens) >= 2 && strings.EqualFold(p.tokens[1], "of"):
		return p.quantified()
	}
	name := p.next()
	if name == "" {
		return nil, fmt.Errorf("ends in the middle")
	}
	if e, ok := p.search(name); ok {
		return e, nil
	}
	return nil, fmt.Errorf("no search is named %q", name)
}

func (p *conditionParser) quantified() (*Expr, error) {
	quantifier := strings.ToLower(p.next())
	p.next()
	pattern := p.next()
	op := OpOr
	switch quantifier {
	case "1", "any":
	case "all":
		op = OpAnd
	default:
		return nil, fmt.Errorf("%q of: only 1, any and all can be asked for", quantifier)
	}
	var args []*Expr
	for _, name := range p.names() {
		if nameMatches(pattern, name) {
			e, _ := p.search(name)
			args = append(args, e)
		}
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("no search matches %q", pattern)
	}
	return combine(op, args), nil
}

// nameMatches implements "of them" and "of pattern*". Names that begin with an
// underscore are not part of "them".
func nameMatches(pattern, name string) bool {
	if strings.EqualFold(pattern, "them") {
		return !strings.HasPrefix(name, "_")
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// combine joins trees, leaving out needless nodes.
func combine(op Op, args []*Expr) *Expr {
	if len(args) == 1 {
		return args[0]
	}
	return &Expr{Op: op, Args: args}
}
