package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// feed enters what one Drain returned, for a run that started at started,
// elapsed ago.
func (l *loop) feed(d steps.Drain, started time.Time, elapsed time.Duration) []Epoch {
	h := &d.Header
	p, isNew := l.pages.find(h)
	if isNew {
		p.offset = h.Offset(started, elapsed)
	}
	// No time of a page lies in the future.
	axis := func(at time.Duration) time.Duration { return min(p.offset+at, elapsed) }

	if !l.started.OK && h.Steps > 0 && h.FirstStepAt >= 0 {
		l.started = Some(axis(h.FirstStepAt))
		l.first = tally{steps: 1, tokens: firstTokens(d), last: l.started.Value}
	}
	l.add(h, &p.header)
	l.total.lost += d.Lost
	if d.Lost > 0 {
		p.open, p.epochGap = 0, true // what was lost may have closed it
	}
	if d.Lost > 0 {
		p.losses.skip(d.Records)
	}
	epochs := l.records(d.Records, p, axis)
	if d.Lost > 0 {
		l.times.catchUp(p, h)
	}
	l.times.largest = max(l.times.largest, h.StepMax)
	if h.LastStepAt >= 0 {
		l.total.last = max(l.total.last, axis(h.LastStepAt))
	}
	l.awaited += h.Awaited - p.header.Awaited
	finite(&l.loss, h.Loss)
	finite(&l.rate, h.LearningRate)
	finite(&l.norm, h.GradNorm)
	l.allocator.raise(h.Memory)
	p.header = *h
	if h.Steps > 0 || l.current == nil {
		l.current = p
	}
	return epochs
}

// add raises the totals by what a page's header gained.
func (l *loop) add(h, before *steps.Header) {
	l.total.steps += above(h.Steps, before.Steps)
	l.total.timed += above(h.TimedSteps, before.TimedSteps)
	l.total.sum = plus(l.total.sum, h.StepSum-before.StepSum)
	l.total.epochs += above(h.EpochsCompleted, before.EpochsCompleted)
	if h.Tokens >= 0 {
		l.tokens = true
		l.total.tokens = plus(l.total.tokens, h.Tokens-max(0, before.Tokens))
	}
	for i := range l.total.phase {
		l.total.phase[i] = plus(l.total.phase[i], h.Phase[i]-before.Phase[i])
	}
}

// plus adds what a page claims to a total. However many pages claim however
// much, it does not overflow: a century of nanoseconds is enough.
func plus[T ~int64](total, more T) T {
	const most = 100 * 365 * 24 * int64(time.Hour)
	return min(total+max(0, more), T(most))
}

// records enters what the ring still held.
func (l *loop) records(records []steps.Record, p *page, axis func(time.Duration) time.Duration) []Epoch {
	var epochs []Epoch
	for _, r := range records {
		switch r.Kind {
		case steps.KindStep:
			p.epochSteps++
			if r.Took >= 0 {
				l.times.add(r.Took, p)
				l.slow.add(SlowStep{Step: r.Step, Took: r.Took, At: axis(r.At)})
			}
			p.losses.see(r)
			finite(&l.loss, r.Loss)
			finite(&l.rate, r.LearningRate)
			finite(&l.norm, r.GradNorm)
		case steps.KindBegin, steps.KindEpochBegin:
			p.beginEpoch(r)
		case steps.KindEpoch:
			e := p.endEpoch(r)
			e.At = axis(r.At)
			l.epochSum = plus(l.epochSum, e.Took)
			l.epochs++
			epochs = append(epochs, e)
		case steps.KindPhaseBegin:
			p.open, p.openAt = r.Phase, axis(r.At)
		case steps.KindPhaseEnd, steps.KindEnd:
			p.open = 0
		}
	}
	return epochs
}

// firstTokens is how many tokens the first step had: it lies before the time
// over which rates are taken.
func firstTokens(d steps.Drain) int64 {
	if d.Lost == 0 {
		for _, r := range d.Records {
			if r.Kind == steps.KindStep {
				return max(0, r.Tokens)
			}
		}
	}
	return max(0, d.Header.Tokens) / int64(max(1, d.Header.Steps))
}
