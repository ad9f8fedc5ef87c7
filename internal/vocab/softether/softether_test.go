package softether

import (
	"strings"
	"testing"
	"time"
)

// sampleValues fills placeholders by type.
var sampleValues = [...]string{
	typeText: "some text", typeNumber: "42", typeIP: "198.51.100.7", typeCID: "CID-7", typeRPC: "RPC-9",
	typeSID: "SID-ALICE-3", typeMAC: "5E-A9-E0-A6-B4-1D",
}

var scopePrefixes = [scopeCount]string{
	ScopeAdmin:       `Administration mode [RPC-9] (Virtual Hub "H"): `,
	ScopeIPsec:       "IPsec Module: ",
	ScopeIPsecClient: "IPsec Client 1 (198.51.100.7:500 -> 192.0.2.1:500): ",
	ScopeIKE:         "IPsec IKE Session (IKE SA) 1 (Client: 1) (198.51.100.7:500 -> 192.0.2.1:500): ",
	ScopeOpenVPN:     "OpenVPN Session 1 (198.51.100.7:500 -> 192.0.2.1:1194) Channel 0: ",
	ScopeProtocol:    "[OpenVPN] 2001:db8::1:500 -> 192.0.2.1:1194 (UDP): ",
	ScopeL2TP:        "L2TP PPP Session [198.51.100.7:500]: ",
	ScopeSecureNAT:   "SecureNAT: ",
}

// TestEveryTemplate fills each text of the table and expects its key back, with
// as many captures as placeholders: no text may hide another.
func TestEveryTemplate(t *testing.T) {
	var m Match
	n := 0
	for line := range strings.Lines(templatesTSV) {
		f := columns(line, 4)
		if f == nil || f[0][0] == '@' {
			continue
		}
		n++
		scope := scopeOf(f[2])
		p := compile(nil, f[3])
		text := p.first
		for i := range p.parts {
			text += sampleValues[p.parts[i].typ] + p.parts[i].lit
		}
		if len(p.parts)-p.right > 8 {
			t.Errorf("%s: too many placeholders behind the last of text", f[0])
		}
		var prefix Match
		load().scope(&prefix, scopePrefixes[scope])
		if !Parse(&m, scopePrefixes[scope]+text, false) || m.Kind.Key != f[0] || m.Scope != scope {
			t.Errorf("%s (%s): got %+v for %s", f[0], f[1], m.Kind, text)
			continue
		}
		if got := len(m.Captures()) - prefix.n; got != len(p.parts) {
			t.Errorf("%s (%s): %d captures, want %d", f[0], f[1], got, len(p.parts))
		}
		if m.Cut || m.Ambiguous {
			t.Errorf("%s (%s): cut %v, ambiguous %v", f[0], f[1], m.Cut, m.Ambiguous)
		}
	}
	if n < 500 {
		t.Errorf("only %d texts", n)
	}
}

// TestEveryKindHasText checks that kinds.tsv names no key that no text has.
func TestEveryKindHasText(t *testing.T) {
	keys := make(map[string]bool)
	for line := range strings.Lines(templatesTSV) {
		if f := columns(line, 4); f != nil {
			keys[f[0]] = true
		}
	}
	for line := range strings.Lines(kindsTSV) {
		if f := columns(line, 4); f != nil && !keys[f[0]] {
			t.Errorf("%s has no text", f[0])
		}
	}
}

func TestAdminPrefix(t *testing.T) {
	f := func(text, rpc, hub, rest string) {
		t.Helper()
		var m Match
		Parse(&m, text, false)
		var gotRPC, gotHub string
		for _, c := range m.Captures() {
			switch c.Field {
			case FieldRPC:
				gotRPC = c.Value
			case FieldHub:
				gotHub = c.Value
			}
		}
		if gotRPC != rpc || gotHub != hub || m.Text != rest {
			t.Errorf("got %q %q %q of %s", gotRPC, gotHub, m.Text, text)
		}
	}
	f(`Administration mode [RPC-9]: x`, "RPC-9", "", "x")
	f(`Administration mode [RPC-9] (Virtual Hub "H"): x`, "RPC-9", "H", "x")
	f(`Administration mode [RPC-9] (Virtual Hub "H"): User "a"): b" y`, "RPC-9", "H", `User "a"): b" y`)
	f(`管理モード [RPC-9] (仮想 HUB "H"): x`, "RPC-9", "H", "x")
	f(`管理模式 "RPC-40" (虛擬 HUB "H"):x`, "RPC-40", "H", "x")
	f(`관리 모드 [RPC-9] (가상 HUB "H"):x`, "RPC-9", "H", "x")
	f(`Administration mode [RPC-9`, "", "", "Administration mode [RPC-9")
	f(`Administration mode [RPC-9]`, "", "", "Administration mode [RPC-9]")
	f(`x RPC-9: y`, "", "", "x RPC-9: y")
}

func TestClock(t *testing.T) {
	f := func(zone, s, want string) {
		t.Helper()
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Skip(err)
		}
		c := Clock{Location: location}
		got := ""
		if LooksLikeTime(s, ' ') {
			if ns, ok := c.Parse(s); ok {
				got = time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.000")
			}
		}
		if got != want {
			t.Errorf("%s in %s: got %q, want %q", s, zone, got, want)
		}
	}
	f("UTC", "2026-11-24 00:37:58.063", "2026-11-24 00:37:58.063")
	f("Asia/Taipei", "2026-11-24 08:44:29.627 x", "2026-11-24 00:44:29.627")
	f("Asia/Kathmandu", "2026-11-24 05:45:00.001", "2026-11-24 00:00:00.001")
	f("America/New_York", "2026-03-08 01:59:59.999", "2026-03-08 06:59:59.999")
	f("America/New_York", "2026-03-08 03:00:00.000", "2026-03-08 07:00:00.000")
	f("UTC", "2024-02-29 00:00:00.000", "2024-02-29 00:00:00.000")
	f("UTC", "2026-02-29 00:00:00.000", "")
	f("UTC", "2026-00-01 00:00:00.000", "")
	f("UTC", "2026-01-01 24:00:00.000", "")
	f("UTC", "2026-01-01 00:00:00", "")
	f("UTC", "2026-01-01T00:00:00.000", "")
}

func TestParseOffset(t *testing.T) {
	f := func(s string, want time.Duration, ok bool) {
		t.Helper()
		if got, is := ParseOffset(s); got != want || is != ok {
			t.Errorf("%q: got %v %v", s, got, is)
		}
	}
	f("Z", 0, true)
	f("-8:00", -8*time.Hour, true) // UTC+8
	f("+3:00", 3*time.Hour, true)  // UTC-3
	f("-10:30", -10*time.Hour-30*time.Minute, true)
	f("", 0, false)
	f("8:00", 0, false)
	f("-100:00", 0, false)
	f("-8:0", 0, false)
}
