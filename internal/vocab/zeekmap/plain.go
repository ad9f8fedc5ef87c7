package zeekmap

import (
	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// Error is why a record is no event; the text is constant.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// The reasons.
const (
	ErrTime    = Error("time is missing or not readable")
	ErrAddress = Error("address is not readable")
	ErrNumber  = Error("number is not readable")
)

// Mapper fills events. It remembers the last time and addresses, so it belongs
// to one goroutine; the zero value is ready.
type Mapper struct {
	times               timeparse.ISOCache
	source, destination jsonscan.AddrCache
}

// Instant reads a time as Zeek or a shipper writes it.
func (m *Mapper) Instant(s string) (int64, bool) {
	if len(s) > 10 && s[4] == '-' {
		return m.times.Parse(s)
	}
	return timeparse.Epoch(s)
}

// Plain does one of the actions for which IsPlain holds. s is the value as text,
// without escapes and in UTF-8, and stays valid with the event.
func (m *Mapper) Plain(e *vedette.Event, a Action, s string) error {
	if a >= Transport {
		*place(e, a) = s
		return nil
	}
	ok := true
	switch a {
	case Time:
		if e.Time, ok = m.Instant(s); !ok {
			return ErrTime
		}
	case SourceIP:
		if e.SourceIP, ok = m.source.Parse(s); !ok {
			return ErrAddress
		}
	case DestIP:
		if e.DestinationIP, ok = m.destination.Parse(s); !ok {
			return ErrAddress
		}
	case SourcePort:
		if e.SourcePort, ok = jsonscan.Port(s); !ok {
			return ErrNumber
		}
	case DestPort:
		if e.DestinationPort, ok = jsonscan.Port(s); !ok {
			return ErrNumber
		}
	case Question:
		if n := len(s); n > 1 && s[n-1] == '.' {
			s = s[:n-1]
		}
		e.DNSQuestion = s
	case ResponseCode:
		e.DNSCode = s
		if e.Outcome == vedette.OutcomeUnknown {
			e.Outcome = outcome(s == "NOERROR")
		}
	case Duration:
		// Tab-separated logs have microseconds; JSON's more digits are noise.
		if e.Duration, ok = timeparse.Seconds(s); !ok {
			return ErrNumber
		}
		e.Duration = (e.Duration + 500) / 1000 * 1000
		e.Has |= vedette.HasDuration
	default:
		return count(e, a, s)
	}
	return nil
}

// count is Plain for the whole numbers.
func count(e *vedette.Event, a Action, s string) error {
	n, ok := jsonscan.Int(s)
	if !ok {
		return ErrNumber
	}
	switch a {
	case SourceBytes:
		e.SourceBytes, e.Has = n, e.Has|vedette.HasSourceBytes
	case DestBytes:
		e.DestinationBytes, e.Has = n, e.Has|vedette.HasDestinationBytes
	case SourcePkts:
		e.SourcePackets, e.Has = n, e.Has|vedette.HasSourcePackets
	case DestPkts:
		e.DestinationPackets, e.Has = n, e.Has|vedette.HasDestinationPackets
	case RequestBytes:
		e.RequestBytes, e.Has = n, e.Has|vedette.HasRequestBytes
	case RespBytes:
		e.ResponseBytes, e.Has = n, e.Has|vedette.HasResponseBytes
	case Status:
		if n < 0 || n > 65535 {
			return ErrNumber
		}
		e.Status = uint16(n)
		if n > 0 {
			e.Outcome = outcome(n < 400)
		}
	}
	return nil
}

// place is where the text of an action from Transport to RuleID goes.
func place(e *vedette.Event, a Action) *string {
	switch a {
	case Transport:
		return &e.Transport
	case System:
		return &e.Host
	case Method:
		return &e.Method
	case URL:
		return &e.URL
	case Referrer:
		return &e.Referrer
	case UserAgent:
		return &e.UserAgent
	case User:
		return &e.User
	case QueryType:
		return &e.DNSType
	case ServerName:
		return &e.ServerName
	case TLSVersion:
		return &e.TLSVersion
	case JA3:
		return &e.JA3
	case JA3S:
		return &e.JA3S
	case JA4:
		return &e.JA4
	case Subject:
		return &e.X509Subject
	case Issuer:
		return &e.X509Issuer
	case Serial:
		return &e.X509Serial
	case MIMEType:
		return &e.MIMEType
	case FileName:
		return &e.FileName
	}
	return &e.RuleID
}
