package vedette

// ColumnType is the type of a column of the events table, named as SQL engines
// do. Address columns hold 128-bit numbers: see [Addr128].
type ColumnType string

// The types in use.
const (
	TypeTime    ColumnType = "TIMESTAMP" // microseconds UTC
	TypeText    ColumnType = "VARCHAR"
	TypeAddress ColumnType = "UHUGEINT"
	TypePort    ColumnType = "USMALLINT"
	TypeInt     ColumnType = "BIGINT"
	TypeUint32  ColumnType = "UINTEGER"
)

// Column is one column of the events table. All but the first four may be NULL,
// which means that the source did not say.
type Column struct {
	Name string // in SQL
	ECS  string // Elastic Common Schema field, as hunts and exports name it
	Type ColumnType
}

// EventColumns is the events table, in order. It is the contract between the
// store, which fills it, and the windowed detectors and hunts, which query it.
// Event.Rest is in the column rest, as a JSON object in the source's order.
var EventColumns = []Column{
	{"time", "@timestamp", TypeTime},
	{"source", "vedette.source", TypeUint32}, // sources.seq
	{"line", "log.file.line", TypeInt},
	{"position", "log.offset", TypeInt},
	{"original", "log.original", TypeText},
	{"dataset", "event.dataset", TypeText},
	{"category", "event.category", TypeText},
	{"action", "event.action", TypeText},
	{"outcome", "event.outcome", TypeText}, // success, failure or NULL
	{"code", "event.code", TypeText},
	{"severity", "event.severity", TypeInt},
	{"message", "message", TypeText},
	{"source_ip", "source.ip", TypeAddress},
	{"source_port", "source.port", TypePort},
	{"destination_ip", "destination.ip", TypeAddress},
	{"destination_port", "destination.port", TypePort},
	{"transport", "network.transport", TypeText},
	{"protocol", "network.protocol", TypeText},
	{"source_bytes", "source.bytes", TypeInt},
	{"destination_bytes", "destination.bytes", TypeInt},
	{"source_packets", "source.packets", TypeInt},
	{"destination_packets", "destination.packets", TypeInt},
	{"duration", "event.duration", TypeInt}, // nanoseconds
	{"request_bytes", "http.request.bytes", TypeInt},
	{"response_bytes", "http.response.bytes", TypeInt},
	{"user_name", "user.name", TypeText},
	{"host_name", "host.name", TypeText},
	{"method", "http.request.method", TypeText},
	{"url", "url.original", TypeText},
	{"url_domain", "url.domain", TypeText},
	{"status", "http.response.status_code", TypePort},
	{"referrer", "http.request.referrer", TypeText},
	{"user_agent", "user_agent.original", TypeText},
	{"dns_question", "dns.question.name", TypeText},
	{"dns_type", "dns.question.type", TypeText},
	{"dns_code", "dns.response_code", TypeText},
	{"dns_answers", "dns.answers.data", TypeText},
	{"server_name", "tls.client.server_name", TypeText},
	{"tls_version", "tls.version", TypeText},
	{"ja3", "tls.client.ja3", TypeText},
	{"ja3s", "tls.server.ja3s", TypeText},
	{"ja4", "tls.client.ja4", TypeText},
	{"x509_subject", "tls.server.x509.subject.distinguished_name", TypeText},
	{"x509_issuer", "tls.server.x509.issuer.distinguished_name", TypeText},
	{"x509_serial", "tls.server.x509.serial_number", TypeText},
	{"file_name", "file.name", TypeText},
	{"mime_type", "file.mime_type", TypeText},
	{"md5", "file.hash.md5", TypeText},
	{"sha1", "file.hash.sha1", TypeText},
	{"sha256", "file.hash.sha256", TypeText},
	{"rule_id", "rule.id", TypeText},
	{"rule_name", "rule.name", TypeText},
	{"organization", "organization.id", TypeText},
	{"direction", "network.direction", TypeText}, // inbound, outbound, internal, external or NULL
	{"source_country", "source.geo.country_iso_code", TypeText},
	{"source_asn", "source.as.number", TypeUint32},
	{"destination_country", "destination.geo.country_iso_code", TypeText},
	{"destination_asn", "destination.as.number", TypeUint32},
	{"rest", "vedette.rest", TypeText},
}
