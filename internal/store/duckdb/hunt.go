package duckdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// Hunt implements store.Store. Hits come by time, source and position. With
// indicators, an event is yielded once, with the first indicator of the list
// that matches:
//
//   - an address or network either end of the event;
//   - a domain its url_domain, dns_question or server_name, or a name above;
//   - a URL its url, with url_domain before it if it is only a path: equal, or
//     more specific by a query, parameter or path segment;
//   - a hash its md5, sha1 or sha256.
//
// Values are taken to be canonical, as vedette.Indicator says; one that cannot
// be read is an error. The iteration is over a snapshot of the store.
func (s *Store) Hunt(ctx context.Context, h store.Hunt) iter.Seq2[*store.Hit, error] {
	return func(yield func(*store.Hit, error) bool) {
		hunt := &hunt{Hunt: h, store: s, sources: make(map[uint32]*vedette.Source)}
		err := hunt.run(ctx, func(hit *store.Hit) bool { return yield(hit, nil) })
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			yield(nil, problem(fmt.Errorf("hunt: %w", err), s.dir))
		}
	}
}

// hunt is one run of Hunt.
type hunt struct {
	store.Hunt
	store   *Store
	conn    mapping.Connection
	where   string                     // what the scans of events have in common
	sources map[uint32]*vedette.Source // by number, as far as met
}

func (h *hunt) run(ctx context.Context, yield func(*store.Hit) bool) error {
	if mapping.Connect(h.store.db, &h.conn) == mapping.StateError {
		return errNative("cannot connect")
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		mapping.Interrupt(h.conn)
		close(interrupted)
	})
	defer func() {
		if !stop() {
			<-interrupted
		}
		mapping.Disconnect(&h.conn) // ends the transaction, and with it the temporary tables
	}()
	if err := h.exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	h.where = h.conditions()
	from, indicator := "events e", "0::UINTEGER"
	if len(h.Indicators) > 0 {
		some, err := h.match(ctx)
		if err != nil || !some {
			return err
		}
		from, indicator = "hunt_match m JOIN events e ON e.rowid = m.event", "m.indicator"
	}
	columns, err := h.columns(ctx)
	if err != nil {
		return err
	}
	var q strings.Builder
	fmt.Fprintf(&q, "SELECT %s%s", indicator, columns)
	fmt.Fprintf(&q, " FROM %s WHERE %s", from, h.where)
	if h.Text != "" {
		fmt.Fprintf(&q, " AND %s", textCondition(h.Text))
	}
	q.WriteString(" ORDER BY e.time, e.source, e.position, e.rowid")
	if h.Limit > 0 {
		fmt.Fprintf(&q, " LIMIT %d", h.Limit)
	}
	return h.yield(ctx, q.String(), yield)
}

// columns lists the columns of events, with NULL for those that are NULL in
// all of them. DuckDB's statistics tell that at once, and reading such columns
// is half the work of a hunt over telemetry of few kinds.
func (h *hunt) columns(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var q, list strings.Builder
	q.WriteString("SELECT ''")
	for i := range eventFields {
		fmt.Fprintf(&q, ", stats(%s)", eventFields[i].name)
	}
	r, err := query(h.conn, q.String()+" FROM events LIMIT 1")
	if err != nil {
		return "", err
	}
	defer r.close()
	some := r.next()
	for i := range eventFields {
		if some && strings.HasSuffix(r.text(i+1), "[Has Null: true, Has No Null: false]") {
			fmt.Fprintf(&list, ", NULL::%s", vedette.EventColumns[i].Type)
		} else {
			fmt.Fprintf(&list, ", e.%s", eventFields[i].name)
		}
	}
	return list.String(), r.err
}

// exec runs a statement unless ctx is done.
func (h *hunt) exec(ctx context.Context, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return exec(h.conn, text)
}

func (h *hunt) yield(ctx context.Context, text string, yield func(*store.Hit) bool) error {
	r, err := query(h.conn, text)
	if err != nil {
		return err
	}
	defer r.close()
	for r.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		hit := new(store.Hit)
		for i := range eventFields {
			if err := eventFields[i].read(&hit.Event, r, i+1); err != nil {
				return err
			}
		}
		if hit.Event.Source, err = h.source(ctx, r.uint32(2)); err != nil {
			return err
		}
		hit.Path = hit.Event.Source.Path
		if len(h.Indicators) > 0 {
			hit.Indicator = &h.Indicators[r.uint32(0)]
		}
		if !yield(hit) {
			return nil
		}
	}
	return r.err
}

// source returns the source with the number seq.
func (h *hunt) source(ctx context.Context, seq uint32) (*vedette.Source, error) {
	if src := h.sources[seq]; src != nil {
		return src, nil
	}
	var (
		src              vedette.Source
		identity, copyOf string
	)
	err := h.store.pool.QueryRowContext(ctx, `SELECT identity, path, coalesce(format, ''), coalesce(organization, ''), coalesce(copy_of, '')
		FROM sources WHERE seq = ?`, seq).Scan(&identity, &src.Path, &src.Format, &src.Organization, &copyOf)
	if err = errors.Join(err, parseID(&src.ID, identity), parseID(&src.CopyOf, copyOf)); err != nil {
		return nil, fmt.Errorf("source %d: %w", seq, err)
	}
	h.sources[seq] = &src
	return &src, nil
}

// conditions returns what the hunt asks of columns that are cheap to scan.
func (h *hunt) conditions() string {
	all := []string{"true"}
	if !h.Start.IsZero() {
		all = append(all, "e.time >= "+timestamp(h.Start))
	}
	if !h.End.IsZero() {
		all = append(all, "e.time < "+timestamp(h.End))
	}
	if h.Organization != "" {
		all = append(all, "e.organization = "+quote(h.Organization))
	}
	if h.Dataset != "" {
		all = append(all, "e.dataset = "+quote(h.Dataset))
	}
	if len(h.Networks) > 0 {
		var any []string
		for _, p := range h.Networks {
			first, last := vedette.PrefixRange(p)
			for _, col := range [...]string{"source_ip", "destination_ip"} {
				any = append(any, fmt.Sprintf("e.%s BETWEEN %s AND %s", col, number(first), number(last)))
			}
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	return strings.Join(all, " AND ")
}

// textCondition looks for s in every text column, letter case ignored.
func textCondition(s string) string {
	var any []string
	for _, c := range vedette.EventColumns {
		if c.Type == vedette.TypeText {
			any = append(any, fmt.Sprintf("contains(lower(e.%s), lower(%s))", c.Name, quote(s)))
		}
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// foreverMicros is later than any event, and an hour that TIMESTAMP can hold.
const foreverMicros = 1 << 62

// unixMicros is t.UnixMicro without overflow.
func unixMicros(t time.Time) int64 {
	const limit = foreverMicros / 1_000_000
	return min(max(t.Unix(), -limit), limit)*1_000_000 + int64(t.Nanosecond()/1000)
}

// timestamp writes t as SQL.
func timestamp(t time.Time) string { return fmt.Sprintf("make_timestamp(%d::BIGINT)", unixMicros(t)) }

// number writes an address as SQL.
func number(a netip.Addr) string { return "'" + vedette.AddrToBig(a).String() + "'::UHUGEINT" }

// quote writes s as an SQL string.
func quote(s string) string {
	s = strings.ReplaceAll(string(appendClean(nil, s)), "'", "''")
	return "'" + strings.ReplaceAll(s, "\x00", "' || chr(0) || '") + "'"
}
