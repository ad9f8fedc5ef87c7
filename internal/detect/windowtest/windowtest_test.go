package windowtest

import (
	"context"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
)

// What goes in must come out: addresses, NULL for silence, rest as JSON.
func TestAdd(t *testing.T) {
	db := New(t)
	e := Login(At(0, 0), "2001:db8::7", "o\"hara", false, &vedette.Geo{Country: "HK", ASN: 64512})
	e.Rest = []vedette.Field{{Key: "softether.hub", Value: "DEFAULT"}}
	db.Add(e)
	db.Flush()
	var (
		addr          detect.NullAddr
		user, country string
		asn           uint32
		restText      string
		status        *int
	)
	row := db.QueryRow("SELECT source_ip, user_name, source_country, source_asn, rest, status FROM events WHERE source_ip = ?", vedette.AddrToBig(e.SourceIP))
	if err := row.Scan(&addr, &user, &country, &asn, &restText, &status); err != nil {
		t.Fatal(err)
	}
	if addr.Addr != e.SourceIP || user != e.User || country != "HK" || asn != 64512 || restText != `{"softether.hub":"DEFAULT"}` || status != nil {
		t.Errorf("got %v %q %q %d %s %v", addr, user, country, asn, restText, status)
	}
	cited, err := detect.Cite(context.Background(), db, 5, "organization = ?", "org-a")
	if err != nil || len(cited) != 1 || cited[0].Line != 1 || cited[0].File != Source.Path {
		t.Errorf("cited %+v, %v", cited, err)
	}
}
