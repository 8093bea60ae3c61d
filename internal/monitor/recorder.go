package monitor

import (
	"fmt"

	"github.com/trainwatch/trainwatch/internal/history"
)

// recorder writes the history on a goroutine of its own. What does not fit its
// queue, because the disk blocks, is dropped and counted: the numbers of the
// whole run are in the tracker and come with the end. It is the loop's, which
// alone hands it jobs and ends it.
type recorder struct {
	jobs    chan func(*history.Writer)
	last    func(*history.Writer) Result // set before jobs is closed; nil: no end
	dropped int

	opened chan struct{}
	dir    string // the run's directory, set before opened is closed

	done   chan struct{}
	result Result // set before done is closed
}

// recorderQueue is room for minutes of sampling.
const recorderQueue = 512

func startRecorder(open func() (*history.Writer, error)) *recorder {
	r := &recorder{jobs: make(chan func(*history.Writer), recorderQueue), opened: make(chan struct{}), done: make(chan struct{})}
	go r.run(open)
	return r
}

func (r *recorder) run(open func() (*history.Writer, error)) {
	defer close(r.done)
	var w *history.Writer // nil where there is none: it does nothing
	var failed error
	fault := harmless(func() {
		w, failed = open()
		r.dir = w.Path()
		close(r.opened)
		for job := range r.jobs {
			job(w)
		}
	})
	if fault != nil {
		for range r.jobs { // until there is a last one
		}
	}
	if r.last != nil {
		again := harmless(func() { r.result = r.last(w) })
		for _, err := range []error{r.result.Err, again, fault, failed} {
			if err != nil {
				r.result.Err = err // the first that went wrong explains the others
			}
		}
	}
	w.Close()
}

// do hands a job over, or drops it.
func (r *recorder) do(job func(*history.Writer)) {
	if !r.offer(job) {
		r.dropped++
	}
}

// offer hands a job over if there is room.
func (r *recorder) offer(job func(*history.Writer)) bool {
	select {
	case r.jobs <- job:
		return true
	default:
		return false
	}
}

// end has last run after all other jobs, and the goroutine end. The recorder
// takes no job after.
func (r *recorder) end(last func(*history.Writer) Result) {
	r.last = last
	close(r.jobs)
}

// errDropped says what a slow disk has cost, nil where it was nothing.
func (r *recorder) errDropped() error {
	if r.dropped == 0 {
		return nil
	}
	return fmt.Errorf("monitor: the disk was too slow: %d entries of the run's course are missing", r.dropped)
}
