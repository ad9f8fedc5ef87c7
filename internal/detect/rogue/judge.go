package rogue

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Periods and counts about a link.
const (
	foreignDays  = 14        // of outbound traffic watched before that make its absence telling
	nearby       = time.Hour // between a name and the first connection
	attackedDays = 7
	minSyntax    = 2 // attack requests that make an attack
)

// facts are what speaks for and against an intruder's tunnel.
type facts struct {
	serves    bool          // the host answered the outside
	watched   time.Duration // that the host opened connections before
	foreign   bool          // the organization's outbound traffic was watched for foreignDays before
	longest   time.Duration // of the host's earlier connections to the outside
	daily     float64       // places that it contacts on a day
	network   int64         // its earlier connections to the place's autonomous system
	others    int64         // other hosts that contact the place
	softether int64         // events of the organization's own SoftEther servers, and signs of SoftEther by others or before
	gateway   int64         // connections to VPN ports at which the host answered the outside
	partner   int64         // logins that succeeded from the place's neighborhood
	named     int64         // SoftEther's names that the host asked for about the first session
	attacked  int64         // requests with attack syntax from the outside to the host, or to a site whose server is unknown, in the week before
}

// gather asks for the facts of each link.
func gather(ctx context.Context, events detect.EventStore, span detect.Span, links []link) ([]facts, error) {
	values, args := table(links)
	name := "lower(coalesce(nullif(e.server_name, ''), e.dns_question, ''))"
	named := "(contains(" + name + ", 'softether') OR contains(" + name + ", 'vpnazure')) AND regexp_matches(" + name + ", " + relayNames + ")"
	query := fmt.Sprintf(`
	SELECT l.n,
	       coalesce(bool_or(e.direction = 'inbound' AND e.destination_ip = l.host AND e.outcome = 'success'), false),
	       coalesce(epoch_us(l.t) - epoch_us(min(CASE WHEN e.direction = 'outbound' AND e.source_ip = l.host THEN e.time END)), 0) * 1000,
	       coalesce(min(CASE WHEN e.direction = 'outbound' THEN e.time END) <= l.t - INTERVAL %[1]d DAY, false),
	       coalesce(max(CASE WHEN e.direction = 'outbound' AND e.source_ip = l.host AND e.time < l.t THEN e.duration END), 0),
	       coalesce(count(DISTINCT CASE WHEN e.direction = 'outbound' AND e.source_ip = l.host THEN (e.destination_ip, date_trunc('day', e.time)) END)
	         / nullif(count(DISTINCT CASE WHEN e.direction = 'outbound' AND e.source_ip = l.host THEN date_trunc('day', e.time) END), 0), 0)::DOUBLE,
	       count(CASE WHEN e.direction = 'outbound' AND e.source_ip = l.host AND e.time < l.t AND e.destination_asn = a.asn THEN 1 END),
	       count(DISTINCT CASE WHEN e.direction = 'outbound' AND e.destination_ip = l.peer AND e.source_ip <> l.host THEN e.source_ip END),
	       count(CASE WHEN e.dataset LIKE 'softether.%%' OR ((%[2]s OR e.ja3 = '%[6]s' OR e.ja4 = '%[7]s') AND e.direction IN ('outbound', 'internal')
	                       AND (e.source_ip <> l.host OR e.time < l.t - INTERVAL %[3]d SECOND)) THEN 1 END),
	       count(CASE WHEN e.direction = 'inbound' AND e.destination_ip = l.host AND e.outcome = 'success' AND e.destination_port IN (500, 992, 1194, 1701, 4500, 5555) THEN 1 END),
	       count(CASE WHEN e.category = 'authentication' AND e.outcome = 'success' AND e.source_ip // 256 = l.peer // 256 THEN 1 END),
	       count(CASE WHEN e.source_ip = l.host AND e.time BETWEEN l.t - INTERVAL %[3]d SECOND AND l.t + INTERVAL %[3]d SECOND AND %[2]s THEN 1 END),
	       count(CASE WHEN e.syntax AND e.time BETWEEN l.t - INTERVAL %[4]d DAY AND l.t
	                       AND coalesce(e.direction, '') NOT IN ('outbound', 'internal') AND coalesce(e.destination_ip = l.host, true) THEN 1 END)
	FROM (SELECT *, action = 'http-request' AND %[5]s AS syntax FROM events
	      WHERE time < ? AND coalesce(organization, '') IN (SELECT l.org FROM %[8]s)) e
	JOIN %[8]s ON coalesce(e.organization, '') = l.org
	LEFT JOIN (SELECT l.n, max(e.destination_asn) AS asn FROM events e JOIN %[8]s
	           ON e.destination_ip = l.peer AND coalesce(e.organization, '') = l.org AND e.destination_asn > 0 GROUP BY l.n) a ON a.n = l.n
	GROUP BY l.n, l.t ORDER BY l.n`,
		foreignDays, named, int(nearby.Seconds()), attackedDays, detect.AttackSyntax("url"), clientJA3, clientJA4, values)
	out := make([]facts, len(links))
	err := detect.Each(ctx, events, query, slices.Concat([]any{span.End}, args, args, args), func(rows *sql.Rows) error {
		var n int
		var f facts
		err := rows.Scan(&n, &f.serves, (*int64)(&f.watched), &f.foreign, (*int64)(&f.longest), &f.daily, &f.network, &f.others,
			&f.softether, &f.gateway, &f.partner, &f.named, &f.attacked)
		if err == nil {
			out[n] = f
		}
		return err
	})
	return out, err
}

