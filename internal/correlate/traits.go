package correlate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"slices"

	"github.com/vedette-cti/vedette"
)

// trait is something that addresses have in common: a user agent, a client
// fingerprint, a path that only they ask for.
type trait struct {
	kind   string
	value  string
	weight float64 // bits: how surprising it is that a stranger has it
	users  int     // clients that have it, hostile or not
	order  bool    // it is in what order the first values came, not a value
	actors []*actor
}

// Bounds on traits.
const (
	fewUsers     = 24   // so many may share a trait in any telemetry,
	userShare    = 0.1  // and in larger ones this share of all clients,
	maxUsers     = 4096 // but no more than this
	maxValues    = 64   // of a kind that count for one address, the rarest
	hostileShare = 0.6
	networkBits  = 3 // hosting networks hold many tenants
	systemBits   = 1 // and autonomous systems even more
	firstValues  = 8 // how many make an order
	leastValues  = 4
)

// traitKinds are where traits are found: the values that actors have under one
// condition, and the clients that have them under the other.
var traitKinds = []struct {
	kind, value, actors, clients string
	order                        bool // the order of the first values, instead of each
}{
	{"user agent", "user_agent", "length(user_agent) > 3", "length(user_agent) > 3", false},
	{"TLS client fingerprint", "ja4", "ja4 IS NOT NULL", "ja4 IS NOT NULL", false},
	{"TLS client fingerprint", "ja3", "ja3 IS NOT NULL", "ja3 IS NOT NULL", false},
	{"SSH client", sshClient, sshSensor, sshSensor, false},
	{"tried account", "user_name", failedLogin, failedLogin, false},
	{"tried account", "user_name", failedLogin, failedLogin, true},
	{"request", "split_part(url, '?', 1)", missing, "url IS NOT NULL", false},
	{"request", "url", "url LIKE '%?%'", "url LIKE '%?%'", false},
	{"request", "split_part(url, '?', 1)", missing, missing, true},
}

const (
	fromOutside = "source_ip IS NOT NULL AND coalesce(direction, '') NOT IN ('outbound', 'internal')"
	missing     = "url IS NOT NULL AND status >= 400"
	failedLogin = "user_name IS NOT NULL AND action IN ('login', 'admin-login') AND outcome = 'failure'"
	// The client's software as Zeek and Suricata log it.
	sshSensor = "dataset IN ('zeek.ssh', 'suricata.ssh') AND " + sshClient + " <> ''"
	sshClient = `regexp_extract(rest, '"(ssh\.client\.software_version|client)":"(SSH-2\.0-)?([^"]*)', 3)`

	portSets = `SELECT string_agg(CAST(port AS VARCHAR), ',' ORDER BY port) AS v, source_ip FROM (
			SELECT DISTINCT destination_port AS port, source_ip FROM events
			WHERE direction = 'inbound' AND source_ip IS NOT NULL AND destination_port IS NOT NULL)
		GROUP BY source_ip HAVING count(*) BETWEEN 4 AND 200`
)

// valuesOf gives each client's values. Only values that two actors have are
// looked up for everybody.
func valuesOf(value, actors, clients string) string {
	return fmt.Sprintf(`SELECT DISTINCT %[1]s AS v, source_ip FROM events WHERE %[3]s AND %[4]s AND %[1]s IN (
			SELECT v FROM (SELECT DISTINCT %[1]s AS v, source_ip FROM events
				WHERE %[2]s AND %[4]s AND source_ip IN (SELECT actor FROM detections))
			GROUP BY v HAVING count(*) >= 2)`, value, actors, clients, fromOutside)
}

// ordersOf gives, for each client and organization, the order in which it first
// came to its first values.
func ordersOf(value, where string) string {
	return fmt.Sprintf(`SELECT DISTINCT v, source_ip FROM (
			SELECT source_ip, md5(string_agg(v, chr(10) ORDER BY n)) AS v FROM (
				SELECT *, row_number() OVER (PARTITION BY org, source_ip ORDER BY t, p, v) AS n FROM (
					SELECT organization AS org, source_ip, %s AS v, min(time) AS t, min(position) AS p
					FROM events WHERE %s AND %s GROUP BY ALL))
			WHERE n <= %d GROUP BY org, source_ip HAVING count(*) >= %d)`, value, where, fromOutside, firstValues, leastValues)
}

// rare keeps of such values what is shared by few, and by actors mostly, and
// gives value, number of clients and of actors, and one actor a row.
func rare(pairs string, most int) string {
	return fmt.Sprintf(`
		WITH pairs AS (%s), hostile AS (SELECT DISTINCT actor FROM detections WHERE actor IS NOT NULL),
		few AS (SELECT v, count(*) AS users, count(*) FILTER (source_ip IN (SELECT actor FROM hostile)) AS hostiles FROM pairs GROUP BY v
			HAVING users BETWEEN 2 AND %d AND hostiles >= greatest(2, %g * users))
		SELECT v, users, hostiles, source_ip FROM pairs JOIN few USING (v) WHERE source_ip IN (SELECT actor FROM hostile)
		QUALIFY row_number() OVER (PARTITION BY source_ip ORDER BY users, v) <= %d
		ORDER BY v, source_ip`, pairs, most, hostileShare, maxValues)
}

