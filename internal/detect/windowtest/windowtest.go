// Package windowtest gives the tests of windowed detectors an event store in
// memory, with the tables that internal/store documents, and checks what every
// detection must fulfil. It is for tests only: it keeps all events in memory
// and loses them at the end.
package windowtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// Source is the one source of telemetry that a DB knows.
var Source = vedette.Source{ID: vedette.ID{15: 1}, Path: "logs/telemetry.log", Format: "test"}

// DB is an event store in memory. Its QueryContext makes it a
// detect.EventStore.
type DB struct {
	*sql.DB
	t       testing.TB
	line    int64
	pending []vedette.Event
	cited   []int // those of pending that a rule cites
}

// New returns an empty store that is closed when the test ends.
func New(t testing.TB) *DB {
	t.Helper()
	return open(t, "")
}

// open returns an empty store in the file at path, in memory if it is empty.
func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := sql.Open("duckdb", path+"?memory_limit=512MiB&threads=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := &DB{DB: db, t: t}
	var columns []string
	for _, c := range vedette.EventColumns {
		columns = append(columns, fmt.Sprintf("%q %s", c.Name, c.Type))
	}
	d.Exec("CREATE TABLE events (" + strings.Join(columns, ", ") + ")")
	d.Exec("CREATE TABLE sources (seq UINTEGER, identity VARCHAR, path VARCHAR, format VARCHAR, organization VARCHAR, copy_of VARCHAR)")
	d.Exec("CREATE TABLE detections (id VARCHAR, detector VARCHAR, rule VARCHAR, techniques VARCHAR, stage UTINYINT, weak BOOLEAN, count BIGINT)")
	d.Exec("CREATE TABLE evidence (detection VARCHAR, source VARCHAR, position BIGINT)")
	d.Exec("INSERT INTO sources VALUES (1, ?, ?, ?, NULL, NULL)", Source.ID.String(), Source.Path, Source.Format)
	return d
}

// Exec runs a statement, such as one that generates many events.
func (d *DB) Exec(query string, args ...any) {
	d.t.Helper()
	if _, err := d.DB.Exec(query, args...); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
}

// Add takes events to be stored. A zero field becomes NULL; numbers are stored
// as they are when Has is set. Line and Offset are given by the store. Events
// are seen after Flush, which Analyze calls.
func (d *DB) Add(events ...vedette.Event) { d.pending = append(d.pending, events...) }

// AddCited adds an event that a Sigma rule calls an attack on a public
// application, as an attempt.
func (d *DB) AddCited(e vedette.Event) {
	d.cited = append(d.cited, len(d.pending))
	d.pending = append(d.pending, e)
}

// Flush stores what was added.
func (d *DB) Flush() {
	d.t.Helper()
	events := d.pending
	for _, i := range d.cited {
		line := d.line + int64(i) + 1
		d.Exec("INSERT INTO detections VALUES (?, 'sigma', 'test', 'T1190', 2, false, 1)", fmt.Sprint(line))
		d.Exec("INSERT INTO evidence VALUES (?, ?, ?)", fmt.Sprint(line), Source.ID.String(), line*100)
	}
	d.pending, d.cited = nil, nil
	conn, err := d.Conn(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		app, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", "events")
		if err != nil {
			return err
		}
		for i := range events {
			d.line++
			if err := app.AppendRow(row(&events[i], d.line)...); err != nil {
				return err
			}
		}
		return app.Close()
	})
	if err != nil {
		d.t.Fatalf("add events: %v", err)
	}
}

// row lays e out as vedette.EventColumns says.
func row(e *vedette.Event, line int64) []driver.Value {
	v := values(e)
	v["line"], v["position"] = line, line*100
	v["original"] = fmt.Sprintf("line %d", line)
	out := make([]driver.Value, len(vedette.EventColumns))
	for i, c := range vedette.EventColumns {
		out[i] = v[c.Name]
	}
	return out
}

