package correlate

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Bounds on what servers have in common.
const (
	maxNames    = 4    // more names at one address: a shared host
	maxControls = 2000 // control hosts that are looked up, the busiest
)

// controls returns the addresses that victims' machines turned to.
func controls(p *picture) []*actor {
	var out []*actor
	for _, a := range p.sorted() {
		if a.key.addr.IsValid() && a.roles&control != 0 {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b *actor) int { return int(b.findings - a.findings) })
	return out[:min(len(out), maxControls)]
}

// readCertificates finds servers that show the same certificate. The serial
// number is unique for an issuer (RFC 5280, 4.1.2.2): where a sensor logs it,
// and only control hosts show it, it links alone. A subject alone is a trait
// like others.
func readCertificates(ctx context.Context, events vedette.EventStore, p *picture) ([]trait, error) {
	if len(controls(p)) == 0 {
		return nil, nil
	}
	var all population
	if err := query(ctx, events, "SELECT count(DISTINCT destination_ip), count(DISTINCT destination_ip) FROM events WHERE x509_subject IS NOT NULL", func(rows *sql.Rows) error {
		return rows.Scan(&all.clients, &all.hostile)
	}); err != nil {
		return nil, fmt.Errorf("count servers: %w", err)
	}
	var out []trait
	for _, q := range []struct{ kind, value, where string }{
		{"certificate", "concat_ws(chr(10), x509_serial, x509_issuer, x509_subject)", "x509_serial IS NOT NULL"},
		{"certificate", "concat_ws(chr(10), x509_issuer, x509_subject)", "x509_subject IS NOT NULL AND x509_serial IS NULL"},
		{"certificate", "sha1", "sha1 IS NOT NULL AND server_name IS NOT NULL"},
	} {
		pairs := fmt.Sprintf("SELECT DISTINCT %s AS v, destination_ip AS source_ip FROM events WHERE %s AND destination_ip IS NOT NULL AND direction = 'outbound'", q.value, q.where)
		found, err := readKind(ctx, events, p, q.kind, rare(pairs, fewUsers), all)
		if err != nil {
			return nil, fmt.Errorf("shared certificates: %w", err)
		}
		for i := range found {
			if strings.Contains(q.where, "x509_serial IS NOT NULL") && len(found[i].actors) == found[i].users {
				found[i].weight = linkBits
			}
		}
		out = append(out, found...)
	}
	return out, nil
}

// readNames finds the names under which victims' machines reached control
// hosts, in DNS answers and in TLS handshakes, notes them with the address, and
// returns names that lead to several.
func readNames(ctx context.Context, events vedette.EventStore, p *picture) ([]trait, error) {
	byName := make(map[string][]*actor)
	for batch := range slices.Chunk(controls(p), 500) {
		names, err := namesOf(ctx, events, p, batch)
		if err != nil {
			return nil, fmt.Errorf("names of control hosts: %w", err)
		}
		for _, a := range batch {
			if found := names[a]; len(found) > 0 && len(found) <= maxNames {
				for _, name := range sortedKeys(found) {
					a.name(name)
					byName[name] = append(byName[name], a)
				}
			}
		}
	}
	var out []trait
	for _, name := range sortedKeys(byName) {
		if actors := byName[name]; len(actors) >= 2 && len(actors) <= fewUsers {
			out = append(out, trait{kind: "name", value: name, weight: linkBits, users: len(actors), actors: actors})
		}
	}
	return out, nil
}

// namesOf returns the names that were seen for some actors.
func namesOf(ctx context.Context, events vedette.EventStore, p *picture, batch []*actor) (map[*actor]map[string]bool, error) {
	marks := strings.Repeat(", ?", len(batch))[2:]
	var texts, numbers []any
	for _, a := range batch {
		texts = append(texts, a.key.addr.String())
		numbers = append(numbers, vedette.AddrToBig(a.key.addr))
	}
	names := make(map[*actor]map[string]bool)
	note := func(addr netip.Addr, name string) {
		a := p.actors[actorKey{addr: addr}]
		if _, err := netip.ParseAddr(name); err == nil || a == nil {
			return
		}
		if names[a] == nil {
			names[a] = make(map[string]bool)
		}
		names[a][strings.TrimSuffix(strings.ToLower(name), ".")] = true
	}
	err := query(ctx, events, `
		SELECT DISTINCT dns_question, answer FROM (
			SELECT dns_question, unnest(string_split_regex(dns_answers, '[,; ]+')) AS answer FROM events
			WHERE dns_question IS NOT NULL AND dns_answers IS NOT NULL)
		WHERE answer IN (`+marks+`)`, func(rows *sql.Rows) error {
		var name, answer string
		err := rows.Scan(&name, &answer)
		if addr, bad := netip.ParseAddr(answer); bad == nil {
			note(addr, name)
		}
		return err
	}, texts...)
	if err != nil {
		return nil, err
	}
	err = query(ctx, events, `SELECT DISTINCT server_name, destination_ip FROM events
		WHERE length(server_name) > 3 AND destination_ip IN (`+marks+`)`, func(rows *sql.Rows) error {
		var name string
		var n *big.Int
		err := rows.Scan(&name, &n)
		note(vedette.AddrFromBig(n), name)
		return err
	}, numbers...)
	return names, err
}
