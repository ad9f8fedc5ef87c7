package html

import (
	"bytes"
	"errors"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report"
	"github.com/vedette-cti/vedette/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write golden files")

func day(n int) time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func organization(id, name, sector, country string) *vedette.Organization {
	return &vedette.Organization{ID: id, Name: name, Sector: sector, Country: country}
}

// sample is a small made-up assessment with something of everything.
func sample() *vedette.Assessment {
	shell := vedette.EvidenceItem{
		Time: day(3).Add(2 * time.Hour), Detector: "webshell", Rule: "web-shell", Title: "Web shell in use", Technique: "T1505.003",
		Severity: vedette.SeverityHigh, Stage: vedette.VerdictCompromise, Actor: "198.51.100.7", Summary: "\"/up/a.php\" was used 40 times.",
		Count: 40, File: "logs/edu-1/access.log", Line: 17, Original: `198.51.100.7 - - [04/Jan/2024:02:00:00 +0000] "POST /up/a.php HTTP/1.1" 200 17`,
	}
	probe := shell
	probe.Title, probe.Rule, probe.Technique, probe.Detector, probe.Stage = "SQL injection", "sqli", "T1190", "sigma", vedette.VerdictAttempt
	probe.Summary, probe.Line, probe.Original = "GET /?id=1' answered 500", 9, `198.51.100.7 - - [03/Jan/2024:02:00:00 +0000] "GET /?id=1' HTTP/1.1" 500 9`
	second := shell
	second.Line, second.Time = 18, shell.Time.Add(time.Minute)
	return &vedette.Assessment{
		Start: day(0), End: day(9), Simulated: true, Sources: 3,
		Ledger:        vedette.Ledger{Read: 1300, Stored: 1234, Duplicate: 60, Rejected: 6},
		RejectReasons: []vedette.Count{{Name: "time is missing", N: 4}, {Name: "binary data", N: 2}},
		Timeline: []vedette.TimelineDay{
			{Day: day(1), Findings: [...]int64{0, 30, 4, 0}}, {Day: day(3), Findings: [...]int64{0, 12, 20, 2}}, {Day: day(8), Findings: [...]int64{0, 7, 0, 0}},
		},
		Organizations: []vedette.OrganizationVerdict{
			{Organization: organization("gov-1", "Harbor Office", "government-national", "KE"), Verdict: vedette.VerdictAttempt, Targeted: true, Clusters: []string{"cluster--a"}, Events: 500, FirstEvent: day(0), LastEvent: day(9)},
			{Organization: organization("edu-1", "Strait University", "education", "TW"), Verdict: vedette.VerdictCompromise, Targeted: true, Clusters: []string{"cluster--a", "cluster--b"}, Events: 700, FirstEvent: day(0), LastEvent: day(8)},
			{Organization: organization("npo-1", "Aid Society", "non-profit", ""), Verdict: vedette.VerdictReconnaissance, Clusters: []string{"cluster--b"}, Events: 34, FirstEvent: day(2), LastEvent: day(2)},
			{Organization: organization("fin-1", "Quiet Bank", "financial-services", "TW")},
		},
		Clusters: []vedette.Cluster{{
			ID: "cluster--a", Name: "Cluster A", Targeted: true, Reasons: []string{"acted by hand after entry at 1 organization"}, FirstSeen: day(1), LastSeen: day(8),
			Infrastructure: []vedette.Infrastructure{
				{Value: "198.51.100.7", Type: "ipv4-addr", Roles: vedette.RoleExploit | vedette.RoleAdministration, FirstSeen: day(1), LastSeen: day(8), Findings: 60,
					Geo: &vedette.Geo{Country: "HK", City: "Hong Kong", ASN: 64512, ASName: "Example Hosting"}},
				{Value: "c2.example", Type: "domain-name", Roles: vedette.RoleC2, FirstSeen: day(4), LastSeen: day(8), Findings: 5},
			},
			Techniques: []vedette.Count{{Name: "T1505.003", N: 40}, {Name: "T1190", N: 3}, {Name: "T9999", N: 1}},
			Origin:     &vedette.Origin{Country: "CN", City: "Fuzhou", UTCOffsetMinutes: 480, Likelihood: "likely", Confidence: 60},
			Tools:      []string{"acunetix"}, CVEs: []string{"CVE-2021-44228"},
			Organizations: []vedette.ClusterOrganization{
				{ID: "edu-1", Verdict: vedette.VerdictCompromise, Confidence: 90, Reason: "Compromise: Web shell in use (\"/up/a.php\" was used 40 times.) on 4 January 2024.", FirstSeen: day(1), LastSeen: day(8), Evidence: []vedette.EvidenceItem{shell, second, probe}, Findings: 61},
				{ID: "gov-1", Verdict: vedette.VerdictAttempt, Confidence: 60, Reason: "Attempt: SQL injection; no effect was seen.", FirstSeen: day(2), LastSeen: day(2), Evidence: []vedette.EvidenceItem{probe}, Findings: 1},
			},
		}, {
			ID: "cluster--b", Name: "Cluster B", FirstSeen: day(2), LastSeen: day(2), Reasons: []string{"did one kind of thing everywhere"},
			Infrastructure: []vedette.Infrastructure{{Value: "2001:db8::7", Type: "ipv6-addr", Roles: vedette.RoleScanner}},
			Techniques:     []vedette.Count{{Name: "T1595.002", N: 7}}, Tools: []string{"zgrab"},
			Organizations: []vedette.ClusterOrganization{{ID: "npo-1", Verdict: vedette.VerdictReconnaissance, Findings: 7}, {ID: "edu-1", Verdict: vedette.VerdictReconnaissance, Findings: 2}},
		}},
		Trends: []vedette.Trend{{Kind: vedette.TrendCluster, Name: "cluster--a", Weeks: sampleWeeks(9, 2, 3, 40), Claims: []vedette.TrendClaim{{
			Kind: vedette.ClaimRecord, Measure: vedette.MeasureFindings, From: day(21), To: day(28), Value: 40, Usual: 3, Periods: 13, P: 0.002, Q: 0.01,
			Text: "First at this magnitude: 40 findings in the week of 22 January 2024, against 3 expected from the 13 weeks before (p = 0.002)."}}},
			{Kind: vedette.TrendSector, Name: "education", Weeks: sampleWeeks(0, 0, 1, 1)}},
		BlindSpots: []vedette.BlindSpot{
			{Organization: "gov-1", Kind: vedette.BlindClock, Text: "The clock of the web server (www) is 1 hour ahead of that of Zeek (zeek), by 40 visits that both saw."},
			{Organization: "edu-1", Asset: "edu-1-vpn", Kind: vedette.BlindNetworkOnly, Text: "edu-1-vpn is exposed to the internet but sends no log; only network sensors see its traffic."},
			{Organization: "fin-1", Kind: vedette.BlindNoTelemetry, Text: "It sent no telemetry at all.", Techniques: []string{"T1190", "T1505.003"}},
		},
	}
}

