// Package geo adds country, city, time zone and autonomous system from MMDB
// files that the user gives: City and ASN kinds, in the field layouts of
// MaxMind, DB-IP and IPinfo, which differ.
package geo

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/vedette-cti/vedette"
)

// maxDatabases is how many files can be given at once.
const maxDatabases = 8

// cacheSize is the number of slots of the direct-mapped address cache.
const cacheSize = 1 << 14

// Enricher sets SourceGeo and DestinationGeo. It is safe for concurrent use.
// The Geo values it hands out live as long as anyone holds them.
type Enricher struct {
	databases []*maxminddb.Reader
	cache     [cacheSize]atomic.Pointer[slot]

	mu   sync.RWMutex
	seen map[[maxDatabases]uintptr]*vedette.Geo // by the records' places in the databases
}

type slot struct {
	addr netip.Addr
	geo  *vedette.Geo
}

// Open reads the MMDB files at paths. Where several know a field, the first
// given wins.
func Open(paths []string) (*Enricher, error) {
	if len(paths) > maxDatabases {
		return nil, fmt.Errorf("%d geolocation databases given, at most %d are possible", len(paths), maxDatabases)
	}
	e := &Enricher{seen: make(map[[maxDatabases]uintptr]*vedette.Geo)}
	for _, path := range paths {
		db, err := maxminddb.Open(path)
		if err != nil {
			e.Close()
			return nil, &vedette.Problem{Err: fmt.Errorf("%s: %w", path, err), Hint: "--geoip takes MMDB files, such as GeoLite2-City.mmdb or dbip-asn-lite.mmdb"}
		}
		e.databases = append(e.databases, db)
	}
	return e, nil
}

// Close releases the files. No method may be called afterwards.
func (e *Enricher) Close() error {
	for _, db := range e.databases {
		db.Close()
	}
	return nil
}

// Needs implements enrich.Enricher.
func (e *Enricher) Needs() []string { return []string{"source.ip", "destination.ip"} }

// Adds implements enrich.Enricher.
func (e *Enricher) Adds() []string {
	return []string{"source.geo", "source.as", "destination.geo", "destination.as"}
}

// Enrich implements enrich.Enricher.
func (e *Enricher) Enrich(ev *vedette.Event) {
	ev.SourceGeo = e.Lookup(ev.SourceIP)
	ev.DestinationGeo = e.Lookup(ev.DestinationIP)
}

// Lookup returns what the databases know of a, nil if nothing.
func (e *Enricher) Lookup(a netip.Addr) *vedette.Geo {
	if !a.IsValid() || len(e.databases) == 0 {
		return nil
	}
	hi, lo, _ := vedette.Addr128(a)
	at := &e.cache[((hi^lo)*0x9e3779b97f4a7c15)>>(64-14)]
	if s := at.Load(); s != nil && s.addr == a {
		return s.geo
	}
	s := &slot{addr: a, geo: e.find(a)}
	at.Store(s)
	return s.geo
}

// find asks every database, and shares the answer between all addresses that
// have the same records.
func (e *Enricher) find(a netip.Addr) *vedette.Geo {
	var (
		key   [maxDatabases]uintptr
		found bool
	)
	var results [maxDatabases]maxminddb.Result
	for i, db := range e.databases {
		results[i] = db.Lookup(a)
		if results[i].Found() {
			key[i] = results[i].Offset() + 1 // zero means not found
			found = true
		}
	}
	if !found {
		return nil
	}
	e.mu.RLock()
	g, ok := e.seen[key]
	e.mu.RUnlock()
	if ok {
		return g
	}
	g = new(vedette.Geo)
	for i := range e.databases {
		if key[i] != 0 {
			merge(g, results[i])
		}
	}
	if *g == (vedette.Geo{}) {
		g = nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[key] = g
	return g
}

// merge fills the empty fields of g from one record. A record that can not be
// decoded adds nothing.
func merge(g *vedette.Geo, r maxminddb.Result) {
	var m map[string]any
	if r.Decode(&m) != nil {
		return
	}
	set(&g.Country, text(m, "country", "iso_code"), code(text(m, "country")), text(m, "country_code"), text(m, "registered_country", "iso_code"))
	set(&g.City, text(m, "city", "names", "en"), text(m, "city"), text(m, "city_name"))
	set(&g.Timezone, text(m, "location", "time_zone"), text(m, "timezone"), text(m, "time_zone"))
	set(&g.ASName, text(m, "autonomous_system_organization"), text(m, "as_name"), text(m, "traits", "autonomous_system_organization"))
	for _, v := range []any{at(m, "autonomous_system_number"), at(m, "asn"), at(m, "traits", "autonomous_system_number")} {
		if g.ASN == 0 {
			g.ASN = number(v)
		}
	}
}

func set(dst *string, values ...string) {
	for _, v := range values {
		if *dst == "" {
			*dst = v
		}
	}
}

func at(m map[string]any, path ...string) any {
	var v any = m
	for _, key := range path {
		inner, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = inner[key]
	}
	return v
}

func text(m map[string]any, path ...string) string {
	s, _ := at(m, path...).(string)
	return s
}

// code lets a country field pass only if it is a code, not a name.
func code(s string) string {
	if len(s) != 2 {
		return ""
	}
	return s
}

// number reads an AS number as a number or as "AS64512".
func number(v any) uint32 {
	switch n := v.(type) {
	case uint64:
		return uint32(n)
	case string:
		i, err := strconv.ParseUint(strings.TrimPrefix(n, "AS"), 10, 32)
		if err == nil {
			return uint32(i)
		}
	}
	return 0
}
