package vedette

import (
	"net/netip"
	"strings"
)

// Event is one normalized telemetry record. Each field's comment names its ECS
// field. The zero value of a field means that the source did not say, except
// where Has tells zero and unknown apart.
//
// Ownership: the strings of an event may alias the memory of the [Batch] that
// holds it. They are valid until that batch is reset; whoever keeps one longer
// clones it. An event is not safe for concurrent writing.
type Event struct {
	ID     ID      // event.id: hash of the source's identity, Offset and the record
	Time   int64   // @timestamp, Unix nanoseconds UTC
	Source *Source // the file or stream that it was read from; never nil once decoded
	Line   int64   // log.file.line, from 1, counted in the decompressed source
	Offset int64   // log.offset, bytes from the start of the decompressed source

	// Original (log.original) is the record as it was read, without line end.
	// The store keeps it only for events that a detection cites and for
	// events whose Keep is set.
	Original []byte
	// Keep asks the store to keep Original: rare and telling records such as
	// logins and configuration changes, which windowed detectors cite later.
	Keep bool

	Dataset  string  // event.dataset, such as "zeek.conn": see the Dataset constants
	Category string  // event.category: see the Category constants
	Action   string  // event.action: see the Action constants
	Outcome  Outcome // event.outcome
	Code     string  // event.code: the source's own number or key of the message kind
	Severity int     // event.severity as the source gave it, 0 if it did not
	Message  string  // message: free text of the record, if any

	SourceIP        netip.Addr // source.ip: who opened the connection or sent the request; v4-mapped addresses are unmapped
	SourcePort      uint16     // source.port
	DestinationIP   netip.Addr // destination.ip
	DestinationPort uint16     // destination.port
	Transport       string     // network.transport: tcp, udp, icmp, ipv6-icmp
	Protocol        string     // network.protocol, lower case: http, tls, dns, ssh, ...

	Has                Has   // which of the numbers below the source gave
	SourceBytes        int64 // source.bytes
	DestinationBytes   int64 // destination.bytes
	SourcePackets      int64 // source.packets
	DestinationPackets int64 // destination.packets
	Duration           int64 // event.duration, nanoseconds
	RequestBytes       int64 // http.request.bytes
	ResponseBytes      int64 // http.response.bytes (body where the source tells them apart)

	User string // user.name of the acting account, as written by the source
	Host string // host.name of the machine that the record is about, or observer.name of the sensor

	Method    string // http.request.method
	URL       string // url.original: path and query, or an absolute URL, as the client sent it
	URLDomain string // url.domain: virtual host or Host header, lower case where cheap
	Status    uint16 // http.response.status_code
	Referrer  string // http.request.referrer
	UserAgent string // user_agent.original

	DNSQuestion string // dns.question.name, without the final dot
	DNSType     string // dns.question.type: A, AAAA, ...
	DNSCode     string // dns.response_code: NOERROR, NXDOMAIN, ...
	DNSAnswers  string // dns.answers.data, comma-separated

	ServerName  string // tls.client.server_name
	TLSVersion  string // tls.version as the source writes it
	JA3         string // tls.client.ja3
	JA3S        string // tls.server.ja3s
	JA4         string // tls.client.ja4
	X509Subject string // tls.server.x509.subject.distinguished_name
	X509Issuer  string // tls.server.x509.issuer.distinguished_name
	X509Serial  string // tls.server.x509.serial_number

	FileName string // file.name or file.path
	MIMEType string // file.mime_type
	MD5      string // file.hash.md5, lower-case hexadecimal
	SHA1     string // file.hash.sha1 (of a certificate: tls.server.hash.sha1)
	SHA256   string // file.hash.sha256 (of a certificate: tls.server.hash.sha256)

	RuleID   string // rule.id: the signature of a sensor that alerted
	RuleName string // rule.name

	// Set by enrichment.
	Organization   string    // organization.id: whose telemetry this is; empty if nobody's
	Direction      Direction // network.direction as seen from Organization
	SourceGeo      *Geo      // source.geo.*, source.as.*; nil if unknown; shared, read-only
	DestinationGeo *Geo      // destination.geo.*, destination.as.*; nil if unknown; shared, read-only

	// Rest holds every field of the source that has no place above, under the
	// source's own name, in the source's order. Add to it with [Batch.AddRest].
	Rest []Field
}

// Path returns url.path: URL without scheme, authority, query and fragment.
func (e *Event) Path() string {
	p, _, _ := strings.Cut(e.pathAndQuery(), "?")
	return p
}

// Query returns url.query: what follows the first question mark of URL.
func (e *Event) Query() string {
	_, q, _ := strings.Cut(e.pathAndQuery(), "?")
	return q
}

func (e *Event) pathAndQuery() string {
	u := e.URL
	if len(u) > 0 && u[0] != '/' {
		if i := strings.Index(u, "://"); i >= 0 && i < 8 {
			u = u[i+3:]
			if j := strings.IndexAny(u, "/?"); j >= 0 {
				return u[j:]
			}
			return ""
		}
	}
	return u
}

// Get returns the value of the first field of Rest with that key.
func (e *Event) Get(key string) (string, bool) {
	for i := range e.Rest {
		if e.Rest[i].Key == key {
			return e.Rest[i].Value, true
		}
	}
	return "", false
}

// Outcome is event.outcome. For connections, failure means that no session
// came about (no answer, refused, reset before data).
type Outcome uint8

