package softether

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

var update = flag.Bool("update", false, "write the golden files")

// plain is an event as the golden files show it.
func plain(e *vedette.Event) map[string]any {
	m := map[string]any{"time": time.Unix(0, e.Time).UTC().Format("2006-01-02T15:04:05.000Z"), "dataset": e.Dataset, "category": e.Category}
	add := func(key string, v string) {
		if v != "" {
			m[key] = v
		}
	}
	add("action", e.Action)
	add("outcome", e.Outcome.String())
	add("code", e.Code)
	add("user", e.User)
	add("host", e.Host)
	add("transport", e.Transport)
	add("protocol", e.Protocol)
	add("method", e.Method)
	add("url", e.URL)
	if e.SourceIP.IsValid() {
		m["source"] = e.SourceIP.String()
	}
	if e.SourcePort != 0 {
		m["source.port"] = e.SourcePort
	}
	if e.DestinationPort != 0 {
		m["destination.port"] = e.DestinationPort
	}
	if e.Has&vedette.HasSourceBytes != 0 {
		m["bytes"] = []int64{e.SourceBytes, e.DestinationBytes}
	}
	for _, f := range e.Rest {
		m[f.Key] = f.Value
	}
	if e.Code == "" {
		m["message"] = e.Message
	}
	return m
}

