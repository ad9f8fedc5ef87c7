package vedette_test

import (
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

func TestHides(t *testing.T) {
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	f := func(b vedette.BlindSpot, want bool) {
		t.Helper()
		b.Organization = "a"
		a := &vedette.Assessment{BlindSpots: []vedette.BlindSpot{b}}
		if b.Hides() != want || (len(a.Hidden()["a"]) == 1) != want {
			t.Errorf("%+v hides: %v", b, b.Hides())
		}
	}
	f(vedette.BlindSpot{Kind: vedette.BlindNoTelemetry}, true)
	f(vedette.BlindSpot{Kind: vedette.BlindNoInbound}, true)
	f(vedette.BlindSpot{Kind: vedette.BlindDark, Since: at, Until: at.AddDate(0, 0, 7)}, true)
	f(vedette.BlindSpot{Kind: vedette.BlindDark, Since: at, Until: at.AddDate(0, 0, 2)}, false)
	f(vedette.BlindSpot{Kind: vedette.BlindDark, Since: at}, true)
	f(vedette.BlindSpot{Kind: vedette.BlindNetworkOnly}, false)
	f(vedette.BlindSpot{Kind: vedette.BlindClock}, false)
	f(vedette.BlindSpot{Kind: vedette.BlindTechnique}, false)
}
