package html

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/report/reporttest"
)

// browser is a headless Chromium that notes what a page asks for and
// complains about.
type browser struct {
	ctx        context.Context
	mu         sync.Mutex
	complaints []string
	requests   []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine")
	}
	if testing.Short() {
		t.Skip("starts a browser")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()),
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, which writes into its folder
		cancelTab()
	})
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, string(ev.Entry.Level)+": "+ev.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console."+string(ev.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+ev.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, ev.Request.URL)
	}
}

// taken returns what was noted since the last call.
func (b *browser) taken() (complaints, requests []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	complaints, requests = b.complaints, b.requests
	b.complaints, b.requests = nil, nil
	return complaints, requests
}

// open shows url in a window of that size and color scheme.
func (b *browser) open(t *testing.T, url string, width, height int64, scheme string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

// seen is what the page says of itself.
type seen struct {
	ScrollWidth, InnerWidth float64
	Background              string
	Headings                []string // level and text
	Charts                  []string // title and description of the visible ones
	SmallCharts             int
	LowContrast             []string
	Texts                   int
}

const look = `(() => {
  const rgb = s => { const m = s.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m.slice(0, 3); };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c) return c; } return [255, 255, 255]; };
  const low = []; let texts = 0;
  for (const d of document.querySelectorAll('details')) d.open = true;
  for (const e of document.body.querySelectorAll('*')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (!e.getClientRects().length || ['title', 'desc'].includes(e.tagName)) continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const ink = rgb(svg ? style.fill : style.color);
    const paper = svg && e.classList.contains('in') ? rgb(style.stroke) : behind(e);
    texts++;
    const r = ratio(ink, paper);
    if (r < 4.5) low.push(r.toFixed(2) + ' ' + e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.trim().slice(0, 30));
  }
  const charts = [...document.querySelectorAll('svg.chart')].filter(s => s.getClientRects().length);
  return {
    ScrollWidth: document.documentElement.scrollWidth, InnerWidth: innerWidth,
    Background: getComputedStyle(document.body).backgroundColor,
    Headings: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => h.tagName + ' ' + h.textContent.trim()),
    Charts: charts.map(s => s.querySelector('title').textContent + ': ' + s.querySelector('desc').textContent),
    SmallCharts: charts.filter(s => { const r = s.getBoundingClientRect(); return r.width < 250 || r.height < 50; }).length,
    LowContrast: low, Texts: texts,
  };
})()`

// wide is the sample with text that has no place to break.
func wide() *vedette.Assessment {
	a := sample()
	long := strings.Repeat("W", 300)
	a.Organizations[1].Organization.Name = long
	a.Organizations[1].Organization.Sector = long
	a.RejectReasons[0].Name = long
	c := &a.Clusters[0]
	c.Name, c.ID, c.Reasons, c.Tools, c.CVEs, c.Origin.City = long, long, []string{long}, []string{long}, []string{long}, long
	c.Techniques[0].Name = long
	c.Infrastructure[1].Value = long
	e := &c.Organizations[0].Evidence[0]
	c.Organizations[0].Reason = long
	e.Title, e.Summary, e.File, e.Original, e.Detector = long, long, long, long, long
	a.Clusters[1].Name = long
	a.Trends[0].Claims[0].Text, a.Trends[0].Kind, a.Trends[0].Name = long, vedette.TrendTechnique, long
	for i := range a.BlindSpots {
		a.BlindSpots[i].Text, a.BlindSpots[i].Asset, a.BlindSpots[i].Techniques = long, long, []string{long}
	}
	return a
}

func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	pages := map[string]string{"/sample": render(t, sample()), "/wide": render(t, wide()), "/empty": render(t, &vedette.Assessment{}),
		"/5": render(t, reporttest.Assessment(5)), "/100": render(t, reporttest.Assessment(100)), "/1000": render(t, reporttest.Assessment(1000))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", Renderer.MediaType())
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()

	f := func(path string, width, height int64, scheme, background string, charts int) {
		t.Helper()
		b.taken()
		b.open(t, server.URL+path, width, height, scheme)
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[seen](look))
		if err != nil {
			t.Fatal(err)
		}
		where := path + " " + scheme
		complaints, requests := b.taken()
		if len(complaints) > 0 {
			t.Errorf("%s: the browser complains: %q", where, complaints)
		}
		if !slices.Equal(requests, []string{server.URL + path}) {
			t.Errorf("%s: requests %q, want the page alone", where, requests)
		}
		if got.ScrollWidth > got.InnerWidth || got.InnerWidth != float64(width) {
			t.Errorf("%s: page is %g wide in a window of %g (%d)", where, got.ScrollWidth, got.InnerWidth, width)
		}
		if got.Background != background {
			t.Errorf("%s: background %s, want %s: is the style sheet in force?", where, got.Background, background)
		}
		if len(got.Charts) != charts || got.SmallCharts > 0 {
			t.Errorf("%s: visible charts %q, %d of them too small; want %d", where, got.Charts, got.SmallCharts, charts)
		}
		if len(got.LowContrast) > 0 || got.Texts < 30 {
			t.Errorf("%s: contrast below 4.5 in %q of %d texts", where, got.LowContrast, got.Texts)
		}
		checkHeadings(t, where, got.Headings)
	}
	for path, charts := range map[string]int{"/sample": 3, "/wide": 3, "/empty": 0, "/5": 3, "/100": 3, "/1000": 3} {
		f(path, 1280, 900, "light", "rgb(255, 255, 255)", charts)
		f(path, 1280, 900, "dark", "rgb(17, 22, 29)", charts)
		f(path, 360, 740, "light", "rgb(255, 255, 255)", charts)
		f(path, 360, 740, "dark", "rgb(17, 22, 29)", charts)
	}
}

