package ids

import (
	"net/netip"
	"testing"

	"github.com/vedette-cti/vedette"
)

func TestInspect(t *testing.T) {
	in, out := netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("203.0.113.1")
	f := func(name, category string, dir vedette.Direction, want string) {
		t.Helper()
		e := vedette.Event{Dataset: vedette.DatasetSuricataAlert, Category: vedette.CategoryIDS, Action: vedette.ActionAlert,
			RuleID: "2000001", RuleName: name, SourceIP: out, DestinationIP: in, Direction: dir, Severity: 1,
			Rest: []vedette.Field{{Key: "alert.category", Value: category}}}
		if dir == vedette.DirectionOutbound {
			e.SourceIP, e.DestinationIP = in, out
		}
		got := ""
		detector{}.Inspect(&e, func(d *vedette.Detection) {
			got = d.Stage.String()
			if d.Actor != out || d.Target != in {
				t.Errorf("%s: actor %s, target %s", name, d.Actor, d.Target)
			}
		})
		if got != want {
			t.Errorf("%s: stage %q, want %q", name, got, want)
		}
	}
	f("ET SCAN Suspicious inbound to mySQL port 3306", "Potentially Bad Traffic", vedette.DirectionInbound, "reconnaissance")
	f("ET WEB_SERVER SELECT USER SQL Injection Attempt in URI", "Web Application Attack", vedette.DirectionInbound, "attempt")
	f("ET MALWARE Beacon", "Malware Command and Control Activity Detected", vedette.DirectionOutbound, "attempt")
	f("ET INFO Session Traversal Utilities", "Misc activity", vedette.DirectionOutbound, "")
	f("LOCAL something", "", vedette.DirectionInbound, "reconnaissance")
}
