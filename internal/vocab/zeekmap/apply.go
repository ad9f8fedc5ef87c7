package zeekmap

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// kind is what the stream says of all its records.
type kind struct {
	dataset, category, action, transport, protocol string
}

var kinds = [NumStreams]kind{
	Other:         {"", vedette.CategoryNetwork, "", "", ""},
	Conn:          {vedette.DatasetZeekConn, vedette.CategoryNetwork, vedette.ActionConnection, "", ""},
	DNS:           {vedette.DatasetZeekDNS, vedette.CategoryNetwork, vedette.ActionDNSQuery, "", "dns"},
	HTTP:          {vedette.DatasetZeekHTTP, vedette.CategoryWeb, vedette.ActionHTTPRequest, "tcp", "http"},
	SSL:           {vedette.DatasetZeekSSL, vedette.CategoryNetwork, vedette.ActionTLSHandshake, "", "tls"},
	X509:          {vedette.DatasetZeekX509, vedette.CategoryNetwork, "", "", "tls"},
	SSH:           {vedette.DatasetZeekSSH, vedette.CategoryAuthentication, vedette.ActionLogin, "tcp", "ssh"},
	Files:         {vedette.DatasetZeekFiles, vedette.CategoryFile, "", "", ""},
	Notice:        {vedette.DatasetZeekNotice, vedette.CategoryIDS, vedette.ActionAlert, "", ""},
	Weird:         {vedette.DatasetZeekWeird, vedette.CategoryIDS, vedette.ActionAlert, "", ""},
	FTP:           {"zeek.ftp", vedette.CategoryNetwork, "", "tcp", "ftp"},
	SMTP:          {"zeek.smtp", vedette.CategoryNetwork, "", "tcp", "smtp"},
	RDP:           {"zeek.rdp", vedette.CategoryNetwork, "", "", "rdp"},
	NTLM:          {"zeek.ntlm", vedette.CategoryAuthentication, vedette.ActionLogin, "tcp", "ntlm"},
	Kerberos:      {"zeek.kerberos", vedette.CategoryAuthentication, "", "", "kerberos"},
	SMBFiles:      {"zeek.smb_files", vedette.CategoryFile, "", "tcp", "smb"},
	SMBMapping:    {"zeek.smb_mapping", vedette.CategoryFile, "", "tcp", "smb"},
	DCERPC:        {"zeek.dce_rpc", vedette.CategoryNetwork, "", "", "dce_rpc"},
	Software:      {"zeek.software", vedette.CategoryNetwork, "", "", ""},
	KnownServices: {"zeek.known_services", vedette.CategoryNetwork, "", "", ""},
}

// Begin sets what the stream says of all its records. The dataset of Other is
// left to the caller.
func (s Stream) Begin(e *vedette.Event) {
	k := &kinds[s]
	e.Dataset, e.Category, e.Action, e.Transport, e.Protocol = k.dataset, k.category, k.action, k.transport, k.protocol
}

// End completes e, which Begin and Apply have filled.
func (s Stream) End(e *vedette.Event) {
	if e.Transport == "icmp" && e.SourceIP.Is6() {
		e.Transport = "ipv6-icmp"
	}
	switch s {
	case Files:
		// The sender of a file is the server unless is_orig says otherwise.
		if v, _ := e.Get("is_orig"); v != "true" {
			if e.SourcePort == 0 && e.DestinationPort == 0 { // not from an id record
				e.SourceIP, e.DestinationIP = e.DestinationIP, e.SourceIP
			}
		}
	case SSH:
		e.Keep = e.Outcome == vedette.OutcomeSuccess
	}
}

// Apply puts the value of a field into e, the event added to b last. The token
// may come from JSON or be made from a column.
func (m *Mapper) Apply(b *vedette.Batch, e *vedette.Event, a Action, f *Field, t *jsonscan.Token) error {
	switch {
	case a == Rest:
		addRest(b, e, f, t)
	case a.IsPlain():
		s := t.Raw
		if t.Escaped || t.High {
			s = t.Text(b)
		}
		return m.Plain(e, a, s)
	case a > RuleID:
		applyOther(b, e, a, f, t)
	}
	return nil
}

