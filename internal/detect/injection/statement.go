package injection

// query judges the SELECT at i: its columns must be columns, not prose, and
// what follows them must be able to follow. In a union or in parentheses
// (inner) less is enough.
func (p *parser) query(i int, inner bool) bool {
	i++
	for p.at(i).key == kQuantity || p.at(i).kind == dot {
		if p.text(i) == "top" {
			i++
		}
		i++
	}
	columns, rich := 0, false
	for {
		next, telling := p.column(i)
		if next == 0 {
			return columns > 0 && rich && p.at(i).kind == end
		}
		columns, rich, i = columns+1, rich || telling, next
		if p.at(i).key == kAs || p.at(i).key == kInto && p.at(i+1).kind == varia {
			i += 2
		}
		if p.at(i).kind == str && p.at(i-1).kind == word {
			i++
		}
		if p.at(i).kind != comma {
			break
		}
		rich = true
		i++
	}
	if p.at(i).kind == word && p.at(i).key == none && p.at(i+1).key == kFrom && rich { // alias
		i++
	}
	switch t := p.at(i); {
	case t.key == kFrom:
		return p.source(i+1, inner)
	case t.kind == end, t.kind == comment, t.kind == rparen, t.kind == semi:
		return rich
	case t.key == kWhere:
		e := p.expr(i + 1)
		return e.ok && (rich || e.constant)
	case t.kind == word:
		return (rich || p.text(i) == "group") && t.key != none
	case t.kind == arith:
		return rich && inner
	case t.kind == open, t.kind == str, t.kind == other:
		return rich && inner
	}
	return false
}

// column reads one column of a query; telling are those that prose has not.
func (p *parser) column(i int) (next int, telling bool) {
	if p.text(i) == "*" {
		return i + 1, p.at(i+1).key != kFrom || i > 1
	}
	e := p.expr(i)
	if !e.ok {
		return 0, false
	}
	return e.next, e.class != name || e.kids > 1 || e.next > i+1
}

// source judges what follows FROM.
func (p *parser) source(i int, inner bool) bool {
	t := p.at(i)
	switch t.kind {
	case lparen:
		return true
	case end:
		return inner
	case word:
		if t.key != none && t.key != kObject && t.key != kCall {
			return false
		}
	default:
		return t.kind == varia || t.kind == str || t.kind == open
	}
	i++
	for p.at(i).kind == dot {
		i += 2
	}
	if p.at(i).key == kAs {
		i += 2
	} else if a := p.at(i); a.kind == word && a.key == none && len(a.text) <= 2 {
		i++
	}
	switch t := p.at(i); t.kind {
	case word:
		switch t.key {
		case kWhere, kClause, kJoin, kUnion, kInto, kLogic:
			return true
		}
		return false
	case arith:
		return inner
	case lparen, rparen, comma, end, comment, semi, open, str:
		return true
	}
	return false
}

