package jsonscan

// Member is a value within a record that holds objects in objects.
type Member struct {
	Path  string // the keys that lead to it, joined by dots
	Field int32  // what resolve said of Path
	Value Token  // Key is the last key alone
}

// Opaque, as a result of resolve, keeps the object at a path in one piece.
const Opaque int32 = -1

// Bounds on what a Flattener remembers of one source, and on how deeply it
// takes objects apart; deeper ones stay in one piece.
const (
	maxPaths   = 1024
	maxFlatten = 4
)

// Flattener lists the values of a record with their dotted paths, so that
// {"a":{"b":1}} and {"a.b":1} are the same to its user. Arrays stay in one
// piece, and nulls are left out. It belongs to one goroutine.
type Flattener struct {
	resolve func(path string) int32
	paths   []path // by Token.Field; 0 is for paths that are not remembered
	root    *Order
	tokens  []Token
	members []Member
}

// path is one dotted path that was seen.
type path struct {
	name  string
	field int32
	depth int
	child *Order // of the object there, nil until there was one
}

// NewFlattener returns a Flattener that asks resolve once for each new path.
func NewFlattener(resolve func(path string) int32) *Flattener {
	f := &Flattener{resolve: resolve, paths: make([]path, 1)}
	f.root = f.orderFor("", 1)
	return f
}

// orderFor returns the order of keys of the object whose path is prefix.
func (f *Flattener) orderFor(prefix string, depth int) *Order {
	o := NewOrder(func(key string) int32 {
		if len(f.paths) == maxPaths {
			return 0
		}
		name := string(append([]byte(prefix), key...)) // key is valid during the call only
		f.paths = append(f.paths, path{name: name, field: f.resolve(name), depth: depth})
		return int32(len(f.paths) - 1)
	})
	o.prefix, o.descend = prefix, f.open
	return o
}

// open returns the Order for an object at a path, nil if it stays in one piece.
func (f *Flattener) open(field int32) *Order {
	p := &f.paths[field]
	if field == 0 || p.depth == maxFlatten || p.field == Opaque {
		return nil
	}
	if p.child == nil {
		p.child = f.orderFor(p.name+".", p.depth+1)
	}
	return p.child
}

// Scan returns the values of the record, in its order. They are valid until the
// next Scan and alias rec. After an error they are what could be read.
func (f *Flattener) Scan(rec []byte) ([]Member, error) {
	tokens, err := f.root.Scan(f.tokens[:0], rec)
	f.tokens = tokens
	f.members = f.members[:0]
	for i := range tokens {
		t := &tokens[i]
		if t.Kind == Null {
			continue
		}
		m := Member{Path: t.Key, Value: *t}
		if t.Field != 0 {
			p := &f.paths[t.Field]
			m.Path, m.Field = p.name, p.field
		} else {
			m.Field = f.resolve(t.Key)
		}
		f.members = append(f.members, m)
	}
	return f.members, err
}
