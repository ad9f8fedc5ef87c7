package sigma_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/decode/winjson"
	"github.com/vedette-cti/vedette/internal/detect/sigma"
)

// TestRegressionWithDecoder runs SigmaHQ's regression data through the decoder
// that reads such events.
func TestRegressionWithDecoder(t *testing.T) {
	dir := sigma.Unpack(t)
	report, err := sigma.Regression(dir, func(line []byte) (*vedette.Event, error) {
		b := &vedette.Batch{Source: &vedette.Source{Path: "events.json"}}
		d := winjson.Format.New(decode.Options{Location: time.UTC, Reference: time.Now()})
		if err := d.Decode(b, line); err != nil {
			return nil, err
		}
		if len(b.Events) != 1 {
			return nil, errors.New("not one event")
		}
		return &b.Events[0], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases, %d as stated", report.Cases, report.AsStated)
	if report.Cases != 202 || report.AsStated != 202 {
		t.Errorf("%+v", report)
	}
}

func TestOurRulesCompile(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "rules")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	report, err := sigma.Check([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rules == 0 || report.Compiled != report.Rules {
		t.Errorf("%+v", report)
	}
}
