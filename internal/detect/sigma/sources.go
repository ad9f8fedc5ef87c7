package sigma

import (
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// classKey names a class of events: all that share fields and log sources.
// category and service are Sigma's words and stem from tables, never from the
// event, so that the number of classes is bounded by that of datasets.
type classKey struct {
	dataset  string
	category string
	service  string
}

// class is what rules can know of a kind of events.
type class struct {
	categories []string
	products   []string
	services   []string
	names      map[string]field // names of the rules' taxonomy
	known      map[string]bool  // ECS fields whose absence is a fact
	openKnown  bool             // absence of any other field of the source is a fact too
	zeek       bool
	spaced     bool // the source writes its field names as words
}

// admits reports whether the events of c are of the rule's log source.
func (c *class) admits(l sig.LogSource) bool {
	in := func(s string, set []string) bool { return s == "" || slices.Contains(set, s) }
	return in(l.Category, c.categories) && in(l.Product, c.products) && in(l.Service, c.services)
}

// field says how to find the field of that name in events of c.
func (c *class) field(name string) field {
	if name == "" {
		return field{get: record, known: always}
	}
	f, ok := c.names[name]
	if !ok {
		f.get = columns[name]
		f.keys = []string{name}
		if c.spaced {
			f.keys = append(f.keys, spaced(name))
		}
		if f.get != nil && c.known[name] || f.get == nil && c.openKnown {
			f.known = always
		}
		if name == "dns.answers.data" {
			f.sep = ','
		}
	}
	if f.known == nil {
		f.known = never
	}
	if f.id == "" {
		f.id = name
	}
	f.zeekBool = c.zeek
	return f
}

// alias makes fields that are columns under the source's own name.
func alias(pairs ...string) map[string]field {
	m := make(map[string]field, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, column := pairs[i], pairs[i+1]
		f := field{id: column, get: columns[column], keys: []string{name}, known: always}
		if f.get == nil {
			f.id = ""
			f.keys = append(f.keys, column)
		}
		if column == "dns.answers.data" {
			f.sep = ','
		}
		m[name] = f
	}
	return m
}

func merge(maps ...map[string]field) map[string]field {
	out := make(map[string]field)
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool)
	for _, n := range strings.Fields(strings.Join(names, " ")) {
		m[n] = true
	}
	return m
}

// Fields that every event of a group can have.
const (
	knownCommon = "@timestamp event.dataset event.category event.action event.outcome event.code message log.original organization.id network.direction " +
		"source.geo.country_iso_code source.as.number destination.geo.country_iso_code destination.as.number "
	knownNetwork = "source.ip source.port destination.ip destination.port network.transport network.protocol "
	knownWeb     = "source.ip http.request.method url.original url.decoded url.path url.query url.extension http.response.status_code http.response.bytes user.name "
	knownAgent   = "user_agent.original user_agent.decoded http.request.referrer referrer.decoded "
	knownDNS     = "dns.question.name dns.question.type dns.response_code dns.answers.data "
	knownTLS     = "tls.client.server_name tls.version tls.server.x509.subject.distinguished_name tls.server.x509.issuer.distinguished_name "
	knownFile    = "file.name file.mime_type file.hash.md5 file.hash.sha1 file.hash.sha256 "
	knownAuth    = "user.name source.ip host.name "
	knownFlow    = knownNetwork + "source.bytes destination.bytes event.duration "
)

// flowNames are Sigma's names in firewall rules, and generally.
var flowNames = alias("src_ip", "source.ip", "dst_ip", "destination.ip", "src_port", "source.port", "dst_port", "destination.port",
	"source_ip", "source.ip", "destination_ip", "destination.ip", "src", "source.ip", "dst", "destination.ip")

// webNames are the names of W3C extended logs that Sigma uses for web servers
// and proxies. SigmaHQ's rules match the whole URI in cs-uri-query, so every
// name of the URI but its stem stands for path and query as sent.
var webNames = func() map[string]field {
	m := alias("c-uri", "url.original", "cs-uri", "url.original", "cs-uri-query", "url.original", "c-uri-query", "url.original", "r-uri", "url.original",
		"cs-uri-stem", "url.path", "c-uri-stem", "url.path", "c-uri-extension", "url.extension", "cs-uri-extension", "url.extension",
		"cs-method", "http.request.method", "sc-status", "http.response.status_code", "c-ip", "source.ip", "s-ip", "destination.ip", "s-port", "destination.port",
		"cs-host", "url.domain", "r-dns", "url.domain", "cs-hostname", "url.domain",
		"c-useragent", "user_agent.original", "cs-user-agent", "user_agent.original", "cs(User-Agent)", "user_agent.original", "cs-useragent", "user_agent.original",
		"cs-referer", "http.request.referrer", "cs-referrer", "http.request.referrer", "cs(Referer)", "http.request.referrer", "c-referer", "http.request.referrer",
		"cs-username", "user.name", "cs-bytes", "http.request.bytes", "sc-bytes", "http.response.bytes")
	for _, name := range []string{"cs-host", "r-dns", "cs-hostname", "cs-bytes", "sc-bytes", "s-ip", "s-port"} {
		f := m[name]
		f.known = nil // not every access log names these
		m[name] = f
	}
	for name, keys := range map[string][]string{
		"cs-cookie":       {"cs-cookie", "cs(Cookie)", "cookie", "http_cookie", "http.request.headers.cookie"},
		"cs(Cookie)":      {"cs(Cookie)", "cs-cookie", "cookie", "http_cookie", "http.request.headers.cookie"},
		"cs-content-type": {"cs-content-type", "http_content_type", "content_type"},
		"cs-version":      {"cs-version", "protocol", "version"},
	} {
		m[name] = field{keys: keys}
	}
	return m
}()

