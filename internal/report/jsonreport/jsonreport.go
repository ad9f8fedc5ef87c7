// Package jsonreport renders an assessment as JSON, in the form
// "vedette.assessment/1" that other programs rely on. Fields are only ever
// added to it.
package jsonreport

import (
	"encoding/json"
	"io"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
)

// Schema is the name and version of the form.
const Schema = "vedette.assessment/1"

// Renderer is the renderer for the table of renderers.
var Renderer report.Renderer = renderer{}

type renderer struct{}

// Name implements report.Renderer.
func (renderer) Name() string { return "json" }

// MediaType implements report.Renderer.
func (renderer) MediaType() string { return "application/json" }

type assessment struct {
	Schema        string         `json:"schema"`
	Period        period         `json:"period"`
	Simulated     bool           `json:"simulated,omitempty"`
	Ledger        vedette.Ledger `json:"ledger"`
	Clusters      []cluster      `json:"clusters"`
	Organizations []organization `json:"organizations"`
	Trends        []trend        `json:"trends"`
	BlindSpots    []blindSpot    `json:"blind_spots"`
}

type period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

type cluster struct {
	ID             string           `json:"id"`
	Name           string           `json:"name"`
	Targeted       bool             `json:"targeted"`
	Reasons        []string         `json:"reasons,omitempty"`
	FirstSeen      time.Time        `json:"first_seen"`
	LastSeen       time.Time        `json:"last_seen"`
	Infrastructure []infrastructure `json:"infrastructure"`
	Techniques     []string         `json:"techniques"`
	Tools          []string         `json:"tools,omitempty"`
	CVEs           []string         `json:"cves,omitempty"`
	Origin         *origin          `json:"origin,omitempty"`
	Attribution    []struct{}       `json:"attribution"`
	Organizations  []incident       `json:"organizations"`
	Counts         counts           `json:"counts"`
	History        []change         `json:"history,omitempty"`
}

type change struct {
	Time    time.Time             `json:"time"`
	Kind    vedette.ClusterChange `json:"kind"`
	Cluster string                `json:"cluster,omitempty"`
	Members int                   `json:"members"`
}

