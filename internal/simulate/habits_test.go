package simulate

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

// habitual is a simulation with habits, its truth, and what its actors did.
type habitual struct {
	truth truthFile
	lines map[string][]string // each actor's lines, by file name and in order
}

func live(t *testing.T, habits ...string) habitual {
	t.Helper()
	dir := run(t, Options{Seed: 11, Organizations: 40, Days: 60, Scale: 0.1, Habits: habits})
	h := habitual{readTruth(t, dir), map[string][]string{}}
	listed := readLines(t, dir)
	files := make([]string, 0, len(listed))
	for name := range listed {
		files = append(files, name)
	}
	slices.Sort(files)
	for _, name := range files {
		lines := strings.Split(read(t, filepath.Join(dir, name)), "\n")
		for n := range lines {
			if row, ok := listed[name][n+1]; ok {
				h.lines[row[0]] = append(h.lines[row[0]], lines[n])
			}
		}
	}
	return h
}

// read reads a file, decompressed by its name.
func read(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (h habitual) actor(t *testing.T, name string) actTruth {
	t.Helper()
	for _, a := range h.truth.Actors {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no actor %s", name)
	return actTruth{}
}

// count is how many of an actor's lines hold text.
func (h habitual) count(actor, text string) (n int) {
	for _, line := range h.lines[actor] {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func with(a actTruth, role string) (n int) {
	for _, i := range a.Infrastructure {
		if slices.Contains(i.Roles, role) {
			n++
		}
	}
	return n
}

const strait = "sim-strait-actor"

// TestHabits checks that each habit does what it says, beside the ordinary.
func TestHabits(t *testing.T) {
	plain := live(t)
	f := func(habit string, check func(t *testing.T, plain, h habitual)) {
		t.Helper()
		t.Run(habit, func(t *testing.T) { check(t, plain, live(t, habit)) })
	}
	f("evasion", testEvasion)
	f("rotate", testRotation)
	f("dark", testDarkness)
	f("noise", testNoise)
	f("distributed", testDistribution)
	f("second-actor", testSecondActor)
	f("relay", testRelays)
}

func testEvasion(t *testing.T, plain, h habitual) {
	for _, text := range []string{"acunetix", "Chrome/99.0.4844.82", "%20UNION%20SELECT"} {
		if plain.count(strait, text) == 0 || h.count(strait, text) > 0 {
			t.Errorf("%q: %d lines ordinarily, %d with evasion", text, plain.count(strait, text), h.count(strait, text))
		}
	}
	for _, text := range []string{"%2527", "/**/"} {
		if h.count(strait, text) == 0 {
			t.Errorf("no line with %q", text)
		}
	}
	if with(h.actor(t, strait), "relay") == 0 {
		t.Error("no relay is seen")
	}
}

func testRotation(t *testing.T, plain, h habitual) {
	a, b := plain.actor(t, strait), h.actor(t, strait)
	kept := 0
	for _, i := range b.Infrastructure {
		if slices.ContainsFunc(a.Infrastructure, func(j infraTruth) bool { return i.Value == j.Value }) {
			kept++
		}
	}
	if fresh := len(b.Infrastructure) - kept; kept == 0 || fresh < 3 {
		t.Errorf("%d of the ordinary infrastructure and %d new", kept, fresh)
	}
}

func testDarkness(t *testing.T, plain, h habitual) {
	if a, b := len(plain.truth.Blind), len(h.truth.Blind); b < a+8 {
		t.Errorf("%d blind spots ordinarily, %d with dark", a, b)
	}
	for _, o := range h.truth.Organizations {
		for _, p := range plain.truth.Organizations {
			if o.ID == p.ID && o.Targeted > p.Targeted {
				t.Errorf("%s: %s in the dark, %s with all sensors", o.ID, o.Targeted, p.Targeted)
			}
		}
	}
}

func testNoise(t *testing.T, plain, h habitual) {
	lines := func(h habitual) (n int) {
		for name, l := range h.lines {
			if strings.HasPrefix(name, "sim-bot-") {
				n += len(l)
			}
		}
		return n
	}
	if a, b := lines(plain), lines(h); b < 8*a || b > 12*a {
		t.Errorf("%d lines of bots ordinarily, %d with noise", a, b)
	}
	entered := 0
	for _, a := range h.truth.Actors {
		for _, v := range a.Organizations {
			if !a.Targeted && v == vedette.VerdictCompromise {
				entered++
			}
		}
	}
	if len(h.truth.Actors) != len(plain.truth.Actors)+10 || entered < 2 {
		t.Errorf("%d actors, %d organizations entered by bots", len(h.truth.Actors), entered)
	}
}

func testDistribution(t *testing.T, _, h habitual) {
	if n := with(h.actor(t, strait), "scanner"); n < 80 {
		t.Errorf("%d scanners", n)
	}
}

func testSecondActor(t *testing.T, _, h habitual) {
	first, second := h.actor(t, strait), h.actor(t, "sim-second-actor")
	both, own := 0, 0
	for id, v := range second.Organizations {
		if first.Organizations[id] > vedette.VerdictNone {
			both++
		} else if v > vedette.VerdictNone {
			own++
		}
	}
	if !second.Targeted || both == 0 || own == 0 {
		t.Errorf("targeted %v, %d victims of both, %d of its own", second.Targeted, both, own)
	}
	for _, i := range second.Infrastructure {
		if slices.ContainsFunc(first.Infrastructure, func(j infraTruth) bool { return i.Value == j.Value }) {
			t.Errorf("both use %s", i.Value)
		}
	}
}

func testRelays(t *testing.T, _, h habitual) {
	a := h.actor(t, strait)
	if a.Operators == nil || a.Operators.City != "Fuzhou" || a.Operators.Relayed != 0.5 || with(a, "relay") == 0 {
		t.Errorf("operators %+v, %d relays", a.Operators, with(a, "relay"))
	}
}

// TestDamagedHabits holds the truth by line to the files when much is dark,
// loud and rotated at once. Relays are left out: they have honest users too.
func TestDamagedHabits(t *testing.T) {
	checkLines(t, Options{Seed: 5, Organizations: 24, Days: 40, Scale: 0.1, Habits: []string{"rotate", "second-actor", "noise", "dark", "distributed"}})
}

func TestOperators(t *testing.T) {
	f := func(zone string, holidays bool, day string, want bool) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, day+"T06:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		if got := newOperators(zone, holidays).rests(at); got != want {
			t.Errorf("%s, holidays %v: rest on %s %v, want %v", zone, holidays, day, got, want)
		}
	}
	f("Asia/Shanghai", true, "2024-02-12", true)   // Spring Festival, a Monday
	f("Asia/Shanghai", false, "2024-02-12", false) // ordinarily they work through
	f("Asia/Shanghai", true, "2024-02-18", false)  // a Sunday worked instead
	f("Asia/Shanghai", false, "2024-02-18", true)
	f("Asia/Shanghai", true, "2024-03-05", false)
	f("Europe/Moscow", true, "2024-01-05", true)
	f("Asia/Tehran", true, "2024-03-08", true)   // a Friday
	f("Asia/Tehran", true, "2024-03-10", false)  // a Sunday
	f("Asia/Taipei", true, "2024-01-01", true)   // where no calendar is known
	f("Asia/Taipei", false, "2024-01-01", false) // a Monday
}

// TestNetworks checks that no two organizations share addresses, with each
// other or with the outside world.
func TestNetworks(t *testing.T) {
	seen := map[string]bool{}
	for i := range MaxOrganizations {
		p := network(i)
		if seen[p.String()] {
			t.Fatalf("organization %d: %s is taken", i, p)
		}
		seen[p.String()] = true
		for _, b := range outside {
			if b.prefix.Overlaps(p) {
				t.Fatalf("organization %d: %s overlaps %s (%s)", i, p, b.prefix, b.name)
			}
		}
	}
}

// TestThousand checks that a thousand organizations can be made.
func TestThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("writes ten thousand files")
	}
	o := Options{Seed: 1, Organizations: 1000, Days: 14, Scale: 0.02, Out: filepath.Join(t.TempDir(), "x")}
	if err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	var truth truthFile
	if err := json.Unmarshal([]byte(read(t, filepath.Join(o.Out, "truth.json"))), &truth); err != nil {
		t.Fatal(err)
	}
	if n := len(truth.Organizations); n != 1000 || truth.Ledger.Read < 100*n {
		t.Errorf("%d organizations, %d records", n, truth.Ledger.Read)
	}
}
