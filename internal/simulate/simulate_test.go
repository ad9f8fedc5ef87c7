package simulate

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// small is quick to make and has every kind of sensor.
var small = Options{Seed: 7, Organizations: 24, Days: 60, Scale: 0.3}

func run(t *testing.T, o Options) string {
	t.Helper()
	o.Out = filepath.Join(t.TempDir(), "out")
	if err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return o.Out
}

// contents reads every file of a folder, decompressed, by its path in it.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readTruth(t *testing.T, dir string) truthFile {
	t.Helper()
	var out truthFile
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	digest := func(o Options) string {
		h := sha256.New()
		dir := run(t, o)
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			io.WriteString(h, strings.TrimPrefix(path, dir))
			h.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(h.Sum(nil))
	}
	o := Options{Seed: 3, Organizations: 12, Days: 20, Scale: 0.2}
	first := digest(o)
	if digest(o) != first {
		t.Error("the same options gave different files")
	}
	o.Seed = 4
	if digest(o) == first {
		t.Error("another seed gave the same files")
	}
	for _, h := range Habits {
		o.Habits = append(o.Habits, h.Name)
	}
	if first = digest(o); digest(o) != first {
		t.Error("the same habits gave different files")
	}
}

// TestLedger counts the written lines again, without the simulator's help.
func TestLedger(t *testing.T) {
	f := func(o Options) {
		t.Helper()
		dir := run(t, o)
		var got ledger
		seen := map[[32]byte]bool{}
		for _, data := range contents(t, filepath.Join(dir, "logs")) {
			copied := seen[sha256.Sum256(data)]
			seen[sha256.Sum256(data)] = true
			for line := range bytes.Lines(data) {
				switch body := bytes.TrimRight(line, "\r\n"); {
				case len(body) == len(line), len(body) == 0, body[0] == '#':
				case copied:
					got.Read++
					got.Duplicate++
				case !looksWhole(body):
					got.Read++
					got.Rejected++
				default:
					got.Read++
					got.Stored++
				}
			}
		}
		if want := readTruth(t, dir).Ledger; got != want {
			t.Errorf("seed %d: counted %+v, truth says %+v", o.Seed, got, want)
		}
		if got.Duplicate == 0 || got.Rejected == 0 || got.Read != got.Stored+got.Duplicate+got.Rejected {
			t.Errorf("seed %d: ledger %+v", o.Seed, got)
		}
	}
	f(small)
	f(Options{Seed: 1, Organizations: 24, Days: 60, Scale: 0.3, Portable: true})
	f(Options{Seed: 2, Organizations: 17, Days: 45, Scale: 0.5})
}

