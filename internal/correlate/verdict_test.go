package correlate

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
)

const day = int64(24 * time.Hour)

// finding builds a deed in few words: "detector/rule stage [effect] [weak]".
func finding(words string, confidence int, at int64, count int64) *deed {
	f := strings.Fields(words)
	detector, rule, _ := strings.Cut(f[0], "/")
	stage, err := vedette.ParseVerdict(f[1])
	if err != nil {
		panic(err)
	}
	return &deed{
		detector: detector, rule: rule, title: rule, stage: stage, confidence: confidence, first: at, last: at, count: count,
		effect: strings.Contains(words, " effect"), weak: strings.Contains(words, " weak"),
		items: []vedette.EvidenceItem{{Summary: rule + " happened", File: "log", Line: at/day + 1}},
	}
}

func TestVerdict(t *testing.T) {
	f := func(want vedette.Verdict, deeds ...*deed) {
		t.Helper()
		a := &actor{key: actorKey{addr: netip.MustParseAddr("203.0.113.1")}}
		of := make(map[*deed]*actor)
		for _, d := range deeds {
			of[d] = a
		}
		got := judge(&vedette.Organization{ID: "org"}, deeds, &profile{actorOf: of, known: true, period: 100 * day})
		if got.Verdict != want {
			t.Errorf("%s: got %s, want %s", deeds[0].rule, got.Verdict, want)
		}
		if n := sentences(got.Reason); got.Verdict > vedette.VerdictNone && n != 2 {
			t.Errorf("%s: %d sentences: %q", deeds[0].rule, n, got.Reason)
		}
		if got.Verdict > vedette.VerdictNone && (got.Reason == "" || got.Confidence <= 0 || got.Confidence > 97 || len(got.Evidence) == 0) {
			t.Errorf("%s: reason %q, confidence %d, %d lines", deeds[0].rule, got.Reason, got.Confidence, len(got.Evidence))
		}
	}
	const none, recon, attempt, compromise = vedette.VerdictNone, vedette.VerdictReconnaissance, vedette.VerdictAttempt, vedette.VerdictCompromise
	// No effect, no compromise, however much was sent.
	f(attempt, finding("sigma/sqli attempt", 90, 0, 10000))
	f(attempt, finding("sigma/sqli attempt", 90, 0, 1), finding("sigma/rce attempt", 90, 0, 1), finding("ids/alert attempt", 90, 0, 1))
	f(attempt, finding("sigma/claims compromise", 90, 0, 1)) // says compromise, shows no effect
	// Effects.
	f(compromise, finding("webshell/used compromise effect", 80, 0, 9))
	f(attempt, finding("webshell/unsure compromise effect", 40, 0, 9))
	f(attempt, finding("indicator/address compromise effect weak", 90, 0, 9))
	f(compromise, finding("indicator/address compromise effect weak", 60, 0, 9), finding("outbound/long compromise effect weak", 50, 0, 9))
	f(compromise, finding("indicator/address compromise effect weak", 60, 2*day, 9), finding("sigma/sqli attempt", 60, day, 9))
	f(attempt, finding("indicator/address compromise effect weak", 60, 0, 9), finding("sigma/sqli attempt", 60, day, 9))    // the effect came first
	f(attempt, finding("indicator/address compromise effect weak", 60, 90*day, 9), finding("sigma/sqli attempt", 60, 0, 9)) // long after
	// Weak findings alone are ordinary life.
	f(none, finding("sigma/admin-refused attempt weak", 50, 0, 30))
	f(none, finding("sigma/admin-refused attempt weak", 50, 0, 3), finding("sigma/default attempt weak", 50, 0, 3))
	f(attempt, finding("sigma/admin-refused attempt weak", 50, 0, 3), finding("takeover/country attempt weak", 50, 0, 1))
	f(none, finding("sigma/probe reconnaissance weak", 50, 0, 1))
	f(recon, finding("sigma/probe reconnaissance weak", 50, 0, 3))
	f(recon, finding("sigma/probe reconnaissance weak", 50, 0, 1), finding("sigma/other reconnaissance weak", 50, 0, 1))
	f(recon, finding("scan/horizontal reconnaissance", 80, 0, 1))
}

// sentences counts what ends with a full stop.
func sentences(text string) int { return strings.Count(text+" ", ". ") }

