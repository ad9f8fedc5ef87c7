package geo

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/vedette-cti/vedette"
)

// database writes an MMDB of the given kind with one record for each network.
func database(t testing.TB, kind string, records map[string]mmdbtype.Map) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range records {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), kind+".mmdb")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	return path
}

func fuzhou() mmdbtype.Map {
	return mmdbtype.Map{
		"country":  mmdbtype.Map{"iso_code": mmdbtype.String("CN")},
		"city":     mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("Fuzhou")}},
		"location": mmdbtype.Map{"time_zone": mmdbtype.String("Asia/Shanghai")},
	}
}

func TestLookup(t *testing.T) {
	city := database(t, "GeoLite2-City", map[string]mmdbtype.Map{"203.0.113.0/25": fuzhou(), "2001:db8:1::/48": fuzhou()})
	asn := database(t, "DBIP-ASN-Lite (compat=GeoLite2-ASN)", map[string]mmdbtype.Map{"203.0.113.0/24": {
		"autonomous_system_number":       mmdbtype.Uint32(64512),
		"autonomous_system_organization": mmdbtype.String("Simulated Hosting"),
	}})
	flat := database(t, "ipinfo generic", map[string]mmdbtype.Map{"198.51.100.0/24": {
		"country": mmdbtype.String("TW"), "city": mmdbtype.String("Taipei"), "timezone": mmdbtype.String("Asia/Taipei"),
		"asn": mmdbtype.String("AS64513"), "as_name": mmdbtype.String("Example Net"),
	}})
	e, err := Open([]string{city, asn, flat})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f := func(addr string, want *vedette.Geo) {
		t.Helper()
		a, _ := netip.ParseAddr(addr)
		for range 2 { // the second answer is the cache's
			if diff := cmp.Diff(want, e.Lookup(a)); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", addr, diff)
			}
		}
	}
	f("203.0.113.9", &vedette.Geo{Country: "CN", City: "Fuzhou", Timezone: "Asia/Shanghai", ASN: 64512, ASName: "Simulated Hosting"})
	f("203.0.113.200", &vedette.Geo{ASN: 64512, ASName: "Simulated Hosting"})
	f("2001:db8:1::7", &vedette.Geo{Country: "CN", City: "Fuzhou", Timezone: "Asia/Shanghai"})
	f("198.51.100.7", &vedette.Geo{Country: "TW", City: "Taipei", Timezone: "Asia/Taipei", ASN: 64513, ASName: "Example Net"})
	f("192.0.2.1", nil)
	f("", nil)
}

func TestOpenErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no.mmdb")
	if err := os.WriteFile(path, []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open([]string{path}); err == nil {
		t.Error("a text file was opened as a database")
	}
}

func BenchmarkLookup(b *testing.B) {
	city := database(b, "GeoLite2-City", map[string]mmdbtype.Map{"203.0.113.0/24": fuzhou()})
	e, err := Open([]string{city})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	b.Run("cached", func(b *testing.B) {
		a := netip.MustParseAddr("203.0.113.9")
		for b.Loop() {
			e.Lookup(a)
		}
	})
	b.Run("distinct", func(b *testing.B) {
		var n uint32
		for b.Loop() {
			n++
			e.Lookup(netip.AddrFrom4([4]byte{203, byte(n >> 16), byte(n >> 8), byte(n)}))
		}
	})
}
