package simulate

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "make examples/strait anew")

// TestExample checks that the example in the repository is what the simulator
// makes today. Compressed files are compared by what they hold, since a later
// Go release may compress differently.
func TestExample(t *testing.T) {
	const dir = "../../examples/strait"
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		o := ExampleOptions
		o.Out = filepath.FromSlash(dir)
		if err := Run(context.Background(), o); err != nil {
			t.Fatal(err)
		}
	}
	want, got := contents(t, run(t, ExampleOptions)), contents(t, dir)
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s differs; run go test ./internal/simulate -run TestExample -update", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s is not of the simulator", name)
		}
	}
}