// readTraits asks the event store for what actors share.
func readTraits(ctx context.Context, events vedette.EventStore, p *picture, geo func(netip.Addr) *vedette.Geo) ([]trait, error) {
	var out []trait
	most := 0
	if err := query(ctx, events, "SELECT count(DISTINCT source_ip) FROM events", func(rows *sql.Rows) error {
		var clients int64
		err := rows.Scan(&clients)
		most = min(maxUsers, max(fewUsers, int(userShare*float64(clients))))
		return err
	}); err != nil {
		return nil, fmt.Errorf("count clients: %w", err)
	}
	populations := make(map[string]population) // by kind
	add := func(kind, pairs, clients string, order bool) (err error) {
		all, ok := populations[kind]
		if !ok {
			err = query(ctx, events, `SELECT count(DISTINCT source_ip), count(DISTINCT source_ip) FILTER (source_ip IN (SELECT actor FROM detections))
				FROM events WHERE `+clients+" AND "+fromOutside, func(rows *sql.Rows) error { return rows.Scan(&all.clients, &all.hostile) })
			populations[kind] = all
		}
		if err == nil && all.clients > 1 {
			var found []trait
			found, err = readKind(ctx, events, p, kind, rare(pairs, most), all)
			for i := range found {
				found[i].order = order
			}
			out = append(out, found...)
		}
		if err != nil {
			return fmt.Errorf("shared %s: %w", kind, err)
		}
		return nil
	}
	for _, k := range traitKinds {
		pairs := valuesOf(k.value, k.actors, k.clients)
		if k.order {
			pairs = ordersOf(k.value, k.actors)
		}
		if err := add(k.kind, pairs, k.clients, k.order); err != nil {
			return nil, err
		}
	}
	if err := add("set of ports", portSets, "direction = 'inbound' AND destination_port IS NOT NULL", false); err != nil {
		return nil, err
	}
	certificates, err := readCertificates(ctx, events, p)
	if err != nil {
		return nil, err
	}
	names, err := readNames(ctx, events, p)
	if err != nil {
		return nil, err
	}
	return slices.Concat(out, certificates, names, neighbors(p, geo)), nil
}

// population is who could have a trait: the clients that show any of its kind.
type population struct{ clients, hostile int64 }

// bits weighs a trait of so many users and hostile users by the odds that a
// stranger has it. Among all clients it looks rare what every attacker's tool
// has; strangers that come into question are hostile. Among these it looks common
// what one busy botnet has; so the bits count double there, up to those among all
// clients.
func (p population) bits(users, hostile int) float64 {
	const least = 64 // a small telemetry does not make rare things common
	clients := math.Log2(float64(max(p.clients, least)) / float64(users))
	among := math.Log2(float64(max(p.hostile, least)) / float64(hostile))
	return max(0, min(clients, 2*among))
}

// query calls scan for every row.
func query(ctx context.Context, events vedette.EventStore, text string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := events.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// readKind reads the rows that rare gives.
func readKind(ctx context.Context, events vedette.EventStore, p *picture, kind, text string, all population) ([]trait, error) {
	var out []trait
	err := query(ctx, events, text, func(rows *sql.Rows) error {
		var (
			value          sql.NullString
			users, hostile int
			n              *big.Int
		)
		if err := rows.Scan(&value, &users, &hostile, &n); err != nil {
			return err
		}
		if len(out) == 0 || out[len(out)-1].value != value.String {
			out = append(out, trait{kind: kind, value: value.String, users: users, weight: all.bits(users, hostile)})
		}
		if a := p.actors[actorKey{addr: vedette.AddrFromBig(n)}]; a != nil {
			t := &out[len(out)-1]
			t.actors = append(t.actors, a)
		}
		return nil
	})
	return slices.DeleteFunc(out, func(t trait) bool { return len(t.actors) < 2 }), err
}

// neighbors says which actors live close together: in the same /24 (/48 for
// IPv6) or autonomous system.
func neighbors(p *picture, geo func(netip.Addr) *vedette.Geo) []trait {
	networks := make(map[netip.Prefix][]*actor)
	systems := make(map[uint32][]*actor)
	for _, a := range p.sorted() {
		if !a.key.addr.IsValid() {
			continue
		}
		bits := 24
		if a.key.addr.Is6() {
			bits = 48
		}
		if n, err := a.key.addr.Prefix(bits); err == nil {
			networks[n] = append(networks[n], a)
		}
		if geo == nil {
			continue
		}
		if at := geo(a.key.addr); at != nil && at.ASN != 0 {
			systems[at.ASN] = append(systems[at.ASN], a)
		}
	}
	var out []trait
	for n, actors := range networks {
		if len(actors) >= 2 && len(actors) <= fewUsers {
			out = append(out, trait{kind: "network", value: n.String(), weight: networkBits, users: len(actors), actors: actors})
		}
	}
	for n, actors := range systems {
		if len(actors) >= 2 && len(actors) <= fewUsers {
			out = append(out, trait{kind: "network", value: fmt.Sprintf("AS%d", n), weight: systemBits, users: len(actors), actors: actors})
		}
	}
	slices.SortFunc(out, func(a, b trait) int { return cmp.Compare(a.value, b.value) })
	return out
}
