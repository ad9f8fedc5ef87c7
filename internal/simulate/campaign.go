package simulate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// campaigns carries out what targeted actors do at this organization.
func (o *org) campaigns() {
	for _, c := range o.sim.campaigns {
		st := &c.steps[o.index]
		if st.goal == vedette.VerdictNone {
			continue
		}
		name := "campaign at "
		if c.second {
			name = "second campaign at "
		}
		o.campaign(st, newDice(o.sim.Seed, name+o.id))
	}
}

func (o *org) campaign(st *step, d dice) {
	if o.profile.egressOnly {
		o.notes = append(o.notes, "scanned and attacked, in the simulated world, but nothing of it is in the telemetry: none is what can be said")
		return
	}
	if o.sim.is(habitDistributed) && !st.campaign.second {
		o.lookAround(st, d)
	} else {
		o.reconnoiter(st, d)
	}
	if st.goal >= vedette.VerdictAttempt {
		o.scanWeb(st, d)
		o.attack(st, d)
	}
	switch {
	case st.unseen:
		o.notes = append(o.notes, "entered, in the simulated world, but no telemetry shows any effect: attempt is what can be said")
		o.blind = append(o.blind, "no sensor sees the servers' outgoing traffic")
	case st.goal == vedette.VerdictCompromise:
		o.enter(st, d)
		who := "the targeted actor"
		if st.campaign.second {
			who = "the second targeted actor"
		}
		if o.marks[st.actor()] == vedette.VerdictCompromise {
			o.modes = append(o.modes, st.mode)
			o.notes = append(o.notes, fmt.Sprintf("entered by %s on %s (%s)", who, st.effect.Format(time.DateOnly), st.mode))
		} else {
			o.notes = append(o.notes, fmt.Sprintf("entered by %s on %s (%s), in the simulated world, but the telemetry does not show enough of it", who, st.effect.Format(time.DateOnly), st.mode))
		}
	}
}

// next is the connection for the next request: the same, or for someone who is
// slow a new one.
func (st *step) next(c *webConn, at time.Time, d dice) *webConn {
	if !st.evasive {
		return c
	}
	c.close()
	return c.site.org.connect(c.site, c.client, at, d)
}

// reconnoiter is a slow look at ports and at a few pages.
func (o *org) reconnoiter(st *step, d dice) {
	defer o.by(st.actor(), scanning)()
	at, t := st.scan, st.with(st.scan)
	for _, n := range t.scanners {
		for _, port := range t.ports {
			for _, host := range []int{hostFirewall, hostWeb, hostMail, hostVPN} {
				at = at.Add(st.pause(50, d))
				o.mark(st.actor(), n.addr, vedette.VerdictReconnaissance, o.knock(at, n.addr, host, port, d))
			}
		}
		if o.vpn != nil {
			for range 3 {
				at = at.Add(st.pause(200, d))
				o.mark(st.actor(), n.addr, vedette.VerdictReconnaissance, o.vpn.probe(at, n.addr, true, d))
			}
		}
		s := o.sites[0]
		c := o.connect(s, n.addr, at, d)
		for _, uri := range o.scanned(t) {
			at = at.Add(st.pause(4, d))
			c = st.next(c, at, d)
			o.mark(st.actor(), n.addr, vedette.VerdictReconnaissance, c.do(s.get(at, uri, t.scanAgent, "", d)))
		}
		c.close()
	}
}

// scanned lists the pages that a scanner asks for.
func (o *org) scanned(t *tools) []string {
	pages := append([]string(nil), t.pages...)
	if o.f5 {
		pages = append(pages, "/tmui/login.jsp", "/my.policy")
	}
	return pages
}

// lookAround is the same from many addresses over days: each knocks at one or
// two ports or asks for a page or two, and does not come back here.
func (o *org) lookAround(st *step, d dice) {
	defer o.by(st.actor(), scanning)()
	t := st.with(st.scan)
	scouts := append([]node(nil), t.scouts...)
	d.Shuffle(len(scouts), func(i, j int) { scouts[i], scouts[j] = scouts[j], scouts[i] })
	at, k := st.scan.Add(-60*time.Hour), 0
	scout := func() netip.Addr { k++; return scouts[k%len(scouts)].addr }
	for _, port := range t.ports {
		for _, host := range []int{hostFirewall, hostWeb, hostMail, hostVPN} {
			at = at.Add(d.span(20*time.Minute, 3*time.Hour))
			addr := scout()
			o.mark(st.actor(), addr, vedette.VerdictReconnaissance, o.knock(at, addr, host, port, d))
		}
	}
	s, pages := o.sites[0], o.scanned(t)
	for len(pages) > 0 {
		at = at.Add(d.span(20*time.Minute, 3*time.Hour))
		addr, n := scout(), min(1+d.IntN(2), len(pages))
		c := o.connect(s, addr, at, d)
		for i, uri := range pages[:n] {
			o.mark(st.actor(), addr, vedette.VerdictReconnaissance, c.do(s.get(at.Add(time.Duration(i)*3*time.Second), uri, t.scanAgent, "", d)))
		}
		c.close()
		pages = pages[n:]
	}
}

