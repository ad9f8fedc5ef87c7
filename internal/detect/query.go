package detect

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"github.com/vedette-cti/vedette"
)

// FromOutside is an SQL condition over the events table that holds unless the
// event is known to come from inside. Logs that tell only of the client, and
// organizations whose networks are unknown, leave the direction open.
const FromOutside = `source_ip IS NOT NULL AND coalesce(direction, '') NOT IN ('outbound', 'internal')`

// NoReferrer is an SQL condition that holds for requests that follow no link.
const NoReferrer = `coalesce(referrer, '') IN ('', '-')`

// Each runs a query and calls scan for every row of its result, until scan
// fails. It may be used by several goroutines.
func Each(ctx context.Context, events EventStore, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := events.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// AttackSyntax is an SQL condition that holds for URLs, in the column of that
// name, that no link contains: traversal, SQL, templates and commands. It is
// far from complete. Ask it of a column of events, before any join: equal URLs
// are then looked at once.
func AttackSyntax(column string) string {
	return "coalesce(regexp_matches(lower(" + column + `), '\.\./|\.\.%2f|%2e%2e(/|%2f)|\.\.%5c|union(\+|%20|/\*.*\*/)+(all(\+|%20))?select|` +
		`(\+|%20)(or|and)(\+|%20)[0-9''%]+=|sleep\(|benchmark\(|extractvalue\(|information_schema|/etc/passwd|win\.ini|php://|jndi:|\$\{|%24%7b|` +
		`<script|%3cscript|;(\+|%20)*(id|cat|wget|curl)|base64_decode|eval\(|xp_cmdshell|[?&]([a-z]+=(whoami|uname)|(c|cmd|command|exec|run|system)=id)(&|$)'), false)`
}

// Permitted reports whether a belongs to a scanner that the constituency
// allows.
func Permitted(c *vedette.Constituency, a netip.Addr) bool {
	for _, p := range c.AuthorizedScanners {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Home returns the organization's country, empty if it is unknown.
func Home(c *vedette.Constituency, organization string) string {
	if o := c.Organization(organization); o != nil {
		return o.Country
	}
	return ""
}

// Spell writes a period for people, in the largest unit of which there are two
// or more.
func Spell(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
