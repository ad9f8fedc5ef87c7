package webaccess

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// show writes what a decoder found as one line, fields that are set only.
func show(e *vedette.Event) string {
	var s []string
	add := func(key string, v any) {
		if text := fmt.Sprint(v); text != "" && text != "0" && text != "invalid IP" {
			s = append(s, key+"="+strings.ReplaceAll(fmt.Sprintf("%+q", text), `"`, ""))
		}
	}
	s = append(s, time.Unix(0, e.Time).UTC().Format(time.RFC3339))
	add("from", e.SourceIP)
	add("user", e.User)
	add("vhost", e.URLDomain)
	add("port", e.DestinationPort)
	add("method", e.Method)
	add("url", e.URL)
	add("status", e.Status)
	add("outcome", e.Outcome)
	if e.Has&vedette.HasResponseBytes != 0 {
		s = append(s, fmt.Sprint("bytes=", e.ResponseBytes))
	}
	add("ref", e.Referrer)
	add("ua", e.UserAgent)
	for _, f := range e.Rest {
		add("rest."+f.Key, f.Value)
	}
	return strings.Join(s, " ")
}

const at = "[02/Jan/2024:11:04:05 +0800]"

// checker returns a function that decodes a line, in which @ is a time, and
// compares.
func checker(t *testing.T) func(line, want string) {
	d := Format.New(decode.Options{Location: time.UTC})
	return func(line, want string) {
		t.Helper()
		var b vedette.Batch
		err := d.Decode(&b, []byte(strings.Replace(line, "@", at, 1)))
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case len(b.Events) > 0:
			got = strings.TrimPrefix(show(&b.Events[0]), "2024-01-02T03:04:05Z ")
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	f := checker(t)
	// common, combined, virtual host
	f(`198.51.100.7 - - @ "GET /a?b=c HTTP/1.1" 200 5`, "from=198.51.100.7 method=GET url=/a?b=c status=200 outcome=success bytes=5")
	f(`2001:db8::1 - ann @ "POST / HTTP/2.0" 401 - "http://x/" "curl/8"`, "from=2001:db8::1 user=ann method=POST url=/ status=401 outcome=failure ref=http://x/ ua=curl/8 rest.http_version=2.0")
	f(`www.Example.org:8443 198.51.100.7 - - @ "GET / HTTP/1.1" 304 0 "-" "-"`, "from=198.51.100.7 vhost=www.example.org port=8443 method=GET url=/ status=304 outcome=success bytes=0")
	f(`[2001:db8::9]:80 2001:db8::1 - - @ "GET / HTTP/1.1" 304 0 "-" "-"`, "from=2001:db8::1 vhost=[2001:db8::9] port=80 method=GET url=/ status=304 outcome=success bytes=0")
	f(`www.example.org host.example.net - - @ "GET / HTTP/1.1" 304 0`, "vhost=www.example.org method=GET url=/ status=304 outcome=success bytes=0 rest.client=host.example.net")
	f(`www.example.org:80 host.example.net - - @ "GET / HTTP/1.1" 304 0`, "vhost=www.example.org port=80 method=GET url=/ status=304 outcome=success bytes=0 rest.client=host.example.net")
	f(`host.example.net id - @ "GET / HTTP/1.1" 304 0`, "method=GET url=/ status=304 outcome=success bytes=0 rest.client=host.example.net rest.ident=id")
	f(`::ffff:198.51.100.7 - "" @ "GET / HTTP/1.1" 304 0`, "from=198.51.100.7 method=GET url=/ status=304 outcome=success bytes=0")
	f(`198.51.100.7 - Ann Lee @ "GET / HTTP/1.1" 304 0`, "from=198.51.100.7 user=Ann Lee method=GET url=/ status=304 outcome=success bytes=0")
	f(`198.51.100.7 - a[b @ "GET / HTTP/1.1" 304 0`, "from=198.51.100.7 user=a[b method=GET url=/ status=304 outcome=success bytes=0")
	f(`198.51.100.7 - - [2024-01-02T11:04:05+08:00] "GET / HTTP/1.1" 304 0`, "from=198.51.100.7 method=GET url=/ status=304 outcome=success bytes=0")
	// fields behind
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 5 "-" "x" 0.005 "203.0.113.9, 198.51.100.1" "-" up`, "from=198.51.100.7 method=GET url=/ status=200 outcome=success bytes=5 ua=x rest.request_time=0.005 rest.x_forwarded_for=203.0.113.9, 198.51.100.1 rest.extra_4=up")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 5 1234 1 2 3 4 5 6 7 8 9 10`, "from=198.51.100.7 method=GET url=/ status=200 outcome=success bytes=5 rest.extra_1=1234 rest.extra_2=1 rest.extra_3=2 rest.extra_4=3 rest.extra_5=4 rest.extra_6=5 rest.extra_7=6 rest.extra_8=7 rest.extra_9=8 9 10")
	// request lines
	f(`198.51.100.7 - - @ "-" 408 -`, "from=198.51.100.7 status=408 outcome=failure")
	f(`198.51.100.7 - - @ "" 400 0 "-" "-"`, "from=198.51.100.7 status=400 outcome=failure bytes=0")
	f(`198.51.100.7 - - @ "\x16\x03\x01\x00\xEE" 400 0 "-" "-"`, `from=198.51.100.7 status=400 outcome=failure bytes=0 rest.request=\\x16\\x03\\x01\\x00\\xEE`)
	f(`198.51.100.7 - - @ "${jndi:ldap://x/a}" 400 0`, "from=198.51.100.7 url=${jndi:ldap://x/a} status=400 outcome=failure bytes=0 rest.request=${jndi:ldap://x/a}")
	f(`198.51.100.7 - - @ "GET /old" 200 1`, "from=198.51.100.7 method=GET url=/old status=200 outcome=success bytes=1 rest.request=GET /old")
	f(`198.51.100.7 - - @ "GET http://U@Example.org:80/x HTTP/1.0" 200 1`, "from=198.51.100.7 vhost=example.org method=GET url=http://U@Example.org:80/x status=200 outcome=success bytes=1 rest.http_version=1.0")
	f(`198.51.100.7 - - @ "CONNECT example.org:443 HTTP/1.1" 405 1`, "from=198.51.100.7 method=CONNECT url=example.org:443 status=405 outcome=failure bytes=1")
	f(`198.51.100.7 - - @ "GET /a b/c HTTP/1.1" 200 1`, "from=198.51.100.7 method=GET url=/a b/c status=200 outcome=success bytes=1")
	f(`198.51.100.7 - - @ "GET /a?x="b" HTTP/1.1" 200 1`, `from=198.51.100.7 method=GET url=/a?x=\b\ status=200 outcome=success bytes=1`)
	f(`198.51.100.7 - - @ "GET x HTTP/1.1" 400 1`, "from=198.51.100.7 method=GET url=x status=400 outcome=failure bytes=1 rest.request=GET x HTTP/1.1")
	// escapes
	f(`198.51.100.7 - - @ "GET /\x22\\\"\xc3\xa9\t\q HTTP/1.1" 200 1 "-" "a\\"`, `from=198.51.100.7 method=GET url=/\\\\\u00e9\t\\q status=200 outcome=success bytes=1 ua=a\\`)
	f(`198.51.100.7 - - @ "GET /..\xc0\xaf HTTP/1.1" 200 1`, `from=198.51.100.7 method=GET url=/..\xc0\xaf status=200 outcome=success bytes=1`)
}

