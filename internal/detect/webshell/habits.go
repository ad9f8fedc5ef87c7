package webshell

import "strings"

// habits are what a log shows of the ways of known web shells' clients.
type habits struct {
	agents                       int64 // requests with AntSword's user agent
	answer                       int64 // median size of answers to bodies
	bodySizes, smallest, largest int64 // distinct, smallest and largest request bodies, 0 where the log does not tell
	opening                      int64 // size of the first body
	greeting                     int64 // size of the answer to it, -1 if unknown
	keys                         int64 // answers of 16 bytes to GET requests with one number as query
}

// habitColumns are the columns of habits over the requests of a page.
const habitColumns = `count(CASE WHEN starts_with(agent, 'antsword') THEN 1 END),
	       coalesce(median(CASE WHEN body THEN response_bytes END), 0)::BIGINT,
	       count(DISTINCT CASE WHEN body AND request_bytes > 0 THEN request_bytes END),
	       coalesce(min(CASE WHEN body AND request_bytes > 0 THEN request_bytes END), 0), coalesce(max(CASE WHEN body THEN request_bytes END), 0),
	       coalesce(first(request_bytes ORDER BY time, position, source) FILTER (body), 0),
	       coalesce(first(coalesce(response_bytes, -1) ORDER BY time, position, source) FILTER (body), -1),
	       count(CASE WHEN method = 'GET' AND status BETWEEN 200 AND 299 AND response_bytes = 16 AND regexp_matches(url, '\?[A-Za-z0-9_]+=[0-9]+$') THEN 1 END)`

// Thresholds over habits, in bytes.
const (
	shortAnswer = 2048  // median of China Chopper's answers
	bigOpening  = 10000 // Godzilla's first body, which is the shell's own code
	minBodies   = 5     // sizes of bodies that vary
)

// family is a habit of one known web shell, a sign among others. Points are our
// own; the README names where each habit is published.
type family struct {
	name   string
	points int
	words  string
	like   func(*page) bool
}

var families = []family{
	{"AntSword", 3, "AntSword's user agent", func(p *page) bool { return p.agents > 0 }},
	{"AntSword", 1, "bodies of many sizes", func(p *page) bool {
		return p.bodySizes >= minBodies && p.largest >= 4*p.smallest && !p.opens()
	}},
	{"China Chopper", 1, "nothing but bodies, with short answers", func(p *page) bool {
		return p.bodies == p.good && p.good == p.total && p.linked == 0 && p.answer > 0 && p.answer <= shortAnswer
	}},
	{"Godzilla", 2, "a big first body with an empty answer, then small ones", (*page).opens},
	{"Behinder", 2, "a key of 16 bytes fetched first", func(p *page) bool { return p.keys > 0 && p.bodies > 0 }},
	{"devilzShell", 2, "a name like devilzShell's", func(p *page) bool { return strings.Contains(strings.ToLower(p.path), "devilz") }},
}

// opens reports whether the first body carried code and the others do not.
func (p *page) opens() bool {
	return p.opening >= bigOpening && p.greeting == 0 && p.bodies >= minRequests && p.smallest > 0 && p.opening >= 4*p.smallest
}

// tool names the shell whose habits of two points and more p has, if any.
func (p *page) tool() string {
	for _, s := range families {
		if s.points >= 2 && s.like(p) {
			return s.name
		}
	}
	return ""
}
