package app

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
)

// Who is who in testdata/softether.sh.
const (
	labIntruder      = "203.0.113.66"
	labAdministrator = "192.0.2.31"
	labStaff         = "192.0.2.21"
	labTypist        = "192.0.2.22"
)

// runSoftEther starts a real server below dir and returns the folder of its
// logs, or skips the test.
func runSoftEther(t *testing.T, dir string) string {
	t.Helper()
	for _, program := range []string{"unshare", "ip", "vpncmd", "/usr/libexec/softether/vpnserver/vpnserver", "/usr/libexec/softether/vpnclient/vpnclient"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s: install iproute2, softether-vpnserver, softether-vpnclient and softether-vpncmd", program)
		}
	}
	if err := exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "ip", "tuntap", "add", "t0", "mode", "tap").Run(); err != nil {
		t.Skip("needs root, namespaces and /dev/net/tun")
	}
	out, err := exec.CommandContext(t.Context(), "bash", filepath.Join("testdata", "softether.sh"), dir).CombinedOutput()
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "vpncmd.txt"))
		t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	return filepath.Join(dir, "log")
}

// TestRealSoftEther holds the way from a real server's log files to the verdict:
// an administrator's password is guessed, then a hub, a user and a cascade are
// made, while the staff works. The intruder's is found, the staff's is not.
func TestRealSoftEther(t *testing.T) {
	dir := t.TempDir()
	logs := runSoftEther(t, dir)
	constituency := filepath.Join(dir, "constituency.yaml")
	if err := os.WriteFile(constituency, []byte(`organizations:
  - id: office
    name: Office
    sector: education
    country: TW
    networks: [198.51.100.0/24]
    sources: ["log/**"]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, text := countLines(t, logs)
	for _, want := range []string{`The new session "SID-CHEN-4"`, `The new session "SID-LIN-3"`, `Virtual Hub "RELAY" has been created`, `Cascade Connection "out" has been added`} {
		if !strings.Contains(text, want) {
			t.Fatalf("the server did not log %s", want)
		}
	}
	result, err := Analyze(t.Context(), Options{Constituency: constituency, Final: true}, "", []string{logs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := result.Assessment
	if a.Ledger.Read != lines || a.Ledger.Rejected != 0 || a.Ledger.Check() != nil {
		t.Errorf("ledger %+v of %d lines; %v", a.Ledger, lines, a.RejectReasons)
	}
	if v := a.Organizations[0].Verdict; v != vedette.VerdictCompromise {
		t.Errorf("verdict %s, want compromise", v)
	}
	rules := make(map[string]vedette.Verdict)
	for _, c := range a.Clusters {
		for _, i := range c.Infrastructure {
			if i.Value != labIntruder {
				t.Errorf("%s is in a cluster", i.Value)
			}
		}
		for _, o := range c.Organizations {
			for _, e := range o.Evidence {
				rules[e.Detector+" "+e.Rule] = max(rules[e.Detector+" "+e.Rule], e.Stage)
				checkCited(t, e)
			}
		}
	}
	for _, want := range []string{"takeover device-takeover", "bruteforce admin-login-after-failures"} {
		if rules[want] != vedette.VerdictCompromise {
			t.Errorf("%s: %s, want compromise", want, rules[want])
		}
	}
	t.Logf("%d lines; %v", lines, rules)
}

// checkCited fails the test if e cites a line of the staff or the administrator.
func checkCited(t *testing.T, e vedette.EvidenceItem) {
	t.Helper()
	data, err := os.ReadFile(e.File)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(string(data), "\n")[e.Line-1]
	for _, honest := range []string{labAdministrator, labStaff, labTypist, "SID-CHEN", "SID-LIN", `"chen"`, `"lin"`} {
		if strings.Contains(line, honest) || slices.Contains(strings.Fields(e.Summary), honest) {
			t.Errorf("%s %s cites %s", e.Detector, e.Rule, line)
		}
	}
}

// countLines returns how many lines the files below dir have, and their text.
func countLines(t *testing.T, dir string) (n int64, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		n += int64(bytes.Count(data, []byte("\n")))
		text += string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, text
}
