package correlate

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"net/netip"

	"github.com/vedette-cti/vedette"
)

// tailor counts what somebody sent: kinds of requests with parameters (a path at
// an organization), and of these the ones made for the site.
type tailor struct{ sent, made int64 }

// How many it takes to say something.
const (
	leastTailored = 5
	leastGeneric  = 20
)

// readTailored looks at the actors' requests with parameters. One is made for the
// site if its path was answered to visitors who are no actors, at this
// organization and at no more than a tenth of the others: whoever sends it looked
// at the site first. A list of old exploits is the same everywhere and fits
// nowhere.
func readTailored(ctx context.Context, events vedette.EventStore) (map[netip.Addr]tailor, error) {
	out := make(map[netip.Addr]tailor)
	err := query(ctx, events, `
		WITH hostile AS (SELECT DISTINCT actor FROM detections WHERE actor IS NOT NULL),
		asked AS (
			SELECT DISTINCT source_ip, organization, split_part(url, '?', 1) AS path FROM events
			WHERE url LIKE '%?%' AND source_ip IN (SELECT actor FROM hostile)),
		served AS (
			SELECT DISTINCT split_part(url, '?', 1) AS path, organization FROM events
			WHERE status BETWEEN 200 AND 299 AND source_ip NOT IN (SELECT actor FROM hostile)
				AND split_part(url, '?', 1) IN (SELECT path FROM asked)),
		spread AS (SELECT path, count(*) AS organizations FROM served GROUP BY path)
		SELECT a.source_ip, count(*), count(*) FILTER (s.path IS NOT NULL AND
			n.organizations <= greatest(1, 0.1 * (SELECT count(DISTINCT organization) FROM events WHERE url IS NOT NULL)))
		FROM asked a LEFT JOIN served s ON s.path = a.path AND s.organization = a.organization
		LEFT JOIN spread n ON n.path = a.path
		GROUP BY a.source_ip ORDER BY a.source_ip`, func(rows *sql.Rows) error {
		var n *big.Int
		var t tailor
		if err := rows.Scan(&n, &t.sent, &t.made); err != nil {
			return err
		}
		out[vedette.AddrFromBig(n)] = t
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("requests made for a site: %w", err)
	}
	return out, nil
}

// tailoring adds up a group's requests.
func tailoring(g group, of map[netip.Addr]tailor) (sum tailor) {
	for _, a := range g {
		t := of[a.key.addr]
		sum.sent, sum.made = sum.sent+t.sent, sum.made+t.made
	}
	return sum
}
