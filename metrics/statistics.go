package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// Report returns what happened since the last Report (at the first: since the
// run started) and begins a new span.
func (t *RuntimeMetricsTracker) Report() Statistics {
	now := t.now()
	s := t.statistics(&t.span, now)
	t.loop.fillSpan(&s)
	s.GPU = t.gpus.overSpan()
	s.energyPerWork()
	t.loop.nextSpan()
	t.gpus.nextSpan()
	t.span.begin(now)
	return s
}

// Totals returns the run as a whole, so far. The span goes on.
func (t *RuntimeMetricsTracker) Totals() Totals {
	now := t.now()
	s := Totals{Statistics: t.statistics(&t.run, now)}
	t.loop.fillTotals(&s, now.Sub(t.config.Started))
	s.GPU = t.gpus.overRun()
	s.energyPerWork()
	return s
}

// statistics is what does not come from the loop or the GPUs.
func (t *RuntimeMetricsTracker) statistics(p *period, now time.Time) Statistics {
	s := Statistics{
		Span:        max(0, now.Sub(p.began)),
		Host:        t.last,
		RSSPeak:     t.run.rss,
		HostMemPeak: t.run.memory,
		CPUPctMean:  p.cpuPct(),
	}
	s.Host.CPUPct = s.CPUPctMean
	return s
}

// Feed takes what one Drain of a step page returned, and returns the epochs
// that ended in it, oldest first. Its times are put on the run's axis.
//
// Pages of one rank are to be fed: a program's first page, and those of
// processes that take its place. Several ranks' pages would have each step
// counted once a rank.
func (t *RuntimeMetricsTracker) Feed(d steps.Drain) []Epoch {
	return t.loop.feed(d, t.config.Started, t.now().Sub(t.config.Started))
}
