package simulate

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// request is one HTTP request and its response.
type request struct {
	at                    time.Time
	method, uri           string
	referrer, agent, user string
	status, size, sent    int // sent: body of the request
	took                  time.Duration
}

// accessLog writes requests as Apache's and nginx's "combined" format or as
// IIS's W3C extended format.
type accessLog struct {
	*stream
	kind string // apache, nginx, iis
	org  *org
}

func (o *org) combined(path string, nginx bool) *accessLog {
	kind := "apache"
	if nginx {
		kind = "nginx"
	}
	return &accessLog{o.stream(path+"-%s.log", "\n"), kind, o}
}

const w3cFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"

func (o *org) iis(path string) *accessLog {
	l := &accessLog{o.stream(path+"%s.log", "\r\n"), "iis", o}
	l.again = true
	l.header = func(first time.Time) string {
		return "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: " +
			first.Format("2006-01-02 15:04:05") + "\r\n#Fields: " + w3cFields + "\r\n"
	}
	return l
}

// request logs r and reports whether it was written down.
func (l *accessLog) request(site *site, client netip.Addr, r request) bool {
	if l == nil || !l.awake(r.at) {
		return false
	}
	if l.kind == "iis" {
		return l.add(r.at, l.w3c(site, client, r))
	}
	user := "-"
	if r.user != "" {
		user = r.user
	}
	size := fmt.Sprint(r.size)
	if l.kind == "apache" && r.size == 0 {
		size = "-"
	}
	return l.add(r.at, fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %d %s "%s" "%s"`,
		client, user, l.clock(r.at).In(l.org.clock).Format("02/Jan/2006:15:04:05 -0700"),
		r.method, l.escape(r.uri), r.status, size, l.escape(dash(r.referrer)), l.escape(dash(r.agent))))
}

// escape writes bytes that would break the line as the server does: nginx all
// of them as \xNN, Apache the quote and the backslash with a backslash.
func (l *accessLog) escape(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }) < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case (c == '"' || c == '\\') && l.kind == "apache":
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e || c == '"' || c == '\\':
			if l.kind == "apache" {
				fmt.Fprintf(&b, `\x%02x`, c)
			} else {
				fmt.Fprintf(&b, `\x%02X`, c)
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (l *accessLog) w3c(site *site, client netip.Addr, r request) string {
	stem, query, _ := strings.Cut(r.uri, "?")
	port := 80
	if site.tls {
		port = 443
	}
	win32 := 0
	if r.status == 404 {
		win32 = 2
	}
	blank := func(s string) string { return strings.ReplaceAll(dash(s), " ", "+") }
	return fmt.Sprintf("%s %s %s %s %s %d %s %s %s %s %d 0 %d %d %d %d",
		l.clock(r.at).UTC().Format("2006-01-02 15:04:05"), site.addr, r.method, blank(stem), blank(query), port,
		dash(r.user), client, blank(r.agent), blank(r.referrer), r.status, win32,
		r.size+280, r.sent+320, r.took.Milliseconds())
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
