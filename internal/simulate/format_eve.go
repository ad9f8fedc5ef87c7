package simulate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// eve is a Suricata sensor with its EVE JSON log (Suricata 6 and 7).
type eve struct {
	*stream
	org *org
}

func newEVE(o *org) *eve { return &eve{o.stream("suricata/eve-%s.json", "\n"), o} }

// quote is a JSON string. Bytes that are not UTF-8 become \x-escapes in text,
// as both Zeek and Suricata write them.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(r))
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\\x%02x`, s[i])
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	b.WriteByte('"')
	return b.String()
}

// event writes one record of a type; rest is the members that follow the
// common ones.
func (e *eve) event(at time.Time, f flow, typ, rest string) bool {
	if e == nil || !e.awake(at) {
		return false
	}
	return e.add(at, fmt.Sprintf(`{"timestamp":"%s","flow_id":%d,"in_iface":"sim0","event_type":"%s","src_ip":"%s","src_port":%d,"dest_ip":"%s","dest_port":%d,"proto":"%s",%s}`,
		e.stamp(at), f.id, typ, f.src, f.sport, f.dst, f.dport, strings.ToUpper(f.proto), rest))
}

func (e *eve) stamp(at time.Time) string {
	return e.clock(at).In(e.org.clock).Format("2006-01-02T15:04:05.000000-0700")
}

func (e *eve) flow(f flow) bool {
	if e == nil {
		return false
	}
	if h := f.tls; h != nil && f.state != "S0" && f.state != "REJ" {
		e.hello(f, h)
	}
	end := f.at.Add(f.took)
	state, reason := "closed", "timeout"
	out, in := 4+f.sent/1200, 4+f.received/1400
	if f.state == "S0" {
		state, out, in = "new", 1, 0
	}
	if f.proto == "udp" {
		state, out, in = "established", 1, 1
	}
	app := map[string]string{"ssl": "tls", "": "failed"}[f.service]
	if app == "" {
		app = f.service
	}
	logged := end
	if !logged.Before(e.end) {
		logged = e.end.Add(-time.Second)
	}
	return e.event(logged, f, "flow", fmt.Sprintf(`"app_proto":"%s","flow":{"pkts_toserver":%d,"pkts_toclient":%d,"bytes_toserver":%d,"bytes_toclient":%d,"start":"%s","end":"%s","age":%d,"state":"%s","reason":"%s","alerted":false}`,
		app, out, in, f.sent+out*40, f.received+in*40, e.stamp(f.at), e.stamp(end), int(f.took.Seconds()), state, reason))
}

func (e *eve) hello(f flow, h *hello) {
	version := map[string]string{"TLSv13": "TLS 1.3", "TLSv12": "TLS 1.2"}[h.version]
	members := ""
	if h.subject != "" {
		members = fmt.Sprintf(`"subject":%s,"issuerdn":%s,`, quote(h.subject), quote(h.issuer))
	}
	if h.name != "" {
		members += fmt.Sprintf(`"sni":%s,`, quote(h.name))
	}
	e.event(f.at.Add(30*time.Millisecond), f, "tls", fmt.Sprintf(`"tls":{%s"version":"%s"}`, members, version))
}

func (e *eve) request(c *webConn, r request) bool {
	if e == nil {
		return false
	}
	members := ""
	if r.agent != "" {
		members += `"http_user_agent":` + quote(r.agent) + ","
	}
	if r.referrer != "" {
		members += `"http_refer":` + quote(r.referrer) + ","
	}
	seen := e.event(r.at, c.f, "http", fmt.Sprintf(`"tx_id":%d,"http":{"hostname":"%s","url":%s,%s"http_content_type":"text/html","http_method":"%s","protocol":"HTTP/1.1","status":%d,"length":%d}`,
		c.depth-1, c.site.name, quote(r.uri), members, r.method, r.status, r.size))
	if alert := e.alarm(r); seen && alert != "" {
		e.event(r.at, c.f, "alert", alert)
	}
	return seen
}

// alarm is what a locally written rule (identifiers from 1000000 on) says of
// some of the requests.
func (e *eve) alarm(r request) string {
	id, text, class := 0, "", "Web Application Attack"
	switch lower := strings.ToLower(r.uri); {
	case strings.Contains(lower, "union") && strings.Contains(lower, "select"):
		id, text = 1000101, "SIM LOCAL SQL injection UNION SELECT in URI"
	case strings.Contains(lower, "etc/passwd"):
		id, text = 1000102, "SIM LOCAL /etc/passwd in URI"
	case strings.Contains(r.agent, "jndi:"):
		id, text, class = 1000103, "SIM LOCAL JNDI lookup in User-Agent", "Attempted Administrator Privilege Gain"
	default:
		return ""
	}
	return fmt.Sprintf(`"alert":{"action":"allowed","gid":1,"signature_id":%d,"rev":1,"signature":%s,"category":"%s","severity":1}`,
		id, quote(text), class)
}

func (e *eve) question(q question) bool {
	if e == nil {
		return false
	}
	f := flow{src: q.client, dst: q.server, sport: q.sport, dport: 53, proto: "udp", id: q.flowID}
	id := strconv.Itoa(q.id)
	seen := e.event(q.at, f, "dns", `"dns":{"type":"query","id":`+id+`,"rrname":`+quote(q.name)+`,"rrtype":"A","tx_id":0}`)
	code, answers := "NOERROR", `,"answers":[{"rrname":`+quote(q.name)+`,"rrtype":"A","ttl":300,"rdata":"`+q.answer.String()+`"}]`
	if !q.answer.IsValid() {
		code, answers = "NXDOMAIN", ""
	}
	e.event(q.at.Add(q.took), f, "dns", `"dns":{"version":2,"type":"answer","id":`+id+`,"flags":"8180","qr":true,"rd":true,"ra":true,"rrname":`+
		quote(q.name)+`,"rrtype":"A","rcode":"`+code+`"`+answers+`}`)
	return seen
}

func (e *eve) ssh(l login, f flow) {
	client := "Go"
	if l.ok {
		client = "OpenSSH_9.2p1"
	}
	e.event(f.at.Add(80*time.Millisecond), f, "ssh", `"ssh":{"client":{"proto_version":"2.0","software_version":"`+client+
		`"},"server":{"proto_version":"2.0","software_version":"OpenSSH_8.4p1"}}`)
}
