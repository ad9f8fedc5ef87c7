package rogue

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFingerprints computes the fingerprints anew from captures of SoftEther's
// own programs: JA3 as tshark writes it, JA4 from the fields of the hello.
// VEDETTE_SHARED is the folder that holds data/softether/samples/pcap.
func TestFingerprints(t *testing.T) {
	dir := filepath.Join(os.Getenv("VEDETTE_SHARED"), "data", "softether", "samples", "pcap")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the captures are not here; set VEDETTE_SHARED")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not here")
	}
	for _, file := range []string{"cascade.pcap", "vpnclient.pcap", "admin-vpncmd.pcap"} {
		out, err := exec.Command("tshark", "-r", filepath.Join(dir, file), "-Y", "tls.handshake.type==1", "-T", "fields",
			"-e", "tls.handshake.ja3", "-e", "tls.handshake.ciphersuite", "-e", "tls.handshake.extension.type",
			"-e", "tls.handshake.sig_hash_alg").Output()
		if err != nil {
			t.Fatal(err)
		}
		hellos := bytes.Fields(bytes.ReplaceAll(out, []byte("\t"), []byte(" ")))
		if len(hellos) == 0 || len(hellos)%4 != 0 {
			t.Fatalf("%s: no hellos", file)
		}
		for h := range slices.Chunk(hellos, 4) {
			if string(h[0]) != clientJA3 {
				t.Errorf("%s: JA3 %s", file, h[0])
			}
			if got := ja4(numbers(t, h[1]), numbers(t, h[2]), numbers(t, h[3])); got != clientJA4 {
				t.Errorf("%s: JA4 %s", file, got)
			}
		}
	}
}

func numbers(t *testing.T, list []byte) (out []string) {
	t.Helper()
	for _, s := range strings.Split(string(list), ",") {
		n, err := strconv.ParseUint(s, 0, 16)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%04x", n))
	}
	return out
}

// ja4 follows FoxIO's technical description of JA4 for a TLS 1.3 hello over TCP
// with a server name and no ALPN: counts, then truncated hashes of the sorted
// ciphers, and of the sorted extensions without name and ALPN and the signature
// algorithms as they stand.
func ja4(ciphers, extensions, algorithms []string) string {
	short := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12] }
	head := fmt.Sprintf("t13d%02d%02d00", len(ciphers), len(extensions))
	extensions = slices.DeleteFunc(extensions, func(s string) bool { return s == "0000" || s == "0010" })
	slices.Sort(ciphers)
	slices.Sort(extensions)
	return head + "_" + short(strings.Join(ciphers, ",")) + "_" + short(strings.Join(extensions, ",")+"_"+strings.Join(algorithms, ","))
}
