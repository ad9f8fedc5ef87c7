package simulate

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
)

// benign is something harmless that looks like an attack.
type benign struct {
	Kind         string   `json:"kind"`
	Organization string   `json:"organization"`
	Sources      []string `json:"sources"`
	Notes        string   `json:"notes"`
}

// oddity is a kind of harmless look-alike, or an opportunistic entry, and where
// it can happen.
type oddity struct {
	kind string
	fits func(o *org, goal vedette.Verdict) bool
}

var oddities = []oddity{
	{"catch-all", func(o *org, goal vedette.Verdict) bool {
		return goal == vedette.VerdictAttempt && o.sites[0].log != nil
	}},
	{"catch-all", func(o *org, goal vedette.Verdict) bool { return goal == vedette.VerdictNone && o.sites[0].log != nil }},
	{"old-password", func(o *org, _ vedette.Verdict) bool { return o.vpn != nil || o.gate != nil }},
	{"new-interface", func(o *org, _ vedette.Verdict) bool { return o.sites[0].log != nil }},
	{"webhook", func(o *org, _ vedette.Verdict) bool { return o.sites[0].log != nil }},
	{"authorized-test", func(o *org, _ vedette.Verdict) bool { return o.sites[0].log != nil }},
	{"new-cascade", func(o *org, _ vedette.Verdict) bool { return o.vpn != nil }},
	{"travel", func(o *org, _ vedette.Verdict) bool { return o.vpn != nil }},
	{"travel-to-china", func(o *org, _ vedette.Verdict) bool { return o.vpn != nil || o.gate != nil }},
	{"branch-tunnel", func(o *org, _ vedette.Verdict) bool { return o.zeek != nil || o.eve != nil }},
}

// planNegatives hands out the oddities. No compromised organization gets one,
// so that what is harmless and what is not stay apart.
func (s *simulation) planNegatives() {
	d := newDice(s.Seed, "negatives")
	kinds := slices.Clone(oddities)
	entry := func(kind string, fits func(o *org) bool) {
		kinds = append(kinds, oddity{kind, func(o *org, goal vedette.Verdict) bool { return goal < vedette.VerdictAttempt && fits(o) }})
	}
	if len(s.orgs) >= 20 {
		entry("weak-ssh", func(o *org) bool { return o.auth != nil })
	}
	if len(s.orgs) >= 40 {
		entry("weak-upload", func(o *org) bool { return o.sites[0].log != nil && o.sites[0].content == "php" })
	}
	for _, k := range kinds {
		left := 1
		if len(k.kind) > 4 && k.kind[:5] != "weak-" {
			left = 1 + len(s.orgs)/30
		} else if s.is(habitNoise) {
			left = 1 + len(s.orgs)/20
		}
		for _, i := range d.Perm(len(s.orgs)) {
			o := s.orgs[i]
			goal := s.goal(i)
			if left == 0 || goal == vedette.VerdictCompromise || o.profile.egressOnly || len(o.negative) > 2 || !k.fits(o, goal) {
				continue
			}
			o.negative = append(o.negative, k.kind)
			if k.kind == "catch-all" {
				o.sites[0].catchAll = true
			}
			left--
		}
	}
}

func (o *org) has(kind string) bool { return slices.Contains(o.negative, kind) }

// negatives makes the oddities happen.
func (o *org) negatives() {
	d := newDice(o.sim.Seed, "negatives of "+o.id)
	for _, kind := range o.negative {
		day := o.local(o.sim.Days/4 + d.IntN(o.sim.Days/2))
		for weekend(day) {
			day = day.AddDate(0, 0, 1)
		}
		switch kind {
		case "catch-all":
			o.harmless(kind, nil, "the site answers 200 to every path; attacks on it prove nothing more than an attempt")
		case "old-password":
			o.oldPassword(worktime(day, d), d)
		case "new-interface", "webhook":
			o.newInterface(kind, day, d)
		case "authorized-test":
			o.authorizedTest(worktime(day, d), d)
		case "new-cascade":
			o.newCascade(worktime(day, d), d)
		case "travel", "travel-to-china":
			o.travel(kind, day, d)
		case "branch-tunnel":
			o.branchTunnel(d)
		}
	}
}

func (o *org) harmless(kind string, sources []netip.Addr, notes string) {
	b := benign{Kind: kind, Organization: o.id, Sources: []string{}, Notes: notes}
	for _, a := range sources {
		b.Sources = append(b.Sources, a.String())
	}
	o.benign = append(o.benign, b)
}

// oldPassword is a client that keeps trying a stored password until its owner
// comes back from lunch.
func (o *org) oldPassword(at time.Time, d dice) {
	p := o.staff[1]
	for range 30 {
		o.vpnLogin(p, p.home, at, false, 0, d)
		at = at.Add(60*time.Second + d.seconds(3))
	}
	o.vpnLogin(p, p.home, at.Add(15*time.Minute), true, 3*time.Hour, d)
	o.harmless("old-password", []netip.Addr{p.home}, "a staff member's client fails 30 times with an old password, from home, then gets in with the new one")
}

