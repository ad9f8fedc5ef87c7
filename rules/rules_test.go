package rules

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestREADME holds the README to the number of rules that there are.
func TestREADME(t *testing.T) {
	n := 0
	err := fs.WalkDir(FS, ".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".yml") {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("(%d of our own", n); !strings.Contains(string(text), want) {
		t.Errorf("README does not say %q", want)
	}
}