func values(e *vedette.Event) map[string]driver.Value {
	v := map[string]driver.Value{
		"time": time.Unix(0, e.Time).UTC(), "source": uint32(1),
		"source_ip": address(e.SourceIP), "destination_ip": address(e.DestinationIP),
		"source_port": port(e.SourcePort), "destination_port": port(e.DestinationPort), "status": port(e.Status),
	}
	for name, s := range map[string]string{
		"dataset": e.Dataset, "category": e.Category, "action": e.Action, "outcome": e.Outcome.String(),
		"transport": e.Transport, "protocol": e.Protocol, "user_name": e.User, "host_name": e.Host,
		"method": e.Method, "url": e.URL, "url_domain": e.URLDomain, "referrer": e.Referrer,
		"user_agent": e.UserAgent, "dns_question": e.DNSQuestion, "server_name": e.ServerName, "code": e.Code,
		"ja3": e.JA3, "ja4": e.JA4, "x509_subject": e.X509Subject, "x509_issuer": e.X509Issuer, "x509_serial": e.X509Serial,
		"sha1": e.SHA1, "sha256": e.SHA256, "message": e.Message,
		"organization": e.Organization, "direction": e.Direction.String(), "rest": rest(e.Rest),
	} {
		if s != "" {
			v[name] = s
		}
	}
	for name, n := range map[string]int64{
		"source_bytes": e.SourceBytes, "destination_bytes": e.DestinationBytes, "source_packets": e.SourcePackets,
		"destination_packets": e.DestinationPackets, "duration": e.Duration, "request_bytes": e.RequestBytes,
		"response_bytes": e.ResponseBytes,
	} {
		if n != 0 || e.Has != 0 {
			v[name] = n
		}
	}
	if g := e.SourceGeo; g != nil {
		v["source_country"], v["source_asn"] = g.Country, g.ASN
	}
	if g := e.DestinationGeo; g != nil {
		v["destination_country"], v["destination_asn"] = g.Country, g.ASN
	}
	return v
}