// TestOrdinaryLife has effects that an owner, a partner or a visitor may have
// caused: none of them is a compromise.
func TestOrdinaryLife(t *testing.T) {
	login := finding("bruteforce/login-after-failures compromise effect", 65, day, 1)
	guess := finding("bruteforce/guessing attempt", 85, day, 30)
	sqli := finding("sigma/sqli attempt", 65, day, 5)
	turn := finding("rogue/softether-tunnel attempt", 60, 3*day, 1)
	turn.role = vedette.RoleTunnel
	weak := finding("indicator/address compromise effect weak", 60, 3*day, 1)
	here, there := netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2")
	f := func(want vedette.Verdict, p profile, deeds ...*deed) {
		t.Helper()
		a := &actor{key: actorKey{addr: netip.MustParseAddr("203.0.113.1")}}
		p.actorOf, p.period = make(map[*deed]*actor), 100*day
		for _, d := range deeds {
			p.actorOf[d] = a
		}
		if got := judge(&vedette.Organization{ID: "org"}, deeds, &p); got.Verdict != want {
			t.Errorf("%s: got %s, want %s", deeds[0].rule, got.Verdict, want)
		}
	}
	at := func(d *deed, target netip.Addr) *deed {
		c := *d
		c.targets = map[netip.Addr]bool{target: true}
		return &c
	}
	const attempt, compromise = vedette.VerdictAttempt, vedette.VerdictCompromise
	f(attempt, profile{}, guess, login) // who did nothing else may be the owner
	f(compromise, profile{known: true}, guess, login)
	f(compromise, profile{known: true}, at(weak, here), at(sqli, here))
	f(attempt, profile{known: true}, at(weak, here), at(sqli, there)) // another machine
	often := *sqli
	often.last = 90 * day
	f(attempt, profile{known: true}, weak, &often) // who attacks all the time
	f(compromise, profile{known: true}, at(turn, here), at(sqli, here))
	f(attempt, profile{known: true}, turn)
	f(attempt, profile{known: true}, finding("deviation/odd-answer attempt effect weak", 70, 2*day, 1), sqli)
	// Two detectors that read one line are one kind of evidence.
	twin := finding("outbound/long compromise effect weak", 60, 3*day, 1)
	f(compromise, profile{known: true}, weak, twin)
	line := []lineID{{source: vedette.ID{1}, line: 7}}
	one, two := *weak, *twin
	one.lines, two.lines = line, line
	f(attempt, profile{known: true}, &one, &two)
}

func TestConfidenceNeedsIndependence(t *testing.T) {
	one := confidence([]*deed{finding("sigma/a attempt", 60, 0, 1)})
	same := confidence([]*deed{finding("sigma/a attempt", 60, 0, 1), finding("sigma/b attempt", 60, 0, 1)})
	other := confidence([]*deed{finding("sigma/a attempt", 60, 0, 1), finding("bruteforce/b attempt", 60, 0, 1)})
	a, b := finding("sigma/a attempt", 60, 0, 1), finding("bruteforce/b attempt", 60, 0, 1)
	a.sensors, b.sensors = map[string]bool{"web": true}, map[string]bool{"web": true}
	if got := confidence([]*deed{a, b}); got != 72 {
		t.Errorf("from one sensor: %d, want 72", got)
	}
	a.lines = []lineID{{source: vedette.ID{1}, line: 1}}
	b.lines = a.lines
	if got := confidence([]*deed{a, b}); got != 60 {
		t.Errorf("from one line: %d, want 60", got)
	}
	if one != 60 || same != one || other != 84 {
		t.Errorf("one %d, same detector %d, other detector %d; want 60, 60, 84", one, same, other)
	}
}

func TestProvenControl(t *testing.T) {
	c2 := &actor{key: actorKey{addr: netip.MustParseAddr("203.0.113.9")}, deeds: map[string][]*deed{"a": nil, "b": nil}}
	attacker := &actor{key: actorKey{addr: netip.MustParseAddr("203.0.113.1")}}
	tunnel := func() *deed {
		d := finding("outbound/tunnel attempt", 60, day, 1)
		d.role = vedette.RoleTunnel
		return d
	}
	shell, there, here := finding("webshell/used compromise effect", 80, 0, 9), tunnel(), tunnel()
	of := map[*deed]*actor{shell: attacker, there: c2, here: c2}
	byOrg := map[string][]*deed{"a": {shell, there}, "b": {here}}
	f := func(want vedette.Verdict, organizations int) {
		t.Helper()
		p := &profile{actorOf: of, known: true}
		p.prove(byOrg, organizations)
		if v := judge(&vedette.Organization{ID: "b"}, byOrg["b"], p).Verdict; v != want {
			t.Errorf("of %d organizations: %s, want %s", organizations, v, want)
		}
	}
	f(vedette.VerdictCompromise, 20)
	f(vedette.VerdictAttempt, 3) // two of three know it
	byOrg["a"] = []*deed{there}
	f(vedette.VerdictAttempt, 20) // nothing proves it
}
