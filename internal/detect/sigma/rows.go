package sigma

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/buger/jsonparser"
	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// stored is an event as it comes back from the store, with the key by which it
// is cited.
type stored struct {
	vedette.Event
	source   int64
	position int64
}

// reader turns rows of the events table into events, one at a time.
type reader struct {
	rows  *sql.Rows
	into  []any
	texts []sql.NullString
	ints  []sql.NullInt64
	addrs []detect.NullAddr
	at    time.Time
	geo   [2]vedette.Geo
	row   stored
}

// readEvents asks for the events that meet a condition, by time.
func readEvents(ctx context.Context, store detect.EventStore, where string, args []any) (*reader, error) {
	names := make([]string, len(vedette.EventColumns))
	n := len(names)
	r := &reader{into: make([]any, n), texts: make([]sql.NullString, n), ints: make([]sql.NullInt64, n), addrs: make([]detect.NullAddr, n)}
	for i, c := range vedette.EventColumns {
		names[i] = c.Name
		switch c.Type {
		case vedette.TypeTime:
			r.into[i] = &r.at
		case vedette.TypeText:
			r.into[i] = &r.texts[i]
		case vedette.TypeAddress:
			r.into[i] = &r.addrs[i]
		default:
			r.into[i] = &r.ints[i]
		}
	}
	rows, err := store.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM events WHERE %s ORDER BY time, position, source", strings.Join(names, ", "), where), args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	r.rows = rows
	return r, nil
}

// next returns the next event, nil after the last. It is valid until the next
// call.
func (r *reader) next() (*stored, error) {
	if !r.rows.Next() {
		return nil, r.rows.Err()
	}
	if err := r.rows.Scan(r.into...); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	r.row = stored{Event: vedette.Event{Time: r.at.UnixNano(), Rest: r.row.Rest[:0]}}
	r.geo = [2]vedette.Geo{}
	for i := range vedette.EventColumns {
		switch name := vedette.EventColumns[i].Name; vedette.EventColumns[i].Type {
		case vedette.TypeText:
			if r.texts[i].Valid {
				r.setText(name, r.texts[i].String)
			}
		case vedette.TypeAddress:
			if name == "source_ip" {
				r.row.SourceIP = r.addrs[i].Addr
			} else {
				r.row.DestinationIP = r.addrs[i].Addr
			}
		case vedette.TypeTime:
		default:
			if r.ints[i].Valid {
				r.setInt(name, r.ints[i].Int64)
			}
		}
	}
	return &r.row, nil
}

func (r *reader) setText(name, s string) {
	e := &r.row.Event
	if p := textField(e, name); p != nil {
		*p = s
		return
	}
	switch name {
	case "original":
		e.Original = []byte(s)
	case "outcome":
		for _, o := range []vedette.Outcome{vedette.OutcomeSuccess, vedette.OutcomeFailure} {
			if o.String() == s {
				e.Outcome = o
			}
		}
	case "direction":
		for d := vedette.DirectionInbound; d <= vedette.DirectionExternal; d++ {
			if d.String() == s {
				e.Direction = d
			}
		}
	case "source_country":
		r.geo[0].Country, e.SourceGeo = s, &r.geo[0]
	case "destination_country":
		r.geo[1].Country, e.DestinationGeo = s, &r.geo[1]
	case "rest":
		e.Rest = appendRest(e.Rest, s)
	}
}

// textField returns where a text column belongs.
func textField(e *vedette.Event, name string) *string {
	switch name {
	case "dataset":
		return &e.Dataset
	case "category":
		return &e.Category
	case "action":
		return &e.Action
	case "code":
		return &e.Code
	case "message":
		return &e.Message
	case "transport":
		return &e.Transport
	case "protocol":
		return &e.Protocol
	case "user_name":
		return &e.User
	case "host_name":
		return &e.Host
	case "method":
		return &e.Method
	case "url":
		return &e.URL
	case "url_domain":
		return &e.URLDomain
	case "referrer":
		return &e.Referrer
	case "user_agent":
		return &e.UserAgent
	case "organization":
		return &e.Organization
	case "rule_id":
		return &e.RuleID
	case "rule_name":
		return &e.RuleName
	}
	return observedField(e, name)
}

// observedField is textField for names, certificates and files.
func observedField(e *vedette.Event, name string) *string {
	switch name {
	case "dns_question":
		return &e.DNSQuestion
	case "dns_type":
		return &e.DNSType
	case "dns_code":
		return &e.DNSCode
	case "dns_answers":
		return &e.DNSAnswers
	case "server_name":
		return &e.ServerName
	case "tls_version":
		return &e.TLSVersion
	case "ja3":
		return &e.JA3
	case "ja3s":
		return &e.JA3S
	case "ja4":
		return &e.JA4
	case "x509_subject":
		return &e.X509Subject
	case "x509_issuer":
		return &e.X509Issuer
	case "x509_serial":
		return &e.X509Serial
	case "file_name":
		return &e.FileName
	case "mime_type":
		return &e.MIMEType
	case "md5":
		return &e.MD5
	case "sha1":
		return &e.SHA1
	case "sha256":
		return &e.SHA256
	}
	return nil
}

func (r *reader) setInt(name string, n int64) {
	e := &r.row.Event
	counted := func(bit vedette.Has, into *int64) { e.Has |= bit; *into = n }
	switch name {
	case "source":
		r.row.source = n
	case "position":
		r.row.position = n
	case "line":
		e.Line = n
	case "severity":
		e.Severity = int(n)
	case "source_port":
		e.SourcePort = uint16(n)
	case "destination_port":
		e.DestinationPort = uint16(n)
	case "status":
		e.Status = uint16(n)
	case "source_bytes":
		counted(vedette.HasSourceBytes, &e.SourceBytes)
	case "destination_bytes":
		counted(vedette.HasDestinationBytes, &e.DestinationBytes)
	case "source_packets":
		counted(vedette.HasSourcePackets, &e.SourcePackets)
	case "destination_packets":
		counted(vedette.HasDestinationPackets, &e.DestinationPackets)
	case "duration":
		counted(vedette.HasDuration, &e.Duration)
	case "request_bytes":
		counted(vedette.HasRequestBytes, &e.RequestBytes)
	case "response_bytes":
		counted(vedette.HasResponseBytes, &e.ResponseBytes)
	case "source_asn":
		r.geo[0].ASN, e.SourceGeo = uint32(n), &r.geo[0]
	case "destination_asn":
		r.geo[1].ASN, e.DestinationGeo = uint32(n), &r.geo[1]
	}
}

// appendRest reads the JSON object of the column rest.
func appendRest(dst []vedette.Field, s string) []vedette.Field {
	_ = jsonparser.ObjectEach([]byte(s), func(key, value []byte, kind jsonparser.ValueType, _ int) error {
		f := vedette.Field{Key: string(key), Value: string(value), Kind: vedette.KindRaw}
		if kind == jsonparser.String {
			f.Kind = vedette.KindString
			if text, err := jsonparser.ParseString(value); err == nil {
				f.Value = text
			}
		}
		dst = append(dst, f)
		return nil
	})
	return dst
}
