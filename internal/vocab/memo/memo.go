// Package memo remembers what a function said of short strings that come again
// and again, such as the keys of a log, at the price of one comparison.
//
// It is a two-way cache of fixed size: a string pushes another one out.
// Do not use it for functions that are as cheap as a comparison.
package memo

import "strings"

const (
	bits   = 8
	maxLen = 64 // longer strings are not remembered, which bounds the memory
)

// Table remembers values of one function. It belongs to one goroutine.
type Table[V any] struct {
	of   func(string) V
	sets [1 << bits][2]slot[V] // the newer first
}

type slot[V any] struct {
	key   string
	value V
}

// New returns a Table for of, which must not keep its argument and always say
// the same.
func New[V any](of func(string) V) *Table[V] {
	return &Table[V]{of: of}
}

// Get returns what the function says of key.
func (t *Table[V]) Get(key string) V {
	n := uint(len(key))
	if n-1 >= maxLen { // empty too
		return t.of(key)
	}
	// The first, middle and last byte and the length tell keys well apart.
	mixed := uint32(key[0]) | uint32(key[n/2])<<8 | uint32(key[n-1])<<16 | uint32(n)<<24
	set := &t.sets[mixed*0x9e3779b1>>(32-bits)]
	for i := range set {
		if set[i].key == key {
			return set[i].value
		}
	}
	set[1] = set[0]
	set[0] = slot[V]{strings.Clone(key), t.of(key)}
	return set[0].value
}
