package cef

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// message holds the values whose meaning depends on others.
type message struct {
	name                      string
	received, started, ended  []byte // rt, start, end
	suser, duser, act, result string
	app, dhost                string
}

// label is the name that a message gives to one of its custom fields.
type label struct{ key, name string }

// extension reads "key=value key=value": a value reaches to the blank before the
// next key, so it may hold blanks. Keys are taken from the left; an equals sign in
// a value is escaped.
func (d *decoder) extension(b *vedette.Batch, e *vedette.Event, m *message, s []byte) error {
	d.labels = d.labels[:0]
	s = bytes.TrimSpace(s)
	if len(s) == 0 {
		return nil
	}
	n := keyLen(s)
	if n == 0 {
		return decode.ErrSyntax
	}
	for n > 0 {
		key := decode.String(s[:n])
		s = s[n+1:]
		end, next, escaped := valueEnd(s)
		v := bytes.TrimRight(s[:end], " ")
		if escaped {
			v = unescape(b, v)
		}
		if len(v) > 0 {
			if err := d.set(b, e, m, key, v); err != nil {
				return err
			}
		}
		s = s[min(end+1, len(s)):]
		n = next
	}
	d.relabel(e)
	return nil
}

// inKey are the bytes that keys are made of.
var inKey = func() (in [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-[]") {
		in[c] = true
	}
	return in
}()

// keyLen returns the length of the key that s begins with, 0 if there is none.
func keyLen(s []byte) int {
	for i, c := range s {
		if !inKey[c] {
			if c == '=' {
				return i
			}
			return 0
		}
	}
	return 0
}

// valueEnd finds where the value at the start of s ends, and how long the key
// behind it is.
func valueEnd(s []byte) (end, next int, escaped bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case ' ':
			if n := keyLen(s[i+1:]); n > 0 {
				return i, n, escaped
			}
		}
	}
	return len(s), 0, escaped
}

// class is what a key's value is.
type class uint8

const (
	classRest class = iota
	classText
	classTime
	classAddress
	classNumber
	classLabel
)

// classOf asks the functions below, which of them knows the key.
func classOf(key string) class {
	var (
		m message
		e vedette.Event
	)
	if m.text(&e, key, strings.Repeat("0", 32)) { // as a digest is written
		return classText
	}
	if m.time(key, []byte{}) {
		return classTime
	}
	if (&decoder{}).address(&e, key, "192.0.2.1") {
		return classAddress
	}
	if ok, _ := setNumber(&e, key, []byte{'1'}); ok {
		return classNumber
	}
	if strings.HasSuffix(key, "Label") {
		return classLabel
	}
	return classRest
}

func (d *decoder) set(b *vedette.Batch, e *vedette.Event, m *message, key string, v []byte) error {
	value := decode.String(v)
	done := false
	switch d.classes.Get(key) {
	case classText:
		done = m.text(e, key, value)
	case classTime:
		done = m.time(key, v)
	case classAddress:
		done = d.address(e, key, value)
	case classNumber:
		var err error
		if done, err = setNumber(e, key, v); err != nil {
			return err
		}
	case classLabel:
		d.labels = append(d.labels, label{strings.TrimSuffix(key, "Label"), value})
		done = true
	}
	if !done {
		b.AddRest(e, key, value)
	}
	return nil
}

// text takes up the keys of the CEF dictionary that name strings.
func (m *message) text(e *vedette.Event, key, value string) bool {
	var place *string
	switch key {
	case "suser":
		place = &m.suser
	case "duser":
		place = &m.duser
	case "act":
		place = &m.act
	case "outcome":
		place = &m.result
	case "app":
		place = &m.app
	case "dhost":
		place = &m.dhost
	case "request":
		place = &e.URL
	case "requestMethod":
		place = &e.Method
	case "requestClientApplication":
		place = &e.UserAgent
	case "requestContext":
		place = &e.Referrer
	case "dvchost":
		place = &e.Host
	case "fname":
		place = &e.FileName
	case "fileHash":
		place = hash(e, value)
	case "proto":
		if l := transports[value]; l != "" {
			value = l
		}
		place = &e.Transport
	}
	if place == nil || *place != "" {
		return false
	}
	*place = value
	return true
}

