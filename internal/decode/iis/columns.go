package iis

import (
	"bytes"
	"strconv"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// column says where the values of one column go.
type column uint8

const (
	colOther column = iota // Rest, under the log's own name
	colDate
	colTime
	colClientIP
	colClientPort
	colServerIP
	colServerPort
	colComputer
	colUser
	colMethod
	colStem
	colQuery
	colURI
	colScheme
	colHost
	colStatus
	colZeroIsNothing // Rest unless 0
	colResponseBytes
	colRequestBytes
	colTaken
	colAgent
	colReferrer
	colVersion
	colText // Rest, plus signs are blanks
)

var columnsByName = map[string]column{
	"date": colDate, "time": colTime, "c-ip": colClientIP, "c-port": colClientPort,
	"s-ip": colServerIP, "s-port": colServerPort, "s-computername": colComputer,
	"cs-username": colUser, "cs-method": colMethod, "cs-uri-stem": colStem, "cs-uri-path": colStem,
	"cs-uri-query": colQuery, "cs-uri": colURI, "cs-uri-scheme": colScheme, "cs-host": colHost, "cs(host)": colHost,
	"sc-status": colStatus, "sc-substatus": colZeroIsNothing, "sc-win32-status": colZeroIsNothing,
	"sc-bytes": colResponseBytes, "cs-bytes": colRequestBytes, "time-taken": colTaken,
	"cs(user-agent)": colAgent, "cs(referer)": colReferrer, "cs-version": colVersion,
	"x-forwarded-for": colText, "cs(x-forwarded-for)": colText, "cs(cookie)": colText,
}

// columnOf maps a field identifier in lower case. The value of a header whose
// name is not known has its blanks written as plus signs, too.
func columnOf(name string) column {
	c, ok := columnsByName[name]
	if !ok && len(name) > 4 && name[len(name)-1] == ')' && (name[:3] == "cs(" || name[:3] == "sc(") {
		return colText
	}
	return c
}

// set puts one value that is not "-" into the event. name is the column's own.
func set(b *vedette.Batch, e *vedette.Event, p *parts, c column, name string, v []byte) error {
	switch c {
	case colTime:
		ns, n, ok := timeparse.Clock(v)
		if !ok || n != len(v) {
			return decode.ErrTime
		}
		p.clock, p.hasClock = ns, true
	case colClientIP:
		addr, ok := address(v)
		if !ok {
			b.AddRest(e, name, decode.String(v)) // a host name
			return nil
		}
		e.SourceIP = addr
	case colServerIP:
		addr, ok := address(v)
		if !ok {
			b.AddRest(e, name, decode.String(v))
			return nil
		}
		e.DestinationIP = addr
	case colComputer:
		e.Host = decode.String(v)
	case colUser:
		e.User = decode.String(v)
	case colMethod:
		e.Method = decode.String(v)
	case colStem:
		p.stem = v
	case colQuery:
		p.query = v
	case colURI:
		p.uri = v
	case colScheme:
		p.scheme = v
	case colHost:
		p.host = withoutPort(v)
	case colAgent:
		e.UserAgent = decode.String(blanks(b, v))
	case colReferrer:
		e.Referrer = decode.String(v)
	case colText:
		b.AddRest(e, name, decode.String(blanks(b, v)))
	case colVersion:
		if string(v) != "HTTP/1.1" {
			b.AddRest(e, name, decode.String(v))
		}
	case colZeroIsNothing:
		if string(v) != "0" {
			b.AddRest(e, name, decode.String(v))
		}
	case colOther:
		b.AddRest(e, name, decode.String(v))
	default:
		return setNumber(e, c, v)
	}
	return nil
}

func setNumber(e *vedette.Event, c column, v []byte) error {
	if c == colTaken {
		ns, ok := taken(v)
		if !ok {
			return decode.ErrNumber
		}
		e.Duration = ns
		e.Has |= vedette.HasDuration
		return nil
	}
	n, ok := number(v)
	if !ok || (c == colClientPort || c == colServerPort || c == colStatus) && n > 65535 {
		return decode.ErrNumber
	}
	switch c {
	case colClientPort:
		e.SourcePort = uint16(n)
	case colServerPort:
		e.DestinationPort = uint16(n)
	case colStatus:
		e.Status = uint16(n)
		if n >= 400 {
			e.Outcome = vedette.OutcomeFailure
		} else if n >= 100 {
			e.Outcome = vedette.OutcomeSuccess
		}
	case colResponseBytes:
		e.ResponseBytes = n
		e.Has |= vedette.HasResponseBytes
	case colRequestBytes:
		e.RequestBytes = n
		e.Has |= vedette.HasRequestBytes
	}
	return nil
}

// taken reads milliseconds, as IIS writes them, or, where there is a fraction,
// seconds, as the W3C draft wants them.
func taken(v []byte) (ns int64, ok bool) {
	if n, ok := number(v); ok {
		return n * 1e6, n < 1e12
	}
	s, err := strconv.ParseFloat(decode.String(v), 64)
	if err != nil || !(s >= 0 && s < 1e9) {
		return 0, false
	}
	return int64(s * 1e9), true
}

// blanks turns plus signs into blanks. Of two in a row the second was one in the
// header itself: "(compatible;++http://...)".
func blanks(b *vedette.Batch, v []byte) []byte {
	i := bytes.IndexByte(v, '+')
	if i < 0 {
		return v
	}
	out := b.Buffer(len(v))
	copy(out, v[:i])
	for before := byte(0); i < len(v); i++ {
		c := v[i]
		if c == '+' && before != ' ' {
			c = ' '
		}
		out[i], before = c, c
	}
	return out
}

func withoutPort(v []byte) []byte {
	i := bytes.LastIndexByte(v, ':')
	if i < 0 || v[len(v)-1] == ']' {
		return v
	}
	if _, ok := number(v[i+1:]); !ok {
		return v
	}
	return v[:i]
}
