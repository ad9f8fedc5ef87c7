package pipeline

import (
	"context"
	"sync"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

// maxAhead is how many detections a file may be ahead of those before it.
const maxAhead = 10_000

// Detect shows everything in paths to the stream detectors and emits what they
// find, in order of paths and, within a file, of its records. It stores
// nothing, so it always starts at the beginning and takes last lines without a
// line end. emit is called by one goroutine at a time; the detection is its
// own. Rejected records are counted in the Result.
func Detect(ctx context.Context, cfg Config, paths []string, emit func(*vedette.Detection) error) (*Result, error) {
	cfg.Final = true
	r, err := newRun(cfg)
	if err != nil {
		return nil, err
	}
	list, err := cfg.Files.Expand(paths)
	if err != nil {
		return nil, err
	}
	r.result.Files, r.result.Skipped = len(list.Paths), list.Skipped
	r.progress.Files = len(list.Paths)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	out := &ordered{emit: emit, stop: cancel}
	out.turn.L = &out.mu
	defer context.AfterFunc(ctx, out.wake)()
	pool := newPool(2*r.cfg.Workers + 2)
	var jobs []*job
	for i, path := range list.Paths {
		jobs = append(jobs, newDetectJob(r, path, i))
	}
	r.work(ctx, jobs, []chan *parcel{pool}, func(_ int, j *job) deliver {
		return func(p *parcel) bool {
			b := &p.batch
			err := b.Ledger.Check()
			if err == nil {
				err = out.add(ctx, j.index, b.Detections)
			}
			r.count(p)
			b.Reset()
			pool <- p
			if err != nil {
				cancel(err)
			}
			return err == nil
		}
	}, func(j *job) { out.finish(j.index) })
	return r.finish(), context.Cause(ctx)
}

// newDetectJob reads path from the beginning, whatever is known of it.
func newDetectJob(r *run, path string, index int) *job {
	j := &job{path: path, index: index, identify: func(head vedette.ID) vedette.ID { return head }}
	j.source = vedette.Source{Path: path, Organization: r.cfg.Organization(path)}
	if path != ingest.Stdin {
		p := planner{r: r}
		head, info, err := p.head(path)
		if err == nil {
			j.source.ID, j.size = ingest.Hash(head), info.Size
		}
	}
	return j
}

// count adds what a parcel covers to the counts.
func (r *run) count(p *parcel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Ledger.Add(p.batch.Ledger)
	r.progress.Bytes += p.disk
	r.progress.TotalBytes = max(r.progress.TotalBytes, r.progress.Bytes)
	r.progress.Records += p.batch.Ledger.Read
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.progress)
	}
}

// ordered emits the detections of several files in the order of the files. A
// file whose turn has not come is buffered and, when it is too far ahead, waits.
type ordered struct {
	emit func(*vedette.Detection) error
	stop context.CancelCauseFunc

	mu      sync.Mutex
	turn    sync.Cond
	current int // index of the file whose turn it is
	waiting map[int]*queue
}

type queue struct {
	found []vedette.Detection
	done  bool
}

// wake lets everybody look again.
func (o *ordered) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turn.Broadcast()
}

func (o *ordered) queue(index int) *queue {
	if o.waiting == nil {
		o.waiting = make(map[int]*queue)
	}
	if o.waiting[index] == nil {
		o.waiting[index] = &queue{}
	}
	return o.waiting[index]
}

// add takes the next detections of a file.
func (o *ordered) add(ctx context.Context, index int, found []vedette.Detection) error {
	if len(found) == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.queue(index)
	for o.current != index && len(q.found) > maxAhead && ctx.Err() == nil {
		o.turn.Wait()
	}
	q.found = append(q.found, found...)
	if o.current != index {
		return ctx.Err()
	}
	return o.flush(q)
}

func (o *ordered) flush(q *queue) error {
	for i := range q.found {
		if err := o.emit(&q.found[i]); err != nil {
			return err
		}
	}
	q.found = nil
	return nil
}

// finish ends a file and gives the turn to the next one that has not ended.
func (o *ordered) finish(index int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue(index).done = true
	for {
		q := o.queue(o.current)
		if err := o.flush(q); err != nil {
			o.stop(err)
			return
		}
		if !q.done {
			break
		}
		delete(o.waiting, o.current)
		o.current++
	}
	o.turn.Broadcast()
}
