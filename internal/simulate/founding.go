package simulate

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// org is one organization with its people, machines and sensors. While it
// lives, it belongs to one goroutine.
type org struct {
	sim     *simulation
	index   int
	id      string
	name    string
	sector  string
	country country
	clock   *time.Location
	net4    netip.Prefix
	net6    netip.Prefix // zero for most
	domain  string
	profile profile
	size    float64 // of its activity, 1 is average

	staff   []person
	admin   person
	sites   []*site
	vpn     *softether
	gate    *fortigate
	auth    *authLog
	zeek    *zeek
	eve     *eve
	f5      bool
	streams []*stream

	marks     []vedette.Verdict     // per actor: what the telemetry shows
	seen      []map[netip.Addr]bool // per actor: addresses in the telemetry
	names     map[string]bool       // of targeted actors' nodes, in the telemetry
	notes     []string
	blind     []string
	negative  []string // which harmless oddities happen here
	benign    []benign
	act       act      // whose doing the present is
	modes     []string // how targeted actors got in, if they did
	bootstrap dice
}

type person struct {
	name string
	home netip.Addr
	key  bool // logs in to machines with a key
	host string
	id   string // SoftEther's unique ID of the machine
}

// profile is a set of sensors.
type profile struct {
	apache, nginx, iis         bool
	softether, fortigate, sshd bool
	zeekTSV, zeekJSON, eve     bool
	egressOnly                 bool
	f5                         bool
	plainHTTP                  bool // the main site has no TLS, so that a network sensor sees requests
	summary                    string
}

var profiles = []profile{
	{apache: true, softether: true, sshd: true, summary: "Apache, SoftEther, sshd"},
	{iis: true, fortigate: true, summary: "IIS, FortiGate"},
	{zeekJSON: true, softether: true, nginx: true, summary: "Zeek JSON, SoftEther, nginx"},
	{eve: true, nginx: true, sshd: true, summary: "Suricata EVE, nginx, sshd"},
	{zeekTSV: true, sshd: true, plainHTTP: true, summary: "Zeek TSV, sshd"},
	{fortigate: true, nginx: true, sshd: true, summary: "FortiGate, nginx, sshd"},
	{iis: true, eve: true, softether: true, plainHTTP: true, summary: "IIS, Suricata EVE, SoftEther"},
	{zeekTSV: true, iis: true, f5: true, summary: "Zeek TSV, IIS, F5"},
	{softether: true, apache: true, fortigate: true, summary: "SoftEther, Apache, FortiGate"},
	{zeekTSV: true, egressOnly: true, summary: "Zeek TSV of outgoing traffic only"},
}

// founding creates the constituency.
func (s *simulation) founding() {
	d := newDice(s.Seed, "founding")
	order := d.Perm(len(profiles) - 1) // the last profile, egress only, is rare
	for i := range s.Organizations {
		p := profiles[order[i%len(order)]]
		if i%12 == 8 {
			p = profiles[len(profiles)-1]
		}
		s.orgs = append(s.orgs, s.found(i, p, d))
	}
}

func (s *simulation) found(i int, p profile, d dice) *org {
	sec := sectors[weighted(d, len(sectors), func(k int) int { return sectors[k].share })]
	where := countries[0]
	if i > 0 {
		where = countries[weighted(d, len(countries), func(k int) int { return countries[k].share })]
	}
	id := fmt.Sprintf("%s-%02d", sec.short, i+1)
	o := &org{
		sim: s, index: i, id: id, sector: sec.id, country: where, clock: where.location(),
		name:    fmt.Sprintf("Simulated %s %d", pick(d, sec.names), i+1),
		net4:    network(i),
		domain:  id + ".sim.example",
		profile: p,
		size:    0.5 + d.ExpFloat64()*0.5,
		names:   map[string]bool{},
	}
	o.size = min(o.size, 3)
	o.bootstrap = newDice(s.Seed, "organization "+o.id)
	if i%5 == 2 {
		o.net6 = netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/48", 0x100+i))
	}
	o.hire()
	o.equip()
	return o
}

