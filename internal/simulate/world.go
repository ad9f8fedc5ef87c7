package simulate

import (
	"net/netip"
	"time"
)

// kind of network that a block of the outside world is.
type kind uint8

const (
	access  kind = iota + 1 // homes and offices
	hosting                 // rented hosts
	service                 // crawlers, monitoring, software updates, partners
	census                  // internet-wide research
)

// block is one network of the simulated outside world. The autonomous system
// numbers are of the private range (RFC 6996).
type block struct {
	prefix  netip.Prefix
	kind    kind
	country string
	city    string
	zone    string
	asn     uint32
	name    string
}

func mk(prefix string, k kind, country, city, zone string, asn uint32, name string) block {
	return block{netip.MustParsePrefix(prefix), k, country, city, zone, asn, name}
}

var outside = []block{
	mk("198.19.0.0/20", access, "TW", "Taipei", "Asia/Taipei", 64601, "Simulated Formosa Access"),
	mk("198.19.16.0/22", access, "TW", "Kaohsiung", "Asia/Taipei", 64601, "Simulated Formosa Access"),
	mk("198.19.20.0/22", access, "TW", "Taichung", "Asia/Taipei", 64602, "Simulated Central Cable"),
	mk("198.19.24.0/23", access, "LA", "Vientiane", "Asia/Vientiane", 64603, "Simulated Mekong Telecom"),
	mk("198.19.26.0/23", access, "KE", "Nairobi", "Africa/Nairobi", 64604, "Simulated Savanna Net"),
	mk("198.19.28.0/23", access, "RW", "Kigali", "Africa/Kigali", 64605, "Simulated Hills Broadband"),
	mk("198.19.30.0/23", access, "HK", "Hong Kong", "Asia/Hong_Kong", 64606, "Simulated Harbor Access"),
	mk("198.19.32.0/22", access, "KR", "Seoul", "Asia/Seoul", 64607, "Simulated Han Access"),
	mk("198.19.36.0/22", access, "US", "Phoenix", "America/Phoenix", 64608, "Simulated Desert Cable"),
	mk("198.19.40.0/23", access, "DJ", "Djibouti", "Africa/Djibouti", 64609, "Simulated Horn Telecom"),
	mk("198.19.42.0/23", access, "JP", "Tokyo", "Asia/Tokyo", 64610, "Simulated Kanto Access"),
	mk("198.19.44.0/23", access, "SG", "Singapore", "Asia/Singapore", 64611, "Simulated Lion Access"),
	mk("198.19.48.0/22", access, "BR", "São Paulo", "America/Sao_Paulo", 64612, "Simulated Sul Banda Larga"),
	mk("198.19.52.0/22", access, "VN", "Hanoi", "Asia/Ho_Chi_Minh", 64613, "Simulated Red River Net"),
	mk("198.19.56.0/22", access, "RU", "Moscow", "Europe/Moscow", 64614, "Simulated Volga Online"),
	mk("198.19.60.0/22", access, "IN", "Mumbai", "Asia/Kolkata", 64615, "Simulated Deccan Broadband"),
	mk("198.19.64.0/22", access, "ID", "Jakarta", "Asia/Jakarta", 64616, "Simulated Nusantara Net"),
	mk("198.19.68.0/22", access, "IR", "Tehran", "Asia/Tehran", 64617, "Simulated Alborz Access"),
	mk("198.19.72.0/23", access, "CN", "Beijing", "Asia/Shanghai", 64618, "Simulated North Access"),
	mk("198.19.74.0/23", access, "CN", "Shanghai", "Asia/Shanghai", 64619, "Simulated Delta Access"),
	mk("198.19.76.0/23", access, "CN", "Fuzhou", "Asia/Shanghai", 64620, "Simulated Min River Access"),
	mk("198.19.128.0/23", hosting, "HK", "Hong Kong", "Asia/Hong_Kong", 64701, "Simulated Pearl Hosting"),
	mk("198.19.130.0/23", hosting, "TW", "Taipei", "Asia/Taipei", 64702, "Simulated Jade Cloud"),
	mk("198.19.132.0/23", hosting, "JP", "Tokyo", "Asia/Tokyo", 64703, "Simulated Edo Cloud"),
	mk("198.19.134.0/23", hosting, "SG", "Singapore", "Asia/Singapore", 64704, "Simulated Equator Hosting"),
	mk("198.19.136.0/23", hosting, "KR", "Seoul", "Asia/Seoul", 64705, "Simulated Mugunghwa Hosting"),
	mk("198.19.138.0/23", hosting, "US", "Los Angeles", "America/Los_Angeles", 64706, "Simulated Pacific VPS"),
	mk("198.19.140.0/23", hosting, "NL", "Amsterdam", "Europe/Amsterdam", 64707, "Simulated Polder Servers"),
	mk("198.19.142.0/23", hosting, "DE", "Falkenstein", "Europe/Berlin", 64708, "Simulated Vogtland Servers"),
	mk("203.0.113.0/25", census, "US", "Ann Arbor", "America/Detroit", 64801, "Simulated Internet Census"),
	mk("203.0.113.128/25", census, "NL", "Amsterdam", "Europe/Amsterdam", 64802, "Simulated Device Search"),
	mk("192.0.2.0/25", service, "US", "Ashburn", "America/New_York", 64811, "Simulated Search"),
	mk("192.0.2.128/25", service, "US", "Ashburn", "America/New_York", 64812, "Simulated Content Delivery"),
	mk("198.51.100.0/25", service, "SG", "Singapore", "Asia/Singapore", 64813, "Simulated Backup Cloud"),
	mk("198.51.100.128/25", service, "US", "Ashburn", "America/New_York", 64814, "Simulated Payments and Monitoring"),
	mk("198.18.250.0/28", service, "TW", "Taipei", "Asia/Taipei", 64815, "Simulated National Test Team"),
	mk("2001:db8:f000::/40", access, "TW", "Taipei", "Asia/Taipei", 64601, "Simulated Formosa Access"),
	mk("2001:db8:f200::/40", hosting, "DE", "Falkenstein", "Europe/Berlin", 64708, "Simulated Vogtland Servers"),
}

