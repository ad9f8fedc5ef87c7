// Package injection judges the values of web requests by grammar: whether a
// value leaves the place that the application meant for it and goes on as SQL
// or as a shell command. See README.md for the method and its sources.
//
// Regular expressions over whole URLs have to choose between missing a spelling
// and alarming on prose; a value that parses is another matter. What takes no
// grammar is a Sigma rule in rules/web.
package injection

import (
	"net/netip"
	"strings"
	"sync"
	"unsafe"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/vocab/webdecode"
)

// Plugin is the detector for the table of detectors.
var Plugin = detect.Plugin{Name: detectorName, New: func(detect.Env) (detect.Set, error) {
	return detect.Set{Streams: []detect.Stream{detector{}}}, nil
}}

const detectorName = "injection"

// A rule is what one grammar finds.
type rule uint8

const (
	sql rule = 1 << iota
	command
)

var rules = [...]struct {
	rule      rule
	id, title string
}{
	{sql, "sql", "SQL injection: the value goes on as SQL"},
	{command, "command", "Command injection: the value goes on as a shell command"},
}

type detector struct{}

// Meta implements detect.Stream.
func (detector) Meta() detect.Meta {
	return detect.Meta{Name: detectorName, Doc: "Values of web requests that parse as a continuation in SQL or in a shell's language."}
}

// Inspect implements detect.Stream.
func (detector) Inspect(e *vedette.Event, emit detect.Emit) {
	if e.Category != vedette.CategoryWeb || e.URL == "" || e.Direction == vedette.DirectionOutbound ||
		!suspect(e.URL) && !suspectAgent(e.UserAgent) && !suspect(e.Referrer) {
		return
	}
	s := scratches.Get().(*scratch)
	found := s.request(e)
	scratches.Put(s)
	for _, r := range rules {
		if found&r.rule != 0 {
			d := vedette.Detection{
				Rule: r.id, Title: r.title, Severity: vedette.SeverityHigh, Techniques: []string{"T1190"}, Stage: vedette.VerdictAttempt, Role: vedette.RoleExploit,
				Confidence: 65, Summary: summary(e), Actor: e.SourceIP, Target: e.DestinationIP, TargetPort: e.DestinationPort,
			}
			if e.Direction == vedette.DirectionInternal { // nobody outside took part
				d.Actor = netip.Addr{}
			}
			emit(&d)
		}
	}
}

// maxSummary is what a Detection allows.
const maxSummary = 300

// summary says in one sentence what happened.
func summary(e *vedette.Event) string {
	s := strings.ToValidUTF8(e.Method+" "+e.URL, "?")
	if len(s) > maxSummary {
		s = strings.ToValidUTF8(s[:maxSummary-len("…")], "") + "…"
	}
	return s
}

// scratch is memory for one request at a time.
type scratch struct {
	value  []byte
	words  []byte
	tokens []token
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxValue is how much of a value is judged.
const maxValue = 4096

// request judges all values of a request.
func (s *scratch) request(e *vedette.Event) rule {
	found := s.url(e.URL)
	if suspectAgent(e.UserAgent) {
		found |= s.judge(e.UserAgent)
	}
	if e.Referrer != "" && suspect(e.Referrer) {
		found |= s.url(e.Referrer)
	}
	return found
}

// url judges the path and the parameters of a URL.
func (s *scratch) url(u string) rule {
	var found rule
	target, query, ok := strings.Cut(u, "?")
	if suspect(target) {
		found = s.judge(target)
	}
	for ok && found != sql|command {
		var piece string
		piece, query, ok = strings.Cut(query, "&")
		if !suspect(piece) {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		if suspect(name) || value == "" { // the application may read all of it
			found |= s.judge(piece)
		}
		if value != "" {
			found |= s.judge(value)
		}
	}
	return found
}

// judge judges a value as it was sent.
func (s *scratch) judge(raw string) rule {
	raw = raw[:min(len(raw), maxValue)]
	s.value = s.value[:0]
	for { // lines of their own: a line ends a shell's command and SQL's comments
		i := lineEnd(raw)
		if i < 0 {
			break
		}
		s.value = append(webdecode.Decode(s.value, raw[:i]), '\n')
		raw = raw[i+len("%0a"):]
	}
	s.value = webdecode.Decode(s.value, raw)
	v := unsafe.String(unsafe.SliceData(s.value), len(s.value))
	var found rule
	if sqlInjection(v, &s.tokens) {
		found |= sql
	}
	s.words = s.words[:0]
	if commandInjection(v, &s.words) {
		found |= command
	}
	clear(s.tokens[:cap(s.tokens)])
	return found
}

func lineEnd(raw string) int {
	for i := 0; i+2 < len(raw); i++ {
		if raw[i] == '%' && raw[i+1] == '0' && raw[i+2]|0x20 == 'a' {
			return i
		}
	}
	return -1
}

// signs are the bytes without which a value is neither SQL nor a command, as
// such and percent-encoded.
var plainSigns, codedSigns = signTable("'\"`;|$(<>{\\#*+"), signTable("'\"`;|$(<>{\\#*+ ?[!&\t\n\v\f\r%\xa0\xc0\xc1\xe0\xef")

func signTable(s string) (t [256]bool) {
	for i := range len(s) {
		t[s[i]] = true
	}
	return t
}

// suspect reports that a text as sent holds such a byte. It is all the work
// that most requests make.
func suspect(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case plainSigns[c]:
			return true
		case c == '%' && i+2 < len(s):
			hi, lo := hex(s[i+1]), hex(s[i+2])
			if hi > 15 || lo > 15 || codedSigns[hi<<4|lo] || hi == 6 || hi == 7 {
				return true
			}
			i += 2
		}
	}
	return false
}

// suspectAgent is suspect for user agents, which have parentheses and
// semicolons by nature.
func suspectAgent(s string) bool {
	return strings.ContainsAny(s, "'\"`|$%<\\=&") || strings.HasPrefix(s, ";")
}

func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
