package softether

import (
	"net/netip"
	"strings"

	"github.com/vedette-cti/vedette"
)

// Fields of a packet log record after date and time, by number.
const (
	packetSourceSession = iota
	packetDestinationSession
	packetSourceMAC
	packetDestinationMAC
	packetEtherType
	packetSize
	packetKind
	packetDetail
	packetSourceIP
	packetSourcePort
	packetDestinationIP
	packetDestinationPort
	packetSequence
	packetAcknowledgement
	packetInformation
	packetFrame
	packetSourcePhysical
	packetDestinationPhysical
	packetFields

	packetFieldsShort = packetSourcePhysical // NoPhysicalIPOnPacketLog
)

// packetRest names the fields that have no place in an event; the others are
// empty.
var packetRest = [packetFields]string{
	packetSourceSession:       "softether.source_session",
	packetDestinationSession:  "softether.destination_session",
	packetSourceMAC:           "source.mac",
	packetDestinationMAC:      "destination.mac",
	packetEtherType:           "softether.ethertype",
	packetDetail:              "softether.detail",
	packetSequence:            "softether.tcp_sequence",
	packetAcknowledgement:     "softether.tcp_acknowledgement",
	packetFrame:               "softether.frame",
	packetSourcePhysical:      "softether.source_physical_ip",
	packetDestinationPhysical: "softether.destination_physical_ip",
}

// Packet fills e, the event added to b last, from a packet log record without
// date and time: 18 fields, or 16 of a hub with NoPhysicalIPOnPacketLog. With
// cut the record may end early, as a syslog datagram does. It returns false
// when record is not of that form; e is then to be dropped. Strings alias
// record.
//
// Both addresses and both sessions are those of one frame inside the tunnel, so
// the answer to a packet has them the other way round.
func Packet(b *vedette.Batch, e *vedette.Event, record string, cut bool) bool {
	var f [packetFields]string
	n := 0
	for rest, more := record, true; more; n++ {
		if n == packetFields {
			return false
		}
		f[n], rest, more = strings.Cut(rest, ",")
		if f[n] == "-" {
			f[n] = ""
		}
	}
	restricted := strings.HasSuffix(record, ",-,-,-,-,-,-,-,-,-,-,-")
	if n != packetFields && n != packetFieldsShort && (!cut || n <= packetKind) || !strings.HasPrefix(f[packetEtherType], "0x") {
		return false
	}
	e.Dataset, e.Category, e.Message = vedette.DatasetSoftEtherPacket, vedette.CategoryNetwork, f[packetInformation]
	size, ok := parseUint(f[packetSize], 1<<31)
	if !ok {
		return false
	}
	e.SourceBytes, e.SourcePackets = int64(size), 1
	e.Has |= vedette.HasSourceBytes | vedette.HasSourcePackets
	if !packetAddresses(e, &f) {
		return false
	}
	if restricted && len(f[packetKind]) > 32 {
		// In a restricted region the kind is one long sentence and all else is
		// withheld.
		e.Message = f[packetKind]
		f[packetKind] = ""
		b.AddField(e, vedette.Field{Key: "softether.restricted", Value: "true", Kind: vedette.KindRaw})
	}
	e.Code = f[packetKind]
	packetKindOf(b, e, f[packetKind], f[packetDetail], f[packetInformation])
	for i, key := range packetRest {
		if key != "" && f[i] != "" {
			b.AddRest(e, key, f[i])
		}
	}
	return true
}

func packetAddresses(e *vedette.Event, f *[packetFields]string) bool {
	var ok bool
	if s := f[packetSourceIP]; s != "" {
		if e.SourceIP, ok = Addr(s); !ok {
			return false
		}
	}
	if s := f[packetDestinationIP]; s != "" {
		if e.DestinationIP, ok = Addr(s); !ok {
			return false
		}
	}
	if s := f[packetSourcePort]; s != "" {
		if e.SourcePort, ok = port(s); !ok {
			return false
		}
	}
	if s := f[packetDestinationPort]; s != "" {
		if e.DestinationPort, ok = port(s); !ok {
			return false
		}
	}
	return true
}

