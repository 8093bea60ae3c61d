package spool

import (
	"errors"
	"fmt"
	"time"
)

// The bounds of a spool, where Options does not say otherwise.
const (
	MaxItem    = 64 << 10            // bytes of one item
	MaxSegment = 1 << 20             // bytes of one segment, from which on a new one is begun
	MaxTotal   = 16 << 20            // bytes of all segments in one directory
	MaxMemory  = 1 << 20             // bytes held in memory where the disk takes none
	MaxAge     = 30 * 24 * time.Hour // after which an item is dropped
	Foreign    = 24 * time.Hour      // for which a segment of unknown liveness is left alone
	maxHeld    = 64                  // adopted segments, and so open files, at a time
)

var (
	// ErrTooLarge refuses an item over MaxItem.
	ErrTooLarge = errors.New("spool: item too large")
	// ErrFull reports an item dropped for want of room.
	ErrFull = errors.New("spool: full")
	// ErrClosed reports the use of a closed spool.
	ErrClosed = errors.New("spool: closed")
)

// Item is one thing to be delivered.
type Item struct {
	ID   [16]byte // unique; delivery is acknowledged by it
	Keep bool     // never dropped to make room for another
	Data []byte   // at most MaxItem
}

// Taken is an item handed out for delivery, with the schema its writer gave.
type Taken struct {
	Item
	Schema []byte
}

// Options are a spool's surroundings; zero fields mean what they say.
type Options struct {
	// Spare are places for segments where the directory itself takes none, in
	// order. What waits in them is adopted, counted and purged like the rest.
	Spare    []Place
	Now      func() time.Time // nil: time.Now
	Proc     string           // where Linux's process files are; "": "/proc"
	Host     Host             // zero: ThisHost(Proc)
	MaxTotal int64            // 0: the constant
	MaxAge   time.Duration    // 0: the constant
	Foreign  time.Duration    // 0: the constant
}

// entry is an item in the queue.
type entry struct {
	id    [16]byte
	keep  bool
	taken bool
	gone  bool
	at    time.Time // appended
	seg   *segment  // nil: in memory
	off   int64
	size  int
	data  []byte // in memory only
}

// Spool is one process's view of a recipient's directory. Make one with Open.
type Spool struct {
	places []place // in order of preference
	schema []byte
	opt    Options

	queue   []*entry // oldest first, acknowledged ones among them until swept
	byID    map[[16]byte]*entry
	current *segment // written to; nil until the first Append
	held    []*segment

	memory   int    // bytes held in memory
	others   int64  // bytes in other processes' segments, when last measured
	measured int64  // bytes appended since
	scratch  []byte // for one frame
	dropped  uint64
	closed   bool
}

