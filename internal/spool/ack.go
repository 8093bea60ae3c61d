package spool

import "errors"

// Return makes taken items available again.
func (s *Spool) Return(ids ...[16]byte) {
	for _, id := range ids {
		if e := s.byID[id]; e != nil {
			e.taken = false
		}
	}
}

// Ack records that items were delivered and forgets them. An error means that
// a later process may deliver them again.
func (s *Spool) Ack(ids ...[16]byte) error {
	acked := map[*segment][]byte{}
	for _, id := range ids {
		e := s.byID[id]
		if e == nil {
			continue
		}
		if e.seg != nil {
			acked[e.seg] = append(acked[e.seg], id[:]...)
		}
		s.forget(e)
	}
	var errs []error
	for g, list := range acked {
		errs = append(errs, s.settle(g, list))
	}
	s.sweep()
	return errors.Join(errs...)
}

// settle writes down what was acknowledged in a segment, or empties it.
func (s *Spool) settle(g *segment, ids []byte) error {
	switch {
	case g.live > 0:
		return g.append(appendFrame(nil, kindAck, 0, g.age(s.opt.Now()), [16]byte{}, ids))
	case g == s.current:
		return g.reset() // kept for the next item: making one costs more
	default:
		s.release(g)
		g.remove()
		return nil
	}
}

// forget takes an entry out of all accounts.
func (s *Spool) forget(e *entry) {
	delete(s.byID, e.id)
	e.gone = true
	s.memory -= len(e.data)
	e.data = nil
	if e.seg != nil {
		e.seg.live--
	}
}

// lose drops an entry for good.
func (s *Spool) lose(e *entry) {
	s.dropped++
	s.forget(e)
	if e.seg != nil {
		_ = s.settle(e.seg, e.id[:]) // worst case: somebody finds it again
	}
}

// sweep lets go of forgotten entries once they are the most.
func (s *Spool) sweep() {
	if len(s.queue) < 64 || len(s.byID) > len(s.queue)/2 {
		return
	}
	kept := make([]*entry, 0, len(s.byID))
	for _, e := range s.queue {
		if !e.gone {
			kept = append(kept, e)
		}
	}
	s.queue = kept
}

// release takes a segment off the list of those held.
func (s *Spool) release(g *segment) {
	for i, h := range s.held {
		if h == g {
			s.held = append(s.held[:i], s.held[i+1:]...)
			return
		}
	}
}
