package sigma

import (
	"context"

	"github.com/vedette-cti/vedette/internal/detect"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

type correlator struct{}

func newCorrelator([]*sig.Rule, []*sig.Correlation) *correlator { return &correlator{} }
func (*correlator) Meta() detect.Meta                           { return detect.Meta{Name: name} }
func (*correlator) Analyze(context.Context, detect.EventStore, detect.Span, detect.Emit) error {
	return nil
}
