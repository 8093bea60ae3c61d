// Package callbacks is what a training loop calls.
//
//	cb := a.Callbacks()
//	cb.OnTrainBegin(callbacks.Plan{MaxSteps: 10000, Epochs: 3})
//	for epoch := range 3 {
//		cb.OnEpochBegin(epoch)
//		for batch := range batches {
//			loss := train(batch)
//			cb.OnStep(callbacks.Step{Loss: loss, Tokens: batch.Tokens})
//		}
//		done := cb.Phase(callbacks.Eval)
//		evaluate()
//		done()
//		cb.OnEpoch(epoch)
//	}
//	cb.OnTrainEnd()
//
// Every call is optional: OnStep alone gives steps and their times. A call
// reads one clock and writes one record into a page of memory; it takes no
// lock, makes no system call, and cannot fail. Measuring, statistics and
// sending happen elsewhere, later.
//
// The step time is the time from one OnStep to the next, less what lay in
// phases. The first step is not timed: it holds compilation, caches and
// start-up.
package callbacks

import (
	"math"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// Callbacks writes down what a loop does. A nil *Callbacks does nothing. It
// belongs to the goroutine that runs the loop: calls from several at once do
// no harm to the program, but the numbers are then worth nothing.
type Callbacks struct {
	w       *steps.Writer
	wake    func()
	inPhase bool
	phases  uint64 // begun so far; tells the open one's end from an older one's
}

// New returns Callbacks that write to w. At the beginning and end of the
// training and of each epoch they call wake, which must not block; it may be
// nil. With a nil w, New returns nil.
func New(w *steps.Writer, wake func()) *Callbacks {
	if w == nil {
		return nil
	}
	if wake == nil {
		wake = func() {}
	}
	return &Callbacks{w: w, wake: wake}
}

// Plan is how long the training is meant to be; 0 is unknown.
type Plan struct {
	MaxSteps int
	Epochs   int
}

// OnTrainBegin tells that the training begins. The next step is not timed.
func (c *Callbacks) OnTrainBegin(p Plan) {
	if c == nil {
		return
	}
	c.w.Begin(int64(p.MaxSteps), int64(p.Epochs))
	c.wake()
}

// OnEpochBegin tells that epoch n begins, counted as the loop counts.
func (c *Callbacks) OnEpochBegin(n int) {
	if c == nil {
		return
	}
	c.w.EpochBegin(int64(n))
	c.wake()
}

// Step is what the loop knows about a step that ended. A field that is 0 was
// not told; NaN is unknown.
type Step struct {
	Number       int // the loop's own global step, from 1, for one that resumes; 0: counted
	Loss         float64
	LearningRate float64
	GradNorm     float64
	Tokens       int // seen in this step
}

// OnStep tells that a step ended. It costs about one time.Now and does not
// allocate.
func (c *Callbacks) OnStep(s Step) {
	if c == nil {
		return
	}
	d := steps.StepData{
		Step: int64(s.Number), Tokens: int64(s.Tokens),
		Loss: told(s.Loss), LearningRate: told(s.LearningRate), GradNorm: told(s.GradNorm),
	}
	if s.Tokens <= 0 {
		d.Tokens = -1
	}
	c.w.Step(d)
}

func told(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// OnEpoch tells that epoch n ended.
func (c *Callbacks) OnEpoch(n int) {
	if c == nil {
		return
	}
	c.w.Epoch(int64(n))
	c.wake()
}

// OnTrainEnd tells that the training ended. It may begin again.
func (c *Callbacks) OnTrainEnd() {
	if c == nil {
		return
	}
	c.w.End()
	c.wake()
}
