package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/store"
)

// branching is a store with several writers that refuses a copy whose original
// is not committed: killed there, the next run would take one for the other.
type branching struct{ *memory }

var errOrphan = errors.New("a copy came before its original was committed")

// Branch implements store.Brancher.
func (b branching) Branch(context.Context) (store.Writer, error) {
	return &branch{memory: newMemory(), to: b.memory}, nil
}

// Write implements store.Writer.
func (b branching) Write(ctx context.Context, batch *vedette.Batch) error {
	return (&branch{memory: b.memory, to: b.memory}).Write(ctx, batch)
}

// branch collects in a memory of its own and commits to another.
type branch struct {
	*memory
	to *memory
}

func (b *branch) Write(ctx context.Context, batch *vedette.Batch) error {
	if !batch.Source.CopyOf.IsZero() {
		b.to.mu.Lock()
		_, ok := b.to.sources[batch.Source.CopyOf]
		b.to.mu.Unlock()
		if !ok {
			return errOrphan
		}
	}
	return b.memory.Write(ctx, batch)
}

func (b *branch) Commit(ctx context.Context) error {
	if err := b.memory.Commit(ctx); err != nil {
		return err
	}
	b.to.mu.Lock()
	defer b.to.mu.Unlock()
	for id, s := range b.memory.sources {
		b.to.sources[id] = s
	}
	return nil
}

func TestOriginalsAreCommittedFirst(t *testing.T) {
	w := newWorld(t)
	w.cfg.Workers = 2
	text := ""
	for range 200 {
		text += "a line of a log that was copied\n"
	}
	for _, name := range []string{"a.log", "b.log", "c.log", "d.log"} {
		w.write(name, text)
	}
	if _, err := Run(context.Background(), w.cfg, branching{newMemory()}, []string{w.dir}); err != nil {
		t.Fatal(err)
	}
}