// network is the /26 of the i-th organization: four rounds through 198.18.1.0
// to 198.18.120.0, then four through 198.18.121.0 to 198.18.255.0 without
// 198.18.250.0, where the authorized testers are.
func network(i int) netip.Prefix {
	third, quarter := 1+i%120, i/120
	if i >= 480 {
		third, quarter = 121+(i-480)%134, (i-480)/134
		if third >= 250 {
			third++
		}
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, byte(third), byte(64 * quarter)}), 26)
}

// weighted picks an index by its share.
func weighted(d dice, n int, share func(int) int) int {
	total := 0
	for i := range n {
		total += share(i)
	}
	x := d.IntN(total)
	for i := range n {
		if x -= share(i); x < 0 {
			return i
		}
	}
	return n - 1
}

var givenNames = []string{"mei", "chen", "lin", "huang", "amina", "kamau", "joon", "hana", "paul", "rosa",
	"noy", "somchai", "eric", "grace", "yusuf", "fatuma", "wei", "jia", "tom", "anna"}

func (o *org) hire() {
	d := o.bootstrap
	homes := networks(access, o.country.code)
	for i := range 6 + int(6*o.size) {
		o.staff = append(o.staff, person{
			name: fmt.Sprintf("%s%d", givenNames[(o.index*7+i)%len(givenNames)], i+1),
			home: d.address(pick(d, homes)),
			host: fmt.Sprintf("sim-laptop-%d", i+1),
			id:   d.letters(32, "0123456789ABCDEF"),
			key:  d.chance(0.6),
		})
	}
	o.admin = person{name: "netops", home: d.address(pick(d, homes)), host: "sim-admin", id: d.letters(32, "0123456789ABCDEF"), key: true}
}

// host is the n-th address of the organization.
func (o *org) host(n int) netip.Addr { return nth(o.net4, n) }

// inside reports whether an address is the organization's own.
func (o *org) inside(a netip.Addr) bool {
	return o.net4.Contains(a) || o.net6.IsValid() && o.net6.Contains(a)
}

// Places of an organization's machines in its network.
const (
	hostFirewall = 1
	hostWeb      = 5
	hostApp      = 6
	hostMail     = 8
	hostDNS      = 9
	hostVPN      = 10
	hostShell    = 12
	hostBackup   = 15
	hostOffice   = 20 // and up: offices' computers behind address translation
)

// stream opens a log of this organization.
func (o *org) stream(path string, eol string) *stream {
	s := &stream{
		path: "logs/" + o.id + "/" + path, eol: eol, start: o.sim.Start, end: o.sim.end, act: &o.act,
		gz:    (o.index+len(o.streams))%4 != 1 || o.sim.Portable,
		daily: o.index%12 == 5 && !o.sim.Portable,
	}
	o.streams = append(o.streams, s)
	return s
}

func (o *org) equip() {
	p := o.profile
	main := &site{org: o, name: "www." + o.domain, addr: o.host(hostWeb), tls: !p.plainHTTP, content: "php"}
	if p.iis {
		main.content = "aspx"
	}
	switch o.index % 4 {
	case 3:
		if !p.iis {
			main.content = "java"
		}
	}
	switch {
	case p.apache:
		main.log = o.combined("web/access", false)
	case p.nginx:
		main.log = o.combined("www/nginx-access", true)
	case p.iis:
		main.log = o.iis("iis/u_ex")
	}
	main.build(o.bootstrap)
	o.sites = append(o.sites, main)
	if p.iis {
		mail := &site{org: o, name: "mail." + o.domain, addr: o.host(hostMail), tls: true, content: "mail", log: main.log}
		mail.build(o.bootstrap)
		o.sites = append(o.sites, mail)
	}
	if p.softether {
		o.vpn = newSoftether(o)
	}
	if p.fortigate {
		o.gate = newFortigate(o)
	}
	if p.zeekTSV || p.zeekJSON {
		o.zeek = newZeek(o, p.zeekJSON, p.egressOnly)
	}
	if p.eve {
		o.eve = newEVE(o)
	}
	if p.sshd {
		o.auth = newAuthLog(o)
	}
	o.f5 = p.f5
}

// office is one of the computers that browse the web from inside.
func (o *org) office(d dice) netip.Addr { return o.host(hostOffice + d.IntN(8)) }

// write writes the streams and forgets their lines.
func (o *org) write(dir string) error {
	for _, s := range o.streams {
		if err := s.write(dir); err != nil {
			return err
		}
	}
	return nil
}
