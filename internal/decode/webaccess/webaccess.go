// Package webaccess decodes access logs of Apache httpd, nginx and servers that
// imitate them: the Common Log Format, the combined format, and either with the
// virtual host in front.
//
// Fields after the known ones are kept in Rest: a quoted list of addresses as
// x_forwarded_for, a decimal fraction as request_time, all others as extra_N.
// SourceIP is always the peer that the server saw: X-Forwarded-For is what the
// client claims, so it does not replace it.
//
// Escapes are undone into the very bytes that the client sent, even where they
// are not UTF-8, so that detectors see what the server saw. The store writes
// such bytes as \xNN.
//
// Do not use it for JSON access logs, IIS or logs with a custom order of fields.
//
// Sources: Apache httpd 2.4 mod_log_config ("Custom Log Formats", "Security
// Considerations" for the escapes); nginx ngx_http_log_module (log_format,
// escape=default).
package webaccess

import (
	"bytes"
	"net/netip"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// Format is the decoder's entry in the table of formats.
var Format = decode.Format{
	Name:  "web-access",
	Doc:   "access logs of Apache, nginx and their like: common, combined, with virtual host",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return &decoder{local: timeparse.NewLocal(o.Location)} },
}

type decoder struct {
	times timeparse.CLFCache
	local *timeparse.Local
	addrs jsonscan.AddrCache
}

// Decode implements [decode.Decoder].
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	if len(rec) > 0 && rec[len(rec)-1] == '\r' {
		rec = rec[:len(rec)-1]
	}
	if len(bytes.TrimSpace(rec)) == 0 {
		return nil
	}
	addr, open, after, ns := d.plainHead(rec)
	plain := after > 0
	if !plain {
		open, after, ns = d.findTime(rec)
	}
	if after < 0 {
		if bytes.IndexByte(rec, '[') < 0 {
			return decode.ErrSyntax
		}
		return decode.ErrTime
	}
	rest := rec[after:]
	if len(rest) < 2 || rest[0] != ' ' || rest[1] != '"' {
		if len(rest) < 2 {
			return decode.ErrTruncated
		}
		return decode.ErrSyntax
	}
	rest = rest[2:]
	end := requestEnd(rest)
	if end < 0 {
		return decode.ErrTruncated
	}
	e := b.Add()
	e.Time = ns
	e.Dataset, e.Category, e.Action = vedette.DatasetWebAccess, vedette.CategoryWeb, vedette.ActionHTTPRequest
	e.Protocol = "http"
	if plain {
		e.SourceIP = addr
	} else if !d.client(b, e, rec[:open]) {
		return decode.ErrFields
	}
	escaped := bytes.IndexByte(rec, '\\') >= 0
	request(b, e, rest[:end], escaped)
	return tail(b, e, rest[end+1:], escaped)
}

// plainHead reads the beginning that most lines have, "address - - [time]",
// without an identity or user. after is 0 if it is another.
func (d *decoder) plainHead(rec []byte) (addr netip.Addr, open, after int, ns int64) {
	const between = " - - ["
	blank := 0
	for blank < len(rec) && rec[blank] != ' ' {
		blank++
	}
	open = blank + len(between) - 1
	end := open + 1 + timeparse.CLFLen
	if end >= len(rec) || rec[end] != ']' || string(rec[blank:open+1]) != between {
		return addr, 0, 0, 0
	}
	addr, ok := d.addrs.Parse(decode.String(rec[:blank]))
	if !ok {
		return addr, 0, 0, 0
	}
	if ns, ok = d.times.Parse(rec[open+1 : end]); !ok {
		return addr, 0, 0, 0
	}
	return addr, open, end + 1, ns
}

// findTime finds "[time] " and returns where the bracket opens and what follows
// its end; after is -1 if there is none.
func (d *decoder) findTime(rec []byte) (open, after int, ns int64) {
	for from := 0; ; {
		i := bytes.IndexByte(rec[from:], '[')
		if i < 0 {
			return 0, -1, 0
		}
		open = from + i
		text := rec[open+1:]
		if len(text) > timeparse.CLFLen && text[timeparse.CLFLen] == ']' {
			if ns, ok := d.times.Parse(text[:timeparse.CLFLen]); ok {
				return open, open + timeparse.CLFLen + 2, ns
			}
		}
		if ns, n, zoned, ok := timeparse.RFC3339(text); ok && n < len(text) && text[n] == ']' {
			if !zoned {
				ns = d.local.UTC(ns)
			}
			return open, open + n + 2, ns
		}
		from = open + 1
	}
}

// client reads "[vhost[:port] ]client ident user ". A user name may hold blanks,
// but only after an address: without one, a line of another format with an access
// log line inside would pass.
func (d *decoder) client(b *vedette.Batch, e *vedette.Event, head []byte) bool {
	first, head, ok := word(bytes.TrimRight(head, " "))
	if !ok {
		return false
	}
	addr, isAddr := address(first)
	if !isAddr {
		peer, more, ok := word(head)
		if !ok {
			return false
		}
		peerAddr, peerIsAddr := address(peer)
		blanks := bytes.Count(more, []byte{' '})
		switch {
		case peerIsAddr:
			addr, isAddr = peerAddr, true
			virtualHost(b, e, first)
			head = more
		case blanks == 0:
			b.AddRest(e, "client", decode.String(first))
		case blanks == 1:
			virtualHost(b, e, first)
			b.AddRest(e, "client", decode.String(peer))
			head = more
		default:
			return false
		}
	}
	e.SourceIP = addr
	ident, user, ok := word(head)
	if !ok {
		return false
	}
	if !isNone(ident) {
		b.AddRest(e, "ident", decode.String(ident))
	}
	if !isNone(user) {
		e.User = decode.String(clean(b, user))
	}
	return true
}

