package suricata

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// action is what is done with a value.
type action int32

const (
	rest action = iota // kept under its path
	eventType
	timestamp
	host
	sourceIP
	sourcePort
	destIP
	destPort
	transport
	protocol
	direction
	signatureID
	signature
	severity
	hostname
	url
	userAgent
	referrer
	method
	status
	length
	contentType
	subject
	issuer
	serial
	fingerprint
	serverName
	tlsVersion
	ja3
	ja3s
	ja4
	question
	queryType
	responseCode
	answer
	queries
	answers
	grouped
	fileName
	fileMD5
	fileSHA1
	fileSHA256
	anomalyEvent
	flowSource
	flowStart
	flowEnd
	flowState
	bytesToServer
	bytesToClient
	pktsToServer
	pktsToClient
	flagsToServer
	flagsToClient
)

// actions by dotted path (Suricata's "Eve JSON Format").
var actions = map[string]action{
	"event_type": eventType, "timestamp": timestamp, "host": host,
	"src_ip": sourceIP, "src_port": sourcePort, "dest_ip": destIP, "dest_port": destPort,
	"proto": transport, "app_proto": protocol, "direction": direction,
	"alert.signature_id": signatureID, "alert.signature": signature, "alert.severity": severity,
	"http.hostname": hostname, "http.url": url, "http.http_user_agent": userAgent, "http.http_refer": referrer,
	"http.http_method": method, "http.status": status, "http.length": length, "http.http_content_type": contentType,
	"tls.subject": subject, "tls.issuerdn": issuer, "tls.serial": serial, "tls.fingerprint": fingerprint,
	"tls.sni": serverName, "tls.version": tlsVersion, "tls.ja3.hash": ja3, "tls.ja3s.hash": ja3s, "tls.ja4": ja4,
	"dns.rrname": question, "dns.rrtype": queryType, "dns.rcode": responseCode, "dns.rdata": answer,
	"dns.queries": queries, "dns.query": queries, "dns.answers": answers,
	"fileinfo.filename": fileName, "fileinfo.md5": fileMD5, "fileinfo.sha1": fileSHA1, "fileinfo.sha256": fileSHA256,
	"anomaly.event": anomalyEvent,
	"flow.src_ip":   flowSource, "flow.start": flowStart, "flow.end": flowEnd, "flow.state": flowState,
	"flow.bytes_toserver": bytesToServer, "flow.bytes_toclient": bytesToClient,
	"flow.pkts_toserver": pktsToServer, "flow.pkts_toclient": pktsToClient,
	"tcp.tcp_flags_ts": flagsToServer, "tcp.tcp_flags_tc": flagsToClient,
}

// actionOf says what to do with the value at a path.
func actionOf(path string) int32 {
	if a, ok := actions[path]; ok {
		return int32(a)
	}
	if path == "stats" { // hundreds of counters
		return jsonscan.Opaque
	}
	if strings.HasPrefix(path, "dns.grouped.") {
		return int32(grouped)
	}
	return int32(rest)
}

// flow is what a record says about its connection.
type flow struct {
	start, end           int64  // Unix nanoseconds
	state                string // new, established, closed, bypassed
	source               string // who opened it
	hasDirection         bool   // the record says which way it went
	server, client       uint64 // TCP flags sent to them
	hasServer, hasClient bool
}

// kinds are the event types that are more than network records.
var kinds = map[string]struct{ dataset, category, action, protocol string }{
	"alert":    {vedette.DatasetSuricataAlert, vedette.CategoryIDS, vedette.ActionAlert, ""},
	"flow":     {vedette.DatasetSuricataFlow, vedette.CategoryNetwork, vedette.ActionConnection, ""},
	"http":     {vedette.DatasetSuricataHTTP, vedette.CategoryWeb, vedette.ActionHTTPRequest, "http"},
	"tls":      {vedette.DatasetSuricataTLS, vedette.CategoryNetwork, vedette.ActionTLSHandshake, "tls"},
	"dns":      {vedette.DatasetSuricataDNS, vedette.CategoryNetwork, vedette.ActionDNSQuery, "dns"},
	"ssh":      {vedette.DatasetSuricataSSH, vedette.CategoryNetwork, "", "ssh"},
	"anomaly":  {vedette.DatasetSuricataAnomaly, vedette.CategoryIDS, "", ""},
	"fileinfo": {"suricata.fileinfo", vedette.CategoryFile, "", ""},
	"smtp":     {"suricata.smtp", vedette.CategoryNetwork, "", "smtp"},
	"ftp":      {"suricata.ftp", vedette.CategoryNetwork, "", "ftp"},
	"smb":      {"suricata.smb", vedette.CategoryNetwork, "", "smb"},
	"rdp":      {"suricata.rdp", vedette.CategoryNetwork, "", "rdp"},
}

