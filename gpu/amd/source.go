package amd

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

const (
	reasonNone    = "no AMD GPU was found in /sys/class/drm"
	reasonWaiting = "AMD GPUs have not been looked for yet"
	reasonSlow    = "the AMD driver has not answered yet"
	reasonClosed  = "no longer looked at"
)

// New returns the machine's AMD GPUs. It reads nothing; Attach does.
func New(cfg Config) gpu.Source { return &source{cfg: cfg.withDefaults(), reason: reasonWaiting} }

// source reads on goroutines of its own: one that looks for devices, and one for
// each device while a read of it is under way.
type source struct {
	cfg Config

	mu      sync.Mutex // never held during a read
	readers []*reader
	facts   []gpu.Device
	status  gpu.Status
	reason  string
	looking chan struct{} // closed when the look that is under way ends; nil: none is
	looked  time.Time
	closed  bool
	timer   *time.Timer
}

// reader is one device.
type reader struct {
	card card
	done chan round // of the read under way; nil: none is
}

// round is what came of one read.
type round struct {
	sample    gpu.Sample
	processes []gpu.Process
}

func (s *source) Attach(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.New("amd: closed")
	}
	if len(s.readers) > 0 {
		s.mu.Unlock()
		return nil
	}
	look := s.lookLocked()
	s.mu.Unlock()
	select {
	case <-look:
	case <-ctx.Done():
		return errors.Join(errors.New("amd: "+reasonSlow), ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.readers) == 0 {
		return errors.New("amd: " + s.reason)
	}
	return nil
}

// lookLocked looks for devices, once at a time.
func (s *source) lookLocked() <-chan struct{} {
	if s.looking != nil {
		return s.looking
	}
	s.looking, s.reason = make(chan struct{}), reasonSlow
	go func(ended chan struct{}) {
		defer close(ended)
		found := find(s.cfg.Files)
		visible(found, s.cfg.Env)
		driver := driverVersion(s.cfg.Files)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.looking, s.looked, s.reason = nil, s.cfg.Now(), reasonNone
		if len(found) == 0 || s.closed {
			return
		}
		s.status = gpu.Status{Available: true, Driver: driver}
		for _, c := range found {
			s.readers = append(s.readers, &reader{card: c})
			s.facts = append(s.facts, c.facts)
		}
	}(s.looking)
	return s.looking
}

// Sample reads all devices at once and waits for them Config.Wait.
func (s *source) Sample() gpu.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return gpu.Snapshot{Status: gpu.Status{Reason: reasonClosed}}
	case len(s.readers) == 0:
		if s.looking == nil && !s.looked.IsZero() && s.cfg.Retry > 0 && s.cfg.Now().Sub(s.looked) >= s.cfg.Retry {
			s.lookLocked()
			s.reason = reasonNone
		}
		return gpu.Snapshot{Status: gpu.Status{Reason: s.reason}}
	}
	for _, r := range s.readers {
		if r.done == nil {
			r.done = make(chan round, 1) // one that comes too late waits here for the next Sample
			go func(done chan<- round, c card) {
				var one round
				one.sample, one.processes = c.read(s.cfg.Files)
				done <- one
			}(r.done, r.card)
		}
	}
	out := gpu.Snapshot{Devices: s.facts, Status: s.status, Samples: make([]gpu.Sample, len(s.readers))}
	if s.timer == nil {
		s.timer = time.NewTimer(s.cfg.Wait)
	} else {
		s.timer.Reset(s.cfg.Wait)
	}
	defer s.timer.Stop()
	late := false
	for i, r := range s.readers {
		one, ok := r.take(s.timer.C, &late)
		out.Samples[i] = gpu.Without(i, gpu.Stale)
		if !ok {
			continue
		}
		r.done = nil
		out.Samples[i] = one.sample
		out.Samples[i].Device = i
		for _, p := range one.processes {
			p.Device = i
			out.Processes = append(out.Processes, p)
		}
	}
	out.Processes = slices.Clip(out.Processes)
	return out
}

// take waits for the read under way until the time is over.
func (r *reader) take(over <-chan time.Time, late *bool) (one round, ok bool) {
	if !*late {
		select {
		case one = <-r.done:
			return one, true
		case <-over:
			*late = true
		}
	}
	select {
	case one = <-r.done:
		return one, true
	default:
		return one, false
	}
}

// Close leaves reads under way to themselves: they end, unless the driver hangs.
func (s *source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.readers = true, nil
}
