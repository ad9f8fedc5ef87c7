package sigma

import (
	"fmt"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// Report is what Check found.
type Report struct {
	Files        int           `json:"files"`
	Rules        int           `json:"rules"` // documents, whether they are any good or not
	Parsed       int           `json:"parsed"`
	Compiled     int           `json:"compiled"`
	Failed       []Failure     `json:"failed"`
	Placeholders []Placeholder `json:"placeholders,omitempty"`
}

// Failure is a rule that can not be used, and why.
type Failure struct {
	File   string `json:"file"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Placeholder is a rule that compiles but can not match unless its placeholders
// are given values.
type Placeholder struct {
	File  string   `json:"file"`
	ID    string   `json:"id"`
	Names []string `json:"names"`
}

// Check reads rule files, folders of them and archives (tar.gz), and reports
// which rules can be used. The error is for paths that can not be read.
func Check(paths []string) (Report, error) {
	report := Report{Failed: []Failure{}}
	type located struct {
		file string
		c    *sig.Correlation
	}
	var correlations []located
	known := make(map[string]bool)
	for _, path := range paths {
		err := walkPath(path, func(file string, docs []sig.Document, err error) {
			report.Files++
			if err != nil {
				report.Rules++
				report.Failed = append(report.Failed, Failure{File: file, Reason: err.Error()})
			}
			for i := range docs {
				d := &docs[i]
				report.document(file, d)
				if d.Correlation != nil {
					correlations = append(correlations, located{file, d.Correlation})
				}
				known[d.ID] = true
				switch {
				case d.Rule != nil:
					known[d.Rule.Name] = true
				case d.Correlation != nil:
					known[d.Correlation.Name] = true
				}
			}
		})
		if err != nil {
			return report, fmt.Errorf("read rules: %w", err)
		}
	}
	delete(known, "")
	for _, l := range correlations {
		if reason := usable(l.c, known); reason != "" {
			report.Failed = append(report.Failed, Failure{l.file, l.c.ID, reason})
			continue
		}
		report.Compiled++
	}
	return report, nil
}

func (r *Report) document(file string, d *sig.Document) {
	r.Rules++
	if d.Err != nil {
		r.Failed = append(r.Failed, Failure{file, d.ID, d.Err.Error()})
		return
	}
	r.Parsed++
	if d.Rule == nil {
		return // correlations are compiled when all rules are known
	}
	if len(d.Rule.Placeholders) > 0 {
		r.Placeholders = append(r.Placeholders, Placeholder{file, d.ID, d.Rule.Placeholders})
	} else if p := compile(&class{openKnown: true}, []*sig.Rule{d.Rule}, []int{0}); len(p.rules) == 0 {
		r.Failed = append(r.Failed, Failure{file, d.ID, "condition can never be true"})
		return
	}
	r.Compiled++
}

// usable says why a correlation can not be evaluated; empty if it can.
func usable(c *sig.Correlation, known map[string]bool) string {
	for _, ref := range c.Rules {
		if !known[ref] {
			return fmt.Sprintf("correlation refers to an unknown rule %q", ref)
		}
	}
	switch c.Type {
	case sig.EventCount, sig.ValueCount, sig.Temporal, sig.TemporalOrdered:
		return ""
	}
	return fmt.Sprintf("correlation type %s is not evaluated", c.Type)
}