// begin sets what the event type says.
func begin(b *vedette.Batch, e *vedette.Event, t *jsonscan.Token) {
	name := t.Text(b)
	if k, ok := kinds[name]; ok {
		e.Dataset, e.Category, e.Action, e.Protocol = k.dataset, k.category, k.action, k.protocol
		return
	}
	e.Category = vedette.CategoryNetwork
	e.Dataset = decode.String(append(append(b.Buffer(len("suricata.") + len(name))[:0], "suricata."...), name...))
}

// apply puts one value into the event.
func (d *decoder) apply(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) error {
	f, t := action(m.Field), &m.Value
	if f < 0 || t.Kind >= jsonscan.Array && (f < queries || f > grouped) {
		t.Add(b, e, m.Path)
		return nil
	}
	switch f {
	case rest:
		t.Add(b, e, m.Path)
	case eventType:
	case timestamp:
		n, ok := jsonscan.Time(t.Raw, d.location)
		if !ok {
			return decode.ErrTime
		}
		e.Time = n
	case host:
		e.Host = t.Text(b)
	case sourceIP, destIP, sourcePort, destPort:
		return applyEndpoint(e, f, t)
	case transport:
		e.Transport = jsonscan.Lower(t.Text(b), b.Buffer)
	case protocol:
		if p := t.Text(b); p == "failed" || p == "unknown" {
			t.Add(b, e, m.Path)
		} else if e.Protocol == "" {
			e.Protocol = p
		}
	case signatureID:
		e.RuleID = t.Text(b)
	case signature:
		e.RuleName = t.Text(b)
	case severity:
		n, ok := jsonscan.Int(t.Raw)
		if !ok || n < 0 || n > 255 {
			return decode.ErrNumber
		}
		e.Severity = int(n)
	case anomalyEvent:
		e.RuleID = t.Text(b)
	default:
		switch {
		case f >= direction && f <= contentType:
			return d.applyHTTP(b, e, m)
		case f >= subject && f <= ja4:
			applyTLS(b, e, m)
		case f >= question && f <= grouped:
			d.applyDNS(b, e, m)
		case f >= flowSource:
			return d.applyFlow(b, e, m)
		default:
			applyFile(b, e, m)
		}
	}
	return nil
}

// applyEndpoint takes an address or a port.
func applyEndpoint(e *vedette.Event, f action, t *jsonscan.Token) error {
	if f == sourceIP || f == destIP {
		a, ok := jsonscan.Addr(t.Raw)
		if !ok {
			return decode.ErrAddress
		}
		if f == sourceIP {
			e.SourceIP = a
		} else {
			e.DestinationIP = a
		}
		return nil
	}
	p, ok := jsonscan.Port(t.Raw)
	if !ok {
		return decode.ErrNumber
	}
	if f == sourcePort {
		e.SourcePort = p
	} else {
		e.DestinationPort = p
	}
	return nil
}

func (d *decoder) applyHTTP(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) error {
	t := &m.Value
	switch action(m.Field) {
	case direction:
		d.flow.hasDirection = true
		t.Add(b, e, m.Path)
	case hostname:
		name := t.Text(b)
		var whole bool
		if e.URLDomain, whole = jsonscan.Domain(name, b.Buffer); !whole {
			b.AddRest(e, m.Path, name)
		}
	case url:
		e.URL = t.Text(b)
	case userAgent:
		e.UserAgent = t.Text(b)
	case referrer:
		e.Referrer = t.Text(b)
	case method:
		e.Method = t.Text(b)
	case contentType:
		e.MIMEType = t.Text(b)
	case status:
		n, ok := jsonscan.Port(t.Raw)
		if !ok {
			return decode.ErrNumber
		}
		if e.Status = n; n > 0 && e.Category == vedette.CategoryWeb {
			e.Outcome = outcome(n < 400)
		}
	case length:
		n, ok := jsonscan.Int(t.Raw)
		if !ok {
			return decode.ErrNumber
		}
		e.ResponseBytes, e.Has = n, e.Has|vedette.HasResponseBytes
	}
	return nil
}

