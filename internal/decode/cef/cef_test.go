package cef

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

func show(e *vedette.Event) string {
	at := "-"
	if e.Time != 0 {
		at = time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano)
	}
	s := fmt.Sprintf("%s %s/%s/%s/%v sev=%d %v:%d>%v:%d %s %s user=%q %s %q", at, e.Code, e.Category, e.Action, e.Outcome, e.Severity,
		e.SourceIP, e.SourcePort, e.DestinationIP, e.DestinationPort, e.Transport, e.Protocol, e.User, e.Method, e.URL)
	for _, f := range e.Rest {
		s += fmt.Sprintf(" %s=%q", f.Key, f.Value)
	}
	return s
}

var options = decode.Options{Location: time.FixedZone("", 8*3600), Reference: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)}

func TestDecode(t *testing.T) {
	d := Format.New(options)
	f := func(line, want string) {
		t.Helper()
		var b vedette.Batch
		if err := d.Decode(&b, []byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
			return
		}
		if diff := cmp.Diff(want, show(&b.Events[0])); diff != "" {
			t.Errorf("%s\n%s", line, diff)
		}
	}
	const product = ` deviceVendor="V" deviceProduct="P" deviceVersion="1"`
	f(`CEF:0|Security|threat\|manager|1.0|100|worm \\ stopped|10|src=203.0.113.9 dst=198.51.100.10 spt=1232 dpt=80 proto=TCP act=blocked rt=1704164645123`,
		`2024-01-02T03:04:05.123Z 100/network/connection/failure sev=10 203.0.113.9:1232>198.51.100.10:80 tcp  user=""  "" deviceVendor="Security" deviceProduct="threat|manager" deviceVersion="1.0" act="blocked"`)
	f(`CEF:0|V|P|1|7|SQL injection attack|High|rt=Jan 02 2024 11:04:05 src=2001:db8::9 request=https://www.example.org/a?b\=c d requestMethod=GET cs1=two words cs1Label=Rule Name cn1=5 msg=first\nsecond\\`,
		`2024-01-02T03:04:05Z 7/intrusion_detection/alert/ sev=8 2001:db8::9:0>invalid IP:0   user="" GET "https://www.example.org/a?b=c d"`+product+` severity="High" Rule Name="two words" cn1="5" msg="first\nsecond\\"`)
	f(`CEF:0|V|P|1|7|Administrator login failed|3|rt=Jan 2 2024 03:04:05.5 UTC src=203.0.113.9 duser=admin`,
		`2024-01-02T03:04:05.5Z 7/authentication/admin-login/failure sev=3 203.0.113.9:0>invalid IP:0   user="admin"  ""`+product)
	f(`CEF:0|V|P|1|7|User login|3|end=Jan  2 11:04:05 outcome=success suser=ann duser=bob`,
		`2024-01-02T03:04:05Z 7/authentication/login/success sev=3 invalid IP:0>invalid IP:0   user="ann"  ""`+product+` duser="bob" outcome="success"`)
	f(`CEF:0|V|P|1|7|URL|3|rt=2024-01-02T03:04:05Z request=/a requestMethod=POST in=5 out=6 dhost=www.example.org src=not-an-address src=203.0.113.9 src=203.0.113.10`,
		`2024-01-02T03:04:05Z 7/web/http-request/ sev=3 203.0.113.9:0>invalid IP:0  http user="" POST "/a"`+product+` src="not-an-address" src="203.0.113.10"`)
	const fortinet = ` deviceVendor="Fortinet" deviceProduct="Fortigate" deviceVersion="v7"`
	f(`CEF:0|Fortinet|Fortigate|v7|44547|event:system|6|rt=1704164645123 FTNTFGTcfgpath=system.admin FTNTFGTcfgobj=support sproc=GUI(203.0.113.9) duser=admin act=Add`,
		`2024-01-02T03:04:05.123Z 44547/iam/user-created/success sev=6 203.0.113.9:0>invalid IP:0   user="admin"  ""`+fortinet+` FTNTFGTcfgpath="system.admin" FTNTFGTcfgobj="support" sproc="GUI(203.0.113.9)" act="Add"`)
	f(`CEF:0|Fortinet|Fortigate|v7|32001|event:system login success|6|rt=1704164645123 src=203.0.113.9 duser=admin`,
		`2024-01-02T03:04:05.123Z 32001/authentication/admin-login/success sev=6 203.0.113.9:0>invalid IP:0   user="admin"  ""`+fortinet)
	f(`CEF:0|Fortinet|Fortigate|v7|20115|event:system|6|rt=1704164645123`, `2024-01-02T03:04:05.123Z 20115/// sev=6 invalid IP:0>invalid IP:0   user=""  ""`+fortinet)
	for name, want := range map[string]string{
		"Administrator added":     "iam/user-created/success",
		"User created":            "iam/user-created/success",
		"Configuration exported":  "configuration/config-read/success",
		"Audit logging disabled":  "configuration/logging-changed/success",
		"Security policy changed": "configuration/config-changed/success",
		"IPsec tunnel created":    "configuration/tunnel-created/success",
		"Policy violation":        "//",
		"User quota":              "//",
		"Log rotated":             "//",
	} {
		f(`CEF:0|V|P|1|7|`+name+`|3|rt=1704164645123`, `2024-01-02T03:04:05.123Z 7/`+want+` sev=3 invalid IP:0>invalid IP:0   user=""  ""`+product)
	}
	f(`CEF:0|V|P|1|7|none|0|`, `- 7/// sev=0 invalid IP:0>invalid IP:0   user=""  ""`+product)
	f(`CEF:0|V|P|1|7|none|0`, `- 7/// sev=0 invalid IP:0>invalid IP:0   user=""  ""`+product)
	f(`<134>Jan  2 11:04:05 gw CEF:1|V|P|1|7|session|Unknown|start=1704164640000 end=1704164645000 src=203.0.113.9 dst=198.51.100.10 dpt=22 app=SSH`,
		`2024-01-02T03:04:05Z 7/network/connection/ sev=0 203.0.113.9:0>198.51.100.10:22  ssh user=""  ""`+product+` severity="Unknown" app="SSH"`)
}

