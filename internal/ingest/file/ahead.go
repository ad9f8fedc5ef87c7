package file

import (
	"fmt"
	"io"
	"sync"

	"github.com/vedette-cti/vedette/internal/ingest"
)

// Four buffers of this size are decompressed ahead of the reader.
const (
	aheadBuffers = 4
	aheadSize    = 128 << 10
)

// ahead decompresses in a goroutine of its own, at most aheadBuffers ahead.
type ahead struct {
	live        bool // hand out what comes at once; never wait for the goroutine
	full, empty chan []byte
	quit        chan struct{}
	once        sync.Once
	err         error // of the decompressor; valid when full is closed
	current     []byte
	buffer      []byte // that current is part of
}

func newAhead(r io.Reader, unpack unpackFunc, live bool) *ahead {
	a := &ahead{
		live:  live,
		full:  make(chan []byte, aheadBuffers),
		empty: make(chan []byte, aheadBuffers),
		quit:  make(chan struct{}),
	}
	for range aheadBuffers {
		a.empty <- make([]byte, aheadSize)
	}
	go a.run(r, unpack)
	return a
}

// run fills buffers until the content ends.
func (a *ahead) run(r io.Reader, unpack unpackFunc) {
	defer close(a.full)
	defer func() {
		if v := recover(); v != nil {
			a.err = fmt.Errorf("%w: %v", ingest.ErrCompressed, v)
		}
	}()
	z, end, err := unpack(r)
	if err != nil {
		a.err = fmt.Errorf("%w: %w", ingest.ErrCompressed, err)
		return
	}
	defer end()
	for a.err == nil {
		var buf []byte
		select {
		case buf = <-a.empty:
		case <-a.quit:
			a.err = io.ErrClosedPipe
			return
		}
		n := 0
		for n < len(buf) && a.err == nil {
			var k int
			k, a.err = z.Read(buf[n:])
			n += k
			if a.live && n > 0 {
				break
			}
		}
		if a.err != nil && a.err != io.EOF {
			a.err = fmt.Errorf("%w: %w", ingest.ErrCompressed, a.err)
		}
		select {
		case a.full <- buf[:n]:
		case <-a.quit:
			a.err = io.ErrClosedPipe
			return
		}
	}
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.current) == 0 {
		if a.buffer != nil {
			a.empty <- a.buffer[:aheadSize]
			a.buffer = nil
		}
		select {
		case buf, ok := <-a.full:
			if !ok {
				return 0, a.err
			}
			a.current, a.buffer = buf, buf
		case <-a.quit:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, a.current)
	a.current = a.current[n:]
	return n, nil
}

// stop ends the goroutine and, since the file is closed next, waits for it. A
// live one may be waiting for input that never comes, and its file stays open.
func (a *ahead) stop() {
	a.once.Do(func() { close(a.quit) })
	if a.live {
		return
	}
	for range a.full {
		// Drop what is ready until the goroutine has ended.
	}
}