// shapes are the formats, each as a pattern for a whole line, written from
// their documentation and not from the writers.
var shapes = map[string]*regexp.Regexp{
	"combined":   regexp.MustCompile(`^[0-9a-f.:]+ - \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$`),
	"w3c":        regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: \S+){6} [0-9a-f.:]+ \S+ \S+ \d{3} \d+ \d+ \d+ \d+ \d+$`),
	"zeek-tsv":   regexp.MustCompile(`^\d{10}\.\d{6}\tC[0-9A-Za-z]{17}(?:\t[^\t]+){13,28}$`),
	"json":       regexp.MustCompile(`^\{.*\}$`),
	"softether":  regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z\[].*$`),
	"fortigate":  regexp.MustCompile(`^date=\d{4}-\d\d-\d\d time=\d\d:\d\d:\d\d(?: [a-z_]+=(?:"[^"]*"|[^" ]+))+$`),
	"syslog":     regexp.MustCompile(`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d sim-\S+ \w+(?:\[\d+\])?: .*$`),
	"syslog-iso": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d sim-\S+ \w+(?:\[\d+\])?: .*$`),
}

func looksWhole(line []byte) bool { return shape(line) != "" }

func shape(line []byte) string {
	if line[0] == '{' {
		if json.Valid(line) {
			return "json"
		}
		return ""
	}
	if len(line) > 1<<16 {
		return ""
	}
	for name, p := range shapes {
		if name != "json" && p.Match(line) {
			return name
		}
	}
	return ""
}

func TestFormats(t *testing.T) {
	dir := run(t, small)
	count := map[string]int{}
	for name, data := range contents(t, filepath.Join(dir, "logs")) {
		columns := 0
		crlf := bytes.Contains(data, []byte("\r\n"))
		if want := strings.Contains(name, "softether") || strings.Contains(name, "iis/"); crlf != want {
			t.Errorf("%s: CR LF %v, want %v", name, crlf, want)
		}
		for line := range bytes.Lines(data) {
			text := strings.TrimRight(string(line), "\r\n")
			if fields, ok := strings.CutPrefix(text, "#fields\t"); ok {
				columns = len(strings.Split(fields, "\t"))
			}
			if types, ok := strings.CutPrefix(text, "#types\t"); ok && len(strings.Split(types, "\t")) != columns {
				t.Errorf("%s: %d types for %d fields", name, len(strings.Split(types, "\t")), columns)
			}
			if text == "" || text[0] == '#' {
				continue
			}
			kind := shape([]byte(text))
			count[kind]++
			if kind == "zeek-tsv" && len(strings.Split(text, "\t")) != columns {
				t.Errorf("%s: %d fields, header has %d", name, len(strings.Split(text, "\t")), columns)
			}
			if kind == "w3c" && len(strings.Fields(text)) != len(strings.Fields(w3cFields)) {
				t.Errorf("%s: %d fields: %s", name, len(strings.Fields(text)), text)
			}
		}
	}
	for kind := range shapes {
		if count[kind] < 20 {
			t.Errorf("%d lines of format %s", count[kind], kind)
		}
	}
	t.Log(count)
}

// TestNobodysAddresses checks that no address outside the ranges for
// documentation and benchmarks is written, other than private ones inside.
func TestNobodysAddresses(t *testing.T) {
	var allowed []netip.Prefix
	for _, p := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "10.0.0.0/8", "192.168.0.0/16", "0.0.0.0/32"} {
		allowed = append(allowed, netip.MustParsePrefix(p))
	}
	// Versions in user agents look like addresses; they stand after a slash.
	quad := regexp.MustCompile(`(?:^|[^/\d.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:[^\d.]|$)`)
	for name, data := range contents(t, run(t, small)) {
		if strings.HasSuffix(name, ".mmdb") {
			continue
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			for _, m := range quad.FindAllStringSubmatch(lines.Text(), -1) {
				a, err := netip.ParseAddr(m[1])
				ok := err != nil
				for _, p := range allowed {
					ok = ok || p.Contains(a)
				}
				if !ok {
					t.Fatalf("%s: address %s in %s", name, a, lines.Text())
				}
			}
		}
	}
}

func TestGeo(t *testing.T) {
	dir := run(t, Options{Seed: 1, Organizations: 3, Days: 14, Scale: 0.1})
	cities, err := maxminddb.Open(filepath.Join(dir, "geo", "simulated-city.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer cities.Close()
	systems, err := maxminddb.Open(filepath.Join(dir, "geo", "simulated-asn.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer systems.Close()
	f := func(addr, country, city, zone string, asn uint32) {
		t.Helper()
		var place struct {
			City struct {
				Names map[string]string `maxminddb:"names"`
			} `maxminddb:"city"`
			Country struct {
				ISO string `maxminddb:"iso_code"`
			} `maxminddb:"country"`
			Location struct {
				Zone string `maxminddb:"time_zone"`
			} `maxminddb:"location"`
		}
		var system struct {
			Number uint32 `maxminddb:"autonomous_system_number"`
		}
		a := netip.MustParseAddr(addr)
		if err := cities.Lookup(a).Decode(&place); err != nil {
			t.Fatal(err)
		}
		if err := systems.Lookup(a).Decode(&system); err != nil {
			t.Fatal(err)
		}
		if place.Country.ISO != country || place.City.Names["en"] != city || place.Location.Zone != zone || system.Number != asn {
			t.Errorf("%s: got %+v, AS%d", addr, place, system.Number)
		}
	}
	f("198.19.76.9", "CN", "Fuzhou", "Asia/Shanghai", 64620)
	f("198.19.128.1", "HK", "Hong Kong", "Asia/Hong_Kong", 64701)
	f("198.18.1.5", "TW", "Taipei", "Asia/Taipei", 64901)
	f("2001:db8:f000:17::1", "TW", "Taipei", "Asia/Taipei", 64601)
	for _, d := range []string{cities.Metadata.Description["en"], systems.Metadata.Description["en"]} {
		if !strings.HasPrefix(d, "SIMULATED") {
			t.Errorf("description %q does not say that it is simulated", d)
		}
	}
}

// TestTruth checks that the truth file is consistent in itself and with the
// telemetry: each address of an actor is there, and each outcome occurs.
func TestTruth(t *testing.T) {
	dir := run(t, Options{Seed: 1, Organizations: 60, Days: 60, Scale: 0.2})
	truth := readTruth(t, dir)
	var all strings.Builder
	for _, data := range contents(t, filepath.Join(dir, "logs")) {
		all.Write(data)
	}
	outcomes := map[string]int{}
	for _, o := range truth.Organizations {
		outcomes[o.Targeted.String()]++
		highest := o.Targeted
		for _, a := range truth.Actors {
			highest = max(highest, a.Organizations[o.ID])
		}
		if o.Verdict != highest {
			t.Errorf("%s: verdict %s, highest of the actors %s", o.ID, o.Verdict, highest)
		}
		if (o.Method != "") != (o.Targeted.String() == "compromise") {
			t.Errorf("%s: method %q with targeted verdict %s", o.ID, o.Method, o.Targeted)
		}
	}
	f := func(outcome string, low, high int) {
		t.Helper()
		if n := outcomes[outcome]; n < low || n > high {
			t.Errorf("%d of 60 organizations with targeted verdict %s, want %d to %d", n, outcome, low, high)
		}
	}
	f("compromise", 5, 7)
	f("attempt", 12, 18)
	f("reconnaissance", 7, 11)
	for _, a := range truth.Actors {
		if len(a.Infrastructure) == 0 {
			t.Errorf("%s: no infrastructure", a.Name)
		}
		for _, i := range a.Infrastructure {
			if !strings.Contains(all.String(), i.Value) {
				t.Errorf("%s: %s is in no log", a.Name, i.Value)
			}
		}
	}
	if len(truth.Blind) == 0 || len(truth.Benign) == 0 {
		t.Error("no blind spot or nothing harmless in the truth")
	}
}

func TestOptions(t *testing.T) {
	f := func(want string, o Options) {
		t.Helper()
		err := Run(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %q", err, want)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f("no output folder", Options{})
	f("is not empty", Options{Out: full})
	f("organizations", Options{Out: "x", Organizations: MaxOrganizations + 1})
	f("days", Options{Out: "x", Days: 3})
	f("scale", Options{Out: "x", Scale: -1})
	f("unknown habit", Options{Out: "x", Habits: []string{"stealth"}})
	f("noise", Options{Out: "x", Noise: 101})
	f("relays", Options{Out: "x", Relays: 1.5})
	f("operators", Options{Out: "x", Operators: "Atlantic/Nowhere"})
}

// TestClock checks that file modification times end with their last line, from
// which the year of a syslog line is known.
func TestClock(t *testing.T) {
	dir := run(t, small)
	end := time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, small.Days)
	err := filepath.WalkDir(filepath.Join(dir, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(end.Add(3*time.Hour)) {
			t.Errorf("%s was modified at %s", path, info.ModTime().UTC())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		if err := Run(context.Background(), Options{Seed: 1, Organizations: 12, Days: 30, Scale: 1, Out: filepath.Join(dir, "x")}); err != nil {
			b.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "x", "truth.json"))
		if err != nil {
			b.Fatal(err)
		}
		var t truthFile
		if err := json.Unmarshal(data, &t); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(t.Ledger.Read), "records/op")
	}
}
