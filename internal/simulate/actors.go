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
	agents   []string // user agents of a botnet
}

// node is one address or name of an actor's infrastructure.
type node struct {
	addr  netip.Addr
	name  string // a domain name that points to addr, if it is used by name
	roles []string
	half  int // of the period in which it is used: 1, 2, or 0 for both
}

// Indexes of the actors that every simulation has.
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

// cast is the state of casting.
type cast struct {
	sim   *simulation
	dice  dice
	taken map[netip.Addr]bool
}

// rent takes n addresses that nobody has yet.
func (c *cast) rent(from []netip.Prefix, n int, roles ...string) []node {
	var out []node
	for len(out) < n {
		if a := c.dice.address(pick(c.dice, from)); !c.taken[a] {
			c.taken[a] = true
			out = append(out, node{addr: a, roles: roles})
		}
	}
	return out
}

// add adds an actor with its nodes.
func (c *cast) add(name, summary string, nodes ...[]node) *actor {
	a := &actor{index: len(c.sim.actors), name: name, summary: summary, agents: oldAgents}
	for _, n := range nodes {
		a.nodes = append(a.nodes, n...)
	}
	c.sim.actors = append(c.sim.actors, a)
	return a
}

// crowd is where botnets live: other countries' homes, and rented hosts.
func crowd() (homes, hosts []netip.Prefix) {
	for _, c := range everyoneElses {
		homes = append(homes, networks(access, c)...)
	}
	return homes, networks(hosting, "")
}

// casting creates the actors and their infrastructure.
func (s *simulation) casting() {
	c := &cast{s, newDice(s.Seed, "casting"), map[netip.Addr]bool{}}
	place := home(s.Operators)
	summary := "targeted: scans chosen sectors from rented hosts, attacks public-facing devices and web applications, tunnels out over SoftEther, is administered from " + place.city + " in office hours"
	targeted := c.add("sim-strait-actor", summary,
		c.rent(networks(hosting, "JP"), 2, "scanner"), c.rent(networks(hosting, "US"), 2, "scanner"),
		c.rent(networks(hosting, "HK"), 3, "exploit"), c.rent(networks(hosting, "KR"), 1, "exploit"), c.rent(networks(hosting, "TW"), 2, "exploit"),
		c.rent(networks(hosting, "HK"), 2, "command-and-control", "tunnel"), c.rent(networks(hosting, "TW"), 2, "command-and-control", "tunnel"),
		c.rent([]netip.Prefix{place.prefix}, 3, "administration"))
	targeted.targeted = true
	targeted.christen(firstKits[0].hosts...)
	homes, hosts := crowd()
	c.add("sim-bot-wordpress", "opportunistic: guesses WordPress passwords everywhere", c.rent(homes, 30, "exploit"))
	c.add("sim-bot-secrets", "opportunistic: looks for forgotten files everywhere", c.rent(hosts, 12, "scanner"))
	c.add("sim-bot-exploit", "opportunistic: sends old exploits to everyone", c.rent(homes, 35, "exploit"))
	c.add("sim-bot-ssh", "opportunistic: guesses SSH passwords", c.rent(homes, 30, "exploit"), c.rent(hosts, 15, "exploit"))
	c.add("sim-bot-vpn", "opportunistic: tries leaked passwords at VPN gateways", c.rent(hosts, 20, "exploit"))
	c.add("sim-internet-census", "research: counts services on the internet and says so", c.rent(networks(census, "US"), 6, "scanner"))
	c.add("sim-device-search", "search engine for devices: knocks at many ports", c.rent(networks(census, "NL"), 8, "scanner"))
	s.campaigns = []*campaign{{actor: targeted, kits: firstKits, home: place, operators: newOperators(s.Operators, s.is(habitRelay))}}
	c.castHabits(targeted)
	for _, o := range s.orgs {
		o.marks = make([]vedette.Verdict, len(s.actors))
		o.seen = make([]map[netip.Addr]bool, len(s.actors))
		for i := range o.seen {
			o.seen[i] = map[netip.Addr]bool{}
		}
	}
}

// christen gives the tunnel hosts that have none yet their names.
func (a *actor) christen(names ...string) {
	for i := range a.nodes {
		n := &a.nodes[i]
		if len(names) > 0 && n.name == "" && n.is("tunnel") {
			n.name, names = names[0], names[1:]
		}
	}
}

func (n node) is(role string) bool {
	for _, r := range n.roles {
		if r == role {
			return true
		}
	}
	return false
}

// having lists the nodes with a role that are used in a half of the period.
func (a *actor) having(role string, half int) []int {
	var out []int
	for i, n := range a.nodes {
		if n.is(role) && (n.half == 0 || n.half == half) {
			out = append(out, i)
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
