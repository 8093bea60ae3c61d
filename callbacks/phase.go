package callbacks

import "github.com/trainwatch/trainwatch/internal/steps"

// Phase is what a loop does that is not a training step.
type Phase uint8

// The phases.
const (
	DataWait   Phase = Phase(steps.DataWait)   // waiting for the next batch
	Eval       Phase = Phase(steps.Eval)       // validation, sampling
	Checkpoint Phase = Phase(steps.Checkpoint) // saving or loading
	Compile    Phase = Phase(steps.Compile)    // graph capture, kernels, warm-up
	Other      Phase = Phase(steps.Other)
)

// Phase tells that a phase begins and returns what tells its end, to be called
// from the same goroutine; calling that more than once is the same as once.
// Time in a phase is not step time. Phases do not nest: one that begins inside
// another counts towards that one and ends with it. A phase costs two clock
// readings and one small allocation.
func (c *Callbacks) Phase(p Phase) (done func()) {
	if c == nil || c.inPhase {
		return func() {}
	}
	c.inPhase = true
	c.phases++
	this := c.phases
	c.w.PhaseBegin(steps.Phase(p))
	return func() {
		if c.inPhase && c.phases == this {
			c.inPhase = false
			c.w.PhaseEnd(steps.Phase(p))
		}
	}
}
