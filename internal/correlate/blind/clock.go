package blind

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// Two sensors that see the same visit should say the same time. A visit is all
// that one sensor has of one outside address on one day, if it is over within
// maxVisit: its beginning is comparable between a web log, a flow sensor and a
// VPN server, which share no other key. If clocks differ, the differences of
// most visits pile up at one value, and few are at zero. So the clocks are
// compared by the largest pile.

const (
	maxVisit    = 10      // minutes
	maxOffset   = 26 * 60 // minutes: all time zones
	pile        = 2       // minutes to each side that belong together
	minPairs    = 20      // visits in the largest pile
	minOffset   = 5       // minutes: logs that are written at the end of a connection lag by less
	minPile     = 0.4     // share of all pairs within maxOffset that must be in it
	maxAtZero   = 0.2     // share of the pile that may be at zero
	near        = 0.8     // of two piles that differ by less, the nearer one to zero counts
	aheadOf     = 10      // minutes that a log may be ahead of its own file
	minAhead    = 10      // events that must be,
	aheadShare  = 0.01    // this share of a folder's,
	aheadFiles  = 3       // or in so many files: one tail may have another cause
	hourMinutes = 60
	quarter     = 15 // time zones are multiples of it
)

// offset is how far the clock of one sensor of an organization is ahead of
// another's.
type offset struct {
	a, b        string // names
	minutes     int    // of a ahead of b; 0: they agree
	pairs       int64
	first, last time.Time
}

// clocks returns the wrong clocks.
func clocks(ctx context.Context, events vedette.EventStore, sensors []*sensor) ([]vedette.BlindSpot, error) {
	names := make(map[[3]string]string)
	for _, s := range sensors {
		names[[3]string{s.organization, s.product, s.place}] = s.name()
	}
	offsets, err := compare(ctx, events, names)
	if err != nil {
		return nil, err
	}
	var out []vedette.BlindSpot
	for i := 0; i < len(offsets); {
		j := i
		for j < len(offsets) && offsets[j].organization == offsets[i].organization {
			j++
		}
		out = append(out, blame(offsets[i].organization, offsets[i:j])...)
		i = j
	}
	ahead, err := future(ctx, events)
	return append(out, ahead...), err
}

type orgOffset struct {
	organization string
	offset
}

// bin is how many visits two sensors saw with that difference.
type bin struct {
	minutes     int
	n           int64
	first, last time.Time
}

// compare reads the differences of every two sensors of an organization.
func compare(ctx context.Context, events vedette.EventStore, names map[[3]string]string) ([]orgOffset, error) {
	query := fmt.Sprintf(`
		WITH %s, visits AS (
			SELECT e.organization AS org, %s, e.source_ip AS ip, epoch_us(e.time) // 86400000000 AS day,
			       min(CASE WHEN dataset = 'fortinet.traffic' THEN epoch_us(e.time) - coalesce(duration, 0) // 1000 ELSE epoch_us(e.time) END) AS t,
			       max(epoch_us(e.time)) AS u
			FROM events e JOIN places p ON p.seq = e.source
			WHERE e.organization IS NOT NULL AND e.source_ip IS NOT NULL AND coalesce(e.direction, '') NOT IN ('outbound', 'internal')
			GROUP BY ALL HAVING u - t <= %d::BIGINT * 60000000)
		SELECT a.org, a.product AS pa, a.place AS la, b.product AS pb, b.place AS lb,
		       CAST(round((a.t - b.t) / 60000000) AS BIGINT) AS minutes, count(*), make_timestamp(min(a.t)), make_timestamp(max(a.t))
		FROM visits a JOIN visits b ON a.org = b.org AND a.ip = b.ip AND b.day BETWEEN a.day - 1 AND a.day + 1
		WHERE (a.product, a.place) < (b.product, b.place) AND abs(a.t - b.t) <= %d::BIGINT * 60000000
		GROUP BY ALL ORDER BY a.org, pa, la, pb, lb, minutes`, places, sensorOf, maxVisit, maxOffset)
	var out []orgOffset
	var bins []bin
	var now [5]string
	flush := func() {
		org := now[0]
		a, b := names[[3]string{org, now[1], now[2]}], names[[3]string{org, now[3], now[4]}]
		if o, ok := largestPile(bins); ok && a != "" && b != "" {
			o.a, o.b = a, b
			out = append(out, orgOffset{org, o})
		}
		bins = bins[:0]
	}
	err := each(ctx, events, query, nil, func(rows *sql.Rows) error {
		var k [5]string
		var x bin
		if err := rows.Scan(&k[0], &k[1], &k[2], &k[3], &k[4], &x.minutes, &x.n, &x.first, &x.last); err != nil {
			return err
		}
		if k != now {
			flush()
			now = k
		}
		bins = append(bins, x)
		return nil
	})
	flush()
	return out, err
}

// largestPile returns where the differences pile up. ok is false if too few do,
// or too few of them all.
func largestPile(bins []bin) (o offset, ok bool) {
	var all, atZero int64
	for _, x := range bins {
		all += x.n
		if x.minutes >= -pile && x.minutes <= pile {
			atZero += x.n
		}
	}
	for _, c := range bins {
		var p offset
		p.minutes = c.minutes
		for _, x := range bins {
			if x.minutes < c.minutes-pile || x.minutes > c.minutes+pile {
				continue
			}
			p.pairs += x.n
			if p.first.IsZero() || x.first.Before(p.first) {
				p.first = x.first
			}
			if x.last.After(p.last) {
				p.last = x.last
			}
		}
		nearer := abs(p.minutes) < abs(o.minutes)
		if float64(p.pairs)*near > float64(o.pairs) || nearer && float64(p.pairs) >= near*float64(o.pairs) {
			o = p
		}
	}
	fullest := int64(0) // the pile is named after it
	center := o.minutes
	for _, x := range bins {
		if abs(x.minutes-center) <= pile && x.n > fullest {
			o.minutes, fullest = x.minutes, x.n
		}
	}
	if o.pairs < minPairs || float64(o.pairs) < minPile*float64(all) {
		return o, false
	}
	if abs(o.minutes) < minOffset {
		o.minutes = 0
		return o, true
	}
	return o, float64(atZero) <= maxAtZero*float64(o.pairs)
}