func virtualHost(b *vedette.Batch, e *vedette.Event, v []byte) {
	name, port, ok := splitPort(v)
	if ok {
		e.DestinationPort = port
	}
	if !isNone(name) {
		e.URLDomain = decode.String(lower(b, name))
	}
}

// splitPort splits "name:80"; without a port, name is v.
func splitPort(v []byte) (name []byte, port uint16, ok bool) {
	i := bytes.LastIndexByte(v, ':')
	if i < 0 || i == len(v)-1 || len(v)-i > 6 {
		return v, 0, false
	}
	n, ok := number(v[i+1:])
	if !ok || n > 65535 {
		return v, 0, false
	}
	return v[:i], uint16(n), true
}

// tail reads what follows the request: status, bytes, referrer, user agent and more.
func tail(b *vedette.Batch, e *vedette.Event, rest []byte, escaped bool) error {
	if len(rest) == 0 {
		return decode.ErrTruncated
	}
	status, rest, ok := word(rest[1:])
	if !ok {
		status, rest = bytes.TrimRight(status, " "), nil
	}
	if n, ok := threeDigits(status); ok {
		e.Status = n
		switch {
		case n >= 400:
			e.Outcome = vedette.OutcomeFailure
		case n >= 100:
			e.Outcome = vedette.OutcomeSuccess
		}
	} else if !isNone(status) {
		return decode.ErrNumber
	}
	size, rest, _ := word(rest)
	if len(size) == 0 {
		return decode.ErrTruncated
	}
	if n, ok := number(size); ok {
		e.ResponseBytes = n
		e.Has |= vedette.HasResponseBytes
	} else if !isNone(size) {
		return decode.ErrNumber
	}
	if len(rest) == 0 {
		return nil
	}
	return headers(b, e, rest, escaped)
}

// threeDigits reads a status.
func threeDigits(s []byte) (uint16, bool) {
	if len(s) != 3 {
		return 0, false
	}
	a, b, c := s[0]-'0', s[1]-'0', s[2]-'0'
	return uint16(a)*100 + uint16(b)*10 + uint16(c), a <= 9 && b <= 9 && c <= 9
}

// headers reads the combined format's two quoted fields and what is behind them.
func headers(b *vedette.Batch, e *vedette.Event, rest []byte, escaped bool) error {
	for i := range 2 {
		if len(rest) == 0 || rest[0] != '"' {
			break
		}
		end := quoteEnd(rest[1:])
		if end < 0 {
			return decode.ErrTruncated
		}
		v := rest[1 : 1+end]
		if rest = rest[end+2:]; len(rest) > 0 {
			rest = rest[1:]
		}
		if isNone(v) {
			continue
		}
		if escaped {
			v = unescape(b, v)
		}
		if i == 0 {
			e.Referrer = decode.String(v)
		} else {
			e.UserAgent = decode.String(v)
		}
	}
	if len(rest) > 0 {
		extras(b, e, rest, escaped)
	}
	return nil
}

var extraNames = [...]string{"extra_1", "extra_2", "extra_3", "extra_4", "extra_5", "extra_6", "extra_7", "extra_8", "extra_9"}

// extras keeps fields that the site's own format adds; the last name takes all
// that is left.
func extras(b *vedette.Batch, e *vedette.Event, rest []byte, escaped bool) {
	for i := 0; len(rest) > 0; i++ {
		var v []byte
		if i == len(extraNames)-1 {
			v, rest = rest, nil
		} else if end := quoteEnd(rest[1:]); rest[0] == '"' && end >= 0 {
			v, rest = rest[1:1+end], bytes.TrimLeft(rest[end+2:], " ")
		} else {
			v, rest, _ = word(rest)
		}
		if isNone(v) {
			continue
		}
		name := extraNames[i]
		if _, known := e.Get("x_forwarded_for"); !known && isAddressList(v) {
			name = "x_forwarded_for"
		} else if _, known := e.Get("request_time"); !known && isFraction(v) {
			name = "request_time"
		}
		if escaped {
			v = unescape(b, v)
		}
		b.AddRest(e, name, decode.String(v))
	}
}

func isAddressList(v []byte) bool {
	first, _, _ := bytes.Cut(v, []byte{','})
	_, err := netip.ParseAddr(decode.String(bytes.TrimSpace(first)))
	return err == nil
}

func isFraction(v []byte) bool {
	whole, frac, ok := bytes.Cut(v, []byte{'.'})
	if !ok {
		return false
	}
	_, a := number(whole)
	_, c := number(frac)
	return a && c
}

// sniff is certain when lines decode: nothing else looks like this.
func sniff(head []byte) decode.Confidence {
	d := decoder{local: timeparse.NewLocal(nil)}
	var b vedette.Batch
	good, all := 0, 0
	for all < 20 && len(head) > 0 {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		head = rest
		if !complete && all > 0 || len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		all++
		b.Reset()
		if d.Decode(&b, line) == nil {
			good++
		}
	}
	switch {
	case good == 0:
		return 0
	case 2*good >= all:
		return 92
	}
	return 55
}
