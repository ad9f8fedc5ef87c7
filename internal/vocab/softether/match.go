package softether

import (
	"encoding/binary"
	"strings"
)

// maxCaptures bounds the placeholders of a prefix and a text together.
const maxCaptures = 32

// Capture is one filled placeholder. Value aliases the matched text.
type Capture struct {
	Field Field
	Value string
}

// Match is the result of matching one text. A caller keeps one and reuses it;
// it holds no memory of its own.
type Match struct {
	Kind  *Kind // nil when the text is not in the table
	Scope Scope
	// Cut says that the text ends inside its last capture: the rest follows in
	// the next lines of a file, or was cut off from a datagram.
	Cut bool
	// Tail is the literal that ends the text that was cut, empty if it ends in
	// a placeholder.
	Tail string
	// Ambiguous says that what follows a field that strangers fill occurs
	// twice, so that the fields may not be what they seem.
	Ambiguous bool
	Text      string // what follows the scope's prefix

	n        int
	captures [maxCaptures]Capture
}

// Captures returns the filled placeholders in the order of the text.
func (m *Match) Captures() []Capture { return m.captures[:m.n] }

func (m *Match) add(f Field, value string) {
	if m.n < len(m.captures) {
		m.captures[m.n] = Capture{f, value}
		m.n++
	}
}

// template is a compiled text: literal, placeholder, literal, placeholder, ...
type template struct {
	kind  *Kind
	scope Scope
	first string // literal before the first placeholder
	parts []part
	left  int // parts before the first of text
	right int // parts from here on follow the last of text
}

type part struct {
	field Field
	typ   fieldType
	lit   string // literal after it
}

const prefixLen = 6

func bucketKey(s Scope, text string) uint64 {
	var b [8]byte
	copy(b[:prefixLen], text)
	b[7] = byte(s)
	return binary.LittleEndian.Uint64(b[:])
}

func compile(kind *Kind, text string) *template {
	t := &template{kind: kind}
	var ok bool
	t.first, text, ok = strings.Cut(text, "{")
	for ok {
		var name, lit string
		name, text, _ = strings.Cut(text, "}")
		f, known := placeholders[name]
		if !known {
			panic("softether: unknown placeholder " + name)
		}
		lit, text, ok = strings.Cut(text, "{")
		t.parts = append(t.parts, part{f, fieldTypes[f], lit})
	}
	t.left, t.right = len(t.parts), len(t.parts)
	for i := range t.parts {
		if t.parts[i].typ == typeText {
			t.left = min(t.left, i)
			t.right = i + 1
		}
	}
	return t
}

// Parse matches text, a message without its time and without [HUB "NAME"]. It
// reports whether the kind is known; m tells what was found in any case. With
// cut, a text that ends in the middle is matched too.
func Parse(m *Match, text string, cut bool) bool {
	t := load()
	m.Kind, m.Scope, m.Cut, m.Tail, m.Ambiguous, m.n = nil, ScopeNone, false, "", false, 0
	m.Text = t.scope(m, text)
	n := m.n
	list := t.buckets[bucketKey(m.Scope, m.Text)]
	for _, p := range list {
		if p.match(m, m.Text) {
			m.Kind = p.kind
			return true
		}
		m.n, m.Ambiguous = n, false
	}
	if m.Scope == ScopeIPsecClient && m.Text == "" {
		m.Kind = t.clientID // its text is lost in 5.01
		return true
	}
	for _, p := range t.short[m.Scope] {
		if p.match(m, m.Text) {
			m.Kind = p.kind
			return true
		}
		m.n, m.Ambiguous = n, false
	}
	if t.matchCut(m, list, cut) {
		return true
	}
	if m.Scope == ScopeAdmin {
		m.Kind = t.admin
	}
	return false
}

// matchCut looks for the text that agrees longest with m.Text before m.Text
// ends. Unless the caller knows that the text was cut, its end must lie in a
// field that strangers fill.
func (t *table) matchCut(m *Match, list []*template, cut bool) bool {
	var best *template
	reach := 0
	for _, p := range list {
		if r := p.reach(m.Text, cut); r > reach {
			best, reach = p, r
		}
	}
	if best == nil {
		return false
	}
	best.captureCut(m, m.Text)
	m.Kind, m.Cut = best.kind, true
	m.Tail = best.parts[len(best.parts)-1].lit
	return true
}

// scope takes off what stands before the message proper.
func (t *table) scope(m *Match, text string) string {
	if rest, ok := adminPrefix(m, text); ok || text == "" {
		return rest
	}
	for _, p := range t.prefixes[text[0]] {
		if !strings.HasPrefix(text, p.first) {
			continue
		}
		pos, n := len(p.first), m.n
		var k int
		for k = range p.parts {
			end, ok := p.parts[k].forward(text, pos)
			if !ok {
				break
			}
			m.add(p.parts[k].field, text[pos:end])
			pos = end + len(p.parts[k].lit)
		}
		if len(p.parts) == 0 || m.n == n+len(p.parts) {
			m.Scope = p.scope
			return text[pos:]
		}
		m.n = n
	}
	return text
}

