package spool

import (
	"errors"
	"path/filepath"
	"time"
)

// diskPause is how long a place that refused is left alone.
const diskPause = 10 * time.Second

var errPaused = errors.New("spool: disk refused a moment ago")

// Place is a directory for segments. Root, where it is not "", is a directory
// above it from which on all belongs to this user and to nobody else, or the
// place is not used: what lies in a directory of everybody's, such as /tmp, may
// have been put there by anybody.
type Place struct {
	Path, Root string
}

// place is a Place with what became of it.
type place struct {
	Place
	retry time.Time // when to try it again after it refused
}

// prepare makes what is missing of the place's directories.
func (p Place) prepare() error {
	root := p.Root
	if root == "" {
		root = p.Path
	}
	if err := makeAbove(root); err != nil {
		return err
	}
	for _, dir := range p.below(root) {
		if err := ownDir(dir, p.Root != ""); err != nil {
			return err
		}
	}
	return nil
}

// Safe reports whether the place may be read: nobody else can have made it.
func (p Place) Safe() bool {
	if p.Root == "" {
		return true
	}
	for _, dir := range p.below(p.Root) {
		if checkDir(dir, true) != nil {
			return false
		}
	}
	return true
}

// below lists the directories from root to the place, both included.
func (p Place) below(root string) []string {
	dirs := []string{p.Path}
	for dir := p.Path; dir != root && dir != filepath.Dir(dir); {
		dir = filepath.Dir(dir)
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}

// ready sees to it that the current segment exists, has a name and has room,
// in the first place that takes one.
func (s *Spool) ready(need int64) error {
	now := s.opt.Now()
	err := errPaused
	for i := range s.places {
		p := &s.places[i]
		if now.Before(p.retry) {
			continue
		}
		g := s.current
		if g != nil && filepath.Dir(g.path) == p.Path {
			if gone(g.file) {
				if err = s.rescue(p, g); err != nil {
					p.retry = now.Add(diskPause)
					continue
				}
			}
			if g.size+need <= MaxSegment {
				return nil
			}
		}
		if err = s.begin(p, now); err == nil {
			return nil
		}
		p.retry = now.Add(diskPause)
	}
	return err
}

// paused reports whether every place refused a moment ago.
func (s *Spool) paused() bool {
	now := s.opt.Now()
	for _, p := range s.places {
		if !now.Before(p.retry) {
			return false
		}
	}
	return true
}

// begin makes a new current segment in p.
func (s *Spool) begin(p *place, now time.Time) error {
	if err := p.prepare(); err != nil {
		return err
	}
	h := header{host: s.opt.Host, created: now, booted: sinceBoot(), schema: s.schema}
	g, err := createSegment(p.Path, segmentName(), h, now, nil)
	if err != nil {
		return err
	}
	s.retire()
	s.current = g
	s.spill()
	return nil
}

// retire lets go of the current segment: what is in it stays until it is
// delivered.
func (s *Spool) retire() {
	g := s.current
	s.current = nil
	switch {
	case g == nil:
	case g.live > 0:
		s.held = append(s.held, g)
	default:
		g.remove()
	}
}

// rescue gives a segment whose name was removed under us a new one: as long as
// it has none, what is in it dies with this process.
func (s *Spool) rescue(p *place, g *segment) error {
	if err := p.prepare(); err != nil {
		return err
	}
	var kept []*entry
	for _, e := range s.queue {
		if e.seg == g && !e.gone {
			kept = append(kept, e)
		}
	}
	return s.copyTo(p.Path, g, kept)
}

// placeOf returns where a segment lies.
func (s *Spool) placeOf(g *segment) *place {
	for i := range s.places {
		if s.places[i].Path == filepath.Dir(g.path) {
			return &s.places[i]
		}
	}
	return &s.places[0]
}

// rescueAll is rescue for whatever lost its name, into the first place that
// takes it.
func (s *Spool) rescueAll() {
	for _, g := range s.segments() {
		if g.live == 0 || !gone(g.file) {
			continue
		}
		for i := range s.places {
			if s.rescue(&s.places[i], g) == nil {
				break
			}
		}
	}
}