func applyTLS(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) {
	s := m.Value.Text(b)
	switch action(m.Field) {
	case subject:
		e.X509Subject = s
	case issuer:
		e.X509Issuer = s
	case serial:
		e.X509Serial = s
	case serverName:
		e.ServerName = s
	case tlsVersion:
		e.TLSVersion = s
	case ja3:
		e.JA3 = s
	case ja3s:
		e.JA3S = s
	case ja4:
		e.JA4 = s
	case fingerprint: // SHA-1, bytes separated by colons
		out := b.Buffer(len(s))[:0]
		for i := range len(s) {
			if s[i] != ':' {
				out = append(out, s[i])
			}
		}
		if hash := decode.String(out); len(hash) == 40 {
			e.SHA1 = jsonscan.Lower(hash, b.Buffer)
		} else {
			b.AddRest(e, m.Path, s)
		}
	}
}

// applyDNS takes DNS records of EVE's versions 1 to 3, which write the question
// as members or as an array, and answers one a record, as an array, or grouped
// by type.
func (d *decoder) applyDNS(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) {
	t := &m.Value
	switch action(m.Field) {
	case question:
		e.DNSQuestion = strings.TrimSuffix(t.Text(b), ".")
	case queryType:
		e.DNSType = t.Text(b)
	case responseCode:
		e.DNSCode = t.Text(b)
		if e.Action == vedette.ActionDNSQuery {
			e.Outcome = outcome(e.DNSCode == "NOERROR")
		}
	case answer:
		e.DNSAnswers = t.Text(b)
	case queries:
		d.eachRecord(t, func(name, kind, _ *jsonscan.Token) bool {
			if name != nil {
				e.DNSQuestion = strings.TrimSuffix(name.Text(b), ".")
			}
			if kind != nil {
				e.DNSType = kind.Text(b)
			}
			return false
		})
		t.Add(b, e, m.Path)
	case answers:
		list := b.Buffer(len(t.Raw))[:0]
		d.eachRecord(t, func(_, _, data *jsonscan.Token) bool {
			if data != nil {
				if s := data.Text(b); len(list)+1+len(s) <= cap(list) {
					if len(list) > 0 {
						list = append(list, ',')
					}
					list = append(list, s...)
				}
			}
			return true
		})
		e.DNSAnswers = decode.String(list)
		t.Add(b, e, m.Path)
	case grouped:
		if e.DNSAnswers == "" && t.Kind == jsonscan.Array {
			e.DNSAnswers = t.Join(b)
		}
		t.Add(b, e, m.Path)
	}
}

// eachRecord calls visit with rrname, rrtype and rdata of each resource record
// in the array t, until it returns false.
func (d *decoder) eachRecord(t *jsonscan.Token, visit func(name, kind, data *jsonscan.Token) bool) {
	var e jsonscan.Token
	for list := t.Elements(); list.Next(&e); {
		if e.Kind != jsonscan.Object {
			continue
		}
		tokens, err := d.records.ScanValue(d.scratch[:0], &e)
		d.scratch = tokens
		if err != nil {
			return
		}
		var name, kind, data *jsonscan.Token
		for i := range tokens {
			if tokens[i].Kind != jsonscan.String {
				continue
			}
			switch tokens[i].Key {
			case "rrname":
				name = &tokens[i]
			case "rrtype":
				kind = &tokens[i]
			case "rdata":
				data = &tokens[i]
			}
		}
		if !visit(name, kind, data) {
			return
		}
	}
}

func applyFile(b *vedette.Batch, e *vedette.Event, m *jsonscan.Member) {
	s := m.Value.Text(b)
	switch action(m.Field) {
	case fileName:
		e.FileName = s
	case fileMD5:
		e.MD5 = jsonscan.Lower(s, b.Buffer)
	case fileSHA1:
		e.SHA1 = jsonscan.Lower(s, b.Buffer)
	case fileSHA256:
		e.SHA256 = jsonscan.Lower(s, b.Buffer)
	}
}

func outcome(ok bool) vedette.Outcome {
	if ok {
		return vedette.OutcomeSuccess
	}
	return vedette.OutcomeFailure
}
