package memo

import (
	"strconv"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	asked := 0
	table := New(func(s string) int { asked++; return len(s) })
	f := func(key string, wantAsked int) {
		t.Helper()
		asked = 0
		if n := table.Get(key); n != len(key) || asked != wantAsked {
			t.Errorf("%q: %d, asked %d times", key, n, asked)
		}
	}
	f("", 1)
	f("srcip", 1)
	f("srcip", 0)
	f(strings.Repeat("x", maxLen), 1)
	f(strings.Repeat("x", maxLen), 0)
	f(strings.Repeat("x", maxLen+1), 1)
	f(strings.Repeat("x", maxLen+1), 1)
	for i := range 10 << bits { // more than there is place for
		s := strconv.Itoa(i)
		for range 2 {
			if n := table.Get(s); n != len(s) {
				t.Fatalf("%s: %d", s, n)
			}
		}
	}
}
