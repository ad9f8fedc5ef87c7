package blind

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// studied is a sensor with what is ordinary for it and what is not.
type studied struct {
	*sensor
	rhythm
	dark []silence
}

const (
	absorbed = 0.8 // share of an organization's silence that a sensor's must cover to be part of it
	lateDays = 7   // a start that is later than that is told
)

// silences judges every sensor, and all sensors of an organization as one.
func silences(c *vedette.Constituency, sensors []*sensor, p period) []vedette.BlindSpot {
	var alone, whole []studied
	for i := 0; i < len(sensors); {
		j := i
		for ; j < len(sensors) && sensors[j].organization == sensors[i].organization; j++ {
			if r, dark, ok := study(sensors[j].hours, p.start); ok {
				alone = append(alone, studied{sensors[j], r, dark})
			}
		}
		all := together(sensors[i:j])
		if r, dark, ok := study(all.hours, p.start); ok {
			whole = append(whole, studied{all, r, dark})
		}
		i = j
	}
	whole, alone = ordinaryDays(c, whole), ordinaryDays(c, successions(alone))
	var out []vedette.BlindSpot
	of := make(map[string][]silence)
	for _, s := range whole {
		for _, d := range s.dark {
			of[s.organization] = append(of[s.organization], d)
			out = append(out, tell(s, d, p))
		}
	}
	for _, s := range alone {
		for _, d := range s.dark {
			if !slices.ContainsFunc(of[s.organization], func(w silence) bool { return w.overlap(d) >= absorbed }) {
				out = append(out, tell(s, d, p))
			}
		}
	}
	return out
}

// handover is how many hours may lie between the end of a source and the
// beginning of the one that takes its place.
const handover = 72

// successions leaves out the end of a source and the late start of another one
// of the same product where the one follows the other: a machine was replaced,
// or its logs come by another way.
func successions(all []studied) []studied {
	taken := make(map[*sensor]map[silence]bool)
	mark := func(s studied, d silence) {
		if taken[s.sensor] == nil {
			taken[s.sensor] = make(map[silence]bool)
		}
		taken[s.sensor][d] = true
	}
	for i, s := range all {
		for _, d := range s.dark {
			for j := i - 1; d.to == len(s.hours) && j >= 0 && all[j].organization == s.organization; j-- {
				follow(s, all[j], d, mark)
			}
			for j := i + 1; d.to == len(s.hours) && j < len(all) && all[j].organization == s.organization; j++ {
				follow(s, all[j], d, mark)
			}
		}
	}
	out := slices.Clone(all)
	for i, s := range out {
		out[i].dark = slices.DeleteFunc(slices.Clone(s.dark), func(d silence) bool { return taken[s.sensor][d] })
	}
	return out
}

// follow marks the end d of old and the beginning of next if they meet.
func follow(old, next studied, d silence, mark func(studied, silence)) {
	for _, late := range next.dark {
		if late.from == 0 && next.product == old.product && abs(late.to-d.from) <= handover {
			mark(old, d)
			mark(next, late)
		}
	}
}

// Bounds of what several organizations share.
const (
	minPeers  = 3
	peerShare = 1.0 / 3
	alike     = 0.5 // share of both silences that must be common
)

// ordinaryDays leaves out silences that a third of the country's organizations
// (at least minPeers) had at the same time with the same product: a holiday. A
// source that is never quiet takes none.
func ordinaryDays(c *vedette.Constituency, all []studied) []studied {
	country := make(map[string]string)
	for i := range c.Organizations {
		country[c.Organizations[i].ID] = c.Organizations[i].Country
	}
	type kind struct{ country, product string }
	peers := make(map[kind][]studied)
	for _, s := range all {
		k := kind{country[s.organization], s.product}
		peers[k] = append(peers[k], s)
	}
	out := make([]studied, len(all))
	for i, s := range all {
		out[i] = s
		if s.mean >= alwaysOn {
			continue
		}
		out[i].dark = nil
		for _, d := range s.dark {
			others, same := make(map[string]bool), make(map[string]bool)
			for _, o := range peers[kind{country[s.organization], s.product}] {
				others[o.organization] = true
				if slices.ContainsFunc(o.dark, func(x silence) bool { return d.overlap(x) >= alike && x.overlap(d) >= alike }) {
					same[o.organization] = true
				}
			}
			if len(same) < minPeers || float64(len(same)) < peerShare*float64(len(others)) {
				out[i].dark = append(out[i].dark, d)
			}
		}
	}
	return out
}

// tell writes one silence.
func tell(s studied, d silence, p period) vedette.BlindSpot {
	b := vedette.BlindSpot{Organization: s.organization, Kind: vedette.BlindDark, Since: p.at(d.from), Until: p.at(d.to)}
	who, sent := "Nothing at all", "arrived"
	if s.product != "" {
		b.Asset = s.name()
		who, sent = "Nothing from "+s.name(), "arrived"
	}
	long := fmt.Sprintf("%s; its longest ordinary silence is %s", spell(d.hours()), spell(s.longest))
	switch {
	case d.from == 0:
		b.Kind, b.Since = vedette.BlindLate, time.Time{}
		if d.hours() < lateDays*24 {
			b.Kind = vedette.BlindDark
		}
		b.Text = fmt.Sprintf("%s %s before %s (%s).", who, sent, stamp(b.Until), long)
	case d.to == len(s.hours):
		b.Until = time.Time{}
		b.Text = fmt.Sprintf("%s %s since %s (%s).", who, sent, stamp(b.Since), long)
	default:
		b.Text = fmt.Sprintf("%s %s from %s to %s (%s).", who, sent, stamp(b.Since), stamp(b.Until), long)
	}
	return b
}

func stamp(t time.Time) string { return t.UTC().Format("2 January 2006 15:04") }

// spell writes hours in the largest unit of which there are two or more.
func spell(hours int) string {
	n, unit := hours, "hour"
	if hours >= 48 {
		n, unit = hours/24, "day"
	}
	if n != 1 {
		unit += "s"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, unit))
}
