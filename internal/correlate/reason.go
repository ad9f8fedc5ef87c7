package correlate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// reason explains a verdict in two sentences: what was seen, where and when; and
// what led to it, or what was not seen.
func reason(v vedette.Verdict, lead *deed, support, all []*deed, org *vedette.Organization, actorOf map[*deed]*actor) string {
	if lead == nil {
		return ""
	}
	return seen(v, lead, org, actorOf[lead]) + " " + background(v, lead, support, all)
}

// seen is the first sentence.
func seen(v vedette.Verdict, lead *deed, org *vedette.Organization, a *actor) string {
	text := label(v) + ": " + clause(lead.title)
	if where := place(lead, org); where != "" {
		text += " at " + where
	}
	summary := ""
	if len(lead.items) > 0 {
		summary = clause(lead.items[0].Summary)
	}
	if who := a.key.String(); !strings.Contains(summary, who) && !strings.Contains(who, " ") {
		text += " from " + who
	}
	text += " on " + date(lead.first)
	if summary != "" {
		text += " (" + summary + ")"
	}
	return text + "."
}

// background is the second sentence.
func background(v vedette.Verdict, lead *deed, support, all []*deed) string {
	var before, other int64
	var first *deed
	rules := make(map[string]bool)
	for _, d := range all { // by time
		if d == lead {
			continue
		}
		other++
		rules[ruleOf(d)] = true
		if d.first <= lead.first {
			before += d.count
			if first == nil || d.stage > first.stage {
				first = d
			}
		}
	}
	switch {
	case v == vedette.VerdictCompromise && lead.weak && len(kinds(support)) > 1:
		i := slices.IndexFunc(support, func(d *deed) bool { return d != lead })
		return fmt.Sprintf("Alone that might be ordinary, but it agrees with another sign of the same cluster: %s, on %s.", clause(support[i].title), date(support[i].first))
	case v == vedette.VerdictCompromise && before > 0:
		return fmt.Sprintf("The same cluster led up to it with %s of %s, among them %s on %s.", plural(before, "finding"), plural(int64(len(rules)), "kind"), clause(first.title), date(first.first))
	case v == vedette.VerdictCompromise:
		return "Nothing by the same cluster was seen before it."
	case v == vedette.VerdictAttempt && slices.ContainsFunc(support, func(d *deed) bool { return d.effect }):
		return "An effect on the victim's side is possible but not shown: it may be ordinary life."
	case v == vedette.VerdictAttempt && len(rules) > 0:
		return fmt.Sprintf("%s of findings by the same cluster agree, and no effect on the victim's side was seen.", capital(plural(int64(len(rules)), "more kind")))
	case v == vedette.VerdictAttempt:
		return "No effect on the victim's side was seen."
	}
	return "Nothing that attacks was seen to follow."
}

// place names the machines that a finding is about.
func place(d *deed, org *vedette.Organization) string {
	targets := make([]netip.Addr, 0, len(d.targets))
	for t := range d.targets {
		targets = append(targets, t)
	}
	slices.SortFunc(targets, netip.Addr.Compare)
	switch {
	case len(targets) == 0:
		return ""
	case len(targets) > 1:
		return fmt.Sprintf("%s and %s", targets[0], plural(int64(len(targets)-1), "other machine"))
	}
	i := slices.IndexFunc(org.Assets, func(a vedette.Asset) bool { return a.Address == targets[0] })
	if i < 0 {
		return targets[0].String()
	}
	return fmt.Sprintf("%s (%s)", targets[0], org.Assets[i].ID)
}

// clause makes a text part of a sentence: what ends a sentence within it becomes
// a semicolon.
func clause(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ". ")
	return strings.ReplaceAll(text, ". ", "; ")
}

func date(t int64) string { return time.Unix(0, t).UTC().Format("2 January 2006 15:04 UTC") }

func plural(n int64, what string) string {
	if n == 1 {
		return "one " + what
	}
	noun, rest, _ := strings.Cut(what, " of ")
	if rest != "" {
		rest = " of " + rest
		if !strings.HasSuffix(rest, "s") {
			rest += "s"
		}
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss%s", n, noun, rest)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func label(v vedette.Verdict) string {
	return [...]string{"Nothing", "Reconnaissance", "Attempt", "Compromise"}[v]
}

// maxEvidence is how many lines a verdict cites.
const maxEvidence = 12

// cite lists what leads first, then what else carries the verdict, then the
// rest, each by time.
func cite(lead *deed, support, all []*deed) []vedette.EvidenceItem {
	var out []vedette.EvidenceItem
	add := func(d *deed, each int) {
		for _, item := range d.items[:min(each, len(d.items))] {
			item.Count = d.count
			same := func(o vedette.EvidenceItem) bool { return o.File == item.File && o.Line == item.Line }
			if len(out) < maxEvidence && (item.File == "" || !slices.ContainsFunc(out, same)) {
				out = append(out, item)
			}
		}
	}
	support = slices.Clone(support)
	slices.SortStableFunc(support, func(a, b *deed) int { return int(b.stage) - int(a.stage) })
	each := maxItems
	if len(support) > 4 {
		each = 1
	}
	if lead != nil {
		add(lead, maxItems)
	}
	for _, d := range support {
		if d != lead {
			add(d, each)
		}
	}
	for _, d := range all {
		if !slices.Contains(support, d) {
			add(d, 1)
		}
	}
	return out
}
