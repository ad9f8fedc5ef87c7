// Package iis decodes the W3C extended log file format as Microsoft IIS and
// HTTP.sys write it, and as other web servers and proxies do that use the same
// directives and field identifiers.
//
// A line can only be understood with the #Fields directive above it, which is
// therefore part of the decoder's state. Times are UTC, as the format demands.
//
// Do not use it for logs that borrow the directives without requests in them,
// such as the Windows firewall's or Exchange's.
//
// Sources: W3C working draft WD-logfile-960323 (directives, identifiers,
// prefixes); Microsoft Learn, "W3C Logging" and "Error logging in HTTP APIs".
package iis

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
	Name:  "iis-w3c",
	Doc:   "W3C extended logs of IIS, HTTP.sys and other web servers and proxies",
	Sniff: sniff,
	New:   func(decode.Options) decode.Decoder { return new(decoder) },
}

// ErrHeader rejects lines that come before any #Fields directive.
const ErrHeader = decode.Reason("no #Fields directive above the record")

type decoder struct {
	columns []column
	names   []string
	fields  []byte // the #Fields directive as it was read
	date    []byte // the date of the last #Date directive
	day     dayCache
}

type dayCache struct {
	text [10]byte
	ns   int64
}

func (c *dayCache) parse(b []byte) (int64, bool) {
	if string(b) == string(c.text[:]) {
		return c.ns, true
	}
	ns, ok := timeparse.Date(b)
	if ok && len(b) == len(c.text) {
		copy(c.text[:], b)
		c.ns = ns
	}
	return ns, ok && len(b) == len(c.text)
}

// State implements [decode.Stateful].
func (d *decoder) State() []byte {
	if d.fields == nil && d.date == nil {
		return nil
	}
	return append(append(bytes.Clone(d.date), '\n'), d.fields...)
}

// Restore implements [decode.Stateful].
func (d *decoder) Restore(state []byte) error {
	date, fields, ok := bytes.Cut(state, []byte{'\n'})
	if !ok {
		return decode.ErrSyntax
	}
	d.date = bytes.Clone(date)
	d.setFields(fields)
	return nil
}

// Decode implements [decode.Decoder].
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	rec = bytes.TrimRight(rec, "\r \t")
	switch {
	case len(rec) == 0:
		return nil
	case rec[0] == '#':
		d.directive(rec)
		return nil
	case bytes.IndexByte(rec, 0) >= 0:
		return decode.ErrBinary // what a crash leaves of a preallocated file
	case len(d.columns) == 0:
		return ErrHeader
	}
	e := b.Add()
	e.Dataset, e.Category, e.Action = vedette.DatasetIISAccess, vedette.CategoryWeb, vedette.ActionHTTPRequest
	e.Protocol = "http"
	return d.record(b, e, rec)
}

// directive takes up the #Fields and #Date lines and passes over all others.
func (d *decoder) directive(line []byte) {
	if v, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
		d.setFields(bytes.TrimSpace(v))
	} else if v, ok := bytes.CutPrefix(line, []byte("#Date:")); ok {
		if v = bytes.TrimSpace(v); len(v) >= 10 {
			d.date = bytes.Clone(v[:10])
		}
	}
}

func (d *decoder) setFields(list []byte) {
	d.fields = bytes.Clone(list)
	d.columns, d.names = d.columns[:0], d.names[:0]
	for _, name := range bytes.Fields(list) {
		d.names = append(d.names, string(name))
		d.columns = append(d.columns, columnOf(string(bytes.ToLower(name))))
	}
}

// parts are the values that only together make a field of the event.
type parts struct {
	clock               int64
	hasClock            bool
	scheme, stem, query []byte
	host, uri           []byte
}

func (d *decoder) record(b *vedette.Batch, e *vedette.Event, rec []byte) error {
	separator := byte(' ')
	if bytes.IndexByte(rec, '\t') >= 0 {
		separator = '\t'
	}
	var p parts
	date := d.date
	for i, c := range d.columns {
		if len(rec) == 0 {
			return decode.ErrFields
		}
		var v []byte
		v, rec = value(rec, separator)
		if len(v) == 1 && v[0] == '-' || len(v) == 0 {
			continue
		}
		if c == colDate {
			date = v
			continue
		}
		if err := set(b, e, &p, c, d.names[i], v); err != nil {
			return err
		}
	}
	if len(rec) != 0 {
		return decode.ErrFields
	}
	day, ok := d.day.parse(date)
	if !ok || !p.hasClock {
		return decode.ErrTime
	}
	e.Time = day + p.clock
	url(b, e, &p)
	return nil
}

// value cuts the next value off: up to the separator, or a quoted string.
func value(rec []byte, separator byte) (v, rest []byte) {
	if rec[0] == '"' {
		for i := 1; i < len(rec); i++ {
			if rec[i] == '"' && (i+1 == len(rec) || rec[i+1] == separator) {
				return rec[1:i], rec[min(i+2, len(rec)):]
			}
		}
	}
	for i, c := range rec {
		if c == separator {
			return rec[:i:i], rec[i+1:]
		}
	}
	return rec, nil
}

// url joins what the log split. A query may come with its question mark.
func url(b *vedette.Batch, e *vedette.Event, p *parts) {
	if p.host != nil {
		e.URLDomain = decode.String(p.host)
	}
	switch {
	case p.uri != nil:
		e.URL = decode.String(p.uri)
	case p.query == nil:
		e.URL = decode.String(p.stem)
	default:
		query := bytes.TrimPrefix(p.query, []byte{'?'})
		buf := b.Buffer(len(p.stem) + 1 + len(query))
		n := copy(buf, p.stem)
		buf[n] = '?'
		copy(buf[n+1:], query)
		e.URL = decode.String(buf)
	}
	if p.scheme != nil {
		e.Protocol = decode.String(p.scheme)
	}
}

func number(v []byte) (int64, bool) {
	n, err := strconv.ParseUint(decode.String(v), 10, 63)
	return int64(n), err == nil
}

func address(v []byte) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(decode.String(v))
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.WithZone("").Unmap(), true
}

func onlyDirectives(head []byte) bool {
	for line := range bytes.Lines(head) {
		if line[0] != '#' {
			return false
		}
	}
	return true
}

// sniff wants a #Fields directive that names parts of requests. A file so young
// that only the directives before it were written is taken at its word.
func sniff(head []byte) decode.Confidence {
	const prefix = "#Fields:"
	i := 0
	if !bytes.HasPrefix(head, []byte(prefix)) {
		if i = bytes.Index(head, []byte("\n"+prefix)); i < 0 {
			if bytes.HasPrefix(head, []byte("#Software: Microsoft Internet Information Services")) && onlyDirectives(head) {
				return 60
			}
			return 0
		}
		i++
	}
	line, _, _ := bytes.Cut(head[i+len(prefix):], []byte{'\n'})
	request, clock := false, false
	for _, name := range bytes.Fields(line) {
		switch columnOf(string(bytes.ToLower(name))) {
		case colMethod, colStem, colURI:
			request = true
		case colTime:
			clock = true
		}
	}
	switch {
	case !request || !clock:
		return 0
	case head[0] == '#':
		return 97
	}
	return 60 // the directive comes after lines that it does not cover
}
