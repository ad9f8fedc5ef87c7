package decode

import (
	"slices"
)

// Registry knows the formats and tells from content which one it is. It is
// safe for concurrent use as long as Formats does not change.
type Registry struct {
	Formats []*Format
}

// Recognize returns the format that is the most sure of head, nil if none is.
// At equal confidence the name that sorts first wins, so the order of Formats
// does not matter.
func (r *Registry) Recognize(head []byte) *Format { return r.recognize(head, nil) }

func (r *Registry) recognize(head []byte, except []string) *Format {
	var (
		best *Format
		sure Confidence
	)
	for _, f := range r.Formats {
		if slices.Contains(except, f.Name) {
			continue
		}
		c := sniff(f, head)
		if c > sure || c == sure && c > 0 && f.Name < best.Name {
			best, sure = f, c
		}
	}
	return best
}

// sniff asks f. A format that can not even look at the content is not it.
func sniff(f *Format, head []byte) (c Confidence) {
	defer func() {
		if recover() != nil {
			c = 0
		}
	}()
	return f.Sniff(head)
}

// Lookup returns the format of that name, nil if there is none.
func (r *Registry) Lookup(name string) *Format {
	for _, f := range r.Formats {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// New makes a decoder of format f. If o has no Payload, decoders of the other
// formats serve as such; an envelope inside another of the same format is not
// opened.
func (r *Registry) New(f *Format, o Options) Decoder { return r.newDecoder(f, o, nil) }

func (r *Registry) newDecoder(f *Format, o Options, outer []string) Decoder {
	if o.Payload == nil {
		inner := o
		except := append(slices.Clip(outer), f.Name)
		o.Payload = func(msg []byte) Decoder {
			p := r.recognize(msg, except)
			if p == nil {
				return nil
			}
			return r.newDecoder(p, inner, except)
		}
	}
	return f.New(o)
}
