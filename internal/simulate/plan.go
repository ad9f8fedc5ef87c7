package simulate

import (
	"sort"
	"time"

	"github.com/vedette-cti/vedette"
)

// campaign is what a targeted actor does over the period.
type campaign struct {
	actor     *actor
	kits      [2]kit
	turn      time.Time // when it changes its kit and addresses; zero: never
	home      *block
	operators *operators
	second    bool   // the one that comes with the habit second-actor
	steps     []step // by organization
}

// step is what a targeted actor does at one organization.
type step struct {
	campaign              *campaign
	goal                  vedette.Verdict // how far it goes
	scan, exploit, effect time.Time
	until                 time.Time // end of the stay
	tools                 [2]tools  // before and after the turn
	mode                  string
	unseen                bool // it gets in where no sensor shows it
	relayed               float64
	evasive               bool
}

// with is what serves the step at a moment.
func (st *step) with(at time.Time) *tools {
	if t := st.campaign.turn; !t.IsZero() && !at.Before(t) {
		return &st.tools[1]
	}
	return &st.tools[0]
}

// actor is the index of who does it.
func (st *step) actor() int { return st.campaign.actor.index }

// pause is the time to the next request: in seconds on average, or about an
// hour for someone who does not want to be noticed.
func (st *step) pause(mean float64, d dice) time.Duration {
	if st.evasive {
		return d.span(35*time.Minute, 85*time.Minute)
	}
	return d.seconds(mean)
}

// The ways in, by what shows them.
const (
	modeVPN     = "vpn-admin"    // takes over SoftEther's administration
	modeGate    = "gate-admin"   // takes over the firewall's administration
	modeShell   = "web-shell"    // puts a script on the web site and uses it
	modeOutward = "outward"      // the web server begins to talk to a tunnel host
	modeSpray   = "spray-access" // a guessed SSH password
)

// ways lists the modes whose effect the organization's telemetry could show.
func (o *org) ways() []string {
	var out []string
	if o.vpn != nil {
		out = append(out, modeVPN)
	}
	if o.gate != nil && o.vpn == nil {
		out = append(out, modeGate)
	}
	if len(o.sites) > 0 && (o.sites[0].log != nil || !o.sites[0].tls) && !o.profile.egressOnly {
		out = append(out, modeShell)
	}
	if !o.profile.egressOnly && (o.zeek != nil || o.eve != nil || o.gate != nil) {
		out = append(out, modeOutward)
	}
	if o.shelled() {
		out = append(out, modeSpray)
	}
	return out
}

// goal is how far targeted actors mean to go at an organization.
func (s *simulation) goal(i int) vedette.Verdict {
	v := vedette.VerdictNone
	for _, c := range s.campaigns {
		v = max(v, c.steps[i].goal)
	}
	return v
}

// planCampaigns chooses victims by sector and country and gives each its time,
// infrastructure and outcome.
func (s *simulation) planCampaigns() {
	n := len(s.orgs)
	first := s.campaigns[0]
	d := newDice(s.Seed, "campaign")
	first.steps = make([]step, n)
	wanted := s.preference(map[string]float64{"education": 1.6, "government-national": 1.6, "technology": 1.5, "defense": 1.2, "telecommunications": 1, "non-profit": 0.9}, "TW", d)
	first.choose(wanted, (n+9)/10, (n*25+50)/100, (n*15+50)/100)
	s.planBlindSpots(first, wanted)
	s.scheduleAll(first, d)
	for _, c := range s.campaigns[1:] {
		d := newDice(s.Seed, "campaign of "+c.actor.name)
		c.steps = make([]step, n)
		c.choose(s.shared(first, s.preference(map[string]float64{"telecommunications": 2, "government-national": 1.8, "financial-services": 1.4, "defense": 1.4}, "", d)), (n+19)/20, (n*12+50)/100, (n*8+50)/100)
		s.scheduleAll(c, d)
	}
}

// shared puts every third victim of the first actor in front of the list.
func (s *simulation) shared(first *campaign, wanted []*org) []*org {
	var both, rest []*org
	for i, o := range wanted {
		if first.steps[o.index].goal >= vedette.VerdictAttempt && !first.steps[o.index].unseen && i%3 == 0 {
			both = append(both, o)
		} else {
			rest = append(rest, o)
		}
	}
	var out []*org
	for i := range rest { // one that both want, then two of its own
		if i%2 == 0 && len(both) > 0 {
			out, both = append(out, both[0]), both[1:]
		}
		out = append(out, rest[i])
	}
	return append(out, both...)
}

