package vedette

// Batch is a run of consecutive records of one source on its way to the store:
// what was read, what it meant, and where reading stands afterwards. The store
// takes a batch as a whole or not at all.
//
// A batch owns the memory that its events' strings alias: the block of input
// and an arena for values that had to be unescaped. Reset makes all of it
// invalid. A batch belongs to one goroutine at a time.
type Batch struct {
	Source     *Source
	Events     []Event
	Detections []Detection
	Rejects    []Reject
	Ledger     Ledger   // counts of this batch alone
	Position   Position // where the source stands after this batch

	Block  []byte // input memory, owned by the batch
	arena  []byte
	fields []Field
}

// Reset empties b for reuse, keeping its memory.
func (b *Batch) Reset() {
	clear(b.Events)
	b.Events = b.Events[:0]
	clear(b.Detections)
	b.Detections = b.Detections[:0]
	clear(b.Rejects)
	b.Rejects = b.Rejects[:0]
	b.Source = nil
	b.Ledger = Ledger{}
	b.Position = Position{}
	b.arena = b.arena[:0]
	b.fields = b.fields[:0]
}

// Add appends a zero event and returns it. The pointer is valid until the next
// Add.
func (b *Batch) Add() *Event {
	if len(b.Events) < cap(b.Events) {
		b.Events = b.Events[:len(b.Events)+1] // Reset and Drop leave unused slots zero
	} else {
		b.Events = append(b.Events, Event{})
	}
	return &b.Events[len(b.Events)-1]
}

// Drop removes the events from index n on: what a decoder added before it found
// that the record is bad.
func (b *Batch) Drop(n int) {
	clear(b.Events[n:])
	b.Events = b.Events[:n]
}

// AddRest appends a field to e.Rest. e must be the event added last.
func (b *Batch) AddRest(e *Event, key, value string) {
	b.AddField(e, Field{Key: key, Value: value})
}

// AddField appends f to e.Rest. e must be the event added last.
func (b *Batch) AddField(e *Event, f Field) {
	n, end := len(e.Rest), len(b.fields)
	if end == cap(b.fields) {
		b.fields = append(b.fields, f)
	} else {
		b.fields = b.fields[:end+1]
		slot := &b.fields[end] // in place: a field is five words
		slot.Key, slot.Value, slot.Kind = f.Key, f.Value, f.Kind
	}
	e.Rest = b.fields[end-n : end+1 : end+1]
}

// Buffer returns n bytes of the batch's arena for a decoder to write a value
// into.
func (b *Batch) Buffer(n int) []byte {
	if cap(b.arena)-len(b.arena) < n {
		// The old chunk stays alive as long as strings point into it.
		b.arena = make([]byte, 0, max(64<<10, 2*cap(b.arena), n))
	}
	start := len(b.arena)
	b.arena = b.arena[:start+n]
	return b.arena[start : start+n : start+n]
}
