package app

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/simulate"
)

// TestInvariance analyzes the same telemetry with one, two and five workers, in
// shuffled order of files, and as it grows line by line over several runs into
// one store, each of them assessed: verdicts, clusters, evidence and detections
// are the same.
func TestInvariance(t *testing.T) {
	if testing.Short() {
		t.Skip("analyzes a simulated constituency many times")
	}
	tel := newGrowing(t)
	want := tel.analyze(t, tel.whole, "", 1, tel.whole)
	if len(want.Detections) < 100 || len(want.Clusters) < 3 {
		t.Fatalf("%d detections, %d clusters: nothing to compare", len(want.Detections), len(want.Clusters))
	}
	t.Logf("%d detections, %d clusters", len(want.Detections), len(want.Clusters))
	f := func(how string, got outcome) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%.6000s", how, d)
		}
	}
	for _, workers := range []int{2, 5} {
		f(fmt.Sprint(workers, " workers"), tel.analyze(t, tel.whole, "", workers, tel.whole))
	}
	for seed := range uint64(3) {
		paths := tel.files(t, tel.whole)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		f(fmt.Sprint("shuffled ", seed), tel.analyze(t, tel.whole, "", 1+int(seed), paths...))
	}
	want = want.nameless()
	for seed := range uint64(2) {
		f(fmt.Sprint("grown ", seed), tel.grow(t, rand.New(rand.NewPCG(seed, 2)), 6).nameless())
	}
}

// growing is a folder with a constituency and its logs, all plain files, and
// room for others that grow to be the same.
type growing struct{ dir, whole string }

func newGrowing(t *testing.T) *growing {
	t.Helper()
	tel := &growing{dir: t.TempDir()}
	tel.whole = filepath.Join(tel.dir, "whole")
	made := filepath.Join(tel.dir, "made")
	if err := simulate.Run(t.Context(), simulate.Options{Seed: 77, Organizations: 10, Days: 45, Scale: 0.2, Portable: true, Out: made}); err != nil {
		t.Fatal(err)
	}
	for _, name := range tel.files(t, made) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(made, name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			rel = strings.TrimSuffix(rel, ".gz") + ".packed"
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		tel.write(t, filepath.Join(tel.whole, rel), data)
	}
	data, err := os.ReadFile(filepath.Join(made, "constituency.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tel.write(t, filepath.Join(tel.whole, "constituency.yaml"), data)
	return tel
}

func (tel *growing) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files returns the logs below root.
func (tel *growing) files(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(root, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// outcome is what must not depend on the way. Paths are relative.
type outcome struct {
	Ledger        vedette.Ledger
	Detections    []string
	Clusters      []string
	Organizations []string
	Timeline      []vedette.TimelineDay
	Sources       []string // path and ledger
}

// hashes are names that depend on how much there was at first: a file is named by
// its first bytes, events by their file, and a cluster by the member that was the
// eldest when it was assessed first.
var hashes = regexp.MustCompile(`"(ID|Event|Source)":"[0-9a-f]{32}",?|cluster--[0-9a-f-]{36}|Cluster [0-9A-F]{6}`)

// nameless returns o without such names.
func (o outcome) nameless() outcome {
	strip := func(list []string) []string {
		out := make([]string, len(list))
		for i, text := range list {
			out[i] = hashes.ReplaceAllString(text, "")
		}
		return out
	}
	o.Detections, o.Clusters, o.Organizations = strip(o.Detections), strip(o.Clusters), strip(o.Organizations)
	slices.Sort(o.Detections)
	slices.Sort(o.Clusters)
	return o
}

// analyze reads paths, files or folders below root, into the store at data.
func (tel *growing) analyze(t *testing.T, root, data string, workers int, paths ...string) (out outcome) {
	t.Helper()
	if data == "" {
		data = filepath.Join(t.TempDir(), "data")
	}
	if len(paths) == 1 && paths[0] == root {
		paths = []string{filepath.Join(root, "logs")}
	}
	made := filepath.Join(tel.dir, "made", "geo")
	result, err := Analyze(t.Context(), Options{
		Constituency: filepath.Join(root, "constituency.yaml"), Workers: workers,
		GeoIP: []string{filepath.Join(made, "simulated-city.mmdb"), filepath.Join(made, "simulated-asn.mmdb")},
	}, data, paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := result.Assessment
	out.Ledger, out.Timeline = a.Ledger, a.Timeline
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(b), root+"/", "")
	}
	for _, c := range a.Clusters {
		c.History = nil // tells of the way, too
		out.Clusters = append(out.Clusters, text(c))
	}
	for _, o := range a.Organizations {
		out.Organizations = append(out.Organizations, text(o))
	}
	st, err := OpenExisting(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for d, err := range st.Detections(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out.Detections = append(out.Detections, text(d))
	}
	slices.Sort(out.Detections)
	sources, err := st.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		out.Sources = append(out.Sources, text(s.Path)+fmt.Sprint(s.Ledger))
	}
	return out
}

// grow lets all files grow in random steps, by whole lines, and analyzes what
// there is after each step. Copies of others come whole, with the last step, as
// rotation leaves them. It returns the last outcome.
func (tel *growing) grow(t *testing.T, r *rand.Rand, steps int) (out outcome) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "grown")
	data := filepath.Join(t.TempDir(), "data")
	tel.write(t, filepath.Join(root, "constituency.yaml"), tel.read(t, filepath.Join(tel.whole, "constituency.yaml")))
	for step := range steps {
		seen := make(map[string]bool)
		for _, name := range tel.files(t, tel.whole) {
			content := tel.read(t, name)
			head := string(content[:min(len(content), 1024)])
			copied := seen[head]
			seen[head] = true
			if copied && step < steps-1 {
				continue
			}
			if step < steps-1 {
				lines := bytes.SplitAfter(content, []byte("\n"))
				n := 1 + r.IntN(len(lines))*(step+1)/steps
				content = bytes.Join(lines[:min(n, len(lines))], nil)
			}
			rel, err := filepath.Rel(tel.whole, name)
			if err != nil {
				t.Fatal(err)
			}
			grown := filepath.Join(root, rel)
			if have, err := os.Stat(grown); err == nil && have.Size() >= int64(len(content)) {
				continue // nothing new this time
			}
			tel.write(t, grown, content)
		}
		out = tel.analyze(t, root, data, 1+r.IntN(3), root)
	}
	return out
}

func (tel *growing) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
