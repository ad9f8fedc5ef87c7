package warninglist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	var s Set
	for _, text := range []string{
		`{"name": "Research IP Ranges Used for Scanning", "type": "cidr", "list": ["192.0.2.0/25", "198.51.100.7", "2001:db8::/48"]}`,
		`{"name": "Known cloud", "type": "cidr", "list": ["192.0.2.64/26"]}`,
		`{"name": "Dynamic names", "type": "hostname", "list": [".dyn.example", "one.example"]}`,
		`{"name": "Top sites", "type": "string", "list": [".site.example"]}`,
		`{"name": "Pieces", "type": "substring", "list": ["phish-test"]}`,
		`{"name": "Patterns", "type": "regex", "list": ["/^mx[0-9]+\\.example$/i"]}`,
	} {
		if err := s.Read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	f := func(value, want string) {
		t.Helper()
		var names []string
		for _, l := range s.Lookup(value) {
			names = append(names, l.Name)
			if l.Scanner != strings.Contains(l.Name, "Scanning") {
				t.Errorf("%s: scanner %v", l.Name, l.Scanner)
			}
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
	f("192.0.2.1", "Research IP Ranges Used for Scanning")
	f("192.0.2.65", "Research IP Ranges Used for Scanning, Known cloud")
	f("192.0.2.200", "")
	f("198.51.100.7", "Research IP Ranges Used for Scanning")
	f("::ffff:198.51.100.7", "Research IP Ranges Used for Scanning")
	f("2001:db8::5", "Research IP Ranges Used for Scanning")
	f("2001:db8:1::5", "")
	f("a.b.Dyn.example.", "Dynamic names")
	f("mydyn.example", "")
	f("two.one.example", "Dynamic names")
	f("site.example", "Top sites")
	f("www.site.example", "")
	f("a.phish-test.example", "Pieces")
	f("MX12.example", "Patterns")
	f("mx.example", "")
	if (*Set)(nil).Lookup("192.0.2.1") != nil {
		t.Error("no lists and a hit")
	}
}

func TestReadRefuses(t *testing.T) {
	f := func(text string) {
		t.Helper()
		var s Set
		if err := s.Read(strings.NewReader(text)); err == nil {
			t.Errorf("took %s", text)
		}
	}
	f(`["192.0.2.1"]`)
	f(`{"name": "x", "type": "cidr"}`)
	f(`{"name": "x", "type": "cidr", "list": ["not a network"]}`)
	f(`{"name": "x", "type": "colour", "list": ["red"]}`)
	f(`{"name": "x", "type": "regex", "list": ["("]}`)
}

// TestProjectLists reads the project's own lists, where they are at hand.
func TestProjectLists(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("VEDETTE_WARNINGLISTS"), "*", "list.json"))
	if len(files) == 0 {
		t.Skip("set VEDETTE_WARNINGLISTS to the folder lists of github.com/MISP/misp-warninglists")
	}
	var s Set
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Read(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		file.Close()
	}
	if len(s.lists) != len(files) {
		t.Errorf("%d lists of %d files", len(s.lists), len(files))
	}
}
