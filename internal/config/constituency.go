// Package config reads what a user writes for Vedette: the constituency file.
// Errors name file and line.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/goccy/go-yaml"

	"github.com/vedette-cti/vedette"
)

// document is the constituency file as it is written.
type document struct {
	Organizations      []organization `yaml:"organizations"`
	AuthorizedScanners []string       `yaml:"authorized_scanners"`
}

type organization struct {
	ID       string   `yaml:"id"`
	Name     string   `yaml:"name"`
	Sector   string   `yaml:"sector"`
	Country  string   `yaml:"country"`
	Networks []string `yaml:"networks"`
	Domains  []string `yaml:"domains"`
	Sources  []string `yaml:"sources"`
	Assets   []asset  `yaml:"assets"`
}

type asset struct {
	ID       string `yaml:"id"`
	Address  string `yaml:"address"`
	Vendor   string `yaml:"vendor"`
	Product  string `yaml:"product"`
	Version  string `yaml:"version"`
	CPE      string `yaml:"cpe"`
	Exposure string `yaml:"exposure"`
}

// LoadConstituency reads and validates the file at path. Unknown keys are
// errors, so that a misspelled "networks" can not silently blind a verdict.
func LoadConstituency(path string) (*vedette.Constituency, error) {
	c, err := load(path)
	if err != nil {
		return nil, &vedette.Problem{Err: err, Hint: "examples/strait/constituency.yaml shows what the file may hold"}
	}
	return c, nil
}

func load(path string) (*vedette.Constituency, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := yaml.UnmarshalWithOptions(data, &doc, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, readable(err))
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	c := &vedette.Constituency{Dir: dir}
	for _, o := range doc.Organizations {
		org, err := o.convert()
		if err != nil {
			return nil, fmt.Errorf("%s: organization %q: %w", path, o.ID, err)
		}
		c.Organizations = append(c.Organizations, org)
	}
	if c.AuthorizedScanners, err = prefixes(doc.AuthorizedScanners); err != nil {
		return nil, fmt.Errorf("%s: authorized_scanners: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

var position = regexp.MustCompile(`(?s)^\[(\d+):(\d+)\] ([^\n]*).*$`)

// readable turns the library's picture of the file into one line.
func readable(err error) error {
	if m := position.FindStringSubmatch(yaml.FormatError(err, false, false)); m != nil {
		return fmt.Errorf("line %s, column %s: %s", m[1], m[2], m[3])
	}
	return errors.New(yaml.FormatError(err, false, false))
}

func (o organization) convert() (vedette.Organization, error) {
	out := vedette.Organization{
		ID: o.ID, Name: o.Name, Sector: o.Sector, Country: o.Country, Sources: o.Sources,
	}
	var err error
	if out.Networks, err = prefixes(o.Networks); err != nil {
		return out, fmt.Errorf("networks: %w", err)
	}
	for _, d := range o.Domains {
		out.Domains = append(out.Domains, strings.ToLower(strings.TrimSuffix(d, ".")))
	}
	for _, g := range o.Sources {
		if !doublestar.ValidatePattern(g) {
			return out, fmt.Errorf("sources: %q is not a valid glob", g)
		}
	}
	for _, a := range o.Assets {
		converted := vedette.Asset{
			ID: a.ID, Vendor: a.Vendor, Product: a.Product, Version: a.Version, CPE: a.CPE, Exposure: a.Exposure,
		}
		if a.Address != "" {
			if converted.Address, err = netip.ParseAddr(a.Address); err != nil {
				return out, fmt.Errorf("asset %q: %w", a.ID, err)
			}
		}
		out.Assets = append(out.Assets, converted)
	}
	return out, nil
}

// prefixes parses CIDRs; a bare address is a network of one.
func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, addrErr := netip.ParseAddr(s)
			if addrErr != nil {
				return nil, err
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// SourceOwner returns the function that tells whose telemetry a file is, by the
// organizations' source globs: the organization's id, empty if none matches. If
// several match, the longest glob wins.
func SourceOwner(c *vedette.Constituency) func(path string) string {
	type rule struct{ glob, org string }
	var rules []rule
	for i := range c.Organizations {
		for _, g := range c.Organizations[i].Sources {
			rules = append(rules, rule{filepath.ToSlash(filepath.Clean(g)), c.Organizations[i].ID})
		}
	}
	return func(path string) string {
		full, err := filepath.Abs(path)
		if err != nil {
			return ""
		}
		name := filepath.ToSlash(full)
		relative := name
		if r, err := filepath.Rel(c.Dir, full); err == nil {
			relative = filepath.ToSlash(r)
		}
		best := rule{}
		for _, r := range rules {
			target := relative
			if filepath.IsAbs(r.glob) {
				target = name
			}
			if doublestar.MatchUnvalidated(r.glob, target) && len(r.glob) > len(best.glob) {
				best = r
			}
		}
		return best.org
	}
}
