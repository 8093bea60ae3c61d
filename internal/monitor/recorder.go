package monitor

import (
	"context"
	"sync/atomic"

	"github.com/trainwatch/trainwatch/internal/history"
)

// recorder writes the history on a goroutine of its own. What does not fit its
// queue, because the disk blocks, is dropped and counted: the numbers of the
// whole run are in the tracker and come with the end.
type recorder struct {
	jobs    chan func(*history.Writer)
	done    chan struct{}
	dropped atomic.Uint64
}

const recorderQueue = 512

func startRecorder(open func() (*history.Writer, error), failed func(error)) *recorder {
	r := &recorder{jobs: make(chan func(*history.Writer), recorderQueue), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		w, err := open()
		if err != nil {
			failed(err)
		}
		for job := range r.jobs {
			job(w)
		}
		w.Close()
	}()
	return r
}

func (r *recorder) do(job func(*history.Writer)) {
	select {
	case r.jobs <- job:
	default:
		r.dropped.Add(1)
	}
}

// wait runs job after all before it and waits for that until ctx ends.
func (r *recorder) wait(ctx context.Context, job func(*history.Writer)) error {
	finished := make(chan struct{})
	wrapped := func(w *history.Writer) { job(w); close(finished) }
	select {
	case r.jobs <- wrapped:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets the goroutine end once its queue is worked off, and awaits that
// until ctx ends: a write to a dead file server comes back when it likes.
func (r *recorder) close(ctx context.Context) {
	close(r.jobs)
	select {
	case <-r.done:
	case <-ctx.Done():
	}
}
