// Package outbound finds servers that talk where servers have no business:
// back to an address that attacked them, through tunnels they never used, or
// for hours and in a steady beat to a place that is new to them.
//
// Only connections that the server itself opens count, so the telemetry must
// tell who opened one (Zeek, Suricata, firewalls) and the constituency which
// addresses are inside. A call back to an attacker is an effect; all else is
// at most an attempt.
package outbound

import (
	"context"
	"fmt"
	"time"

	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the outbound detector.
var Plugin = detect.Plugin{
	Name: name,
	New: func(detect.Env) (detect.Set, error) {
		return detect.Set{Windows: []detect.Window{detector{}}}, nil
	},
}

const name = "outbound"

type detector struct{}

// Meta implements detect.Window.
func (detector) Meta() detect.Meta {
	return detect.Meta{
		Name: name,
		Doc: "servers that open connections to an address that attacked them (ATT&CK T1071, T1105), to SoftEther's relays (T1572), " +
			"or long and regular ones to new places (beacon scores as RITA v5 publishes them)",
	}
}

// Analyze implements detect.Window.
func (detector) Analyze(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	called, err := callbacks(ctx, events, span, emit)
	if err != nil {
		return fmt.Errorf("outbound: calls back: %w", err)
	}
	if err := tunnels(ctx, events, span, emit); err != nil {
		return fmt.Errorf("outbound: tunnels: %w", err)
	}
	if err := steady(ctx, events, span, called, emit); err != nil {
		return fmt.Errorf("outbound: steady connections: %w", err)
	}
	return nil
}

// newness is how much telemetry must lie before something for it to be new.
const newness = 3 * 24 * time.Hour

// maxDaily is how many hosts a server contacts on an ordinary day; what
// contacts more is a gateway for others, a proxy or a resolver.
const maxDaily = 100

// flow holds for connections of a server that it opened itself and that say
// something: not mail, names, time, identification or FTP data, and not what
// looks like the server's side of a client's connection.
const flow = `direction = 'outbound' AND action IN ('connection', 'tls-handshake', 'http-request') AND coalesce(outcome, '') <> 'failure'
	AND source_ip IS NOT NULL AND destination_ip IS NOT NULL AND coalesce(transport, 'tcp') IN ('tcp', 'udp')
	AND coalesce(destination_port, 0) NOT IN (25, 43, 53, 113, 123, 465, 587, 853)
	AND NOT (coalesce(source_port, 0) BETWEEN 1 AND 1023 AND coalesce(destination_port, 0) >= 1024)`

// tables begins the queries. "served" holds the ports at which servers answered
// the outside, "server" the servers, "opened" their own connections. Arguments:
// end, twice.
const tables = `WITH served AS (
		SELECT DISTINCT coalesce(organization, '') AS org, destination_ip AS host, coalesce(destination_port, 0) AS port
		FROM events WHERE time < ? AND direction = 'inbound' AND outcome = 'success' AND destination_ip IS NOT NULL
	), server AS (
		SELECT DISTINCT org, host FROM served
	), opened AS (
		SELECT s.org, s.host, e.destination_ip AS peer, coalesce(e.destination_port, 0) AS port, e.time, e.action,
		       coalesce(e.duration, 0) AS duration, coalesce(e.source_bytes, 0) AS sent, coalesce(e.destination_bytes, 0) AS received,
		       coalesce(e.destination_asn, 0) AS asn
		FROM events e JOIN server s ON coalesce(e.organization, '') = s.org AND e.source_ip = s.host
		LEFT JOIN served v ON v.org = s.org AND v.host = s.host AND v.port = e.source_port
		WHERE e.time < ? AND v.org IS NULL AND ` + flow + `
	), daily AS (
		SELECT org, host, date_trunc('day', time) AS day, count(DISTINCT peer) AS peers FROM opened GROUP BY 1, 2, 3
	), habit AS (
		SELECT org, host, median(peers) AS peers FROM daily GROUP BY org, host
	)`

// citeFlow returns the first connections between a server and a place.
const citeFlow = flow + ` AND coalesce(organization, '') = ? AND source_ip = ? AND destination_ip = ? AND time >= ? AND time < ?`
