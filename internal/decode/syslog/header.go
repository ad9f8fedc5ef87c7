package syslog

import (
	"bytes"
	"net/netip"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// header is a syslog message taken apart.
type header struct {
	priority                  int // -1: not given
	time                      int64
	host, program, pid, msgID []byte
	data                      []byte // structured data of RFC 5424, with brackets
	msg                       []byte
}

// RFC 5424 section 6.2.1, with the names of syslog.conf.
var facilities = [24]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

var severities = [8]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// parse takes rec apart. A message with a priority may lack a time, which is then
// zero: FortiGate's and others' have it inside.
func (d *decoder) parse(h *header, rec []byte) error {
	h.priority = -1
	if n := frameLen(rec); n > 0 {
		rec = rec[n:]
	}
	if rec[0] == '<' {
		end := bytes.IndexByte(rec[:min(len(rec), 5)], '>')
		if end < 2 {
			return decode.ErrSyntax
		}
		p, ok := number(rec[1:end])
		if !ok || p > 191 {
			return decode.ErrSyntax
		}
		h.priority, rec = p, rec[end+1:]
		if len(rec) > 2 && rec[0] == '1' && rec[1] == ' ' {
			return d.rfc5424(h, rec[2:])
		}
	}
	rest, ok := d.stamp(h, rec)
	switch {
	case ok:
		d.tag(h, rest)
		return nil
	case h.priority < 0:
		return decode.ErrSyntax
	}
	h.msg = bytes.TrimSpace(rec)
	return nil
}

// frameLen returns the length of an octet count (RFC 6587) before a priority.
func frameLen(rec []byte) int {
	i := 0
	for i < len(rec) && i < 6 && rec[i]-'0' <= 9 {
		i++
	}
	if i > 0 && i+1 < len(rec) && rec[i] == ' ' && rec[i+1] == '<' {
		return i + 1
	}
	return 0
}

// stamp reads the time in one of the forms of RFC 3164 and rsyslog and returns
// what follows the blank behind it.
func (d *decoder) stamp(h *header, rec []byte) (rest []byte, ok bool) {
	if ns, n, zoned, ok := timeparse.RFC3339(rec); ok && (zoned || rec[10] == 'T') {
		if !zoned {
			ns = d.local.UTC(ns)
		}
		h.time, rest = ns, rec[n:]
	} else if ns, n, ok := timeparse.ParseDated(rec); ok {
		h.time, rest = d.local.UTC(ns), rec[n:]
	} else {
		s, n, ok := timeparse.ParseStamp(rec)
		if !ok {
			return nil, false
		}
		ns, ok := d.years.Resolve(s)
		if !ok {
			return nil, false
		}
		h.time, rest = d.local.UTC(ns), rec[n:]
	}
	if len(rest) > 1 && rest[0] == ':' { // Cisco
		rest = rest[1:]
	}
	if len(rest) > 0 && rest[0] != ' ' {
		return nil, false
	}
	return bytes.TrimLeft(rest, " "), true
}

// tag reads "[host ]program[pid]: message". The host may be missing, and so may
// the program: then all is message.
func (d *decoder) tag(h *header, rest []byte) {
	first, more, _ := bytes.Cut(rest, []byte{' '})
	if _, _, _, ok := program3164(rest); !ok || isAddress(first) {
		if len(first) > 0 && first[0] != '[' && !bytes.ContainsAny(first, `{"=|`) {
			h.host, rest = bytes.TrimSuffix(first, []byte{':'}), bytes.TrimLeft(more, " ")
			rest = bytes.TrimPrefix(rest, []byte(": ")) // Cisco
		}
	}
	name, pid, msg, ok := program3164(rest)
	if !ok {
		h.msg = rest
		return
	}
	h.program, h.pid, h.msg = name, pid, msg
}

func isAddress(s []byte) bool {
	_, err := netip.ParseAddr(decode.String(s))
	return err == nil
}

// program3164 reads "program[pid]: message" or "program: message".
func program3164(s []byte) (name, pid, msg []byte, ok bool) {
	i := 0
	for i < len(s) && i < 64 && isTagByte(s[i]) {
		i++
	}
	if i == 0 || i == len(s) {
		return nil, nil, nil, false
	}
	name, rest := s[:i], s[i:]
	if rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 0 || end > 24 {
			return nil, nil, nil, false
		}
		pid, rest = rest[1:end], rest[end+1:]
	}
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' {
		return nil, nil, nil, false
	}
	return name, pid, bytes.TrimLeft(rest[1:], " "), true
}

func isTagByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c-'0' <= 9 || bytes.IndexByte([]byte("_-./()%@+*"), c) >= 0
}

// rfc5424 reads what follows "<PRI>1 ".
func (d *decoder) rfc5424(h *header, rec []byte) error {
	var field [5][]byte // time, host, program, process, message id
	for i := range field {
		v, rest, ok := bytes.Cut(rec, []byte{' '})
		if !ok {
			return decode.ErrTruncated
		}
		if len(v) == 0 {
			return decode.ErrSyntax
		}
		if len(v) != 1 || v[0] != '-' {
			field[i] = v
		}
		rec = rest
	}
	if field[0] != nil {
		ns, n, zoned, ok := timeparse.RFC3339(field[0])
		if !ok || n != len(field[0]) {
			return decode.ErrTime
		}
		if !zoned {
			ns = d.local.UTC(ns)
		}
		h.time = ns
	}
	h.host, h.program, h.pid, h.msgID = field[1], field[2], field[3], field[4]
	end := dataLen(rec)
	if end < 0 {
		return decode.ErrSyntax
	}
	if h.data, rec = rec[:end], rec[end:]; len(rec) > 0 {
		if rec[0] != ' ' {
			return decode.ErrSyntax
		}
		rec = rec[1:]
	}
	h.msg = bytes.TrimPrefix(rec, []byte("\xef\xbb\xbf"))
	return nil
}

// dataLen returns the length of the structured data at the start of s, -1 if it
// is not in order.
func dataLen(s []byte) int {
	if len(s) == 0 {
		return -1
	}
	if s[0] == '-' {
		return 1
	}
	i := 0
	for i < len(s) && s[i] == '[' {
		n := elementLen(s[i:])
		if n < 0 {
			return -1
		}
		i += n
	}
	if i == 0 {
		return -1
	}
	return i
}

// structured adds the parameters of structured data to Rest as "id.name". data
// was measured by dataLen.
func structured(b *vedette.Batch, e *vedette.Event, data []byte) {
	for len(data) > 1 && data[0] == '[' {
		end := elementLen(data)
		element := data[1 : end-1]
		data = data[end:]
		id, params, _ := bytes.Cut(element, []byte{' '})
		if params == nil {
			b.AddRest(e, decode.String(id), "")
		}
		for len(params) > 0 {
			name, rest, ok := bytes.Cut(bytes.TrimLeft(params, " "), []byte(`="`))
			if !ok {
				break
			}
			stop, escaped := 0, false
			for stop < len(rest) && rest[stop] != '"' {
				if rest[stop] == '\\' {
					escaped = true
					stop++
				}
				stop++
			}
			stop = min(stop, len(rest))
			value := rest[:stop]
			if escaped {
				value = unescape(b, value)
			}
			key := b.Buffer(len(id) + 1 + len(name))
			n := copy(key, id)
			key[n] = '.'
			copy(key[n+1:], name)
			b.AddRest(e, decode.String(key), decode.String(value))
			params = rest[min(stop+1, len(rest)):]
		}
	}
}

// elementLen returns the length of the element "[...]" that data begins with, -1
// if it has no end.
func elementLen(data []byte) int {
	quoted := false
	for i := 1; i < len(data); i++ {
		if c := data[i]; quoted && c == '\\' {
			i++
		} else if c == '"' {
			quoted = !quoted
		} else if c == ']' && !quoted {
			return i + 1
		}
	}
	return -1
}

// unescape undoes \", \\ and \] (RFC 5424 section 6.3.3).
func unescape(b *vedette.Batch, s []byte) []byte {
	out := b.Buffer(len(s))
	w := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\' || s[i+1] == ']') {
			i++
		}
		out[w] = s[i]
		w++
	}
	return out[:w:w]
}
