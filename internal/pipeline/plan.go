package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

// job is one source to read from a position on.
type job struct {
	path    string
	index   int // among the files of Detect
	source  vedette.Source
	start   vedette.Position
	known   bool // the store has the source
	head    vedette.ID
	headLen int
	size    int64 // on disk, left to read as far as is known
	self    *tracked
	// original is the source that a copy's content up to common is part of.
	original *tracked
	common   int64
	// identify gives the source its identity when its head is read first in
	// the run, not in planning.
	identify func(head vedette.ID) vedette.ID
}

// tracked is a source that the store or this run knows.
type tracked struct {
	vedette.SourceState
	claimed bool // found in this run, at Path
}

// headKey is a hash of the first n bytes of a content.
type headKey struct {
	n    int
	hash vedette.ID
}

// found is a file of this run before it is known which source it is.
type found struct {
	path string
	info ingest.Info
	full headKey
	// keys are the hashes of the beginning at those lengths at which another
	// source's head might be equal, full among them.
	keys []headKey
}

type move struct {
	id       vedette.ID
	from, to string
}

// planner decides which source each file is and where to start reading. It goes
// through the files in order of their paths, so the outcome does not depend on
// the workers.
type planner struct {
	r      *run
	ids    map[vedette.ID]*tracked
	byHead map[headKey][]*tracked
	byPath map[string][]*tracked
	held   map[*tracked]bool // memo of holds
	moves  []move
}

func newPlanner(r *run, states []vedette.SourceState) *planner {
	p := &planner{
		r:      r,
		ids:    make(map[vedette.ID]*tracked),
		byHead: make(map[headKey][]*tracked),
		byPath: make(map[string][]*tracked),
		held:   make(map[*tracked]bool),
	}
	for _, s := range states {
		t := &tracked{SourceState: s}
		p.ids[t.ID] = t
		p.byPath[t.Path] = append(p.byPath[t.Path], t)
		p.add(t, headKey{t.HeadLen, t.Head})
	}
	return p
}

func (p *planner) add(t *tracked, k headKey) {
	if !slices.Contains(p.byHead[k], t) {
		p.byHead[k] = append(p.byHead[k], t)
	}
}

// plan returns what is to be read, copies after all others.
func (p *planner) plan(ctx context.Context, paths []string) ([]*job, error) {
	files := p.look(ctx, paths)
	var jobs, copies []*job
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch j := p.resolve(f); {
		case j == nil:
		case j.original != nil:
			copies = append(copies, j)
		default:
			jobs = append(jobs, j)
		}
	}
	return append(jobs, copies...), nil
}

// look takes the fingerprints of all files.
func (p *planner) look(ctx context.Context, paths []string) []*found {
	var files []*found
	lengths := make(map[int]bool)
	for k := range p.byHead {
		lengths[k.n] = true
	}
	whole := make(map[headKey]bool) // heads that are, perhaps, whole files
	for _, path := range paths {
		if ctx.Err() != nil {
			break
		}
		if path == ingest.Stdin {
			files = append(files, &found{path: path})
			continue
		}
		head, info, err := p.head(path)
		if err != nil {
			p.r.skip(path, err)
			continue
		}
		if len(head) == 0 && info.Plain {
			continue // an empty file has no identity yet
		}
		f := &found{path: path, info: info, full: headKey{len(head), ingest.Hash(head)}}
		if len(head) == 0 {
			// Compressed, and nothing comes out: only the name tells it apart.
			f.full.hash = ingest.Hash([]byte("empty\x00" + path))
		}
		files = append(files, f)
		lengths[f.full.n] = true
		whole[f.full] = true
	}
	sorted := slices.Sorted(maps.Keys(lengths))
	for _, f := range files {
		p.hashes(f, sorted, whole)
	}
	return files
}

// hashes fills f.keys and makes sources that are known by f's path findable by
// them.
func (p *planner) hashes(f *found, lengths []int, whole map[headKey]bool) {
	f.keys = []headKey{f.full}
	if len(lengths) > 0 && lengths[0] < f.full.n {
		head, _, _ := p.head(f.path) // an error was reported before
		for _, n := range lengths {
			if n >= len(head) || n >= f.full.n {
				break
			}
			k := headKey{n, ingest.Hash(head[:n])}
			if whole[k] || p.byHead[k] != nil {
				f.keys = append(f.keys, k)
			}
		}
	}
	for _, t := range p.byPath[f.path] {
		if slices.Contains(f.keys, headKey{t.HeadLen, t.Head}) {
			for _, k := range f.keys {
				p.add(t, k)
			}
		}
	}
}

