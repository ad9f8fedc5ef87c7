package duckdb

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	vocab "github.com/vedette-cti/vedette/internal/vocab/indicator"
)

// match finds the events that indicators match and leaves them in the
// temporary table hunt_match: event (a rowid) and indicator (the first that
// matches). It reports whether there are any.
//
// Values are joined by equality, which DuckDB does with hash tables and with
// filters that skip most of the events. What is not equality is turned into it
// first, over the distinct values of a column, which are few: networks become
// the addresses seen in them, domains the names seen below them, URLs those
// seen that begin with them.
func (h *hunt) match(ctx context.Context) (bool, error) {
	byType := make(map[vedette.IndicatorType][]int)
	timed := false
	for i := range h.Indicators {
		ind := &h.Indicators[i]
		byType[ind.Type] = append(byType[ind.Type], i)
		timed = timed || !ind.ValidFrom.IsZero() || !ind.ValidUntil.IsZero()
	}
	m := &matcher{hunt: h, timed: timed}
	for _, step := range []struct {
		kind vedette.IndicatorType
		run  func(context.Context, []int) error
	}{
		{vedette.IndicatorAddress, m.addresses},
		{vedette.IndicatorNetwork, m.networks},
		{vedette.IndicatorDomain, m.domains},
		{vedette.IndicatorURL, m.urls},
		{vedette.IndicatorHash, m.hashes},
	} {
		if list := byType[step.kind]; len(list) > 0 {
			if err := step.run(ctx, list); err != nil {
				return false, err
			}
		}
	}
	if len(m.branches) == 0 {
		return false, nil
	}
	return true, h.exec(ctx, "CREATE TEMP TABLE hunt_match AS SELECT event, min(indicator) AS indicator FROM ("+
		strings.Join(m.branches, " UNION ALL ")+") GROUP BY event")
}

// matcher collects the branches of the query that finds events.
type matcher struct {
	*hunt
	timed    bool // whether any indicator has a validity
	branches []string
}

// join adds a branch: events whose columns equal a value of a temporary table.
func (m *matcher) join(table, on string) {
	when := m.where
	if m.timed {
		when += " AND e.time >= v.valid_from AND e.time < v.valid_until"
	}
	m.branches = append(m.branches, fmt.Sprintf("SELECT e.rowid AS event, v.indicator FROM events e JOIN %s v ON %s WHERE %s", table, on, when))
}

// create makes a temporary table with the given columns and those of values,
// and returns an appender to it.
func (m *matcher) create(ctx context.Context, name, columns string) (*table, error) {
	err := m.exec(ctx, "CREATE TEMP TABLE "+name+" (indicator UINTEGER, valid_from TIMESTAMP, valid_until TIMESTAMP, "+columns+")")
	if err != nil {
		return nil, err
	}
	return newTable(m.conn, name, "")
}

// indicator sets the columns of indicator i that every temporary table has.
func (m *matcher) indicator(t *table, i int) {
	ind := &m.Indicators[i]
	from, until := int64(-foreverMicros), int64(foreverMicros)
	if !ind.ValidFrom.IsZero() {
		from = unixMicros(ind.ValidFrom)
	}
	if !ind.ValidUntil.IsZero() {
		until = unixMicros(ind.ValidUntil.Add(time.Microsecond - 1)) // up, since times of events are cut down
	}
	t.cols[0].uint32(t.rows, uint32(i))
	t.cols[1].int64(t.rows, from)
	t.cols[2].int64(t.rows, until)
}

// addrTable is where addresses and the addresses seen in networks meet.
const addrTable = "hunt_addr"