// accessNames are webNames for access logs, which may be in the common format
// without referrer and user agent.
var accessNames = func() map[string]field {
	m := merge(webNames, alias("user_agent.original", "user_agent.original", "user_agent.decoded", "user_agent.decoded",
		"http.request.referrer", "http.request.referrer", "referrer.decoded", "referrer.decoded"))
	for name, f := range m {
		if strings.Contains(strings.ToLower(name), "agent") || strings.Contains(strings.ToLower(name), "refer") {
			f.known = hasAgent
			m[name] = f
		}
	}
	return m
}()

// hasAgent tells the combined log format from the common one, which ends with a
// number.
func hasAgent(e *vedette.Event) bool {
	n := len(e.Original)
	return e.UserAgent != "" || e.Referrer != "" || n > 0 && (e.Original[n-1] < '0' || e.Original[n-1] > '9') && e.Original[n-1] != '-'
}

var dnsNames = alias("query", "dns.question.name", "record_type", "dns.question.type", "answer", "dns.answers.data", "QueryName", "dns.question.name",
	"answers", "dns.answers.data", "response_code", "dns.response_code", "src_ip", "source.ip", "dst_ip", "destination.ip")

// zeekCommon and zeekLogs give Zeek's own names of what stands in columns.
var zeekCommon = alias("id.orig_h", "source.ip", "id.orig_p", "source.port", "id.resp_h", "destination.ip", "id.resp_p", "destination.port",
	"proto", "network.transport", "service", "network.protocol")

var zeekLogs = map[string]map[string]field{
	"conn": alias("duration", "event.duration", "orig_bytes", "source.bytes", "resp_bytes", "destination.bytes", "orig_pkts", "source.packets", "resp_pkts", "destination.packets"),
	"http": alias("method", "http.request.method", "host", "url.domain", "uri", "url.original", "referrer", "http.request.referrer", "user_agent", "user_agent.original",
		"status_code", "http.response.status_code", "request_body_len", "http.request.bytes", "response_body_len", "http.response.bytes",
		"username", "user.name", "resp_mime_types", "file.mime_type"),
	"dns": alias("query", "dns.question.name", "qtype_name", "dns.question.type", "rcode_name", "dns.response_code", "answers", "dns.answers.data"),
	"ssl": alias("server_name", "tls.client.server_name", "version", "tls.version", "ja3", "tls.client.ja3", "ja3s", "tls.server.ja3s", "ja4", "tls.client.ja4",
		"subject", "tls.server.x509.subject.distinguished_name", "issuer", "tls.server.x509.issuer.distinguished_name"),
	"x509": alias("certificate.serial", "tls.server.x509.serial_number", "certificate.subject", "tls.server.x509.subject.distinguished_name",
		"certificate.issuer", "tls.server.x509.issuer.distinguished_name", "fingerprint", "file.hash.sha256"),
	"files":     alias("filename", "file.name", "mime_type", "file.mime_type", "md5", "file.hash.md5", "sha1", "file.hash.sha1", "sha256", "file.hash.sha256"),
	"smb_files": alias("name", "file.name"),
	"notice":    alias("note", "rule.id", "msg", "message"),
	"kerberos":  {"service": {keys: []string{"service"}, known: always}},
	"rdp":       alias("cookie", "user.name"),
	"ftp":       alias("user", "user.name"),
	"ntlm":      alias("username", "user.name"),
	"ssh":       alias("client", "user_agent.original"),
}

