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
	child *Order // of the object there, nil until there was one
}

// NewFlattener returns a Flattener that asks resolve once for each new path.
func NewFlattener(resolve func(path string) int32) *Flattener {
	f := &Flattener{resolve: resolve, paths: make([]path, 1)}
	f.root = f.orderFor("")
	return f
}

// orderFor returns the order of keys of the object whose path is prefix.
func (f *Flattener) orderFor(prefix string) *Order {
	return NewOrder(func(key string) int32 {
		if len(f.paths) == maxPaths {
			return 0
		}
		name := string(append([]byte(prefix), key...)) // key is valid during the call only
		f.paths = append(f.paths, path{name: name, field: f.resolve(name)})
		return int32(len(f.paths) - 1)
	})
}

// Scan returns the values of the record, in its order. They are valid until the
// next Scan and alias rec. After an error they are what could be read.
func (f *Flattener) Scan(rec []byte) ([]Member, error) {
	f.members = f.members[:0]
	tokens, err := f.root.Scan(f.tokens[:0], rec)
	f.tokens = tokens
	if e := f.collect(tokens, 0, 1); err == nil {
		err = e
	}
	return f.members, err
}

// collect lists the members of an object, and of the objects in it.
func (f *Flattener) collect(tokens []Token, parent int32, depth int) error {
	for i := range tokens {
		t := &tokens[i]
		if t.Kind == Null {
			continue
		}
		p := &f.paths[t.Field]
		if t.Field == 0 {
			f.unknown(t, parent)
			continue
		}
		if t.Kind != Object || depth == maxFlatten || p.field == Opaque {
			f.members = append(f.members, Member{p.name, p.field, *t})
			continue
		}
		if p.child == nil {
			p.child = f.orderFor(p.name + ".")
		}
		n := len(f.tokens)
		inner, err := p.child.ScanValue(f.tokens, t)
		if err != nil {
			return err
		}
		f.tokens = inner
		err = f.collect(inner[n:], t.Field, depth+1)
		f.tokens = f.tokens[:n]
		if err != nil {
			return err
		}
	}
	return nil
}

// unknown lists a value whose path is not remembered. An object stays in one
// piece.
func (f *Flattener) unknown(t *Token, parent int32) {
	name := t.Key
	if parent != 0 {
		name = f.paths[parent].name + "." + t.Key
	}
	f.members = append(f.members, Member{name, f.resolve(name), *t})
}
