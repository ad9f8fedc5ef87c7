package fortigate

import (
	"strconv"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// set takes one pair up. Keys without a place in the event go to Rest, and so do
// values that are not what their key promises, and repeated keys.
func set(b *vedette.Batch, e *vedette.Event, m *message, key string, v []byte) error {
	value := decode.String(v)
	if value == "" || value == "N/A" {
		return nil
	}
	if m.text(e, key, value) || m.time(key, v) {
		return nil
	}
	ok, err := m.number(e, key, v)
	if err != nil {
		return err
	}
	if !ok && !m.address(e, key, v) {
		b.AddRest(e, key, value)
	}
	return nil
}

// fill sets an empty string; a repeated key is refused.
func fill(s *string, value string) bool {
	if *s != "" {
		return false
	}
	*s = value
	return true
}

func (m *message) text(e *vedette.Event, key, value string) bool {
	switch key {
	case "type":
		return fill(&m.kind, value)
	case "subtype":
		return fill(&m.subtype, value)
	case "logid", "log_id":
		return fill(&m.logID, value)
	case "action":
		return fill(&m.action, value)
	case "status":
		return fill(&m.status, value)
	case "logdesc":
		return fill(&m.desc, value)
	case "user", "unauthuser":
		return fill(&m.user, value)
	case "ui":
		return fill(&m.ui, value)
	case "tunneltype":
		return fill(&m.tunnelType, value)
	case "reason":
		return fill(&m.reason, value)
	case "cfgpath":
		return fill(&m.path, value)
	case "cfgobj":
		return fill(&m.object, value)
	case "attack":
		return fill(&m.attack, value)
	case "attackid":
		return fill(&m.attackID, value)
	case "virus":
		return fill(&m.virus, value)
	case "virusid":
		return fill(&m.virusID, value)
	case "hostname":
		return fill(&m.hostname, value)
	case "msg":
		return fill(&e.Message, value)
	case "devname":
		return fill(&e.Host, value)
	case "url":
		return fill(&e.URL, value)
	case "agent":
		return fill(&e.UserAgent, value)
	case "referralurl":
		return fill(&e.Referrer, value)
	case "httpmethod":
		return fill(&e.Method, value)
	case "filename":
		return fill(&e.FileName, value)
	case "qname":
		return fill(&e.DNSQuestion, value)
	case "qtype":
		return fill(&e.DNSType, value)
	case "ipaddr":
		return fill(&e.DNSAnswers, value)
	case "analyticscksum":
		return len(value) == 64 && fill(&e.SHA256, value)
	}
	return false
}

func (m *message) time(key string, v []byte) bool {
	var place *[]byte
	switch key {
	case "date":
		place = &m.date
	case "time":
		place = &m.clock
	case "tz":
		place = &m.zone
	case "eventtime":
		place = &m.eventTime
	default:
		return false
	}
	if *place != nil {
		return false
	}
	*place = v
	return true
}

func (m *message) address(e *vedette.Event, key string, v []byte) bool {
	var place = &e.SourceIP
	switch key {
	case "srcip":
	case "dstip":
		place = &e.DestinationIP
	case "remip":
		place = &m.remote
	case "locip":
		place = &m.local
	default:
		return false
	}
	if place.IsValid() {
		return false
	}
	*place = address(v)
	return place.IsValid()
}

// number takes up ports, sizes and the protocol.
func (m *message) number(e *vedette.Event, key string, v []byte) (ok bool, err error) {
	var has vedette.Has
	var place *int64
	var port *uint16
	switch key {
	case "srcport":
		port = &e.SourcePort
	case "dstport":
		port = &e.DestinationPort
	case "remport":
		port = &m.remotePort
	case "locport":
		port = &m.localPort
	case "sentbyte":
		has, place = vedette.HasSourceBytes, &e.SourceBytes
	case "rcvdbyte":
		has, place = vedette.HasDestinationBytes, &e.DestinationBytes
	case "sentpkt":
		has, place = vedette.HasSourcePackets, &e.SourcePackets
	case "rcvdpkt":
		has, place = vedette.HasDestinationPackets, &e.DestinationPackets
	case "duration":
		has, place = vedette.HasDuration, &e.Duration
	case "proto":
		return true, protocol(e, v)
	default:
		return false, nil
	}
	n, good := number(v)
	if !good || port != nil && n > 65535 || place == &e.Duration && n > 9e9 {
		return false, decode.ErrNumber
	}
	switch {
	case port != nil:
		if *port != 0 {
			return false, nil
		}
		*port = uint16(n)
	case e.Has&has != 0:
		return false, nil
	default:
		if has == vedette.HasDuration {
			n *= 1e9
		}
		*place = n
		e.Has |= has
	}
	return true, nil
}

// protocol names an IP protocol number (IANA, "Protocol Numbers").
func protocol(e *vedette.Event, v []byte) error {
	switch string(v) {
	case "6":
		e.Transport = "tcp"
	case "17":
		e.Transport = "udp"
	case "1":
		e.Transport = "icmp"
	case "58":
		e.Transport = "ipv6-icmp"
	case "47":
		e.Transport = "gre"
	case "50":
		e.Transport = "esp"
	case "132":
		e.Transport = "sctp"
	default:
		if _, err := strconv.ParseUint(decode.String(v), 10, 8); err != nil {
			return decode.ErrNumber
		}
		e.Transport = decode.String(v)
	}
	return nil
}

// services maps FortiGate's names of services to ECS network.protocol.
var services = map[string]string{
	"HTTP": "http", "HTTPS": "tls", "SSL": "tls", "DNS": "dns", "SSH": "ssh", "SMTP": "smtp", "SMTPS": "tls",
	"FTP": "ftp", "IMAP": "imap", "IMAPS": "tls", "POP3": "pop3", "RDP": "rdp", "SMB": "smb", "NTP": "ntp",
	"SNMP": "snmp", "TELNET": "telnet", "SIP": "sip", "LDAP": "ldap", "SYSLOG": "syslog", "DHCP": "dhcp",
}

// inParentheses returns the address in "https(198.51.100.7)".
func inParentheses(s string) []byte {
	i := strings.IndexByte(s, '(')
	if i < 0 || s[len(s)-1] != ')' {
		return nil
	}
	return []byte(s[i+1 : len(s)-1])
}