// Open returns a spool over dir, "" for one in memory (and in the spare places)
// alone. Nothing is made on disk before the first Append or Adopt that needs it.
// The schema travels with every segment and
// comes back with what is taken from it; at most 64 KiB.
func Open(dir string, schema []byte, o Options) (*Spool, error) {
	if len(schema) > maxSchema {
		return nil, fmt.Errorf("spool: schema of %d bytes: %w", len(schema), ErrTooLarge)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Proc == "" {
		o.Proc = "/proc"
	}
	if o.Host == (Host{}) {
		o.Host = ThisHost(o.Proc)
	}
	if o.MaxTotal == 0 {
		o.MaxTotal = MaxTotal
	}
	if o.MaxAge == 0 {
		o.MaxAge = MaxAge
	}
	if o.Foreign == 0 {
		o.Foreign = Foreign
	}
	s := &Spool{schema: schema, opt: o, byID: map[[16]byte]*entry{}}
	if dir != "" {
		s.places = append(s.places, place{Place: Place{Path: dir}})
	}
	for _, p := range o.Spare {
		s.places = append(s.places, place{Place: p})
	}
	return s, nil
}

// SetSchema changes the schema of what is appended from now on, at most 64 KiB.
// It has to admit what waits in memory as well.
func (s *Spool) SetSchema(schema []byte) error {
	if len(schema) > maxSchema {
		return fmt.Errorf("spool: schema of %d bytes: %w", len(schema), ErrTooLarge)
	}
	s.schema = schema
	s.retire() // its header tells of the old one
	return nil
}

// SetMaxAge changes after how long an item is dropped.
func (s *Spool) SetMaxAge(d time.Duration) { s.opt.MaxAge = d }

// Len returns the number of items not yet acknowledged, taken ones included.
func (s *Spool) Len() int { return len(s.byID) }

// Dropped returns how many items were lost here: too large, no room, too old,
// damaged, or in memory at the end.
func (s *Spool) Dropped() uint64 { return s.dropped }

// Append adds an item. An error means that the item was dropped and counted;
// an item that the disk refused but memory took is none.
func (s *Spool) Append(it Item) error {
	if s.closed {
		return ErrClosed
	}
	if len(it.Data) > MaxItem {
		s.dropped++
		return ErrTooLarge
	}
	if s.byID[it.ID] != nil {
		return nil // delivered once is what was asked
	}
	s.expire()
	e := &entry{id: it.ID, keep: it.Keep, at: s.opt.Now(), size: len(it.Data)}
	if err := s.write(e, it.Data); err != nil {
		if !s.remember(e, it.Data) {
			s.dropped++
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	s.push(e)
	s.sweep()
	return nil
}

func (s *Spool) push(e *entry) {
	s.queue = append(s.queue, e)
	s.byID[e.id] = e
	if e.seg != nil {
		e.seg.live++
	}
}

// remember holds an item in memory, if there is room, or can be made by
// dropping older ones that may go.
func (s *Spool) remember(e *entry, data []byte) bool {
	for _, old := range s.queue {
		if s.memory+len(data) <= MaxMemory {
			break
		}
		if old.seg == nil && !old.gone && !old.keep && !old.taken {
			s.dropped++
			s.forget(old)
		}
	}
	if s.memory+len(data) > MaxMemory {
		return false
	}
	e.data = append([]byte(nil), data...)
	s.memory += len(data)
	return true
}

// Take hands out up to max items, oldest first, of about limit bytes together
// (one item at least). They stay in the spool until Ack; Return gives them
// back.
func (s *Spool) Take(max, limit int) []Taken {
	var out []Taken
	for _, e := range s.queue {
		if len(out) >= max {
			break
		}
		if e.gone || e.taken {
			continue
		}
		if len(out) > 0 && e.size > limit {
			break
		}
		t := Taken{Item: Item{ID: e.id, Keep: e.keep, Data: e.data}, Schema: s.schema}
		if e.seg != nil {
			data, err := e.seg.read(e.off, e.size)
			if err != nil {
				s.lose(e)
				continue
			}
			t.Data, t.Schema = data, e.seg.head.schema
		}
		e.taken = true
		limit -= e.size
		out = append(out, t)
	}
	return out
}

// Sync asks the system to write out what was appended, so that it survives
// the machine as well as the process.
func (s *Spool) Sync() error {
	if s.current == nil {
		return nil
	}
	if err := s.current.file.Sync(); err != nil {
		return fmt.Errorf("spool: sync: %w", err)
	}
	return nil
}

// Close lets go of all segments: emptied ones are removed, the others are
// there for whoever comes next. What is in memory only is lost and counted.
func (s *Spool) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.lastChance()
	for _, e := range s.queue {
		if !e.gone && e.seg == nil {
			s.dropped++
		}
	}
	for _, g := range s.segments() {
		if g.live == 0 {
			g.remove()
			continue
		}
		_ = g.file.Close()
	}
	s.current, s.held, s.queue = nil, nil, nil
	s.byID = map[[16]byte]*entry{}
	return nil
}

// lastChance looks once more for a disk that takes what would be lost now.
func (s *Spool) lastChance() {
	s.rescueAll()
	if s.memory == 0 {
		return
	}
	for i := range s.places {
		s.places[i].retry = time.Time{}
	}
	if s.ready(int64(s.memory)) == nil {
		s.spill() // what a segment that was there already can take
	}
}

// segments returns all that this process has locked, the current one last.
func (s *Spool) segments() []*segment {
	all := append([]*segment(nil), s.held...)
	if s.current != nil {
		all = append(all, s.current)
	}
	return all
}
