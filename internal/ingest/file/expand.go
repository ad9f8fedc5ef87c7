package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

// Expand implements ingest.Opener. Folders are read recursively. In a folder,
// names that begin with a dot and what is not a regular file are skipped, and
// the listing says so. Symbolic links are followed; a file that is reached
// more than once is taken once, under its own name rather than a link's. The **
// of a glob does not cross links.
func (o *Opener) Expand(paths []string) (ingest.Listing, error) {
	w := &walk{real: make(map[string]string), dirs: make(map[string]bool)}
	for _, dir := range o.Exclude {
		if real, err := realPath(dir); err == nil {
			w.exclude = append(w.exclude, real)
		}
	}
	for _, p := range paths {
		if err := w.add(p); err != nil {
			return ingest.Listing{}, err
		}
	}
	// Links come last, so that a file's own name is preferred.
	for len(w.links) > 0 {
		p := w.links[0]
		w.links = w.links[1:]
		w.follow(p)
	}
	var l ingest.Listing
	for _, p := range w.real {
		l.Paths = append(l.Paths, p)
	}
	slices.Sort(l.Paths)
	slices.SortFunc(w.skipped, func(a, b ingest.Skipped) int { return strings.Compare(a.Path, b.Path) })
	l.Skipped = w.skipped
	return l, nil
}

// walk is the state of one expansion.
type walk struct {
	exclude []string
	real    map[string]string // resolved path of a file to the path as named
	dirs    map[string]bool   // resolved paths of the folders that were entered
	links   []string
	skipped []ingest.Skipped
}

// add takes one argument of the user's.
func (w *walk) add(path string) error {
	if path == ingest.Stdin {
		w.real[path] = path
		return nil
	}
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[{") {
		return w.glob(path)
	}
	if err != nil {
		hint := "give files, folders, globs, or - for standard input"
		if errors.Is(err, fs.ErrPermission) {
			hint = "run as a user who may read it"
		}
		return &vedette.Problem{Err: err, Hint: hint}
	}
	return w.enter(path, info)
}

func (w *walk) glob(pattern string) error {
	matches, err := doublestar.FilepathGlob(pattern, doublestar.WithNoFollow())
	if err == nil && len(matches) == 0 {
		err = errors.New("nothing matches")
	}
	if err != nil {
		return &vedette.Problem{
			Err:  fmt.Errorf("%s: %w", pattern, err),
			Hint: "* matches within one folder, ** crosses folders; quote the pattern if the shell must not expand it",
		}
	}
	for _, m := range matches {
		info, err := os.Stat(m)
		if err != nil {
			w.skip(m, "can not be read: "+reason(err))
			continue
		}
		if err := w.enter(m, info); err != nil {
			return err
		}
	}
	return nil
}

// enter takes path, whose links are already followed in info.
func (w *walk) enter(path string, info fs.FileInfo) error {
	real, err := realPath(path)
	if err != nil {
		return &vedette.Problem{Err: err, Hint: "a folder above it may be unreadable"}
	}
	switch {
	case info.IsDir():
		w.folder(path, real)
	case info.Mode().IsRegular():
		if old, ok := w.real[real]; !ok || path < old {
			w.real[real] = path
		}
	default:
		w.skip(path, "not a regular file")
	}
	return nil
}

// folder walks one folder; real is its resolved path.
func (w *walk) folder(path, real string) {
	if slices.Contains(w.exclude, real) {
		w.skip(path, "the store's own folder")
		return
	}
	if w.dirs[real] {
		return
	}
	w.dirs[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		w.skip(path, "can not be read: "+reason(err))
	}
	for _, e := range entries {
		p, r := filepath.Join(path, e.Name()), filepath.Join(real, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
			w.skip(p, "hidden")
		case e.Type()&fs.ModeSymlink != 0:
			w.links = append(w.links, p)
		case e.IsDir():
			w.folder(p, r)
		case !e.Type().IsRegular():
			w.skip(p, "not a regular file")
		default:
			if old, ok := w.real[r]; !ok || p < old {
				w.real[r] = p
			}
		}
	}
}

// follow takes what a symbolic link leads to, unless it is known already.
func (w *walk) follow(path string) {
	info, err := os.Stat(path)
	if err != nil {
		w.skip(path, "can not be read: "+reason(err))
		return
	}
	real, err := realPath(path)
	if err != nil {
		w.skip(path, "can not be read: "+reason(err))
		return
	}
	if _, ok := w.real[real]; ok {
		return
	}
	_ = w.enter(path, info) // realPath has just succeeded
}

func (w *walk) skip(path, why string) {
	w.skipped = append(w.skipped, ingest.Skipped{Path: path, Reason: why})
}

// realPath is absolute and free of symbolic links.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// reason is err without the path, which is printed beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
