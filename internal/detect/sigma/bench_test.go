package sigma

import (
	"bufio"
	"compress/gzip"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// sigmaHQ loads all public rules whose log source passes keep.
func sigmaHQ(t testing.TB, keep func(sig.LogSource) bool) []*sig.Rule {
	t.Helper()
	var rules []*sig.Rule
	err := walkPath(shared(t, "data/sigma/sigma.tar.gz"), func(file string, docs []sig.Document, err error) {
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, d := range docs {
			if d.Rule != nil && keep(d.Rule.LogSource) {
				rules = append(rules, d.Rule)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// accessLog reads real requests of a public web site (combined format).
func accessLog(t testing.TB) []vedette.Event {
	t.Helper()
	f, err := os.Open(shared(t, "data/access-logs/benign.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var events []vedette.Event
	for sc := bufio.NewScanner(gz); sc.Scan(); {
		parts := strings.Split(sc.Text(), `"`)
		if len(parts) < 7 {
			continue
		}
		addr, _, _ := strings.Cut(parts[0], " ")
		request := strings.Fields(parts[1])
		numbers := strings.Fields(parts[2])
		if len(request) < 2 || len(numbers) < 2 {
			continue
		}
		e := vedette.Event{Dataset: vedette.DatasetWebAccess, Category: vedette.CategoryWeb, Action: vedette.ActionHTTPRequest, Direction: vedette.DirectionInbound,
			Original: []byte(sc.Text()), Method: request[0], URL: request[1], Referrer: strings.Trim(parts[3], "-"), UserAgent: parts[5]}
		e.SourceIP, _ = netip.ParseAddr(addr)
		status, _ := strconv.ParseUint(numbers[0], 10, 16)
		e.Status = uint16(status)
		events = append(events, e)
	}
	return events
}

func webRule(l sig.LogSource) bool { return l.Category == "webserver" || l.Category == "proxy" }

func BenchmarkWebRules(b *testing.B) {
	benchmark(b, sigmaHQ(b, webRule), accessLog(b))
}

// processEvents imitates Sysmon's process creation events of a workday: the
// fields and the lengths of real ones, ordinary programs.
func processEvents() []vedette.Event {
	lines := []struct{ image, command, parent, parentCommand, original string }{
		{`C:\Windows\System32\svchost.exe`, `C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule`, `C:\Windows\System32\services.exe`, `C:\Windows\system32\services.exe`, "svchost.exe"},
		{`C:\Program Files\Google\Chrome\Application\chrome.exe`, `"C:\Program Files\Google\Chrome\Application\chrome.exe" --type=renderer --lang=en-US --device-scale-factor=1 --num-raster-threads=4 --renderer-client-id=41 --mojo-platform-channel-handle=5120`, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `"C:\Program Files\Google\Chrome\Application\chrome.exe"`, "chrome.exe"},
		{`C:\Windows\System32\conhost.exe`, `\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1`, `C:\Windows\System32\cmd.exe`, `C:\Windows\system32\cmd.exe /c ""C:\Tools\nightly.bat""`, "CONHOST.EXE"},
		{`C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe`, `"C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe" /ua /installsource scheduler`, `C:\Windows\System32\svchost.exe`, `C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`, "msedgeupdate.dll"},
		{`C:\Windows\System32\cmd.exe`, `C:\Windows\system32\cmd.exe /c dir C:\Data\*.csv`, `C:\Windows\explorer.exe`, `C:\Windows\Explorer.EXE`, "Cmd.Exe"},
		{`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `powershell.exe -File C:\Scripts\inventory.ps1`, `C:\Windows\System32\svchost.exe`, `C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`, "PowerShell.EXE"},
		{`C:\Windows\System32\taskhostw.exe`, `taskhostw.exe KEYROAMING`, `C:\Windows\System32\svchost.exe`, `C:\Windows\system32\svchost.exe -k netsvcs -p`, "taskhostw.exe"},
		{`C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, `"C:\Program Files\Microsoft Office\Root\Office16\OUTLOOK.EXE"`, `C:\Windows\explorer.exe`, `C:\Windows\Explorer.EXE`, "Outlook.exe"},
	}
	var events []vedette.Event
	for i, l := range lines {
		e := vedette.Event{Dataset: vedette.DatasetWindowsSysmon, Code: "1", Category: vedette.CategoryProcess, Host: "ws-041.corp.example"}
		for _, kv := range [][2]string{
			{"Channel", sysmonChannel}, {"Provider_Name", "Microsoft-Windows-Sysmon"}, {"RuleName", "-"}, {"UtcTime", "2024-03-05 09:12:44.118"},
			{"ProcessGuid", "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"}, {"ProcessId", strconv.Itoa(4000 + i*8)}, {"Image", l.image},
			{"FileVersion", "10.0.19041.1 (WinBuild.160101.0800)"}, {"Description", "Host Process for Windows Services"}, {"Product", "Microsoft® Windows® Operating System"},
			{"Company", "Microsoft Corporation"}, {"OriginalFileName", l.original}, {"CommandLine", l.command}, {"CurrentDirectory", `C:\Windows\system32\`},
			{"User", `CORP\m.lin`}, {"LogonGuid", "{5770385f-0000-0000-0000-000000000000}"}, {"LogonId", "0x3e7"}, {"TerminalSessionId", "1"}, {"IntegrityLevel", "Medium"},
			{"Hashes", "MD5=8A0A29438052FAED8A2532DA50455756,SHA256=7FD065BAC18C5278777AE44908101CDFED72D26FA741367F0AD4D02020787AB6,IMPHASH=247B9220E5D9B720A82B2C8B5069AD69"},
			{"ParentProcessGuid", "{5770385f-c22a-43e0-0000-06f5698ffbd9}"}, {"ParentProcessId", "988"}, {"ParentImage", l.parent}, {"ParentCommandLine", l.parentCommand}, {"ParentUser", `NT AUTHORITY\SYSTEM`},
		} {
			e.Rest = append(e.Rest, vedette.Field{Key: kv[0], Value: kv[1]})
		}
		events = append(events, e)
	}
	return events
}

func BenchmarkProcessCreation(b *testing.B) {
	rules := sigmaHQ(b, func(l sig.LogSource) bool { return l.Category == "process_creation" && l.Product == "windows" })
	benchmark(b, rules, processEvents())
}

// benchmark reports the events that match nothing and, in the same run, those
// that do.
func benchmark(b *testing.B, rules []*sig.Rule, events []vedette.Event) {
	engine := New(rules)
	var quiet []vedette.Event
	for i := range events {
		n := 0
		engine.Match(&events[i], func(*sig.Rule) { n++ })
		if n == 0 {
			quiet = append(quiet, events[i])
		}
	}
	b.Logf("%d rules, %d of %d events match nothing", len(rules), len(quiet), len(events))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		engine.Match(&quiet[i], func(*sig.Rule) {})
		if i++; i == len(quiet) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkOurRules runs the rules that come with Vedette.
func BenchmarkOurRules(b *testing.B) {
	var rules []*sig.Rule
	err := walkPath("../../../rules", func(_ string, docs []sig.Document, _ error) {
		r, _ := split(docs)
		rules = append(rules, r...)
	})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, rules, accessLog(b))
}
