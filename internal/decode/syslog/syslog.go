// Package syslog decodes syslog as it is sent and as it is kept in files: RFC
// 3164, RFC 5424 and rsyslog's file format with RFC 3339 times, with or without
// priority. Logins and changes of accounts that sshd, PAM, dropbear, Postfix,
// Dovecot, sudo and shadow report become events of their own kind; messages in another format
// (FortiGate, CEF, SoftEther, JSON, access logs) are handed to that format's
// decoder. Every other message is kept as it is.
//
// One failed login counts once, though sshd writes up to four lines about it:
// see sshd.go.
//
// Sources: RFC 3164, RFC 5424, RFC 3339; rsyslog documentation
// ("RSYSLOG_FileFormat"); OpenSSH portable 9.8 auth.c, auth2.c, packet.c for the
// texts of messages; Linux-PAM 1.5 modules/pam_unix.
package syslog

import (
	"bytes"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/timeparse"
)

// Format is the decoder's entry in the table of formats.
var Format = decode.Format{
	Name:  "syslog",
	Doc:   "syslog of RFC 3164 and 5424 and rsyslog's files, with the messages of other formats inside",
	Sniff: sniff,
	New:   newDecoder,
}

type decoder struct {
	local   *timeparse.Local
	years   *timeparse.Years
	payload func([]byte) decode.Decoder
	failed  failures
	senders senders
}

func newDecoder(o decode.Options) decode.Decoder {
	return &decoder{
		local: timeparse.NewLocal(o.Location), years: timeparse.NewYears(o.Reference, o.Location),
		payload: o.Payload,
	}
}

// Decode implements [decode.Decoder].
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	rec = bytes.TrimRight(rec, "\r\n\x00 ")
	if len(rec) == 0 {
		return nil
	}
	var h header
	if err := d.parse(&h, rec); err != nil {
		return err
	}
	n := len(b.Events)
	known := programs[string(baseName(h.program))]
	if known == nil {
		if done, err := d.inner(b, &h); done {
			return err
		}
	}
	if h.time == 0 {
		return decode.ErrTime
	}
	if count, text := repeated(h.msg); count > 1 && known != nil {
		h.msg = text
		d.event(b, &h, known)
		for range count - 1 {
			again := b.Events[n]
			again.Keep = false // the first one has the line
			*b.Add() = again
		}
		return nil
	}
	d.event(b, &h, known)
	return nil
}

// program understands the messages of one program. It reports what it found in
// e, which has the header's values already.
type program func(d *decoder, b *vedette.Batch, e *vedette.Event, msg []byte)

var programs = map[string]program{
	"sshd": (*decoder).sshd, "sshd-session": (*decoder).sshd, "sshd-auth": (*decoder).sshd,
	"dropbear": (*decoder).dropbear, "smtpd": (*decoder).smtpd, "dovecot": (*decoder).dovecot,
	"sudo": (*decoder).sudo, "su": (*decoder).su,
	"useradd": (*decoder).accounts, "userdel": (*decoder).accounts, "usermod": (*decoder).accounts,
	"groupadd": (*decoder).accounts, "adduser": (*decoder).accounts, "passwd": (*decoder).accounts,
	"chpasswd": (*decoder).accounts, "gpasswd": (*decoder).accounts,
}

// event makes the event that the message is.
func (d *decoder) event(b *vedette.Batch, h *header, known program) {
	e := b.Add()
	e.Time, e.Dataset = h.time, vedette.DatasetSyslog
	e.Host, e.Message = decode.String(h.host), decode.String(h.msg)
	if h.priority >= 0 {
		e.Severity = h.priority & 7
		b.AddRest(e, "facility", facilities[h.priority>>3])
		b.AddRest(e, "severity", severities[h.priority&7])
	}
	for _, f := range [...]struct {
		key   string
		value []byte
	}{{"program", h.program}, {"pid", h.pid}, {"msgid", h.msgID}} {
		if len(f.value) > 0 {
			b.AddRest(e, f.key, decode.String(f.value))
		}
	}
	structured(b, e, h.data)
	if known != nil {
		known(d, b, e, h.msg)
	} else if bytes.HasPrefix(h.msg, pamPrefix) {
		d.pam(b, e, h.msg)
	}
}

// repeated opens rsyslog's "message repeated 3 times: [ text]". More than
// maxRepeats are counted as so many.
func repeated(msg []byte) (n int, text []byte) {
	const maxRepeats = 256
	rest, ok := bytes.CutPrefix(msg, []byte("message repeated "))
	if !ok {
		return 1, msg
	}
	count, rest, ok := bytes.Cut(rest, []byte(" times: ["))
	if !ok || len(rest) == 0 || rest[len(rest)-1] != ']' {
		return 1, msg
	}
	v, ok := number(count)
	if !ok || v < 1 {
		return 1, msg
	}
	return min(v, maxRepeats), bytes.TrimSpace(rest[:len(rest)-1])
}

// baseName drops the folder of a program that was logged with its path, and what
// old versions put in parentheses: "sshd(pam_unix)".
func baseName(program []byte) []byte {
	if i := bytes.LastIndexByte(program, '/'); i >= 0 {
		program = program[i+1:]
	}
	if i := bytes.IndexByte(program, '('); i > 0 {
		program = program[:i]
	}
	return program
}

// number reads up to nine digits.
func number(s []byte) (n int, ok bool) {
	if len(s) == 0 || len(s) > 9 {
		return 0, false
	}
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// sniff stays below 50: whatever knows the message inside knows better.
func sniff(head []byte) decode.Confidence {
	d := newDecoder(decode.Options{}).(*decoder)
	good, all := 0, 0
	for all < 20 && len(head) > 0 {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		head = rest
		if line = bytes.TrimRight(line, "\r\x00 "); !complete && all > 0 || len(line) == 0 {
			continue
		}
		all++
		var h header
		if d.parse(&h, line) == nil && (h.priority >= 0 || len(h.program) > 0 || len(h.host) > 0) {
			good++
		}
	}
	switch {
	case good == 0:
		return 0
	case 2*good >= all:
		return 45
	}
	return 20
}
