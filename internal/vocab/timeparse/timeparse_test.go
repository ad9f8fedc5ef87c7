package timeparse

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestUnixAgainstTime(t *testing.T) {
	for day := -80000; day < 80000; day += 7 {
		want := time.Unix(int64(day)*86400+3723, 0).UTC()
		got := Unix(want.Year(), int(want.Month()), want.Day(), 1, 2, 3)
		if got != want.Unix() {
			t.Fatalf("%s: %d, want %d", want, got, want.Unix())
		}
	}
}

func TestCLF(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		var c CLFCache
		for range 2 { // the second answer is remembered
			ns, ok := c.Parse([]byte(s))
			got := ""
			if ok {
				got = time.Unix(0, ns).UTC().Format(time.RFC3339)
			}
			if got != want {
				t.Errorf("%q = %q, want %q", s, got, want)
			}
		}
	}
	f("17/May/2015:10:05:14 +0000", "2015-05-17T10:05:14Z")
	f("01/Jan/2024:00:00:00 +0800", "2023-12-31T16:00:00Z")
	f("29/Feb/2024:23:59:60 -0330", "2024-03-01T03:30:00Z")
	f("29/Feb/2023:23:59:59 -0330", "")
	f("31/Apr/2023:23:59:59 -0330", "")
	f("1/Jan/2024:00:00:00 +0800", "")
	f("01/Jan/2024:24:00:00 +0800", "")
	f("01/Jan/20a4:00:00:00 +0800", "")
	f("01/Jan/2024:00:00:00 +08:0", "")
	f("01/Jab/2024:00:00:00 +0800", "")
	f("", "")
}

// TestCLFCache compares the cache with the function behind it, over times that
// mostly share their minute and over damaged ones.
func TestCLFCache(t *testing.T) {
	var c CLFCache
	dice := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2024, 2, 28, 23, 50, 0, 0, time.UTC)
	for range 100_000 {
		at = at.Add(time.Duration(dice.Int64N(int64(3 * time.Second))))
		s := []byte(at.Format("02/Jan/2006:15:04:05 -0700"))
		if dice.IntN(8) == 0 {
			s[dice.IntN(len(s))] = "0069:-/ +Mx"[dice.IntN(11)]
		}
		want, good := CLF(s)
		if got, ok := c.Parse(s); ok != good || ok && got != want {
			t.Fatalf("%s: %d, %v, want %d, %v", s, got, ok, want, good)
		}
	}
}

func TestRFC3339(t *testing.T) {
	f := func(s, want string, rest int, zoned bool) {
		t.Helper()
		ns, n, z, ok := RFC3339([]byte(s))
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want || ok && (z != zoned || len(s)-n != rest) {
			t.Errorf("%q = %q, %d left, zone %v", s, got, len(s)-n, z)
		}
	}
	f("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z", 0, true)
	f("2024-01-02T03:04:05.123456+08:00 host", "2024-01-01T19:04:05.123456Z", 5, true)
	f("2024-01-02 03:04:05,5-0530]", "2024-01-02T08:34:05.5Z", 1, true)
	f("2024-01-02 03:04:05", "2024-01-02T03:04:05Z", 0, false)
	f("2024-01-02 03:04:05 host", "2024-01-02T03:04:05Z", 5, false)
	f("2024-01-02T03:04:05.1234567891234Z", "2024-01-02T03:04:05.123456789Z", 0, true)
	f("2024-13-02T03:04:05Z", "", 0, false)
	f("2024-01-02T03:04", "", 0, false)
}

func TestEpoch(t *testing.T) {
	f := func(s string, want int64, good bool) {
		t.Helper()
		if ns, ok := Epoch(s); ok != good || ok && ns != want {
			t.Errorf("%s = %d, %v", s, ns, ok)
		}
	}
	const ns = 1704164645123456789
	f("1704164645", 1704164645000000000, true)
	f("1704164645.5", 1704164645500000000, true)
	f("1704164645123", ns/1000000*1000000, true)
	f("1704164645123456", ns/1000*1000, true)
	f("1704164645123456789", ns, true)
	f("0", 0, false)
	f("", 0, false)
	f("-1", 0, false)
	f("99999999999999999999", 0, false)
	f("1704164645123.5", 1704164645123500000, true)
	f("1704164645.123456", ns/1000*1000, true)
	f("1704164645.12345x", 0, false)
	f("1.7041646451e9", 1704164645100000000, true)
	f("9999999999999", 0, false)
	f("1704164645123456.5", 0, false)
	f("17041x", 0, false)
}

