package simulate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// enter carries out the way in that was planned and stays for weeks.
func (o *org) enter(st *step, d dice) {
	switch st.mode {
	case modeShell:
		o.dropShell(o.plant(st, d), d)
		o.turnOutward(st, hostWeb, d)
	case modeVPN:
		o.takeVPN(st, d)
		o.turnOutward(st, hostVPN, d)
	case modeGate:
		o.takeGate(st, d)
	case modeOutward:
		o.turnOutward(st, hostWeb, d)
	case modeSpray:
		o.sprayIn(st, d)
	}
}

// hands lists the addresses that administer at a moment.
func (st *step) hands(at time.Time) []netip.Addr { return st.with(at).hands(st.relayed) }

// shell is a script on a web site, and who uses it when.
type shell struct {
	actor          int
	script, upload string
	first          netip.Addr
	from           time.Time
	back           []time.Time
	hands          func(at time.Time) []netip.Addr
	agent          func(at time.Time) string
	padded         bool // answers all have about the same size
}

// plant is the targeted actor's shell.
func (o *org) plant(st *step, d dice) shell {
	name := d.letters(5, "abcdefghijklmnopqrstuvwxyz")
	x := shell{actor: st.actor(), script: "/uploads/2023/" + name + ".php", upload: "/upload.php", from: st.effect, padded: st.evasive,
		first: st.with(st.effect).exploiters[0].addr, hands: st.hands, agent: func(at time.Time) string { return st.with(at).shellAgent }}
	switch o.sites[0].content {
	case "aspx":
		x.script, x.upload = "/Upload/img/"+name+".aspx", "/Upload/FileUpload.aspx"
	case "java":
		x.script, x.upload = "/portal/res/"+name+".jsp", "/portal/upload.do"
	}
	if st.evasive {
		x.script = pick(d, plainNames[o.sites[0].content])
	}
	return x
}

// dropShell uploads a script to the main site and uses it: requests to a page
// that was never there before, by few clients, answered with sizes that vary
// with the commands.
func (o *org) dropShell(x shell, d dice) {
	defer o.by(x.actor, shelling)()
	s, effects, agent := o.sites[0], 0, x.agent(x.from)
	c := o.connect(s, x.first, x.from, d)
	up := request{at: x.from, method: "POST", uri: x.upload, agent: agent, status: 200, size: 212, sent: d.between(1800, 9000), took: d.seconds(0.3)}
	o.mark(x.actor, x.first, vedette.VerdictAttempt, c.do(up))
	o.mark(x.actor, x.first, vedette.VerdictAttempt, c.do(request{at: x.from.Add(20 * time.Second), method: "GET", uri: x.script, agent: agent, status: 200, size: 2, took: d.seconds(0.05)}))
	use := func(client netip.Addr, at time.Time, c *webConn) {
		for range 4 + d.IntN(14) {
			at = at.Add(5*time.Second + d.seconds(40))
			r := request{at: at, method: "POST", uri: x.script, agent: x.agent(at), status: 200, size: d.between(14, 24000), sent: d.between(90, 4000), took: d.seconds(0.4)}
			if x.padded {
				r.size, r.sent, r.referrer = 8192+r.size%48, 2048+r.sent%32, s.url("/")
			}
			if c.do(r) {
				effects++
				o.mark(x.actor, client, vedette.VerdictAttempt, true)
			}
		}
		c.close()
	}
	use(x.first, x.from.Add(time.Minute), c)
	back := x.back
	if x.back == nil {
		back = o.returns(x, d)
	}
	for _, at := range back {
		client := pick(d, x.hands(at))
		use(client, at, o.connect(s, client, at, d))
	}
	o.mark(x.actor, x.first, vedette.VerdictCompromise, effects >= 3)
}

// returns lists when a targeted actor's people come back to its shell.
func (o *org) returns(x shell, d dice) []time.Time {
	for _, c := range o.sim.campaigns {
		if c.actor.index == x.actor {
			return c.operators.visits(x.from.Add(12*time.Hour), c.steps[o.index].until, d)
		}
	}
	return nil
}

