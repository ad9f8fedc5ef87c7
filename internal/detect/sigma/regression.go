package sigma

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// RegressionReport compares SigmaHQ's regression data with what the engine
// finds in it. A case is as stated when its rule matches the events recorded for
// it, at least as many as are stated: some recordings hold more events that
// meet their rule than were counted, and SigmaHQ's own runner asks for one.
// Those are listed in Surplus.
type RegressionReport struct {
	Cases     int          `json:"cases"`
	AsStated  int          `json:"as_stated"`
	Different []Difference `json:"different"`
	Surplus   []Difference `json:"surplus,omitempty"`
}

// Difference is a case that came out otherwise than stated.
type Difference struct {
	File   string `json:"file"`
	ID     string `json:"id"`
	Want   int    `json:"want"`
	Got    int    `json:"got"`
	Reason string `json:"reason"`
}

// Regression runs SigmaHQ's regression data: dir holds the folder
// regression_data and the folders of rules. The rule named in each info.yml
// must match as many of the events in the JSON file beside it as is stated, at
// least one if no number is given. decode turns one JSON event into an event of
// ours.
func Regression(dir string, decode func(json []byte) (*vedette.Event, error)) (RegressionReport, error) {
	report := RegressionReport{Different: []Difference{}}
	rules := make(map[string]*sig.Rule)
	err := walk(os.DirFS(dir), func(_ string, docs []sig.Document, _ error) {
		for i := range docs {
			if docs[i].Rule != nil {
				rules[docs[i].ID] = docs[i].Rule
			}
		}
	})
	if err != nil {
		return report, fmt.Errorf("read rules: %w", err)
	}
	fsys := os.DirFS(dir)
	err = fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(file) != "info.yml" || !strings.Contains(file, "regression_data/") && !strings.Contains(filepath.ToSlash(dir), "regression_data") {
			return err
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		report.runCase(fsys, file, data, rules, decode)
		return nil
	})
	if err == nil && report.Cases == 0 {
		err = errors.New("no regression data found: want a folder with regression_data and the rules")
	}
	return report, err
}

// info is the part of an info.yml that matters here.
type info struct {
	Rules []struct {
		ID string `yaml:"id"`
	} `yaml:"rule_metadata"`
	Tests []struct {
		Path  string `yaml:"path"`
		Count *int   `yaml:"match_count"`
	} `yaml:"regression_tests_info"`
}

func (r *RegressionReport) runCase(fsys fs.FS, file string, data []byte, rules map[string]*sig.Rule, decode func([]byte) (*vedette.Event, error)) {
	var in info
	if err := yaml.Unmarshal(data, &in); err != nil {
		r.Cases++
		r.Different = append(r.Different, Difference{File: file, Reason: "info.yml is not readable"})
		return
	}
	for _, rule := range in.Rules {
		for _, test := range in.Tests {
			r.Cases++
			want := 1
			if test.Count != nil {
				want = *test.Count
			}
			got, err := 0, fmt.Errorf("rule not found")
			if rules[rule.ID] != nil {
				got, err = countMatches(fsys, path.Join(path.Dir(file), strings.TrimSuffix(path.Base(test.Path), path.Ext(test.Path))+".json"), rules[rule.ID], decode)
			}
			switch {
			case err != nil:
				r.Different = append(r.Different, Difference{file, rule.ID, want, got, err.Error()})
				continue
			case got < want || got == 0:
				r.Different = append(r.Different, Difference{file, rule.ID, want, got, "fewer events match than stated"})
				continue
			case got > want && test.Count != nil:
				r.Surplus = append(r.Surplus, Difference{file, rule.ID, want, got, "more events match than stated"})
			}
			r.AsStated++
		}
	}
}

// countMatches counts the events of a file (JSON values one after the other, or
// an array of them) that the rule matches.
func countMatches(fsys fs.FS, file string, rule *sig.Rule, decode func([]byte) (*vedette.Event, error)) (int, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return 0, fmt.Errorf("no JSON events beside it")
	}
	engine := New([]*sig.Rule{rule})
	n := 0
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return n, fmt.Errorf("events are not valid JSON")
		}
		list := []json.RawMessage{raw}
		if len(raw) > 0 && raw[0] == '[' {
			if err := json.Unmarshal(raw, &list); err != nil {
				return n, fmt.Errorf("events are not valid JSON")
			}
		}
		for _, x := range list {
			var line bytes.Buffer
			if err := json.Compact(&line, x); err != nil {
				return n, fmt.Errorf("events are not valid JSON")
			}
			e, err := decode(line.Bytes())
			if err != nil {
				return n, fmt.Errorf("event could not be decoded: %w", err)
			}
			engine.Match(e, func(*sig.Rule) { n++ })
		}
	}
	return n, nil
}
