package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		p := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(n+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExpandErrors(t *testing.T) {
	dir := tree(t, "a.log")
	f := func(arg string) {
		t.Helper()
		_, err := (&Opener{}).Expand([]string{filepath.Join(dir, arg)})
		var p *vedette.Problem
		if !errors.As(err, &p) || p.Hint == "" || !strings.Contains(err.Error(), arg) {
			t.Errorf("%s: %v", arg, err)
		}
	}
	f("missing.log")
	f("*.gz")
	f("[a")
}

// repeat is a compressible content of n lines.
func repeat(n int) []byte { return bytes.Repeat([]byte("0123456789 abcdef\n"), n) }

func packed(t *testing.T, content []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestSkipTo(t *testing.T) {
	content := repeat(100_000)
	f := func(name string, data []byte, plain bool) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := (&Opener{}).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if i := s.Info(); i.Plain != plain || i.Complete == plain || i.Size != int64(len(data)) {
			t.Errorf("%s: %+v", name, i)
		}
		buf := make([]byte, 100)
		for _, at := range []int64{0, 1, 500, 1_000_000, int64(len(content)) - 100} {
			if at > 1 {
				if err := s.SkipTo(at); err != nil {
					t.Fatal(err)
				}
			} else if at == 1 {
				at = 100
			}
			if _, err := io.ReadFull(s, buf); err != nil || !bytes.Equal(buf, content[at:at+100]) {
				t.Errorf("%s at %d: %q, %v", name, at, buf, err)
			}
		}
		if err := s.SkipTo(0); err == nil {
			t.Errorf("%s: went back", name)
		}
		if err := s.SkipTo(int64(len(content)) + 1); err != io.ErrUnexpectedEOF {
			t.Errorf("%s: beyond the end: %v", name, err)
		}
		if s.Consumed() != int64(len(data)) {
			t.Errorf("%s: consumed %d of %d", name, s.Consumed(), len(data))
		}
	}
	f("plain", content, true)
	f("packed", packed(t, content), false)
}

func TestBombIsStreamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bomb")
	if err := os.WriteFile(path, packed(t, make([]byte, 256<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := (&Opener{}).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(s, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	// The rest is never decompressed.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Consumed() > 100_000 {
		t.Errorf("%d bytes were read for the first 1000", s.Consumed())
	}
}

func TestLiveStdin(t *testing.T) {
	r, w := io.Pipe()
	s, err := open(t, r, w, "first\n")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := s.Read(buf)
	if err != nil || !strings.HasPrefix("first\n", string(buf[:n])) || n == 0 {
		t.Errorf("%q, %v before the pipe is closed", buf[:n], err)
	}
	done := make(chan error)
	go func() {
		_, err := io.ReadAll(s)
		done <- err
	}()
	s.Close() // ends the waiting Read
	if err := <-done; err != io.ErrClosedPipe {
		t.Errorf("Read after Close: %v", err)
	}
}

func open(t *testing.T, r io.Reader, w io.Writer, first string) (ingest.Stream, error) {
	t.Helper()
	go func() { _, _ = w.Write([]byte(first)) }()
	return (&Opener{Stdin: r}).Open(ingest.Stdin)
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("plain\n"))
	f.Add([]byte("\x1F\x8B\x08\x00"))
	f.Add([]byte("\xFD7zXZ\x00\x00\x04"))
	f.Add([]byte("\x28\xB5\x2F\xFD\x04\x00"))
	f.Add([]byte("\xFF\xFEa\x00\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := (&Opener{}).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		content, err := io.ReadAll(io.LimitReader(s, 1<<20))
		if s.Info().Plain && (err != nil || !bytes.Equal(content, data)) {
			t.Errorf("%q, %v", content, err)
		}
		if err != nil && !errors.Is(err, ingest.ErrCompressed) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestWritten(t *testing.T) {
	then := time.Date(2023, 12, 24, 18, 0, 0, 0, time.UTC)
	f := func(inside, want time.Time) {
		t.Helper()
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		z.ModTime = inside
		z.Write([]byte("line\n"))
		z.Close()
		path := filepath.Join(t.TempDir(), "log.gz")
		if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then.Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		s, err := (&Opener{}).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := s.Info().Written; !got.Equal(want) {
			t.Errorf("written %s, want %s", got, want)
		}
	}
	f(then, then)
	f(time.Time{}, then.Add(24*time.Hour)) // gzip -n: the file's time
}
