package zeekmap

import (
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/vocab/jsonscan"
)

func TestName(t *testing.T) {
	f := func(key, want string) {
		t.Helper()
		if got := Name(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	f("id_orig_h", "id.orig_h")
	f("certificate_not_valid_before", "certificate.not_valid_before")
	f("version_minor2", "version.minor2")
	f("resp_certificate_sha1", "resp_certificate_sha1")
	f("orig_ip_bytes", "orig_ip_bytes")
	f("client_cert_subject", "client_cert_subject")
}

func TestDecimal(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		var b vedette.Batch
		if got := Decimal(&b, s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
	f("42", "42")
	f("2230.000000", "2230.0")
	f("2230.0", "2230.0")
	f("0.30000000000000004", "0.3")
	f("0.0008699893951416016", "0.00087")
	f("9.5367431640625e-07", "0.000001")
	f("-1.5", "-1.5")
	f("1e300", "1e300") // out of reach for six decimals
}

func TestConnState(t *testing.T) {
	f := func(want vedette.Outcome, states ...string) {
		t.Helper()
		for _, s := range states {
			var b vedette.Batch
			e := b.Add()
			field := Lookup("conn_state")
			var m Mapper
			if err := m.Apply(&b, e, field.Action(Conn), &field, &jsonscan.Token{Raw: s}); err != nil {
				t.Fatal(err)
			}
			if kept, _ := e.Get("conn_state"); e.Outcome != want || e.Code != s || kept != s {
				t.Errorf("%s: %v, code %s", s, e.Outcome, e.Code)
			}
		}
	}
	f(vedette.OutcomeSuccess, "SF", "S1", "S2", "S3", "RSTO", "RSTR")
	f(vedette.OutcomeFailure, "S0", "REJ", "RSTOS0", "RSTRH", "SH", "SHR")
	f(vedette.OutcomeUnknown, "OTH")
}

// TestStreams checks that the tables name only streams and fields that exist.
func TestStreams(t *testing.T) {
	for s := Conn; s < NumStreams; s++ {
		if s.Path() == "" || StreamOf(s.Path()) != s || kinds[s].dataset != "zeek."+s.Path() {
			t.Errorf("stream %d: path %q, dataset %q", s, s.Path(), kinds[s].dataset)
		}
	}
	if StreamOf("") != Other || StreamOf("radius") != Other || NumStreams.Valid() {
		t.Error("unknown streams")
	}
}
