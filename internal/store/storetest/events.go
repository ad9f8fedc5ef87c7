package storetest

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// compare tells events apart as far as a store must keep them.
func compare(want, got vedette.Event) string {
	for _, e := range []*vedette.Event{&want, &got} {
		e.ID, e.Keep, e.Time = vedette.ID{}, false, e.Time/1000*1000
		for _, geo := range []**vedette.Geo{&e.SourceGeo, &e.DestinationGeo} {
			if *geo != nil {
				*geo = &vedette.Geo{Country: (*geo).Country, ASN: (*geo).ASN}
			}
		}
	}
	return cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty())
}

// fullEvent has every field set, found by reflection.
func fullEvent(t *testing.T) vedette.Event {
	t.Helper()
	e := vedette.Event{
		ID: vedette.ID{1}, Time: start.UnixNano() + 123_456_000, Line: 7, Offset: 700, Original: []byte("the line"), Keep: true,
		Outcome: vedette.OutcomeFailure, SourceIP: addr("198.51.100.7"), DestinationIP: addr("2001:db8::7"),
		Has: 1<<7 - 1, Direction: vedette.DirectionOutbound,
		SourceGeo: &vedette.Geo{Country: "CN", ASN: 4134}, DestinationGeo: &vedette.Geo{Country: "TW", ASN: 3462},
		Rest: []vedette.Field{{Key: "k", Value: "v"}, {Key: "n", Value: "1.50", Kind: vedette.KindRaw}},
	}
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); {
		case !f.IsZero() || name == "Source":
		case f.Kind() == reflect.String:
			f.SetString("value of " + name)
		case f.CanInt():
			f.SetInt(int64(1000 + i))
		case f.CanUint():
			f.SetUint(uint64(1000 + i))
		default:
			t.Fatalf("vedette.Event.%s is new: give it a value here", name)
		}
	}
	return e
}

func testEveryColumn(t *testing.T, open Open) {
	s := opened(t, open)
	e := fullEvent(t)
	write(t, s, batch(source(1), e))
	e.Source = source(1)
	for _, c := range vedette.EventColumns {
		if n := count(t, s, "SELECT count("+c.Name+") FROM events"); n != 1 {
			t.Errorf("column %s is NULL although the event has all", c.Name)
		}
	}
	got := hits(t, s, store.Hunt{})
	if len(got) != 1 {
		t.Fatalf("%d hits, want 1", len(got))
	}
	if diff := compare(e, got[0].Event); diff != "" {
		t.Errorf("the event came back changed (-written +read):\n%s", diff)
	}
	if got[0].Path != source(1).Path || got[0].Indicator != nil {
		t.Errorf("hit has path %q and indicator %v", got[0].Path, got[0].Indicator)
	}
	// Each column holds its own field and not another's.
	for column, want := range map[string]string{
		"url": e.URL, "ja3": e.JA3, "ja3s": e.JA3S, "x509_issuer": e.X509Issuer, "rule_name": e.RuleName,
		"outcome": "failure", "direction": "outbound", "source_country": "CN", "destination_country": "TW",
		"rest": `{"k":"v","n":1.50}`, "original": "the line",
	} {
		if n := count(t, s, "SELECT count(*) FROM events WHERE "+column+" = ?", want); n != 1 {
			t.Errorf("column %s is not %q", column, want)
		}
	}
}

func testSilence(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1), vedette.Event{Original: []byte("not asked for")}))
	for i, c := range vedette.EventColumns {
		want := int64(0)
		if i < 4 {
			want = 1
		}
		if n := count(t, s, "SELECT count("+c.Name+") FROM events"); n != want {
			t.Errorf("column %s of an event that says nothing: %d values, want %d", c.Name, n, want)
		}
	}
	want := vedette.Event{Time: start.UnixNano(), Line: 1, Source: source(1)}
	if diff := compare(want, hits(t, s, store.Hunt{})[0].Event); diff != "" {
		t.Errorf("the event came back changed (-written +read):\n%s", diff)
	}
}

func testZero(t *testing.T, open Open) {
	s := opened(t, open)
	e := vedette.Event{Has: vedette.HasSourceBytes | vedette.HasDuration, Time: 1}
	neg := vedette.Event{Time: -1_500, Has: vedette.HasResponseBytes, ResponseBytes: -1, Severity: -3}
	write(t, s, batch(source(1), e, neg))
	if n := count(t, s, "SELECT count(*) FROM events WHERE source_bytes = 0 AND duration = 0 AND destination_bytes IS NULL"); n != 1 {
		t.Error("a reported zero is not told from silence")
	}
	got := hits(t, s, store.Hunt{})
	if got[1].Event.Has != e.Has {
		t.Errorf("Has = %b, want %b", got[1].Event.Has, e.Has)
	}
	if e := got[0].Event; e.Time != -2_000 || e.ResponseBytes != -1 || e.Severity != -3 {
		t.Errorf("negative numbers came back as %d, %d, %d", e.Time, e.ResponseBytes, e.Severity)
	}
}

