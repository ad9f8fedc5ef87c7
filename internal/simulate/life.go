package simulate

import (
	"fmt"
	"net/netip"
	"time"
)

// hourly is how much happens in each hour of a working day, local time.
var hourly = [24]int{2, 1, 1, 1, 1, 2, 5, 12, 24, 30, 32, 28, 18, 26, 30, 28, 26, 20, 14, 12, 12, 10, 7, 4}

// local is midnight of the n-th day in the organization's time zone.
func (o *org) local(day int) time.Time {
	t := o.sim.Start.AddDate(0, 0, day)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, o.clock)
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

// moment is a time of that local day by its rhythm.
func (o *org) moment(midnight time.Time, d dice) time.Time {
	hour := weighted(d, 24, func(h int) int { return hourly[h] })
	return midnight.Add(time.Duration(hour)*time.Hour + d.span(0, time.Hour))
}

// worktime is a time within working hours.
func worktime(midnight time.Time, d dice) time.Time {
	return midnight.Add(9*time.Hour + d.span(0, 8*time.Hour))
}

// ordinary is everybody's daily life.
func (o *org) ordinary() {
	d := newDice(o.sim.Seed, "life of "+o.id)
	for day := range o.sim.Days {
		midnight := o.local(day)
		busy := o.size * o.sim.Scale
		if weekend(midnight) {
			busy *= 0.3
		}
		if !o.profile.egressOnly {
			o.visitors(midnight, busy, d)
			o.machines(midnight, o.size*o.sim.Scale, d)
			o.remoteWork(midnight, busy, d)
			o.shellWork(midnight, busy, d)
		}
		o.outgoing(midnight, busy, d)
		o.nightly(midnight, d)
	}
}

// visitors browse the main site.
func (o *org) visitors(midnight time.Time, busy float64, d dice) {
	s := o.sites[0]
	for range d.count(6 * busy) {
		client := d.address(pick(d, networks(access, o.country.code)))
		if d.chance(0.12) {
			client = d.address(pick(d, networks(access, pick(d, everyoneElses))))
		} else if o.net6.IsValid() && d.chance(0.2) {
			client = d.address(homesV6)
		}
		o.browse(s, client, o.moment(midnight, d), pick(d, browsers), d)
	}
}

// browse is one visit of a person to a site.
func (o *org) browse(s *site, client netip.Addr, at time.Time, agent string, d dice) {
	referrer := ""
	if d.chance(0.5) {
		referrer = "https://search.sim.example/"
	}
	for n := range 1 + d.IntN(3) {
		c := o.connect(s, client, at, d)
		p := pick(d, s.pages)
		if n == 0 && d.chance(0.6) {
			p = s.pages[0]
		}
		uri := p.uri
		if uri[len(uri)-1] == '=' {
			uri += pick(d, []string{"admission", "tender+2024", "contact", "union+of+students", "select+course", "library%20hours", "O%27Brien"})
		}
		c.do(s.get(at, uri, agent, referrer, d))
		referrer = s.url(uri)
		if n == 0 {
			for _, asset := range s.assets {
				if d.chance(0.45) {
					r := s.get(at.Add(d.span(100*time.Millisecond, 2*time.Second)), asset.uri, agent, referrer, d)
					if d.chance(0.2) {
						r.status, r.size = 304, 0
					}
					c.do(r)
				}
			}
		}
		if d.chance(0.02) { // a stale link
			c.do(s.get(at.Add(3*time.Second), fmt.Sprintf("/archive/2019/item-%d.html", d.between(1, 60)), agent, "https://links.sim.example/", d))
		}
		c.close()
		at = at.Add(d.seconds(50))
	}
	if d.chance(0.12) {
		o.signIn(s, client, at, agent, d)
	}
}

// signIn is a visitor's login at the site, often not at the first try.
func (o *org) signIn(s *site, client netip.Addr, at time.Time, agent string, d dice) {
	c := o.connect(s, client, at, d)
	c.do(s.get(at, s.login, agent, s.url("/"), d))
	for {
		at = at.Add(8*time.Second + d.seconds(6))
		r := s.get(at, s.login, agent, s.url(s.login), d)
		r.method, r.sent = "POST", d.between(40, 70)
		if ok := d.chance(0.75); ok {
			r.status, r.size = 302, 0
			c.do(r)
			break
		}
		c.do(r)
	}
	c.do(s.get(at.Add(time.Second), "/", agent, s.url(s.login), d))
	c.close()
}

