package simulate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// enter carries out the way in that was planned and stays for weeks.
func (o *org) enter(st *step, d dice) {
	hands := []netip.Addr{st.exploiters[0].addr, st.desks[0].addr, st.desks[1].addr}
	switch st.mode {
	case modeShell:
		name := d.letters(5, "abcdefghijklmnopqrstuvwxyz")
		script, upload := "/uploads/2023/"+name+".php", "/upload.php"
		switch o.sites[0].content {
		case "aspx":
			script, upload = "/Upload/img/"+name+".aspx", "/Upload/FileUpload.aspx"
		case "java":
			script, upload = "/portal/res/"+name+".jsp", "/portal/upload.do"
		}
		o.dropShell(targetedActor, script, upload, hands, st.effect, st.until, true, d)
		o.turnOutward(st, hostWeb, d)
	case modeVPN:
		o.takeVPN(st, hands, d)
		o.turnOutward(st, hostVPN, d)
	case modeGate:
		o.takeGate(st, hands, d)
	case modeOutward:
		o.turnOutward(st, hostWeb, d)
	case modeSpray:
		o.sprayIn(st, hands, d)
	}
}

// fuzhou is the operators' clock.
var fuzhou = time.FixedZone("Asia/Shanghai", 8*3600)

// atWork is a time in the operators' office hours, on the next working day from
// t on. Scanners run at any hour; people do not.
func atWork(t time.Time, d dice) time.Time {
	day := t.In(fuzhou)
	for weekend(day) {
		day = day.AddDate(0, 0, 1)
	}
	return worktime(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, fuzhou), d)
}

// visits lists when the operators come back: on some working days.
func visits(from, until time.Time, d dice) []time.Time {
	var out []time.Time
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		if weekend(day.In(fuzhou)) || !d.chance(0.35) {
			continue
		}
		if at := atWork(day, d); at.After(from) {
			out = append(out, at)
		}
	}
	return out
}

// dropShell uploads a script to the main site and uses it: requests to a page
// that was never there before, by few clients, answered with sizes that vary
// with the commands.
func (o *org) dropShell(actor int, script, upload string, hands []netip.Addr, from, until time.Time, office bool, d dice) {
	defer o.by(actor, shelling)()
	s, effects := o.sites[0], 0
	agent := "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:60.0) Gecko/20100101 Firefox/60.0"
	c := o.connect(s, hands[0], from, d)
	up := request{at: from, method: "POST", uri: upload, agent: agent, status: 200, size: 212, sent: d.between(1800, 9000), took: d.seconds(0.3)}
	o.mark(actor, hands[0], vedette.VerdictAttempt, c.do(up))
	o.mark(actor, hands[0], vedette.VerdictAttempt, c.do(request{at: from.Add(20 * time.Second), method: "GET", uri: script, agent: agent, status: 200, size: 2, took: d.seconds(0.05)}))
	use := func(client netip.Addr, at time.Time, c *webConn) {
		for range 4 + d.IntN(14) {
			at = at.Add(5*time.Second + d.seconds(40))
			r := request{at: at, method: "POST", uri: script, agent: agent, status: 200, size: d.between(14, 24000), sent: d.between(90, 4000), took: d.seconds(0.4)}
			if c.do(r) {
				effects++
				o.mark(actor, client, vedette.VerdictAttempt, true)
			}
		}
		c.close()
	}
	use(hands[0], from.Add(time.Minute), c)
	back := visits(from.Add(12*time.Hour), until, d)
	if !office {
		back = []time.Time{from.Add(26 * time.Hour), from.Add(75 * time.Hour)}
	}
	for _, at := range back {
		client := pick(d, hands)
		use(client, at, o.connect(s, client, at, d))
	}
	o.mark(actor, hands[0], vedette.VerdictCompromise, effects >= 3)
}

// takeVPN is the takeover of a SoftEther server: the administrator's password
// is guessed, a user and a cascade to the actor's own server are added, what
// the server records is cut down, and the operators come back.
func (o *org) takeVPN(st *step, hands []netip.Addr, d dice) {
	defer o.by(targetedActor, takingOver)()
	at := st.effect
	for range 7 + d.IntN(12) {
		o.mark(targetedActor, hands[0], vedette.VerdictAttempt, o.vpn.administer(at, hands[0], false, nil, d))
		at = at.Add(4*time.Second + d.seconds(25))
	}
	user, link := "svc_sync", "backup-link"
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
		o.mark(targetedActor, addr, vedette.VerdictAttempt, seen)
	}
	see(hands[0], o.vpn.administer(at, hands[0], true, deeds, d))
	see(hands[0], o.vpn.dialOut(at.Add(5*time.Minute), link, "branch", 1))
	for _, at := range visits(st.effect.Add(10*time.Hour), st.until, d) {
		desk := pick(d, hands)
		if d.chance(0.4) {
			see(desk, o.vpn.administer(at, desk, true, []deed{{true, `The setting of user "` + user + `" has been updated.`}}[:d.IntN(2)], d))
		}
		from := st.tunnel.addr
		if d.chance(0.4) {
			from = pick(d, hands[1:])
		}
		see(from, o.vpn.session(visit{at: at.Add(4 * time.Minute), client: from, user: user, host: "WIN-SIM0A1", machine: "5A4D53494D000000000000000000C0DE",
			ok: true, stays: 20*time.Minute + d.seconds(3000)}, d))
	}
	o.mark(targetedActor, hands[0], vedette.VerdictCompromise, effects >= 2)
}