func applyOther(b *vedette.Batch, e *vedette.Event, a Action, f *Field, t *jsonscan.Token) {
	switch a {
	case Host:
		host := t.Text(b)
		var whole bool
		if e.URLDomain, whole = jsonscan.Domain(host, b.Buffer); !whole {
			b.AddRest(e, f.Name, host)
		}
	case MIMETypes:
		if s := t.Join(b); s != "" && strings.IndexByte(s, ',') < 0 {
			e.MIMEType = s
		} else {
			addRest(b, e, f, t)
		}
	case Answers:
		e.DNSAnswers = t.Join(b)
	case MD5:
		e.MD5 = jsonscan.Lower(t.Text(b), b.Buffer)
	case SHA1:
		e.SHA1 = jsonscan.Lower(t.Text(b), b.Buffer)
	case SHA256:
		e.SHA256 = jsonscan.Lower(t.Text(b), b.Buffer)
	case Fingerprint:
		switch s := t.Text(b); len(s) {
		case 64:
			e.SHA256 = jsonscan.Lower(s, b.Buffer)
		case 40:
			e.SHA1 = jsonscan.Lower(s, b.Buffer)
		default:
			addRest(b, e, f, t)
		}
	case Service:
		service := jsonscan.Lower(t.Text(b), b.Buffer)
		if e.Protocol = service; service == "ssl" {
			e.Protocol = "tls"
			addRest(b, e, f, t)
		}
	case RuleMessage:
		e.RuleName = t.Text(b)
		e.Message = e.RuleName
	case WeirdName:
		e.RuleID = t.Text(b)
		e.RuleName = e.RuleID
	default:
		applyKept(e, a, t, b)
		addRest(b, e, f, t)
	}
}

// applyKept uses values that do not go into an event whole, and are therefore
// kept under their own name too.
func applyKept(e *vedette.Event, a Action, t *jsonscan.Token, b *vedette.Batch) {
	switch a {
	case ConnState:
		e.Code = t.Text(b)
		e.Outcome = stateOutcome(t.Raw)
	case Rejected:
		if t.Kind == jsonscan.True {
			e.Outcome = vedette.OutcomeFailure
		}
	case Established, Success:
		e.Outcome = outcome(t.Kind == jsonscan.True)
	case FileSource:
		if e.Protocol = jsonscan.Lower(t.Text(b), b.Buffer); e.Protocol == "ssl" {
			e.Protocol = "tls"
		}
	case TxHosts, NoticeSource:
		if addr, ok := jsonscan.Addr(t.Join(b)); ok && !e.SourceIP.IsValid() {
			e.SourceIP = addr
		}
	case RxHosts, NoticeDest:
		if addr, ok := jsonscan.Addr(t.Join(b)); ok && !e.DestinationIP.IsValid() {
			e.DestinationIP = addr
		}
	case NoticePort:
		if port, ok := jsonscan.Port(t.Raw); ok && e.DestinationPort == 0 {
			e.DestinationPort = port
		}
	}
}

// stateOutcome says whether a session came about (Zeek's conn_state).
func stateOutcome(state string) vedette.Outcome {
	switch state {
	case "SF", "S1", "S2", "S3", "RSTO", "RSTR":
		return vedette.OutcomeSuccess
	case "S0", "REJ", "RSTOS0", "RSTRH", "SH", "SHR":
		return vedette.OutcomeFailure
	}
	return vedette.OutcomeUnknown
}

func outcome(ok bool) vedette.Outcome {
	if ok {
		return vedette.OutcomeSuccess
	}
	return vedette.OutcomeFailure
}

// addRest keeps a value under its own name, in the form that is common to all
// spellings of a log.
func addRest(b *vedette.Batch, e *vedette.Event, f *Field, t *jsonscan.Token) {
	switch t.Kind {
	case jsonscan.String:
		s := t.Raw
		if t.Escaped || t.High {
			s = t.Text(b)
		}
		b.AddField(e, vedette.Field{Key: f.Name, Value: s})
		return
	case jsonscan.Number:
		if !f.IsTime {
			b.AddField(e, vedette.Field{Key: f.Name, Value: Decimal(b, t.Raw), Kind: vedette.KindRaw})
			return
		}
		if s, ok := isoTime(b, t.Raw); ok {
			b.AddRest(e, f.Name, s)
			return
		}
	case jsonscan.Array:
		value := t.Raw
		switch {
		case value == `[""]`:
			value = "[]" // tab-separated logs write this and an empty set alike
		case strings.IndexByte(value, '.') >= 0 && strings.IndexByte(value, '"') < 0:
			value = decimals(b, t)
		default:
			value = t.JSON(b)
		}
		b.AddField(e, vedette.Field{Key: f.Name, Value: value, Kind: vedette.KindRaw})
		return
	}
	b.AddField(e, vedette.Field{Key: f.Name, Value: t.JSON(b), Kind: vedette.KindRaw})
}