func newClass(k classKey) *class {
	c := &class{products: []string{"vedette"}, services: []string{k.dataset}, names: flowNames, known: set(knownCommon)}
	module, log, _ := strings.Cut(k.dataset, ".")
	if k.category != "" {
		c.categories = append(c.categories, k.category)
	}
	if k.service != "" {
		c.services = append(c.services, k.service)
	}
	switch module {
	case "zeek":
		c.zeek, c.openKnown = true, true
		c.products, c.services = append(c.products, "zeek"), append(c.services, log)
		c.names = merge(flowNames, zeekCommon, zeekLogs[log])
		c.known = set(knownCommon, knownFlow, zeekKnown[log])
	case "suricata":
		c.openKnown = true
		c.products, c.services = append(c.products, "suricata"), append(c.services, log)
		c.known = set(knownCommon, knownNetwork, zeekKnown[log], zeekKnown[map[string]string{"tls": "ssl"}[log]])
	case "windows":
		newWindowsClass(c, k)
		return c
	case "fortinet":
		c.openKnown = true
		c.products = append(c.products, "fortigate", "fortios")
		c.services = append(c.services, log, "sslvpnd")
		c.known = set(knownCommon, knownNetwork, knownAuth)
	case "softether":
		c.products = append(c.products, "softether")
		c.known = set(knownCommon, knownAuth)
	case "system":
		newSyslogClass(c, k)
	}
	switch {
	case k.category == "web":
		c.categories = []string{"webserver", "proxy", "web"}
		c.names = merge(c.names, webNames)
		c.known = set(knownCommon, knownWeb, knownAgent, strings.Join(keysOf(c.known), " "))
		if k.dataset == vedette.DatasetWebAccess {
			c.names, c.known = accessNames, set(knownCommon, knownWeb)
			c.products, c.services = append(c.products, "apache", "nginx"), append(c.services, "apache", "nginx")
		}
		if k.dataset == vedette.DatasetIISAccess {
			c.services = append(c.services, "iis")
		}
	case k.category == "dns":
		c.names = merge(c.names, dnsNames)
	}
	return c
}

var zeekKnown = map[string]string{"http": knownWeb + knownAgent, "dns": knownDNS, "ssl": knownTLS, "files": knownFile, "flow": knownFlow, "notice": "rule.id rule.name "}

func keysOf(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// newSyslogClass: the service is the program that wrote the line.
func newSyslogClass(c *class, k classKey) {
	c.known = set(knownCommon, "host.name")
	if k.service == "cisco" {
		c.products, c.services = append(c.products, "cisco"), append(c.services, "syslog", "bgp", "ldp", "aaa")
		return
	}
	c.products = append(c.products, "linux")
	if k.dataset == vedette.DatasetAuth {
		c.known = set(knownCommon, knownAuth)
		c.services = append(c.services, "auth")
		if k.service == "" { // the program is not known
			c.services = append(c.services, "sshd", "sudo")
		}
	}
	c.services = append(c.services, "syslog")
}

// classOf tells the class of an event.
func classOf(e *vedette.Event) classKey {
	k := classKey{dataset: e.Dataset}
	switch e.Dataset {
	case vedette.DatasetWebAccess, vedette.DatasetIISAccess, vedette.DatasetZeekHTTP, vedette.DatasetSuricataHTTP:
		k.category = "web"
	case vedette.DatasetFortiGateUTM:
		if e.URL != "" || e.URLDomain != "" {
			k.category = "web"
		}
	case vedette.DatasetZeekDNS, vedette.DatasetSuricataDNS:
		k.category = "dns"
	case vedette.DatasetZeekConn, vedette.DatasetSuricataFlow, vedette.DatasetFortiGateTraffic:
		k.category = "firewall"
	case vedette.DatasetWindowsSysmon, vedette.DatasetWindowsEvent:
		windowsClass(e, &k)
	case vedette.DatasetSyslog, vedette.DatasetAuth:
		k.service = syslogService(e)
	}
	return k
}

// linuxServices are the services of SigmaHQ's Linux rules that are told by the
// program's name.
var linuxServices = map[string]string{"sshd": "sshd", "sshd-session": "sshd", "sshd-auth": "sshd", "sudo": "sudo", "cron": "cron", "crond": "cron", "CRON": "cron",
	"vsftpd": "vsftpd", "clamd": "clamav", "freshclam": "clamav", "clamscan": "clamav", "guacd": "guacamole", "audit": "auditd", "auditd": "auditd"}

var programKeys = []string{"process.name", "program", "appname", "app_name", "tag", "ident"}

func syslogService(e *vedette.Event) string {
	var hint int
	if f := rest(e, programKeys, &hint); f != nil {
		if s, ok := linuxServices[f.Value]; ok {
			return s
		}
	}
	if e.Protocol == "ssh" {
		return "sshd"
	}
	if ciscoMnemonic(e.Message) {
		return "cisco"
	}
	return ""
}

// ciscoMnemonic reports whether the text has IOS's or ASA's %FACILITY-N-WORD.
func ciscoMnemonic(s string) bool {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return false
		}
		s = s[i+1:]
		j := 0
		for j < len(s) && (s[j] >= 'A' && s[j] <= 'Z' || s[j] == '_') {
			j++
		}
		if j > 1 && len(s) > j+2 && s[j] == '-' && s[j+1] >= '0' && s[j+1] <= '7' && s[j+2] == '-' {
			return true
		}
	}
}
