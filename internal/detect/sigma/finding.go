package sigma

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// finding is what is the same for all matches of a rule.
type finding struct {
	template vedette.Detection
	author   string // to be shown with every match, empty for our own rules
	host     bool   // about what happened on a machine
	dns      bool
	proxy    bool
}

// Tags of our own by which a rule says what its match means.
const (
	tagStage  = "vedette.stage."
	tagEffect = "vedette.effect"
	tagWeak   = "vedette.weak"
	tagTool   = "vedette.tool."
	tagRole   = "vedette.role."
	ourAuthor = "Vedette"
)

// networkCategories are the categories of what can be seen from the network.
var networkCategories = []string{"webserver", "proxy", "web", "firewall", "dns"}

func newFinding(r *sig.Rule) finding {
	f := finding{dns: r.LogSource.Category == "dns" || r.LogSource.Service == "dns", proxy: r.LogSource.Category == "proxy"}
	f.host = !slices.Contains(networkCategories, r.LogSource.Category) && r.LogSource.Product != "zeek" && r.LogSource.Product != "suricata" &&
		(r.LogSource.Category != "" || r.LogSource.Product == "windows" || r.LogSource.Product == "linux")
	f.template = describe(&r.Meta, f.host)
	if r.Author != ourAuthor {
		f.author = cut(r.Author, 60)
	}
	return f
}

// describe derives a detection's constant part from a rule's metadata.
func describe(m *sig.Meta, host bool) vedette.Detection {
	severity, err := vedette.ParseSeverity(m.Level)
	if err != nil {
		severity = vedette.SeverityMedium // the specification leaves level optional
	}
	d := vedette.Detection{
		Detector: name, Rule: m.ID, Title: m.Title, Severity: severity,
		Techniques: m.Techniques(), Confidence: confidence(severity, m.Status),
	}
	if d.Rule == "" {
		d.Rule = m.Title
	}
	if cves := m.CVEs(); len(cves) > 0 {
		d.CVE = cves[0]
	}
	d.Tool, _ = m.Custom(tagTool)
	d.Stage, d.Role = stageAndRole(m, host, severity)
	d.Effect = m.HasTag(tagEffect) || host && severity == vedette.SeverityCritical
	d.Weak = m.HasTag(tagWeak) || severity <= vedette.SeverityLow
	if word, ok := m.Custom(tagStage); ok {
		if stage, err := vedette.ParseVerdict(strings.ToLower(word)); err == nil {
			d.Stage, d.Weak = stage, m.HasTag(tagWeak)
			d.Effect = m.HasTag(tagEffect)
		}
	}
	if word, ok := m.Custom(tagRole); ok {
		for role := vedette.RoleScanner; role <= vedette.RoleRelay; role <<= 1 {
			if role.Names()[0] == strings.ToLower(word) {
				d.Role = role
			}
		}
	}
	return d
}

// stageAndRole reads them off the ATT&CK tactics. A rule about a single event
// never supports a compromise unless it says so itself.
func stageAndRole(m *sig.Meta, host bool, severity vedette.Severity) (vedette.Verdict, vedette.Role) {
	has := func(tactic string) bool {
		return m.HasTag("attack."+tactic) || m.HasTag("attack."+strings.ReplaceAll(tactic, "-", "_"))
	}
	switch {
	case host && severity >= vedette.SeverityHigh:
		return vedette.VerdictAttempt, 0
	case host:
		return vedette.VerdictReconnaissance, 0
	case has("command-and-control") || has("exfiltration"):
		return vedette.VerdictAttempt, vedette.RoleC2
	case has("initial-access") || has("execution") || has("persistence") || has("credential-access"):
		return vedette.VerdictAttempt, vedette.RoleExploit
	case has("reconnaissance") || has("discovery"):
		return vedette.VerdictReconnaissance, vedette.RoleScanner
	}
	return vedette.VerdictAttempt, vedette.RoleExploit
}

// confidence by level and status: what a rule's author thinks of it.
func confidence(s vedette.Severity, status string) int {
	c := [...]int{15, 25, 45, 65, 75}[s]
	switch status {
	case "stable":
		c += 10
	case "experimental":
		c -= 10
	case "deprecated", "unsupported":
		c -= 20
	}
	return max(c, 5)
}

