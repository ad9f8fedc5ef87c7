package html

import (
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

func TestClean(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := clean(in, 20); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	f("plain", "plain")
	f("tab\tkept", "tab\tkept")
	f("a\nb\r", "a⟨U+000A⟩b⟨U+000D⟩")
	f("\u202eabc\u2069\u200f\u00ad", "⟨U+202E⟩abc⟨U+2069⟩⟨U+200F⟩⟨U+00AD⟩")
	f("\U000e0041", "⟨U+E0041⟩")
	f("می\u200cشود", "می\u200cشود")
	f("\xff\x80", "\ufffd\ufffd")
	f(strings.Repeat("é", 21), strings.Repeat("é", 20)+"…")
}

func TestExcerpt(t *testing.T) {
	if got, want := excerpt("ééabc", 3), "ééa… (2 more bytes)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := excerpt("abc", 3); got != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestWords(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(thousands(0), "0")
	f(thousands(999), "999")
	f(thousands(1234567), "1,234,567")
	f(thousands(-1234), "-1,234")
	f(plural(1, "line"), "1 line")
	f(plural(1000, "line"), "1,000 lines")
	f(enumerate([]string{"a"}, 3), "a")
	f(enumerate([]string{"a", "b", "c"}, 3), "a, b and c")
	f(enumerate([]string{"a", "b", "c", "d"}, 2), "a, b and 2 more")
	f(span(day(0), day(0).Add(time.Hour)), "1 January 2024")
	f(span(day(0), day(1)), "1 January 2024 to 2 January 2024")
	f(country("TW"), "Taiwan")
	f(country("x\u202e"), "x⟨U+202E⟩")
	f(place("Fuzhou", "CN"), "Fuzhou, China")
	f(place("Singapore", "SG"), "Singapore")
	f(place("", "KE"), "Kenya")
	f(utcOffset(480), "UTC+8")
	f(utcOffset(-210), "UTC-3:30")
}

func TestJudgments(t *testing.T) {
	f := func(edit func(*vedette.Assessment), want ...string) {
		t.Helper()
		a := sample()
		edit(a)
		names := make(map[string]string)
		for _, o := range a.Organizations {
			names[o.Organization.ID] = o.Organization.Name
		}
		var got []string
		for _, j := range judge(a, names) {
			got = append(got, strings.TrimSpace(j.Lead+" "+j.Rest))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	origin := "Cluster A is judged targeted, not opportunistic. It was active from 2 January 2024 to 9 January 2024 at 2 organizations. " +
		"Its addresses of administration point to Fuzhou, China (likely), but can be relays."
	silent := "Nothing was found at 1 organization, but an attack there could have passed unseen. The reasons are under “What we cannot see”."
	f(func(*vedette.Assessment) {},
		"1 of 4 organizations was entered: Strait University. Cluster A (targeted) entered it.", origin,
		"2 more were probed (1 attacked, 1 looked over); whether any was entered is not known. "+
			"The telemetry shows no effect of these attacks, which is not proof that there was none. "+
			"1 of them met a cluster that entered others: look there first.", silent)
	f(func(a *vedette.Assessment) {
		a.Organizations[1].Verdict = vedette.VerdictAttempt
		a.Organizations[2].Verdict = vedette.VerdictAttempt
		a.Clusters[0].Organizations[0].Verdict = vedette.VerdictAttempt
		a.Organizations[3].Events, a.BlindSpots = 1, nil
		a.Clusters[0].Origin = nil
	},
		"No compromise is in evidence at any of 4 organizations. That is what this telemetry shows, and no proof that nobody was entered.",
		strings.Split(origin, " Its")[0],
		"3 were attacked; whether any was entered is not known. The telemetry shows no effect of these attacks, which is not proof that there was none.")
	f(func(a *vedette.Assessment) {
		a.Clusters = nil
		for i := range a.Organizations {
			a.Organizations[i].Verdict, a.Organizations[i].Events = vedette.VerdictNone, 0
		}
		a.Organizations[0].Verdict = vedette.VerdictReconnaissance
	},
		"No compromise is in evidence at any of 4 organizations. That is what this telemetry shows, and no proof that nobody was entered.",
		"1 was looked over; no attack there is in evidence.",
		"Nothing was found at 3 organizations, but an attack there could have passed unseen. The reasons are under “What we cannot see”.")
	f(func(a *vedette.Assessment) { a.Organizations = nil }, "No organizations were given, so nothing can be said about any.")
}

func TestEvidenceBudget(t *testing.T) {
	o := sample().Clusters[0].Organizations[0]
	budget := 1 << 20
	got := statementsOf(o.Evidence, &budget)
	if len(got.list) != 2 || len(got.list[0].Lines) != 2 || got.more != 0 {
		t.Errorf("%d statements, %d more; first: %+v", len(got.list), got.more, got.list[0])
	}
	if budget >= 1<<20 {
		t.Error("nothing was spent")
	}
	none := 10
	if got := statementsOf(o.Evidence, &none); len(got.list) != 0 || got.more != 3 || none != 10 {
		t.Errorf("without budget: %d statements, %d more, %d left", len(got.list), got.more, none)
	}
}
