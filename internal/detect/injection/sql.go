package injection

import "strings"

// SQL injection is a value that is more than a value: it leaves the literal or
// the number that the application meant it to be and goes on with SQL. So the
// value is read three times, as the inside of a single-quoted, of a
// double-quoted literal and of none, and what follows the way out is parsed.
// Words beside words, as in prose, are no SQL and end the parse. (Halfond,
// Viegas and Orso, "A Classification of SQL Injection Attacks and
// Countermeasures", 2006, names the kinds; that the context decides is the
// idea of Su and Wassermann, "The Essence of Command Injection Attacks", 2006.)

// sqlInjection reports whether v, decoded, is an injection. buf is scratch
// memory.
func sqlInjection(v string, buf *[]token) bool {
	toks := lex((*buf)[:0], v)
	*buf = toks
	p := parser{t: toks}
	if p.number() || p.anywhere() || p.whole() {
		return true
	}
	for _, q := range [...]byte{'\'', '"'} {
		i := strings.IndexByte(v, q)
		if i < 0 {
			continue
		}
		*buf = lex((*buf)[:0], v[i+1:])
		p := parser{t: *buf, quoted: true, digits: i > 0 && isDigit(v[i-1])}
		if p.after(0) || p.anywhere() {
			return true
		}
		// A way out of a JSON path or of a function's second literal.
		if j := strings.IndexByte(v[i+1:], q); j >= 0 && i+j+2 < len(v) && (v[i+j] == '}' || v[i+j] == '%' || v[i+j] == ')') {
			*buf = lex((*buf)[:0], v[i+j+2:])
			if p := (parser{t: *buf, quoted: true}); p.after(0) {
				return true
			}
		}
	}
	return false
}

// number judges a value that stands where a number is expected: one operand,
// then SQL.
func (p *parser) number() bool {
	i := 0
	if p.at(0).kind == lparen {
		e := p.expr(0)
		return e.ok && e.constant && e.kids > 2 && p.at(e.next).kind == end
	}
	if p.at(i).kind == arith && p.text(i) != "*" {
		i++
	}
	switch p.at(i).kind {
	case num, varia:
		i++
		if p.at(i).kind == word && p.at(i).key == none { // 1e, 5px
			i++
		}
	case word:
		if p.at(i).key == none || p.at(i).key == kConstant {
			i++
		}
	case str:
		i++
	}
	return p.after(i)
}

// after judges what follows the way out, from token i on.
func (p *parser) after(i int) bool {
	closed := 0
	for p.at(i).kind == rparen {
		closed++
		i++
	}
	out := p.quoted || closed > 0
	switch t := p.at(i); t.kind {
	case comment:
		return p.trivial(i) && (out || p.at(i-1).kind == num && i > 0 && strings.HasPrefix(t.text, "--"))
	case semi:
		if n := p.at(i + 1); p.quoted && (n.kind == end || n.kind == comment && p.trivial(i+1)) {
			return i > 0 || n.kind == comment
		}
		return false // statements are looked for anywhere
	case logic:
		return p.condition(i+1, out)
	case cmp:
		e := p.expr(i + 1)
		if t.text == "<=>" {
			return e.ok && e.class == constant && p.ends(e.next)
		}
		return e.ok && p.quoted && (e.last == open && e.kids > 1 || e.logic || e.call || e.sub || p.at(e.next).kind == comment && p.trivial(e.next)) && p.ends(e.next)
	case arith, cast:
		e := p.expr(i + 1)
		return e.ok && (e.call || e.sub) && (out || t.kind == arith) && p.ends(e.next)
	case comma:
		e := p.list(i + 1)
		return e.ok && (e.call || e.sub || out && p.at(e.next).kind == comment && p.trivial(e.next)) && p.ends(e.next)
	case word:
		return p.afterWord(i, out, closed)
	}
	return false
}

func (p *parser) afterWord(i int, out bool, closed int) bool {
	switch t := p.at(i); t.key {
	case kLogic, kNot:
		return p.condition(i+1, out)
	case kCompare:
		if p.text(i) == "in" && p.text(i+1) == "boolean" && p.text(i+2) == "mode" {
			q := parser{t: p.t, quoted: p.quoted}
			return q.after(i + 3)
		}
		e := p.expr(i + 1)
		switch p.text(i) {
		case "is":
			return e.ok && p.at(i+1).key == kNot && e.last == num && p.at(e.next).kind == end
		case "match", "div", "mod":
			return false
		}
		return e.ok && out && (e.call || e.sub || e.logic || p.quoted && e.last == open && e.kids > 1 || p.at(e.next).kind == semi && p.quoted || p.at(e.next).kind == comment && p.trivial(e.next) && p.tail(e)) && p.ends(e.next)
	case kClause:
		return p.clause(i, out)
	case kInto:
		return p.text(i+1) == "outfile" || p.text(i+1) == "dumpfile"
	case kSelect:
		return out && p.query(i, false)
	case kStatement:
		return out && p.statement(i, out)
	case kAs:
		return closed > 0 && p.at(i+1).kind == word && p.at(i+2).key == kWhere
	case kWhere:
		return p.condition(i+1, out)
	}
	return false
}

