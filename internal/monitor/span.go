package monitor

import (
	"math"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// span is what the steps between two ticks came to.
type span struct {
	timed          int64
	took, longest  time.Duration
	loss, lr, norm float64

	// Rates are from the end of one step to the end of another, so that a tick
	// taken right after a step shows no other rate than one before it.
	steps  uint64
	tokens int64
	from   time.Duration // end of the last step before the span, in its page's time; −1 none
	to     time.Duration // end of its own last step; −1 none
}

func newSpan() span {
	u := math.NaN()
	return span{loss: u, lr: u, norm: u, from: -1, to: -1}
}

// enter adds what a page held. What was overwritten unread is missing from the
// times, not from the rates.
func (s *span) enter(h haul) {
	if h.fresh { // another page, another clock
		s.steps, s.tokens, s.from = 0, 0, -1
	}
	s.steps += h.Header.Steps - h.before.Steps
	if h.Header.Tokens > 0 {
		s.tokens += max(0, h.Header.Tokens-max(0, h.before.Tokens))
	}
	s.to = h.Header.LastStepAt
	if s.from < 0 && h.before.Steps == 0 && h.Header.Steps > 0 {
		// The first step began nobody knows when.
		s.from = h.Header.FirstStepAt
		s.steps--
		if len(h.Records) > 0 {
			s.tokens -= firstTokens(h.Records)
		}
	}
	for i := range h.Records {
		r := &h.Records[i]
		if r.Kind != steps.KindStep {
			continue
		}
		if r.Took >= 0 {
			s.timed++
			s.took += r.Took
			s.longest = max(s.longest, r.Took)
		}
		told(&s.loss, r.Loss)
		told(&s.lr, r.LearningRate)
		told(&s.norm, r.GradNorm)
	}
}

func firstTokens(records []steps.Record) int64 {
	for i := range records {
		if records[i].Kind == steps.KindStep {
			return max(0, records[i].Tokens)
		}
	}
	return 0
}

func told(to *float64, v float64) {
	if !math.IsNaN(v) {
		*to = v
	}
}

// stepped reports whether the span has a step that no tick has shown.
func (s *span) stepped() bool { return s.timed > 0 || s.to > s.from }

// next begins the span after.
func (s *span) next() {
	to := s.to
	*s = newSpan()
	s.from, s.to = to, to
}

// tick turns a sample into the history's.
func (l *loop) tick(sample metrics.Sample) history.Tick {
	t := history.NewTick(max(0, sample.Elapsed.Seconds()))
	if sample.Step.OK {
		t.Step = sample.Step.Value
	}
	s := &l.span
	if s.timed > 0 {
		t.StepMS, t.StepMaxMS = milliseconds(s.took)/float64(s.timed), milliseconds(s.longest)
	}
	if d := (s.to - s.from).Seconds(); s.from >= 0 && d > 0 && s.steps > 0 {
		t.StepsPerS = float64(s.steps) / d
		if s.tokens > 0 {
			t.TokensPerS = float64(s.tokens) / d
		}
	}
	t.Loss, t.LearningRate, t.GradNorm = s.loss, s.lr, s.norm
	s.next()
	t.HostMemUsed, t.HostMemTotal = orNaN(sample.Host.MemUsed), orNaN(sample.Host.MemTotal)
	t.RSS, t.CPUPct = orNaN(sample.Host.RSS), orNaN(sample.Host.CPUPct)
	t.GPUs = gpuTicks(l.cfg.Tracker, sample.GPU)
	return t
}

func set(to *float64, from interface{ Get() (float64, bool) }) {
	if v, ok := from.Get(); ok {
		*to = v
	}
}

// orNaN is how a history tick says unknown.
func orNaN[T ~float64 | ~uint64 | ~int64](o metrics.Opt[T]) float64 {
	if !o.OK {
		return math.NaN()
	}
	return float64(o.Value)
}

// point is one step, or the slowest of several.
type point struct {
	took time.Duration
	loss float64
}

// mostPoints bounds what one drain hands to the history.
const mostPoints = 256

// condense makes points of the steps among records, for the history's
// sparklines.
func condense(records []steps.Record) []point {
	var points []point
	per := len(records)/mostPoints + 1
	n := 0
	for i := range records {
		r := &records[i]
		if r.Kind != steps.KindStep {
			continue
		}
		if n++; n%per == 1 || per == 1 {
			points = append(points, point{took: r.Took, loss: r.Loss})
			continue
		}
		last := &points[len(points)-1]
		last.took = max(last.took, r.Took)
		told(&last.loss, r.Loss)
	}
	return points
}
