// Package jsonscan reads one JSON object from memory without allocating: it
// lists the members of the object, names them cheaply by remembering in which
// order the previous record wrote its keys, and unescapes a string only where it
// holds an escape.
//
// Everything that is walked over is validated (RFC 8259), nested values too.
// Unlike encoding/json it accepts bytes that are not UTF-8: telemetry holds
// what attackers send, and the record must not be lost for it. [Token.Text]
// writes such bytes as \xNN.
//
// Do not use it for documents that are not read record by record: it keeps
// duplicate keys, and it has no way to fill a struct.
package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Error is why a record can not be read; the text is constant.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// The reasons.
const (
	ErrSyntax    = Error("not valid JSON")
	ErrTruncated = Error("record ends in the middle")
	ErrDepth     = Error("JSON is nested too deeply")
)

// MaxDepth is how deeply values may be nested.
const MaxDepth = 64

// Kind is the type of a JSON value.
type Kind uint8

// The types of RFC 8259.
const (
	String Kind = iota
	Number
	True
	False
	Null
	Array
	Object
)

// Token is one member of an object, or one element of an array.
type Token struct {
	// Key is the member's name, unescaped. It aliases the record or the
	// memory of the Order that scanned it. Empty for elements.
	Key string
	// Raw is the value as written, a string without its quotes. It aliases
	// the record.
	Raw     string
	Field   int32 // what the Order's resolve function said of Key
	Members int32 // how many of the tokens behind an object are in it: see Tree
	Kind    Kind
	Escaped bool // a string with escapes
	High    bool // has bytes above 0x7F
}

// Order remembers the keys of records and their order. Records of one source
// mostly have the same keys in the same order, so comparing with the key that
// came next last time replaces reading it. An Order belongs to one goroutine.
type Order struct {
	resolve func(key string) int32
	slots   []slot

	// For a Flattener: how to go on in an object, and what to put before
	// keys that resolve does not remember.
	descend func(field int32) *Order
	prefix  string
	tree    *Tree // for a Tree: the one that it belongs to
}

// slot is a key that was seen before.
type slot struct {
	quoted     string // the key as it stands in the record, with quotes and colon
	key        string
	field      int32
	head, tail uint64 // the first and last eight bytes of quoted
	mask       uint64 // of head, for a quoted that is shorter
	child      *Order // in a Tree: of the objects under the key
}

func newSlot(key string, field int32) slot {
	quoted := `"` + key + `":`
	s := slot{quoted: quoted, key: quoted[1 : len(quoted)-2], field: field, mask: 1<<64 - 1}
	if n := len(quoted); n < 8 {
		s.mask = 1<<(8*n) - 1
	} else {
		s.tail = binary.LittleEndian.Uint64([]byte(quoted[n-8:]))
	}
	var first [8]byte
	copy(first[:], quoted)
	s.head = binary.LittleEndian.Uint64(first[:])
	return s
}

// begins reports whether rest begins with the key and goes on. Two words that
// overlap are all of most keys.
func (s *slot) begins(rest []byte) bool {
	n := len(s.quoted)
	if len(rest) <= n {
		return false
	}
	if len(rest) < 8 {
		return string(rest[:n]) == s.quoted
	}
	if binary.LittleEndian.Uint64(rest)&s.mask != s.head {
		return false
	}
	if n <= 8 {
		return true
	}
	return binary.LittleEndian.Uint64(rest[n-8:]) == s.tail && (n <= 16 || string(rest[8:n-8]) == s.quoted[8:n-8])
}

// maxSlots and maxKey bound the memory of an Order; keys beyond them are looked
// up each time.
const (
	maxSlots = 192
	maxKey   = 96
)

// NewOrder returns an Order that asks resolve once for each new key. resolve
// must not keep its argument.
func NewOrder(resolve func(key string) int32) *Order {
	return &Order{resolve: resolve}
}

// Scan appends the members of the object in rec to dst. White space around the
// object is allowed, anything else is not. After an error, what was appended is
// what could be read before it. The tokens alias rec, which must not change.
func (o *Order) Scan(dst []Token, rec []byte) ([]Token, error) {
	i := skipSpace(rec, 0)
	if i == len(rec) {
		return dst, ErrTruncated
	}
	if rec[i] != '{' {
		return dst, ErrSyntax
	}
	dst, i, err := o.members(dst, rec, skipSpace(rec, i+1), 1)
	if err != nil {
		return dst, err
	}
	if skipSpace(rec, i) != len(rec) {
		return dst, ErrSyntax
	}
	return dst, nil
}