// scanWeb is what a commercial web vulnerability scanner leaves in a log: the
// scanner's test file, then parameters filled with generic probes.
func (o *org) scanWeb(st *step, d dice) {
	defer o.by(st.actor(), exploiting)()
	s, at := o.sites[0], st.scan.Add(d.span(3*time.Hour, 20*time.Hour))
	t := st.with(at)
	n := t.scanners[0]
	c := o.connect(s, n.addr, at, d)
	if t.product {
		c.do(s.get(at, "/acunetix-wvs-test-for-some-inexistent-file", t.scanAgent, "", d))
	}
	count := 50 + d.IntN(70)
	if st.evasive {
		count /= 4
	}
	for range count {
		at = at.Add(st.pause(1.5, d))
		c = st.next(c, at, d)
		p, _, _ := cutQuery(pick(d, s.pages).uri)
		value := pick(d, []string{"1%27%22", "1%20AND%201%3D1", "-1%20OR%203*2*1%3D6", "%3Cscript%3Ealert(9532)%3C/script%3E",
			"../../../../../../../../etc/passwd", "..%5c..%5c..%5cwindows%5cwin.ini", "1%3Bwaitfor%20delay%20%270:0:6%27--",
			"if(now()%3Dsysdate()%2Csleep(6)%2C0)", "%24%7B9999121%2B9999513%7D", "acu9823%EF%BC%9Cs1%EF%B9%A5s2", "http://bxss.sim.example/t/fit.txt%3F.jpg"})
		r := s.get(at, p+"?id="+st.disguise(value, d), t.scanAgent, s.url("/"), d)
		if d.chance(0.12) {
			r.status, r.size = 500, d.between(700, 3200)
		}
		o.mark(st.actor(), n.addr, vedette.VerdictAttempt, c.do(r))
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
	defer o.by(st.actor(), exploiting)()
	s, at := o.sites[0], st.exploit
	t := st.with(at)
	target, _, _ := cutQuery(s.pages[1+d.IntN(len(s.pages)-1)].uri)
	tries := []string{"?id=1%27%20OR%20%271%27%3D%271", "?id=1%20ORDER%20BY%209--%20", "?id=-1%20UNION%20SELECT%20NULL,NULL,NULL,NULL--%20",
		"?id=-1%20UNION%20SELECT%201,version(),3,4--%20", "?id=1%20AND%20SLEEP(5)", "?id=1%20AND%20(SELECT%20COUNT(*)%20FROM%20information_schema.tables)%3E0",
		"?file=../../../../../../etc/passwd", "?file=..%2f..%2f..%2f..%2fetc%2fpasswd", "?path=....//....//....//etc/hosts"}
	if o.f5 {
		tries = append(tries, "\x00/tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/etc/passwd")
	}
	for i, n := range t.exploiters {
		c := o.connect(s, n.addr, at, d)
		for _, try := range tries[i*2:] {
			at = at.Add(st.pause(40, d))
			if !st.evasive {
				at = at.Add(8 * time.Second)
			}
			c = st.next(c, at, d)
			uri := target
			if try[0] == 0 {
				uri = try[1:]
			} else {
				key, value, _ := cutAfter(try, '=')
				uri += key + st.disguise(value, d)
			}
			r := s.get(at, uri, t.attackAgent, "", d)
			if d.chance(0.25) {
				r.status, r.size = 500, d.between(900, 2400)
			}
			o.mark(st.actor(), n.addr, vedette.VerdictAttempt, c.do(r))
		}
		c.close()
		for range 3 + d.IntN(4) {
			at = at.Add(10*time.Second + st.pause(30, d))
			o.mark(st.actor(), n.addr, vedette.VerdictAttempt, o.tryAdmin(st, n.addr, at, d))
		}
	}
}

// cutAfter cuts text behind the first sep.
func cutAfter(text string, sep byte) (before, after string, found bool) {
	for i := range len(text) {
		if text[i] == sep {
			return text[:i+1], text[i+1:], true
		}
	}
	return text, "", false
}

// tryAdmin is a wrong password at the VPN device's administration.
func (o *org) tryAdmin(st *step, from netip.Addr, at time.Time, d dice) bool {
	defer o.by(st.actor(), guessing)()
	if o.vpn == nil && o.gate == nil {
		return false
	}
	return o.adminLogin(from, at, false, nil, d)
}
