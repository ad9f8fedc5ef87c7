package file

import (
	"fmt"
	"io"
	"sync"
)

// Four buffers of this size are decompressed ahead of the reader.
const (
	aheadBuffers = 4
	aheadSize    = 128 << 10
)

// ahead decompresses in a goroutine of its own, at most aheadBuffers ahead.
type ahead struct {
	full, empty chan []byte
	quit        chan struct{}
	once        sync.Once
	err         error // of the decompressor; valid when full is closed
	current     []byte
	buffer      []byte // that current is part of
}

func newAhead(r io.Reader, unpack unpackFunc) *ahead {
	a := &ahead{
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
			a.err = fmt.Errorf("decompressor failed: %v", v)
		}
	}()
	z, end, err := unpack(r)
	if err != nil {
		a.err = noEOF(err)
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
		}
		select {
		case a.full <- buf[:n]:
		case <-a.quit:
			a.err = io.ErrClosedPipe
			return
		}
	}
}

// noEOF makes an end within the compressed data's own header an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.current) == 0 {
		if a.buffer != nil {
			a.empty <- a.buffer[:aheadSize]
			a.buffer = nil
		}
		buf, ok := <-a.full
		if !ok {
			return 0, a.err
		}
		a.current, a.buffer = buf, buf
	}
	n := copy(p, a.current)
	a.current = a.current[n:]
	return n, nil
}

// stop ends the goroutine. The reader it reads from must not be closed while a
// Read is in progress elsewhere, so stop waits for it.
func (a *ahead) stop() {
	a.once.Do(func() { close(a.quit) })
	for range a.full {
		// Drop what is ready until the goroutine has ended.
	}
}
