// Package trend says whether activity is more than usual, against its own past
// only, and when it changed.
//
// What is counted, for the constituency and for every cluster, sector, country
// and technique: findings and touched organizations, a week and a day at a
// time, of the clusters of the assessment at the organizations where they have
// a verdict. So authorized scanners, an organization's own machines and findings
// that support nothing are left out.
//
// Counts of attacks are overdispersed and depend on how many organizations send
// telemetry. So each count is compared with what a negative binomial whose
// parameters are themselves uncertain predicts from the past weeks for the same
// exposure (predict.go), and all comparisons together are corrected for their
// number (claims.go). Weeks are seven UTC days that end with the telemetry, so
// the last one is complete.
package trend

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// Input is what trends are made of.
type Input struct {
	Constituency *vedette.Constituency
	Assessment   *vedette.Assessment // with its clusters; it is not changed
	Events       vedette.EventStore
	Geo          func(netip.Addr) *vedette.Geo // nil-safe; tells time zones
}

// Assess counts with SQL over the store and returns every trend, those with
// claims first. Memory grows with subjects and weeks, not with findings.
func Assess(ctx context.Context, in Input) ([]vedette.Trend, error) {
	b, err := newBook(ctx, in)
	if err != nil || b == nil {
		return nil, err
	}
	if err := b.count(ctx, in.Events); err != nil {
		return nil, fmt.Errorf("count findings: %w", err)
	}
	return judge(b, b.finish()), nil
}

// day numbers days since 1970-01-01 UTC.
type day int64

func dayOf(t time.Time) day       { return day(t.Unix() / 86400) }
func (d day) time() time.Time     { return time.Unix(int64(d)*86400, 0).UTC() }
func (d day) weekday() int        { return int((d + 4) % 7) } // 0 is Sunday
func (p *point) rate() float64    { return float64(p.count) / p.exposure }
func (p *point) observable() bool { return p.exposure >= minExposure }

// minExposure is how many organizations' weeks a week needs to be compared.
const minExposure = 0.5

// point is one week of one measure.
type point struct {
	start    day
	count    int64
	exposure float64
}

// series is one measure of one subject by week.
type series struct {
	measure vedette.TrendMeasure
	weeks   []point
}

// subject is what a trend is about, with what was counted.
type subject struct {
	kind          vedette.TrendKind
	name          string
	rank          int // order among its kind
	findings      series
	organizations series
	days          []vedette.TrendPoint
	zone          *time.Location // whose clock its people live by, nil if unknown
	hours         []uint64       // a bit for every hour of the period with a finding; nil where rhythm is not asked for
	touched       map[string]int // organization to the last day and week it was counted for
}
