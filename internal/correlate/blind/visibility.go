package blind

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

//go:embed visibility.tsv
var visibilityText string

// group is a kind of datasets.
type group struct {
	phrase   string
	datasets []string
}

// need is a group and a direction, empty for any.
type need struct{ group, direction string }

// technique is what can show it.
type technique struct {
	id    string
	needs []need
}

var groups, techniques = parseVisibility(visibilityText)

func parseVisibility(text string) (map[string]group, []technique) {
	gs := make(map[string]group)
	var ts []technique
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case len(f) == 3 && strings.HasPrefix(f[0], "="):
			gs[f[0][1:]] = group{f[1], strings.Fields(f[2])}
		case len(f) == 2:
			t := technique{id: f[0]}
			for _, n := range strings.Fields(f[1]) {
				name, direction, _ := strings.Cut(n, ":")
				t.needs = append(t.needs, need{name, direction})
			}
			ts = append(ts, t)
		}
	}
	return gs, ts
}

func allTechniques() []string {
	out := make([]string, len(techniques))
	for i, t := range techniques {
		out[i] = t.id
	}
	return out
}

// met reports whether an organization's telemetry fulfills n. Where direction
// is not known, it does.
func (n need) met(seen []presence) bool {
	return slices.ContainsFunc(seen, func(p presence) bool {
		return slices.Contains(groups[n.group].datasets, p.dataset) && (n.direction == "" || p.direction == n.direction || !p.directed())
	})
}

// directed reports whether the direction of such events can be known.
func (p presence) directed() bool { return p.direction != "" }

// visibility says which directions and techniques an organization's sources
// cannot show.
func visibility(o *vedette.Organization, seen []presence) []vedette.BlindSpot {
	var unseen []technique
	for _, t := range techniques {
		if !slices.ContainsFunc(t.needs, func(n need) bool { return n.met(seen) }) {
			unseen = append(unseen, t)
		}
	}
	take := func(direction string) (ids []string) {
		unseen = slices.DeleteFunc(unseen, func(t technique) bool {
			wants := direction == "" || slices.ContainsFunc(t.needs, func(n need) bool { return n.direction == direction }) ||
				direction == "inbound" && slices.ContainsFunc(t.needs, func(n need) bool { return n.group == "login" || n.group == "device" })
			if wants {
				ids = append(ids, t.id)
			}
			return wants
		})
		return ids
	}
	var out []vedette.BlindSpot
	known := slices.ContainsFunc(seen, presence.directed)
	if known && !flows(seen, "inbound") {
		out = append(out, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindNoInbound, Techniques: take("inbound"),
			Text: "No source shows what comes in from outside, so attacks on it cannot be seen."})
	}
	if known && !flows(seen, "outbound") {
		out = append(out, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindNoOutbound, Techniques: take("outbound"),
			Text: "No source shows what its machines open outward, so a foothold that calls home cannot be seen."})
	}
	if len(unseen) > 0 {
		wanted := wish(unseen)
		ids := take("")
		out = append(out, vedette.BlindSpot{Organization: o.ID, Kind: vedette.BlindTechnique, Techniques: ids,
			Text: "No present source could show " + strings.Join(ids, ", ") + "; " + wanted + " would."})
	}
	return out
}

// flows reports whether there are events of that direction.
func flows(seen []presence, direction string) bool {
	return slices.ContainsFunc(seen, func(p presence) bool { return p.direction == direction })
}

// wish names the sources that would show the techniques.
func wish(unseen []technique) string {
	var names []string
	for _, t := range unseen {
		phrase := groups[t.needs[0].group].phrase
		if d := t.needs[0].direction; d != "" {
			phrase = d + " " + phrase
		}
		if !slices.Contains(names, phrase) {
			names = append(names, phrase)
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}