// takeGate is the same at a FortiGate: a new administrator, a new VPN user.
func (o *org) takeGate(st *step, hands []netip.Addr, d dice) {
	defer o.by(targetedActor, takingOver)()
	at, g, effects := st.effect, o.gate, 0
	for range 6 + d.IntN(10) {
		o.mark(targetedActor, hands[0], vedette.VerdictAttempt, g.adminLogin(at, "admin", hands[0], false))
		at = at.Add(4*time.Second + d.seconds(25))
	}
	see := func(addr netip.Addr, seen bool) {
		if seen {
			effects++
		}
		o.mark(targetedActor, addr, vedette.VerdictAttempt, seen)
	}
	see(hands[0], g.adminLogin(at, "admin", hands[0], true))
	see(hands[0], g.configure(at.Add(70*time.Second), "admin", hands[0], "Add", "system.admin", "fgtsupport", "accprofile[super_admin]vdom[root]"))
	see(hands[0], g.configure(at.Add(150*time.Second), "admin", hands[0], "Add", "user.local", "svc_sync", "type[password]status[enable]"))
	see(hands[0], g.configure(at.Add(200*time.Second), "admin", hands[0], "Edit", "log.setting", "log.setting", "local-in-deny-unicast[enable->disable]"))
	g.adminLogout(at.Add(6*time.Minute), "admin", hands[0], 6*time.Minute)
	for _, at := range visits(st.effect.Add(10*time.Hour), st.until, d) {
		from := st.tunnel.addr
		if d.chance(0.5) {
			from = pick(d, hands[1:])
		}
		see(from, g.tunnel(at, "svc_sync", from, true, 20*time.Minute+d.seconds(4000), d))
		if desk := pick(d, hands[1:]); d.chance(0.25) {
			see(desk, g.adminLogin(at.Add(3*time.Minute), "fgtsupport", desk, true))
			g.adminLogout(at.Add(15*time.Minute), "fgtsupport", desk, 12*time.Minute)
		}
	}
	o.mark(targetedActor, hands[0], vedette.VerdictCompromise, effects >= 3)
}

// turnOutward is a server of the organization that begins to keep long TLS
// connections to the actor's tunnel host: SoftEther's client side, with the
// self-signed certificate that its server makes at first start.
func (o *org) turnOutward(st *step, host int, d dice) {
	defer o.by(targetedActor, tunneling)()
	if o.zeek == nil && o.eve == nil && o.gate == nil {
		return
	}
	subject := fmt.Sprintf("CN=%s,O=%s,OU=%s,C=US", "sim-ubuntu", "sim-ubuntu", "sim-ubuntu")
	effects := 0
	for at := st.effect.Add(15 * time.Minute); at.Before(st.until); {
		stays := 3*time.Hour + d.seconds(6*3600)
		o.lookup(at.Add(-2*time.Second), o.host(host), fmt.Sprintf("x%x.x%x.servers.nat-traversal.softether-network.net", d.IntN(16), d.IntN(16)), nth(resolvers, 6), d)
		if o.lookup(at.Add(-time.Second), o.host(host), st.tunnel.name, st.tunnel.addr, d) {
			o.names[st.tunnel.name] = true
		}
		for i := range 2 {
			f := flow{at: at.Add(time.Duration(i) * 1100 * time.Millisecond), src: o.host(host), dst: st.tunnel.addr, dport: 443, proto: "tcp",
				service: "ssl", state: "SF", took: stays, sent: d.between(4e5, 9e7), received: d.between(3e5, 2e7),
				tls: &hello{name: st.tunnel.name, version: "TLSv12", cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", subject: subject, issuer: subject}}
			f.identify(d)
			if seen := o.flow(f); seen {
				effects++
				o.mark(targetedActor, st.tunnel.addr, vedette.VerdictAttempt, true)
				o.names[st.tunnel.name] = o.names[st.tunnel.name] || o.zeek != nil || o.eve != nil
			}
		}
		at = at.Add(stays + d.seconds(5*3600))
	}
	o.mark(targetedActor, st.tunnel.addr, vedette.VerdictCompromise, effects >= 3)
}

// sprayIn guesses one password for many accounts, slowly, until one fits, and
// uses the account from then on.
func (o *org) sprayIn(st *step, hands []netip.Addr, d dice) {
	defer o.by(targetedActor, entering)()
	at, effects := st.exploit.Add(time.Hour), 0
	for at.Before(st.effect.Add(18 * time.Hour)) {
		from := pick(d, st.exploiters).addr
		p := pick(d, o.staff)
		seen := o.ssh(login{at: at, client: from, user: p.name, known: true, method: "password"}, d)
		o.mark(targetedActor, from, vedette.VerdictAttempt, seen)
		at = at.Add(9*time.Minute + d.seconds(1500))
	}
	victim := o.staff[len(o.staff)-1].name
	enter := func(from netip.Addr, at time.Time) {
		l := login{at: at, client: from, user: victim, known: true, method: "password", ok: true, stays: d.seconds(2400)}
		seen := o.ssh(l, d)
		if seen {
			effects++
		}
		o.mark(targetedActor, from, vedette.VerdictAttempt, seen)
		o.auth.sudo(at.Add(45*time.Second), victim, pick(d, []string{"/usr/bin/cat /etc/shadow", "/usr/sbin/useradd -m simsvc", "/usr/bin/ss -tnp"}))
	}
	enter(hands[0], at)
	for _, at := range visits(at.Add(8*time.Hour), st.until, d) {
		enter(pick(d, append(hands[1:], st.tunnel.addr)), at)
	}
	o.mark(targetedActor, hands[0], vedette.VerdictCompromise, effects >= 2)
}
