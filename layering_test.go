package vedette_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/vedette-cti/vedette"

// stages are the folders of the data path. A stage knows the nouns and the
// vocabularies; an implementation also knows its own stage.
var stages = []string{"ingest", "decode", "enrich", "detect", "correlate", "attribute", "prioritize", "feed", "report", "store"}

// violations reads every Go file below root and returns the imports that point
// upward or sideways. It reads the files themselves: the answer of go list is
// hidden by the test cache when a file changes.
func violations(root fs.FS) ([]string, error) {
	var out []string
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "examples") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(path.Dir(file), target); why != "" {
				out = append(out, fmt.Sprintf("%s imports %s: %s", file, target, why))
			}
		}
		return nil
	})
	return out, err
}

// forbidden says why a package in folder dir must not import target, empty if
// it may.
func forbidden(dir, target string) string {
	own := target == module || strings.HasPrefix(target, module+"/")
	if dir == "." {
		if strings.Contains(strings.Split(target, "/")[0], ".") {
			return "the nouns depend on the standard library alone"
		}
		return ""
	}
	if !own || target == module {
		return ""
	}
	to := strings.TrimPrefix(target, module+"/")
	if strings.HasPrefix(to, "internal/vocab/") {
		return ""
	}
	parts := strings.Split(dir, "/")
	switch {
	case parts[0] == "cmd":
		if slices.Contains([]string{"internal/app", "internal/simulate", "internal/pipeline", "internal/store", "internal/report"}, to) {
			return ""
		}
		return "commands know the wiring and the stages' interfaces, not implementations"
	case dir == "internal/app" || strings.HasPrefix(dir, "internal/app/"):
		return ""
	case dir == "internal/pipeline" || dir == "internal/httpapi":
		if len(strings.Split(to, "/")) == 2 && slices.Contains(stages, path.Base(to)) {
			return ""
		}
		return "assembly knows stages, not implementations"
	case strings.HasPrefix(dir, "internal/vocab/"), dir == "rules":
		return "vocabularies know nothing of ours but the nouns"
	case len(parts) >= 2 && parts[0] == "internal" && slices.Contains(stages, parts[1]):
		stage := "internal/" + parts[1]
		if dir == stage {
			return "a stage knows no other stage and none of its implementations"
		}
		implementation := stage + "/" + parts[2]
		if to == stage || to == implementation || strings.HasPrefix(to, implementation+"/") || testHelper(dir, to, stage) {
			return ""
		}
		return "an implementation knows its own stage and nothing beside it"
	}
	return "only internal/app may know this"
}

// testHelper allows the packages that exist for tests to be used by their
// stage's tests, and to know it.
func testHelper(dir, to, stage string) bool {
	return strings.HasSuffix(dir, "test") && strings.HasPrefix(to, stage)
}

func TestLayering(t *testing.T) {
	got, err := violations(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range got {
		t.Error(v)
	}
}

// TestLayeringIsEnforced plants violations of each kind: a test that can not
// fail proves nothing.
func TestLayeringIsEnforced(t *testing.T) {
	f := func(file, target string, want bool) {
		t.Helper()
		dir := t.TempDir()
		full := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte("package x\n\nimport _ \""+target+"\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := violations(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		if (len(got) > 0) != want {
			t.Errorf("%s importing %s: violations %q, want some: %v", file, target, got, want)
		}
	}
	f("event.go", "github.com/zeebo/xxh3", true)
	f("event.go", "net/netip", false)
	f("internal/vocab/rsit/rsit.go", module+"/internal/decode", true)
	f("internal/decode/iis/iis.go", module+"/internal/decode", false)
	f("internal/decode/iis/iis.go", module+"/internal/vocab/timeparse", false)
	f("internal/decode/iis/iis.go", module+"/internal/decode/cef", true)
	f("internal/decode/iis/iis.go", module+"/internal/detect", true)
	f("internal/decode/decode.go", module+"/internal/store", true)
	f("internal/pipeline/run.go", module+"/internal/store", false)
	f("internal/pipeline/run.go", module+"/internal/store/duckdb", true)
	f("internal/app/app.go", module+"/internal/store/duckdb", false)
	f("cmd/vedette/main.go", module+"/internal/store/duckdb", true)
	f("internal/simulate/simulate.go", module+"/internal/detect/scan", true)
}
