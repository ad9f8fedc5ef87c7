package simulate

import (
	"fmt"
	"net/netip"
	"sort"
	"time"

	"github.com/vedette-cti/vedette"
)

// step is what the targeted actor does at one organization.
type step struct {
	goal                  vedette.Verdict // how far it goes
	scan, exploit, effect time.Time
	until                 time.Time // end of the stay
	scanners, exploiters  []node
	tunnel                node
	desks                 []node // administration
	mode                  string
	unseen                bool // it gets in where no sensor shows it
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

// planCampaign chooses victims by sector and country and gives each its time,
// infrastructure and outcome.
func (s *simulation) planCampaign() {
	d := newDice(s.Seed, "campaign")
	n := len(s.orgs)
	s.steps = make([]step, n)
	compromised, attempted, scanned := (n+9)/10, (n*25+50)/100, (n*15+50)/100
	wanted := s.preference(d)
	used := map[string]int{}
	for _, o := range wanted {
		st := &s.steps[o.index]
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
	s.planBlindSpots(wanted)
	for i := range s.steps {
		if s.steps[i].goal > vedette.VerdictNone {
			s.schedule(&s.steps[i], d)
		}
	}
}

// planBlindSpots sends the actor to where nobody can see the end of it: into
// one organization without a view of its servers' outgoing traffic, and to the
// one without a view of what comes in.
func (s *simulation) planBlindSpots(wanted []*org) {
	entered, visited := len(s.orgs) < 10, len(s.orgs) < 12
	for _, o := range wanted {
		st := &s.steps[o.index]
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
func (s *simulation) preference(d dice) []*org {
	interest := map[string]float64{"education": 1.6, "government-national": 1.6, "technology": 1.5, "defense": 1.2, "telecommunications": 1, "non-profit": 0.9}
	weight := make([]float64, len(s.orgs))
	for i, o := range s.orgs {
		w := interest[o.sector] + 0.3
		if o.country.code == "TW" {
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

// schedule gives a step its dates and its part of the infrastructure. Few
// addresses serve many organizations, and all move on a little every month.
func (s *simulation) schedule(st *step, d dice) {
	days := float64(s.Days)
	st.scan = s.Start.Add(time.Duration((0.04 + 0.56*d.Float64()) * days * 24 * float64(time.Hour)))
	st.exploit = atWork(st.scan.Add(d.span(30*time.Hour, 200*time.Hour)), d)
	st.effect = st.exploit.Add(d.span(90*time.Minute, 3*time.Hour))
	if d.chance(0.5) {
		st.effect = atWork(st.exploit.Add(24*time.Hour), d)
	}
	st.until = st.effect.Add(time.Duration((0.12 + 0.2*d.Float64()) * days * 24 * float64(time.Hour)))
	phase := st.scan.Sub(s.Start).Hours() / 24 / days // 0 to 1
	part := func(role string, n int) []node {
		list := s.targeted.having(role)
		var out []node
		for i := range n {
			k := int(phase*float64(len(list))) + i + d.IntN(2)
			out = append(out, s.targeted.nodes[list[k%len(list)]])
		}
		return out
	}
	st.scanners, st.exploiters = part("scanner", 1+d.IntN(2)), part("exploit", 2)
	st.tunnel, st.desks = part("tunnel", 1)[0], part("administration", 2)
}

// campaign carries the step out at this organization.
func (o *org) campaign() {
	st := &o.sim.steps[o.index]
	if st.goal == vedette.VerdictNone {
		return
	}
	d := newDice(o.sim.Seed, "campaign at "+o.id)
	if o.profile.egressOnly {
		o.notes = append(o.notes, "scanned and attacked, in the simulated world, but nothing of it is in the telemetry: none is what can be said")
		return
	}
	o.reconnoiter(st, d)
	if st.goal >= vedette.VerdictAttempt {
		o.scanWeb(st, d)
		o.attack(st, d)
	}
	switch {
	case st.unseen:
		o.notes = append(o.notes, "entered, in the simulated world, but no telemetry shows any effect: attempt is what can be said")
		o.blind = append(o.blind, "no sensor sees the servers' outgoing traffic")
	case st.goal == vedette.VerdictCompromise:
		o.mode = st.mode
		o.notes = append(o.notes, fmt.Sprintf("entered by the targeted actor on %s (%s)", st.effect.Format(time.DateOnly), st.mode))
		o.enter(st, d)
	}
}

// reconnoiter is a slow look at ports and at a few pages.
func (o *org) reconnoiter(st *step, d dice) {
	defer o.by(targetedActor, scanning)()
	at := st.scan
	for _, n := range st.scanners {
		for _, port := range []int{443, 992, 5555, 8443, 10443, 80, 4443} {
			for _, host := range []int{hostFirewall, hostWeb, hostMail, hostVPN} {
				at = at.Add(d.seconds(50))
				o.mark(targetedActor, n.addr, vedette.VerdictReconnaissance, o.knock(at, n.addr, host, port, d))
			}
		}
		if o.vpn != nil {
			for range 3 {
				at = at.Add(d.seconds(200))
				o.mark(targetedActor, n.addr, vedette.VerdictReconnaissance, o.vpn.probe(at, n.addr, true, d))
			}
		}
		s := o.sites[0]
		c := o.connect(s, n.addr, at, d)
		for _, uri := range append([]string{"/", "/robots.txt", "/sitemap.xml", "/login", "/admin/", "/manager/html", "/backup/", "/test/", "/old/", "/upload/", "/phpinfo.php", "/crossdomain.xml", "/console/", "/api/", "/swagger-ui.html", "/uploads/", "/data/", "/inc/", "/temp/", "/www.zip"}, o.f5Pages()...) {
			at = at.Add(d.seconds(4))
			o.mark(targetedActor, n.addr, vedette.VerdictReconnaissance, c.do(s.get(at, uri, scanAgent, "", d)))
		}
		c.close()
	}
}

func (o *org) f5Pages() []string {
	if !o.f5 {
		return nil
	}
	return []string{"/tmui/login.jsp", "/my.policy"}
}

const scanAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.82 Safari/537.36"

// scanWeb is what a commercial web vulnerability scanner leaves in a log: the
// scanner's test file, then parameters filled with generic probes.
func (o *org) scanWeb(st *step, d dice) {
	defer o.by(targetedActor, exploiting)()
	s, at := o.sites[0], st.scan.Add(d.span(3*time.Hour, 20*time.Hour))
	n := st.scanners[0]
	c := o.connect(s, n.addr, at, d)
	c.do(s.get(at, "/acunetix-wvs-test-for-some-inexistent-file", scanAgent, "", d))
	for range 50 + d.IntN(70) {
		at = at.Add(d.seconds(1.5))
		p, _, _ := cutQuery(pick(d, s.pages).uri)
		value := pick(d, []string{"1%27%22", "1%20AND%201%3D1", "-1%20OR%203*2*1%3D6", "%3Cscript%3Ealert(9532)%3C/script%3E",
			"../../../../../../../../etc/passwd", "..%5c..%5c..%5cwindows%5cwin.ini", "1%3Bwaitfor%20delay%20%270:0:6%27--",
			"if(now()%3Dsysdate()%2Csleep(6)%2C0)", "%24%7B9999121%2B9999513%7D", "acu9823%EF%BC%9Cs1%EF%B9%A5s2", "http://bxss.sim.example/t/fit.txt%3F.jpg"})
		r := s.get(at, p+"?id="+value, scanAgent, s.url("/"), d)
		if d.chance(0.12) {
			r.status, r.size = 500, d.between(700, 3200)
		}
		o.mark(targetedActor, n.addr, vedette.VerdictAttempt, c.do(r))
	}
	c.close()
}

func cutQuery(uri string) (path, query string, found bool) {
	for i := range uri {
		if uri[i] == '?' {
			return uri[:i], uri[i+1:], true
		}
	}
	return uri, "", false
}

// attack is the manual work of the exploit nodes: injection and traversal at
// the site, guesses at the devices' administration.
func (o *org) attack(st *step, d dice) {
	defer o.by(targetedActor, exploiting)()
	s, at := o.sites[0], st.exploit
	target, _, _ := cutQuery(s.pages[1+d.IntN(len(s.pages)-1)].uri)
	tries := []string{"?id=1%27%20OR%20%271%27%3D%271", "?id=1%20ORDER%20BY%209--%20", "?id=-1%20UNION%20SELECT%20NULL,NULL,NULL,NULL--%20",
		"?id=-1%20UNION%20SELECT%201,version(),3,4--%20", "?id=1%20AND%20SLEEP(5)", "?id=1%20AND%20(SELECT%20COUNT(*)%20FROM%20information_schema.tables)%3E0",
		"?file=../../../../../../etc/passwd", "?file=..%2f..%2f..%2f..%2fetc%2fpasswd", "?path=....//....//....//etc/hosts"}
	if o.f5 {
		tries = append(tries, "\x00/tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/etc/passwd")
	}
	for i, n := range st.exploiters {
		c := o.connect(s, n.addr, at, d)
		for _, try := range tries[i*2:] {
			at = at.Add(8*time.Second + d.seconds(40))
			uri := target + try
			if try[0] == 0 {
				uri = try[1:]
			}
			r := s.get(at, uri, browsers[1], "", d)
			if d.chance(0.25) {
				r.status, r.size = 500, d.between(900, 2400)
			}
			o.mark(targetedActor, n.addr, vedette.VerdictAttempt, c.do(r))
		}
		c.close()
		for range 3 + d.IntN(4) {
			at = at.Add(10*time.Second + d.seconds(30))
			o.mark(targetedActor, n.addr, vedette.VerdictAttempt, o.tryAdmin(n.addr, at, d))
		}
	}
}

// tryAdmin is a wrong password at the VPN device's administration.
func (o *org) tryAdmin(from netip.Addr, at time.Time, d dice) bool {
	defer o.by(targetedActor, guessing)()
	if o.vpn == nil && o.gate == nil {
		return false
	}
	return o.adminLogin(from, at, false, nil, d)
}
