package simulate

import (
	"fmt"
	"net/netip"
	"time"
)

// fortigate is a FortiGate firewall with its key=value log: forwarded traffic
// and administrators' and SSL VPN users' events (Fortinet's log reference for
// FortiOS 7).
type fortigate struct {
	*stream
	org     *org
	session int
}

func newFortigate(o *org) *fortigate {
	return &fortigate{stream: o.stream("fortigate/fgt-%s.log", "\n"), org: o, session: 100000}
}

// entry writes one line: the common keys, then rest.
func (g *fortigate) entry(at time.Time, id, typ, subtype, level, rest string) bool {
	if g == nil || !g.awake(at) {
		return false
	}
	t := g.clock(at).In(g.org.clock)
	return g.add(at, fmt.Sprintf(`date=%s time=%s devname="sim-fgt-%s" devid="FGVMSIM%06d" eventtime=%d tz="%s" logid="%s" type="%s" subtype="%s" level="%s" vd="root" %s`,
		t.Format("2006-01-02"), t.Format("15:04:05"), g.org.id, g.org.index+1, t.UnixNano(), t.Format("-0700"), id, typ, subtype, level, rest))
}

func (g *fortigate) traffic(f flow) bool {
	if g == nil {
		return false
	}
	from, to, fromRole, toRole, policy := "wan1", "dmz", "wan", "dmz", 5
	if g.org.inside(f.src) {
		from, to, fromRole, toRole, policy = "dmz", "wan1", "dmz", "wan", 9
	}
	action, level, proto := "close", "notice", 6
	switch {
	case f.proto == "udp":
		action, proto = "accept", 17
	case f.state == "S0", f.state == "REJ":
		action, policy = "deny", 0
	case f.state == "RSTO":
		action = "client-rst"
	}
	services := map[int]string{22: "SSH", 25: "SMTP", 53: "DNS", 80: "HTTP", 123: "NTP", 443: "HTTPS"}
	service := services[f.dport]
	if service == "" {
		service = fmt.Sprintf("%s/%d", f.proto, f.dport)
	}
	g.session++
	return g.entry(f.at.Add(f.took), "0000000013", "traffic", "forward", level, fmt.Sprintf(
		`srcip=%s srcport=%d srcintf="%s" srcintfrole="%s" dstip=%s dstport=%d dstintf="%s" dstintfrole="%s" srccountry="Reserved" dstcountry="Reserved" sessionid=%d proto=%d action="%s" policyid=%d policytype="policy" service="%s" trandisp="noop" duration=%d sentbyte=%d rcvdbyte=%d sentpkt=%d rcvdpkt=%d appcat="unscanned"`,
		f.src, f.sport, from, fromRole, f.dst, f.dport, to, toRole, g.session, proto, action, policy, service,
		int(f.took.Seconds()), f.sent, f.received, 4+f.sent/1200, 4+f.received/1400))
}

// adminLogin is an administrator's login at the web interface.
func (g *fortigate) adminLogin(at time.Time, user string, from netip.Addr, ok bool) bool {
	if g == nil {
		return false
	}
	who := fmt.Sprintf(`user="%s" ui="https(%s)" method="https" srcip=%s dstip=%s action="login" `, user, from, from, g.org.host(hostFirewall))
	if !ok {
		return g.entry(at, "0100032002", "event", "system", "alert", `logdesc="Admin login failed" sn="0" `+who+
			fmt.Sprintf(`status="failed" reason="passwd_invalid" msg="Administrator %s login failed from https(%s) because of invalid password"`, user, from))
	}
	return g.entry(at, "0100032001", "event", "system", "information", fmt.Sprintf(`logdesc="Admin login successful" sn="%d" `, at.Unix())+who+
		fmt.Sprintf(`status="success" reason="none" profile="super_admin" msg="Administrator %s logged in successfully from https(%s)"`, user, from))
}

// adminLogout ends an administrator's session.
func (g *fortigate) adminLogout(at time.Time, user string, from netip.Addr, stayed time.Duration) bool {
	return g.entry(at, "0100032003", "event", "system", "information", fmt.Sprintf(
		`logdesc="Admin logout successful" sn="%d" user="%s" ui="https(%s)" method="https" srcip=%s dstip=%s action="logout" status="success" duration=%d reason="exit" msg="Administrator %s logged out from https(%s)"`,
		at.Add(-stayed).Unix(), user, from, from, g.org.host(hostFirewall), int(stayed.Seconds()), user, from))
}

// configure is a change of the configuration by an administrator.
func (g *fortigate) configure(at time.Time, user string, from netip.Addr, action, path, object, attr string) bool {
	return g.entry(at, "0100044547", "event", "system", "information", fmt.Sprintf(
		`logdesc="Object attribute configured" user="%s" ui="GUI(%s)" action="%s" cfgtid=%d cfgpath="%s" cfgobj="%s" cfgattr="%s" msg="%s %s %s"`,
		user, from, action, at.Unix()%1e8, path, object, attr, action, path, object))
}

// tunnel is a login of an SSL VPN user: failed, or the start and end of a
// tunnel.
func (g *fortigate) tunnel(at time.Time, user string, from netip.Addr, ok bool, stays time.Duration, d dice) bool {
	if g == nil {
		return false
	}
	id := d.IntN(1 << 30)
	if !ok {
		return g.entry(at, "0101039426", "event", "vpn", "alert", fmt.Sprintf(
			`logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" tunnelid=0 remip=%s user="%s" group="N/A" dst_host="N/A" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`, from, user))
	}
	common := func(action string) string {
		return fmt.Sprintf(`action="%s" tunneltype="ssl-tunnel" tunnelid=%d remip=%s tunnelip=10.212.134.%d user="%s" group="sim-staff" dst_host="N/A" `,
			action, id, from, 200+id%50, user)
	}
	seen := g.entry(at, "0101039947", "event", "vpn", "information", `logdesc="SSL VPN tunnel up" `+common("tunnel-up")+
		`reason="tunnel established" msg="SSL tunnel established"`)
	g.entry(at.Add(stays), "0101039948", "event", "vpn", "information", `logdesc="SSL VPN tunnel down" `+common("tunnel-down")+
		fmt.Sprintf(`reason="N/A" duration=%d sentbyte=%d rcvdbyte=%d msg="SSL tunnel shutdown"`, int(stays.Seconds()),
			d.between(1e5, 9e6), d.between(1e5, 9e7)))
	return seen
}
