package rogue

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect/windowtest"
)

const (
	outsider = "203.0.113.9"
	server   = "198.51.100.10"
)

type adder func(...vedette.Event)

// check adds thirty days of a server's ordinary life to what fill adds.
func check(t *testing.T, name string, fill func(add adder), want ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Helper()
		db := windowtest.New(t)
		for day := range 30 {
			db.Add(windowtest.Conn(windowtest.At(day, 9*time.Hour), "192.0.2.77", server, 443, true))
			db.Add(windowtest.Outbound(windowtest.At(day, 3*time.Hour), server, "192.0.2.200", 443))
		}
		fill(db.Add)
		got := windowtest.Brief(db.Analyze(Plugin, nil))
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("detections (-want +got):\n%s", diff)
		}
	})
}

func TestNames(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	asks := func(add adder, day int, host, name string) {
		e := windowtest.Outbound(windowtest.At(day, 0), host, "192.0.2.53", 53)
		e.Dataset, e.Action, e.DNSQuestion = vedette.DatasetZeekDNS, vedette.ActionDNSQuery, name
		add(e)
	}
	const relay = "x1.x2.dev.servers.nat-traversal.softether-network.net"
	f("server begins", func(add adder) { asks(add, 20, server, relay) }, "softether-tunnel attempt")
	f("by TLS name", func(add adder) {
		e := windowtest.Outbound(windowtest.At(20, 0), server, outsider, 443)
		e.Dataset, e.Action, e.ServerName = vedette.DatasetZeekSSL, vedette.ActionTLSHandshake, "vpn123.VPNAzure.net"
		add(e)
	}, "softether-tunnel attempt "+outsider)
	f("from the start", func(add adder) { asks(add, 1, server, relay); asks(add, 20, server, relay) })
	f("many users", func(add adder) {
		asks(add, 20, server, relay)
		asks(add, 20, "198.51.100.98", relay)
		asks(add, 20, "198.51.100.99", relay)
	})
	f("a workstation", func(add adder) { asks(add, 20, "198.51.100.99", relay) })
	f("a resolver", func(add adder) {
		asks(add, 20, server, relay)
		e := windowtest.Conn(windowtest.At(1, 0), "198.51.100.99", server, 53, true)
		e.Action, e.Direction, e.DNSQuestion = vedette.ActionDNSQuery, vedette.DirectionInternal, "example"
		add(e)
	})
	f("another name", func(add adder) {
		asks(add, 20, server, "notsoftether.net")
		asks(add, 20, server, "softether.net.example")
	})
}

// speaks is a TLS handshake of SoftEther with the outsider.
func speaks(add adder, day int, host string, change func(*vedette.Event)) {
	e := windowtest.Outbound(windowtest.At(day, 0), host, outsider, 443)
	e.Dataset, e.Action = vedette.DatasetZeekSSL, vedette.ActionTLSHandshake
	change(&e)
	add(e)
}

func client(e *vedette.Event) { e.JA3 = clientJA3 }

