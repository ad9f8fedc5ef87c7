package duckdb

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/vedette-cti/vedette"
)

// chunkRows is DuckDB's vector size: the rows of a data chunk.
const chunkRows = 2048

// table appends rows to one table of the store through a data chunk that is
// filled in place: a value costs a store to memory, not a call into C. It
// belongs to one goroutine.
//
// A chunk is filled by the columns' set methods for the row t.rows and next, or
// a whole block of rows at a time (see events.go).
type table struct {
	app   mapping.Appender
	types []mapping.LogicalType
	null  mapping.Value
	chunk mapping.DataChunk
	cols  []column
	arena arena
	clean []byte // scratch of cleanText
	rows  int    // in the chunk
	held  int    // in the appender, since its last flush
	every int    // flush the appender after so many rows; 0: as the appender likes
}

// column is one vector of the chunk.
type column struct {
	vec   mapping.Vector
	data  unsafe.Pointer          // chunkRows values
	valid *[chunkRows / 64]uint64 // one bit a row, set: not NULL
	any   bool                    // whether any row of the chunk is not NULL
}

// tempPrefix begins the names of temporary tables.
const tempPrefix = "hunt_"

// newTable returns an appender to the named table. With a query, which must be
// one INSERT or MERGE statement, that query is run over the appended rows
// instead, which it sees as the table appended_data.
func newTable(conn mapping.Connection, name, query string) (*table, error) {
	catalog, schema := "", ""
	if strings.HasPrefix(name, tempPrefix) {
		catalog, schema = "temp", "main"
	}
	t := &table{null: mapping.CreateNullValue()}
	var columns []string
	if err := t.describe(conn, catalog, schema, name, &columns); err != nil {
		t.close()
		return nil, err
	}
	var state mapping.State
	if query == "" {
		state = mapping.AppenderCreateExt(conn, catalog, schema, name, &t.app)
	} else {
		state = mapping.AppenderCreateQuery(conn, query, t.types, "", columns, &t.app)
	}
	if state == mapping.StateError {
		err := errors.New(mapping.AppenderError(t.app))
		t.close()
		return nil, err
	}
	t.chunk = mapping.CreateDataChunk(t.types)
	t.cols = make([]column, len(t.types))
	for i := range t.cols {
		t.cols[i].vec = mapping.DataChunkGetVector(t.chunk, mapping.IdxT(i))
	}
	t.begin()
	return t, nil
}

// describe reads the types and names of the table's columns.
func (t *table) describe(conn mapping.Connection, catalog, schema, name string, columns *[]string) error {
	var desc mapping.TableDescription
	defer mapping.TableDescriptionDestroy(&desc)
	if mapping.TableDescriptionCreateExt(conn, catalog, schema, name, &desc) == mapping.StateError {
		return errors.New(mapping.TableDescriptionError(desc))
	}
	for i := range mapping.TableDescriptionGetColumnCount(desc) {
		t.types = append(t.types, mapping.TableDescriptionGetColumnType(desc, i))
		*columns = append(*columns, mapping.TableDescriptionGetColumnName(desc, i))
	}
	return nil
}

// begin makes the chunk empty and all its values NULL.
func (t *table) begin() {
	mapping.DataChunkReset(t.chunk)
	t.arena.reset()
	t.rows = 0
	for i := range t.cols {
		c := &t.cols[i]
		mapping.VectorEnsureValidityWritable(c.vec)
		c.data = mapping.VectorGetData(c.vec)
		c.valid = (*[chunkRows / 64]uint64)(mapping.VectorGetValidity(c.vec))
		clear(c.valid[:])
		c.any = false
	}
}

// next ends a row.
func (t *table) next() error {
	if t.rows++; t.rows == chunkRows {
		return t.append()
	}
	return nil
}