// checkHeadings wants one h1, the nine sections, and no level skipped.
func checkHeadings(t *testing.T, where string, headings []string) {
	t.Helper()
	var second []string
	level := byte('0')
	for i, h := range headings {
		if h[1] > level+1 || h[1] == '1' && i > 0 {
			t.Errorf("%s: heading %q follows level %c", where, h, level)
		}
		if level = h[1]; level == '2' {
			second = append(second, h[3:])
		}
	}
	if want := []string{"Key judgments", "Entered", "Attempts", "What we cannot see", "Trends", "Clusters", "Organizations", "Ledger", "Method"}; !slices.Equal(second, want) {
		t.Errorf("%s: sections %q, want %q", where, second, want)
	}
}

// TestBrowserNotices plants what TestBrowser must find: a test that can not
// fail proves nothing.
func TestBrowserNotices(t *testing.T) {
	b := newBrowser(t)
	planted := strings.Replace(render(t, sample()), "</main>",
		`<p style="color:#eee">pale</p><img src="/picture.png" width="2000" height="9" alt=""><script>document.title="run"</script></main>`, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", Renderer.MediaType())
		_, _ = w.Write([]byte(planted))
	}))
	defer server.Close()
	b.open(t, server.URL, 360, 740, "light")
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[seen](look))
	if err != nil {
		t.Fatal(err)
	}
	complaints, _ := b.taken()
	all := strings.Join(complaints, "\n")
	for _, want := range []string{"script-src", "img-src", "style-src"} {
		if !strings.Contains(all, want) {
			t.Errorf("the policy did not stop what %s covers: %q", want, complaints)
		}
	}
	if got.ScrollWidth <= got.InnerWidth && got.InnerWidth <= 360 {
		t.Errorf("a picture 2000 wide was not noticed: %g in %g", got.ScrollWidth, got.InnerWidth)
	}
	// Without the policy the pale text and the request appear.
	planted = strings.Replace(planted, "Content-Security-Policy", "x", 1)
	b.open(t, server.URL, 360, 740, "light")
	if got, err = chromedp.Run(b.ctx, chromedp.Evaluate[seen](look)); err != nil {
		t.Fatal(err)
	}
	_, requests := b.taken()
	if len(got.LowContrast) != 1 || !strings.Contains(got.LowContrast[0], "pale") {
		t.Errorf("low contrast in %q, want the pale text", got.LowContrast)
	}
	if !slices.Contains(requests, server.URL+"/picture.png") {
		t.Errorf("requests %q lack the picture", requests)
	}
}

// TestPrint prints the sample, and expects few pages of A4 and few bytes:
// effects that the printer can not express become pixels.
func TestPrint(t *testing.T) {
	b := newBrowser(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", Renderer.MediaType())
		_, _ = w.Write([]byte(render(t, sample())))
	}))
	defer server.Close()
	b.open(t, server.URL, 1280, 900, "dark")
	yes := true
	out, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes})
	if err != nil {
		t.Fatal(err)
	}
	pages := bytes.Count(out.Data, []byte("/Type /Page\n"))
	if pages < 2 || pages > 7 || len(out.Data) > 1<<20 {
		t.Errorf("%d pages, %d bytes", pages, len(out.Data))
	}
	if !bytes.Contains(out.Data, []byte("/MediaBox [0 0 595")) && !bytes.Contains(out.Data, []byte("/MediaBox [0 0 594.9")) {
		t.Error("not on A4")
	}
}
