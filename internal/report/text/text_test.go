package text

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
	"github.com/vedette-cti/vedette/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write golden files")

func render(t *testing.T, a *vedette.Assessment, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Renderer.Render(&b, a, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	got := render(t, reporttest.Assessment(8), report.Options{})
	file := filepath.Join("testdata", "eight.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("text differs (-want +got); go test -update writes it:\n%s", diff)
	}
}

// TestSizes holds the text to 100 columns, to the order of its parts, and to a
// length that can be read, whatever the size of the constituency.
func TestSizes(t *testing.T) {
	f := func(n, lines int) {
		t.Helper()
		got := render(t, reporttest.Assessment(n), report.Options{})
		all := strings.Split(got, "\n")
		for i, l := range all {
			if utf8.RuneCountInString(l) > 100 {
				t.Errorf("%d organizations: line %d has %d columns: %s", n, i+1, utf8.RuneCountInString(l), l)
			}
		}
		if len(all) > lines {
			t.Errorf("%d organizations: %d lines, want at most %d", n, len(all), lines)
		}
		at := 0
		for _, want := range []string{"Perimeter assessment", "Entered (", "Attacked, effect not shown (", "What we cannot see", "Trends", "Clusters", "Ledger"} {
			next := strings.Index(got[at:], "\n"+want)
			if next < 0 && at > 0 {
				t.Errorf("%d organizations: %q is missing or too early", n, want)
				continue
			}
			at += max(next, 0)
		}
		verbose := render(t, reporttest.Assessment(n), report.Options{Verbose: true})
		if strings.Contains(verbose, "--verbose") || n > 50 && !strings.Contains(got, "more entered organizations: --verbose or --output json shows them") && n > 200 {
			t.Errorf("%d organizations: what is cut does not say how to see it, or is cut when asked for", n)
		}
	}
	f(0+1, 200)
	f(5, 250)
	f(100, 500)
	f(1000, 800)
}

func TestHeadline(t *testing.T) {
	f := func(n int, edit func(*vedette.Assessment), want string) {
		t.Helper()
		a := reporttest.Assessment(n)
		edit(a)
		got := strings.Join(strings.Fields(render(t, a, report.Options{})), " ")
		if !strings.Contains(got, want) {
			t.Errorf("%d organizations: text lacks %q", n, want)
		}
	}
	f(80, func(*vedette.Assessment) {}, "10 of 80 organizations were entered; 40 were attacked, and whether anybody got in there is not known. Nothing was found at 14 organizations, but at ")
	f(1, func(*vedette.Assessment) {}, "1 of 1 organization was entered.")
	f(40, func(a *vedette.Assessment) {
		for i := range a.Organizations {
			a.Organizations[i].Verdict, a.Organizations[i].Events = vedette.VerdictNone, 1
		}
		a.BlindSpots, a.Trends = nil, nil
	}, "No compromise is in evidence at any of 40 organizations. 0 compromises")
	f(40, func(a *vedette.Assessment) { a.BlindSpots = nil }, "none, but blind: It sent no telemetry at all.")
	f(40, func(a *vedette.Assessment) { a.Trends = nil }, "The past is too short to compare with: 0 whole weeks of telemetry, and 9 are needed.")
	f(40, func(a *vedette.Assessment) {
		for i := range a.Trends {
			a.Trends[i].Claims = nil
		}
	}, "Nothing is more than usual: over 26 weeks and 25 subjects")
}

// TestHostile plants terminal control and reordering characters.
func TestHostile(t *testing.T) {
	a := reporttest.Assessment(8)
	const evil = "x\x1b[31m\u202ey\u2066\x00\u009b"
	for i := range a.Organizations {
		a.Organizations[i].Organization.Name = evil
	}
	for i := range a.BlindSpots {
		a.BlindSpots[i].Text, a.BlindSpots[i].Asset = evil, evil
	}
	for i := range a.Trends {
		for k := range a.Trends[i].Claims {
			a.Trends[i].Claims[k].Text = evil
		}
	}
	if found := regexp.MustCompile("[\x00\x1b\u202e\u2066\u009b]").FindString(render(t, a, report.Options{Verbose: true})); found != "" {
		t.Errorf("text contains %q", found)
	}
}
