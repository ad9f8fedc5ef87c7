package syslog

import (
	"bytes"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// pam understands "pam_MODULE(service:type): ..." lines. An authentication
// failure counts as a failed login unless the service is one that writes a line of
// its own, which is understood here.
func (d *decoder) pam(b *vedette.Batch, e *vedette.Event, msg []byte) {
	_, rest, ok := bytes.Cut(msg, []byte{'('})
	if !ok {
		return
	}
	where, text, ok := bytes.Cut(rest, []byte("): "))
	if !ok {
		return
	}
	service, _, _ := bytes.Cut(where, []byte{':'})
	switch {
	case bytes.HasPrefix(text, []byte("authentication failure;")):
		e.Dataset, e.Category, e.Action, e.Code = vedette.DatasetAuth, vedette.CategoryAuthentication, vedette.ActionLogin, "pam-failure"
		e.Keep = true
		switch string(service) {
		case "sshd", "dovecot", "smtp":
		default:
			e.Outcome = vedette.OutcomeFailure
		}
		peerOfPAM(e, text)
	case bytes.HasPrefix(text, []byte("session opened for user ")):
		pamSession(e, text[len("session opened for user "):], "session-opened")
	case bytes.HasPrefix(text, []byte("session closed for user ")):
		pamSession(e, text[len("session closed for user "):], "session-closed")
	case bytes.HasPrefix(text, []byte("password changed for ")):
		e.Dataset, e.Category, e.Action, e.Keep = vedette.DatasetAuth, vedette.CategoryIAM, vedette.ActionUserChanged, true
		e.Outcome = vedette.OutcomeSuccess
		b.AddRest(e, "target_user", decode.String(text[len("password changed for "):]))
	}
}

// pamSession is a session of any service, cron's included, so it is no login and
// not worth keeping the line.
func pamSession(e *vedette.Event, rest []byte, code string) {
	e.Category, e.Code = vedette.CategorySession, code
	name, _, _ := bytes.Cut(rest, []byte{' '})
	if i := bytes.IndexByte(name, '('); i > 0 {
		name = name[:i]
	}
	e.User = decode.String(name)
}

// peerOfPAM reads "... rhost=ADDRESS  user=NAME". Both names may be the client's
// own text (ruser before, user behind), so with two rhost neither is believed.
func peerOfPAM(e *vedette.Event, text []byte) {
	const key = " rhost="
	i := bytes.Index(text, []byte(key))
	if i < 0 || bytes.Count(text, []byte(key)) > 1 {
		return
	}
	address, rest, _ := bytes.Cut(text[i+len(key):], []byte{' '})
	setPeer(e, address, nil)
	if name, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " "), []byte("user=")); ok {
		e.User = decode.String(name)
	}
}

// sudo understands "NAME : TTY=... ; USER=root ; COMMAND=...".
func (d *decoder) sudo(b *vedette.Batch, e *vedette.Event, msg []byte) {
	if bytes.HasPrefix(msg, pamPrefix) {
		d.pam(b, e, msg)
		return
	}
	name, rest, ok := bytes.Cut(msg, []byte(" : "))
	if !ok {
		return
	}
	e.Dataset, e.Category, e.Code, e.Keep = vedette.DatasetAuth, vedette.CategoryProcess, "sudo", true
	e.User, e.Outcome = decode.String(bytes.TrimSpace(name)), vedette.OutcomeFailure
	if bytes.HasPrefix(rest, []byte("TTY=")) || bytes.HasPrefix(rest, []byte("PWD=")) {
		e.Outcome = vedette.OutcomeSuccess // else the reason for the refusal comes first
	}
	if _, target, ok := bytes.Cut(rest, []byte(" ; USER=")); ok {
		target, _, _ = bytes.Cut(target, []byte(" ;"))
		b.AddRest(e, "target_user", decode.String(target))
	}
	if _, command, ok := bytes.Cut(rest, []byte(" ; COMMAND=")); ok {
		b.AddRest(e, "command", decode.String(command))
	}
}

// su understands "(to root) NAME on tty" and "FAILED SU (to root) NAME on tty".
func (d *decoder) su(b *vedette.Batch, e *vedette.Event, msg []byte) {
	if bytes.HasPrefix(msg, pamPrefix) {
		d.pam(b, e, msg)
		return
	}
	rest, failed := bytes.CutPrefix(msg, []byte("FAILED SU "))
	rest, ok := bytes.CutPrefix(rest, []byte("(to "))
	if !ok {
		return
	}
	target, rest, ok := bytes.Cut(rest, []byte(") "))
	if !ok {
		return
	}
	name, _, _ := bytes.Cut(rest, []byte(" on "))
	e.Dataset, e.Category, e.Code, e.Keep = vedette.DatasetAuth, vedette.CategoryAuthentication, "su", true
	e.User, e.Outcome = decode.String(name), vedette.OutcomeSuccess
	if failed {
		e.Outcome = vedette.OutcomeFailure
	}
	b.AddRest(e, "target_user", decode.String(target))
}

// accounts understands the shadow tools: useradd, userdel, usermod and others.
func (d *decoder) accounts(b *vedette.Batch, e *vedette.Event, msg []byte) {
	if bytes.HasPrefix(msg, pamPrefix) {
		d.pam(b, e, msg)
		return
	}
	for _, k := range [...]struct {
		prefix, end, action string
	}{
		{"new user: name=", ",", vedette.ActionUserCreated},
		{"new group: name=", ",", vedette.ActionUserCreated},
		{"delete user '", "'", vedette.ActionUserDeleted},
		{"change user '", "'", vedette.ActionUserChanged},
		{"add '", "'", vedette.ActionUserChanged}, // to a group
		{"password for '", "'", vedette.ActionUserChanged},
	} {
		rest, ok := bytes.CutPrefix(msg, []byte(k.prefix))
		if !ok {
			continue
		}
		name, _, _ := bytes.Cut(rest, []byte(k.end))
		e.Dataset, e.Category, e.Action, e.Keep = vedette.DatasetAuth, vedette.CategoryIAM, k.action, true
		e.Outcome = vedette.OutcomeSuccess
		b.AddRest(e, "target_user", decode.String(name))
		return
	}
}