// packetKindOf maps the kind and its detail to the common fields.
func packetKindOf(b *vedette.Batch, e *vedette.Event, kind, detail, info string) {
	name := kind
	if i := strings.IndexAny(kind, "v("); i > 0 {
		name = kind[:i]
	}
	switch name {
	case "TCP_CONNECT":
		e.Transport = "tcp"
		if detail == "SYN" {
			e.Action = vedette.ActionConnection
		}
	case "TCP_DATA":
		e.Transport = "tcp"
		if strings.Contains(info, "HttpMethod=") {
			packetHTTP(b, e, info)
		}
	case "UDP":
		e.Transport = "udp"
	case "DNS":
		e.Transport, e.Protocol = "udp", "dns"
		if detail == "DNS_Query" {
			e.Action, e.DNSQuestion = vedette.ActionDNSQuery, strings.TrimSuffix(info, ".")
		}
	case "DHCP":
		e.Transport, e.Protocol = "udp", "dhcp"
	case "OPENVPN_CONNECT":
		e.Transport, e.Protocol, e.Action = "udp", "openvpn", vedette.ActionConnection
	case "IKE_CONNECT":
		e.Transport, e.Protocol, e.Action = "udp", "ike", vedette.ActionConnection
	case "ICMP":
		e.Transport = "icmp"
		if strings.HasSuffix(kind, "6") {
			e.Transport = "ipv6-icmp"
		}
	case "ARP":
		e.Protocol = "arp"
	}
}

// httpKeys are the HTTP parts of the information field in their order. The URL
// may hold blanks, so each value reaches to the next key.
var httpKeys = [...]string{"HttpMethod=", "HttpUrl=", "HttpProtocol=", "HttpReferer=", "HttpUserAgent=", "HttpAcceptLanguage="}

func packetHTTP(b *vedette.Batch, e *vedette.Event, info string) {
	var values [len(httpKeys)]string
	end := len(info)
	for i := len(httpKeys) - 1; i >= 0; i-- {
		at := strings.LastIndex(info[:end], httpKeys[i])
		if i == 1 || i == 0 {
			at = strings.Index(info[:end], httpKeys[i]) // the URL comes from the network: the first one is the server's
		}
		if at < 0 {
			continue
		}
		values[i] = strings.TrimSpace(info[at+len(httpKeys[i]) : end])
		end = at
	}
	e.Protocol, e.Action = "http", vedette.ActionHTTPRequest
	e.Method, e.URL, e.Referrer, e.UserAgent = values[0], values[1], values[3], values[4]
	if _, host, ok := strings.Cut(e.URL, "://"); ok {
		if i := strings.IndexAny(host, "/?"); i >= 0 {
			host = host[:i]
		}
		if i := strings.LastIndexByte(host, ':'); i > 0 && strings.IndexByte(host, ']') < i {
			host = host[:i]
		}
		e.URLDomain = host
	}
	if values[2] != "" {
		b.AddRest(e, "http.version", strings.TrimPrefix(values[2], "HTTP/"))
	}
	if values[5] != "" {
		b.AddRest(e, "softether.accept_language", values[5])
	}
}

// IsPacket reports whether s looks like a record with date and time.
func IsPacket(s string) bool {
	if !LooksLikeTime(s, ',') || len(s) <= TimeLen || s[TimeLen] != ',' {
		return false
	}
	commas := strings.Count(s[TimeLen+1:], ",") + 1
	if commas != packetFields && commas != packetFieldsShort {
		return false
	}
	f := strings.SplitN(s[TimeLen+1:], ",", packetKind+1)
	return strings.HasPrefix(f[packetEtherType], "0x") && len(f[packetEtherType]) == 6 && len(f[packetSourceMAC]) == 12
}

// Addr parses an address as the logs write it; v4-mapped ones are unmapped.
func Addr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil
}

// port reads "47118" or "http(80)".
func port(s string) (uint16, bool) {
	if i := strings.LastIndexByte(s, '('); i >= 0 && s[len(s)-1] == ')' {
		s = s[i+1 : len(s)-1]
	}
	n, ok := parseUint(s, 65535)
	return uint16(n), ok
}

// parseUint reads a decimal number of at most limit.
func parseUint(s string, limit uint64) (n uint64, ok bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, n <= limit
}

// Port reads a decimal port number.
func Port(s string) (uint16, bool) {
	n, ok := parseUint(s, 65535)
	return uint16(n), ok
}

// Count reads a decimal number.
func Count(s string) (int64, bool) {
	n, ok := parseUint(s, 1<<63-1)
	return int64(n), ok
}
