package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

var options = decode.Options{
	Location:  time.FixedZone("", 8*3600),
	Reference: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC),
}

func show(e *vedette.Event) string {
	var s strings.Builder
	s.WriteString(time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano))
	add := func(key string, v any) {
		if text := fmt.Sprint(v); text != "" && text != "0" && text != "invalid IP" {
			fmt.Fprintf(&s, " %s=%q", key, text)
		}
	}
	add("dataset", strings.TrimPrefix(e.Dataset, "system."))
	add("category", e.Category)
	add("action", e.Action)
	add("outcome", e.Outcome)
	add("code", e.Code)
	add("from", e.SourceIP)
	add("port", e.SourcePort)
	add("user", e.User)
	add("host", e.Host)
	for _, f := range e.Rest {
		add(f.Key, f.Value)
	}
	add("msg", e.Message)
	return s.String()
}

func TestHeader(t *testing.T) {
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
	const at = `2024-01-02T03:04:05Z dataset="syslog"`
	const su = ` facility="auth" severity="crit"`
	// RFC 3164, with and without priority, host and program
	f("<34>Jan  2 11:04:05 gw app: text", at+` host="gw"`+su+` program="app" msg="text"`)
	f("Jan  2 11:04:05 gw app[123]: text: more", at+` host="gw" program="app" pid="123" msg="text: more"`)
	f("Jan 2 11:04:05 2001:db8::1 app[123]: text", at+` host="2001:db8::1" program="app" pid="123" msg="text"`)
	f("Jan 02 11:04:05 198.51.100.1 text only", at+` host="198.51.100.1" msg="text only"`)
	f("Jan  2 11:04:05 app[123]: text", at+` program="app" pid="123" msg="text"`)
	f("Jan  2 11:04:05 gw last message repeated 3 times", at+` host="gw" msg="last message repeated 3 times"`)
	f("Jan  2 11:04:05 gw /usr/sbin/cron[1]: text", at+` host="gw" program="/usr/sbin/cron" pid="1" msg="text"`)
	f("Jan  2 11:04:05 gw app:", at+` host="gw" program="app"`)
	f("<165>Jan 02 2024 11:04:05 gw : %ASA-6-302013: Built", at+` host="gw" facility="local4" severity="notice" program="%ASA-6-302013" msg="Built"`)
	f("<165>Jan 02 2024 11:04:05: %ASA-6-302013: Built", at+` facility="local4" severity="notice" program="%ASA-6-302013" msg="Built"`)
	f("Dec 31 23:04:05 gw app: text", `2023-12-31T15:04:05Z dataset="syslog" host="gw" program="app" msg="text"`)
	// rsyslog's file format
	f("2024-01-02T11:04:05.25+08:00 gw kernel: [1.2] text", `2024-01-02T03:04:05.25Z dataset="syslog" host="gw" program="kernel" msg="[1.2] text"`)
	f("<34>2024-01-02T03:04:05Z gw app: text", at+` host="gw"`+su+` program="app" msg="text"`)
	// RFC 5424
	f("<34>1 2024-01-02T03:04:05Z gw app 123 ID47 - \xef\xbb\xbftext", at+` host="gw"`+su+` program="app" pid="123" msgid="ID47" msg="text"`)
	f(`72 <34>1 2024-01-02T03:04:05Z - - - - [a@1 x="1" y="a \"b\" \] c\d"][b] text`, at+su+` a@1.x="1" a@1.y="a \"b\" ] c\\d" msg="text"`)
	f("<34>1 2024-01-02T03:04:05Z - - - - -", at+su)
}

func TestRejects(t *testing.T) {
	d := Format.New(options)
	f := func(line string, want error) {
		t.Helper()
		var b vedette.Batch
		if err := d.Decode(&b, []byte(line)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", line, err, want)
		}
	}
	f("", nil)
	f("just text", decode.ErrSyntax)
	f("\tat com.example.Main", decode.ErrSyntax)
	f("<999>Jan  2 11:04:05 gw app: text", decode.ErrSyntax)
	f("<13>text without a time", decode.ErrTime)
	f("<13>", decode.ErrTime)
	f("<34>1 - gw app 1 - - text", decode.ErrTime)
	f("<34>1 yesterday gw app 1 - - text", decode.ErrTime)
	f("<34>1 2024-01-02T03:04:05Z gw", decode.ErrTruncated)
	f(`<34>1 2024-01-02T03:04:05Z gw app 1 - [a x="] text`, decode.ErrSyntax)
	f("Feb 30 11:04:05 gw app: text", decode.ErrSyntax)
}

