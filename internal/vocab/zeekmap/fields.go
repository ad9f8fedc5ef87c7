// Package zeekmap says what the fields of Zeek's logs mean in an event, for any
// spelling of those logs: tab-separated with headers, JSON with dotted keys, or
// JSON whose dots were replaced by underscores on the way.
//
// Both spellings of one log give the same events. Where they differ in
// precision or form, the tab-separated one decides: decimals have at most six
// places, and times among the remaining fields are ISO 8601.
//
// Field meanings: Zeek's manual, "Zeek Log Formats and Inspection", and the
// record types Conn::Info, HTTP::Info and so on in Zeek's scripts.
package zeekmap

import "strings"

// Stream is a kind of log (Zeek's #path) whose fields have places of their own
// in an event.
type Stream uint8

// The streams.
const (
	Other Stream = iota
	Conn
	DNS
	HTTP
	SSL
	X509
	SSH
	Files
	Notice
	Weird
	FTP
	SMTP
	RDP
	NTLM
	Kerberos
	SMBFiles
	SMBMapping
	DCERPC
	Software
	KnownServices
	NumStreams
)

var paths = [NumStreams]string{
	"", "conn", "dns", "http", "ssl", "x509", "ssh", "files", "notice", "weird", "ftp", "smtp", "rdp", "ntlm",
	"kerberos", "smb_files", "smb_mapping", "dce_rpc", "software", "known_services",
}

// StreamOf returns the stream that Zeek calls path, Other if it has no places
// of its own.
func StreamOf(path string) Stream {
	for s := Conn; s < NumStreams; s++ {
		if paths[s] == path {
			return s
		}
	}
	return Other
}

// Path returns Zeek's name of the stream, empty for Other.
func (s Stream) Path() string { return paths[s] }

// Action is what is done with the value of a field.
type Action uint8

// The actions. Those up to Nested are not done by Apply or Plain.
const (
	Rest     Action = iota // no place in an event: kept under its own name
	Path                   // names the stream
	Fallback               // the time when the record was written
	Nested                 // the id record as an object

	// One plain value, of which Plain takes care.
	Time // ts
	SourceIP
	SourcePort
	DestIP
	DestPort
	Duration
	SourceBytes
	DestBytes
	SourcePkts
	DestPkts
	RequestBytes
	RespBytes
	Status
	Question
	ResponseCode
	Transport // the first that is mere text
	System    // names the sensor
	Method
	URL
	Referrer
	UserAgent
	User
	QueryType
	ServerName
	TLSVersion
	JA3
	JA3S
	JA4
	Subject
	Issuer
	Serial
	MIMEType
	FileName
	RuleID // the last

	Service // conn's protocol
	ConnState
	Host
	MIMETypes // a vector; one element has a place
	Answers
	Rejected    // kept too
	Established // kept too
	Fingerprint // of a certificate: SHA-1 or SHA-256 by length
	Success     // of a login; kept too
	MD5
	SHA1
	SHA256
	FileSource // the protocol that carried a file; kept too
	TxHosts    // kept too
	RxHosts    // kept too
	IsOrig     // kept too
	RuleMessage
	WeirdName
	NoticeSource // kept too
	NoticeDest   // kept too
	NoticePort   // kept too
)

// IsPlain says that Plain does the action.
func (a Action) IsPlain() bool { return a >= Time && a <= RuleID }

// IsText says that any text can be the value of a plain action.
func (a Action) IsText() bool { return a >= Question && a <= RuleID }

// common are fields that mean the same in every stream.
var common = map[string]Action{
	"_path": Path, "@stream": Path,
	"_write_ts": Fallback, "@timestamp": Fallback,
	"_system_name": System, "@system": System,
	"id": Nested, "ts": Time, "proto": Transport,
	"id.orig_h": SourceIP, "id.orig_p": SourcePort, "id.resp_h": DestIP, "id.resp_p": DestPort,
}

var special = [NumStreams]map[string]Action{
	Conn: {
		"service": Service, "duration": Duration, "orig_bytes": SourceBytes, "resp_bytes": DestBytes,
		"orig_pkts": SourcePkts, "resp_pkts": DestPkts, "conn_state": ConnState,
	},
	DNS: {
		"rtt": Duration, "query": Question, "qtype_name": QueryType, "rcode_name": ResponseCode,
		"answers": Answers, "rejected": Rejected,
	},
	HTTP: {
		"method": Method, "host": Host, "uri": URL, "referrer": Referrer, "user_agent": UserAgent,
		"request_body_len": RequestBytes, "response_body_len": RespBytes, "status_code": Status,
		"username": User, "resp_mime_types": MIMETypes,
	},
	SSL: {
		"version": TLSVersion, "server_name": ServerName, "subject": Subject, "issuer": Issuer,
		"ja3": JA3, "ja3s": JA3S, "ja4": JA4, "established": Established,
	},
	X509: {
		"certificate.subject": Subject, "certificate.issuer": Issuer, "certificate.serial": Serial,
		"fingerprint": Fingerprint,
	},
	SSH: {"auth_success": Success},
	Files: {
		"tx_hosts": TxHosts, "rx_hosts": RxHosts, "source": FileSource, "mime_type": MIMEType,
		"filename": FileName, "duration": Duration, "is_orig": IsOrig, "md5": MD5, "sha1": SHA1, "sha256": SHA256,
	},
	Notice: {
		"note": RuleID, "msg": RuleMessage, "src": NoticeSource, "dst": NoticeDest, "p": NoticePort,
	},
	Weird:    {"name": WeirdName},
	FTP:      {"user": User, "mime_type": MIMEType},
	SMTP:     {"user_agent": UserAgent},
	NTLM:     {"username": User, "success": Success},
	Kerberos: {"client": User, "success": Success},
	SMBFiles: {"name": FileName},
	DCERPC:   {"rtt": Duration},
}