// ordinary reports whether something explains the link: the host is no server
// or a gateway, the place is not new or others use it, or SoftEther belongs
// here.
func (f *facts) ordinary() bool {
	return !f.serves || f.watched < detect.Newness || f.daily > detect.MaxPeers || f.network > 0 || f.others > 0 ||
		f.softether > 0 || f.gateway > 0 || f.partner > 0
}

// judge says what a link means, nil if it is not told apart from ordinary use.
//
// A server that begins to keep SoftEther sessions, at an organization without
// SoftEther, to a place that nobody there knew, does what somebody told it to: an
// effect, though the somebody may be its administrator. So it is a compromise
// only in the week after attacks on the server, where the organization's outbound
// traffic was watched long enough to call it new, and with moderate confidence,
// since public sites are attacked in most weeks.
func (l *link) judge(f facts) *vedette.Detection {
	if f.ordinary() || !l.shown() && (!l.kept() || f.longest >= minSession) {
		return nil
	}
	det := &vedette.Detection{
		Detector: name, Rule: "softether-endpoint", Title: "Server contacts an unknown SoftEther server", Organization: l.org,
		Time: l.first.UnixNano(), LastTime: l.last.UnixNano(), Count: max(1, l.n+l.certificate+l.client+l.paths),
		Stage: vedette.VerdictAttempt, Confidence: 60, Severity: vedette.SeverityHigh, Techniques: []string{"T1572"},
		Actor: l.peer, Target: l.host, Role: vedette.RoleTunnel,
	}
	if l.kept() {
		l.keeps(det, f)
	}
	det.Summary = fmt.Sprintf("%s shows SoftEther to %s, new to it: %s; %d lookups of SoftEther's names, %d attack requests in the week before.",
		l.host, l.peer, strings.Join(l.signs(), ", "), f.named, f.attacked)
	return det
}

// keeps makes det a finding about a tunnel that is kept.
func (l *link) keeps(det *vedette.Detection, f facts) {
	det.Rule, det.Title = "covert-tunnel", "Server begins to keep SoftEther sessions to an unknown place"
	det.Techniques = append(det.Techniques, "T1133")
	det.Confidence = 55
	if f.foreign && f.attacked >= minSyntax {
		det.Stage, det.Effect, det.Severity, det.Confidence = vedette.VerdictCompromise, true, vedette.SeverityCritical, 60
	}
	if f.named > 0 {
		det.Confidence += 10
	}
	if l.shown() {
		det.Confidence += 5
	}
}

// signs lists what looks like SoftEther.
func (l *link) signs() (out []string) {
	for _, s := range []struct {
		n     int64
		words string
	}{
		{l.certificate, "default certificates"}, {l.client, "client hellos"}, {l.paths, "requests for its paths"}, {l.literal, "addresses as names"},
	} {
		if s.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", s.n, s.words))
		}
	}
	if l.sessions > 0 {
		out = append(out, fmt.Sprintf("%d sessions of connections a second apart on %d days", l.sessions, l.days))
	}
	if l.n > 0 {
		out = append(out, "longest "+detect.Spell(l.longest))
	}
	return out
}