// ScanValue appends the members of an object-valued token.
func (o *Order) ScanValue(dst []Token, t *Token) ([]Token, error) {
	return o.Scan(dst, unsafe.Slice(unsafe.StringData(t.Raw), len(t.Raw)))
}

// members reads from behind the opening brace and returns the place behind the
// closing one. depth counts the objects around.
func (o *Order) members(dst []Token, rec []byte, i, depth int) ([]Token, int, error) {
	if i < len(rec) && rec[i] == '}' {
		return dst, i + 1, nil
	}
	next := 0
	for {
		n := len(dst)
		if n == cap(dst) {
			dst = append(dst, Token{})
		} else {
			dst = dst[:n+1]
		}
		t := &dst[n] // filled in place: copying a fresh token stalls the processor
		t.Members, t.Escaped, t.High = 0, false, false
		var err error
		if next < len(o.slots) && o.slots[next].begins(rec[i:]) { // the usual case of key
			s := &o.slots[next]
			t.Key, t.Field = s.key, s.field
			next, i = next+1, i+len(s.quoted)
			if rec[i] <= ' ' {
				i = skipSpace(rec, i)
			}
		} else if next, i, err = o.key(t, rec, i, next); err != nil {
			return dst[:n], i, err
		}
		if i < len(rec) && rec[i] == '"' {
			i, err = str(t, rec, i+1)
		} else if child := o.within(rec, i, t.Field, next); child != nil {
			if dst, i, err = child.nested(dst, rec, i, depth); err != nil {
				return dst, i, err
			}
		} else {
			i, err = value(t, rec, i, depth)
		}
		if err != nil {
			return dst[:n], i, err
		}
		if i < len(rec) && rec[i] <= ' ' {
			i = skipSpace(rec, i)
		}
		if i == len(rec) {
			return dst, i, ErrTruncated
		}
		if rec[i] == '}' {
			return dst, i + 1, nil
		}
		if rec[i] != ',' {
			return dst, i, ErrSyntax
		}
		i++
		if i < len(rec) && rec[i] <= ' ' {
			i = skipSpace(rec, i)
		}
	}
}

// within returns the Order for the object at i, if its members are to be listed
// too. next is the slot behind its key's.
func (o *Order) within(rec []byte, i int, field int32, next int) *Order {
	if i >= len(rec) || rec[i] != '{' {
		return nil
	}
	if o.tree != nil {
		return o.tree.order(o, next-1)
	}
	if o.descend == nil {
		return nil
	}
	return o.descend(field)
}

// nested reads the object at i, whose token is the last of dst: in a Flattener
// its members take its place, in a Tree they follow it.
func (o *Order) nested(dst []Token, rec []byte, i, depth int) ([]Token, int, error) {
	if depth >= MaxDepth {
		return dst[:len(dst)-1], i, ErrDepth
	}
	start, n := i, len(dst)
	if o.tree == nil {
		dst = dst[:n-1]
	}
	dst, i, err := o.members(dst, rec, skipSpace(rec, i+1), depth+1)
	if o.tree == nil {
		return dst, i, err
	}
	if err != nil {
		return dst[:n-1], i, err
	}
	t := &dst[n-1]
	t.Kind, t.Raw, t.Members = Object, text(rec, start, i), int32(len(dst)-n)
	t.High = true // perhaps
	return dst, i, nil
}

// lookahead is how many keys of the previous records may be missing in this one
// before the key is read.
const lookahead = 4

// key sets Key and Field of t and returns the slot expected next and the place
// of the value.
func (o *Order) key(t *Token, rec []byte, i, next int) (int, int, error) {
	rest := rec[i:]
	for n := next; n < len(o.slots) && n < next+lookahead; n++ {
		s := &o.slots[n]
		if s.begins(rest) {
			t.Key, t.Field = s.key, s.field
			i += len(s.quoted)
			if rec[i] <= ' ' {
				i = skipSpace(rec, i)
			}
			return n + 1, i, nil
		}
	}
	return o.readKey(t, rec, i, next)
}