func TestEndpoint(t *testing.T) {
	f := func(name string, fill func(add adder), want ...string) { t.Helper(); check(t, name, fill, want...) }
	const found = "softether-endpoint attempt " + outsider
	f("client by JA3", func(add adder) { speaks(add, 20, server, client) }, found)
	f("client by JA4", func(add adder) { speaks(add, 20, server, func(e *vedette.Event) { e.JA4 = clientJA4 }) }, found)
	f("HTTP seen by a proxy", func(add adder) {
		e := windowtest.Get(windowtest.At(20, 0), server, "/vpnsvc/connect.cgi", 200)
		e.DestinationIP, e.Direction = windowtest.Conn(0, outsider, outsider, 443, true).DestinationIP, vedette.DirectionOutbound
		add(e)
	}, found)
	f("kept for hours", func(add adder) {
		speaks(add, 20, server, client)
		e := windowtest.Outbound(windowtest.At(20, 0), server, outsider, 443)
		e.Duration = int64(5 * time.Hour)
		add(e)
	}, "covert-tunnel attempt "+outsider)
	f("kept for hours after attacks", func(add adder) {
		for i := range 3 {
			add(windowtest.Get(windowtest.At(18, time.Duration(i)*time.Minute), "203.0.113.50", fmt.Sprintf("/?id=%d%%20union%%20select%%201", i), 200))
		}
		speaks(add, 20, server, client)
		e := windowtest.Outbound(windowtest.At(20, 0), server, outsider, 443)
		e.Duration = int64(5 * time.Hour)
		add(e)
	}, "covert-tunnel compromise "+outsider)

	f("a workstation of the staff", func(add adder) { speaks(add, 20, "198.51.100.99", client) })
	f("a server, and the staff", func(add adder) {
		speaks(add, 10, "198.51.100.99", client)
		speaks(add, 20, server, client)
	})
	f("since the start", func(add adder) { speaks(add, 1, server, client); speaks(add, 20, server, client) })
	f("the organization's own VPN server", func(add adder) {
		add(windowtest.Conn(windowtest.At(2, 0), "192.0.2.10", server, 5555, true))
		speaks(add, 20, server, client)
	})
	f("an organization with SoftEther's logs", func(add adder) {
		add(windowtest.Login(windowtest.At(2, 0), "192.0.2.10", "chen", true, nil))
		speaks(add, 20, server, client)
	})
	f("a place in a known network", func(add adder) {
		e := windowtest.Outbound(windowtest.At(1, 0), server, "203.0.113.77", 443)
		e.DestinationGeo = &vedette.Geo{ASN: 64500}
		add(e)
		speaks(add, 20, server, func(e *vedette.Event) { e.JA3, e.DestinationGeo = clientJA3, &vedette.Geo{ASN: 64500} })
	})
	f("a name that is an address, alone", func(add adder) { speaks(add, 20, server, func(e *vedette.Event) { e.ServerName = outsider }) })
	f("another client", func(add adder) {
		speaks(add, 20, server, func(e *vedette.Event) { e.JA3 = "78f0dc5ac5b19daf131a133cfdee9691" })
	})
}

// TestCertificate: names as Zeek and Suricata write them, and near misses.
func TestCertificate(t *testing.T) {
	f := func(name, subject, issuer, serial string, want ...string) {
		t.Helper()
		check(t, name, func(add adder) {
			speaks(add, 20, server, func(e *vedette.Event) { e.X509Subject, e.X509Issuer, e.X509Serial = subject, issuer, serial })
		}, want...)
	}
	const found = "softether-endpoint attempt " + outsider
	same := func(name, dn, serial string, want ...string) { t.Helper(); f(name, dn, dn, serial, want...) }
	same("Zeek", "C=US,OU=vpn.example.net,O=vpn.example.net,CN=vpn.example.net", "", found)
	same("Suricata", "CN=vpn.example.net, O=vpn.example.net, OU=vpn.example.net, C=US", "00", found)
	same("bytes with colons", "CN=gw, O=gw, OU=gw, C=US", "00:00", found)
	same("OpenSSL's old form", "/CN=gw/O=gw/OU=gw/C=US", "0", found)
	same("a number", "CN=gw, O=gw, OU=gw, C=US", "4F:00")
	same("another country", "CN=gw, O=gw, OU=gw, C=TW", "00")
	same("another unit", "CN=gw, O=gw, OU=it, C=US", "00")
	same("more attributes", "CN=gw, O=gw, OU=gw, L=Reno, C=US", "00")
	f("signed by somebody", "CN=gw, O=gw, OU=gw, C=US", "CN=ca, O=ca, OU=ca, C=US", "00")

	certificate := func(add adder, subject string) {
		e := windowtest.Outbound(windowtest.At(20, 0), server, outsider, 443)
		e.Dataset, e.Action, e.SHA256, e.X509Subject, e.X509Issuer = vedette.DatasetZeekX509, "", "ab12", subject, subject
		e.SourceIP, e.DestinationIP = netip.Addr{}, netip.Addr{}
		add(e)
		speaks(add, 20, server, func(e *vedette.Event) { e.Rest = []vedette.Field{{Key: "cert_chain_fps", Value: "ab12"}} })
	}
	check(t, "Zeek's x509.log", func(add adder) { certificate(add, "CN=gw,O=gw,OU=gw,C=US") }, found)
	check(t, "Zeek's x509.log, another", func(add adder) { certificate(add, "CN=www.example") })
}

func BenchmarkAnalyze(b *testing.B) { windowtest.Benchmark(b, Plugin) }
