// Package indicator finds events that involve a known indicator: an address or
// network at either end, a domain or any name below it, a URL, a file or
// certificate hash, each within its validity in time.
//
// What a match is worth depends on the direction. From outside, a known address
// shows itself at the gate: reconnaissance, until it does more. From inside, a
// machine that exchanged data with known infrastructure shows an effect; since
// lists age and addresses are shared, such a match alone is weak, and supports a
// verdict only together with other evidence. A question to DNS or an unanswered
// connection shows intent, not exchange.
package indicator

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	vocab "github.com/vedette-cti/vedette/internal/vocab/indicator"
)

// Plugin is the detector for the table of detectors.
var Plugin = detect.Plugin{Name: "indicator", New: func(env detect.Env) (detect.Set, error) {
	if len(env.Indicators) == 0 {
		return detect.Set{}, nil
	}
	return detect.Set{Streams: []detect.Stream{New(env.Indicators)}}, nil
}}

// Detector matches events against a fixed set of indicators. It is read-only
// after New and safe for concurrent use.
type Detector struct {
	networks bart.Table[[]*vedette.Indicator]
	domains  map[string][]*vedette.Indicator
	urls     map[string][]*vedette.Indicator
	hashes   map[string][]*vedette.Indicator
}

// New returns a detector for list, which it keeps.
func New(list []vedette.Indicator) *Detector {
	d := &Detector{
		domains: make(map[string][]*vedette.Indicator),
		urls:    make(map[string][]*vedette.Indicator),
		hashes:  make(map[string][]*vedette.Indicator),
	}
	for i := range list {
		ind := &list[i]
		switch ind.Type {
		case vedette.IndicatorAddress:
			if a, err := netip.ParseAddr(ind.Value); err == nil {
				d.insert(netip.PrefixFrom(a, a.BitLen()), ind)
			}
		case vedette.IndicatorNetwork:
			if p, err := netip.ParsePrefix(ind.Value); err == nil {
				d.insert(p, ind)
			}
		case vedette.IndicatorDomain:
			d.domains[ind.Value] = append(d.domains[ind.Value], ind)
		case vedette.IndicatorURL:
			d.urls[ind.Value] = append(d.urls[ind.Value], ind)
		case vedette.IndicatorHash:
			d.hashes[ind.Value] = append(d.hashes[ind.Value], ind)
		}
	}
	return d
}

func (d *Detector) insert(p netip.Prefix, ind *vedette.Indicator) {
	have, _ := d.networks.Get(p)
	d.networks.Insert(p, append(have, ind))
}

// Meta implements detect.Stream.
func (d *Detector) Meta() detect.Meta {
	return detect.Meta{Name: "indicator", Doc: "Addresses, networks, domains, URLs and hashes that intelligence calls hostile (STIX 2.1 indicators, lists), within their validity."}
}

// Inspect implements detect.Stream.
func (d *Detector) Inspect(e *vedette.Event, emit detect.Emit) {
	if d.networks.Size() > 0 {
		if ind := d.address(e.SourceIP, e.Time); ind != nil {
			d.emit(e, ind, e.SourceIP, "", emit)
		}
		if ind := d.address(e.DestinationIP, e.Time); ind != nil {
			d.emit(e, ind, e.DestinationIP, "", emit)
		}
	}
	if len(d.domains) > 0 {
		for _, name := range [...]string{e.DNSQuestion, e.ServerName, e.URLDomain} {
			if name == "" {
				continue
			}
			if ind := d.domain(name, e.Time); ind != nil {
				actor := e.DestinationIP
				if name == e.DNSQuestion {
					actor = netip.Addr{} // that is the resolver
				}
				d.emit(e, ind, actor, name, emit)
				break // one machine, one name: the same fact once
			}
		}
	}
	if len(d.urls) > 0 && e.URL != "" {
		d.url(e, emit)
	}
	if len(d.hashes) > 0 {
		for _, h := range [...]string{e.SHA256, e.SHA1, e.MD5} {
			if h == "" {
				continue
			}
			if ind := valid(d.hashes[strings.ToLower(h)], e.Time); ind != nil {
				d.emit(e, ind, netip.Addr{}, h, emit)
				break
			}
		}
	}
}