var transports = map[string]string{"TCP": "tcp", "UDP": "udp", "ICMP": "icmp", "6": "tcp", "17": "udp", "1": "icmp", "58": "ipv6-icmp"}

// hash finds the place for a digest by its length, nil if it is none.
func hash(e *vedette.Event, v string) *string {
	for i := range len(v) {
		if c := v[i]; c-'0' > 9 && (c < 'a' || c > 'f') {
			return nil
		}
	}
	switch len(v) {
	case 32:
		return &e.MD5
	case 40:
		return &e.SHA1
	case 64:
		return &e.SHA256
	}
	return nil
}

func (m *message) time(key string, v []byte) bool {
	var place *[]byte
	switch key {
	case "rt", "deviceReceiptTime":
		place = &m.received
	case "start", "startTime":
		place = &m.started
	case "end", "endTime":
		place = &m.ended
	default:
		return false
	}
	if *place != nil {
		return false
	}
	*place = v
	return true
}

func (d *decoder) address(e *vedette.Event, key, value string) bool {
	place, cache := &e.SourceIP, &d.sources
	switch key {
	case "src", "c6a2":
	case "dst", "c6a3":
		place, cache = &e.DestinationIP, &d.destinations
	default:
		return false
	}
	if place.IsValid() {
		return false
	}
	addr, ok := cache.Parse(value)
	*place = addr
	return ok
}

func setNumber(e *vedette.Event, key string, v []byte) (ok bool, err error) {
	var port *uint16
	var size *int64
	var has vedette.Has
	switch key {
	case "spt":
		port = &e.SourcePort
	case "dpt":
		port = &e.DestinationPort
	case "in":
		size, has = &e.SourceBytes, vedette.HasSourceBytes
	case "out":
		size, has = &e.DestinationBytes, vedette.HasDestinationBytes
	default:
		return false, nil
	}
	n, err := number(v)
	if err != nil || port != nil && n > 65535 {
		return false, decode.ErrNumber
	}
	if port != nil {
		if *port != 0 {
			return false, nil
		}
		*port = uint16(n)
		return true, nil
	}
	if e.Has&has != 0 {
		return false, nil
	}
	*size = int64(n)
	e.Has |= has
	return true, nil
}

func number(v []byte) (n uint64, err error) {
	if len(v) == 0 || len(v) > 18 {
		return strconv.ParseUint(decode.String(v), 10, 63)
	}
	for _, c := range v {
		if c -= '0'; c > 9 {
			return 0, decode.ErrNumber
		}
		n = n*10 + uint64(c)
	}
	return n, nil
}

// relabel gives custom fields (cs1, cn2, flexString1, ...) the names that the
// message has for them. A label without its field is forgotten.
func (d *decoder) relabel(e *vedette.Event) {
	for _, l := range d.labels {
		for i := range e.Rest {
			if e.Rest[i].Key == l.key {
				e.Rest[i].Key = l.name
				break
			}
		}
	}
}

// moment reads the times of CEF: milliseconds, or "MMM dd [yyyy] HH:mm:ss[.SSS]
// [zone]" with a zone as an offset, or RFC 3339.
func (d *decoder) moment(v []byte) (ns int64, ok bool) {
	if ns, ok := timeparse.Epoch(decode.String(v)); ok {
		return ns, true
	}
	if ns, n, zoned, ok := timeparse.RFC3339(v); ok && n == len(v) {
		if !zoned {
			ns = d.local.UTC(ns)
		}
		return ns, true
	}
	if ns, n, ok := timeparse.ParseDated(v); ok {
		return d.zone(ns, v[n:])
	}
	s, n, ok := timeparse.ParseStamp(v)
	if !ok {
		return 0, false
	}
	if ns, ok = d.years.Resolve(s); !ok {
		return 0, false
	}
	return d.zone(ns, v[n:])
}

// zone applies what follows the time: an offset or "UTC" or "GMT". Other names of
// zones are ambiguous and read as the zone of the source.
func (d *decoder) zone(ns int64, rest []byte) (int64, bool) {
	rest = bytes.TrimSpace(rest)
	if off, n, ok := timeparse.Offset(rest); ok && n == len(rest) {
		return ns - int64(off)*timeparse.Second, true
	}
	if s := string(rest); s == "UTC" || s == "GMT" {
		return ns, true
	}
	return d.local.UTC(ns), true
}
