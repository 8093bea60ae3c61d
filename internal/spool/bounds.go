package spool

import (
	"os"
	"path/filepath"
	"time"
)

// remeasure is after how many appended bytes the directory is looked at again,
// others writing there as well.
const remeasure = 256 << 10

// maxFile is what a segment file may reach: its items and the words that they
// were delivered. A larger file is none of ours.
const maxFile = 2 * MaxSegment

// room reports whether need more bytes fit, and makes room if they do not: the
// oldest items that may go are dropped first. The last segment's worth of room
// is kept for those that may not.
func (s *Spool) room(need int64, keep bool) bool {
	limit := s.opt.MaxTotal
	if !keep {
		limit -= min(MaxSegment, limit/4)
	}
	if s.current == nil || s.measured >= remeasure {
		s.others = s.measure()
		s.measured = 0
	}
	if s.total()+need <= limit {
		return true
	}
	for _, g := range s.segments() {
		// Some more than needed: a segment is written anew for it.
		s.squeeze(g, max(s.total()+need-limit, min(MaxSegment/4, limit/8)))
		if s.total()+need <= limit {
			return true
		}
	}
	return false
}

// total is the size of all segments in the directory as far as known.
func (s *Spool) total() int64 {
	n := s.others
	for _, g := range s.segments() {
		n += g.size
	}
	return n
}

// measure adds up the segments that are not ours.
func (s *Spool) measure() (n int64) {
	mine := s.mine()
	for _, p := range s.places {
		entries, err := os.ReadDir(p.Path)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !isSegment(e.Name()) || mine[e.Name()] {
				continue
			}
			// A file too large to be a segment must not fill the spool.
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() <= maxFile {
				n += info.Size()
			}
		}
	}
	return n
}

// mine names the files of the segments that this process holds.
func (s *Spool) mine() map[string]bool {
	mine := map[string]bool{}
	for _, g := range s.segments() {
		mine[filepath.Base(g.path)] = true
	}
	return mine
}

// squeeze drops droppable items of a segment, oldest first, until about want
// bytes are free, and writes the rest of it anew.
func (s *Spool) squeeze(g *segment, want int64) {
	var rest []*entry
	freed := g.size - g.base
	for _, e := range s.queue {
		if e.seg == g && !e.gone {
			rest = append(rest, e)
			freed -= int64(frameHeader + e.size)
		}
	}
	// freed is now what was acknowledged already and only takes up room.
	kept := rest[:0]
	for _, e := range rest {
		if freed < want && !e.keep && !e.taken {
			freed += int64(frameHeader + e.size)
			s.dropped++
			s.forget(e)
			continue
		}
		kept = append(kept, e)
	}
	if freed <= 0 {
		return
	}
	s.rewrite(g, kept)
}

// rewrite replaces a segment by one that holds the given entries alone.
func (s *Spool) rewrite(g *segment, kept []*entry) {
	if len(kept) == 0 && g != s.current {
		s.release(g)
		g.remove()
		return
	}
	_ = s.copyTo(filepath.Dir(g.path), g, kept) // else it stays as it is: it holds what can still be read
}

// copyTo makes g's successor in dir, under the same name, with the given
// entries, frame by frame, and lets go of the file that g was.
func (s *Spool) copyTo(dir string, g *segment, kept []*entry) error {
	offs := make([]int64, len(kept))
	fresh, err := createSegment(dir, filepath.Base(g.path), g.head, g.born, func(to *segment) error {
		for i, e := range kept {
			f, err := g.frame(s.scratch, e.off, e.size)
			if err != nil {
				return err
			}
			s.scratch, offs[i] = f[:0], to.size
			if err := to.append(f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_ = g.file.Close() // its name, if it had one still, is the new one's already
	g.path, g.file, g.size, g.base = fresh.path, fresh.file, fresh.size, fresh.base
	for i, e := range kept {
		e.off = offs[i]
	}
	return nil
}

// expire drops items that are too old, whatever they are.
func (s *Spool) expire() {
	now := s.opt.Now()
	for _, e := range s.queue {
		if e.gone || e.taken {
			continue
		}
		if now.Sub(e.at) < s.opt.MaxAge {
			return
		}
		s.lose(e)
	}
}

// bornAt is when a segment of the given age was made, on our own clock.
func bornAt(now time.Time, age time.Duration) time.Time { return now.Add(-age) }
