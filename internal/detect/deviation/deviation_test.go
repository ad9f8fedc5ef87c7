package deviation

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const outsider = "203.0.113.9"

type adder func(...vedette.Event)

// site is ten days of visitors: downloads of 40 to 60 kB, an article page, and a
// search that answers within a fifth of a second.
func site(add adder) {
	for day := range 10 {
		for i := range 8 {
			visit(add, day, i, "/download.php?file=report.pdf", int64(40000+2500*i))
			visit(add, day, i, "/article.php?id=4", int64(9000+40*i))
			visit(add, day, i, "/search?q=tea", int64(3000+100*i))
			visit(add, day, i, "/", 7100)
		}
	}
}

func visit(add adder, day, i int, url string, size int64) {
	e := windowtest.Get(windowtest.At(day, time.Duration(8+i)*time.Hour), fmt.Sprintf("192.0.2.%d", i+1), url, 200)
	e.ResponseBytes, e.Duration = size, int64(200*time.Millisecond)
	add(e)
}

// ask is one request on day 11.
func ask(add adder, n int, from, url string, status uint16, size int64, took time.Duration) {
	e := windowtest.Get(windowtest.At(11, time.Duration(n)*time.Minute), from, url, status)
	e.ResponseBytes, e.Duration = size, int64(took)
	add(e)
}

// refusals is a site that refuses attacks: as many probes of as many pages.
func refusals(add adder, from string, n int) {
	for i := range n {
		ask(add, i, from, fmt.Sprintf("/p%d.cgi?x=../../etc/passwd", i), 404, 300, 0)
	}
}

func check(t *testing.T, name string, fill func(add adder), want ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		db := windowtest.New(t)
		site(db.Add)
		fill(db.Add)
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	})
}

func TestAnswers(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	const odd = "odd-answer attempt " + outsider + " weak"
	read := func(add adder, page string, size func(file string, depth int) int64) {
		for i, file := range []string{"etc/passwd", "etc/hosts", "proc/self/environ"} {
			for depth := 3; depth <= 6; depth++ {
				url := page
				for range depth {
					url += "../"
				}
				ask(add, 10*i+depth, outsider, url+file, 200, size(file, depth), 0)
			}
		}
	}
	real := func(file string, _ int) int64 {
		return map[string]int64{"etc/passwd": 1830, "etc/hosts": 221, "proc/self/environ": 640}[file]
	}
	f("files read", func(add adder) { read(add, "/download.php?file=", real) }, "file-read compromise "+outsider, odd)
	f("files read by the path", func(add adder) { refusals(add, outsider, 9); read(add, "/cgi-bin/", real) }, "file-read compromise "+outsider)
	f("one file, small", func(add adder) { ask(add, 0, outsider, "/download.php?file=../../../etc/passwd", 200, 1830, 0) }, odd)
	f("a path that nobody visits, at a site that refuses", func(add adder) {
		refusals(add, outsider, 9)
		ask(add, 20, outsider, "/cgi-bin/.%2e/.%2e/etc/passwd", 200, 1830, 0)
	}, odd)
	f("refused to others, answered to one", func(add adder) {
		for i := range 4 {
			ask(add, i, fmt.Sprintf("203.0.113.%d", 20+i), "/a/..%2f..%2fetc/passwd", 403, 300, 0)
		}
		ask(add, 9, outsider, "/a/..%2f..%2fetc/passwd", 200, 1830, 0)
	}, "unlike-others attempt "+outsider+" weak")
	f("a rule calls it an attack", func(add adder) { refusals(add, outsider, 9) })

	f("an error page that is the same for every file", func(add adder) {
		read(add, "/download.php?file=", func(string, int) int64 { return 512 })
	})
	f("a page that repeats the request", func(add adder) {
		read(add, "/download.php?file=", func(file string, depth int) int64 { return 700 + int64(len(file)+3*depth) })
	})
	f("a page that repeats the file's name", func(add adder) {
		read(add, "/download.php?file=", func(file string, _ int) int64 { return 700 + 2*int64(len(file)) })
	}, odd)
	f("a parameter that is ignored", func(add adder) {
		read(add, "/article.php?tpl=", func(string, int) int64 { return 9080 })
	})
	f("sizes that vary with every answer", func(add adder) {
		n := int64(0)
		read(add, "/download.php?file=", func(string, int) int64 { n += 977; return 41000 + n })
	})
	f("answers 200 to everything, one page", func(add adder) {
		for i := range 20 {
			ask(add, i, outsider, fmt.Sprintf("/p%d?x=../../etc/passwd", i), 200, 7100, 0)
		}
	})
	f("answers 200 to everything, many sizes", func(add adder) {
		for i := range 20 {
			ask(add, i, outsider, fmt.Sprintf("/p%d?x=../../etc/passwd", i), 200, int64(900+i*i*37), 0)
		}
	})
	f("a block page with status 200", func(add adder) {
		read(add, "/download.php?file=", func(string, int) int64 { return 1480 })
		read(add, "/article.php?tpl=", func(string, int) int64 { return 1480 })
	})
	f("few visitors", func(add adder) {
		visit(add, 1, 1, "/rare.php?f=a", 900)
		ask(add, 0, outsider, "/rare.php?f=../../../etc/passwd", 200, 1830, 0)
	})
	f("the attack before is the only traffic", func(add adder) { ask(add, 0, outsider, "/x?f=../../../etc/passwd", 200, 1830, 0) })
}

