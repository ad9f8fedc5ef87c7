package simulate

import (
	"fmt"
	"strings"
	"time"
)

// build makes up the pages of a site.
func (s *site) build(d dice) {
	s.extra = map[string]page{}
	add := func(uri string, size int, moves float64) { s.pages = append(s.pages, page{uri, size, moves}) }
	add("/", d.between(9000, 42000), 0.03)
	if s.content == "mail" {
		for _, uri := range []string{"/owa/", "/owa/auth/logon.aspx?replaceCurrent=1&url=https%3a%2f%2f" + s.name + "%2fowa%2f", "/owa/service.svc?action=FindConversation", "/ecp/"} {
			add(uri, d.between(1200, 60000), 0.2)
		}
		return
	}
	for i := range 14 + d.IntN(12) {
		n := d.between(1, 400)
		switch s.content {
		case "php":
			add(pick(d, []string{"/news.php?id=%d", "/index.php?page=%d", "/course/view.php?id=%d", "/product.php?cat=3&id=%d"}), 0, 0)
		case "aspx":
			add(pick(d, []string{"/News/Detail.aspx?sn=%d", "/Default.aspx?tab=%d", "/Tender/List.aspx?year=%d"}), 0, 0)
		default:
			add(pick(d, []string{"/portal/article/%d", "/portal/search.do?page=%d", "/rest/item/%d"}), 0, 0)
		}
		last := &s.pages[len(s.pages)-1]
		last.uri = fmt.Sprintf(last.uri, n)
		last.size, last.moves = d.between(4000, 60000), []float64{0, 0.02, 0.1}[i%3]
	}
	add(map[string]string{"php": "/search.php?q=", "aspx": "/Search.aspx?kw=", "java": "/portal/search.do?q="}[s.content], 9000, 0.5)
	s.login = map[string]string{"php": "/login.php", "aspx": "/Account/Login.aspx", "java": "/portal/login.do"}[s.content]
	s.extra[s.login] = page{s.login, d.between(3000, 6000), 0.01}
	s.extra["/api/v1/notices"] = page{"/api/v1/notices", 2400, 0.6}
	for _, name := range []string{"css/site.css", "js/app.js", "js/jquery.min.js", "img/logo.png", "img/banner-1.jpg", "img/banner-2.jpg", "fonts/text.woff2", "favicon.ico"} {
		s.assets = append(s.assets, page{"/" + name, d.between(900, 180000), 0})
	}
}

// answer is how the site responds to a GET of uri: status and size.
func (s *site) answer(uri string, d dice) (status, size int) {
	path, _, _ := strings.Cut(uri, "?")
	for _, list := range [][]page{s.pages, s.assets} {
		for _, p := range list {
			if p.uri == uri {
				return 200, d.around(p.size, p.moves)
			}
		}
	}
	if p, ok := s.extra[path]; ok {
		return 200, d.around(p.size, p.moves)
	}
	switch {
	case s.catchAll:
		return 200, d.around(s.pages[0].size, s.pages[0].moves)
	case path == "/robots.txt":
		return 200, 68
	case strings.HasPrefix(path, "/admin") && s.content == "php":
		return 302, 0
	}
	for _, p := range s.pages { // the page exists, with other parameters
		known, _, _ := strings.Cut(p.uri, "?")
		if known == path && path != "/" {
			return 200, d.around(p.size, 0.02+p.moves)
		}
	}
	return 404, len(s.name)*2 + 480
}

// get is a plain request to the site at a moment.
func (s *site) get(at time.Time, uri, agent, referrer string, d dice) request {
	status, size := s.answer(uri, d)
	return request{at: at, method: "GET", uri: uri, agent: agent, referrer: referrer, status: status, size: size,
		took: d.seconds(0.08)}
}

// url is the absolute form of a path.
func (s *site) url(uri string) string {
	if s.tls {
		return "https://" + s.name + uri
	}
	return "http://" + s.name + uri
}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1.2 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 13; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
}