// adminPrefix takes off `Administration mode [RPC-9] (Virtual Hub "H"): ` in
// any language: the number between [] or "", perhaps a hub in parentheses, a
// colon.
func adminPrefix(m *Match, text string) (string, bool) {
	i := strings.Index(text[:min(len(text), 48)], "RPC-")
	if i < 1 || text[i-1] != '[' && text[i-1] != '"' {
		return text, false
	}
	end, ok := number(text, i+4)
	if !ok || end+1 >= len(text) || text[end] != ']' && text[end] != '"' {
		return text, false
	}
	rest := text[end+1:]
	if hub, after, ok := strings.Cut(rest, `"):`); ok && strings.HasPrefix(strings.TrimPrefix(rest, " "), "(") {
		_, name, quoted := strings.Cut(hub, `"`)
		if !quoted {
			return text, false
		}
		m.add(FieldRPC, text[i:end])
		m.add(FieldHub, name)
		m.Scope = ScopeAdmin
		return strings.TrimPrefix(after, " "), true
	}
	if rest[0] != ':' {
		return text, false
	}
	m.add(FieldRPC, text[i:end])
	m.Scope = ScopeAdmin
	return strings.TrimPrefix(rest[1:], " "), true
}

// match compares text with the whole template, anchored at both ends: the
// typed placeholders before the first text placeholder from the left, those
// after the last one from the right, what is between by its literals.
func (t *template) match(m *Match, text string) bool {
	if !strings.HasPrefix(text, t.first) {
		return false
	}
	if len(t.parts) == 0 {
		return len(text) == len(t.first)
	}
	end := len(text) - len(t.parts[len(t.parts)-1].lit)
	pos := len(t.first)
	if end < pos || text[end:] != t.parts[len(t.parts)-1].lit {
		return false
	}
	for i := range t.left {
		p := &t.parts[i]
		stop, ok := p.forward(text, pos)
		if !ok {
			return false
		}
		m.add(p.field, text[pos:stop])
		pos = stop + len(p.lit)
	}
	if t.left == len(t.parts) {
		return pos == len(text)
	}
	var tail [8]string
	for i := len(t.parts) - 1; i >= t.right; i-- {
		p := &t.parts[i]
		start := p.backward(text, pos, end)
		before := t.parts[i-1].lit
		if start < 0 || start-len(before) < pos || text[start-len(before):start] != before {
			return false
		}
		tail[i-t.right] = text[start:end]
		end = start - len(before)
	}
	if end < pos || !t.middle(m, text, pos, end) {
		return false
	}
	for i := t.right; i < len(t.parts); i++ {
		m.add(t.parts[i].field, tail[i-t.right])
	}
	return true
}

// middle fills the placeholders from the first to the last of text.
func (t *template) middle(m *Match, text string, pos, end int) bool {
	for i := t.left; i < t.right-1; i++ {
		p := &t.parts[i]
		if p.typ != typeText {
			stop, ok := p.forward(text[:end], pos)
			if !ok {
				return false
			}
			m.add(p.field, text[pos:stop])
			pos = stop + len(p.lit)
			continue
		}
		k := strings.Index(text[pos:end], p.lit)
		if k < 0 {
			return false
		}
		if hostile[p.field] && strings.Contains(text[pos+k+1:end], p.lit) && len(p.lit) > 4 {
			m.Ambiguous = true
		}
		m.add(p.field, text[pos:pos+k])
		pos += k + len(p.lit)
	}
	m.add(t.parts[t.right-1].field, text[pos:end])
	return true
}

// reach returns how many bytes of text agree with literals of t before text
// ends inside a placeholder, 0 if it does not end in one that may be open.
func (t *template) reach(text string, cut bool) int {
	if !strings.HasPrefix(text, t.first) || len(t.parts) == 0 {
		return 0
	}
	pos, reach := len(t.first), len(t.first)
	for i := range t.parts {
		p := &t.parts[i]
		if p.typ != typeText {
			stop, ok := p.forward(text, pos)
			if !ok {
				return 0
			}
			pos = stop + len(p.lit)
		} else {
			k := strings.Index(text[pos:], p.lit)
			if k < 0 || i == len(t.parts)-1 {
				if cut && i > 0 || hostile[p.field] && strings.HasSuffix(t.before(i), `"`) {
					return reach
				}
				return 0
			}
			pos += k + len(p.lit)
		}
		reach += len(p.lit)
	}
	return 0
}

func (t *template) before(i int) string {
	if i == 0 {
		return t.first
	}
	return t.parts[i-1].lit
}

// captureCut fills what reach walked over; the last capture is what remains.
func (t *template) captureCut(m *Match, text string) {
	pos := len(t.first)
	for i := range t.parts {
		p := &t.parts[i]
		var stop int
		if p.typ != typeText {
			stop, _ = p.forward(text, pos)
		} else if k := strings.Index(text[pos:], p.lit); k >= 0 && i < len(t.parts)-1 {
			stop = pos + k
		} else {
			m.add(p.field, text[pos:])
			return
		}
		m.add(p.field, text[pos:stop])
		pos = stop + len(p.lit)
	}
}