// address returns the most specific indicator for a that holds at t.
func (d *Detector) address(a netip.Addr, t int64) *vedette.Indicator {
	if !a.IsValid() {
		return nil
	}
	list, ok := d.networks.Lookup(a)
	if !ok {
		return nil
	}
	if ind := valid(list, t); ind != nil {
		return ind
	}
	for _, list := range d.networks.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		if ind := valid(list, t); ind != nil {
			return ind
		}
	}
	return nil
}

// domain returns the indicator for name or the nearest name above it.
func (d *Detector) domain(name string, t int64) *vedette.Indicator {
	for i := 0; i < len(name); i++ {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			name = strings.ToLower(name)
			break
		}
	}
	name = strings.TrimSuffix(name, ".")
	for {
		if ind := valid(d.domains[name], t); ind != nil {
			return ind
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return nil
		}
		name = name[i+1:]
	}
}

func (d *Detector) url(e *vedette.Event, emit detect.Emit) {
	host, rest := e.URLDomain, e.URL
	if i := strings.Index(rest, "://"); i >= 0 {
		host, rest = rest[i+3:], ""
		if j := strings.IndexByte(host, '/'); j >= 0 {
			host, rest = host[:j], host[j:]
		}
	}
	if host == "" {
		return
	}
	value := vocab.CanonicalURL(host, rest)
	if ind := valid(d.urls[value], e.Time); ind != nil {
		d.emit(e, ind, e.DestinationIP, value, emit)
	}
}

func valid(list []*vedette.Indicator, t int64) *vedette.Indicator {
	for _, ind := range list {
		if ind.ValidAt(t) {
			return ind
		}
	}
	return nil
}

// emit states what a match means by the event's direction.
func (d *Detector) emit(e *vedette.Event, ind *vedette.Indicator, actor netip.Addr, name string, emit detect.Emit) {
	det := vedette.Detection{
		Detector: "indicator", Rule: kinds[ind.Type], Title: "Known indicator: " + ind.Value,
		Severity: vedette.SeverityMedium, Confidence: ind.Confidence, Indicator: ind.Value,
		Actor: actor, ActorName: name, Stage: vedette.VerdictReconnaissance,
		Techniques: []string{"T1595"}, Role: vedette.RoleScanner, Weak: true,
	}
	what := "contacted from"
	if actor.IsValid() && actor == e.DestinationIP || name != "" && e.Direction != vedette.DirectionInbound {
		what = "contact to"
		det.Target = e.SourceIP
		det.Techniques, det.Role = []string{"T1071"}, vedette.RoleC2
		det.Stage, det.Severity = vedette.VerdictAttempt, vedette.SeverityHigh
		if exchanged(e) {
			det.Stage, det.Effect = vedette.VerdictCompromise, true
		}
	} else {
		det.Target, det.TargetPort = e.DestinationIP, e.DestinationPort
	}
	if ind.Type == vedette.IndicatorHash {
		what, det.Techniques, det.Role = "file or certificate", []string{"T1105"}, 0
		det.Actor, det.ActorName = netip.Addr{}, ""
	}
	label := ind.Label
	if label != "" {
		label = " (" + label + ")"
	}
	det.Summary = fmt.Sprintf("%s %s%s, listed by %s", what, ind.Value, label, ind.Source)
	emit(&det)
}

// exchanged reports whether e shows data going both ways, or a request that was
// answered.
func exchanged(e *vedette.Event) bool {
	if e.Outcome == vedette.OutcomeFailure || e.DNSQuestion != "" {
		return false
	}
	if e.Has&vedette.HasDestinationBytes != 0 {
		return e.DestinationBytes > 0
	}
	return e.Status != 0 || e.ServerName != "" || e.Outcome == vedette.OutcomeSuccess
}

var kinds = map[vedette.IndicatorType]string{
	vedette.IndicatorAddress: "address", vedette.IndicatorNetwork: "network", vedette.IndicatorDomain: "domain",
	vedette.IndicatorURL: "url", vedette.IndicatorHash: "hash",
}
