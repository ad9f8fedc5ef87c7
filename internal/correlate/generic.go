package correlate

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/vedette-cti/vedette"
)

// readSensors returns the kind of sensor of each source: the decoder's name.
func readSensors(ctx context.Context, events vedette.EventStore) (map[vedette.ID]string, error) {
	out := make(map[vedette.ID]string)
	err := query(ctx, events, "SELECT identity, coalesce(format, '') FROM sources", func(rows *sql.Rows) error {
		var identity, format string
		if err := rows.Scan(&identity, &format); err != nil {
			return err
		}
		id, err := vedette.ParseID(identity)
		out[id] = format
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("kinds of sensors: %w", err)
	}
	return out, nil
}

// Bounds on what is generic.
const (
	genericLeast = 3   // organizations,
	genericShare = 0.2 // and of those whose requests are seen
)

// footing is the page that an effect rests on: of those that it cites, the one
// that visitors know least (attacks that came before are cited, too).
type footing struct {
	path    string
	generic bool // everybody is asked for it
}

// readGeneric returns the pages that effects, and lonely scripts, rest on, by
// detection, and which of them hostile clients ask everyone for. A page that only one organization is asked for can
// be what an intruder left there; a page that a fifth of all are asked for is
// somebody's list, and whatever one site answers to it is a weak sign.
func readGeneric(ctx context.Context, events vedette.EventStore) (map[vedette.ID]footing, error) {
	out := make(map[vedette.ID]footing)
	err := query(ctx, events, `
		WITH cited AS (
			SELECT d.id, split_part(e.url, '?', 1) AS path FROM detections d
			JOIN evidence v ON v.detection = d.id
			JOIN sources s ON s.identity = v.source
			LEFT JOIN events e ON e.source = s.seq AND e.line = v.line
			WHERE (d.effect OR d.detector = 'webshell') AND d.actor IS NOT NULL),
		requests AS (
			SELECT split_part(url, '?', 1) AS path, organization, source_ip FROM events WHERE url IS NOT NULL),
		hostile AS (SELECT DISTINCT actor FROM detections WHERE actor IS NOT NULL),
		spread AS (
			SELECT path, count(DISTINCT organization) FILTER (source_ip IN (SELECT actor FROM hostile)) AS organizations,
				count(DISTINCT source_ip) FILTER (source_ip NOT IN (SELECT actor FROM hostile)) AS visitors
			FROM requests WHERE path IN (SELECT path FROM cited) GROUP BY path)
		SELECT c.id, min_by(c.path, (coalesce(s.visitors, 0), coalesce(s.organizations, 0), c.path)),
			min(coalesce(s.organizations, 0)) >= greatest(?, ? * (SELECT count(DISTINCT organization) FROM requests))
		FROM cited c LEFT JOIN spread s USING (path) GROUP BY c.id HAVING min(c.path) IS NOT NULL ORDER BY c.id`,
		func(rows *sql.Rows) error {
			var text string
			var f footing
			if err := rows.Scan(&text, &f.path, &f.generic); err != nil {
				return err
			}
			id, err := vedette.ParseID(text)
			out[id] = f
			return err
		}, genericLeast, genericShare)
	if err != nil {
		return nil, fmt.Errorf("requests that everyone gets: %w", err)
	}
	return out, nil
}

// knownOrganizations is how many organizations somebody must have attacked to be
// known for it.
const knownOrganizations = 3

// convict looks again at scripts that one client uses alone. The detector knows
// one organization, where a partner's interface looks the same. Over all of them
// it shows who attacks others: no partner does. What is generic stays weak.
func convict(actors []*actor) {
	for _, a := range actors {
		attacked := 0
		for _, deeds := range a.deeds {
			if attacks(deeds) {
				attacked++
			}
		}
		if attacked < knownOrganizations {
			continue
		}
		for _, deeds := range a.deeds {
			for _, d := range deeds {
				if d.detector == "webshell" && !d.effect && !d.generic {
					d.effect, d.weak, d.stage, d.confidence = true, false, vedette.VerdictCompromise, max(d.confidence, minUnknown)
					d.title = "Script that nobody else uses, in use by an attacker of others"
				}
			}
		}
	}
}
