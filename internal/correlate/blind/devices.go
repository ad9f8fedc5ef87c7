package blind

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

//go:embed products.tsv
var productsText string

// ownLog is which datasets are the own log of products with that word.
type ownLog struct {
	word     string
	datasets []string
}

var ownLogs = parseProducts(productsText)

func parseProducts(text string) (out []ownLog) {
	for line := range strings.Lines(text) {
		word, datasets, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && !strings.HasPrefix(word, "#") {
			out = append(out, ownLog{word, strings.Fields(datasets)})
		}
	}
	return out
}

// service is an address of the organization that answers the outside on a port.
type service struct {
	address netip.Addr
	port    uint16
}

// network is what network sensors saw of one organization from outside.
type network struct {
	services []service
	reached  map[netip.Addr]bool // assets that somebody tried to reach
}

// Bounds of what counts as a service: that many clients on that many days got
// an answer.
const (
	minClients = 10
	minDays    = 5
	addresses  = 1000 // a query asks for that many assets
)

// fromOutside are the events of network sensors that show what comes in.
const fromOutside = `direction = 'inbound' AND destination_ip IS NOT NULL AND dataset IN ('zeek.conn', 'suricata.flow', 'fortinet.traffic', 'cef.log')`

// readNetworks reads what is asked from outside, by organization.
func readNetworks(ctx context.Context, events vedette.EventStore, c *vedette.Constituency) (map[string]*network, error) {
	out := make(map[string]*network)
	var assets []any
	for i := range c.Organizations {
		out[c.Organizations[i].ID] = &network{reached: make(map[netip.Addr]bool)}
		for _, a := range c.Organizations[i].Assets {
			if a.Address.IsValid() {
				assets = append(assets, vedette.AddrToBig(a.Address))
			}
		}
	}
	err := each(ctx, events, fmt.Sprintf(`
		SELECT organization, destination_ip, destination_port FROM events
		WHERE %s AND destination_port IS NOT NULL AND outcome = 'success'
		GROUP BY ALL HAVING count(DISTINCT source_ip) >= %d AND count(DISTINCT epoch_us(time) // 86400000000) >= %d
		ORDER BY organization, destination_ip, destination_port`, fromOutside, minClients, minDays), nil, func(rows *sql.Rows) error {
		var organization string
		var address *big.Int
		var s service
		err := rows.Scan(&organization, &address, &s.port)
		s.address = vedette.AddrFromBig(address)
		if n := out[organization]; n != nil {
			n.services = append(n.services, s)
		}
		return err
	})
	for batch := range slices.Chunk(assets, addresses) {
		if err != nil {
			return nil, err
		}
		query := `SELECT DISTINCT organization, destination_ip FROM events WHERE ` + fromOutside + ` AND destination_ip IN (?` + strings.Repeat(", ?", len(batch)-1) + `)`
		err = each(ctx, events, query, batch, func(rows *sql.Rows) error {
			var organization string
			var address *big.Int
			err := rows.Scan(&organization, &address)
			if n := out[organization]; n != nil {
				n.reached[vedette.AddrFromBig(address)] = true
			}
			return err
		})
	}
	return out, err
}

// maxHosts bounds the host names of one organization.
const maxHosts = 1000

// readHosts reads the names of machines that logs are of.
func readHosts(ctx context.Context, events vedette.EventStore) (map[string][]string, error) {
	out := make(map[string][]string)
	err := each(ctx, events, `
		SELECT DISTINCT organization, lower(host_name) AS host FROM events
		WHERE organization IS NOT NULL AND host_name IS NOT NULL ORDER BY organization, host`, nil, func(rows *sql.Rows) error {
		var organization, host string
		err := rows.Scan(&organization, &host)
		if len(out[organization]) < maxHosts {
			out[organization] = append(out[organization], host)
		}
		return err
	})
	return out, err
}

