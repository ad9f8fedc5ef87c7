package simulate

import (
	"slices"
	"time"
)

// operators are the people behind an actor: where they sit and when they work.
// Scanners run at any hour; people do not.
type operators struct {
	zone     *time.Location
	weekend  [2]time.Weekday
	holidays []string // 2006-01-02, or --01-02 for every year; nil: none kept
	workdays []string // days of a weekend that are worked instead
}

// newOperators makes the people of a time zone. Without holidays, they work all
// days that are not a weekend. Zones that have summer time are taken at their
// standard offset.
func newOperators(zone string, holidays bool) *operators {
	o := &operators{zone: time.FixedZone(zone, offsets[zone]), weekend: [2]time.Weekday{time.Saturday, time.Sunday}}
	if zone == "Asia/Tehran" {
		o.weekend = [2]time.Weekday{time.Thursday, time.Friday}
	}
	if holidays {
		o.holidays, o.workdays = calendars[zone].holidays, calendars[zone].workdays
		if o.holidays == nil {
			o.holidays = []string{"--01-01"}
		}
	}
	return o
}

// offsets are the standard times of the simulated cities, in seconds east of
// UTC (IANA time zone database).
var offsets = map[string]int{
	"Asia/Taipei": 8 * 3600, "Asia/Vientiane": 7 * 3600, "Africa/Nairobi": 3 * 3600, "Africa/Kigali": 2 * 3600,
	"Asia/Hong_Kong": 8 * 3600, "Asia/Seoul": 9 * 3600, "America/Phoenix": -7 * 3600, "Africa/Djibouti": 3 * 3600,
	"Asia/Tokyo": 9 * 3600, "Asia/Singapore": 8 * 3600, "America/Sao_Paulo": -3 * 3600, "Asia/Ho_Chi_Minh": 7 * 3600,
	"Europe/Moscow": 3 * 3600, "Asia/Kolkata": 5*3600 + 1800, "Asia/Jakarta": 7 * 3600, "Asia/Tehran": 3*3600 + 1800,
	"Asia/Shanghai": 8 * 3600,
}

type calendar struct{ holidays, workdays []string }

// calendars are public holidays: of China by the notices of the State Council's
// General Office for 2023 to 2025, of Russia by article 112 of its Labor Code,
// of Iran the days of Nowruz and Nature Day, 22 Bahman and 29 Esfand.
var calendars = map[string]calendar{
	"Asia/Shanghai": {
		holidays: slices.Concat(
			span("2023-01-01", 2), span("2023-01-21", 7), span("2023-04-05", 1), span("2023-04-29", 5), span("2023-06-22", 3), span("2023-09-29", 8),
			span("2024-01-01", 1), span("2024-02-10", 8), span("2024-04-04", 3), span("2024-05-01", 5), span("2024-06-10", 1), span("2024-09-15", 3), span("2024-10-01", 7),
			span("2025-01-01", 1), span("2025-01-28", 8), span("2025-04-04", 3), span("2025-05-01", 5), span("2025-05-31", 3), span("2025-10-01", 8)),
		workdays: []string{"2023-01-28", "2023-01-29", "2023-04-23", "2023-05-06", "2023-06-25", "2023-10-07", "2023-10-08",
			"2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
			"2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"},
	},
	"Europe/Moscow": {holidays: []string{"--01-01", "--01-02", "--01-03", "--01-04", "--01-05", "--01-06", "--01-07", "--01-08",
		"--02-23", "--03-08", "--05-01", "--05-09", "--06-12", "--11-04"}},
	"Asia/Tehran": {holidays: []string{"--02-11", "--03-19", "--03-20", "--03-21", "--03-22", "--03-23", "--03-24", "--04-01", "--04-02"}},
}

// span lists n days from first on.
func span(first string, n int) []string {
	day, err := time.Parse(time.DateOnly, first)
	if err != nil {
		panic(err)
	}
	var out []string
	for i := range n {
		out = append(out, day.AddDate(0, 0, i).Format(time.DateOnly))
	}
	return out
}

// rests reports whether nobody works on the day of t.
func (o *operators) rests(t time.Time) bool {
	t = t.In(o.zone)
	date := t.Format(time.DateOnly)
	if slices.Contains(o.holidays, date) || slices.Contains(o.holidays, "-"+date[4:]) {
		return true
	}
	return slices.Contains(o.weekend[:], t.Weekday()) && !slices.Contains(o.workdays, date)
}

// atWork is a time in office hours, on the next working day from t on.
func (o *operators) atWork(t time.Time, d dice) time.Time {
	day := t.In(o.zone)
	for o.rests(day) {
		day = day.AddDate(0, 0, 1)
	}
	return worktime(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, o.zone), d)
}

// visits lists when the operators come back: on some working days.
func (o *operators) visits(from, until time.Time, d dice) []time.Time {
	var out []time.Time
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		if o.rests(day) || !d.chance(0.35) {
			continue
		}
		if at := o.atWork(day, d); at.After(from) {
			out = append(out, at)
		}
	}
	return out
}
