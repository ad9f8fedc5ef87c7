package windowtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// EnvEvents names the environment variable with the number of events that
// Benchmark stores; 200,000 without it.
const EnvEvents = "VEDETTE_BENCH_EVENTS"

// fill makes n events of ten organizations over 60 days, from up to two million
// outside addresses: half web requests, a quarter inbound flows of which half
// fail, an eighth outbound flows and DNS, an eighth logins of which most fail.
const fill = `
INSERT INTO events (time, source, line, position, dataset, category, action, outcome, source_ip, source_port, destination_ip,
	destination_port, transport, organization, direction, source_country, source_asn, method, url, status, referrer,
	response_bytes, user_name, host_name, source_bytes, destination_bytes, source_packets, duration, dns_question)
SELECT TIMESTAMP '2024-01-01' + to_microseconds((i * (5184000000000 // $1))::BIGINT), 1, i, i * 100,
	CASE WHEN k < 4 THEN 'web.access' WHEN k < 7 THEN 'zeek.conn' ELSE 'softether.security' END,
	CASE WHEN k < 4 THEN 'web' WHEN k < 7 THEN 'network' ELSE 'authentication' END,
	CASE WHEN k < 4 THEN 'http-request' WHEN k < 6 THEN 'connection' WHEN k < 7 THEN ['connection','dns-query'][1 + h % 2] ELSE 'login' END,
	CASE WHEN k < 4 OR k = 6 OR h % 2 = 0 THEN 'success' ELSE 'failure' END,
	(281470681743360 + CASE WHEN k = 6 THEN 3325256704 + h % 40 ELSE (h * 7919) % least(2000000, $1 // 2) + 16777216 END)::UHUGEINT, 40000,
	CASE WHEN k >= 4 AND k < 7 THEN (281470681743360 + CASE WHEN k = 6 THEN 16777216 + (h * 31) % 50000 ELSE 3325256704 + h % 254 END)::UHUGEINT END,
	[443, 80, 22, 1194][1 + h % 4], 'tcp', 'org-' || (h % 10), CASE WHEN k = 6 THEN 'outbound' ELSE 'inbound' END,
	['TW','HK','US','DE','KE'][1 + h % 5], 64512 + h % 100,
	CASE WHEN k >= 4 THEN NULL WHEN h % 20 = 0 THEN 'POST' ELSE 'GET' END,
	CASE WHEN k < 4 THEN '/site/' || (h % 5000) || ['.html','.php','.css','.js'][1 + h % 4] || '?id=' || (h % 97) END,
	CASE WHEN k < 4 THEN [200, 200, 200, 200, 304, 200, 200, 404][1 + h % 8] END,
	CASE WHEN k < 4 AND h % 3 > 0 THEN 'https://www.example/' END, h % 20000,
	CASE WHEN k = 7 THEN 'user' || (h % 3000) END, 'host1', h % 3000, h % 9000, 5, h % 60 * 1000000000,
	CASE WHEN k = 6 AND h % 2 = 1 THEN 'www' || h % 900 || '.example' END
FROM (SELECT i, i % 8 AS k, (hash(i) % 100000007)::BIGINT AS h FROM range(0, $1) t(i))`

// Benchmark measures one analysis of a store on disk with EnvEvents events, on
// one thread with 512 MiB of memory. Run it with -benchtime 1x; filling the
// store is not counted.
func Benchmark(b *testing.B, plugin detect.Plugin) {
	n := 200_000
	if s := os.Getenv(EnvEvents); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	db := open(b, filepath.Join(b.TempDir(), "events.duckdb"))
	db.Exec(fill, n)
	set, err := plugin.New(detect.Env{Constituency: &vedette.Constituency{}})
	if err != nil {
		b.Fatal(err)
	}
	span := detect.Span{Start: time.Unix(0, At(0, 0)), End: time.Unix(0, At(61, 0))}
	found := 0
	for b.Loop() {
		found = 0
		for _, w := range set.Windows {
			err := w.Analyze(context.Background(), db, span, func(*vedette.Detection) { found++ })
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(found), "findings")
	b.ReportMetric(float64(n), "events")
}
