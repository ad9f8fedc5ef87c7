package webshell

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const (
	outsider = "203.0.113.9"
	shell    = "/uploads/logo.php"
)

type adder func(...vedette.Event)

// site is ten days of ordinary visits.
func site(add adder) {
	for day := range 10 {
		for i := range 10 {
			e := windowtest.Get(windowtest.At(day, time.Duration(i)*time.Hour), fmt.Sprintf("192.0.2.%d", i+1), "/index.php?id=1", 200)
			add(e)
			e.URL, e.Referrer = "/style.css", "https://www.example/"
			add(e)
		}
	}
}

// attack is a day-10 attack on the site.
func attack(add adder, from string) {
	for i := range 8 {
		add(windowtest.Get(windowtest.At(10, time.Duration(i)*time.Second), from, fmt.Sprintf("/admin%d.php", i), 404))
	}
	add(windowtest.Get(windowtest.At(10, time.Minute), from, "/index.php?id=1%20union%20select%201,2", 200))
}

// use is n requests of a page on day 10, at uneven times.
func use(add adder, from, path string, n int) {
	for i := range n {
		at := time.Hour + time.Duration(i*i*7+i)*time.Minute
		add(windowtest.Post(windowtest.At(10, at), from, path, int64(100+37*i)))
	}
}

func TestAnalyze(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) {
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
	found := "web-shell compromise " + outsider
	f("shell after an attack", func(add adder) { attack(add, outsider); use(add, outsider, shell, 12) }, found)
	f("shell of a neighbor of the attacker", func(add adder) { attack(add, "203.0.113.200"); use(add, outsider, "/inc/conf.jsp", 6) }, found)
	f("missing, then there", func(add adder) {
		attack(add, outsider)
		add(windowtest.Get(windowtest.At(10, 2*time.Minute), outsider, "/x.aspx", 404))
		use(add, outsider, "/x.aspx", 4)
	}, found)
	f("commands by GET", func(add adder) {
		for i, c := range []string{"whoami", "id", "cat%20/etc/passwd", "ls+-la"} {
			e := windowtest.Get(windowtest.At(10, time.Duration(i*i+1)*time.Hour), outsider, "/img/t.php?c="+c, 200)
			e.ResponseBytes = int64(20 + 90*i)
			add(e)
		}
	}, found)
	f("told by two sources", func(add adder) {
		attack(add, outsider)
		use(func(es ...vedette.Event) {
			for _, e := range es {
				add(e)
				e.Dataset, e.URLDomain = vedette.DatasetZeekHTTP, "www.example"
				add(e)
			}
		}, outsider, shell, 6)
	}, found)
	f("two users of one shell", func(add adder) {
		attack(add, outsider)
		use(add, outsider, shell, 6)
		use(add, "198.51.100.7", shell, 4)
	}, found, "web-shell compromise 198.51.100.7")
	f("no attack before", func(add adder) { use(add, outsider, shell, 6) }, "lonely-script attempt "+outsider+" weak")

	f("shell probes", func(add adder) {
		for i := range 40 {
			e := windowtest.Post(windowtest.At(10, time.Duration(i)*time.Second), outsider, fmt.Sprintf("/sh%d.php", i%10), 300)
			e.Status = 404
			add(e)
		}
	})
	f("site that answers anything", func(add adder) {
		attack(add, outsider)
		for i := range 120 {
			add(windowtest.Post(windowtest.At(10, time.Duration(i)*time.Minute), outsider, fmt.Sprintf("/sh%d.php", i%30), int64(300+i%3)))
		}
	})
	f("same answer whatever is sent", func(add adder) {
		attack(add, outsider)
		for i := range 6 {
			add(windowtest.Post(windowtest.At(10, time.Duration(i*i+1)*time.Hour), outsider, "/sh.php", 300))
		}
	})
	f("new interface with many clients", func(add adder) {
		for i := range 12 {
			use(add, fmt.Sprintf("198.51.100.%d", i+1), "/api/v2.php", 4)
		}
	})
	f("new interface used by a page", func(add adder) {
		use(func(es ...vedette.Event) {
			es[0].Referrer = "https://www.example/app"
			add(es...)
		}, outsider, "/api/v2.php", 12)
	})
	f("new interface, client also browses", func(add adder) {
		attack(add, outsider)
		use(add, outsider, "/api/v2.php", 12)
		add(windowtest.Get(windowtest.At(10, 0), outsider, "/style.css", 200))
	})
	f("monitoring", func(add adder) {
		for i := range 100 {
			add(windowtest.Post(windowtest.At(10, time.Duration(i)*5*time.Minute), outsider, "/hook.php", int64(100+i%2)))
		}
	})
	f("known endpoints", func(add adder) {
		attack(add, outsider)
		for _, p := range []string{"/wp-cron.php", "/xmlrpc.php", "/blog/wp-login.php"} {
			use(add, outsider, p, 12)
		}
	})
	f("old page", func(add adder) {
		for i := range 5 {
			add(windowtest.Get(windowtest.At(3, 0), fmt.Sprintf("192.0.2.%d", i), "/form.php", 200))
		}
		attack(add, outsider)
		use(add, outsider, "/form.php", 12)
	})
}