func TestRejects(t *testing.T) {
	f := checker(t)
	f("", "")
	f("  ", "")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1`, "record ends in the middle")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 `, "record ends in the middle")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 5 "http://x`, "record ends in the middle")
	f(`198.51.100.7 - - @`, "record ends in the middle")
	f(`198.51.100.7 - - @ GET / 200 5`, "record is not in the source's format")
	f(`198.51.100.7 - - [02/Jan/2024:11:04:65 +0800] "GET / HTTP/1.1" 200 5`, "time is missing or not readable")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 2000 5`, "number is not readable")
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 5x`, "number is not readable")
	f(`198.51.100.7 @ "GET / HTTP/1.1" 200 5`, "number of fields does not match the format")
	f(`Jan  2 11:04:05 gw nginx: 198.51.100.7 - - @ "GET / HTTP/1.1" 200 5`, "number of fields does not match the format")
	f(`{"time":"2024"}`, "record is not in the source's format")
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(strings.ReplaceAll(head, "@", at))); got != want {
			t.Errorf("sniff(%q) = %d, want %d", head, got, want)
		}
	}
	f(`198.51.100.7 - - @ "GET / HTTP/1.1" 200 5`, 92)
	f("198.51.100.7 - - @ \"GET / HTTP/1.1\" 200 5\n198.51.100.7 - - [02/Ja", 92)
	f("garbage\ngarbage\n198.51.100.7 - - @ \"GET / HTTP/1.1\" 200 5\n", 55)
	f("Jan  2 03:04:05 host sshd[1]: Failed password for root from 198.51.100.7 port 1 ssh2\n", 0)
	f("", 0)
	f("\n\n", 0)
}

