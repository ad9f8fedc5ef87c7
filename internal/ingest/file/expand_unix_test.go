//go:build unix

package file

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func link(t *testing.T, dir, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
}

func TestExpand(t *testing.T) {
	dir := tree(t, "b/2.log", "b/1.log", "a.log", ".hidden", "b/.git/x", "data/vedette.duckdb", "c/deep/3.log")
	link(t, dir, "a.log", "0-link.log")      // a link to what is there anyway
	link(t, dir, "..", "b/loop")             // a loop
	link(t, dir, "nowhere", "dangling")      //
	link(t, dir, tree(t, "x.log"), "others") // a folder elsewhere
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	o := &Opener{Exclude: []string{filepath.Join(dir, "data")}}
	f := func(want, skipped string, args ...string) {
		t.Helper()
		for i, a := range args {
			if a != "-" {
				args[i] = filepath.Join(dir, a)
			}
		}
		l, err := o.Expand(args)
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
		var s []string
		for _, k := range l.Skipped {
			s = append(s, k.Path+": "+k.Reason)
		}
		got := strings.ReplaceAll(strings.Join(l.Paths, " "), dir+"/", "")
		if gotSkipped := strings.ReplaceAll(strings.Join(s, "; "), dir+"/", ""); got != want || gotSkipped != skipped {
			t.Errorf("%v: %s; skipped %s", args, got, gotSkipped)
		}
	}
	f("a.log b/1.log b/2.log c/deep/3.log others/x.log",
		".hidden: hidden; b/.git: hidden; dangling: can not be read: no such file or directory; data: the store's own folder; fifo: not a regular file", "")
	f("b/1.log b/2.log", "", "b/*.log", "b/1.log")
	f("a.log b/1.log b/2.log c/deep/3.log", "", "**/[a-z1-9]*.log")
	f(".hidden", "", ".hidden") // named, so wanted
	f("0-link.log", "", "0-link.log")
	f("- a.log", "", "a.log", "-")
	f("", "fifo: not a regular file", "fifo")
}