func TestLocal(t *testing.T) {
	for _, zone := range []string{"UTC", "Asia/Taipei", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip("no zone database: ", err)
		}
		l := NewLocal(loc)
		start := time.Date(2024, 3, 30, 0, 0, 0, 0, time.UTC)
		for minute := range 3 * 24 * 60 {
			u := start.Add(time.Duration(minute) * time.Minute)
			want := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), 0, 0, loc).UnixNano()
			if got := l.UTC(u.UnixNano()); got != want {
				t.Fatalf("%s %s: %d, want %d", zone, u, got, want)
			}
		}
	}
}

func TestYears(t *testing.T) {
	f := func(reference, last string, stamps, want []string) {
		t.Helper()
		at := func(s string) time.Time {
			v, err := time.Parse("2006-01-02", s)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		y := NewYears(at(reference), time.UTC)
		if last != "" {
			y.Last = at(last).UnixNano()
		}
		for i, s := range stamps {
			stamp, n, ok := ParseStamp([]byte(s + " 01:02:03 host"))
			if !ok || n != len(s)+9 {
				t.Fatalf("%q: %v %d", s, ok, n)
			}
			ns, ok := y.Resolve(stamp)
			if got := time.Unix(0, ns).UTC().Format("2006-01-02"); !ok || got != want[i] {
				t.Errorf("%s = %s (%v), want %s", s, got, ok, want[i])
			}
		}
	}
	f("2024-03-01", "", []string{"Dec 31", "Jan  1", "Feb 29", "Mar  2"}, []string{"2023-12-31", "2024-01-01", "2024-02-29", "2023-03-02"})
	f("2024-03-01", "", []string{"Mar 1", "Feb 28"}, []string{"2024-03-01", "2024-02-28"}) // one digit, out of order
	f("2026-06-01", "2024-12-30", []string{"Jan 03", "Nov 30", "Jan 02"}, []string{"2025-01-03", "2025-11-30", "2026-01-02"})
	f("2025-06-01", "", []string{"Feb 29"}, []string{"2024-02-29"})
	f("2023-12-31", "", []string{"Dec 31", "Jan 1"}, []string{"2023-12-31", "2023-01-01"}) // a day ahead is not reached
	f("2024-01-01", "", []string{"Dec 31", "Jan 1"}, []string{"2023-12-31", "2024-01-01"})
}

func TestParseStampRejects(t *testing.T) {
	for _, s := range []string{"", "Jan  0 01:02:03", "Foo  1 01:02:03", "Jan 32 01:02:03", "Feb 30 01:02:03", "Jan 1 1:02:03x", "Jan  123 01:02:03", "Jan 01 01:02"} {
		if _, _, ok := ParseStamp([]byte(s)); ok {
			t.Errorf("%q was taken", s)
		}
	}
}

func TestParseDated(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		got := ""
		if ns, n, ok := ParseDated([]byte(s)); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano) + s[n:]
		}
		if got != want {
			t.Errorf("%q = %q, want %q", s, got, want)
		}
	}
	f("Jan 02 2024 03:04:05 gw", "2024-01-02T03:04:05Z gw")
	f("Jan  2 2024 03:04:05.25", "2024-01-02T03:04:05.25Z")
	f("Jan 2 2024 03:04:05", "2024-01-02T03:04:05Z")
	f("Jan 32 2024 03:04:05", "")
	f("Jan  2 03:04:05 2024", "")
	f("Jan  2 024 03:04:05 gw", "")
	f("", "")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("2024-01-02T03:04:05.1+08:00"))
	f.Add([]byte("Jan  2 15:04:05"))
	f.Add([]byte("02/Jan/2006:15:04:05 -0700"))
	f.Add([]byte("1704164645123"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, n, _, ok := RFC3339(b); ok && n > len(b) {
			t.Fatal("read too far")
		}
		if s, n, ok := ParseStamp(b); ok {
			if n > len(b) {
				t.Fatal("read too far")
			}
			NewYears(time.Unix(1704164645, 0), time.UTC).Resolve(s)
		}
		if ns, ok := CLF(b); ok {
			want, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(b))
			if err == nil && want.UnixNano() != ns {
				t.Fatalf("%q = %d, want %d", b, ns, want.UnixNano())
			}
		}
		if _, n, ok := ParseDated(b); ok && n > len(b) {
			t.Fatal("read too far")
		}
		Epoch(string(b))
	})
}

func BenchmarkCLF(b *testing.B) {
	s := []byte("17/May/2015:10:05:14 +0000")
	b.ReportAllocs()
	for b.Loop() {
		CLF(s)
	}
}

func BenchmarkStamp(b *testing.B) {
	s := []byte("Jan  2 15:04:05 host")
	y := NewYears(time.Unix(1704164645, 0), time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		v, _, _ := ParseStamp(s)
		y.Resolve(v)
	}
}
