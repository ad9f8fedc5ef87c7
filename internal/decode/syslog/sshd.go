package syslog

import (
	"bytes"
	"net/netip"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// Of one failed login sshd may write four lines: PAM's "authentication failure",
// "Invalid user", "Failed password" (one for each try) and how the connection
// ended. The "Failed" lines are the failures; the others carry the action but no
// outcome. Where a connection ends before any (a server that takes keys only
// writes no "Failed"), its end is the failure. Which connections had theirs is
// remembered by peer address and port.

var (
	pamPrefix = []byte("pam_")
	fromWord  = []byte(" from ")
)

// sshd understands the messages of OpenSSH's server.
func (d *decoder) sshd(b *vedette.Batch, e *vedette.Event, msg []byte) {
	e.Dataset, e.Category, e.Protocol = vedette.DatasetAuth, vedette.CategoryAuthentication, "ssh"
	msg = bytes.TrimSuffix(msg, []byte(" [preauth]"))
	msg = bytes.TrimPrefix(msg, []byte("error: "))
	switch {
	case d.attempt(b, e, msg), d.ended(e, msg):
		e.Keep = true
	case bytes.HasPrefix(msg, pamPrefix):
		d.pam(b, e, msg)
	case bytes.HasPrefix(msg, []byte("Received disconnect from ")):
		// What follows the port is the client's own text.
		e.Category, e.Code = vedette.CategoryNetwork, "disconnect"
		address, rest, _ := bytes.Cut(msg[len("Received disconnect from "):], []byte(" port "))
		port, _, _ := bytes.Cut(rest, []byte{':'})
		setPeer(e, address, port)
	default:
		e.Category = vedette.CategoryNetwork
		text, ok := bytes.CutPrefix(msg, ends[0])
		if !ok {
			text, ok = bytes.CutPrefix(msg, ends[1])
		}
		if ok { // "Connection closed by ADDRESS port N"
			address, port, _ := bytes.Cut(text, []byte(" port "))
			setPeer(e, address, digits(port))
		} else if _, address, port, ok := from(msg, bytes.LastIndex); ok {
			setPeer(e, address, port)
		}
	}
}

// attempt reads the lines about one try of a user.
func (d *decoder) attempt(b *vedette.Batch, e *vedette.Event, msg []byte) bool {
	verb, rest, _ := bytes.Cut(msg, []byte{' '})
	find := bytes.LastIndex // a user name may itself hold "from 192.0.2.1 port 22"
	outcome, code := vedette.OutcomeUnknown, ""
	switch string(verb) {
	case "Accepted":
		// The account exists, and a certificate's name stands behind the address.
		find, outcome, code = bytes.Index, vedette.OutcomeSuccess, "accepted"
	case "Failed":
		outcome, code = vedette.OutcomeFailure, "failed"
	case "Postponed", "Partial":
		code = "partial"
	case "Invalid":
		if rest, ok := bytes.CutPrefix(rest, []byte("user ")); ok {
			return user(e, rest, find, "invalid-user", outcome)
		}
		return false
	case "maximum":
		if rest, ok := bytes.CutPrefix(rest, []byte("authentication attempts exceeded for ")); ok &&
			user(e, bytes.TrimPrefix(rest, []byte("invalid user ")), find, "too-many-attempts", outcome) {
			d.lastWord(e)
			return true
		}
		return false
	default:
		return false
	}
	method, rest, ok := bytes.Cut(rest, []byte(" for "))
	if !ok {
		return false
	}
	name, unknown := bytes.CutPrefix(rest, []byte("invalid user "))
	if !unknown {
		name = bytes.TrimPrefix(rest, []byte("illegal user ")) // before OpenSSH 3.9
	}
	if string(method) == "none" { // every client asks so which methods there are
		outcome = vedette.OutcomeUnknown
	}
	if !user(e, name, find, code, outcome) {
		return false
	}
	b.AddRest(e, "method", decode.String(method))
	if unknown {
		b.AddRest(e, "user_unknown", "true")
	}
	if outcome == vedette.OutcomeFailure && e.SourceIP.IsValid() {
		d.failed.mark(netip.AddrPortFrom(e.SourceIP, e.SourcePort))
	}
	return true
}

// user reads "NAME from ADDRESS port N" and makes it a login.
func user(e *vedette.Event, s []byte, find func(s, sep []byte) int, code string, outcome vedette.Outcome) bool {
	name, address, port, ok := from(s, find)
	if !ok {
		return false
	}
	e.Action, e.Code, e.Outcome = vedette.ActionLogin, code, outcome
	e.User = decode.String(name)
	setPeer(e, address, port)
	return true
}

// from cuts "BEFORE from ADDRESS port N ..." at the "from" that find chooses.
func from(s []byte, find func(s, sep []byte) int) (before, address, port []byte, ok bool) {
	i := find(s, fromWord)
	rest := s
	switch {
	case i >= 0:
		before, rest = s[:i], s[i+len(fromWord):]
	case bytes.HasPrefix(s, []byte("from ")): // of a user without a name
		rest = s[len("from "):]
	default:
		return nil, nil, nil, false
	}
	address, rest, _ = bytes.Cut(rest, []byte{' '})
	if more, ok := bytes.CutPrefix(rest, []byte("port ")); ok {
		port = digits(more)
	}
	return before, address, port, true
}

func digits(s []byte) []byte {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return s[:n]
}

// ends are the ways in which a connection ends before a login.
var ends = [][]byte{
	[]byte("Connection closed by "), []byte("Connection reset by "), []byte("Disconnected from "), []byte("Disconnecting "),
}

// ended reads how a connection with a user name ended: "Connection closed by
// invalid user NAME ADDRESS port N".
func (d *decoder) ended(e *vedette.Event, msg []byte) bool {
	for _, prefix := range ends {
		rest, ok := bytes.CutPrefix(msg, prefix)
		if !ok {
			continue
		}
		name, session := bytes.CutPrefix(rest, []byte("user "))
		if !session {
			if name, ok = bytes.CutPrefix(rest, []byte("authenticating user ")); !ok {
				name, ok = bytes.CutPrefix(rest, []byte("invalid user "))
			}
		}
		// The name may hold anything, the end is sshd's: the last "port" counts.
		i := bytes.LastIndex(name, []byte(" port "))
		if !ok && !session || i < 0 {
			return false
		}
		port := digits(name[i+len(" port "):])
		if name = name[:i]; len(port) == 0 {
			return false
		}
		i = bytes.LastIndexByte(name, ' ')
		setPeer(e, name[i+1:], port)
		e.User = decode.String(name[:max(i, 0)])
		if session {
			e.Category, e.Action, e.Code = vedette.CategorySession, vedette.ActionLogout, "disconnected"
			return true
		}
		e.Action, e.Code = vedette.ActionLogin, "ended"
		d.lastWord(e)
		if prefix[0] == 'C' {
			d.failed.forget(netip.AddrPortFrom(e.SourceIP, e.SourcePort))
		}
		return true
	}
	return false
}

// lastWord makes e the failure of its connection unless that had one.
func (d *decoder) lastWord(e *vedette.Event) {
	if e.SourceIP.IsValid() && d.failed.count(netip.AddrPortFrom(e.SourceIP, e.SourcePort)) {
		e.Outcome = vedette.OutcomeFailure
	}
}

// setPeer sets the source if address is one; a host name is in the message.
func setPeer(e *vedette.Event, address, port []byte) {
	addr, err := netip.ParseAddr(decode.String(bytes.TrimSuffix(address, []byte{':'})))
	if err != nil {
		return
	}
	e.SourceIP = addr.WithZone("").Unmap()
	if n, ok := number(port); ok && n <= 65535 {
		e.SourcePort = uint16(n)
	}
}

// dropbear understands the SSH server of routers and other small devices.
func (d *decoder) dropbear(b *vedette.Batch, e *vedette.Event, msg []byte) {
	e.Dataset, e.Category, e.Protocol = vedette.DatasetAuth, vedette.CategoryNetwork, "ssh"
	i := bytes.LastIndex(msg, []byte(" from "))
	if bytes.HasPrefix(msg, []byte("Pubkey auth succeeded")) || bytes.HasPrefix(msg, []byte("Password auth succeeded")) {
		i = bytes.Index(msg, []byte(" from "))
	}
	if i < 0 {
		return
	}
	peer, _, _ := bytes.Cut(msg[i+len(" from "):], []byte{' '})
	if j := bytes.LastIndexByte(peer, ':'); j > 0 {
		setPeer(e, bytes.Trim(peer[:j], "[]<>"), digits(peer[j+1:]))
	}
	for _, k := range [...]struct {
		prefix  string
		outcome vedette.Outcome
	}{
		{"Password auth succeeded for ", vedette.OutcomeSuccess}, {"Pubkey auth succeeded for ", vedette.OutcomeSuccess},
		{"PAM password auth succeeded for ", vedette.OutcomeSuccess}, {"Bad password attempt for ", vedette.OutcomeFailure},
		{"Bad PAM password attempt for ", vedette.OutcomeFailure}, {"Login attempt for nonexistent user", vedette.OutcomeFailure},
	} {
		rest, ok := bytes.CutPrefix(msg[:i], []byte(k.prefix))
		if !ok {
			continue
		}
		e.Category, e.Action, e.Outcome, e.Keep = vedette.CategoryAuthentication, vedette.ActionLogin, k.outcome, true
		if len(rest) > 2 && rest[0] == '\'' {
			if j := bytes.LastIndexByte(rest, '\''); j > 0 {
				e.User = decode.String(rest[1:j])
			}
		}
		return
	}
}
