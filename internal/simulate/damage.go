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
	if s.goal(o.index) == vedette.VerdictCompromise || o.has("weak-ssh") || o.has("weak-upload") {
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

// planDarkness takes sensors from a third of the organizations, if that is a
// habit: one that never was there, one that begins late, or one that stops when
// the actor gets in.
func (s *simulation) planDarkness() {
	if !s.is(habitDark) {
		return
	}
	d := newDice(s.Seed, "darkness")
	for _, i := range d.Perm(len(s.orgs))[:(len(s.orgs)+2)/3] {
		o := s.orgs[i]
		if len(o.streams) == 0 || o.has("weak-ssh") || o.has("weak-upload") {
			continue
		}
		kinds := []string{"missing", "late"}
		if s.goal(i) == vedette.VerdictCompromise {
			kinds = append(kinds, "silenced", "silenced")
		}
		sensor := o.sensor(pick(d, o.streams))
		switch pick(d, kinds) {
		case "missing":
			o.silence(sensor, window{s.Start, s.end})
			o.blind = append(o.blind, sensor+" never sent anything")
		case "late":
			from := s.outside(i, s.Start.AddDate(0, 0, s.Days/4+d.IntN(s.Days/3)))
			o.silence(sensor, window{s.Start, from})
			if from.Before(s.end) {
				o.blind = append(o.blind, sensor+" began to log on "+from.Format(time.DateOnly))
			} else {
				o.blind = append(o.blind, sensor+" never sent anything")
			}
		case "silenced":
			from := s.entry(i).Add(d.span(-20*time.Hour, 6*time.Hour))
			until := from.AddDate(0, 0, 6+d.IntN(20))
			o.silence(sensor, window{from, until})
			o.blind = append(o.blind, fmt.Sprintf("%s was dark from %s to %s", sensor, from.Format(time.DateOnly), until.Format(time.DateOnly)))
		}
	}
}

// entry is when a targeted actor means to get into an organization.
func (s *simulation) entry(i int) time.Time {
	for _, c := range s.campaigns {
		if c.steps[i].goal == vedette.VerdictCompromise {
			return c.steps[i].effect
		}
	}
	return s.Start
}

// outside moves a log's beginning behind the stay of whoever gets in at about
// that time. A log that begins in the midst of a stay shows it as if it had
// always been so, and whether that is proof would be a matter of taste.
func (s *simulation) outside(i int, from time.Time) time.Time {
	for k := range 2 * len(s.campaigns) { // twice, since one stay can end within another
		st := s.campaigns[k%len(s.campaigns)].steps[i]
		if st.goal == vedette.VerdictCompromise && from.After(st.effect.AddDate(0, 0, -7)) && from.Before(st.until) {
			from = st.until.AddDate(0, 0, 1)
		}
	}
	return from
}

// sensor is the folder of a stream's logs, which all logs of one device share.
func (o *org) sensor(s *stream) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(s.path, "logs/"+o.id+"/"), "/")
	return name
}

// silence keeps a sensor from writing for a time.
func (o *org) silence(sensor string, w window) {
	for _, s := range o.streams {
		if o.sensor(s) == sensor {
			s.dark = append(s.dark, w)
		}
	}
}
