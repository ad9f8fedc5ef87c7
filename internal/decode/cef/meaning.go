package cef

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/fortios"
)

// finish gives the message its time and meaning.
func (d *decoder) finish(b *vedette.Batch, e *vedette.Event, m *message) error {
	if err := d.setTime(b, e, m); err != nil {
		return err
	}
	e.URLDomain = m.dhost
	e.Protocol = protocols[lower(b, m.app)]
	e.Outcome = outcome(b, m)
	// Who acts is the source user; devices that know one user only name it as
	// the destination's.
	e.User = m.suser
	if e.User == "" {
		e.User, m.duser = m.duser, ""
	}
	d.meaning(b, e, m)
	for _, f := range [...]struct{ key, value string }{
		{"duser", m.duser}, {"act", m.act}, {"outcome", m.result}, {"app", m.app},
	} {
		if f.value != "" {
			b.AddRest(e, f.key, f.value)
		}
	}
	return nil
}

// setTime takes the receipt time, else end, else start. Without any the time
// stays zero for the envelope to fill in; a message that is a record of its own
// source has no envelope.
func (d *decoder) setTime(b *vedette.Batch, e *vedette.Event, m *message) error {
	times := [...]*[]byte{&m.received, &m.ended, &m.started}
	var at [3]int64
	for i, v := range times {
		if *v == nil {
			continue
		}
		ns, ok := d.moment(*v)
		if !ok {
			return decode.ErrTime
		}
		at[i] = ns
		if e.Time == 0 {
			e.Time = ns
		}
	}
	if at[1] != 0 && at[2] != 0 && at[1] >= at[2] {
		e.Duration = at[1] - at[2]
		e.Has |= vedette.HasDuration
	}
	if m.received != nil && m.started != nil && at[0] != at[2] {
		b.AddRest(e, "start", decode.String(m.started))
	}
	if m.received != nil && m.ended != nil && at[0] != at[1] {
		b.AddRest(e, "end", decode.String(m.ended))
	}
	if e.Time == 0 && b.Source != nil && b.Source.Format == formatName {
		return decode.ErrTime
	}
	return nil
}

var protocols = map[string]string{
	"http": "http", "https": "tls", "ssl": "tls", "tls": "tls", "dns": "dns", "ssh": "ssh", "smtp": "smtp",
	"ftp": "ftp", "rdp": "rdp", "smb": "smb", "ldap": "ldap", "telnet": "telnet", "snmp": "snmp", "imap": "imap",
}

// outcome reads the key of that name, else what the device did.
func outcome(b *vedette.Batch, m *message) vedette.Outcome {
	for _, s := range [...]string{m.result, m.act} {
		switch lower(b, s) {
		case "success", "succeeded", "successful", "allow", "allowed", "accept", "accepted", "permit", "permitted", "pass", "passthrough":
			return vedette.OutcomeSuccess
		case "failure", "failed", "fail", "deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "reset", "reset-both":
			return vedette.OutcomeFailure
		}
	}
	return vedette.OutcomeUnknown
}

// meaning tells from the name what kind of event it is. CEF has no common word
// for that, so only what cannot be mistaken gets an action: logins with an
// outcome, web requests, sessions, and messages that say "attack" or the like.
func (d *decoder) meaning(b *vedette.Batch, e *vedette.Event, m *message) {
	t := d.topics.Get(m.name)
	if t == topicOther {
		kind, _ := e.Get("cat")
		if kind = lower(b, kind); contains(kind, "ips", "ids", "threat", "vulnerability", "virus", "intrusion", "attack", "exploit") {
			t = topicAttack
		}
	}
	switch {
	case t == topicLogout:
		e.Category, e.Action = vedette.CategoryAuthentication, vedette.ActionLogout
	case t == topicLogin:
		login(e, lower(b, m.name))
	case t >= topicChange:
		change(e, m, t)
	case t == topicAttack:
		e.Category, e.Action, e.Keep = vedette.CategoryIDS, vedette.ActionAlert, true
		e.RuleID, e.RuleName = e.Code, m.name
	case e.URL != "" && e.Method != "":
		e.Category, e.Action = vedette.CategoryWeb, vedette.ActionHTTPRequest
		if e.Protocol == "" {
			e.Protocol = "http"
		}
	case e.SourceIP.IsValid() && e.DestinationIP.IsValid() && (e.DestinationPort != 0 || e.Transport != ""):
		e.Category, e.Action = vedette.CategoryNetwork, vedette.ActionConnection
	}
}

