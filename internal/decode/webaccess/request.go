package webaccess

import (
	"bytes"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// request reads the request line. One that is not "METHOD URL HTTP/N" is kept as
// written in Rest, and as URL too where it is text, so that rules still see it.
func request(b *vedette.Batch, e *vedette.Event, line []byte, escaped bool) {
	if isNone(line) {
		return
	}
	raw := line
	if escaped {
		line = unescape(b, line)
	}
	sp := methodEnd(line)
	if sp <= 0 {
		b.AddRest(e, "request", decode.String(raw))
		if isText(line) {
			e.URL = decode.String(line)
		}
		return
	}
	url := line[sp+1:]
	version := ""
	if n := len(url) - len(usual); n >= 0 && string(url[n:]) == usual {
		url, version = url[:n], "1.1"
	} else if i := bytes.LastIndexByte(url, ' '); i >= 0 && bytes.HasPrefix(url[i+1:], httpSlash) {
		version = decode.String(url[i+1+len(httpSlash):])
		url = url[:i]
	}
	method := decode.String(line[:sp])
	e.Method, e.URL = method, decode.String(url)
	switch {
	case version == "":
		b.AddRest(e, "request", decode.String(raw))
		return
	case version != "1.1":
		b.AddRest(e, "http_version", version)
	}
	if len(url) > 0 && url[0] == '/' {
		return
	}
	if host, ok := authority(url); ok {
		if e.URLDomain == "" {
			e.URLDomain = decode.String(lower(b, host))
		}
	} else if method != "CONNECT" && string(url) != "*" {
		b.AddRest(e, "request", decode.String(raw))
	}
}

// usual is how most request lines end.
const usual = " HTTP/1.1"

var httpSlash = []byte("HTTP/")

// methodEnd returns the length of the method before the first blank, 0 if that
// is not a token of RFC 9110 section 5.6.2 made of letters, '-' or '_'.
func methodEnd(line []byte) int {
	for i, c := range line {
		if c == ' ' {
			return i
		}
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' || i > 31 {
			return 0
		}
	}
	return 0
}

// authority returns the host of an absolute URL, without user and port.
func authority(url []byte) (host []byte, ok bool) {
	i := bytes.Index(url, []byte("://"))
	if i <= 0 || i > 8 {
		return nil, false
	}
	host = url[i+3:]
	if end := bytes.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	if at := bytes.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if name, _, ok := splitPort(host); ok {
		host = name
	}
	return host, true
}

// requestEnd finds the quote that ends the request: not escaped, and followed by
// a status, because some servers leave quotes as they are. -1 if there is none.
func requestEnd(s []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(s[from:], '"')
		if i < 0 {
			return -1
		}
		i += from
		if i+2 < len(s) && s[i+1] == ' ' && (s[i+2]-'0' <= 9 || s[i+2] == '-') && !isEscaped(s, i) {
			return i
		}
		from = i + 1
	}
}

// quoteEnd finds the quote that ends a header: not escaped, and followed by a
// blank or nothing. -1 if there is none.
func quoteEnd(s []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(s[from:], '"')
		if i < 0 {
			return -1
		}
		i += from
		if (i+1 == len(s) || s[i+1] == ' ') && !isEscaped(s, i) {
			return i
		}
		from = i + 1
	}
}

// isEscaped reports whether an odd number of backslashes stands before s[i].
func isEscaped(s []byte, i int) bool {
	n := 0
	for n < i && s[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// unescape undoes \xNN, \" , \\ and the letters of C, as Apache and nginx write
// them. Anything else behind a backslash stays as it is.
func unescape(b *vedette.Batch, s []byte) []byte {
	first := bytes.IndexByte(s, '\\')
	if first < 0 {
		return s
	}
	out := b.Buffer(len(s))
	w := copy(out, s[:first])
	for r := first; r < len(s); r++ {
		c := s[r]
		if c == '\\' && r+1 < len(s) {
			switch n := s[r+1]; {
			case n == 'x' && r+3 < len(s) && hex(s[r+2]) < 16 && hex(s[r+3]) < 16:
				c = hex(s[r+2])<<4 | hex(s[r+3])
				r += 3
			case n == '"' || n == '\\' || n == '\'':
				c = n
				r++
			default:
				if i := bytes.IndexByte([]byte("abfnrtv"), n); i >= 0 {
					c = "\a\b\f\n\r\t\v"[i]
					r++
				}
			}
		}
		out[w] = c
		w++
	}
	return out[:w:w]
}

func hex(c byte) byte {
	if d := c - '0'; d <= 9 {
		return d
	}
	if d := (c | 0x20) - 'a'; d < 6 {
		return d + 10
	}
	return 255
}

// clean takes quotes off a user name and undoes its escapes.
func clean(b *vedette.Batch, s []byte) []byte {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return unescape(b, s)
}

// isText reports whether s has no control bytes.
func isText(s []byte) bool {
	for _, c := range s {
		if c < 0x20 || c == 0x7f {
			return false
		}
	}
	return true
}

// lower returns s in lower case, in place of a copy if it is already.
func lower(b *vedette.Batch, s []byte) []byte {
	for i, c := range s {
		if c-'A' < 26 {
			out := b.Buffer(len(s))
			copy(out, s[:i])
			for ; i < len(s); i++ {
				if c = s[i]; c-'A' < 26 {
					c |= 0x20
				}
				out[i] = c
			}
			return out
		}
	}
	return s
}

// word cuts s at its first blank; ok is false if there is none.
func word(s []byte) (head, rest []byte, ok bool) {
	for i, c := range s {
		if c == ' ' {
			return s[:i:i], s[i+1:], true
		}
	}
	return s, nil, false
}

func isNone(s []byte) bool { return len(s) == 0 || len(s) == 1 && s[0] == '-' || string(s) == `""` }

// number reads up to 18 digits.
func number(s []byte) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}
