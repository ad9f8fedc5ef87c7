package zeekmap

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// Error is why a record is no event; the text is constant.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// The reasons.
const (
	ErrTime    = Error("time is missing or not readable")
	ErrAddress = Error("address is not readable")
	ErrNumber  = Error("number is not readable")
)

// kind is what the stream says of all its records.
type kind struct {
	dataset, category, action, transport, protocol string
}

var kinds = [numStreams]kind{
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
func Apply(b *vedette.Batch, e *vedette.Event, a Action, f *Field, t *jsonscan.Token) error {
	switch a {
	case Rest:
		addRest(b, e, f, t)
	case Time:
		n, ok := Instant(t)
		if !ok {
			return ErrTime
		}
		e.Time = n
	case SourceIP, DestIP:
		addr, ok := jsonscan.Addr(t.Raw)
		if !ok {
			return ErrAddress
		}
		if a == SourceIP {
			e.SourceIP = addr
		} else {
			e.DestinationIP = addr
		}
	case SourcePort, DestPort:
		port, ok := jsonscan.Port(t.Raw)
		if !ok {
			return ErrNumber
		}
		if a == SourcePort {
			e.SourcePort = port
		} else {
			e.DestinationPort = port
		}
	case Question:
		e.DNSQuestion = t.Text(b)
		if n := len(e.DNSQuestion); n > 1 && e.DNSQuestion[n-1] == '.' {
			e.DNSQuestion = e.DNSQuestion[:n-1]
		}
	case QueryType:
		e.DNSType = t.Text(b)
	case ResponseCode:
		e.DNSCode = t.Text(b)
		if e.Outcome == vedette.OutcomeUnknown {
			e.Outcome = outcome(e.DNSCode == "NOERROR")
		}
	case Answers:
		e.DNSAnswers = t.Join(b)
	case Transport:
		e.Transport = t.Text(b)
	case Path, Nested, Fallback: // the caller's
	case System:
		e.Host = t.Text(b)
	case Duration, SourceBytes, DestBytes, SourcePkts, DestPkts, RequestBytes, RespBytes, Status:
		return applyNumber(e, a, t)
	default:
		if a >= Method && a <= MIMETypes {
			applyWeb(b, e, a, f, t)
		} else {
			applyOther(b, e, a, f, t)
		}
	}
	return nil
}

func applyNumber(e *vedette.Event, a Action, t *jsonscan.Token) error {
	var n int64
	var ok bool
	if a == Duration {
		// Tab-separated logs have microseconds; JSON's more digits are noise.
		if n, ok = jsonscan.Nanoseconds(t.Raw); ok {
			n = (n + 500) / 1000 * 1000
		}
	} else {
		n, ok = jsonscan.Int(t.Raw)
	}
	if !ok {
		return ErrNumber
	}
	switch a {
	case Duration:
		e.Duration, e.Has = n, e.Has|vedette.HasDuration
	case SourceBytes:
		e.SourceBytes, e.Has = n, e.Has|vedette.HasSourceBytes
	case DestBytes:
		e.DestinationBytes, e.Has = n, e.Has|vedette.HasDestinationBytes
	case SourcePkts:
		e.SourcePackets, e.Has = n, e.Has|vedette.HasSourcePackets
	case DestPkts:
		e.DestinationPackets, e.Has = n, e.Has|vedette.HasDestinationPackets
	case RequestBytes:
		e.RequestBytes, e.Has = n, e.Has|vedette.HasRequestBytes
	case RespBytes:
		e.ResponseBytes, e.Has = n, e.Has|vedette.HasResponseBytes
	case Status:
		if n < 0 || n > 65535 {
			return ErrNumber
		}
		e.Status = uint16(n)
		if n > 0 {
			e.Outcome = outcome(n < 400)
		}
	}
	return nil
}

func applyWeb(b *vedette.Batch, e *vedette.Event, a Action, f *Field, t *jsonscan.Token) {
	switch a {
	case Method:
		e.Method = t.Text(b)
	case Host:
		host := t.Text(b)
		var whole bool
		if e.URLDomain, whole = jsonscan.Domain(host, b.Buffer); !whole {
			b.AddRest(e, f.Name, host)
		}
	case URL:
		e.URL = t.Text(b)
	case Referrer:
		e.Referrer = t.Text(b)
	case UserAgent:
		e.UserAgent = t.Text(b)
	case User:
		e.User = t.Text(b)
	case MIMETypes:
		if s := t.Join(b); s != "" && strings.IndexByte(s, ',') < 0 {
			e.MIMEType = s
		} else {
			addRest(b, e, f, t)
		}
	}
}

func applyOther(b *vedette.Batch, e *vedette.Event, a Action, f *Field, t *jsonscan.Token) {
	switch a {
	case ServerName:
		e.ServerName = t.Text(b)
	case TLSVersion:
		e.TLSVersion = t.Text(b)
	case JA3:
		e.JA3 = t.Text(b)
	case JA3S:
		e.JA3S = t.Text(b)
	case JA4:
		e.JA4 = t.Text(b)
	case Subject:
		e.X509Subject = t.Text(b)
	case Issuer:
		e.X509Issuer = t.Text(b)
	case Serial:
		e.X509Serial = t.Text(b)
	case MIMEType:
		e.MIMEType = t.Text(b)
	case FileName:
		e.FileName = t.Text(b)
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
	case RuleID:
		e.RuleID = t.Text(b)
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

// Instant reads a time as Zeek or a shipper writes it.
func Instant(t *jsonscan.Token) (int64, bool) {
	if t.Kind == jsonscan.String {
		if n, ok := jsonscan.Time(t.Raw, time.UTC); ok {
			return n, true
		}
	}
	return jsonscan.Epoch(t.Raw)
}

// addRest keeps a value under its own name, in the form that is common to all
// spellings of a log.
func addRest(b *vedette.Batch, e *vedette.Event, f *Field, t *jsonscan.Token) {
	switch {
	case t.Kind == jsonscan.Number && f.IsTime:
		if s, ok := isoTime(b, t.Raw); ok {
			b.AddRest(e, f.Name, s)
			return
		}
	case t.Kind == jsonscan.Number:
		b.AddField(e, vedette.Field{Key: f.Name, Value: Decimal(b, t.Raw), Kind: vedette.KindRaw})
		return
	case t.Kind == jsonscan.Array && t.Raw == `[""]`:
		// Tab-separated logs write this and an empty set alike.
		b.AddField(e, vedette.Field{Key: f.Name, Value: "[]", Kind: vedette.KindRaw})
		return
	case t.Kind == jsonscan.Array && strings.IndexByte(t.Raw, '.') >= 0 && strings.IndexByte(t.Raw, '"') < 0:
		b.AddField(e, vedette.Field{Key: f.Name, Value: decimals(b, t), Kind: vedette.KindRaw})
		return
	}
	t.Add(b, e, f.Name)
}

// isoTime writes epoch seconds as 2006-01-02T15:04:05.000000Z, as Zeek's JSON
// writer does.
func isoTime(b *vedette.Batch, s string) (string, bool) {
	n, ok := jsonscan.Nanoseconds(s)
	if !ok {
		return "", false
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	return alias(time.Unix(0, n).UTC().AppendFormat(b.Buffer(len(layout) + 8)[:0], layout)), true
}

// Decimal returns a number with at most six decimal places and no zeros at the
// end beyond the first place; whole numbers stay as they are.
func Decimal(b *vedette.Batch, s string) string {
	point := -1
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			point = i
		} else if s[i]|0x20 == 'e' {
			return rounded(b, s)
		}
	}
	if point < 0 {
		return s
	}
	if len(s)-point-1 > 6 {
		return rounded(b, s)
	}
	return trimmed(s, point)
}

func trimmed(s string, point int) string {
	for len(s) > point+2 && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s
}

func rounded(b *vedette.Batch, s string) string {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n > 1e15 || n < -1e15 {
		return s
	}
	out := alias(strconv.AppendFloat(b.Buffer(32)[:0], n, 'f', 6, 64))
	return trimmed(out, strings.IndexByte(out, '.'))
}

// decimals is Decimal for the elements of an array of numbers.
func decimals(b *vedette.Batch, t *jsonscan.Token) string {
	var e jsonscan.Token
	same := true
	for list := t.Elements(); list.Next(&e) && same; {
		same = e.Kind != jsonscan.Number || Decimal(b, e.Raw) == e.Raw
	}
	if same {
		return t.Raw
	}
	// Rounding may lengthen a number in scientific notation.
	out := append(b.Buffer(32 + 6*len(t.Raw))[:0], '[')
	for list := t.Elements(); list.Next(&e); {
		if len(out) > 1 {
			out = append(out, ',')
		}
		if e.Kind == jsonscan.Number {
			out = append(out, Decimal(b, e.Raw)...)
		} else {
			out = append(out, e.Raw...)
		}
	}
	return alias(append(out, ']'))
}

func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
