// Package warninglist reads MISP warning lists
// (github.com/MISP/misp-warninglists): lists of values that are known for other
// reasons than attacks, such as the addresses of content networks, public
// resolvers and honest scanners. It knows values, not events. A hit is a fact
// about a value, never a reason to drop what it did.
//
// The types are those of the project's schema: cidr, hostname (a name and all
// below it), string, substring and regex.
package warninglist

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// List says where a hit comes from.
type List struct {
	Name string
	// Scanner says that, by its name, the list holds those who scan and say so.
	Scanner bool
}

// Set is lists that are asked together. Its zero value is empty. It may be read
// by several goroutines once it is filled.
type Set struct {
	lists     []List
	networks  map[netip.Prefix][]int
	lengths   map[int]int // prefix lengths in use, by number of networks
	exact     map[string][]int
	suffixes  map[string][]int
	fragments []fragment
	patterns  []pattern
}

type fragment struct {
	text string
	list int
}

type pattern struct {
	re   *regexp.Regexp
	list int
}

// document is a list as the project writes it.
type document struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	List []string `json:"list"`
}

// Read adds a list. Entries that are not what the type promises are an error.
func (s *Set) Read(r io.Reader) error {
	var d document
	if err := json.NewDecoder(r).Decode(&d); err != nil {
		return fmt.Errorf("warning list: %w", err)
	}
	if d.Name == "" || d.List == nil {
		return fmt.Errorf("warning list: name or list is missing")
	}
	if s.networks == nil {
		s.networks, s.lengths = make(map[netip.Prefix][]int), make(map[int]int)
		s.exact, s.suffixes = make(map[string][]int), make(map[string][]int)
	}
	n := len(s.lists)
	s.lists = append(s.lists, List{Name: d.Name, Scanner: strings.Contains(strings.ToLower(d.Name), "scan")})
	for _, entry := range d.List {
		if err := s.add(d.Type, strings.ToLower(strings.TrimSpace(entry)), n); err != nil {
			return fmt.Errorf("warning list %q: %w", d.Name, err)
		}
	}
	return nil
}

func (s *Set) add(kind, entry string, list int) error {
	if entry == "" {
		return nil
	}
	switch kind {
	case "cidr":
		p, err := network(entry)
		if err != nil {
			return err
		}
		s.networks[p] = append(s.networks[p], list)
		s.lengths[p.Bits()]++
	case "hostname":
		name := strings.Trim(entry, ".")
		s.suffixes[name] = append(s.suffixes[name], list)
	case "string":
		name := strings.Trim(entry, ".")
		s.exact[name] = append(s.exact[name], list)
	case "substring":
		s.fragments = append(s.fragments, fragment{entry, list})
	case "regex":
		// The lists write PHP's delimiters around some.
		re, err := regexp.Compile(strings.TrimSuffix(strings.TrimPrefix(entry, "/"), "/i"))
		if err != nil {
			return err
		}
		s.patterns = append(s.patterns, pattern{re, list})
	default:
		return fmt.Errorf("unknown type %q", kind)
	}
	return nil
}

// network reads a CIDR or a single address.
func network(entry string) (netip.Prefix, error) {
	if !strings.Contains(entry, "/") {
		a, err := netip.ParseAddr(entry)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(entry)
	return p.Masked(), err
}

// Lookup returns the lists that know a value, an address or a name, in the order
// in which they were read.
func (s *Set) Lookup(value string) []List {
	if s == nil || len(s.lists) == 0 {
		return nil
	}
	value = strings.Trim(strings.ToLower(value), ".")
	hits := slices.Clone(s.exact[value])
	if a, err := netip.ParseAddr(value); err == nil {
		for bits := range s.lengths {
			if p, err := a.Unmap().Prefix(bits); err == nil {
				hits = append(hits, s.networks[p]...)
			}
		}
	} else {
		for name := value; name != ""; {
			hits = append(hits, s.suffixes[name]...)
			_, name, _ = strings.Cut(name, ".")
		}
	}
	for _, f := range s.fragments {
		if strings.Contains(value, f.text) {
			hits = append(hits, f.list)
		}
	}
	for _, p := range s.patterns {
		if p.re.MatchString(value) {
			hits = append(hits, p.list)
		}
	}
	slices.Sort(hits)
	var out []List
	for _, i := range slices.Compact(hits) {
		out = append(out, s.lists[i])
	}
	return out
}
