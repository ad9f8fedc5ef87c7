package pipeline

import (
	"bytes"
	"io"

	"github.com/vedette-cti/vedette"
	"github.com/vedette-cti/vedette/internal/ingest"
)

// head reads the beginning of the content at path.
func (p *planner) head(path string) ([]byte, ingest.Info, error) {
	return p.headN(path, ingest.HeadLen)
}

func (p *planner) headN(path string, n int) ([]byte, ingest.Info, error) {
	s, err := p.r.cfg.Files.Open(path)
	if err != nil {
		return nil, ingest.Info{}, err
	}
	defer s.Close()
	return ingest.ReadHead(s, n), s.Info(), nil
}

// confirms reports whether the content at path, which begins as t does, also
// has the bytes that are before t's position.
func (p *planner) confirms(path string, t *tracked) bool {
	s, err := p.r.cfg.Files.Open(path)
	if err != nil {
		return false
	}
	defer s.Close()
	_, ok := readTail(s, &t.Position)
	return ok
}

// readTail moves s to the position, returns the bytes before it, and reports
// whether they are what they were.
func readTail(s ingest.Stream, pos *vedette.Position) ([]byte, bool) {
	if err := s.SkipTo(pos.Offset - int64(pos.TailLen)); err != nil {
		return nil, false
	}
	tail := make([]byte, pos.TailLen, ingest.TailLen)
	if _, err := io.ReadFull(s, tail); err != nil {
		return nil, false
	}
	return tail, ingest.Hash(tail) == pos.Tail
}

// holds reports whether t's content is still found at t's path.
func (p *planner) holds(t *tracked) bool {
	if t.claimed {
		return true
	}
	held, ok := p.held[t]
	if !ok {
		held = t.Path != ingest.Stdin && p.beginsAs(t.Path, t) && p.confirms(t.Path, t)
		p.held[t] = held
	}
	return held
}

func (p *planner) beginsAs(path string, t *tracked) bool {
	head, _, err := p.headN(path, t.HeadLen)
	return err == nil && len(head) == t.HeadLen && ingest.Hash(head) == t.Head
}

// compare reads two contents from an offset on until one ends or they differ.
// It returns the offset up to which they are equal, and whether one of them
// ends there.
func (p *planner) compare(a, b string, from int64) (common int64, contained bool) {
	sa, err := p.r.cfg.Files.Open(a)
	if err != nil {
		return 0, false
	}
	defer sa.Close()
	sb, err := p.r.cfg.Files.Open(b)
	if err != nil {
		return 0, false
	}
	defer sb.Close()
	if sa.SkipTo(from) != nil || sb.SkipTo(from) != nil {
		return 0, false
	}
	const size = 64 << 10
	bufA, bufB := make([]byte, size), make([]byte, size)
	for common = from; ; {
		// A read error ends a content here as its end does.
		na, errA := io.ReadFull(sa, bufA)
		nb, errB := io.ReadFull(sb, bufB)
		n := min(na, nb)
		if !bytes.Equal(bufA[:n], bufB[:n]) {
			return 0, false
		}
		common += int64(n)
		if errA != nil || errB != nil {
			return common, true
		}
	}
}