// newInterface is a page that was never there before, used with many POST
// requests by few clients, because it was built for them.
func (o *org) newInterface(kind string, from time.Time, d dice) {
	s := o.sites[0]
	uri, agent, partners := "/api/v2/orders/import", "SimPartner-Integration/3.2", []netip.Addr{nth(payments, 3), nth(payments, 4)}
	notes := "a new interface that two partners post to from now on; the answers' sizes vary"
	if kind == "webhook" {
		uri, agent, notes = "/hooks/payment.php", "SimPay-Webhook/1.0", "a payment service's notifications, from few addresses, to a page that is new"
	}
	for day := from; day.Before(o.sim.end); day = day.AddDate(0, 0, 1) {
		for range d.count(3 * min(o.sim.Scale, 1)) {
			at := o.moment(day, d)
			client := pick(d, partners)
			c := o.connect(s, client, at, d)
			c.do(request{at: at, method: "POST", uri: uri, agent: agent, status: 200, size: d.between(60, 9000), sent: d.between(200, 40000), took: d.seconds(0.4)})
			c.close()
		}
	}
	o.harmless(kind, partners, notes)
}

// authorizedTest is a penetration test by the listed team: loud, and permitted.
func (o *org) authorizedTest(at time.Time, d dice) {
	s, client := o.sites[0], d.address(testTeam)
	c := o.connect(s, client, at, d)
	for range 140 {
		at = at.Add(d.seconds(6))
		path, _, _ := cutQuery(pick(d, s.pages).uri)
		uri := path + "?id=" + pick(d, []string{"1%27--", "1%20UNION%20ALL%20SELECT%20NULL,NULL--", "../../../../etc/passwd", "%3Csvg/onload=alert(1)%3E", "1;sleep%205", "{{7*7}}"})
		c.do(s.get(at, uri, "sqlmap/1.7.11#stable (https://sqlmap.org)", "", d))
	}
	c.close()
	for range 8 {
		at = at.Add(d.seconds(20))
		if o.vpn != nil || o.gate != nil {
			o.adminLogin(client, at, false, nil, d)
		}
		o.knock(at, client, d.between(1, 40), d.between(1, 10000), d)
	}
	o.harmless("authorized-test", []netip.Addr{client}, "a penetration test by the team in authorized_scanners")
}

// newCascade is the usual administrator connecting a branch office, from the
// office, without a wrong password.
func (o *org) newCascade(at time.Time, d dice) {
	from := o.office(d)
	o.vpn.administer(at, from, true, []deed{
		{true, `User "branch02" has been created.`},
		{true, `The setting of user "branch02" has been updated.`},
		{true, `The Cascade Connection "to-branch02" has been added.`},
		{true, `The setting for Cascade Connection "to-branch02" has been changed.`},
		{true, `The Cascade Connection "to-branch02" is now online.`},
	}, d)
	o.vpn.dialOut(at.Add(6*time.Minute), "to-branch02", "hq", 1)
	branch := d.address(pick(d, networks(access, o.country.code)))
	for i := range 6 {
		o.vpn.session(visit{at: at.Add(time.Duration(i)*24*time.Hour + 10*time.Minute), client: branch, user: "branch02", host: "sim-branch-gw",
			machine: "823DD06196E7309001A93F8B2C42SIM0", ok: true, stays: 23 * time.Hour, cascade: true}, d)
	}
	o.harmless("new-cascade", []netip.Addr{from, branch}, "the usual administrator, from the office, adds a user and a cascade connection for a branch")
}

// travel is a week abroad.
func (o *org) travel(kind string, day time.Time, d dice) {
	p, to := o.admin, city(pick(d, []string{"Tokyo", "Singapore"}))
	notes := "the administrator travels and logs in, with the usual machine, from a hotel abroad"
	if kind == "travel-to-china" {
		p, to, notes = o.staff[3], city("Shanghai"), "a staff member visits a customer in Shanghai for a week and uses the VPN in the evening"
	}
	hotel := d.address(to)
	for i := range 6 {
		at := day.AddDate(0, 0, i).Add(20*time.Hour + d.span(0, 3*time.Hour))
		if d.chance(0.3) {
			o.vpnLogin(p, hotel, at.Add(-20*time.Second), false, 0, d)
		}
		o.vpnLogin(p, hotel, at, true, d.seconds(4000), d)
	}
	if kind == "travel" {
		o.adminLogin(hotel, day.AddDate(0, 0, 2).Add(21*time.Hour), true, []deed{{true, "An access list has been added."}}, d)
	}
	o.harmless(kind, []netip.Addr{hotel}, notes)
}

// branchTunnel is an honest SoftEther connection between two houses of the same
// organization: long, every day, with the product's own certificate and name,
// and there since the first day.
func (o *org) branchTunnel(d dice) {
	branch := d.address(pick(d, networks(access, o.country.code)))
	name := fmt.Sprintf("sim-branch-%s.softether.net", o.id)
	subject := "CN=sim-branch,O=sim-branch,OU=sim-branch,C=US"
	for day := range o.sim.Days {
		at := o.sim.Start.AddDate(0, 0, day).Add(d.span(0, 10*time.Minute))
		o.lookup(at, o.host(hostVPN), name, branch, d)
		f := flow{at: at.Add(time.Second), src: o.host(hostVPN), dst: branch, dport: 443, proto: "tcp", service: "ssl", state: "SF",
			took: 23*time.Hour + d.span(0, 50*time.Minute), sent: d.between(1e6, 9e8), received: d.between(1e6, 9e8),
			tls: &hello{name: name, version: "TLSv12", cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", subject: subject, issuer: subject}}
		f.identify(d)
		o.flow(f)
	}
	o.harmless("branch-tunnel", []netip.Addr{branch}, fmt.Sprintf("an old SoftEther tunnel to a branch (%s), every day of the period", name))
}
