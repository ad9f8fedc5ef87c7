package winjson

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// field is a member of EventData that has a place in an event too.
type field uint8

const (
	fieldNone field = iota
	fieldHashes
	fieldSourceIP
	fieldSourcePort
	fieldDestinationIP
	fieldDestinationPort
	fieldProtocol
	fieldUser
	fieldTargetUser
	fieldSubjectUser
	fieldIPAddress
	fieldIPPort
	fieldQueryName
	fieldQueryResults
	fieldTargetFilename
)

// fields are those of Sysmon's and the Security log's schemas.
var fields = map[string]field{
	"Hashes": fieldHashes, "Hash": fieldHashes,
	"SourceIp": fieldSourceIP, "SourcePort": fieldSourcePort,
	"DestinationIp": fieldDestinationIP, "DestinationPort": fieldDestinationPort,
	"Protocol": fieldProtocol, "User": fieldUser,
	"TargetUserName": fieldTargetUser, "SubjectUserName": fieldSubjectUser,
	"IpAddress": fieldIPAddress, "IpPort": fieldIPPort,
	"QueryName": fieldQueryName, "QueryResults": fieldQueryResults,
	"TargetFilename": fieldTargetFilename,
}

// sysmonChannel is the channel of Sysmon's own log.
const sysmonChannel = "Microsoft-Windows-Sysmon/Operational"

// build adds the event.
func (r *record) build(b *vedette.Batch) {
	e := b.Add()
	e.Time = r.time
	e.Dataset = vedette.DatasetWindowsEvent
	e.Severity = r.level
	e.Code = r.code.Text(b)
	channel, provider := r.channel.Raw, r.provider.Raw
	sysmon := channel == sysmonChannel || r.has&hasChannel == 0 && provider == "Microsoft-Windows-Sysmon"
	if sysmon {
		e.Dataset = vedette.DatasetWindowsSysmon
		classifySysmon(e)
	} else if channel == "Security" || provider == "Microsoft-Windows-Security-Auditing" || provider == "Microsoft-Windows-Eventlog" {
		classifySecurity(e)
	} else if e.Code == "104" && channel == "System" {
		e.Category, e.Action, e.Keep = vedette.CategoryConfiguration, vedette.ActionLoggingOff, true
	}
	if r.has&hasMessage != 0 {
		e.Message = r.message.Text(b)
	}
	for _, s := range [...]struct {
		has   uint8
		name  string
		token *jsonscan.Token
	}{{hasChannel, "Channel", &r.channel}, {hasProvider, "Provider_Name", &r.provider}, {hasCode, "EventID", &r.code}, {hasComputer, "Computer", &r.computer}} {
		if r.has&s.has != 0 {
			s.token.Add(b, e, s.name)
		}
	}
	if r.has&hasComputer != 0 {
		e.Host = r.computer.Text(b)
	}
	for i := range r.items {
		it := &r.items[i]
		if it.field != fieldNone && it.value.Raw != "-" && it.value.Raw != "" && it.value.Kind <= jsonscan.Number {
			put(b, e, it.field, it.value, sysmon)
		}
		it.value.Add(b, e, it.name)
	}
}

// classifySysmon sets category and action by Sysmon's event ids.
func classifySysmon(e *vedette.Event) {
	switch e.Code {
	case "3":
		e.Category, e.Action = vedette.CategoryNetwork, vedette.ActionConnection
	case "22":
		e.Category, e.Action, e.Protocol = vedette.CategoryNetwork, vedette.ActionDNSQuery, "dns"
	case "2", "9", "11", "15", "23", "26", "27", "28", "29":
		e.Category = vedette.CategoryFile
	case "4", "12", "13", "14", "16", "19", "20", "21":
		e.Category = vedette.CategoryConfiguration
	default:
		e.Category = vedette.CategoryProcess
	}
}

