package spool

import (
	"errors"
	"time"
)

// diskPause is how long a disk that refused is left alone.
const diskPause = 10 * time.Second

var errPaused = errors.New("spool: disk refused a moment ago")

// age is a segment's age as its frames record it.
func (g *segment) age(now time.Time) uint32 {
	return uint32(max(0, now.Sub(g.born)/time.Second))
}

// write appends the entry's item to the current segment, made or changed as
// needed.
func (s *Spool) write(e *entry, data []byte) error {
	now := s.opt.Now()
	if now.Before(s.retry) {
		return errPaused
	}
	need := int64(frameHeader + len(data))
	if !s.room(need, e.keep) {
		return ErrFull
	}
	err := s.ready(need)
	if err == nil {
		flags := byte(0)
		if e.keep {
			flags = flagKeep
		}
		off := s.current.size
		b := appendFrame(nil, kindItem, flags, s.current.age(now), e.id, data)
		if err = s.current.append(b); err == nil {
			e.seg, e.off = s.current, off
			s.measured += need
			return nil
		}
	}
	s.retry = now.Add(diskPause)
	return err
}

// ready sees to it that the current segment exists, has a name and has room.
func (s *Spool) ready(need int64) error {
	if g := s.current; g != nil {
		if g.size+need <= MaxSegment && !gone(g.file) {
			return nil
		}
		// Full, or its name was removed under us: what is in it can still
		// be read, what comes next goes elsewhere.
		s.current = nil
		if g.live > 0 {
			s.held = append(s.held, g)
		} else {
			g.remove()
		}
	}
	if err := ownDir(s.dir); err != nil {
		return err
	}
	now := s.opt.Now()
	h := header{host: s.opt.Host, created: now, booted: sinceBoot(), schema: s.schema}
	g, err := createSegment(s.dir, segmentName(), h, nil, now)
	if err != nil {
		return err
	}
	s.current = g
	s.spill()
	return nil
}

// spill moves to disk what had to stay in memory.
func (s *Spool) spill() {
	for _, e := range s.queue {
		if e.gone || e.seg != nil {
			continue
		}
		flags := byte(0)
		if e.keep {
			flags = flagKeep
		}
		off := s.current.size
		b := appendFrame(nil, kindItem, flags, 0, e.id, e.data)
		if off+int64(len(b)) > 2*MaxSegment-MaxItem-frameHeader || s.current.append(b) != nil {
			return
		}
		s.memory -= len(e.data)
		e.data, e.seg, e.off = nil, s.current, off
		s.current.live++
	}
}
