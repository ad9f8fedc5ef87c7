package fortigate

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

var update = flag.Bool("update", false, "rewrite golden files")

// show writes an event as text, one group of fields a line.
func show(e *vedette.Event) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s %s/%s/%s/%v keep=%v\n", time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano), e.Code, e.Dataset, e.Category, e.Action, e.Outcome, e.Keep)
	fmt.Fprintf(&s, "  %v:%d -> %v:%d %s %s user=%q host=%q\n", e.SourceIP, e.SourcePort, e.DestinationIP, e.DestinationPort, e.Transport, e.Protocol, e.User, e.Host)
	fmt.Fprintf(&s, "  has=%05b %d %d %d %d %v rule=%q %q url=%q %q\n", e.Has, e.SourceBytes, e.DestinationBytes, e.SourcePackets, e.DestinationPackets, time.Duration(e.Duration), e.RuleID, e.RuleName, e.URLDomain, e.URL)
	fmt.Fprintf(&s, "  %q\n", e.Rest)
	return s.String()
}

func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/fortios7.log")
	if err != nil {
		t.Fatal(err)
	}
	if c := Format.Sniff(data); c < 90 {
		t.Errorf("sniff = %d", c)
	}
	d := Format.New(decode.Options{Location: time.UTC})
	var b vedette.Batch
	var got strings.Builder
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte{'\n'}) {
		if err := d.Decode(&b, line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		got.WriteString(show(&b.Events[i]))
	}
	const golden = "testdata/fortios7.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDecode(t *testing.T) {
	loc := time.FixedZone("", 8*3600)
	d := Format.New(decode.Options{Location: loc})
	f := func(line string, check func(e *vedette.Event) bool) {
		t.Helper()
		var b vedette.Batch
		if err := d.Decode(&b, []byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if len(b.Events) != 1 || !check(&b.Events[0]) {
			t.Errorf("%s\n%s", line, show(&b.Events[0]))
		}
	}
	is := func(action string, outcome vedette.Outcome) func(e *vedette.Event) bool {
		return func(e *vedette.Event) bool { return e.Action == action && e.Outcome == outcome }
	}
	const head = `date=2024-01-02 time=11:04:05 logid="0100000000" type="event" subtype="system" `
	const vpnHead = `date=2024-01-02 time=11:04:05 logid="0101037138" type="event" subtype="vpn" `
	f(head+`msg=no quotes here ui=x`, func(e *vedette.Event) bool {
		ui, _ := e.Get("ui")
		return e.Message == "no quotes here" && ui == "x" && e.Time == 1704164645000000000 // zone of the options
	})
	f(head+`user="a "quoted" name" srcip=203.0.113.9 srcip=203.0.113.10`, func(e *vedette.Event) bool {
		second, _ := e.Get("srcip")
		return e.User == `a "quoted" name` && e.SourceIP.String() == "203.0.113.9" && second == "203.0.113.10"
	})
	f(head+`user="EXAMPLE\\ann" msg="ends in \\"`, func(e *vedette.Event) bool { return e.User == `EXAMPLE\ann` && e.Message == `ends in \` })
	f(head+`action="backup" ui="GUI(203.0.113.9)" user="admin"`, is(vedette.ActionConfigRead, vedette.OutcomeUnknown))
	f(head+`logdesc="Disk log files deleted"`, is(vedette.ActionLoggingOff, vedette.OutcomeUnknown))
	f(head+`logdesc="Admin login disabled" action="login" status="failed"`, is(vedette.ActionAdminLogin, vedette.OutcomeFailure))
	f(head+`logdesc="System performance statistics" action="perf-stats"`, is("", vedette.OutcomeUnknown))
	f(head+`cfgpath="user.local" action="Delete"`, is(vedette.ActionUserDeleted, vedette.OutcomeSuccess))
	f(head+`cfgpath="user.local" action="Edit"`, is(vedette.ActionUserChanged, vedette.OutcomeSuccess))
	f(head+`cfgpath="system.vdom" action="Add"`, is(vedette.ActionHubCreated, vedette.OutcomeSuccess))
	f(head+`cfgpath="vpn.ipsec.phase1-interface" action="Add"`, is(vedette.ActionTunnelCreated, vedette.OutcomeSuccess))
	f(head+`cfgpath="log.disk.filter" action="Edit"`, is(vedette.ActionLoggingOff, vedette.OutcomeSuccess))
	f(vpnHead+`action="negotiate" status="failure" remip=203.0.113.9 remport=500 locip=198.51.100.1 locport=500`, func(e *vedette.Event) bool {
		return e.SourceIP.String() == "203.0.113.9" && e.SourcePort == 500 && e.DestinationPort == 500 && e.Outcome == vedette.OutcomeFailure
	})
	f(`date=2024-01-02 time=11:04:05 logid="0102043008" type="event" subtype="user" action="authentication" status="failure" srcip=203.0.113.9`, is(vedette.ActionLogin, vedette.OutcomeFailure))
	f(`date=2024-01-02 time=11:04:05 logid="1" type="utm" subtype="virus" action="blocked" virus="EICAR" virusid=2172 filename="a.com"`, func(e *vedette.Event) bool {
		return e.RuleName == "EICAR" && e.RuleID == "2172" && e.FileName == "a.com" && e.Outcome == vedette.OutcomeFailure
	})
	f(`date=2024-01-02 time=11:04:05 logid="1" type="utm" subtype="dns" eventtype="dns-query" qname="www.example.org" qtype="A"`, is(vedette.ActionDNSQuery, vedette.OutcomeUnknown))
}

func TestRejects(t *testing.T) {
	d := Format.New(decode.Options{Location: time.UTC})
	f := func(line string, want error) {
		t.Helper()
		var b vedette.Batch
		if err := d.Decode(&b, []byte(line)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", line, err, want)
		}
	}
	const head = `date=2024-01-02 time=11:04:05 logid="1" type="traffic" subtype="forward" `
	f("", nil)
	f(`date=2024-01-02 time=11:04:05`, decode.ErrSyntax)
	f(`logid="1" type="event" subtype="x"`, decode.ErrTime)
	f(`date=2024-01-02 time=25:04:05 logid="1" type="event"`, decode.ErrTime)
	f(head+`msg="cut`, decode.ErrTruncated)
	f(head+`proto=tcp`, decode.ErrNumber)
	f(head+`srcport=70000`, decode.ErrNumber)
	f(head+`sentbyte=-1`, decode.ErrNumber)
	f(`type="event" "free text"`, decode.ErrSyntax)
	f(`Failed password for root`, decode.ErrSyntax)
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("sniff(%q) = %d, want %d", head, got, want)
		}
	}
	f(`<189>date=2024-01-02 time=11:04:05 devname="x" logid="1" type="event" subtype="x"`, 96)
	f(`date=2024-01-02 time=11:04:05 logid="1" type="event" subtype="x"`, 80)
	f(`Jan  2 03:04:05 fw date=2024-01-02 time=11:04:05 devname="x" logid="1" type="event" subtype="x"`, 0)
	f(`time=2024 level=info msg="type=x"`, 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`date=2024-01-02 time=11:04:05 logid="1" type="traffic" srcip=203.0.113.9 proto=6 msg="a \"b\" c"`))
	f.Add([]byte(`<1>type="event" subtype="vpn" eventtime=1704164645 remip=203.0.113.9 user=a b c=d`))
	d := Format.New(decode.Options{Location: time.UTC})
	f.Fuzz(func(t *testing.T, rec []byte) {
		var b vedette.Batch
		before := bytes.Clone(rec)
		err := d.Decode(&b, rec)
		if !bytes.Equal(before, rec) {
			t.Fatal("the record was changed")
		}
		if err == nil && len(b.Events) == 0 && len(bytes.TrimSpace(withoutPriority(rec))) > 0 {
			t.Fatal("a record was lost without a reason")
		}
		Format.Sniff(rec)
	})
}

func BenchmarkDecode(b *testing.B) {
	var lines [][]byte
	size := 0
	for i := range 1000 {
		line := fmt.Appendf(nil, `date=2024-01-02 time=11:04:05 devname="fw-1" devid="FGT60F0000000000" eventtime=%d tz="+0800" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=203.0.113.%d srcport=51000 srcintf="wan1" srcintfrole="wan" dstip=198.51.100.10 dstport=443 dstintf="dmz" dstintfrole="dmz" sessionid=%d proto=6 action="close" policyid=5 policytype="policy" service="HTTPS" trandisp="noop" duration=116 sentbyte=1188 rcvdbyte=1224 sentpkt=17 rcvdpkt=16 appcat="unscanned"`, 1704164645123456789+i, i%256, i)
		lines = append(lines, line)
		size += len(line) + 1
	}
	d := Format.New(decode.Options{Location: time.UTC})
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
