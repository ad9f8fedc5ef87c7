package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/vedette-cti/vedette"
)

// piece is a line, or what is kept of one that is too long.
type piece struct {
	offset int64
	size   int64 // with the line end
	text   string
	ended  bool
}

// naive splits data the obvious way.
func naive(data []byte) []piece {
	var out []piece
	for offset := 0; offset < len(data); {
		n := bytes.IndexByte(data[offset:], '\n') + 1
		ended := n > 0
		if !ended {
			n = len(data) - offset
		}
		out = append(out, piece{int64(offset), int64(n), string(data[offset : offset+n]), ended})
		offset += n
	}
	return out
}

// split reads r with a Splitter for records of at most limit bytes, giving back
// lines at random.
func split(t *testing.T, r io.Reader, limit int, eager bool, rnd *rand.Rand) ([]piece, error) {
	t.Helper()
	s := NewSplitter(r, 0, eager)
	s.max = limit
	var out []piece
	var block []byte
	backs := 0
	for {
		c := s.Next(block)
		block = c.Block
		if c.Long != nil {
			out = append(out, piece{c.Offset, c.LongBytes, string(c.Long), c.Ended})
			continue
		}
		at := c.Offset
		data := c.Lines
		back := false
		for len(data) > 0 {
			if back = backs < 50 && rnd.IntN(50) == 0; back {
				backs++
				s.Unread(c.Block[len(c.Lines)-len(data):len(c.Lines)+len(c.Rest)], at)
				break
			}
			n := bytes.IndexByte(data, '\n') + 1
			if n == 0 {
				t.Fatalf("Lines do not end with a line end: %q", data)
			}
			out = append(out, piece{at, int64(n), string(data[:n]), true})
			data, at = data[n:], at+int64(n)
		}
		if !back && c.End != nil {
			if len(c.Rest) > 0 {
				out = append(out, piece{at, int64(len(c.Rest)), string(c.Rest), false})
			}
			return out, c.End
		}
	}
}

// same compares pieces with the oracle's: too long ones by their beginning.
func same(got, want []piece, limit int) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d lines, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.offset != w.offset || g.size != w.size || g.ended != w.ended {
			return fmt.Errorf("line %d: %d+%d %v, want %d+%d %v", i, g.offset, g.size, g.ended, w.offset, w.size, w.ended)
		}
		cut := len(g.text) < len(w.text)
		if cut && (len(w.text) <= limit || len(g.text) < vedette.MaxRejectBytes) || w.text[:len(g.text)] != g.text {
			return fmt.Errorf("line %d: %.50q, want %.50q", i, g.text, w.text)
		}
	}
	return nil
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n\nc"), uint16(3), false, uint64(1))
	f.Add([]byte("\n"), uint16(1), true, uint64(2))
	f.Add([]byte("x"), uint16(300), false, uint64(3))
	f.Add([]byte(""), uint16(0), false, uint64(4))
	f.Add(bytes.Repeat([]byte("0123456789\n"), 9), uint16(30_000), true, uint64(5))
	f.Fuzz(func(t *testing.T, data []byte, repeat uint16, eager bool, seed uint64) {
		// Enough to need several blocks and to have lines that are too long.
		data = bytes.Repeat(data, 1+int(repeat)%max(1, (700<<10)/max(1, len(data))))
		rnd := rand.New(rand.NewPCG(seed, 0))
		var r io.Reader = bytes.NewReader(data)
		if seed%2 == 0 {
			r = iotest.DataErrReader(r)
		}
		if seed%3 == 0 {
			r = iotest.HalfReader(r)
		}
		limit := MaxRecord
		if seed%5 < 3 {
			limit = 300 << 10
		}
		got, err := split(t, r, limit, eager, rnd)
		if err != io.EOF {
			t.Fatal(err)
		}
		if err := same(got, naive(data), limit); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSplitterLong(t *testing.T) {
	f := func(limit, size int, ended bool) {
		t.Helper()
		data := append([]byte("first\n"), bytes.Repeat([]byte("x"), size)...)
		if ended {
			data = append(data, "\nlast\n"...)
		}
		got, err := split(t, bytes.NewReader(data), limit, false, rand.New(rand.NewPCG(1, 1)))
		if err != io.EOF {
			t.Error(err)
		}
		if err := same(got, naive(data), limit); err != nil {
			t.Errorf("limit %d, size %d: %v", limit, size, err)
		}
	}
	for _, size := range []int{DefaultBlock - 1, DefaultBlock, MaxRecord - 1, MaxRecord, MaxRecord + 1, MaxRecord + 2, 5 * MaxRecord} {
		f(MaxRecord, size, true)
		f(MaxRecord, size, false)
	}
}

func TestSplitterError(t *testing.T) {
	broken := errors.New("disk on fire")
	r := io.MultiReader(bytes.NewReader([]byte("a\nb\nhalf")), iotest.ErrReader(broken))
	got, err := split(t, r, MaxRecord, false, rand.New(rand.NewPCG(1, 1)))
	if !errors.Is(err, broken) || !slices.Equal(got, naive([]byte("a\nb\nhalf"))) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLastBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var all, tail []byte
	for range 300 {
		more := make([]byte, rnd.IntN(1000)+rnd.IntN(2)*rnd.IntN(9000))
		for i := range more {
			more[i] = byte(rnd.Uint32())
		}
		all = append(all, more...)
		tail = LastBytes(tail, more)
		if want := all[max(0, len(all)-TailLen):]; !bytes.Equal(tail, want) {
			t.Fatalf("%d bytes, want %d", len(tail), len(want))
		}
	}
}

func TestEventID(t *testing.T) {
	a, b := Hash([]byte("a")), Hash([]byte("b"))
	seen := make(map[vedette.ID]string)
	f := func(source vedette.ID, offset int64, index int, record string) {
		t.Helper()
		id := EventID(source, offset, index, []byte(record))
		name := fmt.Sprint(source, offset, index, record)
		if other, ok := seen[id]; ok || id.IsZero() {
			t.Errorf("%s has the ID of %s", name, other)
		}
		if id != EventID(source, offset, index, []byte(record)) {
			t.Errorf("%s: not deterministic", name)
		}
		seen[id] = name
	}
	f(a, 0, 0, "")
	f(b, 0, 0, "")
	f(a, 1, 0, "")
	f(a, 0, 1, "")
	f(a, 0, 0, "x")
	f(a, 256, 0, "x")
}