// detection makes the detection for one event. Its strings may alias the
// event's batch.
func (f *finding) detection(e *vedette.Event) vedette.Detection {
	d := f.template
	p := f.parties(e)
	d.Actor, d.ActorName, d.Target, d.TargetPort = p.actor, p.name, p.target, p.port
	if f.proxy && e.Direction == vedette.DirectionInbound {
		// The rule is about clients of ours. Of a stranger's request it only
		// tells the tool.
		d.Weak, d.Role = true, vedette.RoleScanner
	}
	d.Summary = f.summary(e)
	return d
}

// parties are who acted, and upon whom.
type parties struct {
	actor, target netip.Addr
	port          uint16 // of target
	name          string // of the actor
}

func (f *finding) parties(e *vedette.Event) parties {
	switch {
	case f.dns || e.Action == vedette.ActionDNSQuery: // the other end is a resolver; the name is what matters
		return parties{name: e.DNSQuestion, target: e.SourceIP}
	case e.Direction == vedette.DirectionInternal: // nobody outside took part
		return parties{target: e.DestinationIP, port: e.DestinationPort}
	case e.Direction == vedette.DirectionOutbound || e.Direction == vedette.DirectionUnknown && initiated(e):
		p := parties{actor: e.DestinationIP, target: e.SourceIP, name: host(e)}
		if p.name == "" {
			p.name = e.ServerName
		}
		return p
	}
	return parties{actor: e.SourceIP, target: e.DestinationIP, port: e.DestinationPort}
}

// initiated reports whether Sysmon saw the machine open the connection.
func initiated(e *vedette.Event) bool {
	if e.Dataset != vedette.DatasetWindowsSysmon || e.Code != "3" {
		return false
	}
	v, _ := e.Get("Initiated")
	return v == "true"
}

// maxSummary is what a Detection allows.
const maxSummary = 300

// summary says in one sentence what happened.
func (f *finding) summary(e *vedette.Event) string {
	var b strings.Builder
	word := func(s string, limit int) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(cut(s, limit))
	}
	switch {
	case e.URL != "" || e.Method != "":
		word(e.Method, 16)
		word(e.URL, 140)
		if e.Status != 0 {
			word("answered "+strconv.Itoa(int(e.Status)), 20)
		}
		if d := host(e); d != "" {
			word("at "+d, 50)
		}
	case e.DNSQuestion != "":
		word("asked for", 20)
		word(e.DNSType, 10)
		word(e.DNSQuestion, 140)
	default:
		word(hostSummary(e), 200)
	}
	if b.Len() == 0 {
		word(f.template.Title, 200)
	}
	if f.author != "" {
		word("(rule by "+f.author+")", 80)
	}
	return cut(b.String(), maxSummary)
}

// hostSummary names the telling values of an event that is not about the web.
func hostSummary(e *vedette.Event) string {
	for _, key := range [...]string{"CommandLine", "TargetFilename", "TargetObject", "ImageLoaded", "PipeName", "ScriptBlockText", "Image", "cmdline", "cfgpath"} {
		if v, ok := e.Get(key); ok && v != "" {
			return key + " " + v
		}
	}
	switch {
	case e.Message != "":
		return e.Message
	case e.SourceIP.IsValid() && e.DestinationIP.IsValid():
		return "connection from " + e.SourceIP.String() + " to " + e.DestinationIP.String() + " port " + strconv.Itoa(int(e.DestinationPort))
	case e.FileName != "":
		return "file " + e.FileName
	}
	return string(e.Original)
}

// cut shortens s to at most n bytes, never inside a character, and makes it
// valid UTF-8 without line ends.
func cut(s string, n int) string {
	cutOff := len(s) > n
	if cutOff {
		n -= len("…")
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\t") {
		s = strings.Map(func(r rune) rune {
			switch r {
			case '\r', '\n', '\t':
				return ' '
			case utf8.RuneError:
				return '?'
			}
			return r
		}, s)
	}
	if cutOff {
		s += "…"
	}
	return s
}
