package duckdb

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

var benchRows = flag.Int("rows", 500_000, "events in the store of the hunt benchmarks")

// accessEvents makes n events as a busy web server's access log gives them,
// with some twenty fields filled.
func accessEvents(r *rand.Rand, src *vedette.Source, n int, first int64) []vedette.Event {
	agents := make([]string, 300)
	for i := range agents {
		agents[i] = fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", i, i)
	}
	cn := &vedette.Geo{Country: "CN", ASN: 64500}
	us := &vedette.Geo{Country: "US", ASN: 64501}
	events := make([]vedette.Event, n)
	for i := range events {
		line := first + int64(i)
		e := &events[i]
		*e = vedette.Event{
			Time: 1_700_000_000_000_000_000 + line*10_000_000, Source: src, Line: line + 1, Offset: line * 212,
			Dataset: vedette.DatasetWebAccess, Category: vedette.CategoryWeb, Action: vedette.ActionHTTPRequest,
			Outcome:       vedette.OutcomeSuccess,
			SourceIP:      netip.AddrFrom4([4]byte{198, 18 + byte(r.IntN(2)), byte(r.IntN(256)), byte(r.IntN(256))}),
			DestinationIP: netip.AddrFrom4([4]byte{203, 0, 113, byte(r.IntN(16))}), DestinationPort: 443,
			Transport: "tcp", Protocol: "http", Has: vedette.HasResponseBytes, ResponseBytes: r.Int64N(50_000),
			Method: "GET", URL: fmt.Sprintf("/shop/item/%d?ref=%d", r.IntN(5000), r.IntN(100)), URLDomain: "shop.example",
			Status: 200, Referrer: fmt.Sprintf("https://shop.example/list/%d", r.IntN(500)), UserAgent: agents[r.IntN(len(agents))],
			Organization: "retail-01", Direction: vedette.DirectionInbound, SourceGeo: cn, DestinationGeo: us,
		}
	}
	return events
}

func benchStore(tb testing.TB) *Store {
	s, err := Open(context.Background(), tb.TempDir(), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkWrite writes batches of 8,000 events in transactions of some
// 200,000, commits included.
func BenchmarkWrite(b *testing.B) {
	const batch, perCommit = 8192, 24
	ctx := context.Background()
	s := benchStore(b)
	src := &vedette.Source{ID: vedette.ID{1}, Path: "access.log"}
	bt := &vedette.Batch{Source: src, Events: accessEvents(rand.New(rand.NewPCG(1, 2)), src, batch, 0)}
	bt.Ledger = vedette.Ledger{Read: batch, Stored: batch}
	b.ResetTimer()
	n := 0
	for b.Loop() {
		for range perCommit {
			if err := s.Write(ctx, bt); err != nil {
				b.Fatal(err)
			}
			for i := range bt.Events {
				e := &bt.Events[i]
				e.Time += batch * 10_000_000
				e.Line += batch
				e.Offset += batch * 212
			}
		}
		if err := s.Commit(ctx); err != nil {
			b.Fatal(err)
		}
		n += batch * perCommit
	}
	b.StopTimer()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	size, err := s.Size()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(size)/float64(n), "B/event")
}

// BenchmarkFill is the part of a write that is ours: events into chunks.
func BenchmarkFill(b *testing.B) {
	s := benchStore(b)
	src := &vedette.Source{ID: vedette.ID{1}}
	events := accessEvents(rand.New(rand.NewPCG(1, 2)), src, chunkRows, 0)
	t := s.w.events
	for b.Loop() {
		t.begin()
		if err := t.appendEvents(events[:chunkRows-1], 1, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(chunkRows-1), "ns/event")
	t.begin()
}

// huntStore returns a store of benchRows events.
func huntStore(b *testing.B) *Store {
	ctx := context.Background()
	s := benchStore(b)
	src := &vedette.Source{ID: vedette.ID{1}, Path: "access.log"}
	r := rand.New(rand.NewPCG(1, 2))
	for first := 0; first < *benchRows; first += 65536 {
		n := min(65536, *benchRows-first)
		bt := &vedette.Batch{Source: src, Events: accessEvents(r, src, n, int64(first))}
		bt.Ledger = vedette.Ledger{Read: int64(n), Stored: int64(n)}
		if err := s.Write(ctx, bt); err != nil {
			b.Fatal(err)
		}
		if first/65536%4 == 3 {
			if err := s.Commit(ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.Commit(ctx); err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkHunt(b *testing.B) {
	s := huntStore(b)
	f := func(name string, h store.Hunt) {
		b.Run(name, func(b *testing.B) {
			hits := 0
			for b.Loop() {
				hits = 0
				for _, err := range s.Hunt(context.Background(), h) {
					if err != nil {
						b.Fatal(err)
					}
					hits++
				}
			}
			b.ReportMetric(float64(hits), "hits")
		})
	}
	r := rand.New(rand.NewPCG(3, 4))
	var addresses, mixed []vedette.Indicator
	for i := range 100_000 {
		a := netip.AddrFrom4([4]byte{byte(r.IntN(190)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		if i%1000 == 0 {
			a = netip.AddrFrom4([4]byte{198, 18, byte(i / 1000), byte(r.IntN(256))})
		}
		addresses = append(addresses, vedette.Indicator{Type: vedette.IndicatorAddress, Value: a.String()})
		switch i % 5 {
		case 0, 1:
			mixed = append(mixed, addresses[i])
		case 2:
			mixed = append(mixed, vedette.Indicator{Type: vedette.IndicatorDomain, Value: fmt.Sprintf("evil-%d.example", i)})
		case 3:
			mixed = append(mixed, vedette.Indicator{Type: vedette.IndicatorNetwork, Value: netip.PrefixFrom(a, 20+i%8).Masked().String()})
		case 4:
			mixed = append(mixed, vedette.Indicator{Type: vedette.IndicatorURL, Value: fmt.Sprintf("evil-%d.example/x", i)})
		}
	}
	f("addresses", store.Hunt{Indicators: addresses})
	f("mixed", store.Hunt{Indicators: mixed})
	timed := make([]vedette.Indicator, len(addresses))
	for i, ind := range addresses {
		ind.ValidFrom = time.Unix(1_700_000_000, 0)
		timed[i] = ind
	}
	f("addresses within validity", store.Hunt{Indicators: timed})
	f("network", store.Hunt{Networks: []netip.Prefix{netip.MustParsePrefix("198.19.77.0/24")}})
	f("network of few", store.Hunt{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.0.0/16")}})
	f("text", store.Hunt{Text: "/shop/ITEM/4711?ref=1"})
}

// BenchmarkWriteSmall commits every batch of 8,192 events.
func BenchmarkWriteSmall(b *testing.B) {
	const batch = 8192
	ctx := context.Background()
	s := benchStore(b)
	src := &vedette.Source{ID: vedette.ID{1}, Path: "access.log"}
	bt := &vedette.Batch{Source: src, Events: accessEvents(rand.New(rand.NewPCG(1, 2)), src, batch, 0)}
	bt.Ledger = vedette.Ledger{Read: batch, Stored: batch}
	b.ResetTimer()
	for b.Loop() {
		if err := s.Write(ctx, bt); err != nil {
			b.Fatal(err)
		}
		if err := s.Commit(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "events/s")
}