// takeVPN is the takeover of a SoftEther server: the administrator's password
// is guessed, a user and a cascade to the actor's own server are added, what
// the server records is cut down, and the operators come back.
func (o *org) takeVPN(st *step, d dice) {
	defer o.by(st.actor(), takingOver)()
	at, t := st.effect, st.with(st.effect)
	first := t.exploiters[0].addr
	for range 7 + d.IntN(12) {
		o.mark(st.actor(), first, vedette.VerdictAttempt, o.vpn.administer(at, first, false, nil, d))
		at = at.Add(4*time.Second + st.pause(25, d))
	}
	user, link := t.account, t.link
	deeds := []deed{
		{false, `A new Virtual Hub "SIMTMP" has been created.`},
		{true, `User "` + user + `" has been created.`},
		{true, `The setting of user "` + user + `" has been updated.`},
		{true, "The SecureNAT function has been enabled."},
		{true, `The Cascade Connection "` + link + `" has been added.`},
		{true, `The setting for Cascade Connection "` + link + `" has been changed.`},
		{true, `The Cascade Connection "` + link + `" is now online.`},
		{true, "The log save setting has been changed."},
	}
	effects := 0
	see := func(addr netip.Addr, seen bool) {
		if seen {
			effects++
		}
		o.mark(st.actor(), addr, vedette.VerdictAttempt, seen)
	}
	see(first, o.vpn.administer(at, first, true, deeds, d))
	see(first, o.vpn.dialOut(at.Add(5*time.Minute), link, "branch", 1))
	for _, at := range st.campaign.operators.visits(st.effect.Add(10*time.Hour), st.until, d) {
		t, hands := st.with(at), st.hands(at)
		desk := pick(d, hands)
		if d.chance(0.4) {
			see(desk, o.vpn.administer(at, desk, true, []deed{{true, `The setting of user "` + user + `" has been updated.`}}[:d.IntN(2)], d))
		}
		from := t.tunnel.addr
		if d.chance(0.4) {
			from = pick(d, hands[1:])
		}
		see(from, o.vpn.session(visit{at: at.Add(4 * time.Minute), client: from, user: user, host: t.host, machine: t.machine,
			ok: true, stays: 20*time.Minute + d.seconds(3000)}, d))
	}
	o.mark(st.actor(), first, vedette.VerdictCompromise, effects >= 2)
}

// takeGate is the same at a FortiGate: a new administrator, a new VPN user.
func (o *org) takeGate(st *step, d dice) {
	defer o.by(st.actor(), takingOver)()
	at, g, effects, t := st.effect, o.gate, 0, st.with(st.effect)
	first := t.exploiters[0].addr
	for range 6 + d.IntN(10) {
		o.mark(st.actor(), first, vedette.VerdictAttempt, g.adminLogin(at, "admin", first, false))
		at = at.Add(4*time.Second + st.pause(25, d))
	}
	see := func(addr netip.Addr, seen bool) {
		if seen {
			effects++
		}
		o.mark(st.actor(), addr, vedette.VerdictAttempt, seen)
	}
	user, admin := t.account, t.admin
	see(first, g.adminLogin(at, "admin", first, true))
	see(first, g.configure(at.Add(70*time.Second), "admin", first, "Add", "system.admin", admin, "accprofile[super_admin]vdom[root]"))
	see(first, g.configure(at.Add(150*time.Second), "admin", first, "Add", "user.local", user, "type[password]status[enable]"))
	see(first, g.configure(at.Add(200*time.Second), "admin", first, "Edit", "log.setting", "log.setting", "local-in-deny-unicast[enable->disable]"))
	g.adminLogout(at.Add(6*time.Minute), "admin", first, 6*time.Minute)
	for _, at := range st.campaign.operators.visits(st.effect.Add(10*time.Hour), st.until, d) {
		hands := st.hands(at)
		from := st.with(at).tunnel.addr
		if d.chance(0.5) {
			from = pick(d, hands[1:])
		}
		see(from, g.tunnel(at, user, from, true, 20*time.Minute+d.seconds(4000), d))
		if desk := pick(d, hands[1:]); d.chance(0.25) {
			see(desk, g.adminLogin(at.Add(3*time.Minute), admin, desk, true))
			g.adminLogout(at.Add(15*time.Minute), admin, desk, 12*time.Minute)
		}
	}
	o.mark(st.actor(), first, vedette.VerdictCompromise, effects >= 3)
}

