package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "constituency.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const valid = `
organizations:
  - id: edu-07
    name: Strait University
    sector: education
    country: TW
    networks: [198.18.7.0/26, "2001:db8:7::/48"]
    domains: [Strait-University.example.]
    sources: ["logs/edu-07/**"]
    assets:
      - id: edu-07-vpn
        address: 198.18.7.10
        vendor: SoftEther
        product: VPN Server
        version: "4.38.9760"
        exposure: internet
  - id: edu-07-lab
    sources: ["logs/edu-07/lab/*.log"]
authorized_scanners: [198.18.250.0/28, 198.18.251.1]
`

func TestLoadConstituency(t *testing.T) {
	c, err := LoadConstituency(write(t, valid))
	if err != nil {
		t.Fatal(err)
	}
	o := c.Organization("edu-07")
	if o == nil || o.Networks[1].String() != "2001:db8:7::/48" || o.Domains[0] != "strait-university.example" {
		t.Fatalf("organization = %+v", o)
	}
	if o.Assets[0].Address.String() != "198.18.7.10" || c.AuthorizedScanners[1].Bits() != 32 {
		t.Fatalf("assets %+v, scanners %v", o.Assets, c.AuthorizedScanners)
	}
}

func TestLoadConstituencyErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := LoadConstituency(write(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
	f("organizations:\n  - id: a\n    netwroks: [198.18.0.0/24]\n", "line 3")
	f("organizations:\n  - id: a\n    networks: [198.18.0.0/33]\n", "198.18.0.0/33")
	f("organizations:\n  - id: A b\n", "a-z, 0-9")
	f("organizations:\n  - id: a\n  - id: a\n", "twice")
	f("organizations:\n  - id: a\n    country: Taiwan\n", "ISO 3166-1")
	f("organizations:\n  - id: a\n    networks: [198.18.0.0/24]\n  - id: b\n    networks: [198.18.0.0/24]\n", "already belongs")
	f("organizations:\n  - id: a\n    assets: [{id: x, address: nowhere}]\n", "nowhere")
	f("organizations:\n  - id: a\n    sources: ['logs/[a']\n", "valid glob")
}

func TestSourceOwner(t *testing.T) {
	c, err := LoadConstituency(write(t, valid))
	if err != nil {
		t.Fatal(err)
	}
	owner := SourceOwner(c)
	f := func(path, want string) {
		t.Helper()
		if got := owner(filepath.Join(c.Dir, path)); got != want {
			t.Errorf("owner(%s) = %q, want %q", path, got, want)
		}
	}
	f("logs/edu-07/www/access.log", "edu-07")
	f("logs/edu-07/conn.log.gz", "edu-07")
	f("logs/edu-07/lab/conn.log", "edu-07-lab") // the longer glob
	f("logs/edu-070/conn.log", "")
	f("elsewhere/edu-07/conn.log", "")
}
