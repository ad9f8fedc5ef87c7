package simulate

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// truthFile is truth.json: what happened, as far as the telemetry can show it.
type truthFile struct {
	Simulated     bool       `json:"simulated"`
	Notice        string     `json:"notice"`
	Seed          uint64     `json:"seed"`
	Period        period     `json:"period"`
	Ledger        ledger     `json:"ledger"`
	Organizations []orgTruth `json:"organizations"`
	Actors        []actTruth `json:"actors"`
	Benign        []benign   `json:"benign"`
	Blind         []blind    `json:"blind"`
}

type period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type orgTruth struct {
	ID       string          `json:"id"`
	Sector   string          `json:"sector"`
	Country  string          `json:"country"`
	Sensors  string          `json:"sensors"`
	Verdict  vedette.Verdict `json:"verdict"`
	Targeted vedette.Verdict `json:"targeted_verdict"`
	Method   string          `json:"method,omitempty"`
	Ledger   ledger          `json:"ledger"`
	Notes    []string        `json:"notes"`
}

type actTruth struct {
	Name           string                     `json:"name"`
	Targeted       bool                       `json:"targeted"`
	Summary        string                     `json:"summary"`
	Operators      *staffTruth                `json:"operators,omitempty"` // of targeted actors that use relays
	Infrastructure []infraTruth               `json:"infrastructure"`
	Organizations  map[string]vedette.Verdict `json:"organizations"`
}

// staffTruth says where an actor's people sit, whatever the telemetry shows.
type staffTruth struct {
	Country string  `json:"country"`
	City    string  `json:"city"`
	Zone    string  `json:"zone"`
	Relayed float64 `json:"relayed"` // share of administration that comes through relays
}

type infraTruth struct {
	Value   string   `json:"value"`
	Roles   []string `json:"roles"`
	Country string   `json:"country"`
	City    string   `json:"city"`
}

type blind struct {
	Organization string `json:"organization"`
	Reason       string `json:"reason"`
}

const notice = "SIMULATED: made up by vedette simulate. No organization, person, address or event in it is real."

// truth sums up what the organizations' telemetry shows.
func (s *simulation) truth() truthFile {
	t := truthFile{Simulated: true, Notice: notice, Seed: s.Seed, Benign: []benign{}, Blind: []blind{},
		Period: period{s.Start.Format(time.RFC3339), s.end.Add(-time.Second).Format(time.RFC3339)}}
	for _, o := range s.orgs {
		x := orgTruth{ID: o.id, Sector: o.sector, Country: o.country.code, Sensors: o.profile.summary, Method: strings.Join(o.modes, " + "),
			Verdict: slices.Max(o.marks), Targeted: s.targetedMark(o), Notes: append([]string{}, o.notes...)}
		for _, st := range o.streams {
			x.Ledger.add(st.ledger)
		}
		t.Ledger.add(x.Ledger)
		t.Organizations = append(t.Organizations, x)
		t.Benign = append(t.Benign, o.benign...)
		for _, b := range o.blind {
			t.Blind = append(t.Blind, blind{o.id, b})
		}
	}
	for _, a := range s.actors {
		t.Actors = append(t.Actors, s.actorTruth(a))
	}
	return t
}

// targetedMark is how far targeted actors got, as far as the telemetry shows.
func (s *simulation) targetedMark(o *org) vedette.Verdict {
	v := vedette.VerdictNone
	for _, c := range s.campaigns {
		v = max(v, o.marks[c.actor.index])
	}
	return v
}

// actorTruth lists the part of an actor's infrastructure that is in the
// telemetry, and whom it touched.
func (s *simulation) actorTruth(a *actor) actTruth {
	x := actTruth{Name: a.name, Targeted: a.targeted, Summary: a.summary, Infrastructure: []infraTruth{}, Organizations: map[string]vedette.Verdict{}}
	addrs, names := map[netip.Addr]bool{}, map[string]bool{}
	for _, o := range s.orgs {
		if v := o.marks[a.index]; v > vedette.VerdictNone {
			x.Organizations[o.id] = v
		}
		for addr := range o.seen[a.index] {
			addrs[addr] = true
		}
		if a.targeted {
			for name := range o.names {
				names[name] = true
			}
		}
	}
	for _, n := range a.nodes {
		place := where(n.addr)
		for value, seen := range map[string]bool{n.addr.String(): addrs[n.addr], n.name: n.name != "" && names[n.name]} {
			if seen {
				x.Infrastructure = append(x.Infrastructure, infraTruth{value, n.roles, place.country, place.city})
			}
		}
	}
	for _, c := range s.campaigns {
		if c.actor == a && s.Relays > 0 {
			x.Operators = &staffTruth{c.home.country, c.home.city, c.home.zone, s.Relays}
		}
	}
	sort.Slice(x.Infrastructure, func(i, j int) bool { return x.Infrastructure[i].Value < x.Infrastructure[j].Value })
	return x
}

func (s *simulation) writeTruth() error {
	data, err := json.MarshalIndent(s.truth(), "", "  ")
	if err != nil {
		return err
	}
	return s.file("truth.json", append(data, '\n'))
}

func (s *simulation) file(name string, data []byte) error {
	return os.WriteFile(filepath.Join(s.Out, name), data, 0o644)
}

