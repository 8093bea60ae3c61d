package metrics

import (
	"math"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// losses watches at which steps a page tells a finite loss. One that is NaN
// cannot be told from one that was not told, and many loops tell theirs now and
// then; but a loop keeps its habit, and a loss that has diverged breaks it.
type losses struct {
	seen bool
	last int64 // the step that told one last
	gap  int64 // the longest way from one to the next
}

// fewSteps without a loss say nothing, however often it was told before.
const fewSteps = 10

func (s *losses) see(r steps.Record) {
	if math.IsNaN(r.Loss) || math.IsInf(r.Loss, 0) {
		return
	}
	if s.seen {
		s.gap = max(s.gap, r.Step-s.last)
	}
	s.seen, s.last = true, r.Step
}

// skip makes nothing of steps whose records were lost: records are those after.
func (s *losses) skip(records []steps.Record) {
	for _, r := range records {
		if r.Kind == steps.KindStep {
			s.last = max(s.last, r.Step-1)
			return
		}
	}
}

// lostAt returns the step that told the last one, where step is too long after.
func (s *losses) lostAt(step int64) Opt[int64] {
	since := step - s.last
	return when(s.last, s.seen && since >= fewSteps && since > 2*max(1, s.gap))
}
