package webjson

import (
	"strings"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

// apply puts the best value for an action into the event.
func (d *decoder) apply(b *vedette.Batch, e *vedette.Event, a action, m *jsonscan.Member) error {
	t := &m.Value
	switch a {
	case clock:
		n, ok := d.time(t)
		if !ok {
			return decode.ErrTime
		}
		e.Time = n
	case client, server:
		addr, port, ok := address(t.Raw)
		if !ok { // a host name
			t.Add(b, e, m.Path)
		} else if a == client {
			e.SourceIP = addr
			if e.SourcePort == 0 {
				e.SourcePort = port
			}
		} else {
			e.DestinationIP = addr
		}
	case clientPort, serverPort:
		p, ok := jsonscan.Port(t.Raw)
		if !ok {
			t.Add(b, e, m.Path)
		} else if a == clientPort {
			e.SourcePort = p
		} else {
			e.DestinationPort = p
		}
	case status:
		n, ok := jsonscan.Port(t.Raw)
		if !ok {
			return decode.ErrNumber
		}
		if e.Status = n; n >= 400 {
			e.Outcome = vedette.OutcomeFailure
		} else if n > 0 {
			e.Outcome = vedette.OutcomeSuccess
		}
	case responseBytes, requestBytes, seconds, nanoseconds:
		applyNumber(b, e, a, m)
	default:
		d.applyText(b, e, a, m)
	}
	return nil
}

// applyNumber keeps a value that is no number under its own name.
func applyNumber(b *vedette.Batch, e *vedette.Event, a action, m *jsonscan.Member) {
	t := &m.Value
	var n int64
	var ok bool
	if a == seconds {
		n, ok = jsonscan.Nanoseconds(t.Raw)
	} else {
		n, ok = jsonscan.Int(t.Raw)
	}
	if !ok || n < 0 || (a == seconds || a == nanoseconds) && e.Has&vedette.HasDuration != 0 {
		t.Add(b, e, m.Path)
		return
	}
	switch a {
	case seconds, nanoseconds:
		e.Duration, e.Has = n, e.Has|vedette.HasDuration
	case responseBytes:
		e.ResponseBytes, e.Has = n, e.Has|vedette.HasResponseBytes
	case requestBytes:
		e.RequestBytes, e.Has = n, e.Has|vedette.HasRequestBytes
	}
}

func (d *decoder) applyText(b *vedette.Batch, e *vedette.Event, a action, m *jsonscan.Member) {
	t := &m.Value
	s := t.Join(b) // Caddy's headers are arrays
	switch a {
	case method:
		e.Method = s
	case url:
		e.URL = s
	case urlPath:
		if e.URL == "" && d.best[url].index == 0 {
			e.URL = s
		} else {
			t.Add(b, e, m.Path)
		}
	case domain:
		var whole bool
		if e.URLDomain, whole = jsonscan.Domain(s, b.Buffer); !whole {
			b.AddRest(e, m.Path, s)
		}
	case referrer:
		e.Referrer = s
	case userAgent:
		e.UserAgent = s
	case user:
		e.User = s
	case serverName:
		e.ServerName = s
	case tlsVersion:
		e.TLSVersion = s
	case hostName:
		e.Host = s
	}
}

// finish uses the request line, and joins path and query.
func (d *decoder) finish(b *vedette.Batch, e *vedette.Event, members []jsonscan.Member) {
	if i := d.best[request].index; i != 0 {
		m := &members[i-1]
		line := m.Value.Text(b)
		verb, target, version, ok := requestLine(line)
		switch {
		case !ok:
			b.AddRest(e, m.Path, line)
		case d.best[url].index == 0:
			// Better than $uri, which nginx has decoded.
			if e.URL != "" {
				b.AddRest(e, members[d.best[urlPath].index-1].Path, e.URL)
			}
			e.URL = target
			if e.Method == "" {
				e.Method = verb
			}
			if version != "" {
				b.AddRest(e, "http.version", version)
			}
		default:
			if e.Method == "" {
				e.Method = verb
			}
			b.AddRest(e, m.Path, line)
		}
	}
	i := d.best[query].index
	if i == 0 || d.best[url].index != 0 {
		return
	}
	q := strings.TrimPrefix(members[i-1].Value.Text(b), "?")
	if strings.IndexByte(e.URL, '?') >= 0 || q == "" {
		b.AddRest(e, members[i-1].Path, q)
		return
	}
	joined := append(b.Buffer(len(e.URL) + 1 + len(q))[:0], e.URL...)
	e.URL = decode.String(append(append(joined, '?'), q...))
}

// requestLine splits METHOD TARGET VERSION. A target may hold blanks; a line
// that does not begin with a method is no request line.
func requestLine(s string) (method, target, version string, ok bool) {
	method, target, ok = strings.Cut(s, " ")
	if !ok || method == "" || target == "" {
		return "", "", "", false
	}
	for i := range len(method) {
		if c := method[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return "", "", "", false
		}
	}
	if i := strings.LastIndexByte(target, ' '); i >= 0 && strings.HasPrefix(target[i+1:], "HTTP/") {
		target, version = target[:i], target[i+len(" HTTP/"):]
	}
	return method, target, version, true
}
