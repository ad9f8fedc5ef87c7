package takeover

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Thresholds. Telemetry often begins with the intrusion, so a past counts only
// when it is one: two days at least, and, away from home, a week old.
const (
	hostileFailures = 5  // failures before the first success that make an address hostile
	manyFailures    = 10 // that do so even in the organization's own country
	overwhelming    = 20 // that do so even in a known network
	pastDays        = 2
	pastAge         = 7 * 24 * time.Hour
	baseline        = 3 * 24 * time.Hour // administration telemetry before a visit that makes novelty meaningful
)

// past is where an organization was administered from, up to some time, by
// addresses that were not hostile.
type past struct {
	home      string
	since     time.Time // first administration in the telemetry
	blocks    map[netip.Prefix]*habit
	networks  map[uint32]*habit
	countries map[string]*habit
}

// habit is how often a place was seen.
type habit struct {
	first time.Time
	days  int
}

func newPast(home string, since time.Time) *past {
	return &past{home, since, make(map[netip.Prefix]*habit), make(map[uint32]*habit), make(map[string]*habit)}
}

// established reports whether h was a habit at t. local places need no age.
func (h *habit) established(t time.Time, local bool) bool {
	return h != nil && h.days >= pastDays && (local || t.Sub(h.first) >= pastAge)
}

// add takes a visit into the past. A hostile address founds no habit.
func (p *past) add(v *visit) {
	if v.failures >= hostileFailures && !p.known(v) {
		return
	}
	note(p.blocks, block(v.source), v.first)
	if v.asn != 0 {
		note(p.networks, v.asn, v.first)
	}
	if v.country != "" {
		note(p.countries, v.country, v.first)
	}
}

func note[K comparable](m map[K]*habit, k K, t time.Time) {
	h := m[k]
	if h == nil {
		m[k] = &habit{first: t, days: 1}
	} else {
		h.days++
	}
}

// known reports whether administrators come from v's address block or
// autonomous system.
func (p *past) known(v *visit) bool {
	local := v.country == p.home && v.country != ""
	return p.blocks[block(v.source)].established(v.first, local) ||
		v.asn != 0 && p.networks[v.asn].established(v.first, local)
}

// local reports whether administrators come from v's country, or live there.
func (p *past) local(v *visit) bool {
	return v.country != "" && (v.country == p.home || p.countries[v.country].established(v.first, false))
}

// block is the neighborhood that counts as the same place: /24 or /64.
func block(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}

// judgment is what a visit means; the zero value: nothing to report.
type judgment struct {
	stage      vedette.Verdict
	confidence int
	weak       bool
}

// judge weighs a visit against the past.
func (p *past) judge(v *visit) judgment {
	done := v.kindsDone()
	hostile := v.failures >= hostileFailures
	known, local := p.known(v), p.local(v)
	weak := judgment{vedette.VerdictAttempt, 40, true}
	c := 0
	switch {
	case done == 0, known && v.failures < overwhelming:
		return judgment{}
	case hostile && (v.failures >= manyFailures || v.country != "" && !local):
		c = 85
	case hostile && v.country == "":
		c = 70
	case !local && v.country != "" && done >= 2:
		c = 65 + 5*(done-1)
		if v.first.Sub(p.since) < baseline {
			c -= 10
		}
	case !local && v.country != "", done >= 3 && v.blinds():
		return weak
	default:
		return judgment{}
	}
	if hostile && done >= 2 {
		c += 5
	}
	return judgment{vedette.VerdictCompromise, min(c, 95), false}
}

// takeovers reports, for each address and organization, its gravest visit.
func (d *detector) takeovers(ctx context.Context, events detect.EventStore, span detect.Span, emit detect.Emit) error {
	all, err := visits(ctx, events, span.End)
	if err != nil {
		return err
	}
	type verdict struct {
		visit *visit
		judgment
	}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].org == all[0].org {
			n++
		}
		p := newPast(detect.Home(d.constituency, all[0].org), all[0].first)
		var order []netip.Addr
		worst := make(map[netip.Addr]verdict)
		for _, v := range all[:n] {
			j := p.judge(v)
			p.add(v)
			w, seen := worst[v.source]
			if j.stage == vedette.VerdictNone || v.lastChange.Before(span.Start) || seen && w.confidence >= j.confidence {
				continue
			}
			if !seen {
				order = append(order, v.source)
			}
			worst[v.source] = verdict{v, j}
		}
		for _, a := range order {
			det, err := worst[a].visit.detection(ctx, events, worst[a].judgment)
			if err != nil {
				return err
			}
			emit(det)
		}
		all = all[n:]
	}
	return nil
}

func (v *visit) detection(ctx context.Context, events detect.EventStore, j judgment) (*vedette.Detection, error) {
	det := &vedette.Detection{
		Detector: name, Rule: "device-takeover", Title: "Device administered by an intruder", Organization: v.org,
		Time: v.first.UnixNano(), LastTime: max(v.lastChange.UnixNano(), v.last.UnixNano()), Count: 1,
		Stage: j.stage, Effect: j.stage == vedette.VerdictCompromise, Confidence: j.confidence, Weak: j.weak,
		Severity: vedette.SeverityCritical, Techniques: []string{"T1133", "T1078"},
		Actor: v.source, Target: v.target, TargetPort: v.port, Role: vedette.RoleAdministration,
	}
	if j.weak {
		det.Rule, det.Title, det.Severity = "unusual-administration", "Sensitive changes by an unusual administrator", vedette.SeverityMedium
	}
	var did []string
	for i, k := range kinds {
		if v.changes[i] == 0 {
			continue
		}
		det.Count += v.changes[i]
		did = append(did, fmt.Sprintf("%s (%d)", k.words, v.changes[i]))
		if k.technique != "T1133" {
			det.Techniques = append(det.Techniques, k.technique)
		}
		if i == tunnels {
			det.Role |= vedette.RoleTunnel
		}
	}
	from := v.country
	if from == "" {
		from = "country unknown"
	}
	det.Summary = fmt.Sprintf("%s (%s) logged in to the administration after %d failures, and within %s: %s.",
		v.source, from, v.failures, detect.Spell(v.lastChange.Sub(v.first)+time.Minute), strings.Join(did, ", "))
	return det, v.cite(ctx, events, det)
}

// cite proves det by the login and the first changes.
func (v *visit) cite(ctx context.Context, events detect.EventStore, det *vedette.Detection) error {
	const own = ` AND coalesce(organization, '') = ? AND source_ip = ? AND time >= ? AND time < ?`
	args := []any{v.org, vedette.AddrToBig(v.source), v.first, v.first.Add(24 * time.Hour)}
	login, err := detect.Cite(ctx, events, 1, isEntry+own, args...)
	if err != nil {
		return err
	}
	changes, err := detect.Cite(ctx, events, 4, isKind+own, args...)
	det.Evidence = append(login, changes...)
	return err
}
