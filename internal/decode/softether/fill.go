package softether

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
	"github.com/zeebo/xxh3"
)

// restNames names the fields that go to Rest. Fields with a place in the event
// are empty here.
var restNames = map[softether.Field]string{
	softether.FieldCID: "softether.connection", softether.FieldSID: "softether.session",
	softether.FieldRPC: "softether.rpc", softether.FieldHub: "softether.hub",
	softether.FieldInnerIP: "softether.inner_ip", softether.FieldMAC: "softether.mac",
	softether.FieldTarget: "softether.target", softether.FieldOther: "softether.other",
	softether.FieldRDNS: "softether.rdns", softether.FieldClient: "softether.client",
	softether.FieldBuild: "softether.build", softether.FieldProduct: "softether.product",
	softether.FieldLanguage: "softether.language", softether.FieldAuth: "softether.auth",
	softether.FieldUnderlay: "softether.underlay", softether.FieldEncryption: "softether.encryption",
	softether.FieldCipher: "softether.cipher", softether.FieldReason: "softether.reason",
	softether.FieldCode: "softether.code", softether.FieldMode: "softether.mode",
	softether.FieldCall: "softether.method", softether.FieldLimit: "softether.limit",
	softether.FieldCount: "softether.count", softether.FieldOS: "softether.os",
	softether.FieldOSVersion: "softether.os_version", softether.FieldClientHost: "softether.client_host",
	softether.FieldClientIP: "softether.client_ip", softether.FieldUniqueID: "softether.unique_id",
	softether.FieldProxyHost: "softether.proxy", softether.FieldDHGroup: "softether.dh_group",
	softether.FieldHash: "softether.hash", softether.FieldOption: "softether.option",
}

// restName is restNames as an array: one look-up a field on the hot path.
var restName = func() (a [64]string) {
	for f, name := range restNames {
		a[f] = name
	}
	return a
}()

// fill moves the captures of d.match to e.
func (d *decoder) fill(b *vedette.Batch, e *vedette.Event, l *line) {
	if l.hub != "" {
		b.AddRest(e, "softether.hub", l.hub)
	}
	serverVersion := ""
	for _, c := range d.match.Captures() {
		v := c.Value
		switch c.Field {
		case softether.FieldIP:
			e.SourceIP, _ = softether.Addr(v)
		case softether.FieldPort:
			e.SourcePort, _ = softether.Port(v)
		case softether.FieldDestIP:
			e.DestinationIP, _ = softether.Addr(v)
		case softether.FieldDestPort:
			e.DestinationPort, _ = softether.Port(v)
		case softether.FieldUser:
			e.User = v
		case softether.FieldMethod:
			e.Method = v
		case softether.FieldPath:
			e.URL = v
		case softether.FieldTLS:
			e.TLSVersion = v
		case softether.FieldTransport:
			e.Transport = transport(v)
		case softether.FieldProtocol:
			e.Protocol = protocol(v)
		case softether.FieldBytesOut: // by the server, so to the client
			if n, ok := softether.Count(v); ok {
				e.DestinationBytes, e.Has = n, e.Has|vedette.HasDestinationBytes
			}
		case softether.FieldBytesIn:
			if n, ok := softether.Count(v); ok {
				e.SourceBytes, e.Has = n, e.Has|vedette.HasSourceBytes
			}
		case softether.FieldVersion:
			d.version(b, e, v)
		case softether.FieldServerVersion:
			serverVersion = v
		case softether.FieldServerBuild: // 501 and 9674 as in 5.01.9674
			if n := len(serverVersion); n >= 3 {
				b.AddRest(e, "softether.version", dotted(b, serverVersion[:n-2], serverVersion[n-2:], v))
			}
		case softether.FieldHub:
			if v != l.hub { // also behind "Administration mode"
				b.AddRest(e, "softether.hub", v)
			}
		case softether.FieldCode, softether.FieldBuild, softether.FieldLimit, softether.FieldCount:
			b.AddField(e, vedette.Field{Key: restName[c.Field], Value: v, Kind: vedette.KindRaw})
		default:
			if name := restName[c.Field]; name != "" && v != "" {
				b.AddRest(e, name, v)
			}
		}
	}
}

// version adds the product's own version, or the client's.
func (d *decoder) version(b *vedette.Batch, e *vedette.Event, v string) {
	if d.match.Kind.Key != "L_START_2" {
		b.AddRest(e, "softether.client_version", v)
		return
	}
	for _, c := range d.match.Captures() {
		if c.Field == softether.FieldBuild {
			b.AddRest(e, "softether.version", dotted(b, v, c.Value)) // 5.01.9674
		}
	}
}

// dotted joins parts with dots, in the batch's memory.
func dotted(b *vedette.Batch, parts ...string) string {
	n := len(parts) - 1
	for _, p := range parts {
		n += len(p)
	}
	buf := b.Buffer(n)[:0]
	for i, p := range parts {
		if i > 0 {
			buf = append(buf, '.')
		}
		buf = append(buf, p...)
	}
	return decode.String(buf)
}

