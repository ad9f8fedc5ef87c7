package timeparse

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestISO(t *testing.T) {
	taipei := time.FixedZone("", 8*3600)
	f := func(s, want string) {
		t.Helper()
		got := ""
		if ns, ok := ISO(s, taipei); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q = %q, want %q", s, got, want)
		}
	}
	f("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z")
	f("2024-01-02_03:04:05.5", "2024-01-01T19:04:05.5Z")
	f("2024-01-02 03:04:05,5 +0530", "2024-01-01T21:34:05.5Z")
	f("2024-01-02 03:04:05 -03", "2024-01-02T06:04:05Z")
	f("2024-01-02 03:04:05 UTC", "2024-01-02T03:04:05Z")
	f("2024-01-02 03:04:05 CET", "")
	f("2024-01-02 03:04:05Z ", "")
	f("2024-01-02 03:04:05 ", "")
	f("2024-01-02x03:04:05Z", "")
	f("2024-01-02", "")
}

// TestISOCache compares the cache with the function behind it, over times that
// mostly share their minute and over damaged ones.
func TestISOCache(t *testing.T) {
	var c ISOCache
	dice := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2024, 2, 28, 23, 50, 0, 0, time.UTC)
	for range 100_000 {
		at = at.Add(time.Duration(dice.Int64N(int64(3 * time.Second))))
		s := []byte(at.Format("2006-01-02T15:04:05.000000Z"))
		if dice.IntN(8) == 0 {
			s[dice.IntN(len(s))] = "0069:-. TZx"[dice.IntN(11)]
		}
		want, good := ISO(string(s), time.UTC)
		if got, ok := c.Parse(string(s)); ok != good || ok && got != want {
			t.Fatalf("%s: %d, %v, want %d, %v", s, got, ok, want, good)
		}
	}
}