type infrastructure struct {
	Value     string    `json:"value"`
	Type      string    `json:"type"`
	Roles     []string  `json:"roles"`
	Country   string    `json:"country,omitempty"`
	City      string    `json:"city,omitempty"`
	ASN       uint32    `json:"asn,omitempty"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Known     []string  `json:"known,omitempty"`
}

type origin struct {
	Country          string `json:"country"`
	City             string `json:"city,omitempty"`
	UTCOffsetMinutes int    `json:"utc_offset_minutes"`
	Likelihood       string `json:"likelihood"`
	Confidence       int    `json:"confidence"`
}

type incident struct {
	ID         string          `json:"id"`
	Verdict    vedette.Verdict `json:"verdict"`
	Confidence int             `json:"confidence"`
	Reason     string          `json:"reason,omitempty"`
	FirstSeen  time.Time       `json:"first_seen"`
	LastSeen   time.Time       `json:"last_seen"`
	Findings   int64           `json:"findings"`
	Evidence   []evidence      `json:"evidence"`
}

type evidence struct {
	Time      time.Time `json:"time"`
	Detector  string    `json:"detector"`
	Rule      string    `json:"rule,omitempty"`
	Technique string    `json:"technique,omitempty"`
	Summary   string    `json:"summary"`
	Count     int64     `json:"count"`
	Source    source    `json:"source"`
	Original  string    `json:"original,omitempty"`
}

type source struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}

type counts struct {
	ByVerdict map[string]int `json:"by_verdict"`
	BySector  map[string]int `json:"by_sector"`
	ByCountry map[string]int `json:"by_country"`
}

type organization struct {
	ID       string          `json:"id"`
	Verdict  vedette.Verdict `json:"verdict"`
	Targeted bool            `json:"targeted,omitempty"`
	Clusters []string        `json:"clusters,omitempty"`
	Events   int64           `json:"events"`
	Blind    []string        `json:"blind,omitempty"` // sentences: what can hide an attack
}

// Render implements report.Renderer.
func (renderer) Render(w io.Writer, a *vedette.Assessment, _ report.Options) error {
	out := assessment{
		Schema: Schema, Period: period{a.Start.UTC(), a.End.UTC()}, Ledger: a.Ledger, Simulated: a.Simulated,
		Clusters: []cluster{}, Organizations: []organization{}, Trends: []trend{}, BlindSpots: []blindSpot{},
	}
	constituents, hidden := make(map[string]*vedette.Organization), a.Hidden()
	for _, o := range a.Organizations {
		constituents[o.Organization.ID] = o.Organization
		converted := organization{ID: o.Organization.ID, Verdict: o.Verdict, Targeted: o.Targeted, Clusters: o.Clusters, Events: o.Events}
		for _, b := range hidden[o.Organization.ID] {
			converted.Blind = append(converted.Blind, b.Text)
		}
		out.Organizations = append(out.Organizations, converted)
	}
	for i := range a.Clusters {
		out.Clusters = append(out.Clusters, convert(&a.Clusters[i], constituents))
	}
	for i := range a.Trends {
		out.Trends = append(out.Trends, convertTrend(&a.Trends[i]))
	}
	for _, b := range a.BlindSpots {
		out.BlindSpots = append(out.BlindSpots, blindSpot{b.Organization, b.Asset, b.Kind, b.Since, b.Until, b.Text, b.Techniques})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(out)
}

func convert(c *vedette.Cluster, constituents map[string]*vedette.Organization) cluster {
	out := cluster{
		ID: c.ID, Name: c.Name, Targeted: c.Targeted, Reasons: c.Reasons, FirstSeen: c.FirstSeen, LastSeen: c.LastSeen,
		Infrastructure: []infrastructure{}, Techniques: []string{}, Tools: c.Tools, CVEs: c.CVEs, Attribution: []struct{}{},
		Organizations: []incident{},
		Counts: counts{
			ByVerdict: map[string]int{"reconnaissance": 0, "attempt": 0, "compromise": 0},
			BySector:  map[string]int{}, ByCountry: map[string]int{},
		},
	}
	for _, i := range c.Infrastructure {
		converted := infrastructure{Value: i.Value, Type: i.Type, Roles: i.Roles.Names(), FirstSeen: i.FirstSeen, LastSeen: i.LastSeen, Known: i.Known}
		if i.Geo != nil {
			converted.Country, converted.City, converted.ASN = i.Geo.Country, i.Geo.City, i.Geo.ASN
		}
		out.Infrastructure = append(out.Infrastructure, converted)
	}
	for _, e := range c.History {
		out.History = append(out.History, change{e.Time.UTC(), e.Kind, e.Other, e.Members})
	}
	for _, t := range c.Techniques {
		out.Techniques = append(out.Techniques, t.Name)
	}
	if o := c.Origin; o != nil {
		out.Origin = &origin{o.Country, o.City, o.UTCOffsetMinutes, o.Likelihood, o.Confidence}
	}
	for i := range c.Organizations {
		o := &c.Organizations[i]
		out.Organizations = append(out.Organizations, convertIncident(o))
		out.Counts.ByVerdict[o.Verdict.String()]++
		if org := constituents[o.ID]; org != nil {
			out.Counts.BySector[org.Sector]++
			out.Counts.ByCountry[org.Country]++
		}
	}
	return out
}

func convertIncident(o *vedette.ClusterOrganization) incident {
	out := incident{
		ID: o.ID, Verdict: o.Verdict, Confidence: o.Confidence, Reason: o.Reason, FirstSeen: o.FirstSeen, LastSeen: o.LastSeen,
		Findings: o.Findings, Evidence: []evidence{},
	}
	for _, e := range o.Evidence {
		out.Evidence = append(out.Evidence, evidence{
			Time: e.Time, Detector: e.Detector, Rule: e.Rule, Technique: e.Technique, Summary: e.Summary, Count: e.Count,
			Source: source{e.File, e.Line}, Original: e.Original,
		})
	}
	return out
}
