package sigma

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	sig "github.com/vedette-cti/vedette/internal/vocab/sigma"
)

// visit gets the documents of one rule file, or the reason why it has none.
type visit func(file string, docs []sig.Document, err error)

// maxRuleFile bounds what is read of a file.
const maxRuleFile = 8 << 20

// isRule tells rule files by their names.
func isRule(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return (ext == ".yml" || ext == ".yaml") && !strings.Contains(filepath.ToSlash(name), "regression_data/")
}

// walk visits all rule files of a file system. The error is for what can not be
// read at all.
func walk(f fs.FS, v visit) error {
	return fs.WalkDir(f, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() || !isRule(path):
			return nil
		}
		file, err := f.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		return visitFile(path, file, v)
	})
}

func visitFile(path string, r io.Reader, v visit) error {
	data, err := io.ReadAll(io.LimitReader(r, maxRuleFile))
	if err != nil {
		return fmt.Errorf("read rule %s: %w", path, err)
	}
	docs, err := sig.Parse(data, sig.Options{})
	v(path, docs, err)
	return nil
}

// walkPath visits the rule files of a folder, a file or an archive (tar.gz) on
// disk. A file that is named is read whatever its name.
func walkPath(path string, v visit) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return walk(os.DirFS(path), func(file string, docs []sig.Document, err error) { v(filepath.Join(path, file), docs, err) })
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tgz") {
		return walkArchive(path, file, v)
	}
	return visitFile(path, file, v)
}

func walkArchive(path string, r io.Reader, v visit) error {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer gz.Close()
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case h.Typeflag != tar.TypeReg || !isRule(h.Name):
			continue
		}
		if err := visitFile(path+":"+h.Name, tr, v); err != nil {
			return err
		}
	}
}
