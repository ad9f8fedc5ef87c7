package sigma

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/webdecode"
)

// A getter returns a field's text; ok is false if the event does not have it.
// The text may alias buf, which the getter may grow.
type getter func(e *vedette.Event, buf *[]byte) (text string, ok bool)

// field is how one name of a rule is found in the events of one class.
type field struct {
	id   string   // names that stand for the same column share it
	get  getter   // column, nil if there is none
	keys []string // names in Event.Rest, tried after the column
	// known says that sources of this class can have the field, so that its
	// absence is a fact and not ignorance: only then a negated condition on an
	// absent field is true.
	known func(*vedette.Event) bool
	sep   byte // separates the elements of a list, 0 if the field is none
	// zeekBool makes Zeek's T and F what rules call true and false.
	zeekBool bool
}

func always(*vedette.Event) bool { return true }
func never(*vedette.Event) bool  { return false }

func text(f func(*vedette.Event) string) getter {
	return func(e *vedette.Event, _ *[]byte) (string, bool) {
		s := f(e)
		return s, s != ""
	}
}

func number[T int | int64 | uint16 | uint32](f func(*vedette.Event) T) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		n := f(e)
		if n == 0 {
			return "", false
		}
		*buf = strconv.AppendInt((*buf)[:0], int64(n), 10)
		return view(*buf), true
	}
}

func counted(has vedette.Has, f func(*vedette.Event) int64) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		if e.Has&has == 0 {
			return "", false
		}
		*buf = strconv.AppendInt((*buf)[:0], f(e), 10)
		return view(*buf), true
	}
}

func address(f func(*vedette.Event) netip.Addr) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		a := f(e)
		if !a.IsValid() {
			return "", false
		}
		*buf = a.AppendTo((*buf)[:0])
		return view(*buf), true
	}
}

func decoded(f func(*vedette.Event) string) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		s := f(e)
		if s == "" {
			return "", false
		}
		*buf = webdecode.Decode((*buf)[:0], s)
		return view(*buf), true
	}
}

func geo(end func(*vedette.Event) *vedette.Geo, f func(*vedette.Geo, *[]byte) string) getter {
	return func(e *vedette.Event, buf *[]byte) (string, bool) {
		g := end(e)
		if g == nil {
			return "", false
		}
		s := f(g, buf)
		return s, s != ""
	}
}

func country(g *vedette.Geo, _ *[]byte) string { return g.Country }

func asn(g *vedette.Geo, buf *[]byte) string {
	if g.ASN == 0 {
		return ""
	}
	*buf = strconv.AppendUint((*buf)[:0], uint64(g.ASN), 10)
	return view(*buf)
}

func sourceGeo(e *vedette.Event) *vedette.Geo      { return e.SourceGeo }
func destinationGeo(e *vedette.Event) *vedette.Geo { return e.DestinationGeo }

func extension(e *vedette.Event) string {
	p := e.Path()
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		p = p[i+1:]
	}
	if i := strings.LastIndexByte(p, '.'); i >= 0 {
		return p[i+1:]
	}
	return ""
}

// host is the virtual host, or that of an absolute URL.
func host(e *vedette.Event) string {
	if e.URLDomain != "" {
		return e.URLDomain
	}
	if i := strings.Index(e.URL, "://"); i > 0 && i < 8 {
		h := e.URL[i+3:]
		if j := strings.IndexAny(h, "/?#"); j >= 0 {
			h = h[:j]
		}
		return h
	}
	return ""
}

func timestamp(e *vedette.Event, buf *[]byte) (string, bool) {
	if e.Time == 0 {
		return "", false
	}
	*buf = time.Unix(0, e.Time).UTC().AppendFormat((*buf)[:0], time.RFC3339Nano)
	return view(*buf), true
}

