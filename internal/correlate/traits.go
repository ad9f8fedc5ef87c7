package correlate

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"net/netip"

	"github.com/vedette-cti/vedette"
)

// trait is something that addresses have in common: a user agent, a client
// fingerprint, a path that only they ask for.
type trait struct {
	kind   string
	value  string
	weight float64 // bits: how surprising it is that two addresses share it
	actors []*actor
}

// Bounds on traits.
const (
	maxTraitUsers = 24 // a trait of more addresses says nothing about who they are
	hostileShare  = 0.6
	networkBits   = 3 // hosting networks hold many tenants
)

// traitQueries find, for values that actors use, every address that uses them.
// Each gives kind, value, and one address a row. A value that more than
// maxTraitUsers addresses use is left out by the engine.
var traitQueries = []struct{ kind, sql string }{
	{"user agent", usersOf("user_agent", "user_agent IS NOT NULL AND length(user_agent) > 3")},
	{"TLS client fingerprint", usersOf("coalesce(ja4, ja3)", "coalesce(ja4, ja3) IS NOT NULL")},
	{"tried account name", usersOf("user_name", "action IN ('login', 'admin-login') AND outcome = 'failure' AND user_name IS NOT NULL")},
	{"request", usersOf("split_part(url, '?', 1)", "url IS NOT NULL AND status >= 400")},
	{"request", usersOf("url", "url LIKE '%?%'")},
}

// usersOf builds the query for one kind: among the values that actors have, the
// rare ones, with all their users.
func usersOf(value, where string) string {
	return fmt.Sprintf(`
		WITH pairs AS (
			SELECT DISTINCT %[1]s AS value, source_ip FROM events
			WHERE %[2]s AND source_ip IS NOT NULL AND coalesce(direction, '') NOT IN ('outbound', 'internal')),
		rare AS (
			SELECT value FROM pairs GROUP BY value
			HAVING count(*) BETWEEN 2 AND %[3]d AND count(*) FILTER (source_ip IN (SELECT actor FROM detections)) >= 2)
		SELECT value, source_ip FROM pairs WHERE value IN (SELECT value FROM rare)
		ORDER BY value, source_ip`, value, where, maxTraitUsers)
}

// readTraits asks the event store for what actors share, and adds their
// networks.
func readTraits(ctx context.Context, events vedette.EventStore, p *picture) ([]trait, error) {
	var total float64
	if err := scanOne(ctx, events, &total, `SELECT approx_count_distinct(source_ip) FROM events`); err != nil {
		return nil, err
	}
	var out []trait
	for _, q := range traitQueries {
		found, err := readKind(ctx, events, p, q.kind, q.sql, total)
		if err != nil {
			return nil, fmt.Errorf("shared %s: %w", q.kind, err)
		}
		out = append(out, found...)
	}
	return append(out, networkTraits(p)...), nil
}

func scanOne(ctx context.Context, events vedette.EventStore, dst any, query string) error {
	rows, err := events.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(dst); err != nil {
			return err
		}
	}
	return rows.Err()
}

func readKind(ctx context.Context, events vedette.EventStore, p *picture, kind, query string, total float64) ([]trait, error) {
	rows, err := events.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		out     []trait
		current trait
		users   int
	)
	flush := func() {
		if share := float64(len(current.actors)) / float64(max(users, 1)); len(current.actors) >= 2 && share >= hostileShare {
			current.weight = max(0, math.Log2(max(total, 64)/float64(users)))
			out = append(out, current)
		}
	}
	for rows.Next() {
		var (
			value sql.NullString
			n     *big.Int
		)
		if err := rows.Scan(&value, &n); err != nil {
			return nil, err
		}
		if value.String != current.value {
			flush()
			current, users = trait{kind: kind, value: value.String}, 0
		}
		users++
		if a := p.actors[actorKey{addr: vedette.AddrFromBig(n)}]; a != nil {
			current.actors = append(current.actors, a)
		}
	}
	flush()
	return out, rows.Err()
}

// networkTraits says which actors are neighbors: the same /24, or /48 for IPv6.
// Hosting networks hold many tenants, so this weighs little alone.
func networkTraits(p *picture) []trait {
	groups := make(map[netip.Prefix][]*actor)
	for _, a := range p.sorted() {
		if !a.key.addr.IsValid() {
			continue
		}
		bits := 24
		if a.key.addr.Is6() {
			bits = 48
		}
		n, err := a.key.addr.Prefix(bits)
		if err == nil {
			groups[n] = append(groups[n], a)
		}
	}
	var out []trait
	for n, actors := range groups {
		if len(actors) >= 2 && len(actors) <= maxTraitUsers {
			out = append(out, trait{kind: "network", value: n.String(), weight: networkBits, actors: actors})
		}
	}
	return out
}
