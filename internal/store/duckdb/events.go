package duckdb

import (
	"net/netip"
	"strings"
	"unsafe"

	"github.com/vedette-cti/vedette"
)

// eventField says where a column of the events table is found in an Event.
type eventField struct {
	name string
	kind fieldKind
	off  uintptr     // of the field in vedette.Event, for kinds that are one
	has  vedette.Has // the bit that tells 0 from unknown
}

// fieldKind is how a field becomes a value of a column and back.
type fieldKind uint8

const (
	kindTime      fieldKind = iota // nanoseconds to microseconds
	kindSource                     // the source's seq
	kindAlways                     // int64, never NULL
	kindText                       // string, NULL if empty
	kindNumber                     // int64, NULL unless Has
	kindInt                        // int, NULL if 0
	kindPort                       // uint16, NULL if 0
	kindAddr                       // netip.Addr, NULL if invalid
	kindOutcome                    // Outcome as a word
	kindDirection                  // Direction as a word
	kindCountry                    // of *Geo
	kindASN                        // of *Geo
	kindOriginal                   // Original, if it is to be kept
	kindRest                       // Rest as JSON
)

var zeroEvent vedette.Event

// eventFields is in the order of vedette.EventColumns.
var eventFields = []eventField{
	{"time", kindTime, unsafe.Offsetof(zeroEvent.Time), 0},
	{"source", kindSource, 0, 0},
	{"line", kindAlways, unsafe.Offsetof(zeroEvent.Line), 0},
	{"position", kindAlways, unsafe.Offsetof(zeroEvent.Offset), 0},
	{"original", kindOriginal, unsafe.Offsetof(zeroEvent.Original), 0},
	{"dataset", kindText, unsafe.Offsetof(zeroEvent.Dataset), 0},
	{"category", kindText, unsafe.Offsetof(zeroEvent.Category), 0},
	{"action", kindText, unsafe.Offsetof(zeroEvent.Action), 0},
	{"outcome", kindOutcome, unsafe.Offsetof(zeroEvent.Outcome), 0},
	{"code", kindText, unsafe.Offsetof(zeroEvent.Code), 0},
	{"severity", kindInt, unsafe.Offsetof(zeroEvent.Severity), 0},
	{"message", kindText, unsafe.Offsetof(zeroEvent.Message), 0},
	{"source_ip", kindAddr, unsafe.Offsetof(zeroEvent.SourceIP), 0},
	{"source_port", kindPort, unsafe.Offsetof(zeroEvent.SourcePort), 0},
	{"destination_ip", kindAddr, unsafe.Offsetof(zeroEvent.DestinationIP), 0},
	{"destination_port", kindPort, unsafe.Offsetof(zeroEvent.DestinationPort), 0},
	{"transport", kindText, unsafe.Offsetof(zeroEvent.Transport), 0},
	{"protocol", kindText, unsafe.Offsetof(zeroEvent.Protocol), 0},
	{"source_bytes", kindNumber, unsafe.Offsetof(zeroEvent.SourceBytes), vedette.HasSourceBytes},
	{"destination_bytes", kindNumber, unsafe.Offsetof(zeroEvent.DestinationBytes), vedette.HasDestinationBytes},
	{"source_packets", kindNumber, unsafe.Offsetof(zeroEvent.SourcePackets), vedette.HasSourcePackets},
	{"destination_packets", kindNumber, unsafe.Offsetof(zeroEvent.DestinationPackets), vedette.HasDestinationPackets},
	{"duration", kindNumber, unsafe.Offsetof(zeroEvent.Duration), vedette.HasDuration},
	{"request_bytes", kindNumber, unsafe.Offsetof(zeroEvent.RequestBytes), vedette.HasRequestBytes},
	{"response_bytes", kindNumber, unsafe.Offsetof(zeroEvent.ResponseBytes), vedette.HasResponseBytes},
	{"user_name", kindText, unsafe.Offsetof(zeroEvent.User), 0},
	{"host_name", kindText, unsafe.Offsetof(zeroEvent.Host), 0},
	{"method", kindText, unsafe.Offsetof(zeroEvent.Method), 0},
	{"url", kindText, unsafe.Offsetof(zeroEvent.URL), 0},
	{"url_domain", kindText, unsafe.Offsetof(zeroEvent.URLDomain), 0},
	{"status", kindPort, unsafe.Offsetof(zeroEvent.Status), 0},
	{"referrer", kindText, unsafe.Offsetof(zeroEvent.Referrer), 0},
	{"user_agent", kindText, unsafe.Offsetof(zeroEvent.UserAgent), 0},
	{"dns_question", kindText, unsafe.Offsetof(zeroEvent.DNSQuestion), 0},
	{"dns_type", kindText, unsafe.Offsetof(zeroEvent.DNSType), 0},
	{"dns_code", kindText, unsafe.Offsetof(zeroEvent.DNSCode), 0},
	{"dns_answers", kindText, unsafe.Offsetof(zeroEvent.DNSAnswers), 0},
	{"server_name", kindText, unsafe.Offsetof(zeroEvent.ServerName), 0},
	{"tls_version", kindText, unsafe.Offsetof(zeroEvent.TLSVersion), 0},
	{"ja3", kindText, unsafe.Offsetof(zeroEvent.JA3), 0},
	{"ja3s", kindText, unsafe.Offsetof(zeroEvent.JA3S), 0},
	{"ja4", kindText, unsafe.Offsetof(zeroEvent.JA4), 0},
	{"x509_subject", kindText, unsafe.Offsetof(zeroEvent.X509Subject), 0},
	{"x509_issuer", kindText, unsafe.Offsetof(zeroEvent.X509Issuer), 0},
	{"x509_serial", kindText, unsafe.Offsetof(zeroEvent.X509Serial), 0},
	{"file_name", kindText, unsafe.Offsetof(zeroEvent.FileName), 0},
	{"mime_type", kindText, unsafe.Offsetof(zeroEvent.MIMEType), 0},
	{"md5", kindText, unsafe.Offsetof(zeroEvent.MD5), 0},
	{"sha1", kindText, unsafe.Offsetof(zeroEvent.SHA1), 0},
	{"sha256", kindText, unsafe.Offsetof(zeroEvent.SHA256), 0},
	{"rule_id", kindText, unsafe.Offsetof(zeroEvent.RuleID), 0},
	{"rule_name", kindText, unsafe.Offsetof(zeroEvent.RuleName), 0},
	{"organization", kindText, unsafe.Offsetof(zeroEvent.Organization), 0},
	{"direction", kindDirection, unsafe.Offsetof(zeroEvent.Direction), 0},
	{"source_country", kindCountry, unsafe.Offsetof(zeroEvent.SourceGeo), 0},
	{"source_asn", kindASN, unsafe.Offsetof(zeroEvent.SourceGeo), 0},
	{"destination_country", kindCountry, unsafe.Offsetof(zeroEvent.DestinationGeo), 0},
	{"destination_asn", kindASN, unsafe.Offsetof(zeroEvent.DestinationGeo), 0},
	{"rest", kindRest, unsafe.Offsetof(zeroEvent.Rest), 0},
}

