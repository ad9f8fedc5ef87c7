package simulate

import (
	"fmt"
	"strings"
	"time"
)

// zeek is a Zeek sensor, with its logs as tab-separated values (field lists of
// Zeek 4.0 and later) or as JSON.
type zeek struct {
	org                       *org
	json                      bool
	egressOnly                bool // sees only what the organization's own machines begin
	conn, http, ssl, dns, sec *stream
}

// zeekField is a column: its name and Zeek's type.
type zeekField struct{ name, typ string }

// columns reads "name:type" pairs.
func columns(s string) []zeekField {
	var out []zeekField
	for _, f := range strings.Fields(s) {
		name, typ, _ := strings.Cut(f, ":")
		out = append(out, zeekField{name, typ})
	}
	return out
}

const zeekID = "ts:time uid:string id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port "

var (
	zeekConn = columns(zeekID + `proto:enum service:string duration:interval orig_bytes:count resp_bytes:count
		conn_state:string local_orig:bool local_resp:bool missed_bytes:count history:string orig_pkts:count
		orig_ip_bytes:count resp_pkts:count resp_ip_bytes:count tunnel_parents:set[string]`)
	zeekHTTP = columns(zeekID + `trans_depth:count method:string host:string uri:string referrer:string version:string
		user_agent:string origin:string request_body_len:count response_body_len:count status_code:count
		status_msg:string info_code:count info_msg:string tags:set[enum] username:string password:string
		proxied:set[string] orig_fuids:vector[string] orig_filenames:vector[string] orig_mime_types:vector[string]
		resp_fuids:vector[string] resp_filenames:vector[string] resp_mime_types:vector[string]`)
	zeekSSL = columns(zeekID + `version:string cipher:string curve:string server_name:string resumed:bool
		last_alert:string next_protocol:string established:bool cert_chain_fuids:vector[string]
		client_cert_chain_fuids:vector[string] subject:string issuer:string client_subject:string
		client_issuer:string validation_status:string`)
	zeekDNS = columns(zeekID + `proto:enum trans_id:count rtt:interval query:string qclass:count qclass_name:string
		qtype:count qtype_name:string rcode:count rcode_name:string AA:bool TC:bool RD:bool RA:bool Z:count
		answers:vector[string] TTLs:vector[interval] rejected:bool`)
	zeekSSH = columns(zeekID + `version:count auth_success:bool auth_attempts:count direction:enum client:string
		server:string cipher_alg:string mac_alg:string compression_alg:string kex_alg:string host_key_alg:string
		host_key:string remote_location.country_code:string remote_location.region:string
		remote_location.city:string remote_location.latitude:double remote_location.longitude:double`)
)

func newZeek(o *org, json, egressOnly bool) *zeek {
	z := &zeek{org: o, json: json, egressOnly: egressOnly}
	z.conn = z.open("conn", zeekConn)
	z.ssl = z.open("ssl", zeekSSL)
	z.dns = z.open("dns", zeekDNS)
	if !egressOnly {
		z.http = z.open("http", zeekHTTP)
		z.sec = z.open("ssh", zeekSSH)
	}
	return z
}

func (z *zeek) open(path string, fields []zeekField) *stream {
	s := z.org.stream("zeek-sim/"+path+".%s.log", "\n")
	if z.json {
		return s
	}
	const stamp = "2006-01-02-15-04-05"
	s.header = func(first time.Time) string {
		var names, types strings.Builder
		for _, f := range fields {
			names.WriteString("\t" + f.name)
			types.WriteString("\t" + f.typ)
		}
		return "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t" + path +
			"\n#open\t" + first.Format(stamp) + "\n#fields" + names.String() + "\n#types" + types.String() + "\n"
	}
	s.footer = func(last time.Time) string { return "#close\t" + last.Format(stamp) + "\n" }
	return s
}

// row writes one record; values are in the order of fields, "-" is unset.
func (z *zeek) row(s *stream, at time.Time, fields []zeekField, values ...string) bool {
	if !s.awake(at) {
		return false
	}
	if len(values) != len(fields) {
		panic(fmt.Sprintf("simulate: %d values for %d Zeek columns", len(values), len(fields)))
	}
	if !z.json {
		for i, v := range values {
			values[i] = strings.ReplaceAll(v, "\t", "\\x09")
		}
		return s.add(at, strings.Join(values, "\t"))
	}
	var b strings.Builder
	sep := "{"
	for i, f := range fields {
		if values[i] == "-" {
			continue
		}
		b.WriteString(sep + `"` + f.name + `":` + zeekValue(f.typ, values[i]))
		sep = ","
	}
	b.WriteString("}")
	return s.add(at, b.String())
}

// zeekValue is a TSV value as Zeek's JSON writer has it.
func zeekValue(typ, v string) string {
	switch typ {
	case "time", "interval", "count", "port", "double":
		return v
	case "bool":
		return map[string]string{"T": "true", "F": "false"}[v]
	}
	inner, many := strings.CutSuffix(typ, "]")
	if !many {
		return quote(v)
	}
	if v == "(empty)" {
		return "[]"
	}
	_, inner, _ = strings.Cut(inner, "[")
	items := strings.Split(v, ",")
	for i, item := range items {
		items[i] = zeekValue(inner, item)
	}
	return "[" + strings.Join(items, ",") + "]"
}