// columns are the getters of the event's own fields by ECS name: those of
// vedette.EventColumns, and some that are derived from them.
var columns = map[string]getter{
	"@timestamp":                timestamp,
	"event.dataset":             text(func(e *vedette.Event) string { return e.Dataset }),
	"event.category":            text(func(e *vedette.Event) string { return e.Category }),
	"event.action":              text(func(e *vedette.Event) string { return e.Action }),
	"event.outcome":             text(func(e *vedette.Event) string { return e.Outcome.String() }),
	"event.code":                text(func(e *vedette.Event) string { return e.Code }),
	"event.severity":            number(func(e *vedette.Event) int { return e.Severity }),
	"message":                   text(func(e *vedette.Event) string { return e.Message }),
	"log.original":              text(func(e *vedette.Event) string { return view(e.Original) }),
	"log.file.line":             number(func(e *vedette.Event) int64 { return e.Line }),
	"source.ip":                 address(func(e *vedette.Event) netip.Addr { return e.SourceIP }),
	"source.port":               number(func(e *vedette.Event) uint16 { return e.SourcePort }),
	"destination.ip":            address(func(e *vedette.Event) netip.Addr { return e.DestinationIP }),
	"destination.port":          number(func(e *vedette.Event) uint16 { return e.DestinationPort }),
	"network.transport":         text(func(e *vedette.Event) string { return e.Transport }),
	"network.protocol":          text(func(e *vedette.Event) string { return e.Protocol }),
	"source.bytes":              counted(vedette.HasSourceBytes, func(e *vedette.Event) int64 { return e.SourceBytes }),
	"destination.bytes":         counted(vedette.HasDestinationBytes, func(e *vedette.Event) int64 { return e.DestinationBytes }),
	"source.packets":            counted(vedette.HasSourcePackets, func(e *vedette.Event) int64 { return e.SourcePackets }),
	"destination.packets":       counted(vedette.HasDestinationPackets, func(e *vedette.Event) int64 { return e.DestinationPackets }),
	"event.duration":            counted(vedette.HasDuration, func(e *vedette.Event) int64 { return e.Duration }),
	"http.request.bytes":        counted(vedette.HasRequestBytes, func(e *vedette.Event) int64 { return e.RequestBytes }),
	"http.response.bytes":       counted(vedette.HasResponseBytes, func(e *vedette.Event) int64 { return e.ResponseBytes }),
	"user.name":                 text(func(e *vedette.Event) string { return e.User }),
	"host.name":                 text(func(e *vedette.Event) string { return e.Host }),
	"http.request.method":       text(func(e *vedette.Event) string { return e.Method }),
	"url.original":              text(func(e *vedette.Event) string { return e.URL }),
	"url.decoded":               decoded(func(e *vedette.Event) string { return e.URL }),
	"url.path":                  text((*vedette.Event).Path),
	"url.query":                 text((*vedette.Event).Query),
	"url.extension":             text(extension),
	"url.domain":                text(host),
	"http.response.status_code": number(func(e *vedette.Event) uint16 { return e.Status }),
	"http.request.referrer":     text(func(e *vedette.Event) string { return e.Referrer }),
	"referrer.decoded":          decoded(func(e *vedette.Event) string { return e.Referrer }),
	"user_agent.original":       text(func(e *vedette.Event) string { return e.UserAgent }),
	"user_agent.decoded":        decoded(func(e *vedette.Event) string { return e.UserAgent }),
	"dns.question.name":         text(func(e *vedette.Event) string { return e.DNSQuestion }),
	"dns.question.type":         text(func(e *vedette.Event) string { return e.DNSType }),
	"dns.response_code":         text(func(e *vedette.Event) string { return e.DNSCode }),
	"dns.answers.data":          text(func(e *vedette.Event) string { return e.DNSAnswers }),
	"tls.client.server_name":    text(func(e *vedette.Event) string { return e.ServerName }),
	"tls.version":               text(func(e *vedette.Event) string { return e.TLSVersion }),
	"tls.client.ja3":            text(func(e *vedette.Event) string { return e.JA3 }),
	"tls.server.ja3s":           text(func(e *vedette.Event) string { return e.JA3S }),
	"tls.client.ja4":            text(func(e *vedette.Event) string { return e.JA4 }),
	"tls.server.x509.subject.distinguished_name": text(func(e *vedette.Event) string { return e.X509Subject }),
	"tls.server.x509.issuer.distinguished_name":  text(func(e *vedette.Event) string { return e.X509Issuer }),
	"tls.server.x509.serial_number":              text(func(e *vedette.Event) string { return e.X509Serial }),
	"file.name":                                  text(func(e *vedette.Event) string { return e.FileName }),
	"file.mime_type":                             text(func(e *vedette.Event) string { return e.MIMEType }),
	"file.hash.md5":                              text(func(e *vedette.Event) string { return e.MD5 }),
	"file.hash.sha1":                             text(func(e *vedette.Event) string { return e.SHA1 }),
	"file.hash.sha256":                           text(func(e *vedette.Event) string { return e.SHA256 }),
	"rule.id":                                    text(func(e *vedette.Event) string { return e.RuleID }),
	"rule.name":                                  text(func(e *vedette.Event) string { return e.RuleName }),
	"organization.id":                            text(func(e *vedette.Event) string { return e.Organization }),
	"network.direction":                          text(func(e *vedette.Event) string { return e.Direction.String() }),
	"source.geo.country_iso_code":                geo(sourceGeo, country),
	"source.as.number":                           geo(sourceGeo, asn),
	"destination.geo.country_iso_code":           geo(destinationGeo, country),
	"destination.as.number":                      geo(destinationGeo, asn),
}

// record is the getter of keywords: the whole record. Windows events are
// searched value by value, as their JSON escapes every backslash.
func record(e *vedette.Event, buf *[]byte) (string, bool) {
	if len(e.Original) > 0 && !strings.HasPrefix(e.Dataset, "windows.") {
		return view(e.Original), true
	}
	b := (*buf)[:0]
	for _, s := range [...]string{e.Message, e.Code, e.User, e.Host, e.Method, e.URL, e.Referrer, e.UserAgent, e.DNSQuestion, e.FileName} {
		if s != "" {
			b = append(append(b, s...), '\n')
		}
	}
	for i := range e.Rest {
		b = append(append(b, e.Rest[i].Value...), '\n')
	}
	*buf = b
	return view(b), len(b) > 0
}

// rest finds a field among those without a column. hint is where the key stood
// last time.
func rest(e *vedette.Event, keys []string, hint *int) *vedette.Field {
	if h := *hint; h < len(e.Rest) && len(keys) > 0 && e.Rest[h].Key == keys[0] {
		return &e.Rest[h]
	}
	for _, k := range keys {
		for i := range e.Rest {
			if e.Rest[i].Key == k {
				*hint = i
				return &e.Rest[i]
			}
		}
	}
	return nil
}
