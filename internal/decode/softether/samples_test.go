package softether

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/decode"
)

// samples returns the folder of real logs, which is no part of the repository.
func samples(tb testing.TB) string {
	tb.Helper()
	shared := os.Getenv("VEDETTE_SHARED")
	for dir, _ := filepath.Abs("."); shared == "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			shared = filepath.Join(dir, "..", "shared")
		}
	}
	dir := filepath.Join(shared, "data", "softether", "samples")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("the real SoftEther logs are not here; set VEDETTE_SHARED")
	}
	return dir
}

func newDecoder() decode.Stateful {
	return Format.New(decode.Options{Location: time.UTC}).(decode.Stateful)
}

// decodeLines decodes data as a file, line by line, and fails on a reject.
func decodeLines(tb testing.TB, d decode.Decoder, data []byte) *vedette.Batch {
	tb.Helper()
	b := &vedette.Batch{Source: &vedette.Source{}}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if err := d.Decode(b, bytes.TrimRight(line, "\r\n")); err != nil {
			tb.Errorf("line %d: %v: %.80s", n, err, line)
		}
	}
	return b
}

func TestExpectedKinds(t *testing.T) {
	dir := samples(t)
	list, err := os.ReadFile(filepath.Join(dir, "expected-kinds.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]map[string]int)
	for i, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		f := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if i == 0 || len(f) != 3 {
			continue
		}
		if want[f[0]] == nil {
			want[f[0]] = make(map[string]int)
		}
		n, _ := strconv.Atoi(f[2])
		key, note, _ := strings.Cut(f[1], " ")
		key = strings.Replace(key, "L?_", "L_", 1) // the list leaves open whose banner it is
		if strings.HasPrefix(note, "of the line before") || strings.HasPrefix(f[1], "(continuation") {
			key = ""
		}
		want[f[0]][key] += n
	}
	for file, kinds := range want {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]int)
		for _, e := range decodeLines(t, newDecoder(), data).Events {
			switch e.Code {
			case "LA_SET_HUB_ONLINE": // the list counts both kinds of this text as one
				got["LH_ONLINE"]++
			case "LA_SET_HUB_OFFLINE":
				got["LH_OFFLINE"]++
			default:
				got[e.Code]++
			}
		}
		if d := cmp.Diff(kinds, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

// TestEveryLineKnown checks that no sample in any language has a line of
// unknown kind, and which dataset and confidence each file gets.
func TestEveryLineKnown(t *testing.T) {
	dir := samples(t)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		dataset := ""
		switch slash := filepath.ToSlash(path); {
		case strings.Contains(slash, "/server_log/"):
			dataset = vedette.DatasetSoftEtherServer
		case strings.Contains(slash, "/security_log/"):
			dataset = vedette.DatasetSoftEtherHub
		case strings.Contains(slash, "/client_log/"):
			dataset = datasetClient
		case strings.HasSuffix(slash, ".txt") && strings.Contains(slash, "/syslog/"):
		default:
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if c := sniff(data[:min(len(data), 64<<10)]); c != 0 {
				t.Errorf("%s: sniffed with %d", path, c)
			}
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if c := sniff(data[:min(len(data), 64<<10)]); c < 95 {
			t.Errorf("%s: sniffed with %d", path, c)
		}
		single := 0
		for line := range bytes.Lines(data) {
			if sniff(line) < 90 && !bytes.Contains(line, []byte("----")) {
				single++
				if single < 3 {
					t.Logf("%s: alone not recognized: %.100s", path, line)
				}
			}
		}
		for i, e := range decodeLines(t, newDecoder(), data).Events {
			_, continued := e.Get("softether.continuation")
			if e.Code == "" && !continued && e.Dataset != vedette.DatasetSoftEtherPacket {
				t.Errorf("%s: unknown kind: %s", path, e.Message)
			}
			if dataset != "" && e.Dataset != dataset && i > 4 {
				t.Errorf("%s: dataset %s for %s", path, e.Dataset, e.Message)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readSample(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(samples(tb), filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}
