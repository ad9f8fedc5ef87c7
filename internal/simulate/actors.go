package simulate

import (
	"net/netip"

	"github.com/vedette-cti/vedette"
)

// actor is someone from outside who acts on organizations.
type actor struct {
	index    int
	name     string
	summary  string
	targeted bool
	nodes    []node
}

// node is one address or name of an actor's infrastructure.
type node struct {
	addr  netip.Addr
	name  string // a domain name that points to addr, if it is used by name
	roles []string
}

// Indexes of the actors.
const (
	targetedActor = iota
	wordpressBots
	secretHunters
	exploitBots
	sshBots
	vpnBots
	internetCensus
	deviceSearch
)

// casting creates the actors and their infrastructure.
func (s *simulation) casting() {
	d := newDice(s.Seed, "casting")
	taken := map[netip.Addr]bool{}
	rent := func(from []netip.Prefix, n int, roles ...string) []node {
		var out []node
		for len(out) < n {
			if a := d.address(pick(d, from)); !taken[a] {
				taken[a] = true
				out = append(out, node{addr: a, roles: roles})
			}
		}
		return out
	}
	var homes, hosts []netip.Prefix
	for _, c := range everyoneElses {
		homes = append(homes, networks(access, c)...)
	}
	hosts = networks(hosting, "")
	add := func(index int, name, summary string, nodes ...[]node) *actor {
		a := &actor{index: index, name: name, summary: summary}
		for _, n := range nodes {
			a.nodes = append(a.nodes, n...)
		}
		s.actors = append(s.actors, a)
		return a
	}
	s.targeted = add(targetedActor, "sim-strait-actor", "targeted: scans chosen sectors from rented hosts, attacks public-facing devices and web applications, tunnels out over SoftEther, is administered from Fuzhou in office hours",
		rent(networks(hosting, "JP"), 2, "scanner"), rent(networks(hosting, "US"), 2, "scanner"),
		rent(networks(hosting, "HK"), 3, "exploit"), rent(networks(hosting, "KR"), 1, "exploit"), rent(networks(hosting, "TW"), 2, "exploit"),
		rent(networks(hosting, "HK"), 2, "command-and-control", "tunnel"), rent(networks(hosting, "TW"), 2, "command-and-control", "tunnel"),
		rent([]netip.Prefix{city("Fuzhou")}, 3, "administration"))
	s.targeted.targeted = true
	names := []string{"sim-vpn0461.softether.net", "sync.sim-update-relay.example", "sim-vpn7730.softether.net", "assets.sim-office-portal.example"}
	for i, k := range s.targeted.having("tunnel") {
		s.targeted.nodes[k].name = names[i]
	}
	add(wordpressBots, "sim-bot-wordpress", "opportunistic: guesses WordPress passwords everywhere", rent(homes, 30, "exploit"))
	add(secretHunters, "sim-bot-secrets", "opportunistic: looks for forgotten files everywhere", rent(hosts, 12, "scanner"))
	add(exploitBots, "sim-bot-exploit", "opportunistic: sends old exploits to everyone", rent(homes, 35, "exploit"))
	add(sshBots, "sim-bot-ssh", "opportunistic: guesses SSH passwords", rent(homes, 30, "exploit"), rent(hosts, 15, "exploit"))
	add(vpnBots, "sim-bot-vpn", "opportunistic: tries leaked passwords at VPN gateways", rent(hosts, 20, "exploit"))
	add(internetCensus, "sim-internet-census", "research: counts services on the internet and says so", rent(networks(census, "US"), 6, "scanner"))
	add(deviceSearch, "sim-device-search", "search engine for devices: knocks at many ports", rent(networks(census, "NL"), 8, "scanner"))
	for _, o := range s.orgs {
		o.marks = make([]vedette.Verdict, len(s.actors))
		o.seen = make([]map[netip.Addr]bool, len(s.actors))
		for i := range o.seen {
			o.seen[i] = map[netip.Addr]bool{}
		}
	}
}

// having lists the nodes with a role.
func (a *actor) having(role string) []int {
	var out []int
	for i, n := range a.nodes {
		for _, r := range n.roles {
			if r == role {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// mark notes what the organization's telemetry shows of an actor; nothing if
// the act was not seen.
func (o *org) mark(actor int, addr netip.Addr, v vedette.Verdict, seen bool) {
	if !seen {
		return
	}
	o.seen[actor][addr] = true
	o.marks[actor] = max(o.marks[actor], v)
}

// shelled reports whether there is an SSH server to be seen.
func (o *org) shelled() bool {
	return o.auth != nil || o.zeek != nil && !o.profile.egressOnly
}