func testAddresses(t *testing.T, open Open) {
	s := opened(t, open)
	var events []vedette.Event
	for _, a := range []string{"0.0.0.0", "::", "255.255.255.255", "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:192.0.2.1"} {
		events = append(events, vedette.Event{SourceIP: addr(a)})
	}
	write(t, s, batch(source(1), events...))
	for i, hit := range hits(t, s, store.Hunt{}) {
		if got, want := hit.Event.SourceIP, events[i].SourceIP.Unmap(); got != want {
			t.Errorf("address %v came back as %v", want, got)
		}
	}
	n := count(t, s, "SELECT count(*) FROM events WHERE source_ip = ?", vedette.AddrToBig(addr("2001:db8::1")))
	if n != 1 {
		t.Errorf("%d events with the address as an argument, want 1", n)
	}
}

func testText(t *testing.T, open Open) {
	s := opened(t, open)
	f := map[string]string{ // written: read
		"twelve bytes":               "twelve bytes",
		"thirteen byte":              "thirteen byte",
		"exactly four":               "exactly four",
		"臺灣學術網路":                     "臺灣學術網路",
		"bad \xff\xfe end":           `bad \xff\xfe end`,
		"\xc0\xafetc/passwd":         `\xc0\xafetc/passwd`,
		"surrogate \xed\xa0\x80":     `surrogate \xed\xa0\x80`,
		"\xff":                       `\xff`,
		"nul \x00 inside the text":   "nul \x00 inside the text",
		"n\x00":                      "n\x00",
		"quote ' \" \\ ; --":         "quote ' \" \\ ; --",
		strings.Repeat("long ", 3e5): strings.Repeat("long ", 3e5),
	}
	var events []vedette.Event
	var want []string
	for in, out := range f {
		events = append(events, vedette.Event{URL: in, Dataset: in, Original: []byte(in), Keep: true})
		want = append(want, out)
	}
	write(t, s, batch(source(1), events...))
	for i, hit := range hits(t, s, store.Hunt{}) {
		for _, got := range []string{hit.Event.URL, hit.Event.Dataset, string(hit.Event.Original)} {
			if got != want[i] {
				t.Errorf("%.50q came back as %.50q, want %.50q", events[i].URL, got, want[i])
			}
		}
	}
}

func testRest(t *testing.T, open Open) {
	s := opened(t, open)
	const str, raw = vedette.KindString, vedette.KindRaw
	in := []vedette.Field{
		{Key: "z", Value: "last letter first"}, {Key: "a", Value: ""}, {Key: "z", Value: "again"},
		{Key: "number", Value: "12345678901234567890.10", Kind: raw}, {Key: "null", Value: "null", Kind: raw},
		{Key: "list", Value: `[1, {"b":"\u00e9"}]`, Kind: raw}, {Key: "zeros", Value: "007", Kind: raw},
		{Key: "cut", Value: `{"a":`, Kind: raw}, {Key: "none", Kind: raw}, {Key: "", Value: "no key"},
		{Key: "bytes \xfe", Value: "\xff\x00\x1f\"\\\n\t\r 臺"}, {Key: "raw bytes", Value: "\"\xff\"", Kind: raw},
	}
	want := slices.Clone(in)
	for i, v := range map[int]string{6: "007", 7: `{"a":`, 8: "", 11: "\"\\xff\""} { // not JSON: text
		want[i].Kind, want[i].Value = str, v
	}
	want[10] = vedette.Field{Key: `bytes \xfe`, Value: "\\xff\x00\x1f\"\\\n\t\r 臺"}
	write(t, s, batch(source(1), vedette.Event{Rest: in}))
	if diff := cmp.Diff(want, hits(t, s, store.Hunt{})[0].Event.Rest); diff != "" {
		t.Errorf("Rest came back changed (-want +got):\n%s", diff)
	}
}

func testOriginal(t *testing.T, open Open) {
	s := opened(t, open)
	src := source(1)
	var events []vedette.Event
	for i := range 10 {
		events = append(events, vedette.Event{Original: fmt.Appendf(nil, "line %d", i+1), Keep: i == 2})
	}
	b := batch(src, events...)
	b.Detections = []vedette.Detection{detection(1, 500), detection(2, 0), detection(3, 800)}
	b.Detections[0].Evidence[0].Source = src.ID
	b.Detections[1].Evidence[0].Source = src.ID
	b.Detections[2].Evidence[0].Source = source(2).ID // another source's line
	write(t, s, b)
	var kept []string
	for _, hit := range hits(t, s, store.Hunt{}) {
		if o := string(hit.Event.Original); o != "" {
			kept = append(kept, o)
		}
	}
	if want := []string{"line 1", "line 3", "line 6"}; !slices.Equal(kept, want) {
		t.Errorf("originals kept: %q, want %q", kept, want)
	}
}

