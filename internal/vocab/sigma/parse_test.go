package sigma

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shared finds the folder of public data beside the repository; tests that need
// it are skipped where it is absent.
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("VEDETTE_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				root = filepath.Join(filepath.Dir(dir), "shared")
				break
			}
			if dir == filepath.Dir(dir) {
				t.Skip("not inside the repository")
			}
		}
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("public data is not here: %s", name)
	}
	return path
}

func TestParseSigmaHQ(t *testing.T) {
	f, err := os.Open(shared(t, "data/sigma/sigma.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rules, placeholders := 0, 0
	start := time.Now()
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".yml") || strings.Contains(h.Name, "regression_data") {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := Parse(data, Options{})
		if err != nil {
			t.Errorf("%s: %v", h.Name, err)
		}
		for _, d := range docs {
			if d.Err != nil {
				t.Errorf("%s: %v", h.Name, d.Err)
				continue
			}
			rules++
			if len(d.Rule.Placeholders) > 0 {
				placeholders++
			}
		}
	}
	t.Logf("%d rules, %d with placeholders, in %v", rules, placeholders, time.Since(start))
	if rules != 3754 {
		t.Errorf("got %d rules, want 3754", rules)
	}
	if placeholders != 2 {
		t.Errorf("got %d rules with placeholders, want 2", placeholders)
	}
}
