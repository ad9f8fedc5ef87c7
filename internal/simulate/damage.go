package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/vedette-cti/vedette"
)

// planFaults decides which sensors fail and which files are damaged.
func (s *simulation) planFaults() {
	d := newDice(s.Seed, "faults")
	n := len(s.orgs)
	order := d.Perm(n)
	spread := func(count int, do func(o *org) bool) {
		for _, i := range order {
			if count == 0 {
				break
			}
			if do(s.orgs[i]) {
				count--
			}
		}
		order = append(order[n/3:], order[:n/3]...)
	}
	spread((n+7)/8, func(o *org) bool { return o.darken(s, d) })
	spread(1, func(o *org) bool { return o.skewClock() })
	spread((n+5)/6, func(o *org) bool {
		t := o.find("web/", "www/", "zeek-sim/conn", "suricata/", "iis/")
		if t == nil || o.profile.egressOnly {
			return false
		}
		t.faults.binary, t.faults.half, t.faults.oversized = 1+d.IntN(3), 1+d.IntN(3), 1
		return true
	})
	spread(1, func(o *org) bool {
		t := o.find("softether/server_log", "auth/", "fortigate/")
		if t == nil {
			return false
		}
		t.faults.copied = true
		return true
	})
	spread(1, func(o *org) bool {
		t := o.find("web/", "www/")
		if t == nil || t.faults.binary > 0 {
			return false
		}
		t.faults.truncated, t.gz = true, false
		return true
	})
}

// find is the first of the organization's streams below one of the folders.
func (o *org) find(folders ...string) *stream {
	for _, f := range folders {
		for _, s := range o.streams {
			if strings.HasPrefix(strings.TrimPrefix(s.path, "logs/"+o.id+"/"), f) {
				return s
			}
		}
	}
	return nil
}

// darken switches all of an organization's sensors off for some weeks. Not
// where the actor gets in: there the telemetry is to show it.
func (o *org) darken(s *simulation, d dice) bool {
	if s.steps[o.index].goal == vedette.VerdictCompromise || o.has("weak-ssh") || o.has("weak-upload") {
		return false
	}
	length := max(5, s.Days/9+d.IntN(s.Days/9))
	from := s.Start.AddDate(0, 0, 3+d.IntN(s.Days-length-3))
	w := window{from, from.AddDate(0, 0, length)}
	for _, t := range o.streams {
		t.dark = append(t.dark, w)
	}
	o.blind = append(o.blind, fmt.Sprintf("all sensors were dark from %s to %s", w.from.Format(time.DateOnly), w.to.Format(time.DateOnly)))
	return true
}

// skewClock sets the web server's clock an hour ahead.
func (o *org) skewClock() bool {
	t := o.find("web/", "www/")
	if t == nil {
		return false
	}
	t.skew = time.Hour
	o.notes = append(o.notes, "the web server's clock is an hour ahead")
	return true
}
