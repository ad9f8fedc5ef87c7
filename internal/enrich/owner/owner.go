// Package owner tells whose an event is and which way it went.
//
// The organization is that of the source's glob; without one, the one whose
// network holds the destination, else the source address, by longest prefix.
// Direction is as that organization sees it. Only its own networks are inside;
// where the telemetry is its own, so are the private and link-local ranges
// (RFC 1918, RFC 4193, RFC 3927, RFC 4291), which belong to whoever's sensor
// sees them. All else is outside.
package owner

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"github.com/vedette-cti/vedette"
)

// Enricher sets Organization and Direction. It is safe for concurrent use.
type Enricher struct {
	networks bart.Table[string]
	has      map[string]bool // organizations with networks
}

// New returns an Enricher for c, which must not change afterwards.
func New(c *vedette.Constituency) *Enricher {
	e := &Enricher{has: make(map[string]bool)}
	for i := range c.Organizations {
		o := &c.Organizations[i]
		for _, p := range o.Networks {
			e.networks.Insert(p, o.ID)
			e.has[o.ID] = true
		}
	}
	return e
}

// Needs implements enrich.Enricher.
func (e *Enricher) Needs() []string { return []string{"source.ip", "destination.ip"} }

// Adds implements enrich.Enricher.
func (e *Enricher) Adds() []string { return []string{"organization.id", "network.direction"} }

// Enrich implements enrich.Enricher.
func (e *Enricher) Enrich(ev *vedette.Event) {
	source, destination := e.lookup(ev.SourceIP), e.lookup(ev.DestinationIP)
	own := ev.Source != nil && ev.Source.Organization != ""
	switch {
	case own:
		ev.Organization = ev.Source.Organization
	case destination != "":
		ev.Organization = destination
	default:
		ev.Organization = source
	}
	if ev.Organization == "" || !ev.SourceIP.IsValid() {
		return
	}
	from := e.inside(ev.SourceIP, source, ev.Organization, own)
	if !ev.DestinationIP.IsValid() {
		// A log of the organization's own service: the other end is itself.
		if own {
			ev.Direction = direction(from, true)
		}
		return
	}
	to := e.inside(ev.DestinationIP, destination, ev.Organization, own)
	if !from && !to && !e.has[ev.Organization] {
		return // nothing is known to be inside, so outside can not be told
	}
	ev.Direction = direction(from, to)
}

func (e *Enricher) lookup(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	org, _ := e.networks.Lookup(a)
	return org
}

func (e *Enricher) inside(a netip.Addr, owner, org string, own bool) bool {
	return owner == org || own && owner == "" && local(a)
}

// local reports whether a has no meaning beyond the network it was seen in.
func local(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		a.IsUnspecified() || a == broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func direction(fromInside, toInside bool) vedette.Direction {
	switch {
	case fromInside && toInside:
		return vedette.DirectionInternal
	case fromInside:
		return vedette.DirectionOutbound
	case toInside:
		return vedette.DirectionInbound
	}
	return vedette.DirectionExternal
}
