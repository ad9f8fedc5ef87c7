package simulate

import (
	"bytes"
	"net"
	"net/netip"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// writeGeo writes the geolocation databases, in the layout of GeoLite2's City
// and ASN databases.
func (s *simulation) writeGeo() error {
	options := func(kind string) mmdbwriter.Options {
		return mmdbwriter.Options{
			DatabaseType: "Simulated-" + kind, BuildEpoch: s.Start.Unix(), IncludeReservedNetworks: true, RecordSize: 24,
			Languages: []string{"en"}, Description: map[string]string{"en": notice}, DisableIPv4Aliasing: true,
		}
	}
	cities, err := mmdbwriter.New(options("City"))
	if err != nil {
		return err
	}
	systems, err := mmdbwriter.New(options("ASN"))
	if err != nil {
		return err
	}
	insert := func(p netip.Prefix, country, city, zone string, asn uint32, name string) error {
		network := &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
		if err := cities.Insert(network, mmdbtype.Map{
			"city":     mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(city)}},
			"country":  mmdbtype.Map{"iso_code": mmdbtype.String(country)},
			"location": mmdbtype.Map{"time_zone": mmdbtype.String(zone)},
		}); err != nil {
			return err
		}
		return systems.Insert(network, mmdbtype.Map{
			"autonomous_system_number":       mmdbtype.Uint32(asn),
			"autonomous_system_organization": mmdbtype.String(name),
		})
	}
	for _, b := range outside {
		if err := insert(b.prefix, b.country, b.city, b.zone, b.asn, b.name); err != nil {
			return err
		}
	}
	for _, o := range s.orgs {
		c := o.country
		for _, p := range []netip.Prefix{o.net4, o.net6} {
			if !p.IsValid() {
				continue
			}
			if err := insert(p, c.code, c.city, c.zone, c.asn, "Simulated "+c.city+" Organizations"); err != nil {
				return err
			}
		}
	}
	for name, tree := range map[string]*mmdbwriter.Tree{"geo/simulated-city.mmdb": cities, "geo/simulated-asn.mmdb": systems} {
		var b bytes.Buffer
		if _, err := tree.WriteTo(&b); err != nil {
			return err
		}
		if err := s.file(name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