// statement judges a statement that begins at i. after says that it stands
// behind a way out, where less is enough than if it is the whole value.
func (p *parser) statement(i int, after bool) bool {
	a, b := p.at(i+1), p.at(i+2)
	stop := func(i int) bool {
		k := p.at(i).kind
		return after && k == end || k == semi || k == comment || k == open
	}
	switch p.text(i) {
	case "select":
		return p.query(i, false)
	case "insert", "replace", "merge":
		for p.at(i+1).kind == word && p.at(i+1).key != kInto && i < 3 {
			i++
		}
		return p.at(i+1).key == kInto && p.at(i+2).kind == word && p.values(i+3) ||
			after && p.text(i) == "replace" && a.kind == word && b.kind == lparen && p.text(p.closing(i+2)) == "values" || after && p.text(i) == "replace" && p.at(i+1).kind == lparen
	case "update":
		return a.kind == word && p.sets(i+2)
	case "delete":
		return a.key == kFrom && b.kind == word && p.removes(i+3, stop)
	case "drop", "alter", "create", "truncate":
		return p.defines(i, after, stop)
	case "exec", "execute":
		return a.kind == lparen && after || a.kind == varia || a.kind == str || a.kind == open || len(a.text) > 3 && (a.text[:3] == "xp_" || a.text[:3] == "sp_") ||
			p.text(i+1) == "immediate" && b.kind != word || p.text(i+1) == "master" && b.kind == dot
	case "declare", "set":
		return a.kind == varia && (p.at(i+2).kind == word || p.at(i+2).kind == cmp)
	case "waitfor":
		return p.text(i+1) == "delay" && b.kind != word && b.kind != end || p.text(i+1) == "time" && (b.kind == str || b.kind == open)
	case "shutdown", "commit", "rollback":
		return after && (a.kind == comment || a.kind == semi || a.kind == end && p.quoted)
	case "begin":
		return after && (a.kind == semi || p.at(i+1).key == kStatement || a.kind == word && b.kind == lparen)
	case "if":
		return after && a.kind == lparen
	case "call":
		return after && a.kind == word && (b.kind == lparen || b.kind == dot)
	case "print":
		return after && (a.kind == str || a.kind == varia || a.kind == open)
	case "handler":
		return after && a.kind == word && (p.text(i+2) == "open" || p.text(i+2) == "read")
	case "copy":
		return a.kind == word && (p.at(i+2).key == kFrom || p.text(i+2) == "to") && (p.text(i+3) == "program" || p.at(i+3).kind == str)
	case "attach":
		return p.text(i+1) == "database" && (b.kind == str || b.kind == open)
	case "load":
		return p.text(i+1) == "data" && p.text(i+2) != "" && (p.text(i+2) == "infile" || p.text(i+3) == "infile")
	case "rename":
		return p.text(i+1) == "table" && p.text(i+3) == "to"
	case "grant", "revoke":
		return after && a.kind == word && (p.text(i+2) == "on" || b.kind == comma)
	case "do":
		return after && a.kind == word && b.kind == lparen
	}
	if after && a.kind == lparen && p.at(i).key == kCall {
		return p.dangerous(i) || p.at(i+2).key == kSelect
	}
	return false
}

// values judges what follows INSERT INTO name.
func (p *parser) values(i int) bool {
	if p.at(i).kind == lparen {
		return true
	}
	return p.text(i) == "values" || p.at(i).key == kSelect && p.query(i, true) || p.text(i) == "set" && p.at(i+2).kind == cmp
}

// sets judges what follows UPDATE name.
func (p *parser) sets(i int) bool {
	for p.at(i).kind == dot {
		i += 2
	}
	return p.text(i) == "set" && p.at(i+1).kind == word && (p.at(i+2).kind == cmp || p.at(i+2).kind == dot)
}

// removes judges what follows DELETE FROM name.
func (p *parser) removes(i int, stop func(int) bool) bool {
	if p.at(i).key == kWhere {
		e := p.expr(i + 1)
		return e.ok && e.compared
	}
	return stop(i)
}

// defines judges DROP, ALTER, CREATE and TRUNCATE.
func (p *parser) defines(i int, after bool, stop func(int) bool) bool {
	verb := p.text(i)
	object := p.at(i+1).key == kObject
	for p.at(i+1).key == kObject || p.text(i+1) == "if" || p.text(i+1) == "or" || p.text(i+1) == "replace" || p.at(i+1).key == kNot || p.text(i+1) == "exists" {
		object = object || p.at(i+1).key == kObject
		i++
	}
	if p.at(i+1).kind != word && p.at(i+1).kind != str {
		return object && after && p.at(i+1).kind == open || verb == "truncate" && after && p.text(i+1) == "["
	}
	i += 2
	for p.at(i).kind == dot {
		i += 2
	}
	switch {
	case stop(i):
		return object || p.at(i).kind == semi && p.at(i+1).kind != word || p.at(i).kind == comment && p.trivial(i)
	case !object:
		return false
	case p.at(i).kind == lparen:
		return verb == "create"
	}
	switch p.text(i) {
	case "add", "drop", "modify", "identified", "cascade", "rename", "returns":
		return verb != "truncate" && p.at(i+1).kind != end
	}
	return false
}
