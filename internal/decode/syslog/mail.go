package syslog

import (
	"bytes"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// between returns what stands after the last start up to the next end, or to the
// end of s. The last one counts: what a client chose stands before it.
func between(s []byte, start, end string) ([]byte, bool) {
	i := bytes.LastIndex(s, []byte(start))
	if i < 0 {
		return nil, false
	}
	v, _, _ := bytes.Cut(s[i+len(start):], []byte(end))
	return v, true
}

// mailLogin makes e a login to a mail service.
func mailLogin(e *vedette.Event, protocol string, outcome vedette.Outcome) {
	e.Dataset, e.Category, e.Action, e.Keep = vedette.DatasetAuth, vedette.CategoryAuthentication, vedette.ActionLogin, true
	e.Protocol, e.Outcome = protocol, outcome
}

// smtpd understands Postfix (smtpd/smtpd.c, smtpd_sasl_glue.c, 3.9):
// "warning: NAME[ADDRESS]: SASL LOGIN authentication failed: ..." and
// "QUEUEID: client=NAME[ADDRESS], sasl_method=PLAIN, sasl_username=USER".
func (d *decoder) smtpd(_ *vedette.Batch, e *vedette.Event, msg []byte) {
	if rest, ok := bytes.CutPrefix(msg, []byte("warning: ")); ok {
		peer, what, ok := bytes.Cut(rest, []byte("]: SASL "))
		if !ok || !bytes.Contains(what, []byte(" authentication failed")) {
			return
		}
		mailLogin(e, "smtp", vedette.OutcomeFailure)
		setPeer(e, peer[bytes.LastIndexByte(peer, '[')+1:], nil)
		if name, ok := between(what, ", sasl_username=", "\n"); ok {
			e.User = decode.String(name)
		}
		return
	}
	_, rest, ok := bytes.Cut(msg, []byte(": client="))
	if !ok {
		return
	}
	_, name, ok := bytes.Cut(rest, []byte(", sasl_username="))
	if !ok {
		return
	}
	mailLogin(e, "smtp", vedette.OutcomeSuccess)
	name, _, _ = bytes.Cut(name, []byte(", sasl_sender="))
	e.User = decode.String(name)
	if _, peer, ok := bytes.Cut(rest, []byte{'['}); ok {
		peer, _, _ = bytes.Cut(peer, []byte{']'})
		setPeer(e, peer, nil)
	}
}

// dovecot understands the login processes of Dovecot 2.3 and 2.4
// (login-common/client-common.c): "imap-login: Login: user=<USER>, ..., rip=...,
// lip=..." and "imap-login: ... (auth failed, 2 attempts in 6 secs): user=<USER>".
// One line stands for all attempts of a connection.
func (d *decoder) dovecot(_ *vedette.Batch, e *vedette.Event, msg []byte) {
	process, rest, ok := bytes.Cut(msg, []byte("-login: "))
	if !ok || len(process) > 16 || bytes.IndexByte(process, ' ') >= 0 {
		return
	}
	state, _, ok := bytes.Cut(rest, []byte("user=<"))
	if !ok {
		return
	}
	switch {
	case bytes.HasPrefix(rest, []byte("Login: ")), bytes.HasPrefix(rest, []byte("Logged in: ")):
		mailLogin(e, decode.String(process), vedette.OutcomeSuccess)
	case bytes.Contains(state, []byte("auth failed")):
		mailLogin(e, decode.String(process), vedette.OutcomeFailure)
	default:
		return
	}
	name, _, _ := bytes.Cut(rest[len(state)+len("user=<"):], []byte{'>'})
	e.User = decode.String(name)
	if peer, ok := between(rest, ", rip=", ","); ok {
		setPeer(e, peer, nil)
	}
}
