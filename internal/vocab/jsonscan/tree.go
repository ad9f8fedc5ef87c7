package jsonscan

// maxOrders bounds how many orders of keys a Tree remembers of one source.
const maxOrders = 64

// Tree lists the values of records that hold objects in objects, all of them in
// one pass: the token of an object is followed by those of its members, whose
// number is in Members, theirs included. What is in arrays is left there. It
// belongs to one goroutine.
type Tree struct {
	resolve func(key string) int32
	root    *Order
	loose   *Order // for objects beyond maxOrders
	orders  int
	tokens  []Token
}

// NewTree returns a Tree that asks resolve once for each new key of each object.
func NewTree(resolve func(key string) int32) *Tree {
	t := &Tree{resolve: resolve}
	t.root, t.loose = t.newOrder(), t.newOrder()
	return t
}

func (t *Tree) newOrder() *Order {
	o := NewOrder(t.resolve)
	o.tree = t
	return o
}

// order returns the Order for an object below a key of o. Which one it is only
// matters for speed.
func (t *Tree) order(o *Order, slot int) *Order {
	if slot < 0 || o == t.loose {
		return t.loose
	}
	s := &o.slots[slot]
	if s.child == nil {
		if t.orders == maxOrders {
			return t.loose
		}
		t.orders++
		s.child = t.newOrder()
	}
	return s.child
}

// Scan returns the values of the record. They are valid until the next Scan and
// alias rec. After an error they are what could be read.
func (t *Tree) Scan(rec []byte) ([]Token, error) {
	tokens, err := t.root.Scan(t.tokens[:0], rec)
	t.tokens = tokens
	return tokens, err
}
