package simulate

import (
	"fmt"
	"time"
)

// authLog is what sshd and PAM write through syslog: with RFC 3164's time,
// which has no year, or with RFC 3339's, as newer distributions have it.
type authLog struct {
	*stream
	org *org
	iso bool
}

func newAuthLog(o *org) *authLog {
	return &authLog{o.stream("auth/auth.log.%s", "\n"), o, o.sim.Portable || o.index%2 == 0}
}

func (a *authLog) entry(at time.Time, program string, pid int, text string) bool {
	stamp := a.clock(at).UTC().Format(time.Stamp)
	if a.iso {
		stamp = a.clock(at).In(a.org.clock).Format("2006-01-02T15:04:05.000000-07:00")
	}
	process := ""
	if pid > 0 {
		process = fmt.Sprintf("[%d]", pid)
	}
	return a.add(at, fmt.Sprintf("%s sim-shell-%s %s%s: %s", stamp, a.org.id, program, process, text))
}

// login writes the lines of one attempt.
func (a *authLog) login(l login, f flow, d dice) bool {
	if a == nil {
		return false
	}
	pid := 1000 + int(l.at.Unix()-a.start.Unix())/5%4000000
	peer := fmt.Sprintf("%s port %d", l.client, f.sport)
	if !l.ok {
		who := l.user
		if !l.known {
			a.entry(l.at, "sshd", pid, fmt.Sprintf("Invalid user %s from %s", l.user, peer))
			who = "invalid user " + l.user
		}
		seen := a.entry(l.at.Add(2*time.Second), "sshd", pid, fmt.Sprintf("Failed password for %s from %s ssh2", who, peer))
		if d.chance(0.5) {
			a.entry(l.at.Add(3*time.Second), "sshd", pid, fmt.Sprintf("Connection closed by %s %s [preauth]",
				map[bool]string{true: "authenticating user " + l.user, false: "invalid user " + l.user}[l.known], peer))
		}
		return seen
	}
	text := fmt.Sprintf("Accepted %s for %s from %s ssh2", l.method, l.user, peer)
	if l.method == "publickey" {
		text += ": ED25519 SHA256:simulated" + l.user + "0000000000000000000000000000000000"[:34-len(l.user)%30]
	}
	seen := a.entry(l.at, "sshd", pid, text)
	a.entry(l.at, "sshd", pid, fmt.Sprintf("pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)", l.user, 1000+len(l.user)))
	end := l.at.Add(l.stays)
	a.entry(end, "sshd", pid, fmt.Sprintf("Disconnected from user %s %s", l.user, peer))
	a.entry(end, "sshd", pid, fmt.Sprintf("pam_unix(sshd:session): session closed for user %s", l.user))
	return seen
}

// sudo is a command that an account ran as root.
func (a *authLog) sudo(at time.Time, user, command string) bool {
	if a == nil {
		return false
	}
	return a.entry(at, "sudo", 0, fmt.Sprintf("  %s : TTY=pts/0 ; PWD=/home/%s ; USER=root ; COMMAND=%s", user, user, command))
}

// cron is the noise that every such log has.
func (a *authLog) cron(at time.Time) {
	if a == nil {
		return
	}
	pid := 1000 + int(at.Unix()-a.start.Unix())/5%4000000
	a.entry(at, "CRON", pid, "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
	a.entry(at.Add(time.Second), "CRON", pid, "pam_unix(cron:session): session closed for user root")
}
