package vedette

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// Organization is a constituent (a STIX identity): who it is, which address
// space and names are its own, and which telemetry comes from it.
type Organization struct {
	ID       string
	Name     string
	Sector   string // STIX 2.1 industry-sector-ov
	Country  string // ISO 3166-1 alpha-2
	Networks []netip.Prefix
	Domains  []string
	Sources  []string // globs relative to the constituency file; ** crosses folders
	Assets   []Asset
}

// Asset is a device or service of an organization.
type Asset struct {
	ID       string
	Address  netip.Addr
	Vendor   string
	Product  string
	Version  string
	CPE      string
	Exposure string // internet or internal
}

// Constituency is the set of organizations that one Vedette watches over.
type Constituency struct {
	// Dir is the folder that the organizations' source globs are relative to.
	Dir                string
	Organizations      []Organization
	AuthorizedScanners []netip.Prefix // addresses whose scanning is permitted
}

// Organization returns the one with that id, nil if there is none.
func (c *Constituency) Organization(id string) *Organization {
	for i := range c.Organizations {
		if c.Organizations[i].ID == id {
			return &c.Organizations[i]
		}
	}
	return nil
}

// Sectors is the STIX 2.1 industry-sector-ov vocabulary (section 10.10).
var Sectors = []string{
	"agriculture", "aerospace", "automotive", "chemical", "commercial", "communications", "construction",
	"defense", "education", "energy", "entertainment", "financial-services", "government",
	"emergency-services", "government-local", "government-national", "government-public-services",
	"government-regional", "healthcare", "hospitality-leisure", "infrastructure", "dams", "nuclear", "water",
	"insurance", "manufacturing", "mining", "non-profit", "pharmaceuticals", "retail", "technology",
	"telecommunications", "transportation", "utilities",
}

var (
	organizationID = regexp.MustCompile(`^[a-z0-9-]+$`)
	countryCode    = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Validate returns an error for the first thing in c that cannot be right.
// An open vocabulary stays open: a sector outside Sectors is not an error.
func (c *Constituency) Validate() error {
	seen := make(map[string]bool)
	owner := make(map[netip.Prefix]string)
	for i := range c.Organizations {
		o := &c.Organizations[i]
		switch {
		case !organizationID.MatchString(o.ID):
			return fmt.Errorf("organization %d: id %q must be made of a-z, 0-9 and -", i+1, o.ID)
		case seen[o.ID]:
			return fmt.Errorf("organization %q is listed twice", o.ID)
		case o.Country != "" && !countryCode.MatchString(o.Country):
			return fmt.Errorf("organization %q: country %q is not an ISO 3166-1 alpha-2 code", o.ID, o.Country)
		}
		seen[o.ID] = true
		for _, p := range o.Networks {
			if other, ok := owner[p.Masked()]; ok {
				return fmt.Errorf("organization %q: network %s already belongs to %q", o.ID, p, other)
			}
			owner[p.Masked()] = o.ID
		}
		for _, a := range o.Assets {
			if a.Exposure != "" && !slices.Contains([]string{"internet", "internal"}, a.Exposure) {
				return fmt.Errorf("organization %q: asset %q: exposure %q must be internet or internal", o.ID, a.ID, a.Exposure)
			}
		}
	}
	return nil
}
