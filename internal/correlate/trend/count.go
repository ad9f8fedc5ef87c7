package trend

import (
	"cmp"
	"context"
	"database/sql"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// book holds all subjects of one assessment.
type book struct {
	first, end day // the period in whole weeks, end not included
	subjects   map[key]*subject
	member     map[string]int // address or name to cluster
	verdicts   []map[string]bool
	clusters   []vedette.Cluster
	sector     map[string]string
	country    map[string]string
	exposure   map[key][]float64 // by week, for constituency, sectors and countries
	watched    map[key][]float64 // the same by day
	zones      map[string]*time.Location
}

type key struct {
	kind vedette.TrendKind
	name string
}

var whole = key{kind: vedette.TrendConstituency}

// Bounds of the period.
const (
	maxDays = 3660 // ten years
	maxGap  = 92   // days without telemetry that end a stretch: stray clocks are not history
)

// newBook reads who sent telemetry on which days. It returns nil if there is no
// complete week.
func newBook(ctx context.Context, in Input) (*book, error) {
	b := &book{
		subjects: make(map[key]*subject), member: make(map[string]int), clusters: in.Assessment.Clusters,
		sector: make(map[string]string), country: make(map[string]string),
		exposure: make(map[key][]float64), watched: make(map[key][]float64), zones: zones(in),
	}
	for i := range in.Constituency.Organizations {
		o := &in.Constituency.Organizations[i]
		b.sector[o.ID], b.country[o.ID] = o.Sector, o.Country
	}
	for i := range b.clusters {
		known := make(map[string]bool)
		for _, o := range b.clusters[i].Organizations {
			known[o.ID] = true
		}
		b.verdicts = append(b.verdicts, known)
		for _, f := range b.clusters[i].Infrastructure {
			if _, taken := b.member[f.Value]; !taken {
				b.member[f.Value] = i
			}
		}
	}
	sent := make(map[day]map[key]float64)
	err := each(ctx, in.Events, `
		SELECT organization, epoch_us(time) // 86400000000 AS day
		FROM events WHERE organization IS NOT NULL GROUP BY ALL ORDER BY day, organization`, func(rows *sql.Rows) error {
		var organization string
		var d day
		if err := rows.Scan(&organization, &d); err != nil {
			return err
		}
		if sent[d] == nil {
			sent[d] = make(map[key]float64)
		}
		for _, k := range b.groups(organization) {
			sent[d][k]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !b.period(sent, in.Assessment.End) {
		return nil, nil
	}
	for k := range b.watched {
		if k.name != "" || k == whole {
			b.subject(k)
		}
	}
	return b, nil
}

// groups are the subjects that an organization counts for.
func (b *book) groups(organization string) []key {
	out := []key{whole}
	if s := b.sector[organization]; s != "" {
		out = append(out, key{vedette.TrendSector, s})
	}
	if c := b.country[organization]; c != "" {
		out = append(out, key{vedette.TrendCountry, c})
	}
	return out
}

// period sets the weeks: the longest stretch of telemetry, its last day the end
// of the last week. The last day counts by how much of it has passed.
func (b *book) period(sent map[day]map[key]float64, until time.Time) bool {
	var days []day
	for d := range sent {
		days = append(days, d)
	}
	slices.Sort(days)
	var best float64
	var from, to day
	for i := 0; i < len(days); {
		j, sum := i, 0.0
		for ; j < len(days) && (j == i || days[j]-days[j-1] <= maxGap); j++ {
			sum += sent[days[j]][whole]
		}
		if sum > best {
			best, from, to = sum, days[i], days[j-1]
		}
		i = j
	}
	if best == 0 {
		return false
	}
	weeks := min(int(to-from+1), maxDays) / 7
	b.end = to + 1
	b.first = b.end - day(7*weeks)
	for _, d := range days {
		if d < b.first || d >= b.end {
			continue
		}
		share := 1.0
		if rest := until.Sub(d.time()).Hours() / 24; rest > 0 && rest < 1 {
			share = rest
		}
		for k, n := range sent[d] {
			if b.watched[k] == nil {
				b.watched[k], b.exposure[k] = make([]float64, 7*weeks), make([]float64, weeks)
			}
			b.watched[k][d-b.first] = n * share
			b.exposure[k][(d-b.first)/7] += n * share
		}
	}
	for _, e := range b.exposure {
		for w := range e {
			e[w] /= 7
		}
	}
	return weeks > 0
}

// subject returns the one of that key, making it if need be.
func (b *book) subject(k key) *subject {
	s := b.subjects[k]
	if s != nil {
		return s
	}
	s = &subject{kind: k.kind, name: k.name, touched: make(map[string]int)}
	s.findings.measure, s.organizations.measure = vedette.MeasureFindings, vedette.MeasureOrganizations
	exposure := b.exposure[b.watchers(k)]
	for w := range b.weeks() {
		p := point{start: b.first + day(7*w), exposure: exposure[w]}
		s.findings.weeks, s.organizations.weeks = append(s.findings.weeks, p), append(s.organizations.weeks, p)
	}
	switch k.kind {
	case vedette.TrendConstituency:
		s.zone = time.UTC
	case vedette.TrendCountry:
		s.zone = b.zones[k.name]
	}
	if s.zone != nil {
		s.hours = make([]uint64, (b.weeks()*7*24+63)/64)
	}
	b.subjects[k] = s
	return s
}

// cluster returns the subject of one cluster of the assessment.
func (b *book) cluster(i int) *subject {
	c := &b.clusters[i]
	s := b.subject(key{vedette.TrendCluster, c.ID})
	s.rank = i
	if s.hours == nil {
		s.zone = time.UTC
		if c.Origin != nil {
			s.zone = time.FixedZone("", c.Origin.UTCOffsetMinutes*60)
		}
		s.hours = make([]uint64, (b.weeks()*7*24+63)/64)
	}
	return s
}

func (b *book) weeks() int { return int(b.end-b.first) / 7 }

// watchers names whose telemetry could have shown a subject.
func (b *book) watchers(k key) key {
	if k.kind == vedette.TrendSector || k.kind == vedette.TrendCountry {
		return k
	}
	return whole
}

// count reads the findings, summed by hour, actor and organization, in the order
// of time.
func (b *book) count(ctx context.Context, events vedette.EventStore) error {
	return each(ctx, events, `
		SELECT epoch_us(time) // 3600000000 AS hour, organization, actor, coalesce(actor_name, '') AS name,
		       coalesce(techniques, '') AS techniques, count(*)
		FROM detections WHERE stage > 0 AND organization IS NOT NULL
		GROUP BY ALL ORDER BY hour, organization, actor, name, techniques`, func(rows *sql.Rows) error {
		var (
			hour, n                        int64
			organization, name, techniques string
			actor                          any
		)
		if err := rows.Scan(&hour, &organization, &actor, &name, &techniques, &n); err != nil {
			return err
		}
		at := hour - int64(b.first)*24
		if at < 0 || at >= int64(b.end-b.first)*24 {
			return nil
		}
		if a, ok := actor.(*big.Int); ok {
			name = vedette.AddrFromBig(a).String()
		}
		cluster, ok := b.member[name]
		switch {
		case ok && b.verdicts[cluster][organization]:
			b.cluster(cluster).add(b.first, at, organization, n)
		case ok || name != "":
			return nil // supports no verdict
		}
		for _, k := range b.groups(organization) {
			b.subject(k).add(b.first, at, organization, n)
		}
		for _, t := range unique(techniques) {
			b.subject(key{vedette.TrendTechnique, t}).add(b.first, at, organization, n)
		}
		return nil
	})
}

// add counts n findings at one organization, at hours after first. Hours come
// in order.
func (s *subject) add(first day, at int64, organization string, n int64) {
	d, w := int(at/24), int(at/168)
	s.findings.weeks[w].count += n
	if k := len(s.days); k == 0 || s.days[k-1].Start != (first+day(d)).time() {
		s.days = append(s.days, vedette.TrendPoint{Start: (first + day(d)).time()})
	}
	today := &s.days[len(s.days)-1]
	today.Findings += n
	if before, ok := s.touched[organization]; !ok || before < d {
		today.Organizations++
		if !ok || before/7 < w {
			s.organizations.weeks[w].count++
		}
		s.touched[organization] = d
	}
	if s.hours != nil {
		s.hours[at/64] |= 1 << (at % 64)
	}
}

// finish returns the subjects in their order.
func (b *book) finish() []*subject {
	out := make([]*subject, 0, len(b.subjects))
	for k, s := range b.subjects {
		watched := b.watched[b.watchers(k)]
		for i := range s.days {
			s.days[i].Exposure = watched[dayOf(s.days[i].Start)-b.first]
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y *subject) int {
		return cmp.Or(cmp.Compare(order(x.kind), order(y.kind)), cmp.Compare(x.rank, y.rank), strings.Compare(x.name, y.name))
	})
	return out
}

func order(k vedette.TrendKind) int {
	return slices.Index([]vedette.TrendKind{vedette.TrendConstituency, vedette.TrendCluster, vedette.TrendCountry,
		vedette.TrendSector, vedette.TrendTechnique}, k)
}

// unique splits a list of techniques; each counts once.
func unique(list string) []string {
	out := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	slices.Sort(out)
	return slices.Compact(out)
}

// zones are the time zones of the countries all of whose organizations, as far
// as geolocation places their networks, share one.
func zones(in Input) map[string]*time.Location {
	out := make(map[string]*time.Location)
	if in.Geo == nil {
		return out
	}
	for i := range in.Constituency.Organizations {
		o := &in.Constituency.Organizations[i]
		for _, n := range o.Networks {
			g := in.Geo(n.Addr().Next())
			if o.Country == "" || g == nil || g.Country != o.Country || g.Timezone == "" {
				continue
			}
			known, seen := out[o.Country]
			if loc, err := time.LoadLocation(g.Timezone); err != nil || seen && (known == nil || known.String() != loc.String()) {
				out[o.Country] = nil
			} else {
				out[o.Country] = loc
			}
		}
	}
	return out
}

func each(ctx context.Context, events vedette.EventStore, query string, scan func(*sql.Rows) error) error {
	rows, err := events.QueryContext(ctx, query)
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
