package pipeline

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/ingest"
	"github.com/vedette-cti/vedette/internal/store"
)

// run is the state that the workers of one run share.
type run struct {
	cfg Config

	mu       sync.Mutex
	result   *Result
	formats  map[string]*FormatCount
	progress Progress

	reporting sync.Mutex // held while Config.Progress is called
	reported  time.Time
}

// parcel is a batch on its way round: pool, worker, writer, pool.
type parcel struct {
	batch vedette.Batch
	bytes int64 // of content that the batch covers
	disk  int64 // of the file on disk that were used up for it
}

// deliver hands a parcel on, which the receiver owns then. It returns false
// when nobody takes any more.
type deliver func(*parcel) bool

// read works through the jobs, copies after all that they may be copies of.
func (r *run) read(ctx context.Context, st store.Store, jobs []*job) error {
	r.progress.Files = len(jobs)
	for _, j := range jobs {
		r.progress.TotalBytes += j.size
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	branches, err := writers(ctx, st, min(r.cfg.Workers, len(jobs)))
	if err != nil {
		return err
	}
	for _, wave := range waves(jobs) {
		// What copies are copies of is committed before they are: a copy
		// without its original would become the original of the next run.
		if err := r.wave(ctx, cancel, branches, wave); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// wave reads jobs on all workers, and writes and commits what they hold.
func (r *run) wave(ctx context.Context, stop context.CancelCauseFunc, branches []store.Writer, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	// Each writer has batches of its own, or the ones that wait for the slower
	// writer would keep the other idle.
	each := 2*r.cfg.Workers/len(branches) + 2
	var (
		all           []*writer
		queues, pools []chan *parcel
		done          sync.WaitGroup
	)
	for _, b := range branches {
		w, full, pool := &writer{r: r, store: b, stop: stop}, make(chan *parcel, each), newPool(each)
		all, queues, pools = append(all, w), append(queues, full), append(pools, pool)
		done.Go(func() { w.run(ctx, full, pool) })
	}
	// A worker has one writer, and so has each source that it reads: their
	// batches stay in order.
	r.work(ctx, jobs, pools, func(worker int, _ *job) deliver {
		full := queues[worker%len(queues)]
		return func(p *parcel) bool { full <- p; return true }
	}, func(*job) {})
	for _, full := range queues {
		close(full)
	}
	done.Wait()
	for _, w := range all {
		if w.err != nil {
			return w.err
		}
	}
	return nil
}

// newPool returns n empty batches, which bound the memory of a run.
func newPool(n int) chan *parcel {
	pool := make(chan *parcel, n)
	for range n {
		pool <- &parcel{}
	}
	return pool
}

// waves separates copies from originals.
func waves(jobs []*job) [2][]*job {
	n := 0
	for n < len(jobs) && jobs[n].original == nil {
		n++
	}
	return [2][]*job{jobs[:n], jobs[n:]}
}

// work reads jobs on all workers until they are done or ctx ends. They are
// begun in order; finished is called after the last parcel of each.
func (r *run) work(ctx context.Context, jobs []*job, pools []chan *parcel, sender func(worker int, j *job) deliver, finished func(*job)) {
	queue := make(chan *job, len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	var wg sync.WaitGroup
	for worker := range min(r.cfg.Workers, len(jobs)) {
		wg.Go(func() {
			inspect := detect.NewInspector(r.cfg.Streams)
			for j := range queue {
				if ctx.Err() != nil {
					return
				}
				r.file(ctx, j, inspect, pools[worker%len(pools)], sender(worker, j))
				finished(j)
			}
		})
	}
	wg.Wait()
}

// file reads one source to its end or the end of ctx. A source that can not be
// read any more is skipped with a message: it may have been rotated away.
func (r *run) file(ctx context.Context, j *job, inspect *detect.Inspector, pool chan *parcel, send deliver) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.progress.FilesDone++
	}()
	stream, err := r.cfg.Files.Open(j.path)
	if err != nil {
		r.skip(j.path, err)
		return
	}
	defer stream.Close()
	info := stream.Info()
	if info.Live {
		defer context.AfterFunc(ctx, func() { stream.Close() })()
	}
	s := newSession(r, inspect, j, info)
	if err := s.resume(stream); err != nil {
		r.skip(j.path, err)
		return
	}
	split := ingest.NewSplitter(stream, s.offset, info.Live)
	if j.path == ingest.Stdin {
		head := bufio.NewReaderSize(stream, ingest.HeadLen)
		split = ingest.NewSplitter(head, 0, true)
		s.identify(head)
	}
	disk := int64(0)
	if info.Plain {
		disk = s.offset
	}
	for done := false; !done && ctx.Err() == nil; {
		p := <-pool
		from := s.offset
		done = s.fill(&p.batch, split)
		if ctx.Err() != nil && info.Live {
			p.batch.Reset() // the read was broken off
			pool <- p
			break
		}
		used := stream.Consumed()
		p.bytes, p.disk = s.offset-from, used-disk
		disk = used
		if !s.news(&p.batch) {
			p.batch.Reset()
			pool <- p
			continue
		}
		if !send(p) {
			return
		}
	}
	r.merge(s)
}

// news reports whether b says more about the source than the store knows.
func (s *session) news(b *vedette.Batch) bool {
	old, now := &s.job.start, &b.Position
	if b.Ledger.Read > 0 || now.Offset != old.Offset {
		return true
	}
	return s.job.known && (now.Size != old.Size || !now.ModTime.Equal(old.ModTime) || now.HeadLen != old.HeadLen)
}

// identify gives standard input, which can be read only once, its identity.
func (s *session) identify(r *bufio.Reader) {
	head, _ := r.Peek(ingest.HeadLen) // what is wrong is met again when it is read
	s.job.head, s.job.headLen = ingest.Hash(head), len(head)
	s.source.ID = s.job.identify(s.job.head)
}

// merge takes over what a session found out.
func (r *run) merge(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, c := range s.formats {
		if r.formats[name] == nil {
			r.formats[name] = &FormatCount{Name: name}
		}
		r.formats[name].Stored += c.Stored
		r.formats[name].Rejected += c.Rejected
	}
	if s.waiting != nil {
		r.result.Waiting = append(r.result.Waiting, *s.waiting)
	}
	r.result.Read++
	if s.job.self != nil {
		s.job.self.Offset = s.offset // read by copies, which come later
	}
}

// skip notes that a file was not read.
func (r *run) skip(path string, err error) {
	reason := err.Error()
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		reason = pe.Err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Skipped = append(r.result.Skipped, ingest.Skipped{Path: path, Reason: reason})
}
