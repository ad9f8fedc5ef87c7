package detect

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// Cite returns up to limit events as evidence, the earliest first. where is an
// SQL condition over the events table, in which args stand for its question
// marks.
func Cite(ctx context.Context, events EventStore, limit int, where string, args ...any) ([]vedette.Evidence, error) {
	var out []vedette.Evidence
	err := Each(ctx, events, fmt.Sprintf(`
		SELECT e.time, s.identity, s.path, e.line, e.position, coalesce(e.original, '')
		FROM (SELECT * FROM events WHERE %s ORDER BY time, position, source LIMIT %d) e
		JOIN sources s ON s.seq = e.source
		ORDER BY e.time, e.position, e.source`, where, limit), args, func(rows *sql.Rows) error {
		ev, err := scanEvidence(rows)
		out = append(out, ev)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cite events: %w", err)
	}
	return out, nil
}

// citeBatch is how many addresses one query cites: each query reads the table.
const citeBatch = 1000

// CiteEach gives each detection up to limit events as evidence, the earliest
// first: those in span that fulfill where, an SQL condition without question
// marks, at its organization and from its actor, or from its target if there is
// no actor. Attackers are thousands, so one query asks for many.
func CiteEach(ctx context.Context, events EventStore, span Span, limit int, where string, found []vedette.Detection) error {
	type deeds struct {
		organization string
		source       netip.Addr
	}
	byDeeds := make(map[deeds][]int)
	var sources []netip.Addr
	for i := range found {
		d := deeds{found[i].Organization, found[i].Actor}
		if !d.source.IsValid() {
			d.source = found[i].Target
		}
		byDeeds[d] = append(byDeeds[d], i)
		sources = append(sources, d.source)
	}
	slices.SortFunc(sources, netip.Addr.Compare)
	for batch := range slices.Chunk(slices.Compact(sources), citeBatch) {
		args := []any{span.Start, span.End}
		for _, a := range batch {
			args = append(args, vedette.AddrToBig(a))
		}
		query := fmt.Sprintf(`
		SELECT e.time, s.identity, s.path, e.line, e.position, e.original, e.org, e.source_ip
		FROM (SELECT coalesce(organization, '') AS org, source_ip, time, source, line, position, coalesce(original, '') AS original,
		             row_number() OVER (PARTITION BY organization, source_ip ORDER BY time, position, source) AS n
		      FROM events
		      WHERE time >= ? AND time < ? AND %s AND source_ip IN (?%s)) e
		JOIN sources s ON s.seq = e.source
		WHERE e.n <= %d
		ORDER BY e.org, e.source_ip, e.n`, where, strings.Repeat(", ?", len(batch)-1), limit)
		err := Each(ctx, events, query, args, func(rows *sql.Rows) error {
			var d deeds
			var source NullAddr
			ev, err := scanEvidence(rows, &d.organization, &source)
			d.source = source.Addr
			for _, i := range byDeeds[d] {
				found[i].Evidence = append(found[i].Evidence, ev)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("cite events: %w", err)
		}
	}
	return nil
}

// Request names one web request by who sent it, when, and what for.
type Request struct {
	Organization, Dataset string
	Path                  string // without query
	Source                netip.Addr
	Time                  time.Time
}

// CiteRequests returns the evidence of each request, the first by position where
// several are alike; those that are not found stay zero. One query asks for
// many, since each reads the table.
func CiteRequests(ctx context.Context, events EventStore, requests []Request) ([]vedette.Evidence, error) {
	out := make([]vedette.Evidence, len(requests))
	for first := 0; first < len(requests); first += citeBatch {
		batch := requests[first:min(first+citeBatch, len(requests))]
		args := make([]any, 0, 5*len(batch)+2)
		start, end := batch[0].Time, batch[0].Time
		for _, r := range batch {
			args = append(args, r.Organization, r.Dataset, r.Path, vedette.AddrToBig(r.Source), r.Time)
			if r.Time.Before(start) {
				start = r.Time
			}
			if r.Time.After(end) {
				end = r.Time
			}
		}
		row := "(CAST(? AS VARCHAR), CAST(? AS VARCHAR), CAST(? AS VARCHAR), CAST(? AS UHUGEINT), CAST(? AS TIMESTAMP), %d)"
		values := make([]string, len(batch))
		for i := range batch {
			values[i] = fmt.Sprintf(row, first+i)
		}
		err := Each(ctx, events, `
		SELECT e.time, s.identity, s.path, e.line, e.position, coalesce(e.original, ''), r.n
		FROM (VALUES `+strings.Join(values, ", ")+`) r(org, dataset, path, source_ip, t, n)
		JOIN events e ON e.time = r.t AND e.source_ip = r.source_ip
		JOIN sources s ON s.seq = e.source
		WHERE e.time BETWEEN ? AND ? AND e.action = 'http-request' AND coalesce(e.organization, '') = r.org AND coalesce(e.dataset, '') = r.dataset
		      AND split_part(e.url, '?', 1) = r.path
		QUALIFY row_number() OVER (PARTITION BY r.n ORDER BY e.position, e.source) = 1
		ORDER BY r.n`, append(args, start, end), func(rows *sql.Rows) error {
			var n int
			ev, err := scanEvidence(rows, &n)
			if err == nil {
				out[n] = ev
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("cite requests: %w", err)
		}
	}
	return out, nil
}

// scanEvidence reads time, identity, path, line, position and original, then
// what more there is.
func scanEvidence(rows *sql.Rows, more ...any) (ev vedette.Evidence, err error) {
	var at time.Time
	var identity string
	if err := rows.Scan(append([]any{&at, &identity, &ev.File, &ev.Line, &ev.Offset, &ev.Original}, more...)...); err != nil {
		return ev, err
	}
	ev.Time = at.UnixNano()
	if ev.Source, err = vedette.ParseID(identity); err != nil {
		return ev, fmt.Errorf("source identity: %w", err)
	}
	return ev, nil
}

// NullAddr scans an address column.
type NullAddr struct{ netip.Addr }

// Scan implements sql.Scanner.
func (a *NullAddr) Scan(v any) error {
	switch n := v.(type) {
	case nil:
		a.Addr = netip.Addr{}
	case *big.Int:
		a.Addr = vedette.AddrFromBig(n)
	default:
		return fmt.Errorf("an address column gave %T", v)
	}
	return nil
}