// devices returns the exposed devices without a log of their own: those that the
// constituency lists, and those that answer the outside without being listed.
func devices(o *vedette.Organization, seen []presence, hosts []string, n *network) []vedette.BlindSpot {
	var out []vedette.BlindSpot
	listed := make(map[netip.Addr]bool)
	for i := range o.Assets {
		a := &o.Assets[i]
		listed[a.Address] = true
		if a.Exposure != "internet" || hasLog(a, seen, hosts) {
			continue
		}
		s := vedette.BlindSpot{Organization: o.ID, Asset: a.ID, Kind: vedette.BlindSilentAsset, Techniques: deviceTechniques(a)}
		what := strings.TrimSpace(a.Vendor + " " + a.Product)
		if what != "" {
			what = " (" + what + ")"
		}
		s.Text = a.ID + what + " is exposed to the internet but sends no log, and no sensor sees its traffic."
		if n.reached[a.Address] {
			s.Kind = vedette.BlindNetworkOnly
			s.Text = a.ID + what + " is exposed to the internet but sends no log; only network sensors see its traffic."
		}
		out = append(out, s)
	}
	return append(out, unlisted(o, seen, n.services, listed)...)
}

// hasLog reports whether some log may be the device's own: of its product, or
// of a host that is called like it. In doubt it is.
func hasLog(a *vedette.Asset, seen []presence, hosts []string) bool {
	name := strings.ToLower(a.ID)
	if slices.ContainsFunc(hosts, func(h string) bool {
		return h == a.Address.String() || strings.Contains(h, name) || len(h) >= 4 && strings.Contains(name, h)
	}) {
		return true
	}
	product := strings.ToLower(a.Vendor + " " + a.Product)
	datasets := []string{"cef.log"}
	for _, p := range ownLogs {
		if strings.Contains(product, p.word) {
			datasets = p.datasets
			break
		}
	}
	return slices.ContainsFunc(seen, func(p presence) bool { return slices.Contains(datasets, p.dataset) })
}

// deviceTechniques are those that the log of such a device could show.
func deviceTechniques(a *vedette.Asset) []string {
	groupNames := []string{"login", "device"}
	product := strings.ToLower(a.Vendor + " " + a.Product)
	for _, p := range ownLogs {
		if strings.Contains(product, p.word) && slices.ContainsFunc(p.datasets, func(d string) bool { return slices.Contains(groups["web"].datasets, d) && d != "cef.log" }) {
			groupNames = []string{"web"}
		}
	}
	var out []string
	for _, t := range techniques {
		if slices.ContainsFunc(t.needs, func(n need) bool { return slices.Contains(groupNames, n.group) && n.direction != "outbound" }) {
			out = append(out, t.id)
		}
	}
	return out
}

// portLogs are the logs that a service on a well-known port could be in.
var portLogs = map[uint16][]string{
	22: {"system.auth"}, 80: {"web.access", "iis.access"}, 443: {"web.access", "iis.access", "softether.server", "fortinet.event"},
	8080: {"web.access", "iis.access"}, 8443: {"web.access", "iis.access", "fortinet.event"},
	992: {"softether.server"}, 1194: {"softether.server"}, 5555: {"softether.server"}, 10443: {"fortinet.event"}, 3389: {"windows.event"},
}

// maxUnlisted is how many addresses are named.
const maxUnlisted = 10

// unlisted are addresses that answer the outside, are not in the list of assets,
// and can be in no log.
func unlisted(o *vedette.Organization, seen []presence, served []service, listed map[netip.Addr]bool) []vedette.BlindSpot {
	var out []vedette.BlindSpot
	more := 0
	done := make(map[netip.Addr]bool)
	for _, s := range served {
		logs := portLogs[s.port]
		if listed[s.address] || done[s.address] || logs == nil ||
			slices.ContainsFunc(seen, func(p presence) bool { return slices.Contains(logs, p.dataset) }) {
			continue
		}
		done[s.address] = true
		if len(out) == maxUnlisted {
			more++
			continue
		}
		out = append(out, vedette.BlindSpot{Organization: o.ID, Asset: s.address.String(), Kind: vedette.BlindNetworkOnly,
			Text: fmt.Sprintf("%s answers the internet on port %d, is not in the list of assets and sends no log.", s.address, s.port)})
	}
	if more > 0 {
		out = append(out, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindNetworkOnly,
			Text: fmt.Sprintf("%d more addresses answer the internet without being in the list of assets or in a log.", more)})
	}
	return out
}