// head is the columns that all logs begin with.
func (z *zeek) head(s *stream, f flow) []string {
	return []string{zeekTime(s, f.at), f.uid, f.src.String(), fmt.Sprint(f.sport), f.dst.String(), fmt.Sprint(f.dport)}
}

func zeekTime(s *stream, at time.Time) string {
	if s == nil {
		return "-"
	}
	us := s.clock(at).UnixMicro()
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

func (z *zeek) watches(f flow) bool {
	return z != nil && (!z.egressOnly || z.org.inside(f.src))
}

func truth(b bool) string {
	if b {
		return "T"
	}
	return "F"
}

func (z *zeek) flow(f flow) bool {
	if !z.watches(f) {
		return false
	}
	took, sent, received := fmt.Sprintf("%.6f", f.took.Seconds()), fmt.Sprint(f.sent), fmt.Sprint(f.received)
	history, out, in := "ShADadfF", 4+f.sent/1200, 4+f.received/1400
	service := dash(f.service)
	switch {
	case f.proto == "udp":
		history, out, in = "Dd", 1, 1
	case f.state == "S0":
		took, sent, received, history, out, in, service = "-", "-", "-", "S", 1, 0, "-"
	case f.state == "REJ":
		sent, received, history, out, in, service = "0", "0", "Sr", 1, 1, "-"
	case f.state == "RSTO":
		history = "ShADadR"
	}
	seen := z.row(z.conn, f.at, zeekConn, append(z.head(z.conn, f), f.proto, service, took, sent, received, f.state,
		truth(z.org.inside(f.src)), truth(z.org.inside(f.dst)), "0", history,
		fmt.Sprint(out), fmt.Sprint(out*40+f.sent), fmt.Sprint(in), fmt.Sprint(in*40+f.received), "-")...)
	if h := f.tls; h != nil && f.state != "S0" && f.state != "REJ" {
		subject, issuer, status := dash(h.subject), dash(h.issuer), "-"
		if h.subject != "" && h.subject == h.issuer {
			status = "self signed certificate"
		} else if h.subject != "" {
			status = "ok"
		}
		z.row(z.ssl, f.at.Add(30*time.Millisecond), zeekSSL, append(z.head(z.ssl, f), h.version, h.cipher, "x25519",
			dash(h.name), "F", "-", "-", "T", "-", "-", subject, issuer, "-", "-", status)...)
	}
	return seen
}

func (z *zeek) request(c *webConn, r request) bool {
	if !z.watches(c.f) || z.http == nil {
		return false
	}
	f := c.f
	f.at = r.at
	mime := "text/html"
	if r.size == 0 {
		mime = "-"
	}
	fuid := "-"
	if r.size > 0 {
		fuid = "F" + f.uid[1:9] + fmt.Sprint(c.depth)
	}
	return z.row(z.http, r.at, zeekHTTP, append(z.head(z.http, f), fmt.Sprint(c.depth), r.method, c.site.name, r.uri,
		dash(r.referrer), "1.1", dash(r.agent), "-", fmt.Sprint(r.sent), fmt.Sprint(r.size), fmt.Sprint(r.status),
		reason(r.status), "-", "-", "(empty)", dash(r.user), "-", "-", "-", "-", "-", fuid, "-", mime)...)
}

func reason(status int) string {
	return map[int]string{200: "OK", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
		400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
		500: "Internal Server Error", 503: "Service Unavailable"}[status]
}

func (z *zeek) question(q question) bool {
	f := flow{at: q.at, src: q.client, dst: q.server, sport: q.sport, dport: 53, proto: "udp", service: "dns",
		took: q.took, sent: 30 + len(q.name), received: 46 + len(q.name), state: "SF", uid: q.uid}
	if !z.watches(f) {
		return false
	}
	z.flow(f)
	code, name, answers, ttl := "0", "NOERROR", q.answer.String(), "300.000000"
	if !q.answer.IsValid() {
		code, name, answers, ttl = "3", "NXDOMAIN", "-", "-"
	}
	return z.row(z.dns, q.at, zeekDNS, append(z.head(z.dns, f), "udp", fmt.Sprint(q.id), fmt.Sprintf("%.6f", q.took.Seconds()),
		q.name, "1", "C_INTERNET", "1", "A", code, name, "F", "F", "T", "T", "0", answers, ttl, "F")...)
}

func (z *zeek) ssh(l login, f flow) bool {
	if !z.watches(f) || z.sec == nil {
		return false
	}
	client := "SSH-2.0-OpenSSH_9.2p1"
	if !l.ok && !z.org.inside(l.client) {
		client = "SSH-2.0-Go"
	}
	return z.row(z.sec, f.at.Add(80*time.Millisecond), zeekSSH, append(z.head(z.sec, f), "2", truth(l.ok), "2", "-", client,
		"SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3", "chacha20-poly1305@openssh.com", "umac-64-etm@openssh.com", "none",
		"curve25519-sha256", "ecdsa-sha2-nistp256", "2d:37:6b:11:43:f8:96:08:fe:60:42:20:98:9f:75:"+fmt.Sprintf("%02x", z.org.index%256),
		"-", "-", "-", "-", "-")...)
}