// choose deals out the goals over the organizations in the order of interest.
func (c *campaign) choose(wanted []*org, compromised, attempted, scanned int) {
	used := map[string]int{}
	for _, o := range wanted {
		st := &c.steps[o.index]
		switch {
		case compromised > 0 && len(o.ways()) > 0:
			st.goal, compromised = vedette.VerdictCompromise, compromised-1
			st.mode = leastUsed(o.ways(), used)
		case attempted > 0:
			st.goal, attempted = vedette.VerdictAttempt, attempted-1
		case scanned > 0:
			st.goal, scanned = vedette.VerdictReconnaissance, scanned-1
		}
	}
}

// planBlindSpots sends the actor to where nobody can see the end of it: into
// one organization without a view of its servers' outgoing traffic, and to the
// one without a view of what comes in.
func (s *simulation) planBlindSpots(c *campaign, wanted []*org) {
	entered, visited := len(s.orgs) < 10, len(s.orgs) < 12
	for _, o := range wanted {
		st := &c.steps[o.index]
		switch {
		case o.profile.egressOnly && !visited:
			st.goal, visited = vedette.VerdictAttempt, true
		case !o.profile.egressOnly && st.goal < vedette.VerdictCompromise && !entered && o.zeek == nil && o.eve == nil && o.gate == nil:
			st.goal, st.unseen, entered = vedette.VerdictAttempt, true, true
		}
	}
}

// leastUsed takes the mode that shows up least so far, in the order of list.
func leastUsed(list []string, used map[string]int) string {
	best := list[0]
	for _, m := range list {
		if used[m] < used[best] {
			best = m
		}
	}
	used[best]++
	return best
}

// preference orders the organizations by how much they interest the actor.
func (s *simulation) preference(interest map[string]float64, favorite string, d dice) []*org {
	weight := make([]float64, len(s.orgs))
	for i, o := range s.orgs {
		w := interest[o.sector] + 0.3
		if o.country.code == favorite {
			w += 0.8
		}
		if o.profile.egressOnly {
			w = 0.2
		}
		weight[i] = w * (0.4 + d.Float64())
	}
	out := append([]*org(nil), s.orgs...)
	sort.SliceStable(out, func(i, j int) bool { return weight[out[i].index] > weight[out[j].index] })
	return out
}

func (s *simulation) scheduleAll(c *campaign, d dice) {
	for i := range c.steps {
		st := &c.steps[i]
		st.campaign, st.relayed, st.evasive = c, s.Relays, s.is(habitEvasion)
		if st.goal > vedette.VerdictNone {
			s.schedule(st, d)
		}
	}
}

// schedule gives a step its dates and its part of the infrastructure. Few
// addresses serve many organizations, and all move on a little every month.
func (s *simulation) schedule(st *step, d dice) {
	days, people := float64(s.Days), st.campaign.operators
	st.scan = s.Start.Add(time.Duration((0.04 + 0.56*d.Float64()) * days * 24 * float64(time.Hour)))
	st.exploit = people.atWork(st.scan.Add(d.span(30*time.Hour, 200*time.Hour)), d)
	st.effect = st.exploit.Add(d.span(90*time.Minute, 3*time.Hour))
	if d.chance(0.5) {
		st.effect = people.atWork(st.exploit.Add(24*time.Hour), d)
	}
	st.until = st.effect.Add(time.Duration((0.12 + 0.2*d.Float64()) * days * 24 * float64(time.Hour)))
	phase := st.scan.Sub(s.Start).Hours() / 24 / days // 0 to 1
	for half := range 2 {
		if half == 1 && st.campaign.turn.IsZero() {
			break
		}
		st.tools[half] = st.campaign.equip(half, phase, d)
		if st.evasive {
			st.tools[half].kit = st.tools[half].ordinary()
		}
	}
}

// equip picks from the infrastructure of a half of the period.
func (c *campaign) equip(half int, phase float64, d dice) tools {
	part := func(role string, n int, but string) []node {
		var list []node
		for _, k := range c.actor.having(role, half+1) {
			if but == "" || !c.actor.nodes[k].is(but) {
				list = append(list, c.actor.nodes[k])
			}
		}
		var out []node
		for i := range n {
			k := int(phase*float64(len(list))) + i + d.IntN(2)
			out = append(out, list[k%len(list)])
		}
		return out
	}
	t := tools{kit: c.kits[half]}
	t.scanners, t.exploiters = part("scanner", 1+d.IntN(2), ""), part("exploit", 2, "")
	t.tunnel, t.desks = part("tunnel", 1, "")[0], part("administration", 2, "relay")
	all := func(role string) (out []node) {
		for _, k := range c.actor.having(role, half+1) {
			out = append(out, c.actor.nodes[k])
		}
		return out
	}
	t.scouts, t.relays = all("scanner"), all("relay")
	if c.second {
		t.tunnel = t.exploiters[0] // it calls back to where the attack came from
	}
	return t
}
