package fortigate

import (
	"strconv"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// class is what a key's value is.
type class uint8

const (
	classRest class = iota
	classText
	classTime
	classNumber
	classAddress
)

// classOf asks the functions below, which of them knows the key.
func classOf(key string) class {
	var (
		m message
		e vedette.Event
	)
	if m.aside(key) != nil || direct(&e, key) != nil {
		return classText
	}
	if m.time(key, []byte{}) {
		return classTime
	}
	if ok, _ := m.number(&e, key, []byte{'1'}); ok {
		return classNumber
	}
	if (&decoder{}).address(&e, &m, key, []byte("192.0.2.1")) {
		return classAddress
	}
	return classRest
}

// set takes one pair up. Keys without a place in the event go to Rest, and so do
// values that are not what their key promises, and repeated keys.
func (d *decoder) set(b *vedette.Batch, e *vedette.Event, m *message, key string, v []byte) error {
	value := decode.String(v)
	if value == "" || value == "N/A" {
		return nil
	}
	done := false
	switch d.classes.Get(key) {
	case classText:
		done = m.text(e, key, value)
	case classTime:
		done = m.time(key, v)
	case classNumber:
		var err error
		if done, err = m.number(e, key, v); err != nil {
			return err
		}
	case classAddress:
		done = d.address(e, m, key, v)
	}
	if !done {
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

// text takes up the keys of strings.
func (m *message) text(e *vedette.Event, key, value string) bool {
	place := m.aside(key)
	if place == nil {
		place = direct(e, key)
	}
	if place == nil || key == "analyticscksum" && len(value) != 64 {
		return false
	}
	return fill(place, value)
}

// aside is the place of a string whose meaning depends on others.
func (m *message) aside(key string) *string {
	switch key {
	case "type":
		return &m.kind
	case "subtype":
		return &m.subtype
	case "logid", "log_id":
		return &m.logID
	case "action":
		return &m.action
	case "status":
		return &m.status
	case "logdesc":
		return &m.desc
	case "user", "unauthuser":
		return &m.user
	case "ui":
		return &m.ui
	case "tunneltype":
		return &m.tunnelType
	case "reason":
		return &m.reason
	case "cfgpath":
		return &m.path
	case "cfgobj":
		return &m.object
	case "attack":
		return &m.attack
	case "attackid":
		return &m.attackID
	case "virus":
		return &m.virus
	case "virusid":
		return &m.virusID
	case "hostname":
		return &m.hostname
	}
	return nil
}

// direct is the place of a string that means the same in every message.
func direct(e *vedette.Event, key string) *string {
	switch key {
	case "msg":
		return &e.Message
	case "devname":
		return &e.Host
	case "url":
		return &e.URL
	case "agent":
		return &e.UserAgent
	case "referralurl":
		return &e.Referrer
	case "httpmethod":
		return &e.Method
	case "filename":
		return &e.FileName
	case "qname":
		return &e.DNSQuestion
	case "qtype":
		return &e.DNSType
	case "ipaddr":
		return &e.DNSAnswers
	case "analyticscksum":
		return &e.SHA256
	}
	return nil
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

func (d *decoder) address(e *vedette.Event, m *message, key string, v []byte) bool {
	place, cache := &e.SourceIP, &d.sources
	switch key {
	case "srcip":
	case "dstip":
		place, cache = &e.DestinationIP, &d.destinations
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
	addr, ok := cache.Parse(decode.String(v))
	*place = addr
	return ok
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