// topic is what a message's name tells of it.
type topic uint8

const (
	topicOther topic = iota
	topicLogout
	topicLogin
	topicAttack
	topicChange // of a FortiGate: FTNTFGTcfgpath tells of what
	topicUser
	topicTunnel
	topicLogging
	topicTaken // a configuration
	topicConfig
)

// changes are what the names of administrators' messages say, the first that
// fits: a word for the object and one for what was done to it.
var changes = []struct {
	objects, done []string
	topic         topic
	category      string
	action        string
}{
	{[]string{"config"}, []string{"backup", "backed up", "download", "export"}, topicTaken, vedette.CategoryConfiguration, vedette.ActionConfigRead},
	{[]string{"audit", "syslog", "logging", "log setting", "log server", "logs "}, []string{"disabled", "cleared", "deleted", "stopped", "turned off", "removed"},
		topicLogging, vedette.CategoryConfiguration, vedette.ActionLoggingOff},
	{[]string{"user ", "administrator ", "admin ", "account "}, []string{"added", "created"}, topicUser, vedette.CategoryIAM, vedette.ActionUserCreated},
	{[]string{"tunnel ", "ipsec ", "site-to-site"}, []string{"added", "created"}, topicTunnel, vedette.CategoryConfiguration, vedette.ActionTunnelCreated},
	{[]string{"policy", "rule ", "configuration", "config "}, []string{"added", "created", "changed", "modified", "edited", "deleted", "committed"},
		topicConfig, vedette.CategoryConfiguration, vedette.ActionConfigChanged},
}

// change is an administrator's change of the device.
func change(e *vedette.Event, m *message, t topic) {
	e.Keep = true
	if e.Outcome == vedette.OutcomeUnknown {
		e.Outcome = vedette.OutcomeSuccess
	}
	if t != topicChange {
		for i := range changes {
			if changes[i].topic == t {
				e.Category, e.Action = changes[i].category, changes[i].action
			}
		}
		return
	}
	path, ok := e.Get("FTNTFGTcfgpath")
	if !ok {
		e.Outcome = vedette.OutcomeUnknown
		return
	}
	e.Category, e.Action = fortios.Change(path, m.act)
	if ui, ok := e.Get("sproc"); ok && !e.SourceIP.IsValid() {
		e.SourceIP = fortios.Administrator(ui)
	}
}

func topicOf(name string) topic {
	name = strings.ToLower(name)
	switch {
	case contains(name, "logout", "logoff", "logged out"):
		return topicLogout
	case contains(name, "login", "logon", "log in", "authentication", "logged in"):
		return topicLogin
	case contains(name, "attack", "exploit", "injection", "malware", "virus", "trojan", "intrusion", "traversal", "scan"):
		return topicAttack
	case strings.HasPrefix(name, "event:"):
		return topicChange
	}
	for _, c := range changes {
		if contains(name+" ", c.objects...) && contains(name, c.done...) {
			return c.topic
		}
	}
	return topicOther
}

func login(e *vedette.Event, name string) {
	e.Category, e.Action, e.Keep = vedette.CategoryAuthentication, vedette.ActionLogin, true
	switch {
	case e.Outcome != vedette.OutcomeUnknown:
	case contains(name, "fail", "denied", "invalid", "reject"):
		e.Outcome = vedette.OutcomeFailure
	case contains(name, "success", "succeed", "accepted"):
		e.Outcome = vedette.OutcomeSuccess
	}
	if contains(name, "admin") || strings.HasPrefix(name, "event:system") {
		e.Action = vedette.ActionAdminLogin
	}
}

// lower returns s with its ASCII letters in lower case.
func lower(b *vedette.Batch, s string) string {
	out := b.Buffer(len(s))
	for i := range len(s) {
		c := s[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		out[i] = c
	}
	return decode.String(out)
}

func contains(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
