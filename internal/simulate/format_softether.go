package simulate

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"
	"time"
)

// softether is a SoftEther VPN server with its server log and the security log
// of its hub. The texts are those of the server's English string table.
//
// Connection numbers rise with time, so what happens is collected first and
// written by settle.
type softether struct {
	org      *org
	server   *stream
	security *stream
	pending  []transaction
	cid, rpc int
	sid      int
	version  string // as in "4.38"
	build    string
}

// transaction is one client's connection; run writes it under its number.
type transaction struct {
	at  time.Time
	act act
	run func(cid string)
}

// hubName is the hub that staff connect to.
const hubName = "SIMSTAFF"

var softetherVersions = [][2]string{{"4.38", "9760"}, {"4.41", "9787"}, {"4.42", "9798"}, {"5.01", "9674"}}

func newSoftether(o *org) *softether {
	v := &softether{org: o, cid: 40 + o.index*3, rpc: 20 + o.index, sid: 1}
	release := softetherVersions[o.index%len(softetherVersions)]
	v.version, v.build = release[0], release[1]
	v.server = o.stream("softether/server_log/vpn_%s.log", "\r\n")
	v.security = o.stream("softether/security_log/"+hubName+"/sec_%s.log", "\r\n")
	v.server.compact, v.security.compact = true, true
	return v
}

// later queues a connection and reports whether the server was logging then.
func (v *softether) later(at time.Time, run func(cid string)) bool {
	v.pending = append(v.pending, transaction{at, v.org.act, run})
	return v.server.awake(at)
}

func (v *softether) settle() {
	sort.SliceStable(v.pending, func(i, j int) bool { return v.pending[i].at.Before(v.pending[j].at) })
	for _, t := range v.pending {
		v.cid++
		v.org.act = t.act
		t.run(fmt.Sprintf("CID-%d", v.cid))
	}
	v.pending, v.org.act = nil, act{}
}

