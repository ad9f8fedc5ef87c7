package sigma

import (
	"regexp"
	"testing"
)

func TestNeed(t *testing.T) {
	f := func(expr, text string, possible bool) {
		t.Helper()
		var g signature
		g.sign(fold(nil, text))
		if got := needOf(expr).met(&g); got != possible {
			t.Errorf("%s in %q: got %v", expr, text, got)
		}
	}
	f(`union\s+select`, "/index.html", false)
	f(`union\s+select`, "union all", false)
	f(`(?i)UNION\s+SELECT`, "x Union  Select y", true)
	f(`/(cgi-bin|icons)/(\.|%2e)`, "/images/logo.2e.png", false)
	f(`/(cgi-bin|icons)/(\.|%2e)`, "/icons/.%2e", true)
	f(`["']\s*(or|and)\b`, "for=and", false)
	f(`["']\s*(or|and)\b`, "' and", true)
	f(`(^|=)(cat|ls)\s+-`, "catalog-ls", false)
	f(`.*`, "", true)
	f(`a?`, "", true)
}

// FuzzNeed looks for a text that an expression matches though its need says
// that it can not.
func FuzzNeed(f *testing.F) {
	for _, expr := range []string{`(^|=)(cat|ls)\s+-\w+`, `["'` + "`" + `)]\s*(or|and)\b`, `(?i)/(cgi-bin|icons)/(\.|%2e){2}`, `[^a]b+c?(d|ef)*`, `\x{17f}k+`} {
		f.Add(expr, "x=cat -n' OR /Icons/..%2E zbbcdef \u212a")
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 80 || len(text) > 200 {
			return
		}
		re, err := regexp.Compile(expr)
		if err != nil || !re.MatchString(text) {
			return
		}
		low := fold(nil, text)
		var g signature
		g.sign(low)
		if !needOf(expr).met(&g) {
			t.Fatalf("%q matches %q, which its need denies", expr, text)
		}
		lits := requiredLiterals(expr)
		found := len(lits) == 0
		for _, lit := range lits {
			found = found || regexp.MustCompile(regexp.QuoteMeta(lit)).Match(low)
		}
		if !found {
			t.Fatalf("%q matches %q, which has none of %q", expr, text, lits)
		}
	})
}
