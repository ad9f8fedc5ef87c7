package softether

import (
	"strings"
	"time"

	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
)

// sniffLines is how many lines are looked at.
const sniffLines = 64

// sniff is certain of datagrams by their header. The time of a log file is
// common, so there one line must be a message that only SoftEther VPN writes,
// and most must begin with a time. A stream in which others speak too is left
// to the generic syslog format, which hands single messages back.
func sniff(head []byte) decode.Confidence {
	var m softether.Match
	var lines, timed, known, anchored, headed int
	for s := range strings.Lines(decode.String(head)) {
		s = strings.TrimRight(s, "\r\n\x00")
		if s == "" {
			continue
		}
		if lines == sniffLines {
			break
		}
		lines++
		if softether.LooksLikeTime(s, ' ') && len(s) > softether.TimeLen && s[softether.TimeLen] == ' ' {
			timed++
			text := s[softether.TimeLen+1:]
			hub := strings.HasPrefix(text, `[HUB "`)
			if hub {
				_, text, _ = strings.Cut(text, `"] `)
			}
			if softether.Parse(&m, text, false) && m.Kind.Key != "L_LINE" {
				known++
			} else if hub || m.Scope == softether.ScopeAdmin || strings.Contains(text, `"CID-`) || strings.Contains(text, `"SID-`) {
				anchored++
			}
		} else if isDatagram(s) {
			headed++
		}
	}
	switch {
	case lines == 0:
		return 0
	case headed == lines || headed+1 == lines && lines > 4:
		return 98
	case timed*4 < lines*3:
		return 0
	case known > 0 && (known+anchored)*4 >= timed:
		return 97
	case anchored > 0 && anchored*2 >= timed:
		return 90
	}
	return 0
}

func isDatagram(s string) bool {
	at := findHeader(s)
	if at < 0 {
		return false
	}
	var l line
	var d decoder
	d.clock.Location = time.UTC
	d.utc.Location = time.UTC
	_, ok, err := d.splitSyslog(&l, s[at:])
	return ok && err == nil
}