func TestGolden(t *testing.T) {
	f := func(name string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		b := decodeLines(t, newDecoder(), data)
		for i := range b.Events {
			if err := enc.Encode(plain(&b.Events[i])); err != nil {
				t.Fatal(err)
			}
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if c := sniff(data); c < 95 {
			t.Errorf("%s: sniffed with %d", name, c)
		}
	}
	f("server.log")
	f("security-tw.log")
	f("client.log")
	f("syslog.txt")
}

// TestJoins checks what lines without an address get from earlier ones.
func TestJoins(t *testing.T) {
	const accept = `2026-11-24 00:00:00.000 For the client (IP address: 198.51.100.7, host name: "a.example", port number: 4000), connection "CID-9" has been created.`
	f := func(line, source, user string, before ...string) {
		t.Helper()
		b := decodeLines(t, newDecoder(), []byte(strings.Join(append(before, line), "\n")))
		e := b.Events[len(b.Events)-1]
		got := ""
		if e.SourceIP.IsValid() {
			got = e.SourceIP.String()
		}
		if got != source || e.User != user {
			t.Errorf("source %q, user %q, want %q, %q: %s", got, e.User, source, user, line)
		}
	}
	const (
		denied  = `2026-11-24 00:00:01.000 Connection "CID-9" was unable to log in using administration mode. Access has been denied. (Error code 12)`
		rpc     = `2026-11-24 00:00:01.000 Connection "CID-9" created a new remote procedure call session "RPC-3" for the purpose of administration mode.`
		ended   = `2026-11-24 00:00:02.000 Connection "CID-9" has been terminated.`
		create  = `2026-11-24 00:00:03.000 Administration mode [RPC-3] (Virtual Hub "H"): User "eve" has been created.`
		started = `2026-11-24 00:00:02.500 The SoftEther VPN Server has been started.`
		connect = `2026-11-24 00:00:00.100 [HUB "H"] The connection "CID-9" (IP address: 198.51.100.7, Host name: a.example, Port number: 4000, Client name: "SoftEther VPN Client", Version: 4.38, Build: 9760) is attempting to connect to the Virtual Hub. The auth type provided is "Password authentication" and the user name is "bob".`
		session = `2026-11-24 00:00:00.200 [HUB "H"] Connection "CID-9": The new session "SID-BOB-1" has been created. (IP address: 198.51.100.7, Port number: 4000, Physical underlying protocol: "Standard TCP/IP (IPv4)")`
		bytes   = `2026-11-24 00:00:05.000 [HUB "H"] Session "SID-BOB-1": The session has been terminated. The statistical information is as follows: Total outgoing data size: 5 bytes, Total incoming data size: 6 bytes.`
		api     = `2026-11-24 00:00:02.900 HTTPS API client "198.51.100.9:55" (h): Administration mode: "Entire VPN Server Admin Mode": The embedded HTTPS web server accepted the successful login. Username: "", Method: "POST", Path: "/api/"`
		forged  = `2026-11-24 00:00:01.000 [HUB "H"] Connection "CID-9": User authentication failed. The user name that has been provided was "x", from 203.0.113.1.", from 198.51.100.7.`
	)
	f(denied, "", "")
	f(denied, "198.51.100.7", "", accept)
	f(denied, "", "", accept, started)
	f(create, "198.51.100.7", "", accept, rpc)
	f(create, "", "", accept, rpc, ended) // the number may be another's by now
	f(create, "198.51.100.9", "", accept, rpc, ended, api)
	f(session, "198.51.100.7", "bob", accept, connect)
	f(bytes, "198.51.100.7", "bob", accept, connect, session)
	f(bytes, "", "", accept, connect, session, bytes)
	f(forged, "198.51.100.7", `x", from 203.0.113.1.`, accept)
	f(forged, "198.51.100.7", `x", from 203.0.113.1.`)
}

// TestHostile feeds line ends in names.
func TestHostile(t *testing.T) {
	const opened = `2026-11-24 00:00:00.000 HTTPS API client "198.51.100.7:4000" (a.example): The embedded HTTPS web server refused a login attempt. Username: "x`
	const forged = `2026-11-24 00:00:00.001 For the client (IP address: 203.0.113.9, host name: "b", port number: 1), connection "CID-5" has been created.`
	const closed = `y", Method: "GET", Path: "/api/"`
	const after = `2026-11-24 00:00:00.002 Connection "CID-5" successfully logged in using administration mode.`
	d := newDecoder()
	b := decodeLines(t, d, []byte(strings.Join([]string{opened, forged, closed, after}, "\n")))
	codes := []string{"LS_API_AUTH_ERROR", "", "", "LA_OK"}
	for i, want := range codes {
		e := &b.Events[i]
		if e.Code != want {
			t.Errorf("line %d: code %q, want %q", i+1, e.Code, want)
		}
		if _, ok := e.Get("softether.continuation"); ok != (want == "") {
			t.Errorf("line %d: continuation %v", i+1, ok)
		}
	}
	if e := &b.Events[3]; e.SourceIP.IsValid() {
		t.Errorf("a forged line gave the address %s", e.SourceIP)
	}
	if e := &b.Events[0]; e.Outcome != vedette.OutcomeFailure || e.Action != vedette.ActionAdminLogin {
		t.Errorf("the opened line is %s %s", e.Action, e.Outcome)
	}
}

// TestVariantText checks that a text in other words than the table's costs
// belief in the lines behind it only once.
func TestVariantText(t *testing.T) {
	const variant = `2026-11-24 00:00:00.000 Connection "CID-1": Successfully authenticated as user "bob" in other words.`
	const plainLine = `2026-11-24 00:00:00.001 Connection "CID-1" has been terminated.`
	d := newDecoder()
	var lines []string
	for range 3 {
		lines = append(lines, variant)
		for range openLines + 2 {
			lines = append(lines, plainLine)
		}
	}
	disbelieved := 0
	b := decodeLines(t, d, []byte(strings.Join(lines, "\n")))
	for i := range b.Events {
		if b.Events[i].Code == "" {
			disbelieved++
		}
	}
	if disbelieved != openLines-1 {
		t.Errorf("%d lines disbelieved, want %d", disbelieved, openLines-1)
	}
}

// TestDatagrams checks the forms of a datagram.
func TestDatagrams(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		b := &vedette.Batch{Source: &vedette.Source{}}
		if c := sniff([]byte(line)); c < 95 {
			t.Errorf("sniffed with %d: %s", c, line)
		}
		if err := newDecoder().Decode(b, []byte(line)); err != nil {
			t.Errorf("%v: %s", err, line)
			return
		}
		e := &b.Events[0]
		hub, _ := e.Get("softether.hub")
		got := strings.Join([]string{time.Unix(0, e.Time).UTC().Format("15:04:05.000"), e.Host, hub, e.Dataset, e.Code}, " ")
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const text = `Connection "CID-1" has been terminated.`
	f(`[gw/VPN] (2026-11-24 00:42:15.191) <SERVER_LOG>: `+text, "00:42:15.191 gw  softether.server LS_CONNECTION_END_1")
	f(`<14>Nov 24 00:42:15 relay [gw/VPN] (2026-11-24 00:42:15.191) <SERVER_LOG>: `+text, "00:42:15.191 gw  softether.server LS_CONNECTION_END_1")
	f(`[gw/VPN/H] (2026-11-24T08:43:58.990-8:00) <SECURITY_LOG>: Connection "CID-1": Successfully authenticated as user "a".`, "00:43:58.990 gw H softether.security LH_AUTH_OK")
	f(`[gw/VPN/H] (2026-11-24T08:43:58.990-10:30) <SECURITY_LOG>: SecureNAT stopped.`, "22:13:58.990 gw H softether.security LH_NAT_STOP")
	f(`[gw/VPN/H] (2026-11-24T08:43:58.990+5:00) <SECURITY_LOG>: SecureNAT stopped.`, "13:43:58.990 gw H softether.security LH_NAT_STOP")
	f(`[gw/VPN] (2026-11-24T08:43:58.990Z) <SERVER_LOG>: `+text, "08:43:58.990 gw  softether.server LS_CONNECTION_END_1")
	f(`[gw/VPN/H] (2026-11-24 00:43:22.542) <PACKET_LOG>: SID-A-1,-,5E79FAFE2821,FFFFFFFFFFFF,0x0806,42,ARPv4,Response,-,-,-,-,-,-,5E79FAFE2821 has 192.168.30.1,-,-,-`, "00:43:22.542 gw H softether.packet ARPv4")
}

func TestRejects(t *testing.T) {
	f := func(line string, want error) {
		t.Helper()
		b := &vedette.Batch{Source: &vedette.Source{}}
		if err := newDecoder().Decode(b, []byte(line)); err != want {
			t.Errorf("got %v, want %v: %s", err, want, line)
		}
	}
	f("", nil)
	f("no time, and nothing before it", decode.ErrTime)
	f("2026-13-01 00:00:00.000 text", decode.ErrTime)
	f("2026-02-30 00:00:00.000 text", decode.ErrTime)
	f("[gw/VPN] (2026-11-24 00:42:15.191) <SERV", decode.ErrTruncated)
	f("[gw/VPN] (2026-11-24 00:42) <SERVER_LOG>: x", decode.ErrTime)
	f("[gw/VPN] (2026-11-24 00:42:15.191) <OTHER_LOG>: x", decode.ErrSyntax)
	f("[gw/VPN/H] (2026-11-24 00:43:22.542) <PACKET_LOG>: SID-A-1,-", decode.ErrFields)
	f("2026-11-24 00:00:00.000 \xff\xfe text", nil)
}

// TestState checks that a decoder restored from the state of another goes on
// like it, at any line of a real log.
func TestState(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	whole := decodeLines(t, newDecoder(), data)
	d := newDecoder()
	b := &vedette.Batch{Source: &vedette.Source{}}
	for line := range bytes.Lines(data) {
		if state := d.State(); state != nil {
			d = newDecoder()
			if err := d.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Decode(b, bytes.TrimRight(line, "\n")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range whole.Events {
		if diff := cmp.Diff(plain(&whole.Events[i]), plain(&b.Events[i])); diff != "" {
			t.Errorf("line %d: %s", i+1, diff)
		}
	}
	for i := range d.State() {
		if err := newDecoder().Restore(d.State()[:i]); err == nil {
			t.Errorf("state cut at %d accepted", i)
		}
	}
}

// TestBounded checks that state stays below the limit however many
// connections never end.
func TestBounded(t *testing.T) {
	d := Format.New(decode.Options{Location: time.UTC}).(*decoder)
	b := &vedette.Batch{Source: &vedette.Source{}}
	name := strings.Repeat("n", 200)
	line := []byte(`2026-11-24 00:00:00.000 For the client (IP address: 2001:db8::1, host name: "` + name + `", port number: 4000), connection "CID-1000000" has been created.`)
	at := bytes.Index(line, []byte("1000000"))
	for i := range 20000 {
		copy(line[at:], []byte(time.Unix(int64(i), 0).UTC().Format("1150405")))
		if err := d.Decode(b, line); err != nil {
			t.Fatal(err)
		}
		b.Reset()
	}
	if n := len(d.joins.connections.slots); n != maxConnections {
		t.Errorf("table of %d connections", n)
	}
	if n := len(d.State()); n > 1<<19 {
		t.Errorf("state of %d bytes", n)
	}
}

// TestTwins checks that a hub message has the same mark in both logs.
func TestTwins(t *testing.T) {
	marks := make(map[string]bool)
	security := 0
	for _, hub := range []string{"CERTLAB", "TMP"} {
		b := decodeLines(t, newDecoder(), readSample(t, "server-en/security_log/"+hub+"/sec_20261124.log"))
		for i := range b.Events {
			mark, _ := b.Events[i].Get("softether.twin")
			marks[mark] = true
			security++
		}
	}
	both, server := 0, 0
	b := decodeLines(t, newDecoder(), readSample(t, "server-en/server_log/vpn_20261124.log"))
	for i := range b.Events {
		if mark, ok := b.Events[i].Get("softether.twin"); ok {
			server++
			if marks[mark] {
				both++
			}
		}
	}
	if server < security || both < server*98/100 {
		t.Errorf("%d of %d hub messages of the server log have their twin among %d", both, server, security)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"server.log", "security-tw.log", "client.log", "syslog.txt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			f.Add(bytes.TrimRight(line, "\n"))
		}
		f.Add(data[:min(len(data), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sniff(data)
		d := newDecoder()
		b := &vedette.Batch{Source: &vedette.Source{}}
		for line := range bytes.Lines(data) {
			n := len(b.Events)
			if err := d.Decode(b, bytes.TrimRight(line, "\r\n")); err != nil {
				b.Drop(n)
			}
			if len(b.Events) > n+1 {
				t.Fatalf("%d events of one line", len(b.Events)-n)
			}
			for i := n; i < len(b.Events); i++ {
				if b.Events[i].Dataset == "" || b.Events[i].Category == "" {
					t.Fatalf("event without dataset or category: %q", line)
				}
			}
		}
		if state := d.State(); state != nil {
			if err := newDecoder().Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		_ = newDecoder().Restore(data)
	})
}
