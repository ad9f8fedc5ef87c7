package sigma

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// search implements resolve.
func (r *Rule) search(name string) (*Expr, bool) {
	for i := range r.Searches {
		if r.Searches[i].Name == name {
			return r.Searches[i].Expr, true
		}
	}
	return nil, false
}

// names implements resolve.
func (r *Rule) names() []string {
	names := make([]string, len(r.Searches))
	for i := range r.Searches {
		names[i] = r.Searches[i].Name
	}
	return names
}

func (p *parser) detection(r *Rule, section any) error {
	m, ok := section.(yaml.MapSlice)
	if !ok {
		return errors.New("detection must be a mapping")
	}
	var conditions []string
	for _, kv := range m {
		name, ok := kv.Key.(string)
		if !ok {
			return errors.New("detection: a search's name must be text")
		}
		switch name {
		case "timeframe":
			// Belongs to the deprecated aggregations, which are refused.
		case "condition":
			var err error
			if conditions, err = stringList(kv.Value); err != nil {
				return fmt.Errorf("condition: %w", err)
			}
		default:
			e, err := p.searchExpr(kv.Value)
			if err != nil {
				return fmt.Errorf("search %s: %w", name, err)
			}
			e.Optional = strings.HasPrefix(name, "filter_optional")
			r.Searches = append(r.Searches, Search{name, e})
		}
	}
	if len(conditions) == 0 {
		return errors.New("detection has no condition")
	}
	var args []*Expr
	for _, c := range conditions {
		e, err := parseCondition(c, r)
		if err != nil {
			return err
		}
		args = append(args, e)
	}
	r.Condition = combine(OpOr, args)
	return nil
}

// searchExpr reads a search: a mapping is joined with And, a list with Or, a
// scalar is a keyword. The result is a node of its own.
func (p *parser) searchExpr(v any) (*Expr, error) {
	switch v := v.(type) {
	case yaml.MapSlice:
		if len(v) == 0 {
			return nil, errors.New("is empty")
		}
		args := make([]*Expr, 0, len(v))
		for _, kv := range v {
			e, err := p.fieldExpr(kv)
			if err != nil {
				return nil, err
			}
			args = append(args, e)
		}
		return &Expr{Op: OpAnd, Args: args}, nil
	case []any:
		if len(v) == 0 {
			return nil, errors.New("is empty")
		}
		var args []*Expr
		var words []any
		for _, x := range v {
			switch x.(type) {
			case yaml.MapSlice, []any:
				e, err := p.searchExpr(x)
				if err != nil {
					return nil, err
				}
				args = append(args, e)
			default:
				words = append(words, x)
			}
		}
		if len(words) > 0 {
			e, err := p.itemExpr("", nil, words)
			if err != nil {
				return nil, err
			}
			args = append(args, e)
		}
		return &Expr{Op: OpOr, Args: args}, nil
	case nil:
		return nil, errors.New("is empty")
	}
	e, err := p.itemExpr("", nil, []any{v})
	if err != nil {
		return nil, err
	}
	return &Expr{Op: OpOr, Args: []*Expr{e}}, nil
}

func (p *parser) fieldExpr(kv yaml.MapItem) (*Expr, error) {
	key, err := scalarText(kv.Key)
	if err != nil {
		return nil, errors.New("a field's name must be text")
	}
	parts := strings.Split(key, "|")
	values := []any{kv.Value}
	switch v := kv.Value.(type) {
	case []any:
		values = v
	case yaml.MapSlice:
		return nil, fmt.Errorf("field %s: its value must not be a mapping", parts[0])
	}
	e, err := p.itemExpr(parts[0], parts[1:], values)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", parts[0], err)
	}
	return e, nil
}

// itemExpr makes the tree of one field with its modifiers and values.
func (p *parser) itemExpr(field string, mods []string, raw []any) (*Expr, error) {
	if len(raw) == 0 {
		return nil, errors.New("has no values")
	}
	m, err := parseModifiers(mods)
	if err != nil {
		return nil, err
	}
	var any1 []Value
	var all []*Expr
	for _, x := range raw {
		vals, err := p.values(m, x)
		if err != nil {
			return nil, err
		}
		if field == "" {
			vals, err = keywords(vals)
			if err != nil {
				return nil, err
			}
		}
		if p.count += len(vals); p.count > maxValues {
			return nil, errors.New("too many values")
		}
		if m.all {
			all = append(all, &Expr{Item: &Item{field, vals}})
		} else {
			any1 = append(any1, vals...)
		}
	}
	e := &Expr{Item: &Item{field, any1}}
	if m.all {
		e = combine(OpAnd, all)
	}
	if m.neq {
		e = &Expr{Op: OpNot, Args: []*Expr{e}}
	}
	return e, nil
}

// keywords lets plain words stand anywhere in the record.
func keywords(vals []Value) ([]Value, error) {
	for i := range vals {
		switch vals[i].Kind {
		case KindPattern:
			vals[i].Pattern = vals[i].Pattern.anchored(AnchorAnywhere)
		case KindRegexp, KindPlaceholder:
		default:
			return nil, errors.New("a keyword must be text or a regular expression")
		}
	}
	return vals, nil
}

// stringList reads a string or a list of strings.
func stringList(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, x := range list {
		if x == nil {
			continue
		}
		s, err := scalarText(x)
		if err != nil {
			return nil, errors.New("must be text or a list of texts")
		}
		out = append(out, s)
	}
	return out, nil
}
