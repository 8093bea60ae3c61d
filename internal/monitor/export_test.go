package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// StartOn is Start with a disk of the test's own.
func StartOn(cfg Config, open func() (*history.Writer, error)) *Monitor { return start(cfg, open) }

// DrainAt drains the run's page at a moment of the test's choice, and returns
// the numbers of the steps that came, and how many steps were told in all.
func (p *Pages) DrainAt(now time.Time, ending bool) (numbers []int64, told uint64) {
	p.drain(now, ending, func(h haul) {
		told += h.Header.Steps - h.before.Steps
		for _, r := range h.Records {
			if r.Kind == steps.KindStep {
				numbers = append(numbers, r.Step)
			}
		}
	})
	return numbers, told
}

// Interval is how far apart samples are after ticks that cost so much each.
func Interval(every time.Duration, costs ...time.Duration) time.Duration {
	l := newLoop(&Config{Interval: every, Now: time.Now}, nil, nil, nil)
	for _, cost := range costs {
		l.slowDown(cost)
	}
	return l.interval
}
