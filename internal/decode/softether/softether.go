// Package softether decodes the text logs of SoftEther VPN: the server log of
// VPN Server and VPN Bridge, the security log of a Virtual Hub, the log of VPN
// Client, and syslog datagrams of all of these and of packet logs. Files of the
// packet log belong to package softetherpkt.
//
// Which of the three a file is follows from its lines, not from its name: the
// first line whose kind only one log holds decides for the file (a [HUB "NAME"]
// prefix means the server log). Datagrams say it themselves.
//
// The names in the logs come unescaped from the network. A line that does not
// begin with a time continues the one before; after a line whose last quotation
// is open nothing is believed until the quotation is closed. Such lines become
// events without Code that state softether.continuation.
package softether

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
)

// datasetClient is the dataset of VPN Client's log.
const datasetClient = "softether.client"

// openLines is how many lines are disbelieved after an open quotation that
// nothing closes.
const openLines = 64

// Format is the text logs and datagrams.
var Format = decode.Format{
	Name:  "softether",
	Doc:   "SoftEther VPN server, security and client logs, as files or syslog datagrams.",
	Sniff: sniff,
	Loose: true,
	New: func(o decode.Options) decode.Decoder {
		return &decoder{
			clock: softether.Clock{Location: o.Location},
			utc:   softether.Clock{Location: time.UTC},
		}
	},
}

// decoder implements decode.Stateful.
type decoder struct {
	clock, utc softether.Clock
	match      softether.Match
	joins      joins

	log    softether.Log // of the file, once it is known
	last   int64         // time of the last line that had one, 0 if none
	open   int           // lines that an open quotation may still last
	tail   string        // what closes it
	opener string        // kind of the line that opened it
	folded bool          // the open quotation had a line without time
	trust  []string      // kinds whose texts proved to differ: they open nothing
}

// line is one record taken apart.
type line struct {
	log    softether.Log
	packet bool
	syslog bool
	host   string
	hub    string
	text   string
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	s := strings.TrimRight(decode.String(rec), "\r\x00")
	if s == "" {
		return nil
	}
	if !utf8.ValidString(s) {
		s = repair(b, s)
	}
	var l line
	t, ok, err := d.split(&l, s)
	if err != nil {
		return err
	}
	if !ok || !l.syslog && d.disbelieve(l.text) {
		return d.continuation(b, s, t, ok)
	}
	d.last = t
	e := b.Add()
	e.Time, e.Host = t, l.host
	if l.packet {
		if !softether.Packet(b, e, l.text, true) {
			return decode.ErrFields
		}
		if l.hub != "" {
			b.AddRest(e, "softether.hub", l.hub)
		}
		return nil
	}
	d.message(b, e, &l)
	return nil
}

// split takes time, host, hub and text from s. ok is false when s does not
// begin a message.
func (d *decoder) split(l *line, s string) (t int64, ok bool, err error) {
	if softether.LooksLikeTime(s, ' ') && len(s) > softether.TimeLen && s[softether.TimeLen] == ' ' {
		t, ok = d.clock.Parse(s)
		if !ok && d.open == 0 {
			return 0, false, decode.ErrTime
		}
		l.text = s[softether.TimeLen+1:]
		if rest, cut := strings.CutPrefix(l.text, `[HUB "`); cut {
			if name, text, cut := strings.Cut(rest, `"] `); cut {
				l.hub, l.text, l.log = name, text, softether.LogServer
			}
		}
		return t, ok, nil
	}
	at := findHeader(s)
	if at < 0 {
		return 0, false, nil
	}
	return d.splitSyslog(l, s[at:])
}

// splitSyslog reads `[HOST/VPN/HUB] (TIME) <KIND_LOG>: TEXT`.
func (d *decoder) splitSyslog(l *line, s string) (t int64, ok bool, err error) {
	name, rest, _ := strings.Cut(s[1:], "] (")
	stamp, rest, _ := strings.Cut(rest, ") <")
	kind, text, ok := strings.Cut(rest, "_LOG>: ")
	if !ok {
		if kind, ok = strings.CutSuffix(rest, "_LOG>:"); !ok {
			return 0, false, decode.ErrTruncated
		}
	}
	l.host, l.hub, _ = strings.Cut(name, "/VPN")
	l.hub = strings.TrimPrefix(l.hub, "/")
	l.syslog, l.text = true, text
	switch kind {
	case "SERVER":
		l.log = softether.LogServer
	case "SECURITY":
		l.log = softether.LogHub
	case "PACKET":
		l.packet = true
	default:
		return 0, false, decode.ErrSyntax
	}
	if softether.LooksLikeTime(stamp, ' ') && len(stamp) == softether.TimeLen {
		t, ok = d.clock.Parse(stamp)
	} else if ok = softether.LooksLikeTime(stamp, 'T'); ok {
		var add time.Duration
		if add, ok = softether.ParseOffset(stamp[softether.TimeLen:]); ok {
			t, ok = d.utc.Parse(stamp)
			t += int64(add)
		}
	}
	if !ok {
		return 0, false, decode.ErrTime
	}
	return t, true, nil
}