// sshChecker returns a function that decodes messages of one sshd, a line each,
// and compares.
func sshChecker(t *testing.T) func(messages, want string) {
	return func(messages, want string) {
		t.Helper()
		d := Format.New(options)
		var b vedette.Batch
		for m := range strings.SplitSeq(messages, "\n") {
			if err := d.Decode(&b, []byte("Jan  2 11:04:05 gw sshd[7]: "+m)); err != nil {
				t.Fatalf("%s: %v", m, err)
			}
		}
		var got []string
		for i := range b.Events {
			e := &b.Events[i]
			peer := ""
			if e.SourceIP.IsValid() {
				peer = fmt.Sprintf("%v:%d", e.SourceIP, e.SourcePort)
			}
			got = append(got, fmt.Sprintf("%s/%s/%v %s %s %q", e.Category, e.Action, e.Outcome, e.Code, peer, e.User))
			if e.Dataset != vedette.DatasetAuth {
				t.Errorf("dataset %s of %s", e.Dataset, e.Message)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s\n%s", messages, diff)
		}
	}
}

const login = "authentication/login/"

func TestSSH(t *testing.T) {
	f := sshChecker(t)
	f("Accepted password for root from 203.0.113.9 port 51000 ssh2", login+`success accepted 203.0.113.9:51000 "root"`)
	f("Accepted publickey for git from 2001:db8::9 port 5 ssh2: ED25519-CERT SHA256:x ID a from 192.0.2.66 port 1 ssh2 (serial 1) CA RSA SHA256:y",
		login+`success accepted 2001:db8::9:5 "git"`)
	f("Failed password for root from 203.0.113.9 port 5 ssh2", login+`failure failed 203.0.113.9:5 "root"`)
	f("Failed keyboard-interactive/pam for invalid user a b from 203.0.113.9 port 5 ssh2", login+`failure failed 203.0.113.9:5 "a b"`)
	f("Failed none for invalid user x from 203.0.113.9 port 5 ssh2", login+` failed 203.0.113.9:5 "x"`)
	f("Postponed publickey for ann from 203.0.113.9 port 5 ssh2 [preauth]", login+` partial 203.0.113.9:5 "ann"`)
	// names that try to pass for an address, and an empty one
	f("Failed password for invalid user x from 192.0.2.66 port 22 ssh2 from 203.0.113.9 port 5 ssh2", login+`failure failed 203.0.113.9:5 "x from 192.0.2.66 port 22 ssh2"`)
	f(`Failed password for invalid user "';-- from 203.0.113.9 port 5 ssh2`, login+`failure failed 203.0.113.9:5 "\"';--"`)
	f("Failed password for invalid user  from 203.0.113.9 port 5 ssh2", login+`failure failed 203.0.113.9:5 ""`)
	f("Invalid user x from 192.0.2.66 port 9 from 203.0.113.9 port 5", login+` invalid-user 203.0.113.9:5 "x from 192.0.2.66 port 9"`)
	f("Connection closed by invalid user a 192.0.2.66 port 1 203.0.113.9 port 5 [preauth]", login+`failure ended 203.0.113.9:5 "a 192.0.2.66 port 1"`)
	f("Connection closed by invalid user  203.0.113.9 port 5 [preauth]", login+`failure ended 203.0.113.9:5 ""`)
}

// One failure a try, however many lines tell of it.
func TestSSHCountsOnce(t *testing.T) {
	f := sshChecker(t)
	f(`Invalid user x from 203.0.113.9 port 5
pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9
Failed password for invalid user x from 203.0.113.9 port 5 ssh2
Failed password for invalid user x from 203.0.113.9 port 5 ssh2
error: maximum authentication attempts exceeded for invalid user x from 203.0.113.9 port 5 ssh2 [preauth]
Disconnecting invalid user x 203.0.113.9 port 5: Too many authentication failures [preauth]
Connection closed by invalid user x 203.0.113.9 port 5 [preauth]
Connection closed by invalid user x 203.0.113.9 port 5 [preauth]`,
		login+` invalid-user 203.0.113.9:5 "x"
`+login+` pam-failure 203.0.113.9:0 ""
`+login+`failure failed 203.0.113.9:5 "x"
`+login+`failure failed 203.0.113.9:5 "x"
`+login+` too-many-attempts 203.0.113.9:5 "x"
`+login+` ended 203.0.113.9:5 "x"
`+login+` ended 203.0.113.9:5 "x"
`+login+`failure ended 203.0.113.9:5 "x"`) // the port is used again
	f(`Invalid user x from 203.0.113.9 port 5
Connection reset by invalid user x 203.0.113.9 port 5 [preauth]`,
		login+` invalid-user 203.0.113.9:5 "x"
`+login+`failure ended 203.0.113.9:5 "x"`)
	f("message repeated 2 times: [ Failed password for root from 203.0.113.9 port 5 ssh2]",
		login+"failure failed 203.0.113.9:5 \"root\"\n"+login+`failure failed 203.0.113.9:5 "root"`)
}

func TestSSHNoLogin(t *testing.T) {
	f := sshChecker(t)
	f("Disconnected from user ann 203.0.113.9 port 5", `session/logout/ disconnected 203.0.113.9:5 "ann"`)
	f("Received disconnect from 203.0.113.9 port 5:11: Bye from 192.0.2.66 port 1 [preauth]", `network// disconnect 203.0.113.9:5 ""`)
	f("Connection closed by 203.0.113.9 port 5 [preauth]", `network//  203.0.113.9:5 ""`)
	f("Bad protocol version identification 'GET / from 192.0.2.66 port 1' from 203.0.113.9 port 5", `network//  203.0.113.9:5 ""`)
	f("Did not receive identification string from 203.0.113.9 port 5", `network//  203.0.113.9:5 ""`)
	f("pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)", `session// session-opened  "ann"`)
	f("Server listening on 0.0.0.0 port 22.", `network//   ""`)
}

func TestOtherPrograms(t *testing.T) {
	d := Format.New(options)
	f := func(line, want string) {
		t.Helper()
		var b vedette.Batch
		if err := d.Decode(&b, []byte("Jan  2 11:04:05 gw "+line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got := show(&b.Events[0])
		got = got[strings.Index(got, " ")+1 : strings.Index(got, " msg=")]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", line, diff)
		}
	}
	f("dropbear[3]: Bad password attempt for 'root' from 203.0.113.9:4444", `dataset="auth" category="authentication" action="login" outcome="failure" from="203.0.113.9" port="4444" user="root" host="gw" program="dropbear" pid="3"`)
	f("dropbear[3]: Password auth succeeded for 'root' from 2001:db8::9:4444", `dataset="auth" category="authentication" action="login" outcome="success" from="2001:db8::9" port="4444" user="root" host="gw" program="dropbear" pid="3"`)
	f("sudo:   ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/id", `dataset="auth" category="process" outcome="success" code="sudo" user="ann" host="gw" program="sudo" target_user="root" command="/bin/id"`)
	f("sudo: ann : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id", `dataset="auth" category="process" outcome="failure" code="sudo" user="ann" host="gw" program="sudo" target_user="root" command="/bin/id"`)
	f("su[1]: FAILED SU (to root) ann on pts/1", `dataset="auth" category="authentication" outcome="failure" code="su" user="ann" host="gw" program="su" pid="1" target_user="root"`)
	f("useradd[1]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/sh", `dataset="auth" category="iam" action="user-created" outcome="success" host="gw" program="useradd" pid="1" target_user="bob"`)
	f("passwd[1]: pam_unix(passwd:chauthtok): password changed for bob", `dataset="auth" category="iam" action="user-changed" outcome="success" host="gw" program="passwd" pid="1" target_user="bob"`)
	f("vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=203.0.113.9  user=bob", `dataset="auth" category="authentication" action="login" outcome="failure" code="pam-failure" from="203.0.113.9" user="bob" host="gw" program="vsftpd"`)
	f("vsftpd: pam_unix(vsftpd:auth): authentication failure; ruser=a rhost=192.0.2.66 rhost=203.0.113.9", `dataset="auth" category="authentication" action="login" outcome="failure" code="pam-failure" host="gw" program="vsftpd"`)
	f("postfix/smtpd[9]: warning: a.example[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=bob", `dataset="auth" category="authentication" action="login" outcome="failure" from="203.0.113.9" user="bob" host="gw" program="postfix/smtpd" pid="9"`)
	f("postfix/submission/smtpd[9]: 4A1: client=a.example[203.0.113.9], sasl_method=PLAIN, sasl_username=bob", `dataset="auth" category="authentication" action="login" outcome="success" from="203.0.113.9" user="bob" host="gw" program="postfix/submission/smtpd" pid="9"`)
	f("postfix/smtpd[9]: connect from a.example[203.0.113.9]", `dataset="syslog" host="gw" program="postfix/smtpd" pid="9"`)
	f("dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.1, mpid=7, TLS, session=<x>", `dataset="auth" category="authentication" action="login" outcome="success" from="203.0.113.9" user="bob" host="gw" program="dovecot"`)
	f("dovecot: pop3-login: Disconnected: Connection closed (auth failed, 2 attempts in 6 secs): user=<b, rip=192.0.2.66, lip=>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.1", `dataset="auth" category="authentication" action="login" outcome="failure" from="203.0.113.9" user="b, rip=192.0.2.66, lip=" host="gw" program="dovecot"`)
	f("dovecot: auth: pam_unix(dovecot:auth): authentication failure; ruser=bob rhost=203.0.113.9", `dataset="syslog" host="gw" program="dovecot"`)
	f("CRON[1]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", `dataset="syslog" category="session" code="session-opened" user="root" host="gw" program="CRON" pid="1"`)
}

// counter is a payload with state: "count" lines are numbered, "bad" ones fail,
// "quiet" ones give no event.
type counter struct{ n byte }

func (c *counter) Decode(b *vedette.Batch, rec []byte) error {
	switch {
	case bytes.HasPrefix(rec, []byte("count")):
		c.n++
		e := b.Add()
		e.Dataset, e.Code = "count", fmt.Sprint(c.n)
		return nil
	case bytes.HasPrefix(rec, []byte("quiet")):
		return nil
	}
	b.Add().Dataset = "wrong"
	return decode.ErrSyntax
}
func (c *counter) State() []byte          { return []byte{c.n} }
func (c *counter) Restore(s []byte) error { c.n = s[0]; return nil }

func TestPayloadAndState(t *testing.T) {
	asked := 0
	o := options
	o.Payload = func(msg []byte) decode.Decoder {
		asked++
		if bytes.HasPrefix(msg, []byte("count")) || bytes.HasPrefix(msg, []byte("bad")) {
			return new(counter)
		}
		return nil
	}
	d := Format.New(o).(decode.Stateful)
	var b vedette.Batch
	f := func(line, dataset, code, host string) {
		t.Helper()
		if err := d.Decode(&b, []byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		e := &b.Events[len(b.Events)-1]
		if e.Dataset != dataset || e.Code != code || e.Host != host || e.Time != 1704164645e9 {
			t.Errorf("%s: %s", line, show(e))
		}
	}
	f("Jan  2 11:04:05 gw app: count", "count", "1", "gw")
	f("Jan  2 11:04:05 gw app: count", "count", "2", "gw")
	f("Jan  2 11:04:05 gw app: bad", vedette.DatasetSyslog, "", "gw")
	f("Jan  2 11:04:05 gw app: quiet", vedette.DatasetSyslog, "", "gw")
	f("Jan  2 11:04:05 gw2 app: count", "count", "1", "gw2")
	f("Jan  2 11:04:05 gw count", "count", "1", "gw") // another program
	f("Jan  2 11:04:05 gw app: text", vedette.DatasetSyslog, "", "gw")
	if asked != 6 {
		t.Errorf("asked %d times for a decoder", asked)
	}
	if err := d.Decode(&b, []byte("Jan  2 11:04:05 gw sshd[7]: Failed password for root from 203.0.113.9 port 5 ssh2")); err != nil {
		t.Fatal(err)
	}
	saved := d.State()
	o.Reference = o.Reference.AddDate(2, 0, 0) // found again two years later
	d = Format.New(o).(decode.Stateful)
	if err := d.Restore(saved); err != nil {
		t.Fatal(err)
	}
	f("Jan  2 11:04:05 gw app: count", "count", "3", "gw")
	if err := d.Decode(&b, []byte("Jan  2 11:04:05 gw sshd[7]: Connection closed by authenticating user root 203.0.113.9 port 5 [preauth]")); err != nil {
		t.Fatal(err)
	}
	if e := &b.Events[len(b.Events)-1]; e.Outcome != vedette.OutcomeUnknown {
		t.Error("a failure was counted again after a restart")
	}
	if err := d.Restore([]byte("{}")); err == nil {
		t.Error("a state of another version was taken")
	}
}

func TestBounds(t *testing.T) {
	o := options
	o.Payload = func([]byte) decode.Decoder { return new(counter) }
	d := Format.New(o).(decode.Stateful)
	var b vedette.Batch
	pad := strings.Repeat("x", 3000)
	for i := range 5000 {
		b.Reset()
		if err := d.Decode(&b, fmt.Appendf(nil, "Jan  2 11:04:05 gw%d app: count%s", i, pad)); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&b, fmt.Appendf(nil, "Jan  2 11:04:05 gw sshd[7]: Failed password for root from 203.0.113.9 port %d ssh2", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.State()); n >= 1<<20 {
		t.Errorf("state has %d bytes", n)
	}
}

func TestSniff(t *testing.T) {
	f := func(head string, want decode.Confidence) {
		t.Helper()
		if got := Format.Sniff([]byte(head)); got != want {
			t.Errorf("sniff(%q) = %d, want %d", head, got, want)
		}
	}
	f("Jan  2 11:04:05 gw app: text\n", 45)
	f("<34>1 2024-01-02T03:04:05Z gw app 1 - - text", 45)
	f("2024-01-02T03:04:05+08:00 gw app: text\r\n", 45)
	f("<189>date=2024-01-02", 45)
	f("a\nb\nJan  2 11:04:05 gw app: text\n", 20)
	f("2024-01-02 03:04:05 text", 0)
	f(`{"time":"2024"}`, 0)
	f("", 0)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"<34>Jan  2 11:04:05 gw sshd[7]: Failed password for invalid user x from 203.0.113.9 port 5 ssh2",
		`<34>1 2024-01-02T03:04:05Z gw app 1 ID [a x="\"]"][b] text`,
		"2024-01-02T03:04:05Z gw sudo: a : TTY=x ; USER=root ; COMMAND=y",
		"Jan  2 11:04:05 gw sshd[7]: message repeated 3 times: [ Connection closed by invalid user  203.0.113.9 port 5 [preauth]]",
		"Jan  2 11:04:05 gw su: pam_unix(su:auth): authentication failure; ruser= rhost=203.0.113.9 user=x",
		"12 <1>count",
	} {
		f.Add([]byte(s))
	}
	o := options
	o.Payload = func(msg []byte) decode.Decoder { return new(counter) }
	f.Fuzz(func(t *testing.T, rec []byte) {
		d := Format.New(o).(decode.Stateful)
		var b vedette.Batch
		before := bytes.Clone(rec)
		err := d.Decode(&b, rec)
		if !bytes.Equal(before, rec) {
			t.Fatal("the record was changed")
		}
		if err == nil && len(b.Events) == 0 && len(bytes.Trim(rec, "\r\n\x00 ")) > 0 {
			t.Fatal("a record was lost without a reason")
		}
		if state := d.State(); state != nil {
			if err := d.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		Format.Sniff(rec)
	})
}

func BenchmarkDecode(b *testing.B) {
	bench := func(name, format string, args func(i int) []any) {
		b.Run(name, func(b *testing.B) {
			d := Format.New(options)
			var lines [][]byte
			size := 0
			for i := range 1000 {
				line := fmt.Appendf(nil, format, args(i)...)
				lines = append(lines, line)
				size += len(line) + 1
			}
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
		})
	}
	bench("plain", "<34>Jan  2 11:04:05 gw app[%d]: Started session %d of user ann.", func(i int) []any { return []any{i, i} })
	bench("sshd", "Jan  2 11:04:05 gw sshd[%d]: Failed password for invalid user x from 203.0.113.9 port %d ssh2", func(i int) []any { return []any{i, i + 1} })
	bench("rfc5424", `<34>1 2024-01-02T03:04:%02dZ gw app %d ID47 [a@1 x="1"] text of the message`, func(i int) []any { return []any{i % 60, i} })
}
