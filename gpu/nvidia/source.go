//go:build linux && cgo

package nvidia

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// errClosed is Attach's answer after Close.
var errClosed = errors.New("nvidia: closed")

// New returns NVIDIA's GPUs. It loads nothing and asks nothing; Attach does.
func New(cfg Config) gpu.Source { return &source{cfg: cfg.withDefaults()} }

type source struct {
	cfg Config

	mu      sync.Mutex // held for Config.Wait at most, never by who is in a call of the driver's
	live    *live
	before  *gpu.Snapshot // what there was before the driver went; nil: it never has
	attempt *attempt      // the last look for the driver, nil before the first
	closed  bool
}

// attempt is one look for the driver, on a goroutine that may never come back.
type attempt struct {
	began, ended time.Time // ended is zero while under way
	done         chan struct{}
	err          error
	before       string // reason of the attempt before
}

func (s *source) Attach(ctx context.Context) error {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return errClosed
	case s.live != nil:
		s.mu.Unlock()
		return nil
	}
	a := s.lookLocked(nil)
	s.mu.Unlock()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return fmt.Errorf("nvidia: the driver has not answered: %w", ctx.Err())
	}
}

// lookLocked begins a look for the driver, or returns the one that is under
// way: a driver that hangs gets one thread, however often it is asked for. A
// session that is over is ended before.
func (s *source) lookLocked(old *live) *attempt {
	before := ""
	if old != nil {
		before = "no GPU answers any more; the NVIDIA driver is looked for anew"
	} else if last := s.attempt; last != nil {
		if last.ended.IsZero() {
			return last
		}
		before = reasonOf(last.err)
	}
	a := &attempt{began: s.cfg.Now(), done: make(chan struct{}), before: before}
	s.attempt = a
	go s.look(a, old)
	return a
}

func (s *source) look(a *attempt, old *live) {
	defer close(a.done)
	if old != nil {
		if ended, ok := old.end(); ok {
			<-ended // a new session begins when the old one has ended
		}
	}
	l, err := open(s.cfg)
	s.mu.Lock()
	closed := s.closed
	a.ended, a.err = s.cfg.Now(), err
	if err == nil && closed {
		a.err = errClosed
	} else {
		s.live = l
	}
	s.mu.Unlock()
	if err == nil && closed {
		l.close()
	}
}

func (s *source) Sample() gpu.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return gpu.Snapshot{Status: gpu.Status{Reason: "no longer looked at"}}
	}
	if s.live != nil {
		shot := s.live.tick()
		s.relookLocked(shot)
		return shot
	}
	if a := s.attempt; a != nil && !a.ended.IsZero() &&
		s.cfg.Retry > 0 && s.cfg.Now().Sub(a.ended) >= s.cfg.Retry {
		s.lookLocked(nil)
	}
	return s.absentLocked()
}

// relookLocked looks for the driver anew when no device has answered for
// Config.Retry: one that was unloaded and loaded again knows nothing of us.
func (s *source) relookLocked(shot gpu.Snapshot) {
	gone := s.live.dead(shot.Samples, s.cfg.Now())
	if s.cfg.Retry <= 0 || gone < s.cfg.Retry {
		return
	}
	old := s.live
	s.live, s.before = nil, &gpu.Snapshot{Devices: shot.Devices, Status: shot.Status}
	s.lookLocked(old)
}

// absentLocked is what there is to say without a driver: why, and that devices
// which were there are lost.
func (s *source) absentLocked() gpu.Snapshot {
	shot := gpu.Snapshot{Status: gpu.Status{Reason: s.reasonLocked()}}
	if s.before == nil {
		return shot
	}
	shot.Status.Driver, shot.Status.CUDA = s.before.Status.Driver, s.before.Status.CUDA
	shot.Devices = s.before.Devices
	for i := range shot.Devices {
		shot.Samples = append(shot.Samples, gpu.Without(i, gpu.Lost))
	}
	return shot
}

// reasonLocked says why there is nothing to see yet.
func (s *source) reasonLocked() string {
	a := s.attempt
	switch {
	case a == nil:
		return "the NVIDIA driver has not been looked for yet"
	case !a.ended.IsZero():
		return reasonOf(a.err)
	}
	waited := s.cfg.Now().Sub(a.began)
	if a.before != "" && waited < time.Second {
		return a.before
	}
	return fmt.Sprintf("the NVIDIA driver has not answered for %s", waited.Round(time.Second))
}

func (s *source) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	l, a := s.live, s.attempt
	s.live = nil
	s.mu.Unlock()
	if l != nil {
		l.close()
		return
	}
	if a == nil {
		return
	}
	// An attempt ends its session itself when it finds us closed. One that has
	// only begun gets what is left of Wait; one that hangs gets nothing.
	left := time.NewTimer(s.cfg.Wait - s.cfg.Now().Sub(a.began))
	defer left.Stop()
	select {
	case <-a.done:
	case <-left.C:
	}
}