// TestCited: what Sigma calls an attack is one, without the syntax that this
// package knows.
func TestCited(t *testing.T) {
	f := func(cited bool, want ...string) {
		t.Helper()
		db := windowtest.New(t)
		site(db.Add)
		e := windowtest.Get(windowtest.At(11, 0), outsider, "/download.php?file=report.pdf%00.jsp", 200)
		e.ResponseBytes = 1830
		if cited {
			db.AddCited(e)
		} else {
			db.Add(e)
		}
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	}
	f(true, "odd-answer attempt "+outsider+" weak")
	f(false)
}

func TestInjections(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	// wait asks for delays of the given seconds, each answered in what time says,
	// and as often a statement without.
	wait := func(add adder, took func(i, seconds int) time.Duration, seconds ...int) {
		for i, s := range seconds {
			ask(add, 2*i, outsider, fmt.Sprintf("/search?q=1%%27%%20and%%20sleep(%d)--", s), 200, 3000, took(i, s))
			ask(add, 2*i+1, outsider, fmt.Sprintf("/search?q=1%%27%%20and%%20%d=%d--", s, s), 200, 3000, took(i, 0))
		}
	}
	obeys := func(_, s int) time.Duration { return time.Duration(s)*time.Second + 150*time.Millisecond }
	const late = "time-obeys compromise " + outsider
	f("late by what was asked", func(add adder) { wait(add, obeys, 5, 3, 5, 7) }, late)
	f("late by five seconds, often", func(add adder) { wait(add, obeys, 5, 5, 5, 5, 5, 5) }, late)
	f("WAITFOR", func(add adder) {
		for i, s := range []int{5, 5, 9, 9} {
			ask(add, 2*i, outsider, fmt.Sprintf("/search?q=1%%20union%%20select%%201;waitfor%%20delay%%20%%270:0:%d%%27--", s), 200, 3000, obeys(i, s))
			ask(add, 2*i+1, outsider, "/search?q=1%20and%201=1%20", 200, 3000, obeys(i, 0))
		}
	}, late)
	f("prompt whatever was asked", func(add adder) {
		wait(add, func(int, int) time.Duration { return 150 * time.Millisecond }, 5, 3, 5, 7)
	})
	f("a slow site", func(add adder) {
		wait(add, func(int, int) time.Duration { return 5500 * time.Millisecond }, 5, 3, 5, 7)
	})
	f("a proxy that gives up after a minute", func(add adder) {
		wait(add, func(_, s int) time.Duration {
			if s == 0 {
				return 150 * time.Millisecond
			}
			return time.Minute
		}, 5, 3, 5, 7)
	})
	f("late once", func(add adder) { wait(add, obeys, 5) })

	sizes := func(add adder, n int, size func(i int) int64) {
		for i := range n {
			ask(add, 20+i, outsider, fmt.Sprintf("/article.php?id=-1%%20union%%20select%%20%d,%s", i, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"[:(i*i*5)%27]), 200, size(i), 0)
		}
	}
	fails := func(add adder) {
		for i := range 4 {
			ask(add, i, outsider, "/article.php?id=1%27%20and%201=extractvalue(1)", 500, 800, 0)
		}
	}
	odd := func(i int) int64 { return int64(11000 + (i*i*391)%5000) }
	f("errors, then answers", func(add adder) { fails(add); sizes(add, 4, odd) }, "errors-then-answers attempt "+outsider+" weak")
	f("sizes move", func(add adder) { sizes(add, 20, odd) }, "answers-vary attempt "+outsider+" weak")
	f("the page that visitors get", func(add adder) { fails(add); sizes(add, 20, func(i int) int64 { return int64(9000 + i*7) }) })
	f("an empty page", func(add adder) { fails(add); sizes(add, 20, func(int) int64 { return 4100 }) })
	f("a page that repeats the request", func(add adder) {
		sizes(add, 20, func(i int) int64 { return int64(12000 + 8*((i*i*5)%27)) })
	})
	f("errors only", fails)
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