// TestHabits: what the habits of known shells add, after an attack and without.
func TestHabits(t *testing.T) {
	f := func(name string, attacked bool, change func(i int, e *vedette.Event), want, tool string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			db := windowtest.New(t)
			site(db.Add)
			if attacked {
				attack(db.Add, outsider)
			}
			i := 0
			use(func(es ...vedette.Event) {
				change(i, &es[0])
				db.Add(es...)
				i++
			}, outsider, "/inc/conf.jsp", 6)
			got := db.Analyze(Plugin, nil)
			if diff := cmp.Diff([]string{want}, windowtest.Brief(got)); diff != "" {
				t.Errorf("detections (-want +got):\n%s", diff)
			} else if got[0].Tool != tool {
				t.Errorf("tool %q, want %q: %s", got[0].Tool, tool, got[0].Summary)
			}
		})
	}
	const compromise, weak = "web-shell compromise " + outsider, "lonely-script attempt " + outsider + " weak"
	body := func(i int, e *vedette.Event, request, response int64) {
		e.Has |= vedette.HasRequestBytes
		e.RequestBytes, e.ResponseBytes = request, response
	}
	antsword := func(i int, e *vedette.Event) { e.UserAgent = "antSword/v2.1" }
	godzilla := func(i int, e *vedette.Event) {
		if body(i, e, 900+int64(i), 64+int64(i)); i == 0 {
			body(i, e, 32000, 0)
		}
	}
	behinder := func(i int, e *vedette.Event) {
		if i < 2 {
			e.Method, e.URL, e.ResponseBytes = "GET", "/inc/conf.jsp?pass=561", 16
		}
	}
	f("AntSword", true, antsword, compromise, "AntSword")
	f("Godzilla", true, godzilla, compromise, "Godzilla")
	f("Behinder 2", true, behinder, compromise, "Behinder")
	f("China Chopper", true, func(int, *vedette.Event) {}, compromise, "")
	f("AntSword's agent alone", false, antsword, weak, "AntSword")
	f("Godzilla's opening alone", false, godzilla, weak, "Godzilla")
	f("Behinder's key alone", false, behinder, weak, "Behinder")
	f("an upload that is answered", true, func(i int, e *vedette.Event) {
		if body(i, e, 900, 64+int64(i)); i == 0 {
			body(i, e, 32000, 120)
		}
	}, compromise, "")
}

func TestNoHistory(t *testing.T) {
	db := windowtest.New(t)
	attack(db.Add, outsider)
	use(db.Add, outsider, shell, 12)
	if got := db.Analyze(Plugin, nil); len(got) != 0 {
		t.Errorf("a site seen for an hour has no new pages: %v", windowtest.Brief(got))
	}
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
