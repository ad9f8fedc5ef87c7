package softether

import (
	"bytes"
	"testing"

	"github.com/vedette-cti/vedette"
)

// commonLines are a server's most frequent lines, those of one scan or login.
var commonLines = []string{
	`2026-11-24 00:37:59.168 On the TCP Listener (Port 5555), a Client (IP address 127.0.0.1, Host name "localhost", Port number 42632) has connected.`,
	`2026-11-24 00:37:59.168 For the client (IP address: 127.0.0.1, host name: "localhost", port number: 42632), connection "CID-1" has been created.`,
	`2026-11-24 00:37:59.222 SSL communication for connection "CID-1" has been started. The encryption algorithm name is "TLS_AES_256_GCM_SHA384".`,
	`2026-11-24 00:37:59.230 [HUB "CERTLAB"] The connection "CID-1" (IP address: 127.0.0.1, Host name: localhost, Port number: 42632, Client name: "SoftEther VPN Client Developer Edition", Version: 5.01, Build: 9674) is attempting to connect to the Virtual Hub. The auth type provided is "Password authentication" and the user name is "alice".`,
	`2026-11-24 00:37:59.231 [HUB "CERTLAB"] Connection "CID-1": User authentication failed. The user name that has been provided was "alice", from 127.0.0.1.`,
	`2026-11-24 00:37:59.284 Connection "CID-1" terminated by the cause "User authentication failed." (code 9).`,
	`2026-11-24 00:37:59.284 Connection "CID-1" has been terminated.`,
	`2026-11-24 00:37:59.284 The connection with the client (IP address 127.0.0.1, Port number 42632) has been disconnected.`,
}

func BenchmarkDecode(b *testing.B) {
	d := newDecoder()
	batch := &vedette.Batch{Source: &vedette.Source{}}
	lines := make([][]byte, len(commonLines))
	size := 0
	for i, s := range commonLines {
		lines[i] = []byte(s)
		size += len(s)
	}
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i%1024 == 0 {
			batch.Reset()
		}
		if err := d.Decode(batch, lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkDecodeServerLog(b *testing.B) {
	data := readSample(b, "server-en/server_log/vpn_20261124.log")
	d := newDecoder()
	batch := &vedette.Batch{Source: &vedette.Source{}}
	var lines [][]byte
	for line := range bytes.Lines(data) {
		lines = append(lines, bytes.TrimRight(line, "\r\n"))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i%len(lines) == 0 {
			batch.Reset()
		}
		if err := d.Decode(batch, lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