// shared finds the folder of public data beside the checkout.
func shared(t testing.TB) string {
	dir := os.Getenv("VEDETTE_SHARED")
	if dir == "" {
		root := "."
		for range 8 {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Join(root, "..")
		}
		dir = filepath.Join(root, "..", "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared folder of public data is not here: ", err)
	}
	return dir
}

func gunzip(t testing.TB, path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		t.Skip("access logs are not here: ", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRealLogs(t *testing.T) {
	f := func(name string, want int) {
		t.Helper()
		data := gunzip(t, filepath.Join(shared(t), "data", "access-logs", name))
		if Format.Sniff(data[:min(len(data), 64<<10)]) < 90 {
			t.Errorf("%s is not recognized", name)
		}
		d := Format.New(decode.Options{Location: time.UTC})
		var b vedette.Batch
		n := 0
		for line := range bytes.Lines(data) {
			n++
			if err := d.Decode(&b, bytes.TrimRight(line, "\n")); err != nil {
				t.Errorf("%s:%d: %v", name, n, err)
			}
		}
		if n != want || len(b.Events) != want {
			t.Errorf("%s: %d lines, %d events, want %d", name, n, len(b.Events), want)
		}
		for i := range b.Events {
			if e := &b.Events[i]; !e.SourceIP.IsValid() || e.Time == 0 || e.Status == 0 || e.Method == "" || e.URL == "" {
				t.Errorf("%s:%d: incomplete: %s", name, i+1, show(e))
			}
		}
	}
	f("benign.log.gz", 5406)
	f("crs.log.gz", 759)
	f("httpparams.log.gz", 15672)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`198.51.100.7 - - ` + at + ` "GET /\x22\\ HTTP/1.1" 200 5 "-" "x" 0.005 "203.0.113.9"`,
		`a:80 2001:db8::1 - - ` + at + ` "\x16" 400 - "-" "-"`,
		`a - - ` + at + ` "" 400 -`,
	} {
		f.Add([]byte(s))
	}
	d := Format.New(decode.Options{Location: time.UTC})
	f.Fuzz(func(t *testing.T, rec []byte) {
		var b vedette.Batch
		before := bytes.Clone(rec)
		err := d.Decode(&b, rec)
		if !bytes.Equal(before, rec) {
			t.Fatal("the record was changed")
		}
		var reason decode.Reason
		if err != nil && !errors.As(err, &reason) {
			t.Fatalf("error is not a reason: %v", err)
		}
		if err == nil && len(b.Events) == 0 && len(bytes.TrimSpace(rec)) > 0 {
			t.Fatal("a record was lost without a reason")
		}
		Format.Sniff(rec)
	})
}

func benchmark(b *testing.B, data []byte) {
	d := Format.New(decode.Options{Location: time.UTC})
	lines := bytes.Split(bytes.TrimRight(data, "\n"), []byte{'\n'})
	if len(lines) > 4096 {
		lines = lines[:4096]
	}
	size := 0
	for _, l := range lines {
		size += len(l) + 1
	}
	var batch vedette.Batch
	round := func() {
		batch.Reset()
		for _, l := range lines {
			if err := d.Decode(&batch, l); err != nil {
				b.Fatal(err)
			}
		}
	}
	round()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/event")
}

func BenchmarkDecode(b *testing.B) {
	b.Run("made", func(b *testing.B) {
		var data []byte
		for i := range 1000 {
			data = fmt.Appendf(data, "198.51.100.%d - - [02/Jan/2024:11:%02d:%02d +0800] \"GET /article/%d?id=%d HTTP/1.1\" 200 %d \"https://www.example.org/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0\"\n", i%256, i/60%60, i%60, i, i*i, i*7)
		}
		benchmark(b, data)
	})
	b.Run("real", func(b *testing.B) {
		benchmark(b, gunzip(b, filepath.Join(shared(b), "data", "access-logs", "benign.log.gz")))
	})
}