// at returns the field of type T at off in e.
func at[T any](e *vedette.Event, off uintptr) *T { return (*T)(unsafe.Add(unsafe.Pointer(e), off)) }

// eventBlock is how many events are turned into columns at a time: one word of
// a validity mask, and few enough that they stay in the processor's cache while
// every column visits them.
const eventBlock = 64

// appendEvents adds events of the source seq. keep says of which the original
// is kept; nil: of none.
func (t *table) appendEvents(events []vedette.Event, seq uint32, keep []bool) error {
	for len(events) > 0 {
		n := min(eventBlock-t.rows%eventBlock, len(events))
		var k []bool
		if keep != nil {
			k, keep = keep[:n], keep[n:]
		}
		for i := range eventFields {
			c := &t.cols[i]
			if set := t.fill(c, &eventFields[i], events[:n], seq, k); set != 0 {
				c.valid[t.rows/64] |= set << (t.rows % 64)
				c.any = true
			}
		}
		events = events[n:]
		if t.rows += n; t.rows == chunkRows {
			if err := t.append(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill writes the field f of up to 64 events from row t.rows on and returns
// which of them are not NULL, one bit an event.
func (t *table) fill(c *column, f *eventField, events []vedette.Event, seq uint32, keep []bool) (set uint64) {
	row := t.rows
	switch f.kind {
	case kindText:
		for i := range events {
			if s := *at[string](&events[i], f.off); s != "" {
				t.put(c, row+i, t.utf8(s))
				set |= 1 << i
			}
		}
	case kindNumber:
		out := (*[chunkRows]int64)(c.data)
		for i := range events {
			if events[i].Has&f.has != 0 {
				out[row+i] = *at[int64](&events[i], f.off)
				set |= 1 << i
			}
		}
	case kindTime:
		out := (*[chunkRows]int64)(c.data)
		for i := range events {
			out[row+i] = micros(events[i].Time)
		}
		return ^uint64(0) >> (64 - len(events))
	case kindSource:
		out := (*[chunkRows]uint32)(c.data)
		for i := range events {
			out[row+i] = seq
		}
		return ^uint64(0) >> (64 - len(events))
	case kindAlways:
		out := (*[chunkRows]int64)(c.data)
		for i := range events {
			out[row+i] = *at[int64](&events[i], f.off)
		}
		return ^uint64(0) >> (64 - len(events))
	case kindPort:
		out := (*[chunkRows]uint16)(c.data)
		for i := range events {
			if v := *at[uint16](&events[i], f.off); v != 0 {
				out[row+i] = v
				set |= 1 << i
			}
		}
	case kindAddr:
		out := (*[chunkRows][2]uint64)(c.data)
		for i := range events {
			if hi, lo, ok := vedette.Addr128(*at[netip.Addr](&events[i], f.off)); ok {
				out[row+i] = [2]uint64{lo, hi}
				set |= 1 << i
			}
		}
	default:
		return t.fillRare(c, f, events, keep)
	}
	return set
}

// fillRare is fill for the kinds that are one column each.
func (t *table) fillRare(c *column, f *eventField, events []vedette.Event, keep []bool) (set uint64) {
	row := t.rows
	for i := range events {
		e := &events[i]
		var s string
		switch f.kind {
		case kindInt:
			if e.Severity != 0 {
				(*[chunkRows]int64)(c.data)[row+i] = int64(e.Severity)
				set |= 1 << i
			}
			continue
		case kindASN:
			if geo := *at[*vedette.Geo](e, f.off); geo != nil && geo.ASN != 0 {
				(*[chunkRows]uint32)(c.data)[row+i] = geo.ASN
				set |= 1 << i
			}
			continue
		case kindCountry:
			if geo := *at[*vedette.Geo](e, f.off); geo != nil {
				s = t.utf8(geo.Country)
			}
		case kindOutcome:
			s = e.Outcome.String()
		case kindDirection:
			s = e.Direction.String()
		case kindOriginal:
			if keep != nil && keep[i] {
				s = t.utf8(unsafe.String(unsafe.SliceData(e.Original), len(e.Original)))
			}
		case kindRest:
			if len(e.Rest) > 0 {
				t.clean = appendRest(t.clean[:0], e.Rest)
				s = unsafe.String(unsafe.SliceData(t.clean), len(t.clean))
			}
		}
		if s != "" {
			t.put(c, row+i, s)
			set |= 1 << i
		}
	}
	return set
}

// micros turns Unix nanoseconds into what a TIMESTAMP holds, rounding down.
func micros(ns int64) int64 {
	us := ns / 1000
	if ns%1000 < 0 {
		us--
	}
	return us
}

// read sets the field f of e from column col of the reader's row, the inverse
// of fill. The source is left to the caller. Strings are e's own.
func (f *eventField) read(e *vedette.Event, r *reader, col int) (err error) {
	if r.null(col) {
		return nil
	}
	switch f.kind {
	case kindText:
		*at[string](e, f.off) = strings.Clone(r.text(col))
	case kindNumber, kindAlways:
		*at[int64](e, f.off) = r.int64(col)
		e.Has |= f.has
	case kindTime:
		e.Time = r.int64(col) * 1000
	case kindInt:
		*at[int](e, f.off) = int(r.int64(col))
	case kindPort:
		*at[uint16](e, f.off) = r.uint16(col)
	case kindAddr:
		*at[netip.Addr](e, f.off) = r.addr(col)
	case kindASN:
		geoOf(e, f.off).ASN = r.uint32(col)
	case kindCountry:
		geoOf(e, f.off).Country = strings.Clone(r.text(col))
	case kindOriginal:
		e.Original = []byte(r.text(col))
	case kindRest:
		e.Rest, err = parseRest(r.text(col))
	case kindOutcome:
		*at[vedette.Outcome](e, f.off) = word(r.text(col), vedette.OutcomeFailure)
	case kindDirection:
		*at[vedette.Direction](e, f.off) = word(r.text(col), vedette.DirectionExternal)
	}
	return err
}

// word returns the value up to last that is written as s.
func word[T interface {
	~uint8
	String() string
}](s string, last T) T {
	for v := T(1); v <= last; v++ {
		if v.String() == s {
			return v
		}
	}
	return 0
}

// geoOf returns the place at off in e, making it if need be.
func geoOf(e *vedette.Event, off uintptr) *vedette.Geo {
	p := at[*vedette.Geo](e, off)
	if *p == nil {
		*p = new(vedette.Geo)
	}
	return *p
}