func transport(s string) string {
	switch s {
	case "UDP":
		return "udp"
	case "TCP":
		return "tcp"
	}
	return s
}

func protocol(s string) string {
	switch s {
	case "OpenVPN":
		return "openvpn"
	case "WireGuard":
		return "wireguard"
	case "SSTP":
		return "sstp"
	}
	return s
}

// finish sets what follows from several fields together.
func (d *decoder) finish(b *vedette.Batch, e *vedette.Event, l *line) {
	m := &d.match
	switch e.Code {
	case "LS_LISTENER_ACCEPT":
		if e.DestinationPort != 0 { // 0 is the inner pipe of OpenVPN, L2TP and SSTP
			e.Transport = "tcp"
		} else {
			e.Action = ""
		}
	case "LS_API_AUTH_ERROR":
		if e.User == "" { // a visit; nobody tried to log in
			e.Action, e.Outcome = "", vedette.OutcomeUnknown
		}
		e.Transport, e.Protocol = "tcp", "http"
	case "LS_API_AUTH_OK":
		e.Transport, e.Protocol = "tcp", "http"
	case "LS_API_RPC_CALL":
		// What the call changed has an LA line of its own.
		e.Transport, e.Protocol, e.Outcome = "tcp", "http", vedette.OutcomeFailure
		if code, _ := e.Get("softether.code"); code == "0" {
			e.Outcome = vedette.OutcomeSuccess
		}
	case "LS_SSL_START":
		if v, _ := e.Get("softether.cipher"); v == "(null)" {
			e.Action = "" // an inner pipe
		} else {
			e.Transport, e.Protocol = "tcp", "tls"
		}
	case "LI_NEW_IKE_CLIENT":
		e.Transport, e.Protocol = "udp", "ike"
	}
	if m.Cut {
		b.AddField(e, vedette.Field{Key: "softether.truncated", Value: "true", Kind: vedette.KindRaw})
	}
	if m.Ambiguous {
		b.AddField(e, vedette.Field{Key: "softether.ambiguous", Value: "true", Kind: vedette.KindRaw})
	}
	if l.hub != "" || l.log == softether.LogHub {
		d.twin(b, e)
	}
}

// twin gives a hub message the same mark in the security log and, behind
// [HUB "NAME"], in the server log: the hash of its text and its time to ten
// seconds, as the two differ by some ten milliseconds. (A security log does not
// name its hub, so the hub is no part of it.) Connections and sessions have
// numbers, so distinct logins have distinct texts.
func (d *decoder) twin(b *vedette.Batch, e *vedette.Event) {
	const digits = "0123456789abcdef"
	h := xxh3.HashStringSeed(e.Message, uint64(e.Time/1e10))
	buf := b.Buffer(16)
	for i := range buf {
		buf[i] = digits[h>>60]
		h <<= 4
	}
	b.AddRest(e, "softether.twin", decode.String(buf))
}

// anchors takes from a text of unknown kind what is the same in every language:
// connection, session and administrator's number, the first address, the code.
func (d *decoder) anchors(b *vedette.Batch, e *vedette.Event, text string) {
	have := func(key string) bool { _, ok := e.Get(key); return ok }
	if v := tag(text, `"CID-`, `"`); v != "" && !have("softether.connection") {
		b.AddRest(e, "softether.connection", v)
	}
	if v := tag(text, `"SID-`, `"`); v != "" && !have("softether.session") {
		b.AddRest(e, "softether.session", v)
	}
	if v := tag(text, "RPC-", ""); v != "" && !have("softether.rpc") {
		b.AddRest(e, "softether.rpc", v)
	}
	if !e.SourceIP.IsValid() {
		e.SourceIP = firstAddr(text)
	}
	if i := strings.LastIndexByte(text, '('); i >= 0 {
		if v := digits(text[i:]); v != "" && strings.LastIndexByte(text, ')') > i && strings.Count(text[i:], " ") == 1 {
			b.AddField(e, vedette.Field{Key: "softether.code", Value: v, Kind: vedette.KindRaw})
		}
	}
}

// tag returns what begins with open (less a quotation mark) up to end, or as
// far as letters and digits go.
func tag(text, open, end string) string {
	i := strings.Index(text, open)
	if i < 0 {
		return ""
	}
	if open[0] == '"' {
		i++
	}
	v := text[i:]
	if end != "" {
		v, _, _ = strings.Cut(v, end)
		return v
	}
	n := len(open) + len(digits(v[len(open):]))
	return v[:n]
}

// digits returns the first run of digits in s.
func digits(s string) string {
	i := strings.IndexAny(s, "0123456789")
	if i < 0 {
		return ""
	}
	n := i
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[i:n]
}