// The outcomes of ECS.
const (
	OutcomeUnknown Outcome = iota
	OutcomeSuccess
	OutcomeFailure
)

// String returns the ECS word, empty for unknown.
func (o Outcome) String() string {
	switch o {
	case OutcomeSuccess:
		return "success"
	case OutcomeFailure:
		return "failure"
	}
	return ""
}

// Direction is network.direction as seen from the owning organization.
type Direction uint8

// The directions of ECS that can be told from addresses alone.
const (
	DirectionUnknown  Direction = iota
	DirectionInbound            // from outside to the organization
	DirectionOutbound           // from the organization to outside
	DirectionInternal           // both ends are the organization's
	DirectionExternal           // neither end is
)

// String returns the ECS word, empty for unknown.
func (d Direction) String() string {
	return [...]string{"", "inbound", "outbound", "internal", "external"}[d]
}

// Has is a set of numeric event fields that the source gave, so that a
// reported zero differs from silence.
type Has uint16

// One bit a field, in the order of the fields of Event.
const (
	HasSourceBytes Has = 1 << iota
	HasDestinationBytes
	HasSourcePackets
	HasDestinationPackets
	HasDuration
	HasRequestBytes
	HasResponseBytes
)

// Field is one named value that an event carries beside the common ones.
type Field struct {
	Key   string
	Value string
	Kind  Kind
}

// Kind says how Value of a Field was written by the source.
type Kind uint8

// Kinds of values.
const (
	KindString Kind = iota // text
	KindRaw                // a JSON number, boolean, null, array or object, kept as JSON text
)

// Datasets (event.dataset). A Zeek log of another kind is "zeek." and its path;
// a Suricata event "suricata." and its event_type.
const (
	DatasetZeekConn         = "zeek.conn"
	DatasetZeekHTTP         = "zeek.http"
	DatasetZeekSSL          = "zeek.ssl"
	DatasetZeekX509         = "zeek.x509"
	DatasetZeekDNS          = "zeek.dns"
	DatasetZeekSSH          = "zeek.ssh"
	DatasetZeekFiles        = "zeek.files"
	DatasetZeekNotice       = "zeek.notice"
	DatasetZeekWeird        = "zeek.weird"
	DatasetSuricataAlert    = "suricata.alert"
	DatasetSuricataFlow     = "suricata.flow"
	DatasetSuricataHTTP     = "suricata.http"
	DatasetSuricataTLS      = "suricata.tls"
	DatasetSuricataDNS      = "suricata.dns"
	DatasetSuricataSSH      = "suricata.ssh"
	DatasetSuricataAnomaly  = "suricata.anomaly"
	DatasetWebAccess        = "web.access" // Apache, nginx, Traefik, Caddy: text or JSON
	DatasetIISAccess        = "iis.access"
	DatasetSoftEtherServer  = "softether.server"
	DatasetSoftEtherHub     = "softether.security"
	DatasetSoftEtherPacket  = "softether.packet"
	DatasetSyslog           = "system.syslog"
	DatasetAuth             = "system.auth" // sshd and other logins found in syslog
	DatasetFortiGateTraffic = "fortinet.traffic"
	DatasetFortiGateEvent   = "fortinet.event"
	DatasetFortiGateUTM     = "fortinet.utm"
	DatasetCEF              = "cef.log"
	DatasetWindowsSysmon    = "windows.sysmon"
	DatasetWindowsEvent     = "windows.event"
)

// Categories (event.category).
const (
	CategoryAuthentication = "authentication"
	CategoryConfiguration  = "configuration"
	CategoryFile           = "file"
	CategoryIAM            = "iam"
	CategoryIDS            = "intrusion_detection"
	CategoryNetwork        = "network"
	CategoryProcess        = "process"
	CategorySession        = "session"
	CategoryWeb            = "web"
)

// Actions (event.action): what happened, in words that every source shares.
// Windowed detectors ask for these; what is particular to a source is in Code.
const (
	ActionConnection    = "connection"      // a network flow
	ActionHTTPRequest   = "http-request"    // one web request with its response
	ActionDNSQuery      = "dns-query"       // a question and perhaps its answer
	ActionTLSHandshake  = "tls-handshake"   //
	ActionAlert         = "alert"           // a sensor's own detection
	ActionLogin         = "login"           // a user's login to a service (VPN, SSH, mail, portal); Outcome says how it ended
	ActionAdminLogin    = "admin-login"     // a login that gives control of the device itself
	ActionLogout        = "logout"          //
	ActionSessionStart  = "session-start"   // a VPN session came up; SourceIP is the outer address
	ActionSessionEnd    = "session-end"     //
	ActionUserCreated   = "user-created"    // also groups
	ActionUserChanged   = "user-changed"    // password or rights
	ActionUserDeleted   = "user-deleted"    //
	ActionHubCreated    = "hub-created"     // a virtual hub, VDOM or virtual server
	ActionHubDeleted    = "hub-deleted"     //
	ActionTunnelCreated = "tunnel-created"  // cascade, bridge, SecureNAT, layer-3 switch, site-to-site VPN
	ActionLoggingOff    = "logging-changed" // log or syslog settings changed or switched off
	ActionConfigRead    = "config-read"     // a configuration with secrets, or logs, were taken
	ActionConfigChanged = "config-changed"  // any other change of the device's settings
	ActionDeviceStart   = "device-start"    //
	ActionDeviceStop    = "device-stop"     //
)