// turnOutward is a server of the organization that begins to talk to the
// actor's host: in long TLS connections, SoftEther's client side, with the
// self-signed certificate that its server makes at first start; or, for the
// second actor, in short ones every half hour or so.
func (o *org) turnOutward(st *step, host int, d dice) {
	if o.zeek == nil && o.eve == nil && o.gate == nil {
		return
	}
	defer o.by(st.actor(), tunneling)()
	effects := 0
	for at := st.effect.Add(15 * time.Minute); at.Before(st.until); {
		t, stays, times := st.with(at), 3*time.Hour+d.seconds(6*3600), 2
		f := flow{src: o.host(host), dst: t.tunnel.addr, dport: 443, proto: "tcp", service: "ssl", state: "SF", took: stays,
			tls: &hello{name: t.tunnel.name, version: "TLSv12", cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", subject: t.subject, issuer: t.subject}}
		rest := time.Duration(0)
		if st.campaign.second {
			f.took, times, stays, rest = d.seconds(2), 1, 0, d.span(24*time.Minute, 36*time.Minute)
		} else {
			o.lookup(at.Add(-2*time.Second), o.host(host), fmt.Sprintf("x%x.x%x.servers.nat-traversal.softether-network.net", d.IntN(16), d.IntN(16)), nth(resolvers, 6), d)
		}
		if o.lookup(at.Add(-time.Second), o.host(host), t.tunnel.name, t.tunnel.addr, d) {
			o.names[t.tunnel.name] = true
		}
		for i := range times {
			f := f
			f.at = at.Add(time.Duration(i) * 1100 * time.Millisecond)
			f.sent, f.received = d.between(4e5, 9e7), d.between(3e5, 2e7)
			if st.campaign.second {
				f.sent, f.received = d.between(400, 900), d.between(300, 6000)
			}
			f.identify(d)
			if seen := o.flow(f); seen {
				effects++
				o.mark(st.actor(), t.tunnel.addr, vedette.VerdictAttempt, true)
				o.names[t.tunnel.name] = o.names[t.tunnel.name] || o.zeek != nil || o.eve != nil
			}
		}
		if !st.campaign.second {
			rest = d.seconds(5 * 3600)
		}
		at = at.Add(stays + rest)
	}
	o.mark(st.actor(), st.with(st.effect).tunnel.addr, vedette.VerdictCompromise, effects >= 3)
}

// sprayIn guesses one password for many accounts, slowly, until one fits, and
// uses the account from then on.
func (o *org) sprayIn(st *step, d dice) {
	defer o.by(st.actor(), entering)()
	at, effects, first := st.exploit.Add(time.Hour), 0, st.with(st.effect).exploiters[0].addr
	for at.Before(st.effect.Add(18 * time.Hour)) {
		from := pick(d, st.with(at).exploiters).addr
		p := pick(d, o.staff)
		seen := o.ssh(login{at: at, client: from, user: p.name, known: true, method: "password"}, d)
		o.mark(st.actor(), from, vedette.VerdictAttempt, seen)
		at = at.Add(9*time.Minute + d.seconds(1500))
	}
	victim := o.staff[len(o.staff)-1].name
	enter := func(from netip.Addr, at time.Time) {
		l := login{at: at, client: from, user: victim, known: true, method: "password", ok: true, stays: d.seconds(2400)}
		seen := o.ssh(l, d)
		if seen {
			effects++
		}
		o.mark(st.actor(), from, vedette.VerdictAttempt, seen)
		o.auth.sudo(at.Add(45*time.Second), victim, pick(d, []string{"/usr/bin/cat /etc/shadow", "/usr/sbin/useradd -m simsvc", "/usr/bin/ss -tnp"}))
	}
	enter(first, at)
	for _, at := range st.campaign.operators.visits(at.Add(8*time.Hour), st.until, d) {
		hands := append([]netip.Addr(nil), st.hands(at)[1:]...)
		enter(pick(d, append(hands, st.with(at).tunnel.addr)), at)
	}
	o.mark(st.actor(), first, vedette.VerdictCompromise, effects >= 2)
}