func abs(n int) int { return max(n, -n) }

// blame tells, from the offsets of one organization, which sensor's clock is
// wrong: the one that disagrees with most while they agree with each other.
func blame(organization string, offsets []orgOffset) []vedette.BlindSpot {
	var out []vedette.BlindSpot
	done := make(map[int]bool)
	for {
		wrong, score := "", 0
		for _, name := range sensorNames(offsets) {
			differ, agree := 0, 0
			for i, o := range offsets {
				switch {
				case done[i] || o.a != name && o.b != name:
				case o.minutes != 0:
					differ++
				default:
					agree++
				}
			}
			if differ > 0 && (wrong == "" || differ-agree > score) {
				wrong, score = name, differ-agree
			}
		}
		if wrong == "" {
			return out
		}
		out = append(out, accuse(organization, wrong, offsets, done))
	}
}

func sensorNames(offsets []orgOffset) (out []string) {
	for _, o := range offsets {
		out = append(out, o.a, o.b)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// accuse writes one wrong clock, and marks the offsets that it explains.
func accuse(organization, wrong string, offsets []orgOffset, done map[int]bool) vedette.BlindSpot {
	b := vedette.BlindSpot{Organization: organization, Asset: wrong, Kind: vedette.BlindClock}
	var others []string
	var pairs int64
	minutes := 0
	for i, o := range offsets {
		if done[i] || o.minutes == 0 || o.a != wrong && o.b != wrong {
			continue
		}
		m, other := o.minutes, o.b
		if o.b == wrong {
			m, other = -o.minutes, o.a
		}
		if len(others) > 0 && abs(m-minutes) > 2*pile {
			continue // another fault, told in its turn
		}
		done[i] = true
		if len(others) == 0 {
			minutes = m
		}
		others, pairs = append(others, other), pairs+o.pairs
		if b.Since.IsZero() || o.first.Before(b.Since) {
			b.Since = o.first
		}
		if o.last.After(b.Until) {
			b.Until = o.last
		}
	}
	way := "ahead of"
	if minutes < 0 {
		way = "behind"
	}
	b.Text = fmt.Sprintf("The clock of %s is %s %s that of %s, by %d visits that both saw", wrong, spellMinutes(abs(minutes)), way, strings.Join(others, " and "), pairs)
	if len(others) == 1 && !agrees(others[0], wrong, offsets) {
		b.Text += "; either of the two may be wrong"
	}
	if abs(minutes) >= hourMinutes-pile && (abs(minutes)+pile)%quarter <= 2*pile {
		b.Text += "; so round a difference points to a time zone"
	}
	b.Text += "."
	return b
}

// agrees reports whether some third sensor confirms the clock of name.
func agrees(name, wrong string, offsets []orgOffset) bool {
	return slices.ContainsFunc(offsets, func(o orgOffset) bool {
		return o.minutes == 0 && (o.a == name || o.b == name) && o.a != wrong && o.b != wrong
	})
}

func spellMinutes(m int) string {
	if h := (m + pile) / hourMinutes; abs(m-h*hourMinutes) <= pile && h > 0 {
		if h == 1 {
			return "1 hour"
		}
		return fmt.Sprintf("%d hours", h)
	}
	return fmt.Sprintf("%d minutes", m)
}

// future returns the folders whose logs tell of what happened after the file
// was last written.
func future(ctx context.Context, events vedette.EventStore) ([]vedette.BlindSpot, error) {
	type late struct {
		vedette.BlindSpot
		minutes int
		n       int64
	}
	var found []late
	err := each(ctx, events, fmt.Sprintf(`
		WITH %s
		SELECT e.organization, p.folder AS folder, count(*) FILTER (ahead > 0) AS late,
		       min(e.time) FILTER (ahead > 0), max(e.time) FILTER (ahead > 0), max(ahead) // 60000000
		FROM (SELECT events.organization, time, source, epoch_us(time) - epoch_us(CAST(modified AS TIMESTAMP)) - %d::BIGINT * 60000000 AS ahead
		      FROM events JOIN sources s ON s.seq = source
		      WHERE events.organization IS NOT NULL AND modified > TIMESTAMP '1980-01-01') e
		JOIN places p ON p.seq = e.source
		GROUP BY ALL
		HAVING late >= %d AND (late >= %g * count(*) OR count(DISTINCT e.source) FILTER (ahead > 0) >= %d)
		ORDER BY e.organization, folder`, places, aheadOf, minAhead, aheadShare, aheadFiles), nil, func(rows *sql.Rows) error {
		x := late{BlindSpot: vedette.BlindSpot{Kind: vedette.BlindClock}}
		err := rows.Scan(&x.Organization, &x.Asset, &x.n, &x.Since, &x.Until, &x.minutes)
		found = append(found, x)
		return err
	})
	var out []vedette.BlindSpot
	for _, x := range found {
		x.Text = fmt.Sprintf("%d events in %s lie up to %s after the file was last written: the clock is ahead, or the time zone is not the one assumed.",
			x.n, cmp.Or(x.Asset, "the folder"), spellMinutes(x.minutes+aheadOf))
		out = append(out, x.BlindSpot)
	}
	return out, err
}