// writeConstituency writes constituency.yaml.
func (s *simulation) writeConstituency() error {
	var b strings.Builder
	b.WriteString("# " + notice + "\norganizations:\n")
	for _, o := range s.orgs {
		networks := o.net4.String()
		if o.net6.IsValid() {
			networks += `, "` + o.net6.String() + `"`
		}
		fmt.Fprintf(&b, "  - id: %s\n    name: %s\n    sector: %s\n    country: %s\n    networks: [%s]\n    domains: [%s]\n    sources: [\"logs/%s/**\"]\n    assets:\n",
			o.id, o.name, o.sector, o.country.code, networks, o.domain, o.id)
		for _, a := range o.assets() {
			fmt.Fprintf(&b, "      - id: %s-%s\n        address: %s\n        vendor: %s\n        product: %s\n        version: %q\n        cpe: %q\n        exposure: %s\n",
				o.id, a.id, o.host(a.host), a.vendor, a.product, a.version, fmt.Sprintf(a.cpe, a.version), a.exposure)
		}
	}
	fmt.Fprintf(&b, "authorized_scanners: [%s]\n", testTeam)
	return s.file("constituency.yaml", []byte(b.String()))
}

type asset struct {
	id                       string
	host                     int
	vendor, product, version string
	cpe                      string // with %s for the version
	exposure                 string
}

// assets are the devices that the organization knows of.
func (o *org) assets() []asset {
	var out []asset
	p := o.profile
	add := func(id string, host int, vendor, product, version, cpe, exposure string) {
		out = append(out, asset{id, host, vendor, product, version, cpe, exposure})
	}
	switch {
	case p.apache:
		add("web", hostWeb, "Apache", "HTTP Server", []string{"2.4.49", "2.4.57", "2.4.58"}[o.index%3], "cpe:2.3:a:apache:http_server:%s:*:*:*:*:*:*:*", "internet")
	case p.nginx:
		add("web", hostWeb, "F5", "NGINX", []string{"1.20.1", "1.24.0"}[o.index%2], "cpe:2.3:a:f5:nginx:%s:*:*:*:*:*:*:*", "internet")
	case p.iis:
		add("web", hostWeb, "Microsoft", "Internet Information Services", "10.0", "cpe:2.3:a:microsoft:internet_information_services:%s:*:*:*:*:*:*:*", "internet")
		add("mail", hostMail, "Microsoft", "Exchange Server", "2019", "cpe:2.3:a:microsoft:exchange_server:%s:cumulative_update_12:*:*:*:*:*:*", "internet")
	default: // seen by network sensors only, or not at all
		add("web", hostWeb, "Apache", "HTTP Server", "2.4.54", "cpe:2.3:a:apache:http_server:%s:*:*:*:*:*:*:*", "internet")
	}
	if o.vpn != nil || p.egressOnly {
		release := softetherVersions[o.index%len(softetherVersions)]
		add("vpn", hostVPN, "SoftEther", "VPN Server", release[0]+"."+release[1], "cpe:2.3:a:softether:vpn:%s:*:*:*:*:*:*:*", "internet")
	}
	if o.gate != nil {
		add("firewall", hostFirewall, "Fortinet", "FortiOS", []string{"7.0.12", "7.2.5", "7.4.1"}[o.index%3], "cpe:2.3:o:fortinet:fortios:%s:*:*:*:*:*:*:*", "internet")
	}
	if o.f5 {
		add("balancer", hostVPN, "F5", "BIG-IP Local Traffic Manager", []string{"15.1.8", "16.1.3"}[o.index%2], "cpe:2.3:a:f5:big-ip_local_traffic_manager:%s:*:*:*:*:*:*:*", "internet")
	}
	if o.shelled() {
		add("shell", hostShell, "OpenBSD", "OpenSSH", "8.4", "cpe:2.3:a:openbsd:openssh:%s:p1:*:*:*:*:*:*", "internet")
	}
	add("backup", hostBackup, "Canonical", "Ubuntu Linux", "20.04", "cpe:2.3:o:canonical:ubuntu_linux:%s:*:*:*:lts:*:*:*", "internal")
	return out
}

// writeReadme writes README.md and the marker file.
func (s *simulation) writeReadme() error {
	if err := s.file("SIMULATED", []byte(notice+"\n")); err != nil {
		return err
	}
	t := s.truth()
	return s.file("README.md", fmt.Appendf(nil, `# A simulated constituency

%s

Made with seed %d: %d organizations, %s to %s, %d records.

| file | what |
|---|---|
| constituency.yaml | organizations, their networks, assets and sources |
| logs/ | telemetry, a folder for each organization |
| geo/*.mmdb | geolocation and autonomous systems of the simulated addresses |
| truth.json | what happened, as far as the telemetry can show it: compare, do not read first |
| truth-lines.tsv.gz | every line that an actor left: file, line, actor, kind |

    vedette analyze --constituency constituency.yaml --geoip geo/simulated-city.mmdb --geoip geo/simulated-asn.mmdb logs

Addresses are of ranges that belong to nobody (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24,
198.18.0.0/15, 2001:db8::/32). Log lines that state no time zone (SoftEther, IIS, syslog) are in UTC.
A record is a line that is not a header or comment; a last line without its line end is not counted.
`, notice, s.Seed, len(s.orgs), t.Period.Start, t.Period.End, t.Ledger.Read))
}