func (v *softether) say(at time.Time, format string, args ...any) bool {
	return v.server.add(at, v.server.clock(at).UTC().Format("2006-01-02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// hub writes to the security log, and to the server log as its twin.
func (v *softether) hub(at time.Time, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	v.security.add(at, v.security.clock(at).UTC().Format("2006-01-02 15:04:05.000 ")+text)
	v.say(at, `[HUB "%s"] %s`, hubName, text)
}

func rdns(a netip.Addr) string {
	return strings.NewReplacer(".", "-", ":", "-").Replace(a.String()) + ".sim.example"
}

// accept writes the beginning of a connection, up to the TLS handshake.
func (v *softether) accept(at time.Time, cid string, client netip.Addr, port int, handshake bool) {
	v.say(at, `On the TCP Listener (Port 443), a Client (IP address %s, Host name "%s", Port number %d) has connected.`, client, rdns(client), port)
	v.say(at, `For the client (IP address: %s, host name: "%s", port number: %d), connection "%s" has been created.`, client, rdns(client), port, cid)
	if handshake {
		v.say(at.Add(55*time.Millisecond), `SSL communication for connection "%s" has been started. The encryption algorithm name is "TLS_AES_256_GCM_SHA384".`, cid)
	}
}

func (v *softether) hangup(at time.Time, cid string, client netip.Addr, port int, cause string, code int) {
	if cause != "" {
		v.say(at, `Connection "%s" terminated by the cause "%s" (code %d).`, cid, cause, code)
	}
	v.say(at, `Connection "%s" has been terminated.`, cid)
	v.say(at, `The connection with the client (IP address %s, Port number %d) has been disconnected.`, client, port)
}

// probe is a client that does not speak the protocol.
func (v *softether) probe(at time.Time, client netip.Addr, handshake bool, d dice) bool {
	if v == nil {
		return false
	}
	port, stays := d.port(), d.seconds(2)
	v.wire(at, client, port, stays, 600, 1900, d)
	return v.later(at, func(cid string) {
		v.accept(at, cid, client, port, handshake)
		if handshake {
			v.hangup(at.Add(stays), cid, client, port, "A client which is non-SoftEther VPN software has connected to the port.", 5)
		} else {
			v.hangup(at.Add(stays), cid, client, port, "", 0)
		}
	})
}

// wire shows a connection to the organization's network sensors.
func (v *softether) wire(at time.Time, client netip.Addr, port int, took time.Duration, sent, received int, d dice) {
	f := flow{at: at, src: client, dst: v.org.host(hostVPN), sport: port, dport: 443, proto: "tcp", service: "ssl",
		took: took + 200*time.Millisecond, sent: sent, received: received, state: "SF",
		tls: &hello{name: "vpn." + v.org.domain, version: "TLSv13", cipher: "TLS_AES_256_GCM_SHA384"}}
	f.identify(d)
	v.org.flow(f)
}

// visit is a login of a VPN user.
type visit struct {
	at      time.Time
	client  netip.Addr
	user    string
	host    string
	machine string // unique ID
	ok      bool
	stays   time.Duration
	cascade bool
}

// session writes a visit and reports whether the server was logging.
func (v *softether) session(w visit, d dice) bool {
	if v == nil {
		return false
	}
	port, out, in := d.port(), d.between(20000, 5000000), d.between(20000, 90000000)
	if w.ok {
		v.wire(w.at, w.client, port, w.stays, in, out, d)
	} else {
		v.wire(w.at, w.client, port, time.Second, 3100, 2900, d)
	}
	return v.later(w.at, func(cid string) {
		product := "SoftEther VPN Client"
		if w.cascade {
			product = "SoftEther VPN Server (Cascade Mode)"
		}
		v.accept(w.at, cid, w.client, port, true)
		t := w.at.Add(90 * time.Millisecond)
		v.hub(t, `The connection "%s" (IP address: %s, Host name: %s, Port number: %d, Client name: "%s", Version: %s, Build: %s) is attempting to connect to the Virtual Hub. The auth type provided is "Password authentication" and the user name is "%s".`,
			cid, w.client, rdns(w.client), port, product, v.version, v.build, w.user)
		if !w.ok {
			from := ""
			if v.version == "5.01" {
				from = fmt.Sprintf(", from %s", w.client)
			}
			v.hub(t, `Connection "%s": User authentication failed. The user name that has been provided was "%s"%s.`, cid, w.user, from)
			v.hangup(t.Add(time.Second), cid, w.client, port, "User authentication failed.", 9)
			return
		}
		v.sid++
		sid := fmt.Sprintf("SID-%s-%d", strings.ToUpper(w.user), v.sid)
		v.hub(t, `Connection "%s": Successfully authenticated as user "%s".`, cid, w.user)
		v.hub(t, `Connection "%s": The new session "%s" has been created. (IP address: %s, Port number: %d, Physical underlying protocol: "Standard TCP/IP (IPv4)")`, cid, sid, w.client, port)
		v.hub(t, `Session "%s": The parameter has been set. Max number of TCP connections: 2, Use of encryption: Yes, Use of compression: No, Use of Half duplex communication: No, Timeout: 20 seconds.`, sid)
		number := strings.ReplaceAll(v.version, ".", "")
		v.hub(t, `Session "%s": VPN Client details: (Client product name: "%s", Client version: %s, Client build number: %s, Server product name: "SoftEther VPN Server (64 bit)", Server version: %s, Server build number: %s, Client OS name: "Windows 10", Client OS version: "Build 19045", Client product ID: "--", Client host name: "%s", Client IP address: "%s", Client port number: %d, Server host name: "vpn.%s", Server IP address: "%s", Server port number: 443, Proxy host name: "", Proxy IP address: "0.0.0.0", Proxy port number: 0, Virtual Hub name: "%s", Client unique ID: "%s")`,
			sid, product, number, v.build, number, v.build, w.host, w.client, port, v.org.domain, v.org.host(hostVPN), hubName, w.machine)
		end := w.at.Add(w.stays)
		v.hub(end, `Session "%s": The session has been terminated. The statistical information is as follows: Total outgoing data size: %d bytes, Total incoming data size: %d bytes.`, sid, out, in)
		v.hangup(end, cid, w.client, port, "The VPN session has been deleted. It is possible that either the administrator disconnected the session or the connection from the client to the VPN Server has been disconnected.", 11)
	})
}

// deed is something an administrator does. A deed of the hub is written with
// the hub's prefix.
type deed struct {
	hub  bool
	text string
}

// administer is an administrator's connection: a wrong password, or a login and
// what was done then. It reports whether the server was logging.
func (v *softether) administer(at time.Time, client netip.Addr, ok bool, deeds []deed, d dice) bool {
	if v == nil {
		return false
	}
	port := d.port()
	gaps := make([]time.Duration, len(deeds)+1)
	for i := range gaps {
		gaps[i] = d.seconds(25)
	}
	v.wire(at, client, port, time.Duration(1+len(deeds))*20*time.Second, 4000+900*len(deeds), 6000+1500*len(deeds), d)
	return v.later(at, func(cid string) {
		v.accept(at, cid, client, port, true)
		t := at.Add(70 * time.Millisecond)
		v.say(t, `Connection "%s" connected using server admin mode.`, cid)
		if !ok {
			v.say(t, `Connection "%s" was unable to log in using administration mode. Access has been denied. (Error code 12)`, cid)
			v.hangup(t.Add(300*time.Millisecond), cid, client, port, "No error.", 0)
			return
		}
		v.rpc++
		v.say(t, `Connection "%s" successfully logged in using administration mode.`, cid)
		v.say(t, `Connection "%s" created a new remote procedure call session "RPC-%d" for the purpose of administration mode.`, cid, v.rpc)
		for i, x := range deeds {
			t = t.Add(gaps[i])
			if x.hub {
				v.hub(t, `Administration mode [RPC-%d] (Virtual Hub "%s"): %s`, v.rpc, hubName, x.text)
			} else {
				v.say(t, `Administration mode [RPC-%d]: %s`, v.rpc, x.text)
			}
		}
		v.hangup(t.Add(gaps[len(deeds)]), cid, client, port, "No error.", 0)
	})
}

// dialOut is this server's own cascade connection to another server.
func (v *softether) dialOut(at time.Time, name, remoteUser string, number int) bool {
	if v == nil {
		return false
	}
	return v.later(at, func(string) {
		v.hub(at, `Starting Cascade Connection "%s": connection number %d.`, name, number)
		v.hub(at.Add(400*time.Millisecond), `The Cascade Connection "%s" is connected. Session name: "SID-%s-%d"`, name, strings.ToUpper(remoteUser), number+1)
		v.hub(at.Add(400*time.Millisecond), `The Cascade Connection "%s" has been established. The Cascade session "SID-LINK-%d" was created.`, name, number)
	})
}
