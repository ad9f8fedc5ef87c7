// Package enrich adds to an event what its source could not know: whose it is,
// which way it went, where its addresses are. An enricher is one folder below
// this one.
package enrich

import (
	"fmt"
	"slices"

	"github.com/vedette-cti/vedette"
)

// An Enricher fills fields of an event. It is used by several goroutines at a
// time.
type Enricher interface {
	// Needs and Adds name event fields by their ECS names; the order of
	// enrichers is derived from them.
	Needs() []string
	Adds() []string
	Enrich(*vedette.Event)
}

// Order sorts enrichers so that each runs after those that add what it needs,
// keeping the given order otherwise. A cycle is an error.
func Order(es []Enricher) ([]Enricher, error) {
	var out []Enricher
	rest := slices.Clone(es)
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(e Enricher) bool { return ready(e, rest) })
		if i < 0 {
			return nil, fmt.Errorf("enrichers need each other: %T and %d more", rest[0], len(rest)-1)
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out, nil
}

// ready reports whether none of the others still to come adds what e needs.
func ready(e Enricher, others []Enricher) bool {
	for _, o := range others {
		if o == e {
			continue
		}
		for _, field := range o.Adds() {
			if slices.Contains(e.Needs(), field) {
				return false
			}
		}
	}
	return true
}