// readKey is key for one that was not predicted.
func (o *Order) readKey(t *Token, rec []byte, i, next int) (int, int, error) {
	if i == len(rec) {
		return next, i, ErrTruncated
	}
	if rec[i] != '"' {
		return next, i, ErrSyntax
	}
	var name Token
	end, err := str(&name, rec, i+1)
	if err != nil {
		return next, end, err
	}
	j := skipSpace(rec, end)
	if j == len(rec) {
		return next, j, ErrTruncated
	}
	if rec[j] != ':' {
		return next, j, ErrSyntax
	}
	j = skipSpace(rec, j+1)
	t.Key = name.Raw
	if name.Escaped || name.High {
		t.Key = clean(&name)
	}
	plain := !name.Escaped && !name.High
	for n := range o.slots {
		if o.slots[n].key == t.Key {
			t.Key, t.Field = o.slots[n].key, o.slots[n].field
			return n + 1, j, nil
		}
	}
	t.Field = o.resolve(t.Key)
	if t.Field == 0 && o.prefix != "" {
		t.Key = o.prefix + t.Key
		return next, j, nil
	}
	if !plain || len(t.Key) > maxKey || len(o.slots) >= maxSlots {
		return next, j, nil
	}
	s := newSlot(t.Key, t.Field)
	o.slots = append(o.slots, slot{})
	copy(o.slots[next+1:], o.slots[next:])
	o.slots[next] = s
	t.Key = s.key
	return next + 1, j, nil
}

// value reads the value at i and returns the place behind it.
func value(t *Token, rec []byte, i, depth int) (int, error) {
	if i >= len(rec) {
		return i, ErrTruncated
	}
	switch c := rec[i]; c {
	case '"':
		return str(t, rec, i+1)
	case '{', '[':
		t.Kind = Object
		if c == '[' {
			t.Kind = Array
		}
		end, high, err := container(rec, i, depth)
		t.Raw, t.High = text(rec, i, end), high
		return end, err
	case 't':
		t.Kind = True
		return literal(t, rec, i, "true")
	case 'f':
		t.Kind = False
		return literal(t, rec, i, "false")
	case 'n':
		t.Kind = Null
		return literal(t, rec, i, "null")
	}
	t.Kind = Number
	end, err := number(rec, i)
	t.Raw = text(rec, i, end)
	return end, err
}

func literal(t *Token, rec []byte, i int, word string) (int, error) {
	end := i + len(word)
	if end > len(rec) {
		if word[:len(rec)-i] == string(rec[i:]) {
			return len(rec), ErrTruncated
		}
		return i, ErrSyntax
	}
	if string(rec[i:end]) != word {
		return i, ErrSyntax
	}
	t.Raw = word
	return end, nil
}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// str reads a string from behind its opening quote and returns the place behind
// the closing one. It looks at eight bytes at a time: in each word the lowest
// byte that is a quote, a backslash or a control character (Mycroft's zero-byte
// test; exact for the lowest hit).
func str(t *Token, rec []byte, i int) (int, error) {
	start := i
	t.Kind = String
	high := uint64(0)
	for i < len(rec) {
		if i+8 > len(rec) {
			return strTail(t, rec, start, i, high)
		}
		w := binary.LittleEndian.Uint64(rec[i:])
		q := w ^ ones*'"'
		e := w ^ ones*'\\'
		hit := ((q-ones)&^q | (e-ones)&^e | (w-ones*' ')&^w) & tops
		if hit == 0 {
			high |= w
			i += 8
			continue
		}
		n := bits.TrailingZeros64(hit) >> 3
		high |= w & (1<<(8*n) - 1)
		i += n
		switch rec[i] {
		case '"':
			t.Raw, t.High = text(rec, start, i), high&tops != 0
			return i + 1, nil
		case '\\':
			var err error
			if i, err = escape(rec, i); err != nil {
				return i, err
			}
			t.Escaped = true
		default:
			return i, ErrSyntax
		}
	}
	return i, ErrTruncated
}

// strTail is str for the last bytes of a record.
func strTail(t *Token, rec []byte, start, i int, high uint64) (int, error) {
	for i < len(rec) {
		switch c := rec[i]; {
		case c == '"':
			t.Raw, t.High = text(rec, start, i), high&tops != 0
			return i + 1, nil
		case c == '\\':
			var err error
			if i, err = escape(rec, i); err != nil {
				return i, err
			}
			t.Escaped = true
		case c < ' ':
			return i, ErrSyntax
		default:
			high |= uint64(c)
			i++
		}
	}
	return i, ErrTruncated
}
