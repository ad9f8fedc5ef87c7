package app

import (
	"errors"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/decode/winjson"
	"github.com/vedette-cti/vedette/internal/detect/sigma"

	"time"
)

// RuleReport is the result of checking Sigma rules, in the form that other
// programs rely on.
type RuleReport struct {
	sigma.Report
	*sigma.RegressionReport `json:",omitempty"`
}

// Bad counts what failed.
func (r *RuleReport) Bad() int {
	n := len(r.Failed)
	if r.RegressionReport != nil {
		n += len(r.Different)
	}
	return n
}

// CheckRules parses and compiles the rules below paths and, unless regression
// is empty, runs the regression data below it.
func CheckRules(paths []string, regression string) (*RuleReport, error) {
	report, err := sigma.Check(paths)
	if err != nil {
		return nil, err
	}
	out := &RuleReport{Report: report}
	if regression == "" {
		return out, nil
	}
	cases, err := sigma.Regression(regression, decodeWindows)
	if err != nil {
		return nil, err
	}
	out.RegressionReport = &cases
	return out, nil
}

// decodeWindows reads one Windows event from JSON with the real decoder.
func decodeWindows(record []byte) (*vedette.Event, error) {
	b := &vedette.Batch{Source: &vedette.Source{}}
	d := winjson.Format.New(decode.Options{Location: time.UTC, Reference: time.Now()})
	if err := d.Decode(b, record); err != nil {
		return nil, err
	}
	if len(b.Events) != 1 {
		return nil, errors.New("not one event")
	}
	b.Events[0].Source = b.Source
	return &b.Events[0], nil
}