// hints are fields that only one stream has, by which it is known where the
// record does not name it.
var hints = map[string]Stream{
	"conn_state": Conn, "local_orig": Conn, "orig_ip_bytes": Conn,
	"qclass": DNS, "qtype": DNS, "qtype_name": DNS, "rcode": DNS, "rcode_name": DNS, "query": DNS, "RD": DNS,
	"uri": HTTP, "status_code": HTTP, "request_body_len": HTTP, "response_body_len": HTTP, "resp_fuids": HTTP,
	"ssl_history": SSL, "established": SSL, "cert_chain_fps": SSL, "cert_chain_fuids": SSL, "ja3": SSL, "ja3s": SSL,
	"certificate.subject": X509, "certificate.serial": X509, "certificate.version": X509,
	"auth_attempts": SSH, "kex_alg": SSH, "host_key_alg": SSH, "auth_success": SSH,
	"tx_hosts": Files, "rx_hosts": Files, "seen_bytes": Files,
	"note": Notice, "suppress_for": Notice,
	"notice": Weird, "addl": Weird,
	"reply_code": FTP, "data_channel.passive": FTP,
	"helo": SMTP, "mailfrom": SMTP, "last_reply": SMTP, "is_webmail": SMTP,
	"security_protocol": RDP, "keyboard_layout": RDP, "cookie": RDP,
	"server_nb_computer_name": NTLM, "domainname": NTLM,
	"request_type": Kerberos,
	"share_type":   SMBMapping,
	"named_pipe":   DCERPC, "endpoint": DCERPC,
	"software_type": Software, "unparsed_version": Software,
	"port_num": KnownServices,
}

// times are fields of Zeek's type time besides ts: JSON may write them as a
// number.
var times = []string{
	"certificate.not_valid_before", "certificate.not_valid_after", "from", "till", "compile_ts",
	"times.modified", "times.accessed", "times.created", "times.changed",
}

// flattened are the records within records: where dots were replaced, the first
// underscore behind one of these stands for a dot.
var flattened = []string{"certificate_", "san_", "basic_constraints_", "remote_location_", "data_channel_", "times_"}

var flattenedNames = map[string]string{
	"id_orig_h": "id.orig_h", "id_orig_p": "id.orig_p", "id_resp_h": "id.resp_h", "id_resp_p": "id.resp_p",
	"version_major": "version.major", "version_minor": "version.minor", "version_minor2": "version.minor2",
	"version_minor3": "version.minor3", "version_addl": "version.addl",
	"orig_h": "id.orig_h", "orig_p": "id.orig_p", "resp_h": "id.resp_h", "resp_p": "id.resp_p", // within a nested id
}

// Name returns Zeek's own, dotted name of a field. It allocates for a name that
// was flattened.
func Name(key string) string {
	if name, ok := flattenedNames[key]; ok {
		return name
	}
	for _, prefix := range flattened {
		if strings.HasPrefix(key, prefix) {
			return prefix[:len(prefix)-1] + "." + key[len(prefix):]
		}
	}
	return key
}

// Field is one field of Zeek's logs.
type Field struct {
	Name    string // dotted
	Hint    Stream // the only stream that has it, Other if there are several
	IsTime  bool   // of Zeek's type time
	actions [NumStreams]Action
}

// Action says what to do with the field in a stream.
func (f *Field) Action(s Stream) Action { return f.actions[s] }

// Lookup returns the field of that dotted name; a field without any place of
// its own is valid too.
func Lookup(name string) Field {
	f := Field{Name: name, Hint: hints[name]}
	for s := range NumStreams {
		f.actions[s] = common[name]
		if a, ok := special[s][name]; ok {
			f.actions[s] = a
		}
	}
	for _, t := range times {
		f.IsTime = f.IsTime || t == name
	}
	return f
}

// Vector says that the action takes a vector or set.
func (a Action) Vector() bool {
	switch a {
	case Rest, MIMETypes, Answers, TxHosts, RxHosts:
		return true
	}
	return false
}

// Valid reports whether s is one of the streams.
func (s Stream) Valid() bool { return s < NumStreams }
