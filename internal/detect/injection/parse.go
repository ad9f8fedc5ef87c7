package injection

// parser reads tokens. It never goes back by more than a call, and looks at
// every token a bounded number of times.
type parser struct {
	t      []token
	quoted bool // the value was the inside of a literal that it has left
	digits bool // the literal ended with a digit: 5' 10" is a length
	depth  int
}

// class is what an operand is.
type class uint8

const (
	constant class = iota + 1
	name
	call
	query
)

// An expression that was read.
type expression struct {
	ok       bool
	next     int   // the token behind it
	class    class // of its last operand
	last     kind  // kind of its last token
	kids     int   // operands
	compared bool  // has a comparison
	constant bool  // compares constants with each other
	truth    bool  // is TRUE, FALSE or NULL
	logic    bool  // has AND, OR
	call     bool  // calls a function that injections use
	sub      bool  // holds a SELECT or CASE
	cut      bool  // ends where an operand is missing
}

var endToken = token{}

func (p *parser) at(i int) *token {
	if i < 0 || i >= len(p.t) {
		return &endToken
	}
	return &p.t[i]
}

// text is the i-th token's.
func (p *parser) text(i int) string { return p.at(i).text }

// trivial reports that the comment at i hides the rest of the application's
// query and says nothing itself.
func (p *parser) trivial(i int) bool {
	t := p.at(i).text
	n, words := 0, 0
	for k := range len(t) {
		c := t[k]
		if isWord(c) || isDigit(c) {
			if n++; k == 0 || !isWord(t[k-1]) && !isDigit(t[k-1]) {
				words++
			}
		}
	}
	return words == 0 || words == 1 && n <= 8 && (t[0] != '#' || n < 2)
}

// ends reports that an injected condition may end before token i.
func (p *parser) ends(i int) bool {
	switch t := p.at(i); t.kind {
	case end, comment, semi, rparen:
		return true
	case comma:
		return true
	case word:
		switch t.key {
		case kClause, kUnion, kInto, kLogic, kWhere, kSelect:
			return true
		}
	}
	return false
}

// tail reports an expression of more than a name.
func (p *parser) tail(e expression) bool { return e.class != name || e.compared }

// list reads expressions with commas between.
func (p *parser) list(i int) expression {
	e := p.expr(i)
	for e.ok && p.at(e.next).kind == comma {
		f := p.expr(e.next + 1)
		f.kids += e.kids
		f.call, f.sub, f.constant = f.call || e.call, f.sub || e.sub, f.constant || e.constant
		e = f
	}
	return e
}

// maxDepth bounds nested parentheses.
const maxDepth = 12

// expr reads operands with operators between.
func (p *parser) expr(i int) expression {
	if p.depth++; p.depth > maxDepth {
		p.depth--
		return expression{}
	}
	defer func() { p.depth-- }()
	e := p.operand(i)
	comparing, left := false, e.class
	for e.ok {
		op := p.at(e.next)
		n := 1
		switch {
		case op.kind == cmp, op.key == kCompare:
			comparing = true
			for p.at(e.next+n).key == kCompare || p.at(e.next+n).key == kNot || p.at(e.next+n).kind == cmp {
				n++
			}
			left = e.class
		case op.kind == logic, op.key == kLogic:
			comparing = comparing && p.text(e.next) == "and" && p.text(e.next-2) == "between"
			e.logic = true
		case op.kind == arith:
		case op.key == kNot && p.at(e.next+1).key == kCompare:
			comparing, left, n = true, e.class, 2
		default:
			return e
		}
		f := p.operand(e.next + n)
		if !f.ok && p.at(e.next+n).kind == end && (op.kind == cmp || op.kind == arith) && e.class == constant { // cut off
			e.next, e.cut = e.next+n, true
			return e
		}
		if !f.ok {
			if op.kind == word && op.key == kLogic { // a further condition that is prose
				return e
			}
			return expression{}
		}
		f.kids += e.kids
		f.compared = e.compared || f.compared || comparing
		f.constant = e.constant || f.constant || comparing && left == constant && f.class == constant && op.kind != arith
		f.logic, f.call, f.sub = e.logic || f.logic, e.call || f.call, e.sub || f.sub
		f.truth = e.truth && f.truth
		if op.kind == arith && e.class != constant && f.class == constant {
			f.class = e.class
		}
		e = f
	}
	return e
}

// operand reads a constant, a name, a call or what stands in parentheses.
func (p *parser) operand(i int) expression {
	for range 6 {
		if t := p.at(i); t.kind == arith || t.key == kNot || t.kind == word && t.key == kQuantity {
			i++
		}
	}
	t := p.at(i)
	e := expression{ok: true, next: i + 1, last: t.kind, kids: 1}
	switch t.kind {
	case num, str, open:
		e.class = constant
	case varia:
		e.class = call
		e.call = len(t.text) > 1 && t.text[0] == '@' && t.text[1] == '@'
	case lparen:
		e = p.group(i)
	case word:
		e = p.named(i)
	default:
		return expression{}
	}
	for e.ok && p.at(e.next).kind == cast {
		e.next += 2
		if p.at(e.next-1).kind == end {
			e.next--
		}
		e.class = call
	}
	return e
}

// group reads parentheses.
func (p *parser) group(i int) expression {
	if k := p.at(i + 1).key; k == kSelect || k == kCase {
		return expression{ok: true, next: p.closing(i), class: query, last: rparen, kids: 1, sub: k == kCase || p.query(i+1, true)}
	}
	e := p.list(i + 1)
	if !e.ok {
		return e
	}
	if p.at(e.next).kind == rparen {
		e.next++
	} else if p.at(e.next).kind != end && p.at(e.next).kind != comment {
		return expression{}
	}
	return e
}

// named reads a name, a keyword that stands for a value, or a call.
func (p *parser) named(i int) expression {
	t := p.at(i)
	e := expression{ok: true, next: i + 1, last: word, kids: 1, class: name}
	calls := p.at(i+1).kind == lparen
	switch t.key {
	case kConstant:
		e.class, e.truth = constant, true
		return e
	case kCase:
		j := i
		for ; p.at(j).kind != end && p.at(j).text != "end"; j++ {
		}
		e.next, e.class, e.sub = min(j+1, len(p.t)), query, p.text(i+1) == "when"
		return e
	case none, kCall, kObject:
		if t.text == "array" && p.text(i+1) == "[" {
			for ; p.at(e.next).kind != end && p.text(e.next-1) != "]"; e.next++ {
			}
			e.class = constant
			return e
		}
	default:
		if !calls {
			return expression{}
		}
	}
	for p.at(e.next).kind == dot && (p.at(e.next+1).kind == word || p.text(e.next+1) == "*") {
		e.next += 2
	}
	if p.at(e.next).kind == lparen {
		e.class, e.call, e.last = call, alsoCall(*t), rparen
		for k := e.next; k < p.closing(e.next) && !e.sub; k++ {
			e.sub = p.at(k).key == kSelect && p.query(k, true)
		}
		e.next = p.closing(e.next)
	} else if p.at(e.next).kind == str && e.next == i+1 && len(t.text) <= 8 && t.text[0] != '`' && p.at(i + 1).text[0] == '\'' && (t.text[0] == '_' || len(t.text) == 1) {
		e.next++ // n'text', x'41', _utf8'text'
		e.class = constant
	}
	return e
}

// closing returns the token behind the parenthesis that closes the one at i.
func (p *parser) closing(i int) int {
	depth := 0
	for ; i < len(p.t); i++ {
		switch p.t[i].kind {
		case lparen:
			depth++
		case rparen:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}
