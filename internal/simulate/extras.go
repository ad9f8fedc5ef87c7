package simulate

import (
	"fmt"
	"net/netip"
)

// castHabits adds what the habits need: actors, and more infrastructure of the
// targeted actor. It uses dice of its own, so that the rest stays as it is.
func (c *cast) castHabits(targeted *actor) {
	s := c.sim
	c.dice = newDice(s.Seed, "casting of habits")
	if s.is(habitDistributed) {
		homes, hosts := crowd()
		scouts := append(c.rent(homes, 90, "scanner"), c.rent(hosts, 30, "scanner")...)
		kept := targeted.nodes[:0]
		for _, n := range targeted.nodes {
			if !n.is("scanner") {
				kept = append(kept, n)
			}
		}
		targeted.nodes = append(kept, scouts...)
	}
	if s.is(habitSecond) {
		c.castSecond()
	}
	for _, x := range s.campaigns {
		if s.Relays > 0 {
			x.actor.nodes = append(x.actor.nodes, c.relays()...)
		}
		if s.is(habitRotate) {
			c.rotate(x)
		}
	}
	if s.is(habitNoise) {
		c.castBotnets()
	}
}

// relays are other people's machines: routers at homes near the victims if the
// actor wants to look ordinary, else rented hosts as well.
func (c *cast) relays() []node {
	var near []netip.Prefix
	for _, country := range []string{"TW", "KR", "US", "HK", "JP"} {
		near = append(near, networks(access, country)...)
	}
	if !c.sim.is(habitEvasion) {
		near = append(near, networks(hosting, "")...)
	}
	return c.rent(near, 8, "relay", "administration")
}

// rotate replaces two thirds of the addresses of each role midway.
func (c *cast) rotate(x *campaign) {
	x.turn = c.sim.Start.AddDate(0, 0, c.sim.Days/2)
	var fresh []node
	count := map[string]int{}
	for i := range x.actor.nodes {
		n := &x.actor.nodes[i]
		if count[n.roles[0]]++; count[n.roles[0]]%3 == 0 {
			continue // this one stays
		}
		n.half = 1
		from := where(n.addr).prefix
		if where(n.addr).kind == hosting {
			from = pick(c.dice, networks(hosting, ""))
		}
		next := c.rent([]netip.Prefix{from}, 1, n.roles...)[0]
		next.half = 2
		fresh = append(fresh, next)
	}
	x.actor.nodes = append(x.actor.nodes, fresh...)
	x.actor.christen(x.kits[1].hosts...)
}

// castSecond adds the second targeted actor: other hosts, other tools, people
// in another city, and beacons to the hosts that attacked instead of tunnels.
func (c *cast) castSecond() {
	place := home("Europe/Moscow")
	if c.sim.Operators == place.zone {
		place = home("Asia/Shanghai")
	}
	a := c.add("sim-second-actor", "targeted: looks for mail and remote access portals, attacks from few rented hosts and keeps its victims' servers calling back to them, is administered from "+place.city,
		c.rent(networks(hosting, "SG"), 2, "scanner"), c.rent(networks(hosting, "NL"), 3, "exploit", "command-and-control", "tunnel"),
		c.rent(networks(hosting, "DE"), 2, "exploit", "command-and-control", "tunnel"), c.rent([]netip.Prefix{place.prefix}, 2, "administration"))
	a.targeted = true
	a.christen(secondKits[0].hosts...)
	c.sim.campaigns = append(c.sim.campaigns, &campaign{actor: a, kits: secondKits, home: place,
		operators: newOperators(place.zone, c.sim.is(habitRelay)), second: true})
}

// castBotnets adds two more botnets of each kind that guesses or attacks, each
// with one user agent of its own.
func (c *cast) castBotnets() {
	homes, hosts := crowd()
	for i := range 2 {
		for k, like := range []int{wordpressBots, secretHunters, exploitBots, sshBots, vpnBots} {
			from := homes
			if like == secretHunters || like == vpnBots || i == 1 && like == sshBots {
				from = hosts
			}
			first := c.sim.actors[like]
			a := c.add(fmt.Sprintf("%s-%d", first.name, i+2), first.summary, c.rent(from, 25+c.dice.IntN(50), first.nodes[0].roles...))
			a.agents = []string{botAgents[(i*5+k)%len(botAgents)]}
			if c.sim.crews == nil {
				c.sim.crews = map[int][]*actor{}
			}
			c.sim.crews[like] = append(c.sim.crews[like], a)
		}
	}
}

var botAgents = []string{
	"Mozilla/5.0 (Windows NT 6.3; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/67.0.3396.99 Safari/537.36",
	"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)", "python-requests/2.25.1", "libwww-perl/6.72",
	"Mozilla/5.0 (X11; Linux i686; rv:102.0) Gecko/20100101 Firefox/102.0", "Go-http-client/2.0", "fasthttp", "-",
	"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "Apache-HttpClient/4.5.13 (Java/11.0.16)",
}

// crew picks the botnet of a kind that acts now.
func (o *org) crew(like int, d dice) *actor {
	others := o.sim.crews[like]
	if len(others) == 0 {
		return o.sim.actors[like]
	}
	if n := d.IntN(len(others) + 1); n > 0 {
		return others[n-1]
	}
	return o.sim.actors[like]
}