// addresses fills addrTable, which networks adds to.
func (m *matcher) addresses(ctx context.Context, list []int) error {
	t, err := m.create(ctx, addrTable, "value UHUGEINT")
	if err != nil {
		return err
	}
	defer t.close()
	for _, i := range list {
		a, err := netip.ParseAddr(m.Indicators[i].Value)
		if err != nil {
			return fmt.Errorf("indicator %q is not an address", m.Indicators[i].Value)
		}
		m.indicator(t, i)
		t.cols[3].addr(t.rows, a)
		if err := t.next(); err != nil {
			return err
		}
	}
	m.join(addrTable, "e.source_ip = v.value")
	m.join(addrTable, "e.destination_ip = v.value")
	return t.flush()
}

// networks adds to addrTable the addresses seen in a network, found by one
// equality join a prefix length.
func (m *matcher) networks(ctx context.Context, list []int) error {
	if len(m.branches) == 0 {
		if err := m.addresses(ctx, nil); err != nil {
			return err
		}
	}
	t, err := m.create(ctx, "hunt_net", "value UHUGEINT, mask UHUGEINT")
	if err != nil {
		return err
	}
	defer t.close()
	masks := make(map[int]netip.Addr)
	for _, i := range list {
		p, err := netip.ParsePrefix(m.Indicators[i].Value)
		if err != nil {
			return fmt.Errorf("indicator %q is not a network", m.Indicators[i].Value)
		}
		bits := p.Bits()
		if p.Addr().Is4() {
			bits += 96
		}
		masks[bits] = maskOf(bits)
		m.indicator(t, i)
		t.cols[3].addr(t.rows, p.Masked().Addr())
		t.cols[4].addr(t.rows, masks[bits])
		if err := t.next(); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	err = m.exec(ctx, `CREATE TEMP TABLE hunt_seen AS SELECT source_ip AS value FROM events e WHERE `+m.where+`
		UNION SELECT destination_ip FROM events e WHERE `+m.where)
	for _, mask := range masks {
		if err == nil {
			err = m.exec(ctx, fmt.Sprintf(`INSERT INTO %s SELECT n.indicator, n.valid_from, n.valid_until, s.value
				FROM (SELECT value, value & %[2]s AS key FROM hunt_seen) s
				JOIN (SELECT * FROM hunt_net WHERE mask = %[2]s) n ON n.value = s.key`, addrTable, number(mask)))
		}
	}
	return err
}

// maskOf returns the address whose first bits are ones.
func maskOf(bits int) netip.Addr {
	var b [16]byte
	for i := range bits {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom16(b)
}

// domains matches names equal to an indicator or below it.
func (m *matcher) domains(ctx context.Context, list []int) error {
	index := m.index(list, func(value string) string { return value })
	columns := [...]string{"url_domain", "dns_question", "server_name"}
	var found []seen
	err := m.distinct(ctx, columns[:], func(name string) {
		for below := canonicalName(name); below != ""; _, below, _ = strings.Cut(below, ".") {
			for _, i := range index[below] {
				found = append(found, seen{value: strings.Clone(name), indicator: i})
			}
		}
	})
	if err != nil || len(found) == 0 {
		return err
	}
	if err := m.fill(ctx, "hunt_name", found); err != nil {
		return err
	}
	for _, c := range columns {
		m.join("hunt_name", "e."+c+" = v.value")
	}
	return nil
}

// urls matches URLs that begin with an indicator. Only events with a host that
// some indicator names are looked at.
func (m *matcher) urls(ctx context.Context, list []int) error {
	index := m.index(list, func(value string) string {
		host, _, _ := strings.Cut(value, "/")
		return host
	})
	var hosts []seen
	err := m.distinct(ctx, []string{"url_domain"}, func(name string) {
		if len(index[hostOf(vocab.CanonicalURL(name, ""))]) > 0 {
			hosts = append(hosts, seen{value: strings.Clone(name)})
		}
	})
	if err == nil {
		err = m.fill(ctx, "hunt_host", hosts)
	}
	if err != nil {
		return err
	}
	found, err := m.urlsSeen(ctx, index)
	if err != nil || len(found) == 0 {
		return err
	}
	if err := m.fill(ctx, "hunt_url", found); err != nil {
		return err
	}
	m.join("hunt_url", "e.url = v.value AND coalesce(e.url_domain, '') = v.domain")
	return nil
}

// urlsSeen returns the URLs of the store that match.
func (m *matcher) urlsSeen(ctx context.Context, index map[string][]int) ([]seen, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := query(m.conn, `SELECT DISTINCT e.url_domain, e.url FROM events e WHERE `+m.where+`
		AND (e.url_domain IN (SELECT value FROM hunt_host) OR NOT starts_with(e.url, '/') AND contains(e.url, '://')) AND e.url IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var found []seen
	for r.next() {
		host, path := r.text(0), r.text(1)
		if _, rest, ok := strings.Cut(path, "://"); ok && path[0] != '/' {
			host, path, _ = strings.Cut(rest, "/")
			path = "/" + path
		}
		u := vocab.CanonicalURL(host, path)
		for _, i := range index[hostOf(u)] {
			if beginsWith(u, m.Indicators[i].Value) {
				found = append(found, seen{domain: strings.Clone(r.text(0)), value: strings.Clone(r.text(1)), indicator: i})
			}
		}
	}
	return found, r.err
}

// hostOf returns the host of a canonical URL.
func hostOf(u string) string {
	host, _, _ := strings.Cut(u, "/")
	return host
}

// beginsWith reports whether the canonical URL u is the one of the indicator or
// a more specific one. The root of a host is itself alone.
func beginsWith(u, indicator string) bool {
	rest, ok := strings.CutPrefix(u, indicator)
	if !ok || rest == "" {
		return ok
	}
	if strings.IndexByte(indicator, '/') == len(indicator)-1 {
		return false
	}
	return strings.HasSuffix(indicator, "/") || strings.IndexByte("/?&#;", rest[0]) >= 0
}

// hashes matches files' and certificates' hashes, by their length.
func (m *matcher) hashes(ctx context.Context, list []int) error {
	var values []seen
	lengths := make(map[int]bool)
	for _, i := range list {
		v := m.Indicators[i].Value
		values = append(values, seen{value: v, indicator: i})
		lengths[len(v)] = true
	}
	if err := m.fill(ctx, "hunt_hash", values); err != nil {
		return err
	}
	for length, column := range map[int]string{32: "md5", 40: "sha1", 64: "sha256"} {
		if lengths[length] {
			m.join("hunt_hash", "e."+column+" = v.value")
		}
	}
	return nil
}

// seen is a value of the store that an indicator matches.
type seen struct {
	domain, value string
	indicator     int
}

// fill makes a temporary table of values.
func (m *matcher) fill(ctx context.Context, name string, values []seen) error {
	t, err := m.create(ctx, name, "domain VARCHAR, value VARCHAR")
	if err != nil {
		return err
	}
	defer t.close()
	for _, v := range values {
		m.indicator(t, v.indicator)
		t.textOrEmpty(3, v.domain)
		t.textOrEmpty(4, v.value)
		if err := t.next(); err != nil {
			return err
		}
	}
	return t.flush()
}

// index groups indicators by a key.
func (m *matcher) index(list []int, key func(string) string) map[string][]int {
	index := make(map[string][]int, len(list))
	for _, i := range list {
		k := key(m.Indicators[i].Value)
		index[k] = append(index[k], i)
	}
	return index
}

// distinct calls f with every value of the given text columns, some of them
// more than once. The string is valid during the call.
func (m *matcher) distinct(ctx context.Context, columns []string, f func(string)) error {
	for _, c := range columns {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := query(m.conn, "SELECT DISTINCT e."+c+" FROM events e WHERE e."+c+" IS NOT NULL AND "+m.where)
		if err != nil {
			return err
		}
		for r.next() {
			f(r.text(0))
		}
		r.close()
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// canonicalName lowers ASCII letters and drops the final dot and a port.
func canonicalName(s string) string {
	s = strings.TrimSuffix(strings.ToLower(s), ".")
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.IndexByte(s, ':') == i {
		s = s[:i]
	}
	return s
}
