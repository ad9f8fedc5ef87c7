// Package webjson decodes access logs that web servers and proxies write as
// JSON: nginx (the names that log_format json is usually given), Traefik,
// Caddy, and access logs in ECS names.
//
// The fields are known by their names, not by the product, so a log that mixes
// conventions is read too. Where several fields of a record say the same, the
// most exact one is taken and the others are kept under their own names.
package webjson

import (
	"bytes"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// Format is the entry for the table of decoders.
var Format = decode.Format{
	Name:  "web-json",
	Doc:   "web access logs as JSON: nginx, Traefik, Caddy, ECS",
	Sniff: sniff,
	New:   func(o decode.Options) decode.Decoder { return newDecoder(o) },
}

type decoder struct {
	location *time.Location
	members  *jsonscan.Flattener
	best     [numActions]choice
}

// choice is the member that serves an action best.
type choice struct {
	index int // into the members, plus one; 0: none
	rank  int32
}

func newDecoder(o decode.Options) *decoder {
	d := &decoder{location: o.Location, members: jsonscan.NewFlattener(fieldOf)}
	if d.location == nil {
		d.location = time.UTC
	}
	return d
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	members, err := d.members.Scan(rec)
	if err == jsonscan.ErrSyntax {
		if fixed := mend(b, rec); fixed != nil {
			members, err = d.members.Scan(fixed)
		}
	}
	if err != nil {
		return err
	}
	d.choose(members)
	if d.best[url].index == 0 && d.best[request].index == 0 && d.best[urlPath].index == 0 && d.best[method].index == 0 {
		return decode.ErrSyntax
	}
	e := b.Add()
	e.Dataset, e.Category, e.Action = vedette.DatasetWebAccess, vedette.CategoryWeb, vedette.ActionHTTPRequest
	e.Protocol = "http"
	for i := range members {
		m := &members[i]
		a, _ := split(m.Field)
		if a == rest || d.best[a].index != i+1 {
			if !unset(&m.Value) {
				m.Value.Add(b, e, m.Path)
			}
			continue
		}
		if a == query && d.best[url].index != 0 { // it is in the whole URL
			m.Value.Add(b, e, m.Path)
			continue
		}
		if err := d.apply(b, e, a, m); err != nil {
			return err
		}
	}
	if e.Time == 0 {
		return decode.ErrTime
	}
	d.finish(b, e, members)
	return nil
}

// choose finds the best member for each action. Values that say nothing are no
// candidates.
func (d *decoder) choose(members []jsonscan.Member) {
	clear(d.best[:])
	for i := range members {
		a, rank := split(members[i].Field)
		if a == rest || unset(&members[i].Value) || members[i].Value.Kind == jsonscan.Object {
			continue
		}
		if c := &d.best[a]; c.index == 0 || rank > c.rank {
			*c = choice{i + 1, rank}
		}
	}
}

// unset reports whether a value is a server's way of writing nothing.
func unset(t *jsonscan.Token) bool {
	return t.Kind == jsonscan.String && (t.Raw == "" || t.Raw == "-")
}

// mend repairs records of an nginx without escape=json: its \xNN is not JSON,
// and it is what attackers' quotes and bytes become. nil if rec has none.
func mend(b *vedette.Batch, rec []byte) []byte {
	n := bytes.Count(rec, []byte(`\x`))
	if n == 0 {
		return nil
	}
	out := b.Buffer(len(rec) + 2*n)[:0]
	for i := 0; i < len(rec); i++ {
		c := rec[i]
		if c != '\\' || i+1 == len(rec) {
			out = append(out, c)
			continue
		}
		if rec[i+1] != 'x' || i+3 >= len(rec) {
			out = append(out, c, rec[i+1])
			i++
			continue
		}
		hi, lo := hexValue(rec[i+2]), hexValue(rec[i+3])
		switch {
		case hi < 0 || lo < 0:
			return nil
		case hi >= 8:
			out = append(out, byte(hi<<4|lo))
		default:
			out = append(out, `\u00`...)
			out = append(out, rec[i+2], rec[i+3])
		}
		i += 3
	}
	return out
}

func hexValue(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// sniff counts the parts of a request that the first record has.
func sniff(head []byte) decode.Confidence {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return 0
	}
	d := newDecoder(decode.Options{})
	members, err := d.members.Scan(line)
	if err == jsonscan.ErrSyntax {
		if fixed := mend(new(vedette.Batch), line); fixed != nil {
			members, err = d.members.Scan(fixed)
		}
	}
	if err != nil && err != jsonscan.ErrTruncated {
		return 0
	}
	// Empty values count here: the name is what is recognized.
	var has [numActions]bool
	for i := range members {
		a, _ := split(members[i].Field)
		has[a] = true
		switch members[i].Path {
		case "event_type", "winlog.event_id", "EventID", "id.orig_h", "id_orig_h", "_path", "@stream":
			return 0 // other formats that hold web requests
		}
	}
	target := has[url] || has[request] || has[urlPath]
	parts := 0
	for _, ok := range []bool{has[client], target, has[status], has[method] || has[request], has[clock]} {
		if ok {
			parts++
		}
	}
	switch {
	case parts == 5:
		return 90
	case parts == 4 && target:
		return 75
	case parts == 3 && target:
		return 45
	}
	return 0
}