// machines are crawlers, monitoring, interfaces, phones and mail.
func (o *org) machines(midnight time.Time, busy float64, d dice) {
	s := o.sites[0]
	for range d.count(1.5 * busy) {
		at := midnight.Add(d.span(0, 24*time.Hour))
		c := o.connect(s, d.address(searchEngine), at, d)
		const bot = "Mozilla/5.0 (compatible; SimSearchBot/2.1; +https://bot.sim.example/about)"
		if d.chance(0.3) {
			c.do(s.get(at, "/robots.txt", bot, "", d))
		}
		for i := range 1 + d.IntN(3) {
			c.do(s.get(at.Add(time.Duration(i+1)*2*time.Second), pick(d, s.pages).uri, bot, "", d))
		}
		c.close()
	}
	for range d.count(1.5 * busy) {
		at := o.moment(midnight, d)
		c := o.connect(s, pick(d, o.staff).home, at, d)
		c.do(s.get(at, "/api/v1/notices?since="+at.AddDate(0, 0, -1).Format(time.DateOnly), "okhttp/4.12.0", "", d))
		c.close()
	}
	checks := max(1, int(12*o.sim.Scale))
	for i := range checks {
		at := midnight.Add(time.Duration(i) * 24 * time.Hour / time.Duration(checks)).Add(d.span(0, 2*time.Second))
		c := o.connect(s, nth(uptime, 1+i%2), at, d)
		c.do(s.get(at, "/", "SimUptime/1.4 (+https://uptime.sim.example)", "", d))
		c.close()
	}
	if len(o.sites) > 1 {
		o.phones(midnight, busy, d)
	}
	o.mail(midnight, busy, d)
}

// phones synchronize mail with the mail site.
func (o *org) phones(midnight time.Time, busy float64, d dice) {
	s := o.sites[1]
	for range d.count(5 * busy) {
		k := d.IntN(len(o.staff))
		p, at := o.staff[k], o.moment(midnight, d)
		c := o.connect(s, p.home, at, d)
		uri := fmt.Sprintf("/Microsoft-Server-ActiveSync/default.eas?Cmd=%s&User=%s&DeviceId=SIM%012d&DeviceType=iPhone",
			pick(d, []string{"Ping", "Ping", "Sync", "FolderSync"}), p.name, o.index*1000+k)
		c.do(request{at: at, method: "POST", uri: uri, agent: "Apple-iPhone14C2/2101.92", user: p.name,
			status: 200, size: d.between(20, 4000), sent: d.between(13, 900), took: d.seconds(60)})
		c.close()
	}
	for range d.count(1.2 * busy) { // web mail, sometimes with a wrong password
		p, at := pick(d, o.staff), o.moment(midnight, d)
		c, agent := o.connect(s, p.home, at, d), pick(d, browsers)
		for d.chance(0.1) {
			c.do(request{at: at, method: "POST", uri: "/owa/auth.owa", agent: agent, status: 302, sent: 180, took: d.seconds(0.2)})
			at = at.Add(9 * time.Second)
		}
		c.do(request{at: at, method: "POST", uri: "/owa/auth.owa", agent: agent, user: p.name, status: 302, sent: 180, took: d.seconds(0.2)})
		c.do(s.get(at.Add(time.Second), "/owa/", agent, "", d))
		c.close()
	}
}

// mail comes and goes by SMTP; only network sensors see it.
func (o *org) mail(midnight time.Time, busy float64, d dice) {
	for range d.count(3 * busy) {
		f := flow{at: o.moment(midnight, d), src: d.address(mailWorld), dst: o.host(hostMail), dport: 25, proto: "tcp",
			service: "smtp", took: d.seconds(4), sent: d.between(2000, 90000), received: d.between(300, 700), state: "SF"}
		if d.chance(0.4) {
			f.src, f.dst = f.dst, f.src
		}
		f.identify(d)
		o.flow(f)
	}
}

// remoteWork is staff using the VPN from home.
func (o *org) remoteWork(midnight time.Time, busy float64, d dice) {
	if o.vpn == nil && o.gate == nil {
		return
	}
	for range d.count(2.5 * busy) {
		p, at := pick(d, o.staff), o.moment(midnight, d)
		stays := 10*time.Minute + d.seconds(5400)
		for d.chance(0.07) { // a slip of the finger
			o.vpnLogin(p, p.home, at, false, 0, d)
			at = at.Add(12*time.Second + d.seconds(10))
		}
		o.vpnLogin(p, p.home, at, true, stays, d)
	}
	if d.chance(0.06) && !weekend(midnight) {
		at := worktime(midnight, d)
		from := o.office(d)
		if d.chance(0.3) {
			from = o.admin.home
		}
		if d.chance(0.15) {
			o.adminLogin(from, at.Add(-20*time.Second), false, nil, d)
		}
		n := d.between(2, 9)
		o.adminLogin(from, at, true, pick(d, [][]deed{
			{{true, `User "` + o.staff[n%len(o.staff)].name + `" has been created.`}, {true, `The setting of user "` + o.staff[n%len(o.staff)].name + `" has been updated.`}},
			{{true, `The setting of user "` + o.staff[n%len(o.staff)].name + `" has been updated.`}},
			{{true, "An access list has been added."}},
			{},
		}), d)
	}
}

// vpnLogin is a staff member's login to whichever VPN there is.
func (o *org) vpnLogin(p person, from netip.Addr, at time.Time, ok bool, stays time.Duration, d dice) bool {
	if o.vpn != nil {
		return o.vpn.session(visit{at: at, client: from, user: p.name, host: p.host, machine: p.id, ok: ok, stays: stays}, d)
	}
	return o.gate.tunnel(at, p.name, from, ok, stays, d)
}

