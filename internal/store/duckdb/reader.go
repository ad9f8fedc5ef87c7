package duckdb

import (
	"net/netip"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
)

// reader streams the rows of a query, a chunk at a time, so that a result
// larger than memory can be read. Values are read in place.
type reader struct {
	stmt  mapping.PreparedStatement
	res   mapping.Result
	chunk mapping.DataChunk
	cols  []readColumn
	row   int // in the chunk
	rows  int // of the chunk
	err   error
}

type readColumn struct {
	data  unsafe.Pointer
	valid *[chunkRows / 64]uint64 // nil: no value is NULL
}

// query starts a query, which must be one statement. The connection serves
// nothing else until the reader is closed.
func query(conn mapping.Connection, text string) (*reader, error) {
	r := new(reader)
	if mapping.Prepare(conn, text, &r.stmt) == mapping.StateError {
		err := errNative(mapping.PrepareError(r.stmt))
		r.close()
		return nil, err
	}
	if bindings.ExecutePreparedStreaming(r.stmt, &r.res) == mapping.StateError {
		err := errNative(mapping.ResultError(&r.res))
		r.close()
		return nil, err
	}
	r.cols = make([]readColumn, mapping.ColumnCount(&r.res))
	return r, nil
}

// next goes to the next row. After false, err says whether that was the end.
func (r *reader) next() bool {
	if r.row++; r.row < r.rows {
		return true
	}
	for r.err == nil {
		mapping.DestroyDataChunk(&r.chunk)
		r.chunk = mapping.FetchChunk(r.res)
		if r.chunk.Ptr == nil {
			if msg := mapping.ResultError(&r.res); msg != "" {
				r.err = errNative(msg)
			}
			return false
		}
		if r.rows = int(mapping.DataChunkGetSize(r.chunk)); r.rows == 0 {
			continue
		}
		r.row = 0
		for i := range r.cols {
			vec := mapping.DataChunkGetVector(r.chunk, mapping.IdxT(i))
			r.cols[i].data = mapping.VectorGetData(vec)
			r.cols[i].valid = (*[chunkRows / 64]uint64)(mapping.VectorGetValidity(vec))
		}
		return true
	}
	return false
}

func (r *reader) close() {
	mapping.DestroyDataChunk(&r.chunk)
	mapping.DestroyResult(&r.res)
	mapping.DestroyPrepare(&r.stmt)
}

func (r *reader) null(col int) bool {
	v := r.cols[col].valid
	return v != nil && v[r.row/64]&(1<<(r.row%64)) == 0
}

func (r *reader) int64(col int) int64   { return (*[chunkRows]int64)(r.cols[col].data)[r.row] }
func (r *reader) uint32(col int) uint32 { return (*[chunkRows]uint32)(r.cols[col].data)[r.row] }
func (r *reader) uint16(col int) uint16 { return (*[chunkRows]uint16)(r.cols[col].data)[r.row] }

func (r *reader) addr(col int) netip.Addr {
	v := (*[chunkRows][2]uint64)(r.cols[col].data)[r.row]
	return vedette.AddrFrom128(v[1], v[0])
}

// text returns a string that is valid until next, empty for NULL.
func (r *reader) text(col int) string {
	if r.null(col) {
		return ""
	}
	p := unsafe.Add(r.cols[col].data, r.row*16)
	n := *(*uint32)(p)
	if n <= 12 {
		return unsafe.String((*byte)(unsafe.Add(p, 4)), n)
	}
	return unsafe.String(*(**byte)(unsafe.Add(p, 8)), n)
}
