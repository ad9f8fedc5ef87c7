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
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// Format is the decoder's entry in the table of formats.
var Format = decode.Format{
	Name:  "fortigate",
	Doc:   "key=value log of FortiGate firewalls: traffic, event and UTM",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return &decoder{local: timeparse.NewLocal(o.Location)} },
}

type decoder struct{ local *timeparse.Local }

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
	for len(rec) > 0 {
		key, value, rest, err := pair(b, rec)
		if err != nil {
			return err
		}
		if err := set(b, e, &m, key, value); err != nil {
			return err
		}
		rec = rest
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

// pair cuts the next key=value off. In quotes, \" and \\ stand for themselves; a
// value without quotes reaches to the next key.
func pair(b *vedette.Batch, rec []byte) (key string, value, rest []byte, err error) {
	n := keyLen(rec)
	if n == 0 {
		return "", nil, nil, decode.ErrSyntax
	}
	key, rec = decode.String(rec[:n]), rec[n+1:]
	if len(rec) > 0 && rec[0] == '"' {
		end, escaped := closing(rec)
		if end < 0 {
			return "", nil, nil, decode.ErrTruncated
		}
		value, rest = rec[1:end], rec[end+1:]
		if escaped {
			value = unescape(b, value)
		}
		return key, value, bytes.TrimLeft(rest, " "), nil
	}
	end := 0
	for {
		i := bytes.IndexByte(rec[end:], ' ')
		if i < 0 {
			return key, rec, nil, nil
		}
		end += i
		if rest = bytes.TrimLeft(rec[end:], " "); keyLen(rest) > 0 {
			return key, rec[:end], rest, nil
		}
		end++
	}
}

// keyLen returns the length of the key before '=', 0 if there is none.
func keyLen(rec []byte) int {
	for i, c := range rec {
		switch {
		case c == '=':
			return i
		case c|0x20 >= 'a' && c|0x20 <= 'z', c-'0' <= 9, c == '_', c == '-', c == '.':
		default:
			return 0
		}
	}
	return 0
}

// closing finds the quote that ends the value that rec opens: not escaped, and
// at the end or before a blank and a key, as older systems escape nothing.
func closing(rec []byte) (end int, escaped bool) {
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
				return i, escaped
			}
			if rec[i+1] == ' ' {
				if rest := bytes.TrimLeft(rec[i+1:], " "); len(rest) == 0 || keyLen(rest) > 0 {
					return i, escaped
				}
				last = i
			}
		}
	}
	return last, escaped
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

func number(v []byte) (int64, bool) {
	n, err := strconv.ParseUint(decode.String(v), 10, 63)
	return int64(n), err == nil
}

func address(v []byte) netip.Addr {
	addr, err := netip.ParseAddr(decode.String(v))
	if err != nil {
		return netip.Addr{}
	}
	return addr.WithZone("").Unmap()
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
