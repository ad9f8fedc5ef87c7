package simulate

import (
	"net/netip"
	"time"
)

// site is one web site of an organization.
type site struct {
	org      *org
	name     string
	addr     netip.Addr
	tls      bool
	content  string // php, aspx, java, mail
	catchAll bool   // answers 200 to everything
	log      *accessLog
	pages    []page
	assets   []page
	extra    map[string]page // what no page links to: the login form, an interface
	login    string          // path of the login form
}

type page struct {
	uri   string
	size  int
	moves float64 // by which share its size varies
}

func (s *site) port() int {
	if s.tls {
		return 443
	}
	return 80
}

// webConn is one client's connection to a site, seen by all the sensors on its
// way.
type webConn struct {
	site           *site
	client         netip.Addr
	start, last    time.Time
	f              flow
	depth          int
	sent, received int
	content        bool // a sensor saw what was asked for
}

func (o *org) connect(s *site, client netip.Addr, at time.Time, d dice) *webConn {
	c := &webConn{site: s, client: client, start: at, last: at}
	c.f = flow{at: at, src: client, dst: s.addr, dport: s.port(), proto: "tcp", service: "http", state: "SF"}
	if s.tls {
		c.f.service = "ssl"
		c.f.tls = &hello{name: s.name, version: "TLSv13", cipher: "TLS_AES_128_GCM_SHA256"}
	}
	c.f.identify(d)
	return c
}

// do sends one request over the connection and reports whether any sensor saw
// what was asked for.
func (c *webConn) do(r request) bool {
	o := c.site.org
	seen := c.site.log.request(c.site, c.client, r)
	if !c.site.tls {
		c.depth++
		if o.zeek.request(c, r) {
			seen = true
		}
		if o.eve.request(c, r) {
			seen = true
		}
	}
	if end := r.at.Add(r.took); end.After(c.last) {
		c.last = end
	}
	c.sent += r.sent + 400
	c.received += r.size + 300
	c.content = c.content || seen
	return seen
}

// close ends the connection and reports whether a network sensor saw it.
func (c *webConn) close() bool {
	c.f.took = c.last.Sub(c.start) + 40*time.Millisecond
	c.f.sent, c.f.received = c.sent, c.received
	return c.site.org.flow(c.f)
}

// flow is one connection as a network sensor sees it.
type flow struct {
	at             time.Time
	src, dst       netip.Addr
	sport, dport   int
	proto, service string
	took           time.Duration
	sent, received int
	state          string // Zeek's conn_state: SF, S0, REJ, RSTO
	tls            *hello
	uid            string
	id             int64
}

// hello is what a TLS handshake shows.
type hello struct {
	name, version, cipher string
	subject, issuer       string // of a certificate in the clear (TLS 1.2), else empty
}

func (f *flow) identify(d dice) {
	if f.sport == 0 {
		f.sport = d.port()
	}
	if f.uid == "" {
		f.uid = "C" + d.letters(17, base62)
		f.id = d.Int64N(1 << 50)
	}
}

// flow shows f to every network sensor and reports whether one saw it.
func (o *org) flow(f flow) bool {
	seen := o.zeek.flow(f)
	if o.eve.flow(f) {
		seen = true
	}
	if o.gate.traffic(f) {
		seen = true
	}
	return seen
}

// lookup is a DNS question of one of the organization's machines.
func (o *org) lookup(at time.Time, client netip.Addr, name string, answer netip.Addr, d dice) bool {
	q := question{at: at, client: client, server: nth(resolvers, 1+d.IntN(3)), name: name, answer: answer, id: d.IntN(65536), sport: d.port()}
	q.uid, q.flowID, q.took = "C"+d.letters(17, base62), d.Int64N(1<<50), d.seconds(0.02)
	seen := o.zeek.question(q)
	if o.eve.question(q) {
		seen = true
	}
	return seen
}

type question struct {
	at             time.Time
	client, server netip.Addr
	name           string
	answer         netip.Addr // zero: no such name
	id, sport      int
	uid            string
	flowID         int64
	took           time.Duration
}

// login is one attempt to log in by SSH at the shell server.
type login struct {
	at     time.Time
	client netip.Addr
	user   string
	known  bool // the account exists
	method string
	ok     bool
	stays  time.Duration
}

// ssh shows l to the sensors: who logs what differs. It reports whether the
// outcome is visible (in the server's log, or as Zeek's guess).
func (o *org) ssh(l login, d dice) bool {
	f := flow{at: l.at, src: l.client, dst: o.host(hostShell), dport: 22, proto: "tcp", service: "ssh", state: "SF",
		took: l.stays + d.seconds(2), sent: d.between(900, 2200), received: d.between(1500, 2600)}
	if l.ok {
		f.sent += d.between(3000, 60000)
		f.received += d.between(5000, 400000)
	}
	f.identify(d)
	seen := o.auth.login(l, f, d)
	if o.zeek.ssh(l, f) {
		seen = true
	}
	o.eve.ssh(l, f)
	o.flow(f)
	return seen
}