// testMany crosses every limit of size that an engine may have inside.
func testMany(t *testing.T, open Open) {
	s := opened(t, open)
	src := source(1)
	line := int64(0)
	for _, n := range []int{1, 63, 64, 65, 2047, 2048, 2049, 10_000, 150_000} {
		events := make([]vedette.Event, n)
		for i := range events {
			line++
			events[i] = vedette.Event{Line: line, Offset: line * 10, Time: start.UnixNano() + line*1e6, URL: fmt.Sprintf("/page/%d", line)}
			if line%3 == 0 {
				events[i].UserAgent = "every third"
			}
		}
		b := batch(src, events...)
		if err := s.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
		for i := range events { // the batch's memory is its owner's again
			events[i].URL = "changed afterwards"
		}
		if line%2 == 0 {
			write(t, s)
		}
	}
	write(t, s)
	if n := count(t, s, "SELECT count(*) FROM events WHERE url = '/page/' || line"); n != line {
		t.Errorf("%d events are what was written, want %d", n, line)
	}
	if n := count(t, s, "SELECT count(user_agent) FROM events"); n != line/3 {
		t.Errorf("%d values, want %d", n, line/3)
	}
	if n := count(t, s, "SELECT count(DISTINCT line) FROM events"); n != line {
		t.Errorf("%d lines, want %d", n, line)
	}
	want := int64(1)
	for hit, err := range s.Hunt(ctx, store.Hunt{}) {
		if err != nil || hit.Event.Line != want {
			t.Fatalf("hit of line %d, error %v; want line %d", hit.Event.Line, err, want)
		}
		want++
	}
}

func testCancelled(t *testing.T, open Open) {
	s := opened(t, open)
	write(t, s, batch(source(1), vedette.Event{}, vedette.Event{}))
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Write(done, batch(source(1), vedette.Event{})); err == nil {
		t.Error("Write with a cancelled context succeeded")
	}
	for _, err := range s.Hunt(done, store.Hunt{}) {
		if err == nil {
			t.Error("Hunt with a cancelled context gave a hit")
		}
	}
	for range s.Hunt(ctx, store.Hunt{}) {
		break // and everything is released
	}
	write(t, s, batch(source(2), vedette.Event{}))
}

func testEmpty(t *testing.T, open Open) {
	s := opened(t, open)
	if err := s.Commit(ctx); err != nil {
		t.Errorf("Commit of nothing: %v", err)
	}
	if err := s.Abandon(); err != nil {
		t.Errorf("Abandon of nothing: %v", err)
	}
	if first, last, err := s.Span(ctx); err != nil || !first.IsZero() || !last.IsZero() {
		t.Errorf("Span = %v, %v, %v", first, last, err)
	}
	if src, err := s.Sources(ctx); err != nil || len(src) != 0 {
		t.Errorf("Sources = %v, %v", src, err)
	}
	if reasons, err := s.Reasons(ctx); err != nil || len(reasons) != 0 {
		t.Errorf("Reasons = %v, %v", reasons, err)
	}
	for d, err := range s.Detections(ctx) {
		t.Errorf("Detections gave %v, %v", d, err)
	}
	for r, err := range s.Rejects(ctx, vedette.ID{}) {
		t.Errorf("Rejects gave %v, %v", r, err)
	}
	h := store.Hunt{Text: "x", Indicators: []vedette.Indicator{{Type: vedette.IndicatorDomain, Value: "a.example"}}}
	if got := hits(t, s, h); len(got) != 0 {
		t.Errorf("Hunt gave %v", got)
	}
	if err := s.Rename(ctx, vedette.ID{9}, "x"); err == nil {
		t.Error("Rename of an unknown source succeeded")
	}
}

// testReader reads while a transaction is open and while it is committed: a
// reader sees a transaction as a whole or not at all.
func testReader(t *testing.T, open Open) {
	s := opened(t, open)
	const n = 3000
	write(t, s, batch(source(1), make([]vedette.Event, n)...))
	stop, errs := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(errs)
		for {
			select {
			case <-stop:
				return
			default:
			}
			rows, err := s.QueryContext(ctx, "SELECT (SELECT count(*) FROM events), (SELECT sum(stored)::BIGINT FROM sources)")
			if err != nil {
				errs <- err
				return
			}
			var events, ledger int64
			rows.Next()
			err = rows.Scan(&events, &ledger)
			rows.Close()
			if err != nil || events%n != 0 || events != ledger {
				errs <- fmt.Errorf("a reader saw %d events and a ledger of %d: %v", events, ledger, err)
				return
			}
		}
	}()
	for i := range 20 {
		write(t, s, batch(source(i%3+1), make([]vedette.Event, n/2)...), batch(source(7), make([]vedette.Event, n/2)...))
	}
	time.Sleep(10 * time.Millisecond)
	close(stop)
	if err := <-errs; err != nil {
		t.Error(err)
	}
}
