package spool

import "time"

// age is a segment's age as its frames record it.
func (g *segment) age(now time.Time) uint32 {
	return uint32(max(0, now.Sub(g.born)/time.Second))
}

// write appends the entry's item to the current segment, made or changed as
// needed. A place that fails is left alone for a while, and the next one tried.
func (s *Spool) write(e *entry, data []byte) error {
	if s.paused() {
		return errPaused
	}
	need := int64(frameHeader + len(data))
	if !s.room(need, e.keep) {
		return ErrFull
	}
	for {
		if err := s.ready(need); err != nil {
			return err
		}
		err := s.put(e, data)
		if err == nil {
			s.measured += need
			return nil
		}
		s.leave(s.current)
	}
}

// put appends one item to the current segment.
func (s *Spool) put(e *entry, data []byte) error {
	g := s.current
	flags := byte(0)
	if e.keep {
		flags = flagKeep
	}
	off := g.size
	s.scratch = appendFrame(s.scratch[:0], kindItem, flags, g.age(e.at), e.id, data)
	if err := g.append(s.scratch); err != nil {
		return err
	}
	e.seg, e.off = g, off
	return nil
}

// leave turns away from a segment that could not be written to, and from its
// place for a while.
func (s *Spool) leave(g *segment) {
	s.placeOf(g).retry = s.opt.Now().Add(diskPause)
	s.retire()
}

// spill moves to disk what had to stay in memory.
func (s *Spool) spill() {
	for _, e := range s.queue {
		if e.gone || e.seg != nil {
			continue
		}
		data := e.data
		if s.current.size+int64(frameHeader+len(data)) > 2*MaxSegment-MaxItem-frameHeader || s.put(e, data) != nil {
			return
		}
		s.memory -= len(data)
		e.data = nil
		s.current.live++
	}
}
