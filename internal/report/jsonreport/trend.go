package jsonreport

import (
	"math"
	"time"

	"github.com/vedette-cti/vedette"
)

type trend struct {
	Kind   vedette.TrendKind `json:"kind"`
	Name   string            `json:"name,omitempty"`
	Claims []claim           `json:"claims"`
	Weeks  []point           `json:"weeks"`
	Days   []point           `json:"days"`
}

type point struct {
	Start         string  `json:"start"` // a date
	Findings      int64   `json:"findings"`
	Organizations int64   `json:"organizations"`
	Exposure      float64 `json:"exposure"`
}

type claim struct {
	Kind             vedette.TrendClaimKind `json:"kind"`
	Measure          vedette.TrendMeasure   `json:"measure"`
	From             time.Time              `json:"from"`
	To               time.Time              `json:"to"`
	Value            float64                `json:"value"`
	Usual            float64                `json:"usual"`
	Periods          int                    `json:"periods"`
	P                float64                `json:"p"`
	Q                float64                `json:"q"`
	UTCOffsetMinutes int                    `json:"utc_offset_minutes,omitempty"`
	Text             string                 `json:"text"`
}

type blindSpot struct {
	Organization string                `json:"organization"`
	Asset        string                `json:"asset,omitempty"`
	Kind         vedette.BlindSpotKind `json:"kind"`
	Since        time.Time             `json:"since,omitzero"`
	Until        time.Time             `json:"until,omitzero"`
	Text         string                `json:"text"`
	Techniques   []string              `json:"techniques,omitempty"`
}

func convertTrend(t *vedette.Trend) trend {
	out := trend{Kind: t.Kind, Name: t.Name, Claims: []claim{}, Weeks: points(t.Weeks), Days: points(t.Days)}
	for _, c := range t.Claims {
		out.Claims = append(out.Claims, claim{c.Kind, c.Measure, c.From, c.To, round(c.Value), round(c.Usual), c.Periods, c.P, c.Q, c.UTCOffsetMinutes, c.Text})
	}
	return out
}

func points(in []vedette.TrendPoint) []point {
	out := []point{}
	for _, p := range in {
		out = append(out, point{p.Start.UTC().Format(time.DateOnly), p.Findings, p.Organizations, round(p.Exposure)})
	}
	return out
}

// round keeps three decimals.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
