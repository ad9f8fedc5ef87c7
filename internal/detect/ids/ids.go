// Package ids takes over what sensors on the wire found themselves: Suricata
// alerts, Zeek notices and a firewall's IPS. Vedette adds the place of the
// finding in its ladder, not the finding.
//
// A signature fires on what was sent, so it supports an attempt at most, and
// many signatures are noise: informational ones support nothing, and a scan
// signature supports reconnaissance.
package ids

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Plugin is the detector for the table of detectors.
var Plugin = detect.Plugin{Name: "ids", New: func(detect.Env) (detect.Set, error) {
	return detect.Set{Streams: []detect.Stream{detector{}}}, nil
}}

type detector struct{}

// Meta implements detect.Stream.
func (detector) Meta() detect.Meta {
	return detect.Meta{Name: "ids", Doc: "Alerts of Suricata, Zeek's notice framework and firewalls' intrusion prevention, as reported."}
}

// classes maps what a signature's name or class says to a stage; the first that
// occurs wins. Names follow Suricata's classification.config short names and
// descriptions, ET Open's rule categories and Zeek's notice types.
var classes = []struct {
	words     []string
	stage     vedette.Verdict
	technique string
	role      vedette.Role
}{
	{[]string{"not suspicious", "misc activity", "generic protocol", "et info", "et policy", "et games", "et chat", "ssl::invalid", "ssl::certificate", "captureloss", "packetfilter", "software::"}, vedette.VerdictNone, "", 0},
	{[]string{"network scan", "et scan", "scan::", "information leak", "attempted-recon", "successful-recon", "zmap", "nmap", "masscan", "port scan", "portscan"}, vedette.VerdictReconnaissance, "T1595", vedette.RoleScanner},
	{[]string{"command and control", "et malware", "trojan", "c2 ", "beacon", "cobalt"}, vedette.VerdictAttempt, "T1071", vedette.RoleC2},
	{[]string{"password_guessing", "brute", "login failure", "unsuccessful user"}, vedette.VerdictAttempt, "T1110", vedette.RoleExploit},
	{[]string{"web application attack", "exploit", "administrator privilege", "user privilege", "web specific", "shellcode", "sql injection", "sql_injection", "traversal", "rce", "attempted-admin", "attempted-user"}, vedette.VerdictAttempt, "T1190", vedette.RoleExploit},
}

// Inspect implements detect.Stream.
func (detector) Inspect(e *vedette.Event, emit detect.Emit) {
	if e.Action != vedette.ActionAlert || e.Category != vedette.CategoryIDS || e.Dataset == vedette.DatasetZeekWeird {
		return
	}
	category, _ := e.Get("alert.category")
	text := strings.ToLower(e.RuleName + " " + e.RuleID + " " + category)
	stage, technique, role := vedette.VerdictReconnaissance, "", vedette.Role(0)
	known := false
	for _, c := range classes {
		for _, w := range c.words {
			if !known && strings.Contains(text, w) {
				stage, technique, role, known = c.stage, c.technique, c.role, true
			}
		}
	}
	if stage == vedette.VerdictNone {
		return
	}
	d := vedette.Detection{
		Detector: "ids", Rule: e.RuleID, Title: e.RuleName, Severity: severity(e), Stage: stage, Role: role,
		Confidence: 50, Weak: !known, Summary: "sensor reported: " + e.RuleName,
		Actor: e.SourceIP, Target: e.DestinationIP, TargetPort: e.DestinationPort,
	}
	if d.Title == "" {
		d.Title, d.Summary = e.RuleID, "sensor reported: "+e.RuleID
	}
	// A signature may fire on the answer or on outbound traffic: the actor is
	// the outside end.
	if e.Direction == vedette.DirectionOutbound {
		d.Actor, d.Target, d.TargetPort = e.DestinationIP, e.SourceIP, e.SourcePort
	}
	if technique != "" {
		d.Techniques = []string{technique}
	}
	emit(&d)
}

// severity translates Suricata's 1 (worst) to 3.
func severity(e *vedette.Event) vedette.Severity {
	if e.Dataset == vedette.DatasetSuricataAlert {
		switch e.Severity {
		case 1:
			return vedette.SeverityHigh
		case 2:
			return vedette.SeverityMedium
		}
		return vedette.SeverityLow
	}
	return vedette.SeverityMedium
}