// condition judges what follows AND, OR and the like.
func (p *parser) condition(i int, out bool) bool {
	e := p.expr(i)
	if !e.ok {
		return false
	}
	next := p.at(e.next)
	if e.cut {
		return i == 1 || out
	}
	if e.constant && (p.ends(e.next) || out) || (e.call || e.sub) && p.ends(e.next) {
		return true
	}
	if !out || !p.ends(e.next) {
		return false
	}
	final := next.kind == comment && p.trivial(e.next)
	switch {
	case e.compared:
		return final || p.quoted && (e.last == open || next.kind == semi || next.kind == end && p.quoted) || next.kind == word
	case e.class == constant:
		return final || e.last == open || next.kind == end && (!p.digits && e.last == num || e.truth)
	}
	return final
}

// clause judges ORDER BY and its like after a way out.
func (p *parser) clause(i int, out bool) bool {
	switch p.text(i) {
	case "order", "group":
		if p.at(i+1).key != kBy {
			return false
		}
		e := p.list(i + 2)
		if !e.ok || !p.ends(e.next) {
			return false
		}
		next := p.at(e.next)
		return p.at(i+2).kind == num && (next.kind != end || out || i == 1) || e.call || e.sub || out && (next.kind == comment || next.kind == word)
	case "having":
		e := p.expr(i + 1)
		return e.ok && (e.constant || e.call || e.sub || e.compared && out) && p.ends(e.next)
	case "limit":
		e := p.list(i + 1)
		return e.ok && (p.at(e.next).key == kInto || p.text(e.next) == "procedure" || p.text(e.next) == "offset" && out || p.at(e.next).kind == comment && out && p.trivial(e.next))
	case "procedure":
		return p.at(i+2).kind == lparen
	}
	return false
}

// anywhere looks for what is SQL wherever it stands.
func (p *parser) anywhere() bool {
	for i := range p.t {
		t := &p.t[i]
		switch {
		case t.key == kUnion && p.union(i):
		case t.kind == lparen && p.at(i+1).key == kSelect && p.query(i+1, false):
		case t.kind == semi && p.at(i+1).kind == word && p.statement(i+1, true):
		case t.key == kSelect && i > 0 && (p.t[i-1].kind == semi || p.t[i-1].kind == rparen) && p.query(i, false):
		case t.key == kLogic && p.tautology(i+1):
		case t.kind == word && p.at(i+1).kind == lparen && p.dangerous(i):
		case t.key == kCase && p.at(i+1).kind == word && p.text(i+1) == "when" && p.caseEnds(i+2):
		default:
			continue
		}
		return true
	}
	return false
}

// tautology reports a comparison of constants that ends there.
func (p *parser) tautology(i int) bool {
	e := p.expr(i)
	return e.ok && e.constant && (p.ends(e.next) || p.at(e.next).kind == rparen)
}

// dangerous reports a call that only injections make, with arguments that mean
// something to it.
func (p *parser) dangerous(i int) bool {
	a := p.at(i + 2)
	switch p.text(i) {
	case "sleep", "pg_sleep":
		if i > 0 && p.at(i-1).kind == word && p.at(i-1).key == none || p.at(p.closing(i+1)).kind == word && p.at(p.closing(i+1)).key == none {
			return false // prose about the function
		}
		return a.kind == lparen || a.kind == num || a.kind == arith || a.key == kSelect
	case "benchmark":
		return a.kind == num && p.at(i+3).kind == comma
	case "if", "iif":
		e := p.expr(i + 2)
		return e.ok && e.constant && (p.at(e.next).kind == comma || p.at(e.next).kind == end)
	case "extractvalue", "updatexml":
		return p.at(i+3).kind == comma
	case "load_file", "load_extension", "pg_read_file", "pg_ls_dir", "lo_import":
		return a.kind == str || a.kind == open || a.kind == num || a.key == kCall
	}
	return false
}

func (p *parser) caseEnds(i int) bool {
	for n := range 40 {
		if t := p.text(i + n); t == "then" {
			return n > 0
		}
	}
	return false
}

// union judges UNION [ALL] SELECT and its like.
func (p *parser) union(i int) bool {
	i++
	for p.at(i).key == kQuantity || p.at(i).kind == lparen || p.at(i).kind == arith || p.at(i).kind == dot {
		i++
	}
	return p.at(i).key == kSelect && p.query(i, true)
}

// whole judges a value that is a statement from its beginning to its end.
func (p *parser) whole() bool {
	t := p.at(0)
	switch t.key {
	case kSelect:
		return p.query(0, false) && p.rich()
	case kStatement:
		return p.statement(0, false)
	}
	return false
}

// rich reports that there is more to the statement than words.
func (p *parser) rich() bool {
	for i := range p.t {
		switch p.t[i].kind {
		case comment:
			return p.trivial(i)
		case comma, lparen, semi, cmp, open, varia:
			return true
		case arith:
			if p.text(i) == "*" && i == 1 && p.at(2).key == kFrom {
				return true
			}
		}
	}
	return false
}