// adminLogin is an administrator's visit to whichever VPN device there is.
func (o *org) adminLogin(from netip.Addr, at time.Time, ok bool, deeds []deed, d dice) bool {
	if o.vpn != nil {
		return o.vpn.administer(at, from, ok, deeds, d)
	}
	seen := o.gate.adminLogin(at, "admin", from, ok)
	if ok && seen {
		if len(deeds) > 0 {
			o.gate.configure(at.Add(time.Minute), "admin", from, "Edit", "firewall.policy", fmt.Sprint(d.between(1, 30)), "status[disable->enable]")
		}
		o.gate.adminLogout(at.Add(9*time.Minute), "admin", from, 9*time.Minute)
	}
	return seen
}

// shellWork is administrators and scripts on the shell server.
func (o *org) shellWork(midnight time.Time, busy float64, d dice) {
	if o.auth == nil {
		return
	}
	for h := 0; h < 24; h += max(1, int(6/o.sim.Scale)) {
		o.auth.cron(midnight.Add(time.Duration(h)*time.Hour + 17*time.Minute + time.Second))
	}
	for range d.count(1.2 * busy) {
		p, at := o.staff[d.IntN(3)], worktime(midnight, d)
		from := p.home
		if d.chance(0.6) {
			from = o.office(d)
		}
		l := login{at: at, client: from, user: p.name, known: true, method: "password", ok: true, stays: d.seconds(1800)}
		if p.key {
			l.method = "publickey"
		} else if d.chance(0.15) {
			wrong := l
			wrong.ok, wrong.at, wrong.stays = false, at.Add(-8*time.Second), 0
			o.ssh(wrong, d)
		}
		o.ssh(l, d)
		if d.chance(0.3) {
			o.auth.sudo(at.Add(40*time.Second), p.name, "/usr/bin/systemctl reload nginx")
		}
	}
}

// outgoing is what goes from inside to the world: names, pages, clocks.
func (o *org) outgoing(midnight time.Time, busy float64, d dice) {
	if o.zeek == nil && o.eve == nil && o.gate == nil {
		return
	}
	for range d.count(9 * busy) {
		at, client := o.moment(midnight, d), o.office(d)
		n := d.IntN(60)
		name := fmt.Sprintf("%s%d.cdn.sim.example", pick(d, []string{"static", "img", "video", "api"}), n)
		if d.chance(0.02) {
			o.lookup(at, o.host(hostDNS), fmt.Sprintf("old-printer-%d.%s", n, o.domain), netip.Addr{}, d)
			continue
		}
		to := nth(delivery, 1+n)
		o.lookup(at, o.host(hostDNS), name, to, d)
		f := flow{at: at.Add(50 * time.Millisecond), src: client, dst: to, dport: 443, proto: "tcp", service: "ssl",
			took: d.seconds(20), sent: d.between(800, 20000), received: d.between(3000, 900000), state: "SF",
			tls: &hello{name: name, version: "TLSv13", cipher: "TLS_AES_128_GCM_SHA256"}}
		f.identify(d)
		o.flow(f)
	}
	f := flow{at: midnight.Add(d.span(0, 24*time.Hour)), src: o.host(hostWeb), dst: nth(resolvers, 5), dport: 123, proto: "udp",
		service: "ntp", took: d.seconds(0.03), sent: 48, received: 48, state: "SF"}
	f.identify(d)
	o.flow(f)
}

// nightly is the backup, which is one long TLS connection, and the update check
// of the servers.
func (o *org) nightly(midnight time.Time, d dice) {
	const backup = "vault.backup-cloud.sim.example"
	to := nth(backupCloud, 1+o.index%28)
	at := midnight.Add(90*time.Minute + d.span(0, 10*time.Minute))
	o.lookup(at.Add(-time.Second), o.host(hostBackup), backup, to, d)
	f := flow{at: at, src: o.host(hostBackup), dst: to, dport: 443, proto: "tcp", service: "ssl", state: "SF",
		took: 2*time.Hour + d.span(0, 50*time.Minute), sent: d.between(2e8, 9e8), received: d.between(2e5, 9e5),
		tls: &hello{name: backup, version: "TLSv13", cipher: "TLS_AES_256_GCM_SHA384"}}
	f.identify(d)
	o.flow(f)
	for _, host := range []int{hostWeb, hostMail} {
		if !d.chance(0.4) {
			continue
		}
		at := midnight.Add(4*time.Hour + d.span(0, time.Hour))
		mirror := nth(updates, 1+d.IntN(6))
		o.lookup(at, o.host(host), "updates.sim-os.example", mirror, d)
		f := flow{at: at.Add(time.Second), src: o.host(host), dst: mirror, dport: 443, proto: "tcp", service: "ssl", state: "SF",
			took: d.seconds(15), sent: d.between(3000, 9000), received: d.between(1e5, 4e7),
			tls: &hello{name: "updates.sim-os.example", version: "TLSv13", cipher: "TLS_AES_256_GCM_SHA384"}}
		f.identify(d)
		o.flow(f)
	}
}
