// Package fortigate decodes the key=value log of Fortinet FortiGate firewalls,
// from a file or as the payload of syslog: traffic, events (administration, VPN,
// configuration) and UTM (IPS, antivirus, web filter and others).
//
// Not for FortiGate's CEF or CSV output.
//
// Source: Fortinet, "FortiOS Log Message Reference" 6.4 to 7.4 (fields by log
// type; log ids; logdesc texts).
package fortigate

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/memo"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// Format is the decoder's entry in the table of formats.
var Format = decode.Format{
	Name:  "fortigate",
	Doc:   "key=value log of FortiGate firewalls: traffic, event and UTM",
	Sniff: sniff,
	New: func(o decode.Options) decode.Decoder {
		return &decoder{local: timeparse.NewLocal(o.Location), classes: memo.New(classOf)}
	},
}

type decoder struct {
	local                 *timeparse.Local
	classes               *memo.Table[class] // of keys
	sources, destinations jsonscan.AddrCache
}

// message holds the values whose meaning depends on others.
type message struct {
	date, clock, zone, eventTime               []byte
	kind, subtype, action, status, logID, desc string
	user, ui, tunnelType, reason               string
	path, object                               string // configuration
	attack, attackID, virus, virusID, hostname string
	remote, local                              netip.Addr // of a VPN tunnel
	remotePort, localPort                      uint16
}

// Decode implements [decode.Decoder].
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	rec = bytes.TrimSpace(withoutPriority(rec))
	if len(rec) == 0 {
		return nil
	}
	var m message
	e := b.Add()
	for n := keyLen(rec); len(rec) > 0; {
		if n == 0 {
			return decode.ErrSyntax
		}
		key := decode.String(rec[:n])
		value, rest, next, err := cut(b, rec[n+1:])
		if err != nil {
			return err
		}
		if err := d.set(b, e, &m, key, value); err != nil {
			return err
		}
		rec, n = rest, next
	}
	if m.kind == "" || m.logID == "" && m.subtype == "" {
		return decode.ErrSyntax
	}
	ns, ok := d.time(&m)
	if !ok {
		return decode.ErrTime
	}
	e.Time, e.Code = ns, m.logID
	switch m.kind {
	case "traffic":
		traffic(e, &m)
	case "event":
		event(e, &m)
	default:
		if m.kind != "utm" {
			b.AddRest(e, "type", m.kind)
		}
		utm(e, &m)
	}
	m.rest(b, e)
	return nil
}

// time prefers eventtime, which has no zone to get wrong.
func (d *decoder) time(m *message) (ns int64, ok bool) {
	if ns, ok := timeparse.Epoch(decode.String(m.eventTime)); ok {
		return ns, true
	}
	day, ok := timeparse.Date(m.date)
	if !ok || len(m.date) != 10 {
		return 0, false
	}
	clock, n, ok := timeparse.Clock(m.clock)
	if !ok || n != len(m.clock) {
		return 0, false
	}
	if off, n, ok := timeparse.Offset(m.zone); ok && n == len(m.zone) {
		return day + clock - int64(off)*timeparse.Second, true
	}
	return d.local.UTC(day + clock), true
}

// withoutPriority drops the "<189>" that FortiGate sends before its messages.
func withoutPriority(rec []byte) []byte {
	if len(rec) > 3 && rec[0] == '<' {
		if i := bytes.IndexByte(rec[:min(len(rec), 6)], '>'); i > 1 {
			if _, ok := number(rec[1:i]); ok {
				return rec[i+1:]
			}
		}
	}
	return rec
}

// cut cuts the value off that rec begins with, and returns what follows and the
// length of the key there. In quotes, \" and \\ stand for themselves; a value
// without quotes reaches to the next key.
func cut(b *vedette.Batch, rec []byte) (value, rest []byte, next int, err error) {
	if len(rec) > 0 && rec[0] == '"' {
		end, next, escaped := closing(rec)
		if end < 0 {
			return nil, nil, 0, decode.ErrTruncated
		}
		if value = rec[1:end]; escaped {
			value = unescape(b, value)
		}
		if rest = withoutBlanks(rec[end+1:]); next == 0 {
			next = keyLen(rest)
		}
		return value, rest, next, nil
	}
	for end := 0; end < len(rec); end++ {
		if rec[end] == ' ' {
			rest = withoutBlanks(rec[end:])
			if next = keyLen(rest); next > 0 {
				return rec[:end], rest, next, nil
			}
		}
	}
	return rec, nil, 0, nil
}

func withoutBlanks(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// inKey are the bytes that keys are made of.
var inKey = func() (in [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") {
		in[c] = true
	}
	return in
}()

// keyLen returns the length of the key before '=', 0 if there is none.
func keyLen(rec []byte) int {
	for i, c := range rec {
		if !inKey[c] {
			if c == '=' {
				return i
			}
			return 0
		}
	}
	return 0
}

// closing finds the quote that ends the value that rec opens: not escaped, and
// at the end or before a blank and a key, as older systems escape nothing. next
// is the length of that key, 0 if it is not known.
func closing(rec []byte) (end, next int, escaped bool) {
	last := -1
	for i := 1; i < len(rec); i++ {
		switch rec[i] {
		case '\\':
			if i+1 < len(rec) && (rec[i+1] == '"' && i+2 < len(rec) || rec[i+1] == '\\') {
				escaped = true
				i++
			}
		case '"':
			if i+1 == len(rec) {
				return i, 0, escaped
			}
			if rec[i+1] == ' ' {
				rest := withoutBlanks(rec[i+1:])
				if next = keyLen(rest); next > 0 || len(rest) == 0 {
					return i, next, escaped
				}
				last = i
			}
		}
	}
	return last, 0, escaped
}

func unescape(b *vedette.Batch, s []byte) []byte {
	out := b.Buffer(len(s))
	w := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		out[w] = s[i]
		w++
	}
	return out[:w:w]
}

func number(v []byte) (n int64, ok bool) {
	if len(v) == 0 || len(v) > 18 {
		u, err := strconv.ParseUint(decode.String(v), 10, 63)
		return int64(u), err == nil
	}
	for _, c := range v {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// sniff looks for the keys that every FortiGate message has, at a line's start.
func sniff(head []byte) decode.Confidence {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte{'\n'})
	line = withoutPriority(line)
	if keyLen(line) == 0 || !bytes.Contains(line, []byte("type=")) {
		return 0
	}
	score := 0
	for _, key := range []string{"date=", "logid=", "devid=", "devname=", "subtype=", "vd=", "eventtime="} {
		i := bytes.Index(line, []byte(key))
		if i == 0 || i > 0 && line[i-1] == ' ' {
			score++
		}
	}
	switch {
	case score >= 4:
		return 96
	case score == 3:
		return 80
	}
	return 0
}
