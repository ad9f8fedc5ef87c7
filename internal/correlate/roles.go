package correlate

import (
	"net/netip"

	"github.com/vedette-cti/vedette"
)

// relays marks the members that others seem to work through. Two rules, each a
// fact about where an address is, not what it does:
//
//   - a constituent's own address, used against another constituent: that machine
//     is somebody's victim first;
//   - an address that administers an organization from that organization's own
//     country, while other members of the group administer from abroad: domestic
//     addresses are what such relays are rented for.
//
// Whoever rents hosts in the victim's country and administers from nowhere else
// is not told apart from somebody who lives there.
func relays(g group, con *vedette.Constituency, geo func(netip.Addr) *vedette.Geo) {
	for _, a := range g {
		if inside(a, con) {
			a.roles |= vedette.RoleRelay
		}
	}
	if geo == nil {
		return
	}
	country := func(a *actor) string {
		if a.key.addr.IsValid() {
			if at := geo(a.key.addr); at != nil {
				return at.Country
			}
		}
		return ""
	}
	abroad := make(map[string]bool) // countries of administration, by what is not home to the victim
	for _, a := range g {
		if c := country(a); c != "" && a.administers(con, c, false) {
			abroad[c] = true
		}
	}
	for _, a := range g {
		if c := country(a); c != "" && a.administers(con, c, true) && !a.administers(con, c, false) && len(abroad) > 0 && !abroad[c] {
			a.roles |= vedette.RoleRelay
		}
	}
}

// inside reports whether a is a machine of a constituent and acted against
// others (what it did to its own organization is not in the picture).
func inside(a *actor, con *vedette.Constituency) bool {
	if !a.key.addr.IsValid() {
		return false
	}
	for i := range con.Organizations {
		for _, n := range con.Organizations[i].Networks {
			if n.Contains(a.key.addr) {
				return true
			}
		}
	}
	return false
}

// administers reports whether a, from country, administered an organization of
// that country (home) or of another one.
func (a *actor) administers(con *vedette.Constituency, country string, home bool) bool {
	for id, deeds := range a.deeds {
		org := con.Organization(id)
		if org == nil || org.Country == "" || (org.Country == country) != home {
			continue
		}
		for _, d := range deeds {
			if d.effect && (d.role&vedette.RoleAdministration != 0 || d.detector == "webshell" || d.detector == "foothold") {
				return true
			}
		}
	}
	return false
}
