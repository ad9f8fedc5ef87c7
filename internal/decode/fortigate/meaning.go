package fortigate

import (
	"net/netip"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/fortios"
)

// rest keeps the values that had no place in the event. The kinds of messages
// clear those that they put elsewhere.
func (m *message) rest(b *vedette.Batch, e *vedette.Event) {
	for _, f := range [...]struct{ key, value string }{
		{"subtype", m.subtype}, {"action", m.action}, {"status", m.status}, {"reason", m.reason}, {"logdesc", m.desc},
		{"ui", m.ui}, {"tunneltype", m.tunnelType}, {"cfgpath", m.path}, {"cfgobj", m.object}, {"hostname", m.hostname},
		{"attack", m.attack}, {"attackid", m.attackID}, {"virus", m.virus}, {"virusid", m.virusID},
	} {
		if f.value != "" {
			b.AddRest(e, f.key, f.value)
		}
	}
	if m.remote.IsValid() {
		b.AddRest(e, "remip", m.remote.String())
	}
	if m.local.IsValid() {
		b.AddRest(e, "locip", m.local.String())
	}
}

// traffic is a session. Logs of its start and interim statistics (ids ending in
// 15 and 20) have no action, so that a session counts once, at its end.
func traffic(e *vedette.Event, m *message) {
	e.Dataset, e.Category = vedette.DatasetFortiGateTraffic, vedette.CategoryNetwork
	e.User = m.user
	service(e)
	if m.action != "start" && !strings.HasSuffix(m.logID, "000015") && !strings.HasSuffix(m.logID, "000020") {
		e.Action = vedette.ActionConnection
		e.Outcome = sessionOutcome(e, m.action)
	}
}

// sessionOutcome is failure if the policy denied the session or nothing came
// back: no byte, or a lone reset.
func sessionOutcome(e *vedette.Event, action string) vedette.Outcome {
	answered := e.Has&vedette.HasDestinationBytes != 0
	switch {
	case action == "deny" || action == "blocked" || action == "dropped" || action == "ip-conn":
		return vedette.OutcomeFailure
	case answered && e.DestinationBytes == 0:
		return vedette.OutcomeFailure
	case action == "server-rst" && e.Has&vedette.HasDestinationPackets != 0 && e.DestinationPackets <= 1:
		return vedette.OutcomeFailure
	case answered:
		return vedette.OutcomeSuccess
	}
	return vedette.OutcomeUnknown
}

// service turns the policy's name of the service into Protocol, where it is one.
func service(e *vedette.Event) {
	if s, ok := e.Get("service"); ok {
		e.Protocol = services[s]
	}
}

// event is what happened on the device itself.
func event(e *vedette.Event, m *message) {
	e.Dataset, e.Keep, e.User = vedette.DatasetFortiGateEvent, true, m.user
	switch {
	case m.path != "":
		configuration(e, m)
	case m.subtype == "vpn":
		vpn(e, m)
	case m.subtype == "user":
		e.Category = vedette.CategoryAuthentication
		if m.action == "authentication" || m.action == "auth-logon" {
			e.Action, e.Outcome = vedette.ActionLogin, outcome(m.status)
		} else if m.action == "auth-logout" {
			e.Action = vedette.ActionLogout
		}
	default:
		system(e, m)
	}
	if !e.SourceIP.IsValid() {
		e.SourceIP = fortios.Administrator(m.ui)
	}
}

func outcome(status string) vedette.Outcome {
	switch status {
	case "success", "succeeded":
		return vedette.OutcomeSuccess
	case "failed", "failure", "fail", "timed_out", "denied":
		return vedette.OutcomeFailure
	}
	return vedette.OutcomeUnknown
}

