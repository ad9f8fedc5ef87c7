package indicator

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// object is the part of a STIX 2.0 or 2.1 object that matters here.
type object struct {
	Type         string    `json:"type"`
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Pattern      string    `json:"pattern"`
	PatternType  string    `json:"pattern_type"`
	ValidFrom    time.Time `json:"valid_from"`
	ValidUntil   time.Time `json:"valid_until"`
	Revoked      bool      `json:"revoked"`
	Confidence   *int      `json:"confidence"`
	Relationship string    `json:"relationship_type"`
	SourceRef    string    `json:"source_ref"`
	TargetRef    string    `json:"target_ref"`
}

// parseBundle reads the indicators of a bundle, or of a single object. The label
// of an indicator is the name of the intrusion set, actor, malware, tool or
// campaign that it indicates, else its own name.
func parseBundle(r io.Reader, source string) (Result, error) {
	var bundle struct {
		object
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.NewDecoder(r).Decode(&bundle); err != nil {
		return Result{}, fmt.Errorf("%s: not a STIX bundle: %w", source, err)
	}
	var (
		out     Result
		objects []object
	)
	if bundle.Type == "indicator" {
		objects = append(objects, bundle.object)
	}
	for i, raw := range bundle.Objects {
		var o object
		if err := json.Unmarshal(raw, &o); err != nil {
			out.Skipped = append(out.Skipped, Skipped{ID: fmt.Sprintf("object %d", i+1), Reason: err.Error()})
			continue
		}
		objects = append(objects, o)
	}
	labels := indicated(objects)
	for _, o := range objects {
		if o.Type != "indicator" {
			continue
		}
		found, err := fromPattern(o)
		if err != nil {
			out.Skipped = append(out.Skipped, Skipped{ID: o.ID, Reason: err.Error()})
			continue
		}
		for _, ind := range found {
			ind.ID, ind.Source, ind.Label = o.ID, source, o.Name
			if l := labels[o.ID]; l != "" {
				ind.Label = l
			}
			ind.ValidFrom, ind.ValidUntil, ind.Confidence = o.ValidFrom, o.ValidUntil, 50
			if o.Confidence != nil {
				ind.Confidence = *o.Confidence
			}
			out.Indicators = append(out.Indicators, ind)
		}
	}
	return out, nil
}

// indicated maps indicator ids to the names of what they indicate.
func indicated(objects []object) map[string]string {
	names := make(map[string]string)
	for _, o := range objects {
		if o.Type != "indicator" && o.Name != "" {
			names[o.ID] = o.Name
		}
	}
	out := make(map[string]string)
	for _, o := range objects {
		if o.Type == "relationship" && o.Relationship == "indicates" && names[o.TargetRef] != "" {
			out[o.SourceRef] = names[o.TargetRef]
		}
	}
	return out
}

var (
	stringLiteral = `'((?:[^'\\]|\\.)*)'`
	// oneComparison is a comparison of a single-valued path with one string or,
	// by IN, with several.
	oneComparison = regexp.MustCompile(`^\(?\s*([a-z0-9-]+):([A-Za-z0-9_.'\[\]*-]+)\s*(=|IN)\s*(` + stringLiteral +
		`|\(\s*` + stringLiteral + `(?:\s*,\s*` + stringLiteral + `)*\s*\))\s*\)?$`)
	literal = regexp.MustCompile(stringLiteral)
	orWord  = regexp.MustCompile(`\s+OR\s+`)
	unquote = strings.NewReplacer(`\'`, `'`, `\\`, `\`)
)

func fromPattern(o object) ([]vedette.Indicator, error) {
	switch {
	case o.Revoked:
		return nil, fmt.Errorf("revoked")
	case o.PatternType != "" && o.PatternType != "stix":
		return nil, fmt.Errorf("pattern type %q is not stix", o.PatternType)
	}
	pattern := strings.TrimSpace(o.Pattern)
	inner := regexp.MustCompile(`\]\s*OR\s*\[`).ReplaceAllString(pattern, " OR ")
	if !strings.HasPrefix(inner, "[") || !strings.HasSuffix(inner, "]") {
		return nil, fmt.Errorf("pattern needs more than one value: %.120s", pattern)
	}
	var out []vedette.Indicator
	for _, term := range orWord.Split(strings.TrimSpace(inner[1:len(inner)-1]), -1) {
		m := oneComparison.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			return nil, fmt.Errorf("pattern needs more than one value: %.120s", pattern)
		}
		for _, quoted := range literal.FindAllStringSubmatch(m[4], -1) {
			ind, err := fromComparison(m[1], m[2], unquote.Replace(quoted[1]))
			if err != nil {
				return nil, err
			}
			out = append(out, ind)
		}
	}
	return out, nil
}

// fromComparison maps STIX object paths (STIX 2.1, section 6) to indicators.
func fromComparison(kind, path, value string) (vedette.Indicator, error) {
	switch {
	case (kind == "ipv4-addr" || kind == "ipv6-addr") && path == "value":
		if strings.Contains(value, "/") {
			return Make(vedette.IndicatorNetwork, value)
		}
		return Make(vedette.IndicatorAddress, value)
	case kind == "domain-name" && path == "value":
		return Make(vedette.IndicatorDomain, value)
	case kind == "url" && path == "value":
		return Make(vedette.IndicatorURL, value)
	case kind == "network-traffic" && (path == "dst_ref.value" || path == "src_ref.value"):
		return Recognize(value)
	case (kind == "file" || kind == "artifact" || kind == "x509-certificate") && strings.HasPrefix(path, "hashes."):
		return Make(vedette.IndicatorHash, value)
	}
	return vedette.Indicator{}, fmt.Errorf("%s:%s is not a value that telemetry is compared with", kind, path)
}
