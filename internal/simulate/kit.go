package simulate

import "net/netip"

// kit is what an actor's people and programs work with for a while: traits by
// which their acts resemble each other.
type kit struct {
	scanAgent, attackAgent, shellAgent string
	product                            bool     // scans with a product that asks for its own test file
	ports                              []int    // which are looked at, in order
	pages                              []string // which are asked for, in order
	subject                            string   // of the tunnel host's certificate
	host, machine                      string   // of the VPN client
	account, link, admin               string   // names that it creates
	hosts                              []string // names of its tunnel hosts
}

const scanAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.82 Safari/537.36"

var scannerPages = []string{"/", "/robots.txt", "/sitemap.xml", "/login", "/admin/", "/manager/html", "/backup/", "/test/", "/old/", "/upload/",
	"/phpinfo.php", "/crossdomain.xml", "/console/", "/api/", "/swagger-ui.html", "/uploads/", "/data/", "/inc/", "/temp/", "/www.zip"}

// firstKits are the targeted actor's; the second one comes with the habit
// rotate only.
var firstKits = [2]kit{
	{
		scanAgent: scanAgent, attackAgent: browsers[1], shellAgent: "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:60.0) Gecko/20100101 Firefox/60.0",
		product: true, ports: []int{443, 992, 5555, 8443, 10443, 80, 4443}, pages: scannerPages,
		subject: "CN=sim-ubuntu,O=sim-ubuntu,OU=sim-ubuntu,C=US", host: "WIN-SIM0A1", machine: "5A4D53494D000000000000000000C0DE",
		account: "svc_sync", link: "backup-link", admin: "fgtsupport",
		hosts: []string{"sim-vpn0461.softether.net", "sync.sim-update-relay.example", "sim-vpn7730.softether.net", "assets.sim-office-portal.example"},
	},
	{
		scanAgent:   "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.5060.114 Safari/537.36",
		attackAgent: browsers[8], shellAgent: "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
		product: true, ports: []int{443, 992, 5555, 8443, 10443, 80, 4443}, pages: scannerPages,
		subject: "CN=sim-debian11,O=sim-debian11,OU=sim-debian11,C=US", host: "DESKTOP-SIM77", machine: "9B1153494D000000000000000000D00D",
		account: "helpdesk2", link: "mirror-site", admin: "netmon",
		hosts: []string{"sim-vpn3318.softether.net", "cdn.sim-mirror-node.example", "sim-vpn9052.softether.net", "files.sim-branch-portal.example"},
	},
}

var portalPages = []string{"/", "/favicon.ico", "/owa/", "/ecp/", "/remote/login", "/+CSCOE+/logon.html", "/vpn/index.html",
	"/dana-na/auth/url_default/welcome.cgi", "/global-protect/login.esp", "/autodiscover/", "/RDWeb/Pages/", "/citrix/"}

// secondKits are the second targeted actor's.
var secondKits = [2]kit{
	{
		scanAgent:   "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.150 Safari/537.36",
		attackAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:91.0) Gecko/20100101 Firefox/91.0", shellAgent: "Mozilla/5.0 (Windows NT 10.0; rv:91.0) Gecko/20100101 Firefox/91.0",
		ports: []int{443, 25, 465, 993, 1194, 500, 3389, 8080}, pages: portalPages,
		subject: "CN=sim-node7", host: "PC-SIMK4", machine: "C41553494D00000000000000000BEEF1",
		account: "print_srv", link: "office-2", admin: "backupadm",
		hosts: []string{"api.sim-weather-widget.example", "img.sim-fontshop.example", "stat.sim-counter.example", "ntp.sim-timepool.example", "dl.sim-codecs.example"},
	},
	{
		scanAgent:   "Mozilla/5.0 (Macintosh; Intel Mac OS X 11_6_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.1.2 Safari/605.1.15",
		attackAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0", shellAgent: "Mozilla/5.0 (Windows NT 6.1; rv:78.0) Gecko/20100101 Firefox/78.0",
		ports: []int{443, 25, 465, 993, 1194, 500, 3389, 8080}, pages: portalPages,
		subject: "CN=sim-node12", host: "WS-SIM-30", machine: "E07753494D00000000000000000BEEF2",
		account: "scan_srv", link: "office-9", admin: "opsadm",
		hosts: []string{"news.sim-shipping.example", "js.sim-widgets.example", "cdn.sim-photos.example", "go.sim-links.example"},
	},
}

// ordinary is the same kit behind names that many others have.
func (k kit) ordinary() kit {
	k.scanAgent, k.attackAgent, k.shellAgent = browsers[0], browsers[1], browsers[2]
	k.product = false
	return k
}

// tools is what serves one step: a kit and a part of the infrastructure.
type tools struct {
	kit
	scanners, exploiters []node
	scouts               []node // all scanners
	tunnel               node
	desks, relays        []node // administration
}

// hands lists the addresses that administer what was taken: first the one that
// took it, then desks and relays by their share.
func (t *tools) hands(relayed float64) []netip.Addr {
	out := []netip.Addr{t.exploiters[0].addr}
	if relayed <= 0 || len(t.relays) == 0 {
		for _, n := range t.desks {
			out = append(out, n.addr)
		}
		return out
	}
	const parts = 20
	for i := range parts {
		if float64(i) < relayed*parts {
			out = append(out, t.relays[i%len(t.relays)].addr)
		} else {
			out = append(out, t.desks[i%len(t.desks)].addr)
		}
	}
	return out
}
