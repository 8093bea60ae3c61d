package metrics

import (
	"math"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// tally is what only ever grows: sums over every page that was fed. They come
// from the pages' headers, which also count what the ring has lost.
type tally struct {
	steps  uint64
	timed  uint64
	sum    time.Duration // over timed steps
	epochs uint64
	tokens int64
	phase  [steps.Phases]time.Duration
	lost   uint64
	last   time.Duration // end of the last step, since the run started
}

// loop is what the training loop told.
type loop struct {
	pages   pages
	current *page // the page fed last that has a step, else the first one fed
	total   tally
	first   tally // at the end of the first step: rates count from there
	before  tally // at the last Report; at the first, as first
	reports int

	times   stepTimes
	slow    slowest
	started Opt[time.Duration] // end of the first step, since the run started
	tokens  bool               // whether tokens were ever told
	loss    Opt[float64]
	rate    Opt[float64]
	norm    Opt[float64]

	epochSum  time.Duration
	epochs    uint64 // in epochSum
	awaited   uint64 // steps without a record yet, on all pages
	allocator Allocator
}

func newLoop() loop { return loop{times: newStepTimes()} }

// during is the number of the step that is under way: one more than that of
// the last that ended; after the end, or with no more planned, that one.
func (l *loop) during() Opt[int64] {
	if l.current == nil || l.current.header.Newest() < 0 {
		return Opt[int64]{}
	}
	h := &l.current.header
	if h.EndAt >= 0 || h.PlannedSteps > 0 && h.Newest() >= h.PlannedSteps {
		return Some(h.Newest())
	}
	return Some(h.Newest() + 1)
}

// fillSpan adds what the loop did since the last Report.
func (l *loop) fillSpan(s *Statistics) {
	l.fill(s, l.before)
	s.StepTime = l.times.spanQuantiles(l.total.sum-l.before.sum, l.total.timed-l.before.timed)
	// No step since the last report is a known rate. Before that, and after
	// the loop has ended, it is none.
	if l.started.OK && l.reports > 0 && s.Steps == 0 && l.current.header.EndAt < 0 {
		s.StepsPerS = Some(0.0)
		if l.tokens {
			s.TokensPerS = Some(0.0)
		}
	}
}

// nextSpan begins a new span.
func (l *loop) nextSpan() {
	l.before = l.total
	l.reports++
	l.times.nextSpan()
}

// fillTotals adds what the loop did in the whole run. at is now, since the run
// started.
func (l *loop) fillTotals(t *Totals, at time.Duration) {
	l.fill(&t.Statistics, tally{})
	t.Steps += l.awaited // of a process that was killed they are told of no more
	t.StepTime = l.times.runQuantiles(l.total.sum, l.total.timed)
	t.TimeToFirstStep = l.started
	t.EpochsCompleted = l.total.epochs
	if l.epochs > 0 {
		t.EpochMean = Some(l.epochSum / time.Duration(l.epochs))
	}
	phase := l.total.phase
	for _, p := range l.pages.list {
		phase[p.open] += max(0, at-p.openAt) // [0]: none is open
	}
	t.DataWait, t.Eval = phase[steps.DataWait], phase[steps.Eval]
	t.Checkpoint, t.Compile = phase[steps.Checkpoint], phase[steps.Compile]
	t.RecordsLost = l.total.lost
	t.Slowest = l.slow.list()
	t.Allocator = l.allocator
	if l.current != nil {
		t.LossLostAt = l.current.losses.lostAt(l.current.header.LastStep)
	}
}

// fill adds what is alike for a span and the run.
func (l *loop) fill(s *Statistics, from tally) {
	if l.current == nil {
		return
	}
	h := &l.current.header
	if newest := h.Newest(); newest >= 0 {
		s.Step = Some(newest)
	}
	if h.Epoch >= 0 {
		s.Epoch = Some(float64(h.Epoch))
	}
	s.ProgressPct = progress(h)
	s.Loss, s.LearningRate, s.GradNorm = l.loss, l.rate, l.norm
	s.Steps = l.total.steps - from.steps
	if l.tokens {
		s.Tokens = Some(l.total.tokens)
	}
	wait, worked := l.total.phase[steps.DataWait]-from.phase[steps.DataWait], l.total.sum-from.sum
	if l.total.phase[steps.DataWait] > 0 && wait+worked > 0 { // else nobody tells of waiting
		s.DataWaitPct = Some(100 * float64(wait) / float64(wait+worked))
	}
	// Rates are from the end of one step to the end of another, so that
	// neither start-up nor a step that lasts longer than the span blurs them.
	if from.steps == 0 {
		from = l.first
	}
	if d := l.total.last - from.last; l.started.OK && d > 0 && l.total.steps > from.steps {
		s.StepsPerS = Some(float64(l.total.steps-from.steps) / d.Seconds())
		if l.tokens {
			s.TokensPerS = Some(float64(max(0, l.total.tokens-from.tokens)) / d.Seconds())
		}
	}
}

// progress is how much of what was planned is done.
func progress(h *steps.Header) Opt[float64] {
	switch {
	case h.PlannedSteps > 0 && h.LastStep >= 0:
		return Some(min(100, 100*float64(h.Newest())/float64(h.PlannedSteps)))
	case h.PlannedEpochs > 0 && h.Steps > 0:
		return Some(min(100, 100*float64(h.EpochsCompleted)/float64(h.PlannedEpochs)))
	}
	return Opt[float64]{}
}

// finite keeps the last value told that is a number: a loss that diverged
// leaves the last one that had not.
func finite(to *Opt[float64], v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		*to = Some(v)
	}
}

// raise enters what a page's header says.
func (a *Allocator) raise(m steps.MemoryData) {
	for _, f := range []struct {
		to *Opt[uint64]
		v  int64
	}{{&a.Peak, m.Peak}, {&a.Retries, m.Retries}, {&a.OOMs, m.OOMs}} {
		if f.v >= 0 {
			peak(f.to, Some(uint64(f.v)))
		}
	}
}