// classifySecurity sets what the ids of the Security log say (Microsoft,
// "Appendix L: Events to Monitor").
func classifySecurity(e *vedette.Event) {
	switch e.Code {
	case "4624":
		e.Category, e.Action, e.Outcome = vedette.CategoryAuthentication, vedette.ActionLogin, vedette.OutcomeSuccess
	case "4625", "4771":
		e.Category, e.Action, e.Outcome = vedette.CategoryAuthentication, vedette.ActionLogin, vedette.OutcomeFailure
	case "4634", "4647":
		e.Category, e.Action = vedette.CategoryAuthentication, vedette.ActionLogout
	case "4648", "4672", "4768", "4769", "4776":
		e.Category = vedette.CategoryAuthentication
	case "4720", "4727", "4731", "4741":
		e.Category, e.Action = vedette.CategoryIAM, vedette.ActionUserCreated
	case "4722", "4723", "4724", "4728", "4732", "4738", "4756":
		e.Category, e.Action = vedette.CategoryIAM, vedette.ActionUserChanged
	case "4725", "4726":
		e.Category, e.Action = vedette.CategoryIAM, vedette.ActionUserDeleted
	case "1102", "4719":
		e.Category, e.Action = vedette.CategoryConfiguration, vedette.ActionLoggingOff
	case "4688", "4689":
		e.Category = vedette.CategoryProcess
	case "5156", "5157":
		e.Category, e.Action = vedette.CategoryNetwork, vedette.ActionConnection
	}
	e.Keep = e.Action != "" && e.Action != vedette.ActionConnection
}

// put puts the value of one field of EventData in its place. Values that do
// not fit stay in Rest alone.
func put(b *vedette.Batch, e *vedette.Event, f field, t *jsonscan.Token, sysmon bool) {
	switch f {
	case fieldHashes:
		hashes(b, e, t.Text(b))
	case fieldSourceIP, fieldIPAddress:
		if a, ok := jsonscan.Addr(t.Raw); ok {
			e.SourceIP = a
		}
	case fieldSourcePort, fieldIPPort:
		if p, ok := jsonscan.Port(t.Raw); ok {
			e.SourcePort = p
		}
	case fieldDestinationIP:
		if a, ok := jsonscan.Addr(t.Raw); ok {
			e.DestinationIP = a
		}
	case fieldDestinationPort:
		if p, ok := jsonscan.Port(t.Raw); ok {
			e.DestinationPort = p
		}
	case fieldProtocol:
		if sysmon {
			e.Transport = jsonscan.Lower(t.Text(b), b.Buffer)
		}
	case fieldUser, fieldTargetUser:
		e.User = t.Text(b)
	case fieldSubjectUser:
		if e.User == "" {
			e.User = t.Text(b)
		}
	case fieldQueryName:
		e.DNSQuestion = strings.TrimSuffix(t.Text(b), ".")
	case fieldQueryResults:
		e.DNSAnswers = answers(b, t.Text(b))
	case fieldTargetFilename:
		e.FileName = t.Text(b)
	}
}

// hashes reads Sysmon's list: SHA1=...,MD5=...,SHA256=...,IMPHASH=... in any
// order and choice.
func hashes(b *vedette.Batch, e *vedette.Event, list string) {
	for more := true; more; {
		var one string
		one, list, more = strings.Cut(list, ",")
		name, value, ok := strings.Cut(one, "=")
		if !ok {
			continue
		}
		value = jsonscan.Lower(value, b.Buffer)
		switch {
		case len(value) == 32 && strings.EqualFold(name, "MD5"):
			e.MD5 = value
		case len(value) == 40 && strings.EqualFold(name, "SHA1"):
			e.SHA1 = value
		case len(value) == 64 && strings.EqualFold(name, "SHA256"):
			e.SHA256 = value
		}
	}
}

// answers turns Sysmon's "type:  5 cname.example;192.0.2.1;" into a list with
// commas.
func answers(b *vedette.Batch, s string) string {
	out := b.Buffer(len(s))[:0]
	for more := true; more; {
		var one string
		one, s, more = strings.Cut(s, ";")
		if strings.HasPrefix(one, "type:") {
			one = one[strings.LastIndexByte(one, ' ')+1:]
		}
		one = strings.TrimPrefix(one, "::ffff:")
		if one == "" {
			continue
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		out = append(out, one...)
	}
	return decode.String(out)
}