// findHeader returns where `[HOST/VPN] (` or `[HOST/VPN/HUB] (` begins, -1 if
// nowhere. A relay may have put its own header before it.
func findHeader(s string) int {
	from := 0
	for {
		i := strings.Index(s[from:], "/VPN")
		if i < 0 {
			return -1
		}
		i += from
		from = i + 4
		start := strings.LastIndexByte(s[:i], '[')
		if start < 0 || start > 512 || from >= len(s) || s[from] != ']' && s[from] != '/' {
			continue
		}
		if end := strings.IndexByte(s[from:], ']'); end >= 0 && strings.HasPrefix(s[from+end:], "] (") {
			return start
		}
	}
}

// message fills e from the text of a log line.
func (d *decoder) message(b *vedette.Batch, e *vedette.Event, l *line) {
	e.Keep, e.Message = true, l.text
	m := &d.match
	// A datagram is cut at 1,023 bytes.
	known := softether.Parse(m, l.text, l.syslog && len(l.text) > 700)
	if l.log == softether.LogAny {
		l.log = d.logOf(m)
	} else if !l.syslog && d.log == softether.LogAny {
		d.log = l.log
	}
	e.Dataset, e.Category = dataset(l.log), vedette.CategoryNetwork
	if l.log == softether.LogHub {
		e.Category = vedette.CategorySession
	}
	if m.Kind != nil {
		e.Code, e.Category, e.Action, e.Outcome = m.Kind.Key, m.Kind.Category, m.Kind.Action, m.Kind.Outcome
	}
	d.fill(b, e, l)
	if !known {
		d.anchors(b, e, l.text)
	}
	d.join(b, e, l)
	d.finish(b, e, l)
	if m.Cut && !l.syslog {
		d.opened(m)
	}
}

// logOf returns the file's log, deciding it if m does.
func (d *decoder) logOf(m *softether.Match) softether.Log {
	if d.log == softether.LogAny && m.Kind != nil {
		d.log = m.Kind.Log
		if d.log == softether.LogAny && m.Scope == softether.ScopeAdmin {
			// Only the security log has the hub without a prefix.
			d.log = softether.LogServer
			for _, c := range m.Captures() {
				if c.Field == softether.FieldHub {
					d.log = softether.LogHub
					break
				}
				if c.Field != softether.FieldRPC {
					break
				}
			}
		}
	}
	if d.log == softether.LogAny {
		return softether.LogServer
	}
	return d.log
}

func dataset(l softether.Log) string {
	switch l {
	case softether.LogHub:
		return vedette.DatasetSoftEtherHub
	case softether.LogClient:
		return datasetClient
	}
	return vedette.DatasetSoftEtherServer
}

// opened notes that the quotation that m ends in goes on in the next line.
func (d *decoder) opened(m *softether.Match) {
	for _, key := range d.trust {
		if key == m.Kind.Key {
			return
		}
	}
	d.open, d.tail, d.folded = openLines, m.Tail, false
	d.opener = m.Kind.Key
}

// disbelieve reports whether a line that looks like a message lies inside an
// open quotation. After openLines lines, all with a time of their own, it was
// not an attack but a text that the table has in other words.
func (d *decoder) disbelieve(text string) bool {
	if d.open == 0 {
		return false
	}
	d.open--
	if d.open == 0 {
		if !d.folded && len(d.trust) < 64 {
			d.trust = append(d.trust, d.opener)
		}
		return false
	}
	if d.tail != "" && strings.HasSuffix(text, d.tail) && !softether.Parse(&d.match, text, false) {
		d.open = 0 // the tail of the quotation, behind something like a time
		return true
	}
	return true
}

// continuation adds an event for a line that goes on with a message.
func (d *decoder) continuation(b *vedette.Batch, s string, t int64, timed bool) error {
	if d.last == 0 {
		return decode.ErrTime
	}
	if !timed && d.open > 0 {
		d.folded = true
		if d.tail != "" && strings.HasSuffix(s, d.tail) {
			d.open = 0
		}
	}
	e := b.Add()
	e.Time, e.Keep, e.Message = d.last, true, s
	log := d.log
	if log == softether.LogAny {
		log = softether.LogServer
	}
	e.Dataset, e.Category = dataset(log), vedette.CategoryNetwork
	b.AddField(e, vedette.Field{Key: "softether.continuation", Value: "true", Kind: vedette.KindRaw})
	return nil
}

// repair copies s with U+FFFD for what is not UTF-8.
func repair(b *vedette.Batch, s string) string {
	buf := b.Buffer(3 * len(s))[:0]
	for _, r := range s {
		buf = utf8.AppendRune(buf, r)
	}
	return decode.String(buf)
}