// Parts of the world with a part to play.
var (
	searchEngine  = netip.MustParsePrefix("192.0.2.0/28")
	delivery      = netip.MustParsePrefix("192.0.2.128/26")
	updates       = netip.MustParsePrefix("192.0.2.192/27")
	backupCloud   = netip.MustParsePrefix("198.51.100.0/27")
	mailWorld     = netip.MustParsePrefix("198.51.100.64/26")
	payments      = netip.MustParsePrefix("198.51.100.128/28")
	uptime        = netip.MustParsePrefix("198.51.100.160/29")
	resolvers     = netip.MustParsePrefix("198.51.100.176/29")
	testTeam      = netip.MustParsePrefix("198.18.250.0/28")
	homesV6       = netip.MustParsePrefix("2001:db8:f000:17::/64")
	everyoneElses = []string{"BR", "VN", "RU", "IN", "ID", "IR", "US", "KR", "JP"}
)

// networks lists the IPv4 blocks of a kind, of one country unless it is "".
func networks(k kind, country string) []netip.Prefix {
	var out []netip.Prefix
	for _, b := range outside {
		if b.kind == k && b.prefix.Addr().Is4() && (country == "" || b.country == country) {
			out = append(out, b.prefix)
		}
	}
	return out
}

// city is the access network of a city.
func city(name string) netip.Prefix {
	for _, b := range outside {
		if b.city == name && b.kind == access {
			return b.prefix
		}
	}
	panic("simulate: no access network in " + name)
}

// where finds the block of an address.
func where(a netip.Addr) *block {
	for i := range outside {
		if outside[i].prefix.Contains(a) {
			return &outside[i]
		}
	}
	return nil
}

// country is where organizations are: its clock has no summer time, so that a
// fixed offset is right all year.
type country struct {
	code, city, zone string
	hours            int // east of UTC
	share            int // of organizations, in percent
	asn              uint32
}

var countries = []country{
	{"TW", "Taipei", "Asia/Taipei", 8, 62, 64901},
	{"LA", "Vientiane", "Asia/Vientiane", 7, 6, 64902},
	{"KE", "Nairobi", "Africa/Nairobi", 3, 5, 64903},
	{"RW", "Kigali", "Africa/Kigali", 2, 5, 64904},
	{"HK", "Hong Kong", "Asia/Hong_Kong", 8, 6, 64905},
	{"KR", "Seoul", "Asia/Seoul", 9, 6, 64906},
	{"US", "Phoenix", "America/Phoenix", -7, 6, 64907},
	{"DJ", "Djibouti", "Africa/Djibouti", 3, 4, 64908},
}

func (c country) location() *time.Location { return time.FixedZone(c.zone, c.hours*3600) }

type sector struct {
	id, short string
	names     []string
	share     int
}

var sectors = []sector{
	{"education", "edu", []string{"Strait University", "Harbor Institute of Technology", "Jade Mountain College", "Lakeside University"}, 26},
	{"government-national", "gov", []string{"Agency for Trade", "Ministry of Ports", "Office of Statistics", "Bureau of Foreign Relations"}, 18},
	{"technology", "tech", []string{"Optical Works", "Circuit Foundry", "Photon Systems", "Facial Recognition Labs"}, 18},
	{"telecommunications", "tel", []string{"Island Telecom", "Mobile Network", "Backbone"}, 8},
	{"defense", "def", []string{"Aerospace Development", "Marine Systems"}, 6},
	{"non-profit", "npo", []string{"Religious Fellowship", "Policy Forum", "Development Aid"}, 10},
	{"financial-services", "fin", []string{"Cooperative Bank", "Export Insurance"}, 8},
	{"manufacturing", "mfg", []string{"Precision Tools", "Textile Union"}, 6},
}