func sampleWeeks(findings ...int64) (out []vedette.TrendPoint) {
	for i, n := range findings {
		out = append(out, vedette.TrendPoint{Start: day(7 * i), Findings: n, Organizations: n / 4, Exposure: 3})
	}
	return out
}

func render(t testing.TB, a *vedette.Assessment) string {
	t.Helper()
	var b bytes.Buffer
	if err := Renderer.Render(&b, a, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	got := render(t, sample())
	file := filepath.Join("testdata", "sample.html")
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
		t.Errorf("page differs (-want +got); go test -update writes it:\n%s", diff)
	}
}

// TestHostileText plants markup and reordering characters wherever text comes
// from logs or names, and expects the page's structure to stay the same.
func TestHostileText(t *testing.T) {
	const evil = "<script>alert(1)</script></style><img src=x onerror=alert(1)>\"'`{{.}}-->]]>\u202egnp.exe\u2066\x00\x1b[31m\xff"
	a := sample()
	for i := range a.Organizations {
		a.Organizations[i].Organization.Name = evil
	}
	a.Organizations[0].Organization.Sector, a.Organizations[0].Organization.Country = evil, evil
	a.RejectReasons[0].Name = evil
	c := &a.Clusters[0]
	c.Name, c.ID, c.Reasons, c.Tools, c.CVEs = evil, evil, []string{evil}, []string{evil}, []string{evil}
	c.Techniques[0].Name = evil
	c.Origin.City, c.Origin.Country, c.Origin.Likelihood = evil, evil, evil
	c.Infrastructure[0].Value, c.Infrastructure[0].Geo = evil, &vedette.Geo{Country: evil, City: evil, ASN: 1, ASName: evil}
	o := &c.Organizations[0]
	o.Reason = evil
	e := &o.Evidence[0]
	e.Detector, e.Rule, e.Title, e.Technique, e.Summary, e.File, e.Original = evil, evil, evil, evil, evil, evil, evil
	a.Clusters[1].Name, a.Clusters[1].Tools = evil, []string{evil}
	a.Trends[0].Claims[0].Text, a.Trends[0].Kind = evil, vedette.TrendTechnique
	a.Trends[0].Name = evil
	a.BlindSpots[0].Text, a.BlindSpots[1].Asset, a.BlindSpots[2].Text = evil, evil, evil
	a.BlindSpots[2].Techniques = []string{evil}
	got := render(t, a)
	seen := html.UnescapeString(got)
	for _, bad := range []string{"<script", "<img", "\u202e", "\u2066", "\x00", "\x1b", "\xff"} {
		if strings.Contains(got, bad) {
			t.Errorf("page contains %q", bad)
		}
	}
	if n := strings.Count(got, "</style>"); n != 1 {
		t.Errorf("page has %d ends of style, want 1", n)
	}
	for _, want := range []string{"⟨U+202E⟩gnp.exe", "⟨U+0000⟩", "<script>alert(1)</script>"} {
		if !strings.Contains(seen, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	// The same elements in the same order as in the harmless page, but for what
	// a line more or less of equal text makes: tags are counted by name.
	tags := func(page string) map[string]int {
		m := make(map[string]int)
		for _, tag := range regexp.MustCompile(`<[a-zA-Z!/][a-zA-Z0-9]*`).FindAllString(page, -1) {
			m[tag]++
		}
		return m
	}
	harmless := sample()
	harmless.Organizations[0].Organization.Sector = "zzz"
	before, after := tags(render(t, harmless)), tags(got)
	for tag := range after {
		if before[tag] == 0 {
			t.Errorf("hostile text made an element %s", tag)
		}
	}
}

// TestPolicy checks that the page forbids itself everything but its own style.
func TestPolicy(t *testing.T) {
	got := render(t, sample())
	for _, want := range []string{`default-src &#39;none&#39;`, `style-src &#39;sha256-`, `base-uri &#39;none&#39;`} {
		if !strings.Contains(got, want) && !strings.Contains(got, strings.ReplaceAll(want, "&#39;", "'")) {
			t.Errorf("policy lacks %s", want)
		}
	}
	for _, pattern := range []string{`(?i)\son[a-z]+=`, `(?i)<script`, `(?i)<link`, `(?i)@import`, `\sstyle=`, `https?://`, `(?i)src=`, `url\([^#]`} {
		if found := regexp.MustCompile(pattern).FindString(got); found != "" {
			t.Errorf("page contains %q", found)
		}
	}
}

// huge is an assessment far beyond what a page can hold, of text that escapes
// to five times its length.
func huge() *vedette.Assessment {
	a := sample()
	nasty := strings.Repeat("'\"<&\u202e", 200)
	for i := range 20000 {
		a.Organizations = append(a.Organizations, vedette.OrganizationVerdict{
			Organization: organization("org-"+thousands(int64(i)), nasty, nasty, "TW"), Verdict: vedette.Verdict(i % 4), Events: 1, FirstEvent: day(0), LastEvent: day(1)})
	}
	for i := range 3000 {
		a.Timeline = append(a.Timeline, vedette.TimelineDay{Day: day(i + 20), Findings: [...]int64{0, 1, 2, 3}})
		a.RejectReasons = append(a.RejectReasons, vedette.Count{Name: nasty, N: 1})
	}
	c := a.Clusters[0]
	for range 300 {
		c.Reasons, c.Tools, c.CVEs = append(c.Reasons, nasty), append(c.Tools, nasty), append(c.CVEs, nasty)
		c.Techniques = append(c.Techniques, vedette.Count{Name: nasty})
		c.Infrastructure = append(c.Infrastructure, vedette.Infrastructure{Value: nasty, Geo: &vedette.Geo{City: nasty, Country: "TW", ASN: 1, ASName: nasty}})
	}
	o := c.Organizations[0]
	for range 200 {
		e := o.Evidence[0]
		e.Original, e.Summary, e.File = nasty, nasty, nasty
		o.Evidence = append(o.Evidence, e)
	}
	o.Reason = nasty
	for i := range 500 {
		o.ID = a.Organizations[i].Organization.ID
		c.Organizations = append(c.Organizations, o)
	}
	for i := range 2000 {
		c.Targeted = i%2 == 0
		a.Clusters = append(a.Clusters, c)
	}
	for i := range 5000 {
		t, b := a.Trends[0], a.BlindSpots[i%3]
		t.Weeks = sampleWeeks(make([]int64, 600)...)
		t.Claims = []vedette.TrendClaim{{Kind: vedette.ClaimChange, Text: nasty}}
		b.Organization, b.Text, b.Asset, b.Techniques = a.Organizations[i].Organization.ID, nasty, nasty, []string{nasty}
		a.Trends, a.BlindSpots = append(a.Trends, t), append(a.BlindSpots, b)
	}
	return a
}

// TestThousand holds the page of a thousand organizations to 3 MB.
func TestThousand(t *testing.T) {
	for n, limit := range map[int]int{5: 300 << 10, 100: 1 << 20, 1000: 3 << 20} {
		got := render(t, reporttest.Assessment(n))
		t.Logf("%d organizations: %d bytes", n, len(got))
		if len(got) > limit {
			t.Errorf("%d organizations: page has %d bytes, want at most %d", n, len(got), limit)
		}
	}
}

// TestBlindNone wants a verdict of none from a blind organization to say so.
func TestBlindNone(t *testing.T) {
	a := sample()
	a.Organizations[3].Events = 9
	a.BlindSpots = []vedette.BlindSpot{{Organization: "fin-1", Kind: vedette.BlindDark, Text: "Nothing at all arrived since 2 January 2024 00:00."}}
	got := render(t, a)
	for _, want := range []string{"Nothing found, but blind", "but blind: Nothing at all arrived since 2 January 2024 00:00.", "an attack there could have passed unseen"} {
		if !strings.Contains(got, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	a.BlindSpots[0].Kind = vedette.BlindClock // hides nothing
	if strings.Contains(render(t, a), "but blind") {
		t.Error("a wrong clock makes blind")
	}
}

func TestSizeBound(t *testing.T) {
	got := render(t, huge())
	t.Logf("page of %d bytes", len(got))
	if len(got) > 8<<20 {
		t.Errorf("page has %d bytes", len(got))
	}
	for _, want := range []string{"more organizations, none with a worse verdict", "more clusters of lower rank", "more reasons", "more addresses and names", "in the JSON form"} {
		if !strings.Contains(got, want) {
			t.Errorf("page does not say %q", want)
		}
	}
}

// TestEmpty renders what a run without telemetry gives.
func TestEmpty(t *testing.T) {
	got := render(t, &vedette.Assessment{})
	for _, want := range []string{"No telemetry", "No findings in this period", "No organizations were given", "No blind spot was found", "too short to compare"} {
		if !strings.Contains(got, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(got, "SIMULATED") || strings.Contains(got, "NaN") || strings.Contains(got, "0001") {
		t.Error("page of nothing says something")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	if err := Renderer.Render(failing{}, sample(), report.Options{}); err == nil || err.Error() != "disk full" {
		t.Errorf("error %v, want disk full", err)
	}
}

func TestTechniqueNames(t *testing.T) {
	if n := len(techniques); n < 100 {
		t.Errorf("%d technique names", n)
	}
	for id, name := range techniques {
		if !regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`).MatchString(id) || name == "" {
			t.Errorf("technique %q %q", id, name)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	a := huge()
	b.ResetTimer()
	for b.Loop() {
		render(b, a)
	}
}
