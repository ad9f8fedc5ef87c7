// Package file reads telemetry from files, folders and standard input. Gzip,
// zstd and xz are recognized by their magic numbers (RFC 1952, RFC 8878, the
// .xz file format 1.2), never by name; UTF-16 with a byte order mark becomes
// UTF-8. Content is streamed, so memory does not depend on its size.
package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"golang.org/x/text/encoding/unicode"

	"github.com/vedette-cti/vedette/internal/ingest"
)

// Opener opens files of the local machine. It implements ingest.Opener.
type Opener struct {
	// Exclude lists folders that Expand does not enter, such as the store's.
	Exclude []string
	// Stdin is read for the path "-"; nil means os.Stdin.
	Stdin io.Reader
}

// maxWindow bounds the memory of a zstd decoder: the largest window that the
// zstd tool itself accepts without being asked to.
const maxWindow = 128 << 20

// Open opens path at the beginning of its content.
func (o *Opener) Open(path string) (ingest.Stream, error) {
	if path == ingest.Stdin {
		in := o.Stdin
		if in == nil {
			in = os.Stdin
		}
		s := &stream{raw: &counter{r: in}, info: ingest.Info{ModTime: time.Now(), Complete: true, Live: true}}
		return s, s.decode()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s := &stream{file: f, raw: &counter{r: f}, info: ingest.Info{Size: st.Size(), ModTime: st.ModTime(), Plain: true}}
	if err := s.decode(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// stream is one open source.
type stream struct {
	file    *os.File // nil for standard input
	raw     *counter
	content io.Reader
	close   []func()
	info    ingest.Info
	pos     int64 // of the next content byte that Read gives
}

// decode looks at the first bytes and puts decoders in front of the file.
func (s *stream) decode() error {
	head, err := s.peek(s.raw, 6)
	if err != nil {
		return err
	}
	s.content = io.MultiReader(bytes.NewReader(head), s.raw)
	if s.info.Written, err = s.written(head); err != nil {
		return err
	}
	unpack := unpacker(head)
	if unpack == nil && s.info.Live {
		unpack = func(r io.Reader) (io.Reader, func(), error) { return r, func() {}, nil }
	}
	if unpack != nil {
		s.info.Plain, s.info.Complete = false, true
		s.readAhead(unpack)
		// Damage this early is left for Read to report: errors of it stay.
		head, _ = s.peek(s.content, 2)
		s.content = io.MultiReader(bytes.NewReader(head), s.content)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		s.info.Plain = false
		s.content = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(s.content)
	case s.info.Plain && s.file != nil:
		// Nothing in between: read the file itself.
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		s.raw.n.Store(0)
		s.content = s.raw
	}
	return nil
}

// written returns the time in a gzip header (RFC 1952, section 2.3.1), which
// copying does not change, else the file's.
func (s *stream) written(head []byte) (time.Time, error) {
	if !bytes.HasPrefix(head, []byte{0x1F, 0x8B, 0x08}) {
		return s.info.ModTime, nil
	}
	more, err := s.peek(s.content, 8)
	s.content = io.MultiReader(bytes.NewReader(more), s.content)
	if len(more) == 8 && binary.LittleEndian.Uint32(more[4:]) > 0 {
		return time.Unix(int64(binary.LittleEndian.Uint32(more[4:])), 0), err
	}
	return s.info.ModTime, err
}

// peek reads up to n bytes; a shorter content is no error.
func (s *stream) peek(r io.Reader, n int) ([]byte, error) {
	head := make([]byte, n)
	k, err := io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:k], err
}

// An unpackFunc starts a decompressor; the second result ends it.
type unpackFunc func(io.Reader) (io.Reader, func(), error)

func unpacker(head []byte) unpackFunc {
	switch {
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B, 0x08}):
		return func(r io.Reader) (io.Reader, func(), error) {
			z, err := gzip.NewReader(r)
			return z, func() {}, err
		}
	case bytes.HasPrefix(head, []byte{0x28, 0xB5, 0x2F, 0xFD}):
		return func(r io.Reader) (io.Reader, func(), error) {
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, nil, err
			}
			return z, z.Close, nil
		}
	case bytes.HasPrefix(head, []byte{0xFD, '7', 'z', 'X', 'Z', 0x00}):
		return func(r io.Reader) (io.Reader, func(), error) {
			z, err := xz.NewReader(r)
			return z, func() {}, err
		}
	}
	return nil
}

// readAhead lets a goroutine of its own decompress.
func (s *stream) readAhead(unpack unpackFunc) {
	a := newAhead(s.content, unpack, s.info.Live)
	s.close = append(s.close, a.stop)
	s.content = a
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.content.Read(p)
	s.pos += int64(n)
	return n, err
}

// Info implements ingest.Stream.
func (s *stream) Info() ingest.Info { return s.info }

// Consumed implements ingest.Stream.
func (s *stream) Consumed() int64 { return s.raw.n.Load() }

// SkipTo implements ingest.Stream. It seeks where it can.
func (s *stream) SkipTo(offset int64) error {
	switch {
	case offset < s.pos:
		return errors.New("can not go back in a stream")
	case s.info.Plain && s.file != nil:
		if offset > s.info.Size {
			return io.ErrUnexpectedEOF
		}
		if _, err := s.file.Seek(offset, io.SeekStart); err != nil {
			return err
		}
		s.raw.n.Store(offset)
		s.pos = offset
		return nil
	}
	_, err := io.CopyN(io.Discard, s, offset-s.pos)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Close ends the stream and its goroutine. Standard input stays open, but a
// Read that waits for it returns.
func (s *stream) Close() error {
	for _, f := range s.close {
		f()
	}
	if s.file != nil {
		return s.file.Close()
	}
	return nil
}

// counter counts what is read from the file on disk.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
