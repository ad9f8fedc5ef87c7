package softether

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/vedette-cti/vedette"
)

// TestUnknownText checks what a text in a language that the table does not
// have still gives.
func TestUnknownText(t *testing.T) {
	f := func(text, key, value, source, action string) {
		t.Helper()
		e := &decodeLines(t, newDecoder(), []byte("2026-11-24 00:00:00.000 "+text)).Events[0]
		got, _ := e.Get(key)
		address := ""
		if e.SourceIP.IsValid() {
			address = e.SourceIP.String()
		}
		if got != value || address != source || e.Action != action || e.Code != "" || e.Message != text {
			t.Errorf("%s = %q, source %q, action %q, code %q: %s", key, got, address, e.Action, e.Code, text)
		}
	}
	f(`Koneksi "CID-17" xyz.`, "softether.connection", "CID-17", "", "")
	f(`Klien 198.51.100.7 xyz "CID-17".`, "softether.connection", "CID-17", "198.51.100.7", "")
	f(`Sesi "SID-ALICE-[OPENVPN_L3]-10": xyz`, "softether.session", "SID-ALICE-[OPENVPN_L3]-10", "", "")
	f(`Koneksi "CID-17" xyz (kode 12)`, "softether.code", "12", "", "")
	f(`Mode [RPC-5] (Hub "H"): xyz`, "softether.rpc", "RPC-5", "", vedette.ActionConfigChanged)
	f(`Versi 5.01.9674.1 xyz`, "softether.code", "", "", "")
}

// TestRealServer starts a real VPN Server in namespaces of its own and checks
// that every line it writes is known. It is asked for by VEDETTE_SOFTETHER=1
// and needs root, the Debian packages softether-vpnserver and softether-vpncmd,
// and curl.
func TestRealServer(t *testing.T) {
	if os.Getenv("VEDETTE_SOFTETHER") == "" {
		t.Skip("set VEDETTE_SOFTETHER=1 to start a real server")
	}
	script := filepath.Join(samples(t), "..", "scripts", "quick.sh")
	dir := t.TempDir()
	cmd := exec.Command("bash", script, dir, "curl", "-sk", "-u", "administrator:bad", "https://127.0.0.1/api/")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "log", "server_log", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no server log: %v", err)
	}
	data, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if c := sniff(data); c < 95 {
		t.Errorf("sniffed with %d", c)
	}
	actions := make(map[string]int)
	b := decodeLines(t, newDecoder(), data)
	for i := range b.Events {
		e := &b.Events[i]
		if e.Code == "" {
			t.Errorf("unknown kind: %s", e.Message)
		}
		actions[e.Action+" "+e.Outcome.String()]++
		if e.Action == vedette.ActionUserCreated && !e.SourceIP.IsValid() {
			t.Errorf("no address for %s", e.Message)
		}
	}
	for _, want := range []string{"user-created success", "hub-created success", "admin-login failure", "admin-login success", "device-start "} {
		if actions[want] == 0 {
			t.Errorf("no %q among %v", want, actions)
		}
	}
}
