package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// CorrelationType is the kind of a correlation (Sigma correlation rules
// specification 2.1, section "Correlation types").
type CorrelationType string

// Types of correlations.
const (
	EventCount      CorrelationType = "event_count"
	ValueCount      CorrelationType = "value_count"
	Temporal        CorrelationType = "temporal"
	TemporalOrdered CorrelationType = "temporal_ordered"
	ValueSum        CorrelationType = "value_sum"
	ValueAverage    CorrelationType = "value_avg"
	ValuePercentile CorrelationType = "value_percentile"
)

// Correlation is a rule over the matches of other rules.
type Correlation struct {
	Meta
	Type     CorrelationType
	Rules    []string // ids or names of rules or correlations, in order
	GroupBy  []string // fields or aliases whose values must be equal
	Timespan time.Duration
	// Aliases names a field that is called differently by each rule: alias to
	// rule to field.
	Aliases map[string]map[string]string
	// Generate says that the referred rules are findings by themselves too.
	Generate bool
	// Thresholds must all hold for the count (or sum, ...). Empty for temporal
	// correlations, which want each of Rules at least once.
	Thresholds []Threshold
	// Fields whose distinct values are counted, or that are summed up.
	Fields []string
	// Percentile of a value_percentile correlation, 0 to 100.
	Percentile float64
	// Rule condition of an extended temporal correlation: a tree whose items
	// have the rule's reference as Field; nil if there is none.
	Condition *Expr
}

// Threshold is a condition on a number.
type Threshold struct {
	Compare Compare
	Value   float64
}

// Holds reports whether n meets all thresholds.
func (c *Correlation) Holds(n float64) bool {
	for _, t := range c.Thresholds {
		if !t.Compare.Holds(n, t.Value) {
			return false
		}
	}
	return true
}

// FieldOf returns the name that the rule has for a group-by field or alias.
func (c *Correlation) FieldOf(field, rule string) string {
	if m, ok := c.Aliases[field]; ok {
		if f, ok := m[rule]; ok {
			return f
		}
	}
	return field
}

func parseCorrelation(meta Meta, section any) (*Correlation, error) {
	m, ok := section.(yaml.MapSlice)
	if !ok {
		return nil, errors.New("correlation must be a mapping")
	}
	c := &Correlation{Meta: meta}
	var condition any
	for _, kv := range m {
		var err error
		key, _ := kv.Key.(string)
		switch key {
		case "type":
			s, _ := kv.Value.(string)
			c.Type = CorrelationType(s)
		case "rules":
			c.Rules, err = stringList(kv.Value)
		case "group-by":
			c.GroupBy, err = stringList(kv.Value)
		case "timespan":
			c.Timespan, err = parseTimespan(kv.Value)
		case "aliases":
			c.Aliases, err = parseAliases(kv.Value)
		case "generate":
			c.Generate, ok = kv.Value.(bool)
			if !ok {
				err = errors.New("must be true or false")
			}
		case "condition":
			condition = kv.Value
		}
		if err != nil {
			return nil, fmt.Errorf("correlation: %s: %w", key, err)
		}
	}
	if len(c.Rules) == 0 {
		return nil, errors.New("correlation: refers to no rules")
	}
	if c.Timespan <= 0 {
		return nil, errors.New("correlation: has no timespan")
	}
	if err := c.setCondition(condition); err != nil {
		return nil, fmt.Errorf("correlation: %w", err)
	}
	return c, nil
}

func (c *Correlation) setCondition(v any) error {
	temporal := c.Type == Temporal || c.Type == TemporalOrdered
	switch c.Type {
	case EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAverage, ValuePercentile:
	default:
		return fmt.Errorf("unknown type %q", c.Type)
	}
	switch v := v.(type) {
	case nil:
		if !temporal {
			return errors.New("has no condition")
		}
		return nil
	case string:
		if !temporal {
			return errors.New("condition must be a mapping")
		}
		var err error
		c.Condition, err = parseCondition(v, ruleNames(c.Rules))
		return err
	case yaml.MapSlice:
		for _, kv := range v {
			if err := c.conditionKey(kv); err != nil {
				return fmt.Errorf("condition: %w", err)
			}
		}
	default:
		return errors.New("condition must be a mapping")
	}
	if c.Type != EventCount && !temporal && len(c.Fields) == 0 {
		return errors.New("condition: has no field")
	}
	if len(c.Thresholds) == 0 {
		return errors.New("condition: has no comparison")
	}
	return nil
}

func (c *Correlation) conditionKey(kv yaml.MapItem) error {
	key, _ := kv.Key.(string)
	if key == "field" {
		var err error
		c.Fields, err = stringList(kv.Value)
		return err
	}
	s, err := scalarText(kv.Value)
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("%s wants a number", key)
	}
	switch key {
	case "percentile":
		c.Percentile = n
	case "eq":
		c.Thresholds = append(c.Thresholds, Threshold{CompareEQ, n})
	case "neq":
		c.Thresholds = append(c.Thresholds, Threshold{CompareNEQ, n})
	default:
		cmp, ok := compares[key]
		if !ok {
			return fmt.Errorf("unknown key %q", key)
		}
		c.Thresholds = append(c.Thresholds, Threshold{cmp, n})
	}
	return nil
}

// ruleNames resolves references in the condition of a temporal correlation.
type ruleNames []string

func (r ruleNames) search(name string) (*Expr, bool) {
	if !slices.Contains(r, name) {
		return nil, false
	}
	return &Expr{Item: &Item{Field: name}}, true
}

func (r ruleNames) names() []string { return r }

func parseAliases(v any) (map[string]map[string]string, error) {
	m, ok := v.(yaml.MapSlice)
	if !ok {
		return nil, errors.New("must be a mapping")
	}
	out := make(map[string]map[string]string, len(m))
	for _, alias := range m {
		name, _ := alias.Key.(string)
		fields, ok := alias.Value.(yaml.MapSlice)
		if !ok {
			return nil, errors.New("each must be a mapping of rule to field")
		}
		out[name] = make(map[string]string, len(fields))
		for _, kv := range fields {
			rule, _ := kv.Key.(string)
			field, ok := kv.Value.(string)
			if !ok {
				return nil, errors.New("each must be a mapping of rule to field")
			}
			out[name][rule] = field
		}
	}
	return out, nil
}

// parseTimespan reads a number and a unit: s, m, h, d, w, M (30 days), y (365
// days).
func parseTimespan(v any) (time.Duration, error) {
	s, _ := v.(string)
	if len(s) < 2 {
		return 0, errors.New("wants a number and a unit, such as 15m")
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour,
		'w': 7 * 24 * time.Hour, 'M': 30 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}
	unit, ok := units[s[len(s)-1]]
	n, err := strconv.ParseInt(strings.TrimSpace(s[:len(s)-1]), 10, 64)
	if !ok || err != nil || n <= 0 || n > int64(100*365*24*time.Hour/unit) {
		return 0, errors.New("wants a number and a unit, such as 15m")
	}
	return time.Duration(n) * unit, nil
}
