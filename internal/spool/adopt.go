package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Adopt takes over segments whose writers are gone, and returns how many items
// they held. Segments of unknown liveness (another boot, another pid
// namespace) are left for a day, unless force. At most 64 are held at a time,
// so after delivering them ask again. It never waits for a lock, and passes
// over whatever is not a segment of this user's.
func (s *Spool) Adopt(force bool) (int, error) {
	if s.closed {
		return 0, ErrClosed
	}
	s.expire()
	var found []candidate
	var errs []error
	for _, p := range s.places {
		entries, err := os.ReadDir(p.Path)
		switch {
		case nothing(err) || err == nil && !p.Safe():
		case err != nil:
			errs = append(errs, fmt.Errorf("spool: adopt: %w", err))
		default:
			found = append(found, s.orphans(p.Path, entries)...)
		}
	}
	slices.SortFunc(found, func(a, b candidate) int { return a.mod.Compare(b.mod) })
	n := 0
	for _, c := range found {
		if len(s.held) >= maxHeld {
			break
		}
		n += s.adopt(c.path, force)
	}
	return n, errors.Join(errs...)
}

type candidate struct {
	path string
	mod  time.Time
}

// orphans lists what may be adopted of a directory, and clears away what was
// never finished.
func (s *Spool) orphans(dir string, entries []os.DirEntry) []candidate {
	mine := s.mine()
	var out []candidate
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		c := candidate{filepath.Join(dir, e.Name()), info.ModTime()}
		switch {
		case isSegment(e.Name()) && !mine[e.Name()]:
			out = append(out, c)
		case strings.HasPrefix(e.Name(), hidden) && s.opt.Now().Sub(c.mod) > s.opt.Foreign:
			if f, err := openLocked(c.path); err == nil {
				_ = os.Remove(c.path)
				_ = f.Close()
			}
		}
	}
	return out
}

// adopt tries one segment and returns how many items came with it.
func (s *Spool) adopt(path string, force bool) int {
	f, err := openLocked(path)
	if err != nil {
		return 0
	}
	h, base, live, end, err := readSegment(f, maxFile)
	now := s.opt.Now()
	if err != nil {
		// Not readable as a segment. After a day it is rubbish of ours, as
		// its name, owner and permissions say; before, let it be.
		if info, serr := f.Stat(); errors.Is(err, errHeader) && serr == nil && now.Sub(info.ModTime()) > s.opt.Foreign {
			_ = os.Remove(path)
		}
		_ = f.Close()
		return 0
	}
	age := h.age(s.opt.Host, now, sinceBoot())
	if !s.deserted(f, h, now) && !force {
		_ = f.Close()
		return 0
	}
	// The new name is a claim as well: where locks mean nothing, only one
	// of two adopters finds the old name to rename.
	claimed := filepath.Join(filepath.Dir(path), segmentName())
	if err := os.Rename(path, claimed); err != nil {
		_ = f.Close()
		return 0
	}
	s.measured = remeasure // what was another's is ours now, and must not count twice
	g := &segment{path: claimed, file: f, head: h, base: int64(base), size: end, born: bornAt(now, age)}
	return s.take(g, live)
}

// deserted reports whether a segment that we could lock has lost its writer.
func (s *Spool) deserted(f *os.File, h header, now time.Time) bool {
	if h.host.same(s.opt.Host) {
		return h.host == s.opt.Host || !alive(s.opt.Proc, h.host)
	}
	info, err := f.Stat()
	return err == nil && now.Sub(info.ModTime()) >= s.opt.Foreign
}

// take puts an adopted segment's items at the head of the queue.
func (s *Spool) take(g *segment, live []record) int {
	var young []*entry
	for _, r := range live {
		at := g.born.Add(time.Duration(r.age) * time.Second)
		if r.size > MaxItem || s.byID[r.id] != nil {
			continue
		}
		if s.opt.Now().Sub(at) >= s.opt.MaxAge {
			s.dropped++
			continue
		}
		e := &entry{id: r.id, keep: r.keep, at: at, seg: g, off: r.off, size: r.size}
		s.byID[r.id] = e
		young = append(young, e)
	}
	g.live = len(young)
	if g.live == 0 {
		g.remove()
		return 0
	}
	s.held = append(s.held, g)
	s.queue = slices.Insert(s.queue, s.older(young[0].at), young...)
	return len(young)
}

// older returns the place in the queue of something appended at t.
func (s *Spool) older(t time.Time) int {
	for i, e := range s.queue {
		if !e.gone && e.at.After(t) {
			return i
		}
	}
	return len(s.queue)
}
