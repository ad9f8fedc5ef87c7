package duckdb

// #include <stdlib.h>
import "C"

import "unsafe"

// arenaBlock is the size of the arena's pieces, in bytes.
const arenaBlock = 1 << 20

// arena is memory outside the Go heap for strings that do not fit into a
// vector's own 16 bytes. DuckDB's vectors may hold pointers to it, which cgo's
// rules forbid for Go memory. It is reused for every chunk: DuckDB copies the
// strings when a chunk is appended.
type arena struct {
	blocks []unsafe.Pointer // of arenaBlock bytes each
	large  []unsafe.Pointer // single strings that do not fit into a block
	block  int              // index of the block in use
	free   int              // bytes of it that are in use
}

// copy returns a copy of s in the arena. The pointer is valid until reset.
func (a *arena) copy(s string) unsafe.Pointer {
	n := len(s)
	if len(a.blocks) == 0 || a.free+n > arenaBlock {
		if n > arenaBlock {
			p := malloc(n)
			a.large = append(a.large, p)
			copy(unsafe.Slice((*byte)(p), n), s)
			return p
		}
		if len(a.blocks) > 0 {
			a.block++
		}
		if a.block == len(a.blocks) {
			a.blocks = append(a.blocks, malloc(arenaBlock))
		}
		a.free = 0
	}
	p := unsafe.Add(a.blocks[a.block], a.free)
	copy(unsafe.Slice((*byte)(p), n), s)
	a.free += n
	return p
}

// arenaKeep is how many blocks a reset keeps for the next chunk.
const arenaKeep = 8

// reset makes the arena empty.
func (a *arena) reset() {
	for _, p := range a.large {
		C.free(p)
	}
	a.large = a.large[:0]
	for len(a.blocks) > arenaKeep {
		C.free(a.blocks[len(a.blocks)-1])
		a.blocks = a.blocks[:len(a.blocks)-1]
	}
	a.block, a.free = 0, 0
}

// close gives all memory back.
func (a *arena) close() {
	a.reset()
	for _, p := range a.blocks {
		C.free(p)
	}
	a.blocks = nil
}

// malloc never returns nil: cgo's C.malloc ends the process instead, as the Go
// runtime does.
func malloc(n int) unsafe.Pointer { return C.malloc(C.size_t(n)) }
