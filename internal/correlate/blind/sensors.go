package blind

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/vedette-cti/vedette"
)

// sensor is one source of telemetry as people know it: what an organization has
// of one product (the first word of event.dataset) from one host or, where logs
// do not name it, from one folder. Rotated files are the same sensor: parts of
// paths that are dates do not count.
type sensor struct {
	organization, product, place string
	hours                        []bool // of the period: with an event or not
	active                       int    // how many are
}

// name is the sensor for people.
func (s *sensor) name() string {
	name := productNames[s.product]
	if name == "" {
		name = s.product
	}
	if s.place == "" {
		return name
	}
	return name + " (" + s.place + ")"
}

var productNames = map[string]string{"zeek": "Zeek", "suricata": "Suricata", "softether": "SoftEther VPN", "fortinet": "FortiGate", "web": "the web server",
	"iis": "IIS", "system": "syslog", "windows": "Windows", "cef": "CEF"}

// sensorOf is an SQL expression over events e and places p.
const sensorOf = `split_part(coalesce(e.dataset, ''), '.', 1) AS product, coalesce(e.host_name, p.folder) AS place`

// places is an SQL table of the sources' folders, without parts that are dates
// or begin with a year, such as 2024/04/30 or 2024-04-30.
const places = `places AS (
	SELECT seq, trim(regexp_replace('/' || regexp_replace(path, '[^/]*$', ''), '/(19|20)[0-9]{2}[-_.0-9]*(/[0-9]{1,2})*(/|$)', '/', 'g'), '/') AS folder
	FROM sources)`

// readSensors reads a row a sensor, with a bit for every hour of the period.
func readSensors(ctx context.Context, events vedette.EventStore, p period) ([]*sensor, error) {
	if p.hours() == 0 {
		return nil, nil
	}
	var out []*sensor
	query := fmt.Sprintf(`
		WITH %s
		SELECT e.organization, %s,
		       CAST(bitstring_agg(CAST(epoch_us(e.time) // 3600000000 - %d AS INTEGER), 0, %d) AS VARCHAR)
		FROM events e JOIN places p ON p.seq = e.source
		WHERE e.organization IS NOT NULL AND e.time >= ? AND e.time < ?
		GROUP BY ALL ORDER BY e.organization, product, place`, places, sensorOf, p.start.Unix()/3600, p.hours()-1)
	err := each(ctx, events, query, []any{p.start, p.end}, func(rows *sql.Rows) error {
		var bits string
		s := &sensor{}
		if err := rows.Scan(&s.organization, &s.product, &s.place, &bits); err != nil {
			return err
		}
		s.hours = make([]bool, len(bits))
		for i := range bits {
			s.hours[i] = bits[i] == '1'
		}
		s.active = strings.Count(bits, "1")
		out = append(out, s)
		return nil
	})
	return nest(out), err
}

// nest joins the sensors of folders within folders: what was moved or restored
// there is still of the same device. Sensors are in the order of their names.
func nest(sensors []*sensor) []*sensor {
	var out []*sensor
	first := 0 // of the same organization and product
	for _, s := range sensors {
		if n := len(out); n == 0 || out[n-1].organization != s.organization || out[n-1].product != s.product {
			first = n
		}
		i := slices.IndexFunc(out[first:], func(o *sensor) bool { return strings.HasPrefix(s.place, o.place+"/") })
		if i < 0 {
			out = append(out, s)
			continue
		}
		out[first+i].join(s)
	}
	return out
}

// join adds the hours of o.
func (s *sensor) join(o *sensor) {
	for i, on := range o.hours {
		if on && !s.hours[i] {
			s.hours[i] = true
			s.active++
		}
	}
}

// together is all sensors of one organization as one.
func together(sensors []*sensor) *sensor {
	out := &sensor{organization: sensors[0].organization, hours: make([]bool, len(sensors[0].hours))}
	for _, s := range sensors {
		out.join(s)
	}
	return out
}