func rest(fields []vedette.Field) string {
	var parts []string
	for _, f := range fields {
		k, _ := json.Marshal(f.Key)
		s, _ := json.Marshal(f.Value)
		parts = append(parts, string(k)+":"+string(s))
	}
	if parts == nil {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func address(a netip.Addr) driver.Value {
	if !a.IsValid() {
		return nil
	}
	return vedette.AddrToBig(a)
}

func port(p uint16) driver.Value {
	if p == 0 {
		return nil
	}
	return p
}

// Analyze runs the plugin's window detectors over all events and returns what
// they found, after checking that each detection is well formed.
func (d *DB) Analyze(plugin detect.Plugin, c *vedette.Constituency) []vedette.Detection {
	d.t.Helper()
	d.Flush()
	if c == nil {
		c = &vedette.Constituency{}
	}
	set, err := plugin.New(detect.Env{Constituency: c})
	if err != nil {
		d.t.Fatal(err)
	}
	span := detect.Span{}
	row := d.QueryRow("SELECT coalesce(min(time), TIMESTAMP '2024-01-01'), coalesce(max(time), TIMESTAMP '2024-01-01') FROM events")
	if err := row.Scan(&span.Start, &span.End); err != nil {
		d.t.Fatal(err)
	}
	span.End = span.End.Add(time.Microsecond)
	var out []vedette.Detection
	for _, w := range set.Windows {
		err := w.Analyze(context.Background(), d, span, func(det *vedette.Detection) {
			d.check(w, det)
			out = append(out, *det)
		})
		if err != nil {
			d.t.Fatalf("%s: %v", w.Meta().Name, err)
		}
	}
	return out
}

// check fails the test if det lacks what a detection must have.
func (d *DB) check(w detect.Window, det *vedette.Detection) {
	d.t.Helper()
	fail := func(why string) {
		d.t.Helper()
		d.t.Errorf("detection %s/%s: %s: %+v", det.Detector, det.Rule, why, det)
	}
	switch {
	case det.Detector != w.Meta().Name:
		fail("not the detector's name")
	case det.Rule == "" || det.Title == "" || det.Summary == "":
		fail("rule, title or summary missing")
	case len(det.Summary) > 300:
		fail("summary longer than 300 bytes")
	case det.Stage == vedette.VerdictCompromise && !det.Effect:
		fail("compromise without effect")
	case det.Stage == vedette.VerdictNone || det.Confidence < 1 || det.Confidence > 100:
		fail("stage or confidence out of range")
	case det.Time == 0 || det.LastTime < det.Time || det.Count < 1:
		fail("time or count missing")
	case len(det.Techniques) == 0:
		fail("no technique")
	case len(det.Evidence) == 0 || len(det.Evidence) > 5:
		fail("want one to five lines of evidence")
	}
	for _, e := range det.Evidence {
		if e.Source != Source.ID || e.File != Source.Path || e.Line < 1 || e.Time == 0 {
			fail("evidence names no line")
		}
	}
}

// Brief writes detections as "rule stage actor" lines, in the order given, with
// " weak" at the end of weak ones: what most tables compare.
func Brief(ds []vedette.Detection) []string {
	out := []string{}
	for i := range ds {
		s := ds[i].Rule + " " + ds[i].Stage.String()
		if ds[i].Actor.IsValid() {
			s += " " + ds[i].Actor.String()
		}
		if ds[i].Weak {
			s += " weak"
		}
		out = append(out, s)
	}
	return out
}

// At returns a time: day counts from 2024-01-01, the rest is added.
func At(day int, d time.Duration) int64 {
	return time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC).Add(d).UnixNano()
}

// Conn returns a flow from an outside address to one of the organization's.
func Conn(at int64, from, to string, port uint16, ok bool) vedette.Event {
	return vedette.Event{
		Time: at, Dataset: vedette.DatasetZeekConn, Category: vedette.CategoryNetwork, Action: vedette.ActionConnection,
		SourceIP: netip.MustParseAddr(from), DestinationIP: netip.MustParseAddr(to), SourcePort: 40000, DestinationPort: port,
		Transport: "tcp", Outcome: outcome(ok), Organization: "org-a", Direction: vedette.DirectionInbound,
	}
}

// Outbound returns a flow that a server of the organization opened.
func Outbound(at int64, from, to string, port uint16) vedette.Event {
	e := Conn(at, from, to, port, true)
	e.Direction, e.Has = vedette.DirectionOutbound, vedette.HasSourceBytes
	e.SourceBytes, e.DestinationBytes = 900, 1800
	return e
}

// Login returns one login to a VPN server of the organization.
func Login(at int64, from, user string, ok bool, g *vedette.Geo) vedette.Event {
	return vedette.Event{
		Time: at, Dataset: vedette.DatasetSoftEtherHub, Category: vedette.CategoryAuthentication, Action: vedette.ActionLogin,
		SourceIP: netip.MustParseAddr(from), User: user, Outcome: outcome(ok), Organization: "org-a",
		Direction: vedette.DirectionInbound, Host: "vpn1", SourceGeo: g,
	}
}

// Admin returns one login to the administration of a VPN server.
func Admin(at int64, from string, ok bool, g *vedette.Geo) vedette.Event {
	e := Login(at, from, "", ok, g)
	e.Dataset, e.Action = vedette.DatasetSoftEtherServer, vedette.ActionAdminLogin
	return e
}

// Change returns an administrator's change on a VPN server.
func Change(at int64, from, action string, g *vedette.Geo) vedette.Event {
	e := Admin(at, from, true, g)
	e.Category, e.Action = vedette.CategoryConfiguration, action
	return e
}

// Get returns one web request as an access log shows it.
func Get(at int64, from, url string, status uint16) vedette.Event {
	return vedette.Event{
		Time: at, Dataset: vedette.DatasetWebAccess, Category: vedette.CategoryWeb, Action: vedette.ActionHTTPRequest,
		SourceIP: netip.MustParseAddr(from), Method: "GET", URL: url, Status: status, Organization: "org-a",
		Direction: vedette.DirectionInbound, Outcome: outcome(status < 400), ResponseBytes: 5120, Has: vedette.HasResponseBytes,
		UserAgent: "Mozilla/5.0",
	}
}

// Post returns a web request with a body, answered with 200 and size bytes.
func Post(at int64, from, url string, size int64) vedette.Event {
	e := Get(at, from, url, 200)
	e.Method, e.ResponseBytes = "POST", size
	return e
}

func outcome(ok bool) vedette.Outcome {
	if ok {
		return vedette.OutcomeSuccess
	}
	return vedette.OutcomeFailure
}