// resolve finds out which source f is. It returns nil when nothing is left to
// read.
func (p *planner) resolve(f *found) *job {
	if f.path == ingest.Stdin {
		return p.stdin()
	}
	candidates := p.candidates(f)
	for _, t := range candidates {
		if t.Path == f.path && !t.claimed && p.unchanged(f, t) {
			p.claim(f, t)
			return nil
		}
	}
	for _, t := range candidates {
		if t.Path == f.path && !t.claimed && p.confirms(f.path, t) {
			return p.goOn(f, t)
		}
	}
	// What was read the furthest is the least likely to be read twice.
	furthest := slices.Clone(candidates)
	slices.SortStableFunc(furthest, func(a, b *tracked) int { return cmp.Compare(b.Offset, a.Offset) })
	for _, t := range furthest {
		if t.Path != f.path && !t.claimed && p.confirms(f.path, t) && !p.holds(t) {
			p.moves = append(p.moves, move{t.ID, t.Path, f.path})
			t.Path = f.path
			return p.goOn(f, t)
		}
	}
	for _, t := range candidates {
		if t.Path != f.path && p.holds(t) {
			if common, contained := p.compare(f.path, t.Path, 0); contained {
				return p.fresh(f, t, common)
			}
		}
	}
	return p.fresh(f, nil, 0)
}

// candidates are the sources that begin as f does: originals before copies, the
// longest first.
func (p *planner) candidates(f *found) []*tracked {
	var out []*tracked
	for _, k := range f.keys {
		for _, t := range p.byHead[k] {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, func(a, b *tracked) int {
		if a.CopyOf.IsZero() != b.CopyOf.IsZero() {
			if a.CopyOf.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Offset, a.Offset), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out
}

// unchanged reports whether all of f was read, judged without reading it. The
// store may keep times in microseconds.
func (p *planner) unchanged(f *found, t *tracked) bool {
	return t.Size == f.info.Size && t.Size > 0 &&
		t.ModTime.Truncate(time.Microsecond).Equal(f.info.ModTime.Truncate(time.Microsecond))
}

// claim notes that t was found at f.
func (p *planner) claim(f *found, t *tracked) {
	t.claimed = true
	for _, k := range f.keys {
		p.add(t, k)
	}
}

// goOn reads f from where reading of t stopped.
func (p *planner) goOn(f *found, t *tracked) *job {
	p.claim(f, t)
	if p.unchanged(f, t) {
		return nil
	}
	j := p.newJob(f, t)
	j.start, j.known = t.Position, true
	if f.info.Plain {
		j.size -= t.Offset
	}
	if o := p.ids[t.CopyOf]; o != nil && p.holds(o) {
		from := max(0, t.Offset-ingest.TailLen)
		if common, contained := p.compare(f.path, o.Path, from); contained {
			j.copies(o, common)
		}
	}
	return j
}

// fresh reads f as a new source: a copy of original up to common, if that is
// not nil.
func (p *planner) fresh(f *found, original *tracked, common int64) *job {
	t := &tracked{}
	t.Path, t.Head, t.HeadLen = f.path, f.full.hash, f.full.n
	if original != nil {
		t.CopyOf = original.ID
		t.ID = p.newID(func(salt byte) vedette.ID {
			return ingest.Hash(append(append(original.ID[:], "copy\x00"+f.path...), salt))
		})
	} else {
		t.ID = p.identity(f)
	}
	p.ids[t.ID] = t
	p.claim(f, t)
	j := p.newJob(f, t)
	if original != nil {
		j.copies(original, common)
	}
	return j
}

// copies notes that j's content up to common is also in original.
func (j *job) copies(original *tracked, common int64) {
	if !original.CopyOf.IsZero() {
		// It may be read at the same time as j, so only its start counts.
		still := *original
		original = &still
	}
	j.original, j.common = original, common
}

// identity is the hash of f's head, or of more if another source has that.
func (p *planner) identity(f *found) vedette.ID {
	if p.ids[f.full.hash] == nil {
		return f.full.hash
	}
	n := ingest.HeadLen
	return p.newID(func(salt byte) vedette.ID {
		if n < 64*ingest.HeadLen {
			n *= 4
			head, _, _ := p.headN(f.path, n)
			return ingest.Hash(head)
		}
		return ingest.Hash(append(append(f.full.hash[:], f.path...), salt))
	})
}

// stdin is always a new source: what was read before can not be told from what
// is new without storing it.
func (p *planner) stdin() *job {
	j := &job{path: ingest.Stdin}
	j.source = vedette.Source{Path: j.path, Organization: p.r.cfg.Organization(j.path)}
	j.identify = func(head vedette.ID) vedette.ID {
		if p.ids[head] == nil {
			return head
		}
		return p.newID(func(salt byte) vedette.ID { return ingest.Hash(append(head[:], "stdin"+string(rune(salt))...)) })
	}
	return j
}

// newID asks next for identities until one is not in use.
func (p *planner) newID(next func(salt byte) vedette.ID) vedette.ID {
	for salt := byte(0); ; salt++ {
		if id := next(salt); p.ids[id] == nil {
			return id
		}
	}
}

func (p *planner) newJob(f *found, t *tracked) *job {
	source := t.Source
	source.Path, source.Organization = f.path, p.r.cfg.Organization(f.path)
	return &job{
		path: f.path, source: source, head: f.full.hash, headLen: f.full.n,
		size: f.info.Size, self: t,
	}
}
