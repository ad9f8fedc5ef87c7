package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
)

// Limits that no honest rule comes near.
const (
	maxBytes  = 4 << 20
	maxValues = 100_000
)

// Options changes how rules are read. The zero value is ready for use.
type Options struct {
	// Placeholders gives the values of %names% under the modifier expand.
	Placeholders map[string][]string
}

// Document is one YAML document of a rule file: a rule, a correlation, or the
// reason why it is neither.
type Document struct {
	Rule        *Rule
	Correlation *Correlation
	ID, Title   string // as far as they could be read
	Err         error
}

// Parse reads all documents of a rule file. A document that can not be used is
// returned with its reason; the error is for files that are not YAML at all.
// The result does not alias data.
func Parse(data []byte, opts Options) (docs []Document, err error) {
	if len(data) > maxBytes {
		return nil, errors.New("file is too large for a rule")
	}
	// The YAML library may panic on hostile input.
	defer func() {
		if recover() != nil {
			docs, err = nil, errors.New("not valid YAML")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.UseOrderedMap())
	for {
		var v any
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			if len(docs) == 0 {
				return nil, errors.New("file holds no rule")
			}
			return docs, nil
		case err != nil:
			return docs, fmt.Errorf("not valid YAML: %s", firstLine(err))
		}
		if v == nil {
			continue
		}
		docs = append(docs, parseDocument(v, opts))
	}
}

type parser struct {
	opts         Options
	count        int
	placeholders []string
}

func (p *parser) missing(name string) {
	for _, n := range p.placeholders {
		if n == name {
			return
		}
	}
	p.placeholders = append(p.placeholders, name)
}

func parseDocument(v any, opts Options) Document {
	m, ok := v.(yaml.MapSlice)
	if !ok {
		return Document{Err: errors.New("a rule must be a mapping")}
	}
	var meta Meta
	var source LogSource
	var detection, correlation, action any
	var err error
	for _, kv := range m {
		switch key, _ := kv.Key.(string); key {
		case "detection":
			detection = kv.Value
		case "correlation":
			correlation = kv.Value
		case "action":
			action = kv.Value
		case "logsource":
			source, err = parseLogSource(kv.Value)
		default:
			err = meta.set(key, kv.Value)
		}
		if err != nil {
			return Document{ID: meta.ID, Title: meta.Title, Err: err}
		}
	}
	d := Document{ID: meta.ID, Title: meta.Title}
	p := &parser{opts: opts}
	switch {
	case action != nil:
		d.Err = errors.New("rule collections with action are not supported")
	case meta.Title == "":
		d.Err = errors.New("rule has no title")
	case correlation != nil:
		d.Correlation, d.Err = parseCorrelation(meta, correlation)
	case detection == nil:
		d.Err = errors.New("rule has no detection")
	case source == LogSource{}:
		d.Err = errors.New("rule has no logsource")
	default:
		r := &Rule{Meta: meta, LogSource: source}
		if d.Err = p.detection(r, detection); d.Err == nil {
			r.Placeholders = p.placeholders
			d.Rule = r
		}
	}
	return d
}

func (m *Meta) set(key string, v any) (err error) {
	text := func() string {
		s := ""
		if v != nil {
			s, err = scalarText(v)
		}
		return s
	}
	switch key {
	case "title":
		m.Title = text()
	case "id":
		m.ID = text()
	case "name":
		m.Name = text()
	case "status":
		m.Status = text()
	case "description":
		m.Description = text()
	case "license":
		m.License = text()
	case "author":
		var list []string
		list, err = stringList(v)
		for i, a := range list {
			if i > 0 {
				m.Author += ", "
			}
			m.Author += a
		}
	case "level":
		switch m.Level = text(); m.Level {
		case "", "informational", "low", "medium", "high", "critical":
		default:
			return fmt.Errorf("unknown level %q", m.Level)
		}
	case "references":
		m.References, err = stringList(v)
	case "tags":
		m.Tags, err = stringList(v)
	case "fields":
		m.Fields, err = stringList(v)
	case "falsepositives":
		m.FalsePositives, err = stringList(v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func parseLogSource(v any) (LogSource, error) {
	var l LogSource
	m, ok := v.(yaml.MapSlice)
	if !ok {
		return l, errors.New("logsource must be a mapping")
	}
	for _, kv := range m {
		var into *string
		switch key, _ := kv.Key.(string); key {
		case "category":
			into = &l.Category
		case "product":
			into = &l.Product
		case "service":
			into = &l.Service
		default:
			continue
		}
		s, err := scalarText(kv.Value)
		if err != nil {
			return l, fmt.Errorf("logsource: %w", err)
		}
		*into = s
	}
	return l, nil
}

func firstLine(err error) string {
	s := err.Error()
	for i := range s {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}
