package jsonreport

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
	"github.com/vedette-cti/vedette/internal/report/reporttest"
)

func decode(t *testing.T, a *vedette.Assessment) (out struct {
	Organizations []struct {
		ID    string
		Blind []string
	}
	Trends []struct {
		Kind, Name string
		Claims     []map[string]any
		Weeks      []map[string]any
	}
	BlindSpots []map[string]any `json:"blind_spots"`
}) {
	t.Helper()
	var b bytes.Buffer
	if err := Renderer.Render(&b, a, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTrendsAndBlindSpots(t *testing.T) {
	a := reporttest.Assessment(40)
	got := decode(t, a)
	if len(got.Trends) != len(a.Trends) || len(got.BlindSpots) != len(a.BlindSpots) {
		t.Fatalf("%d trends and %d blind spots, want %d and %d", len(got.Trends), len(got.BlindSpots), len(a.Trends), len(a.BlindSpots))
	}
	if w := got.Trends[0].Weeks; len(w) != 26 || w[0]["start"] != "2023-11-01" || got.Trends[0].Kind != "constituency" {
		t.Errorf("weeks %v", w)
	}
	for _, key := range []string{"kind", "measure", "from", "to", "value", "usual", "periods", "p", "q", "text"} {
		if _, ok := got.Trends[0].Claims[0][key]; !ok {
			t.Errorf("claim lacks %s", key)
		}
	}
	hidden := a.Hidden()
	for i, o := range got.Organizations {
		if len(o.Blind) != len(hidden[a.Organizations[i].Organization.ID]) {
			t.Errorf("%s: blind %q", o.ID, o.Blind)
		}
	}
	for _, key := range []string{"since", "until"} {
		if v, ok := got.BlindSpots[0][key]; ok {
			t.Errorf("a blind spot without %s says %v", key, v)
		}
	}
}

// TestNone keeps the keys where there is nothing: readers need not ask.
func TestNone(t *testing.T) {
	got := decode(t, &vedette.Assessment{})
	if got.Trends == nil || got.BlindSpots == nil || len(got.Trends)+len(got.BlindSpots) != 0 {
		t.Errorf("%+v", got)
	}
}
