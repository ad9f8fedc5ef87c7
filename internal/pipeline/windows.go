package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/detect"
	"github.com/vedette-cti/vedette/internal/ingest"
	"github.com/vedette-cti/vedette/internal/store"
)

// RunWindows runs the detectors with memory over span and puts what they find
// in place of what they found before. Cited lines that the store did not keep
// are read back from the files, as far as these still hold them. It returns how
// many detections there are.
func RunWindows(ctx context.Context, files ingest.Opener, st store.Store, windows []detect.Window, span detect.Span) (int, error) {
	byName, err := analyze(ctx, st, windows, span)
	if err != nil {
		return 0, err
	}
	states, err := st.Sources(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		found := complete(byName[name])
		if err := quote(ctx, files, states, found); err != nil {
			return total, err
		}
		if err := st.ReplaceDetections(ctx, name, found); err != nil {
			return total, err
		}
		total += len(found)
	}
	return total, nil
}

// analyze runs the windows, as many at once as there are processors: each query
// keeps one busy. It returns what they found, by detector.
func analyze(ctx context.Context, st store.Store, windows []detect.Window, span detect.Span) (map[string][]vedette.Detection, error) {
	found := make([][]vedette.Detection, len(windows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, w := range windows {
		group.Go(func() error {
			name := w.Meta().Name
			err := w.Analyze(ctx, st, span, func(d *vedette.Detection) {
				c := detect.Clone(d)
				c.Detector = name
				found[i] = append(found[i], c)
			})
			if err != nil {
				return fmt.Errorf("detector %s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	byName := make(map[string][]vedette.Detection)
	for i, w := range windows {
		name := w.Meta().Name
		byName[name] = append(byName[name], found[i]...)
	}
	return byName, nil
}

// complete fills what detectors may leave out, sorts, and drops repetitions.
func complete(found []vedette.Detection) []vedette.Detection {
	for i := range found {
		d := &found[i]
		d.LastTime = max(d.LastTime, d.Time)
		d.Count = max(d.Count, 1)
		if d.ID.IsZero() {
			d.ID = detect.WindowID(d)
		}
	}
	slices.SortStableFunc(found, func(a, b vedette.Detection) int {
		return cmp.Or(
			cmp.Compare(a.Time, b.Time), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Organization, b.Organization),
			a.Actor.Compare(b.Actor), a.Target.Compare(b.Target), bytes.Compare(a.ID[:], b.ID[:]),
			cmp.Compare(b.Count, a.Count), cmp.Compare(a.LastTime, b.LastTime), cmp.Compare(a.Summary, b.Summary),
		)
	})
	seen := make(map[vedette.ID]bool)
	return slices.DeleteFunc(found, func(d vedette.Detection) bool {
		again := seen[d.ID]
		seen[d.ID] = true
		return again
	})
}

// quote reads missing originals of found back from their files, each file once.
func quote(ctx context.Context, files ingest.Opener, states []vedette.SourceState, found []vedette.Detection) error {
	missing := make(map[vedette.ID][]*vedette.Evidence)
	for i := range found {
		for k := range found[i].Evidence {
			ev := &found[i].Evidence[k]
			if ev.Original == "" && !ev.Source.IsZero() {
				missing[ev.Source] = append(missing[ev.Source], ev)
			} else if ev.Event.IsZero() && len(ev.Original) < vedette.MaxRejectBytes {
				ev.Event = ingest.EventID(ev.Source, ev.Offset, 0, []byte(ev.Original))
			}
		}
	}
	for i := range states {
		list := missing[states[i].ID]
		if len(list) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b *vedette.Evidence) int { return cmp.Compare(a.Offset, b.Offset) })
		quoteFile(files, &tracked{SourceState: states[i]}, list)
	}
	return nil
}

// quoteFile reads the cited lines of one source, in order of their offsets. It
// leaves them out when the file is gone or holds something else by now: the
// detection stands, only its quotation is missing.
func quoteFile(files ingest.Opener, t *tracked, list []*vedette.Evidence) {
	p := planner{r: &run{cfg: Config{Files: files}}, held: make(map[*tracked]bool)}
	if !p.holds(t) {
		return
	}
	s, err := files.Open(t.Path)
	if err != nil {
		return
	}
	defer func() { s.Close() }()
	r := &lineReader{s: s}
	for i, c := range list {
		if i > 0 && c.Offset == list[i-1].Offset {
			c.Original, c.Event = list[i-1].Original, list[i-1].Event
			continue
		}
		if c.Offset >= t.Offset {
			return
		}
		rec, ok := r.at(c.Offset)
		if !ok {
			continue
		}
		id := ingest.EventID(t.ID, c.Offset, 0, rec)
		if !c.Event.IsZero() && c.Event != id {
			continue
		}
		c.Event = id
		c.Original = string(rec[:min(len(rec), vedette.MaxRejectBytes)])
	}
}

// lineReader reads lines at ascending offsets.
type lineReader struct {
	s    ingest.Stream
	pos  int64  // of the stream
	buf  []byte // content before pos
	done bool
}

// at returns the record that begins at offset, without its line end. ok is
// false when no line begins there.
func (r *lineReader) at(offset int64) (rec []byte, ok bool) {
	from := max(0, offset-int64(len(byteOrderMark))-1)
	start := r.pos - int64(len(r.buf))
	if from > r.pos && !r.done {
		if err := r.s.SkipTo(from); err != nil {
			r.done, r.buf = true, nil
			return nil, false
		}
		r.buf, r.pos, start = r.buf[:0], from, from
	}
	if from < start {
		return nil, false
	}
	r.buf = r.buf[:copy(r.buf, r.buf[from-start:])]
	before := int(offset - from)
	end := r.lineEnd(before)
	if before > len(r.buf) {
		return nil, false
	}
	prefix, _ := bytes.CutSuffix(r.buf[:before], byteOrderMark)
	if len(prefix) > 0 && prefix[len(prefix)-1] != '\n' {
		return nil, false
	}
	rec, _ = trim(r.buf[before:end])
	return rec, len(rec) > 0
}

// lineEnd reads until the line that begins at r.buf[from] is whole and returns
// where it ends.
func (r *lineReader) lineEnd(from int) int {
	for scanned := from; ; {
		if scanned < len(r.buf) {
			if i := bytes.IndexByte(r.buf[scanned:], '\n'); i >= 0 {
				return scanned + i
			}
			scanned = len(r.buf)
		}
		if r.done || len(r.buf)-from > ingest.MaxRecord+1 {
			return len(r.buf)
		}
		r.buf = slices.Grow(r.buf, 16<<10)
		n, err := r.s.Read(r.buf[len(r.buf) : len(r.buf)+16<<10])
		r.buf = r.buf[:len(r.buf)+n]
		r.pos += int64(n)
		r.done = err != nil
	}
}
