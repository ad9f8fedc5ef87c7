package injection

import "strings"

// A kind is what a token is to SQL.
type kind uint8

const (
	end     kind = iota // nothing follows
	num                 // number, also hexadecimal
	str                 // closed string
	open                // string that the value leaves open
	word                // name or keyword
	cmp                 // comparison
	arith               // arithmetic and bit operators, signs
	logic               // && and ||
	cast                // ::
	lparen              // (
	rparen              // )
	comma               // ,
	semi                // ;
	dot                 // .
	comment             // from a comment sign to the end
	varia               // @x, @@x, :x
	other               // no SQL
)

// A token is a piece of a value. Text aliases the value.
type token struct {
	kind kind
	key  keyword
	text string
}

// maxTokens is how much of a value is looked at: an attack shows itself early.
const maxTokens = 160

// lex splits v, which is decoded and in lower case, into tokens, and appends
// them to dst. v begins outside any string.
func lex(dst []token, v string) []token {
	for i := 0; i < len(v) && len(dst) < maxTokens; {
		c := v[i]
		switch {
		case c == ' ' || c == '\n':
			i++
		case isDigit(c) || c == '.' && i+1 < len(v) && isDigit(v[i+1]):
			n := number(v[i:])
			dst = append(dst, token{kind: num, text: v[i : i+n]})
			i += n
		case isWord(c):
			j := i + 1
			for j < len(v) && (isWord(v[j]) || isDigit(v[j]) || v[j] == '$') {
				j++
			}
			dst = append(dst, token{kind: word, key: keywords[v[i:j]], text: v[i:j]})
			i = j
		case c == '\'' || c == '"' || c == '`':
			n, closed := quoted(v[i:])
			t := token{kind: open, text: v[i : i+n]}
			if closed {
				if t.kind = str; c == '`' {
					t.kind = word
				}
			}
			dst = append(dst, t)
			i += n
		default:
			t, n := punctuation(v[i:])
			if n == 0 { // a comment that is none to the parser
				if i += 2; c == '/' {
					i++ // /*!50000
				}
				for i < len(v) && isDigit(v[i]) {
					i++
				}
				continue
			}
			if t.kind == comment { // ends with the line, or where it says
				stop := "\n"
				if c == '/' {
					stop = "*/"
				}
				if k := strings.Index(v[i:], stop); k >= 0 {
					i += k + len(stop)
					continue
				}
			}
			t.text = v[i : i+n]
			dst = append(dst, t)
			i += n
		}
	}
	return dst
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isWord(c byte) bool  { return 'a' <= c && c <= 'z' || c == '_' || c >= 0x80 }

// number returns the length of the number at the beginning of v.
func number(v string) int {
	i := 0
	if len(v) > 2 && v[0] == '0' && (v[1] == 'x' || v[1] == 'b') {
		for i = 2; i < len(v) && (isDigit(v[i]) || 'a' <= v[i] && v[i] <= 'f'); i++ {
		}
		return i
	}
	for i < len(v) && (isDigit(v[i]) || v[i] == '.') {
		i++
	}
	if i+1 < len(v) && v[i] == 'e' {
		j := i + 1
		if v[j] == '-' || v[j] == '+' {
			j++
		}
		for k := j; k < len(v) && isDigit(v[k]); k++ {
			i = k + 1
		}
	}
	return i
}

// quoted returns the length of the string at the beginning of v, and whether
// it ends. A backslash protects a quote, and so does doubling.
func quoted(v string) (n int, closed bool) {
	q := v[0]
	for i := 1; i < len(v); i++ {
		switch {
		case v[i] == '\\' && q != '`':
			i++
		case v[i] == q && i+1 < len(v) && v[i+1] == q:
			i++
		case v[i] == q:
			return i + 1, true
		}
	}
	return len(v), false
}

// operators are those of several characters, longer ones first.
var operators = [...]struct {
	text string
	kind kind
}{
	{"<=>", cmp}, {"->>", arith}, {"#>>", arith}, {"!~*", cmp}, {"/*!", end}, {"*/", end},
	{"<=", cmp}, {">=", cmp}, {"<>", cmp}, {"!=", cmp}, {"==", cmp}, {"@>", cmp}, {"<@", cmp}, {"?|", cmp}, {"?&", cmp}, {"~*", cmp}, {"!~", cmp},
	{"->", arith}, {"#>", arith}, {"::", cast}, {":=", cmp}, {"||", logic}, {"&&", logic}, {"<<", arith}, {">>", arith},
}

// punctuation reads an operator or sign at the beginning of v; n is 0 for the
// frame of a comment that MySQL reads.
func punctuation(v string) (t token, n int) {
	for i := range operators {
		o := &operators[i]
		if len(v) >= len(o.text) && v[:len(o.text)] == o.text {
			if o.kind == end {
				return token{}, 0
			}
			return token{kind: o.kind}, len(o.text)
		}
	}
	switch v[0] {
	case '-':
		if len(v) > 1 && v[1] == '-' {
			return token{kind: comment}, len(v)
		}
		return token{kind: arith}, 1
	case '#':
		return token{kind: comment}, len(v)
	case '/':
		if len(v) > 1 && v[1] == '*' {
			return token{kind: comment}, len(v)
		}
		return token{kind: arith}, 1
	case '+', '*', '%', '&', '|', '^', '~', '!':
		return token{kind: arith}, 1
	case '=', '<', '>':
		return token{kind: cmp}, 1
	case '?': // PostgreSQL: is it a key of the document?
		if len(v) > 1 && (v[1] == ' ' || v[1] == '\'') {
			return token{kind: cmp}, 1
		}
	case '(':
		return token{kind: lparen}, 1
	case ')':
		return token{kind: rparen}, 1
	case ',':
		return token{kind: comma}, 1
	case ';':
		return token{kind: semi}, 1
	case '.':
		return token{kind: dot}, 1
	case '@', ':':
		i := 1
		for i < len(v) && (v[i] == '@' || isWord(v[i]) || isDigit(v[i])) {
			i++
		}
		if i > 1 {
			return token{kind: varia}, i
		}
	}
	return token{kind: other}, 1
}
