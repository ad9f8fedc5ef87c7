// Package softetherpkt decodes the packet log of a SoftEther VPN Virtual Hub
// (packet_log/HUB/pkt_YYYYMMDD.log): one record for each frame that the hub was
// told to log. The same records inside syslog datagrams belong to package
// softether.
//
// It is not a flow log: most frames are one packet of many, so only the frame
// that opens a TCP connection has the action "connection".
package softetherpkt

import (
	"strings"
	"unicode/utf8"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
	"github.com/vedette-cti/vedette/internal/vocab/softether"
)

// Format is the packet log.
var Format = decode.Format{
	Name:  "softether-packet",
	Doc:   "SoftEther VPN packet log of a Virtual Hub.",
	Sniff: sniff,
	New: func(o decode.Options) decode.Decoder {
		return &decoder{clock: softether.Clock{Location: o.Location}}
	},
}

func sniff(head []byte) decode.Confidence {
	line, _, _ := strings.Cut(decode.String(head), "\n")
	if softether.IsPacket(strings.TrimSuffix(line, "\r")) {
		return 98
	}
	return 0
}

type decoder struct {
	clock softether.Clock
}

// Decode implements decode.Decoder.
func (d *decoder) Decode(b *vedette.Batch, rec []byte) error {
	line := strings.TrimSuffix(decode.String(rec), "\r")
	if line == "" {
		return nil
	}
	if !utf8.ValidString(line) {
		return decode.ErrUTF8
	}
	if !softether.LooksLikeTime(line, ',') {
		return decode.ErrTime
	}
	t, ok := d.clock.Parse(line)
	if !ok {
		return decode.ErrTime
	}
	if len(line) <= softether.TimeLen || line[softether.TimeLen] != ',' {
		return decode.ErrFields
	}
	e := b.Add()
	e.Time = t
	if !softether.Packet(b, e, line[softether.TimeLen+1:], false) {
		return decode.ErrFields
	}
	return nil
}
