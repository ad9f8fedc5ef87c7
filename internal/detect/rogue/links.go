package rogue

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Fingerprints of the TLS hello of SoftEther's client, bridge and command line
// (all alike), measured on captures of Debian's 5.01.9674 with OpenSSL 3.0: JA3
// by tshark 4.0, JA4 by FoxIO's published rules. Builds with a TLS library of
// their own have others.
const (
	clientJA3 = "55ed5da8a9fd9dfe64815f295dbb9f87"
	clientJA4 = "t13d310900_e8f1e7e78f70_c9e58cc61e36"
)

// Thresholds.
const (
	minSession = time.Hour
	maxLinks   = 200 // that are looked at, the longest first
	citeLimit  = 5
)

// link is a host of an organization and an outside place that it contacted,
// with what looks like SoftEther.
type link struct {
	org         string
	host, peer  netip.Addr
	first, last time.Time
	n           int64         // connections of an hour and more
	longest     time.Duration // of them
	certificate int64         // handshakes with a default certificate
	client      int64         // hellos of SoftEther's client
	paths       int64         // HTTP requests for SoftEther's paths, seen by a proxy
	literal     int64         // hellos that name the peer by its address
	sessions    int64         // several connections as SoftEther opens them
	days        int64         // on which these began
	day         time.Time     // the last of them
}

// shown reports whether the place showed itself as a SoftEther server.
func (l *link) shown() bool { return l.certificate+l.client+l.paths > 0 }

// kept reports whether the host keeps SoftEther sessions to the place.
func (l *link) kept() bool {
	return l.shown() && l.longest >= minSession || l.sessions >= minSessions && l.days >= minDays
}

// defaultCertificate is an SQL condition that holds for a certificate as
// SoftEther makes it at its first start: subject and issuer CN=X, O=X, OU=X,
// C=US with the host's name for X, and serial number 0.
const defaultCertificate = `coalesce(x509_subject, '') <> '' AND x509_subject = x509_issuer
	AND coalesce(ltrim(x509_serial, '0:'), '') = '' AND length(x509_subject) - length(replace(x509_subject, '=', '')) = 4
	AND regexp_matches(x509_subject, '(^|[,/] ?)C ?= ?US($|[,/])')
	AND regexp_extract(x509_subject, '(^|[,/] ?)CN ?= ?([^,/]+)', 2) = regexp_extract(x509_subject, '(^|[,/] ?)O ?= ?([^,/]+)', 2)
	AND regexp_extract(x509_subject, '(^|[,/] ?)CN ?= ?([^,/]+)', 2) = regexp_extract(x509_subject, '(^|[,/] ?)OU ?= ?([^,/]+)', 2)`

// chain is the first certificate that Zeek's ssl.log names: by hash, or by file.
const chain = `nullif(regexp_extract(rest, '"cert_chain_(fps|fuids)":[^0-9A-Za-z]*([0-9A-Za-z]+)', 2), '')`

// links reports servers that contact SoftEther servers.
func links(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	found, err := candidates(ctx, events, span)
	if err != nil || len(found) == 0 {
		return err
	}
	if err := sessions(ctx, events, span, found); err != nil {
		return err
	}
	all, err := gather(ctx, events, span, found)
	if err != nil {
		return err
	}
	for i := range found {
		l := &found[i]
		det := l.judge(all[i])
		if det == nil {
			continue
		}
		if det.Evidence, err = detect.CiteLink(ctx, events, citeLimit, l.org, l.host, l.peer, l.first, l.last); err != nil {
			return err
		}
		emit(det)
	}
	return nil
}

// candidates returns the links with a sign of SoftEther, or with enough long
// connections to have its sessions, that begin in span.
func candidates(ctx context.Context, events detect.EventStore, span detect.Span) ([]link, error) {
	query := fmt.Sprintf(`
	WITH made AS (
		SELECT DISTINCT coalesce(sha256, sha1, regexp_extract(rest, '"id":"([0-9A-Za-z]+)"', 1)) AS certificate
		FROM events WHERE dataset = 'zeek.x509' AND time < ? AND %[1]s
	), flow AS (
		SELECT coalesce(organization, '') AS org, source_ip AS host, destination_ip AS peer, time,
		       CASE WHEN action = 'connection' AND coalesce(transport, 'tcp') = 'tcp' AND duration >= %[2]d THEN duration END AS kept,
		       action = 'tls-handshake' AND (%[1]s OR (dataset = 'zeek.ssl' AND %[3]s IN (SELECT certificate FROM made))) AS certificate,
		       ja3 = '%[4]s' OR ja4 = '%[5]s' AS client,
		       contains(url, '/vpnsvc/connect.cgi') OR contains(url, '/vpnsvc/vpn.cgi') AS paths,
		       regexp_full_match(server_name, '[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+') AS literal
		FROM events WHERE time < ? AND %[6]s
		      AND (duration >= %[2]d OR x509_subject = x509_issuer OR ja3 = '%[4]s' OR ja4 = '%[5]s' OR action = 'http-request' OR action = 'tls-handshake')
	)
	SELECT org, host, peer, min(time), max(time), count(kept), coalesce(max(kept), 0), count(CASE WHEN certificate THEN 1 END),
	       count(CASE WHEN client THEN 1 END), count(CASE WHEN paths THEN 1 END), count(CASE WHEN literal THEN 1 END)
	FROM flow WHERE kept IS NOT NULL OR certificate OR client OR paths OR literal
	GROUP BY org, host, peer
	HAVING min(time) >= ? AND (count(kept) >= %[7]d OR bool_or(coalesce(certificate, false) OR coalesce(client, false) OR coalesce(paths, false)))
	ORDER BY 7 DESC, 6 DESC, org, host, peer LIMIT %[8]d`,
		defaultCertificate, minSession.Nanoseconds(), chain, clientJA3, clientJA4, detect.ServerFlow, 2*minSessions, maxLinks)
	var out []link
	err := detect.Each(ctx, events, query, []any{span.End, span.End, span.Start}, func(rows *sql.Rows) error {
		var (
			l          link
			host, peer detect.NullAddr
		)
		err := rows.Scan(&l.org, &host, &peer, &l.first, &l.last, &l.n, (*int64)(&l.longest), &l.certificate, &l.client, &l.paths, &l.literal)
		l.host, l.peer = host.Addr, peer.Addr
		out = append(out, l)
		return err
	})
	return out, err
}

// table writes links as a table l that a query can join: n, org, host, peer and
// t, when they began.
func table(links []link) (string, []any) {
	var values []string
	var args []any
	for i := range links {
		l := &links[i]
		values = append(values, fmt.Sprintf("(%d, CAST(? AS VARCHAR), CAST(? AS UHUGEINT), CAST(? AS UHUGEINT), CAST(? AS TIMESTAMP))", i))
		args = append(args, l.org, vedette.AddrToBig(l.host), vedette.AddrToBig(l.peer), l.first)
	}
	return "(VALUES " + strings.Join(values, ", ") + ") l(n, org, host, peer, t)", args
}