func TestFields(t *testing.T) {
	d := Format.New(options)
	var b vedette.Batch
	line := `CEF:0|V|P|1|7|file|3|start=1704164640000 end=1704164645000 rt=1704164650000 fname=a.exe fileHash=d41d8cd98f00b204e9800998ecf8427e requestClientApplication=Mozilla/5.0 (X11) dvchost=gw in=5 out=6`
	if err := d.Decode(&b, []byte(line)); err != nil {
		t.Fatal(err)
	}
	e := &b.Events[0]
	if e.FileName != "a.exe" || e.MD5 != "d41d8cd98f00b204e9800998ecf8427e" || e.UserAgent != "Mozilla/5.0 (X11)" || e.Host != "gw" ||
		e.SourceBytes != 5 || e.DestinationBytes != 6 || e.Duration != 5e9 || e.Has != vedette.HasSourceBytes|vedette.HasDestinationBytes|vedette.HasDuration ||
		e.Time != 1704164650e9 {
		t.Errorf("%+v", e)
	}
}

func TestRejects(t *testing.T) {
	d := Format.New(options)
	f := func(line string, want error) {
		t.Helper()
		b := vedette.Batch{Source: &vedette.Source{Format: Format.Name}}
		if err := d.Decode(&b, []byte(line)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", line, err, want)
		}
	}
	f("", nil)
	f("LEEF:1.0|V|P|1|7|a=b", decode.ErrSyntax)
	f("CEF:0|V|P|1|7|name", ErrHeader)
	f("CEF:x|V|P|1|7|name|0|", ErrHeader)
	f("CEF:0|V|P|1|7|name|0|no extension here", decode.ErrSyntax)
	f("CEF:0|V|P|1|7|name|0|spt=70000", decode.ErrNumber)
	f("CEF:0|V|P|1|7|name|0|rt=yesterday", decode.ErrTime)
	f("CEF:0|V|P|1|7|name|0|src=203.0.113.9", decode.ErrTime) // no envelope has it
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("sniff(%q) = %d, want %d", head, got, want)
		}
	}
	f("CEF:0|V|P|1|7|name|0|", 97)
	f("Jan  2 03:04:05 gw CEF:0|V|P|1|7|name|0|", 0)
	f("CEF: a book", 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`CEF:0|V|P\||1|7|name|0|src=203.0.113.9 cs1=a b\=c cs1Label=x rt=Jan 02 2024 11:04:05 GMT`))
	f.Add([]byte(`CEF:0|V|P|1|7|login failed|low|start=1 end=Feb 29 11:04:05`))
	d := Format.New(options)
	f.Fuzz(func(t *testing.T, rec []byte) {
		var b vedette.Batch
		before := bytes.Clone(rec)
		err := d.Decode(&b, rec)
		if !bytes.Equal(before, rec) {
			t.Fatal("the record was changed")
		}
		if err == nil && len(b.Events) == 0 && len(bytes.TrimSpace(rec)) > 0 {
			t.Fatal("a record was lost without a reason")
		}
		Format.Sniff(rec)
	})
}

func BenchmarkDecode(b *testing.B) {
	var lines [][]byte
	size := 0
	for i := range 1000 {
		line := fmt.Appendf(nil, `CEF:0|Security|threatmanager|1.0|%d|worm successfully stopped|10|src=203.0.113.%d dst=198.51.100.10 spt=1232 dpt=80 proto=TCP act=blocked rt=1704164645123 cs1=two words cs1Label=Policy msg=A message of some length deviceExternalId=42`, i, i%256)
		lines = append(lines, line)
		size += len(line) + 1
	}
	d := Format.New(options)
	var batch vedette.Batch
	round := func() {
		batch.Reset()
		for _, l := range lines {
			if err := d.Decode(&batch, l); err != nil {
				b.Fatal(err)
			}
		}
	}
	round()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/event")
}
