package rules_test

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/detect/injection"
	"github.com/vedette-cti/vedette/internal/detect/sigma"
	"github.com/vedette-cti/vedette/rules"
)

// streams are the detectors that judge single requests.
func streams(t testing.TB) []detect.Stream {
	t.Helper()
	env := detect.Env{Rules: []fs.FS{rules.FS}, Constituency: &vedette.Constituency{}}
	var out []detect.Stream
	for _, p := range []detect.Plugin{sigma.Plugin, injection.Plugin} {
		set, err := p.New(env)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, set.Streams...)
	}
	return out
}

// places are where a value of the corpus is put.
var places = []string{"/search?q=%s", "/item.php?id=%s", "/shop/list?sort=asc&name=%s&page=2", "/api/v1/items?value=%s"}

// request makes an event of one line of the corpus: "METHOD URI", then, after
// tabs, user agent and referrer; or the bare value of a parameter.
func request(line string) vedette.Event {
	e := vedette.Event{
		Dataset: vedette.DatasetWebAccess, Category: vedette.CategoryWeb, Action: vedette.ActionHTTPRequest, Direction: vedette.DirectionInbound,
		Method: "GET", Status: 200, Original: []byte(line), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
	}
	parts := strings.Split(line, "\t")
	method, uri, ok := strings.Cut(parts[0], " ")
	if ok && (method == "GET" || method == "POST") && strings.HasPrefix(uri, "/") {
		e.Method, e.URL = method, uri
		if len(parts) > 1 {
			e.UserAgent = parts[1]
		}
		if len(parts) > 2 {
			e.Referrer = parts[2]
		}
		return e
	}
	h := fnv.New32a()
	h.Write([]byte(line))
	e.URL = fmt.Sprintf(places[h.Sum32()%uint32(len(places))], escape(line))
	return e
}

// escape percent-encodes as a form does, but leaves what is encoded already.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ':
			b.WriteByte('+')
		case c == '%' && i+2 < len(s) && (s[i+1] == 'u' || isHex(s[i+1]) && isHex(s[i+2])):
			b.WriteByte(c)
		case c >= 0x80 || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~*", rune(c)):
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// corpus calls f for every line of the files of a folder.
func corpus(t *testing.T, folder string, f func(kind, line string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata/web", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for sc := bufio.NewScanner(strings.NewReader(string(text))); sc.Scan(); {
			f(strings.TrimSuffix(path.Base(name), ".txt"), sc.Text())
		}
	}
}

// TestSessionFixation: only a log with the virtual host tells whether the
// referring page is of another site.
func TestSessionFixation(t *testing.T) {
	all := streams(t)
	f := func(host, referrer string, want bool) {
		t.Helper()
		e := request("GET /login?PHPSESSID=abc123def\tMozilla/5.0\t" + referrer)
		e.URLDomain = host
		got := false
		for _, s := range all {
			s.Inspect(&e, func(d *vedette.Detection) { got = got || d.Severity >= vedette.SeverityLow })
		}
		if got != want {
			t.Errorf("host %q, referrer %q: %t, want %t", host, referrer, got, want)
		}
	}
	f("www.example.org", "https://elsewhere.example/", true)
	f("www.example.org", "https://www.example.org/start", false)
	f("www.example.org", "", false)
	f("", "https://elsewhere.example/", false)
}

// TestWebCorpus holds the rules to the share of attacks that they find and of
// harmless lookalikes that they leave alone.
func TestWebCorpus(t *testing.T) {
	all := streams(t)
	judge := func(line string) (found []string) {
		e := request(line)
		for _, s := range all {
			s.Inspect(&e, func(d *vedette.Detection) {
				if d.Severity >= vedette.SeverityLow {
					found = append(found, d.Title)
				}
			})
		}
		return found
	}
	f := func(folder string, want func(hit, of int) bool) {
		t.Helper()
		type count struct{ hit, of int }
		sum := count{}
		kinds := make(map[string]*count)
		corpus(t, folder, func(kind, line string) {
			c := kinds[kind]
			if c == nil {
				c = &count{}
				kinds[kind] = c
			}
			found := judge(line)
			c.of++
			sum.of++
			if len(found) > 0 {
				c.hit++
				sum.hit++
			}
			if (len(found) > 0) != (folder == "attack") {
				t.Logf("%s/%s %q: %q", folder, kind, line, found)
			}
		})
		for kind, c := range kinds {
			t.Logf("%s/%-20s %3d of %3d", folder, kind, c.hit, c.of)
		}
		t.Logf("%s: %d of %d, %.1f %%", folder, sum.hit, sum.of, 100*float64(sum.hit)/float64(sum.of))
		if !want(sum.hit, sum.of) {
			t.Errorf("%s: %d of %d found", folder, sum.hit, sum.of)
		}
	}
	f("attack", func(hit, of int) bool { return hit*100 >= of*98 })
	f("benign", func(hit, of int) bool { return hit*100 <= of*2 })
}