// append hands the chunk to DuckDB and begins the next.
func (t *table) append() error {
	if t.rows == 0 {
		return nil
	}
	for i := range t.cols {
		if !t.cols[i].any {
			mapping.VectorReferenceValue(t.cols[i].vec, t.null) // one NULL for all rows
		}
	}
	mapping.DataChunkSetSize(t.chunk, mapping.IdxT(t.rows))
	if mapping.AppendDataChunk(t.app, t.chunk) == mapping.StateError {
		return errors.New(mapping.AppenderError(t.app))
	}
	t.held += t.rows
	t.begin()
	if t.every > 0 && t.held >= t.every {
		return t.flush()
	}
	return nil
}

// flush puts all rows into the connection's transaction.
func (t *table) flush() error {
	if err := t.append(); err != nil {
		return err
	}
	if t.held == 0 {
		return nil
	}
	t.held = 0
	if mapping.AppenderFlush(t.app) == mapping.StateError {
		return errors.New(mapping.AppenderError(t.app))
	}
	return nil
}

// forget drops all rows that are not in the transaction yet.
func (t *table) forget() {
	mapping.AppenderClear(t.app)
	t.held = 0
	t.begin()
}

// close frees everything. Rows that are not in the transaction yet are lost.
func (t *table) close() {
	if t.app.Ptr != nil {
		mapping.AppenderClear(t.app)
		mapping.AppenderDestroy(&t.app)
	}
	mapping.DestroyDataChunk(&t.chunk)
	for i := range t.types {
		mapping.DestroyLogicalType(&t.types[i])
	}
	mapping.DestroyValue(&t.null)
	t.arena.close()
}

// mark makes row not NULL.
func (c *column) mark(row int) {
	c.valid[row/64] |= 1 << (row % 64)
	c.any = true
}

func (c *column) int64(row int, v int64) {
	(*[chunkRows]int64)(c.data)[row] = v
	c.mark(row)
}

func (c *column) uint32(row int, v uint32) {
	(*[chunkRows]uint32)(c.data)[row] = v
	c.mark(row)
}

func (c *column) uint16(row int, v uint16) {
	(*[chunkRows]uint16)(c.data)[row] = v
	c.mark(row)
}

func (c *column) uint8(row int, v uint8) {
	(*[chunkRows]uint8)(c.data)[row] = v
	c.mark(row)
}

func (c *column) bool(row int, v bool) {
	(*[chunkRows]bool)(c.data)[row] = v
	c.mark(row)
}

// addr leaves the value NULL for the zero address.
func (c *column) addr(row int, a netip.Addr) {
	if hi, lo, ok := vedette.Addr128(a); ok {
		(*[chunkRows][2]uint64)(c.data)[row] = [2]uint64{lo, hi}
		c.mark(row)
	}
}

// text leaves the value NULL for an empty string.
func (t *table) text(col int, s string) {
	if s != "" {
		t.put(&t.cols[col], t.rows, t.utf8(s))
		t.cols[col].mark(t.rows)
	}
}

// textOrEmpty is text for columns that tell "" and NULL apart.
func (t *table) textOrEmpty(col int, s string) {
	t.put(&t.cols[col], t.rows, t.utf8(s))
	t.cols[col].mark(t.rows)
}

// id leaves the value NULL for the zero ID.
func (t *table) id(col int, id vedette.ID) {
	if !id.IsZero() {
		t.text(col, id.String())
	}
}

// blob leaves the value NULL for no bytes.
func (t *table) blob(col int, b []byte) {
	if len(b) > 0 {
		t.put(&t.cols[col], t.rows, unsafe.String(unsafe.SliceData(b), len(b)))
		t.cols[col].mark(t.rows)
	}
}

// put writes s as a duckdb_string_t: the length in four bytes, then either up
// to twelve bytes of text padded with zeros, or its first four bytes and a
// pointer to all of it.
func (t *table) put(c *column, row int, s string) {
	var v [16]byte
	binary.NativeEndian.PutUint32(v[:4], uint32(len(s)))
	if len(s) <= 12 {
		copy(v[4:], s)
	} else {
		copy(v[4:8], s)
		binary.NativeEndian.PutUint64(v[8:], uint64(uintptr(t.arena.copy(s))))
	}
	(*[chunkRows][16]byte)(c.data)[row] = v
}