// system is administrators' logins and the life of the device. Messages are told
// by the number at the end of their id, else by their description.
func system(e *vedette.Event, m *message) {
	desc := strings.ToLower(m.desc)
	switch id := m.logID[max(0, len(m.logID)-6):]; {
	case id == "032001", id == "032002", m.action == "login":
		e.Category, e.Action, e.Outcome = vedette.CategoryAuthentication, vedette.ActionAdminLogin, outcome(m.status)
		if id == "032002" {
			e.Outcome = vedette.OutcomeFailure
		}
	case id == "032003", m.action == "logout":
		e.Category, e.Action = vedette.CategoryAuthentication, vedette.ActionLogout
	case m.action == "backup", m.action == "download" && strings.Contains(strings.ToLower(e.Message), "config"):
		e.Action = vedette.ActionConfigRead
	case strings.Contains(desc, "log") && (strings.Contains(desc, "cleared") || strings.Contains(desc, "deleted") || strings.Contains(desc, "disabled")) &&
		!strings.Contains(desc, "login"):
		e.Action = vedette.ActionLoggingOff
	case desc == "fortigate started", desc == "device started", desc == "system started":
		e.Action = vedette.ActionDeviceStart
	case desc == "device shutdown", desc == "device rebooted", m.action == "shutdown", m.action == "reboot":
		e.Action = vedette.ActionDeviceStop
	case m.action == "restore", m.action == "factory-reset":
		e.Action = vedette.ActionConfigChanged
	}
	if e.Action != "" && e.Category == "" {
		e.Category = vedette.CategoryConfiguration
	}
}

// vpn is the life of tunnels. A tunnel of type ssl-web that comes up after
// "login successfully" is the login itself: what carries traffic follows.
func vpn(e *vedette.Event, m *message) {
	e.Category = vedette.CategorySession
	if m.remote.IsValid() {
		e.SourceIP, e.SourcePort, m.remote = m.remote, m.remotePort, netip.Addr{}
	}
	if m.local.IsValid() {
		e.DestinationIP, e.DestinationPort, m.local = m.local, m.localPort, netip.Addr{}
	}
	switch m.action {
	case "ssl-login-fail":
		e.Category, e.Action, e.Outcome = vedette.CategoryAuthentication, vedette.ActionLogin, vedette.OutcomeFailure
	case "tunnel-up":
		e.Action, e.Outcome = vedette.ActionSessionStart, vedette.OutcomeSuccess
		if m.tunnelType == "ssl-web" && strings.HasPrefix(m.reason, "login success") {
			e.Category, e.Action = vedette.CategoryAuthentication, vedette.ActionLogin
		}
	case "tunnel-down":
		e.Action = vedette.ActionSessionEnd
	default:
		e.Outcome = outcome(m.status)
	}
}

// configuration is one object that an administrator added, edited or deleted.
func configuration(e *vedette.Event, m *message) {
	e.Category, e.Action = fortios.Change(m.path, m.action)
	e.Outcome = vedette.OutcomeSuccess
}

// utm is what a security profile saw. IPS, antivirus, WAF and anomaly messages
// are alerts; web filter and DNS messages are the requests themselves.
func utm(e *vedette.Event, m *message) {
	e.Dataset, e.Category, e.User = vedette.DatasetFortiGateUTM, vedette.CategoryNetwork, m.user
	service(e)
	blocked := m.action == "blocked" || m.action == "dropped" || m.action == "block" || m.action == "reset" || m.action == "deny"
	if blocked {
		e.Outcome = vedette.OutcomeFailure
	}
	switch sub := m.subtype; {
	case sub == "ips" || sub == "anomaly" || m.kind == "anomaly":
		alert(e, m.attackID, m.attack)
		m.attack, m.attackID = "", ""
	case sub == "virus":
		name := m.virus
		if name == "" {
			name = e.Message
		}
		alert(e, m.virusID, name)
		m.virus, m.virusID = "", ""
	case sub == "waf":
		id, _ := e.Get("signatureid")
		alert(e, id, e.Message)
	case sub == "webfilter":
		e.Category, e.Action = vedette.CategoryWeb, vedette.ActionHTTPRequest
	case sub == "dns" && e.DNSQuestion != "":
		e.Action, e.Protocol = vedette.ActionDNSQuery, "dns"
	}
	if e.URL != "" {
		e.URLDomain, m.hostname = m.hostname, ""
	}
}

func alert(e *vedette.Event, id, name string) {
	e.Category, e.Action, e.Keep = vedette.CategoryIDS, vedette.ActionAlert, true
	e.RuleID, e.RuleName = id, name
}
