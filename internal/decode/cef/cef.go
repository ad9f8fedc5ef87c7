// Package cef decodes ArcSight's Common Event Format, in which many security
// devices send their alerts and sessions, from a file or as the payload of
// syslog.
//
// LEEF, which looks alike, is not read.
//
// Source: Micro Focus, "ArcSight Common Event Format", version 25 and 26
// (header, escapes, extension dictionary).
package cef

import (
	"bytes"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/memo"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

const formatName = "cef"

// Format is the decoder's entry in the table of formats.
var Format = decode.Format{
	Name:  formatName,
	Doc:   "ArcSight Common Event Format of security devices",
	Sniff: sniff,
	New: func(o decode.Options) decode.Decoder {
		return &decoder{
			local: timeparse.NewLocal(o.Location), years: timeparse.NewYears(o.Reference, o.Location),
			classes: memo.New(classOf), topics: memo.New(topicOf),
		}
	},
}

// ErrHeader rejects messages without the seven fields of the header.
const ErrHeader = decode.Reason("CEF header is not complete")

type decoder struct {
	local  *timeparse.Local
	years  *timeparse.Years
	labels []label // of the message at hand

	classes               *memo.Table[class] // of keys
	topics                *memo.Table[topic] // of messages' names
	sources, destinations jsonscan.AddrCache
}

// Decode implements [decode.Decoder]. A message without a time of its own is
// given the zero time, which the envelope replaces.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	start := bytes.Index(rec, []byte("CEF:"))
	if start < 0 {
		if len(bytes.TrimSpace(rec)) == 0 {
			return nil
		}
		return decode.ErrSyntax
	}
	var header [7][]byte
	rest, ok := split(b, rec[start+len("CEF:"):], &header)
	if !ok {
		return ErrHeader
	}
	if _, err := number(bytes.TrimSpace(header[0])); err != nil {
		return ErrHeader
	}
	e := b.Add()
	e.Dataset, e.Code, e.Message = vedette.DatasetCEF, decode.String(header[4]), decode.String(header[5])
	for i, key := range []string{"deviceVendor", "deviceProduct", "deviceVersion"} {
		if v := header[i+1]; len(v) > 0 {
			b.AddRest(e, key, decode.String(v))
		}
	}
	severity(b, e, header[6])
	m := message{name: decode.String(header[5])}
	if err := d.extension(b, e, &m, rest); err != nil {
		return err
	}
	return d.finish(b, e, &m)
}

// split cuts the seven fields of the header off. \| and \\ stand for themselves.
// A header may end without its last bar if there is no extension.
func split(b *vedette.Batch, s []byte, header *[7][]byte) (rest []byte, ok bool) {
	for i := range header {
		end, escaped := 0, false
		for end < len(s) && s[end] != '|' {
			if s[end] == '\\' && end+1 < len(s) {
				escaped = true
				end++
			}
			end++
		}
		if end >= len(s) && i < len(header)-1 {
			return nil, false
		}
		end = min(end, len(s))
		header[i] = s[:end]
		if escaped {
			header[i] = unescape(b, s[:end])
		}
		s = s[min(end+1, len(s)):]
	}
	return s, true
}

// severity is 0 to 10 or a word.
func severity(b *vedette.Batch, e *vedette.Event, v []byte) {
	v = bytes.TrimSpace(v)
	if n, err := number(v); err == nil && n <= 10 {
		e.Severity = int(n)
		return
	}
	switch string(bytes.ToLower(v)) {
	case "low":
		e.Severity = 3
	case "medium":
		e.Severity = 6
	case "high":
		e.Severity = 8
	case "very-high":
		e.Severity = 10
	}
	if len(v) > 0 {
		b.AddRest(e, "severity", decode.String(v))
	}
}

// unescape undoes \\, \|, \=, \n and \r; another character behind a backslash
// stays as it is.
func unescape(b *vedette.Batch, s []byte) []byte {
	out := b.Buffer(len(s))
	w := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '\\', '|', '=':
				i++
				c = s[i]
			case 'n':
				i++
				c = '\n'
			case 'r':
				i++
				c = '\r'
			}
		}
		out[w] = c
		w++
	}
	return out[:w:w]
}

// sniff wants "CEF:0|" at the start of the first line.
func sniff(head []byte) decode.Confidence {
	head = bytes.TrimLeft(head, "\r\n ")
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	if len(line) > 6 && bytes.HasPrefix(line, []byte("CEF:")) && line[4]-'0' <= 9 && bytes.IndexByte(line[:min(len(line), 8)], '|') > 0 {
		return 97
	}
	return 0
}
