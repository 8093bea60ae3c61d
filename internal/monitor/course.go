package monitor

import (
	"fmt"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// course is what the history keeps of the run's course beside the ticks: how
// long the steps took, in their order, and what lasted.
type course struct {
	times *history.BlockBuilder
	spans []history.Span // since the last tick

	offset time.Duration // of the page's base, since the run started
	open   steps.Phase   // the phase that is open, 0 none
	openAt time.Duration

	slow map[slowKey]*slowing
}

// slowKey is one device's one reason to be slow.
type slowKey struct {
	index  int
	part   string
	reason gpu.Reason
}

// slowing is such a reason's counter, and since when it has been growing.
type slowing struct {
	seconds float64
	read    time.Duration
	since   time.Duration // −1: it stood still at the last tick
}

const (
	// leastWait keeps the waits for data that every step has out of the spans.
	leastWait = 50 * time.Millisecond
	// mostPending bounds what a page can have us keep until the next tick.
	mostPending = 4096
)

func newCourse() course {
	return course{times: history.NewBlockBuilder(), slow: map[slowKey]*slowing{}}
}

// enter adds what a page held.
func (c *course) enter(h haul, started time.Time, elapsed time.Duration) {
	if h.fresh {
		c.offset, c.open = h.Header.Offset(started, elapsed), 0
	}
	if h.Lost > 0 {
		c.open = 0 // what was lost may have closed it
	}
	axis := func(at time.Duration) time.Duration { return min(c.offset+at, elapsed) }
	for i := range h.Records {
		r := &h.Records[i]
		switch r.Kind {
		case steps.KindStep:
			if r.Took >= 0 {
				c.times.Add(r.Step, axis(r.At), r.Took)
			}
		case steps.KindPhaseBegin:
			c.close(axis(r.At))
			c.open, c.openAt = r.Phase, axis(r.At)
		case steps.KindPhaseEnd, steps.KindEnd:
			c.close(axis(r.At))
		}
	}
}

// close ends the open phase, if there is one.
func (c *course) close(at time.Duration) {
	if s, ok := c.phase(at); ok {
		c.keep(s)
	}
	c.open = 0
}

// phase is the open one, as long as it is by now.
func (c *course) phase(at time.Duration) (history.Span, bool) {
	took := at - c.openAt
	name := phaseName(c.open)
	if name == "" || took < 0 || c.open == steps.DataWait && took < leastWait {
		return history.Span{}, false
	}
	return history.Span{Kind: name, AtS: c.openAt.Seconds(), TookS: took.Seconds()}, true
}

func (c *course) keep(s history.Span) {
	if len(c.spans) < mostPending {
		c.spans = append(c.spans, s)
	}
}

func phaseName(p steps.Phase) string {
	switch p {
	case steps.DataWait:
		return "data_wait"
	case steps.Eval:
		return "eval"
	case steps.Checkpoint:
		return "checkpoint"
	case steps.Compile:
		return "compile"
	case steps.Other:
		return "other"
	}
	return ""
}

// throttled adds what the devices say of being slowed down. A counter that has
// grown since the tick before makes, or lengthens, a span from that tick on.
func (c *course) throttled(t *metrics.RuntimeMetricsTracker, shot gpu.Snapshot, at time.Duration) {
	for i := range shot.Samples {
		s := &shot.Samples[i]
		if s.Device < 0 || s.Device >= len(shot.Devices) || !t.UsesGPU(shot.Devices[s.Device]) {
			continue
		}
		d := &shot.Devices[s.Device]
		for r, reading := range s.Throttle {
			v, ok := reading.Get()
			if !ok {
				continue
			}
			key := slowKey{index: d.Index, part: partOf(d), reason: gpu.Reason(r)}
			was := c.slow[key]
			if was == nil {
				c.slow[key] = &slowing{seconds: v, read: at, since: -1}
				continue
			}
			c.grow(key, was, v, at)
		}
	}
}

func (c *course) grow(key slowKey, was *slowing, seconds float64, at time.Duration) {
	switch grown := seconds > was.seconds; {
	case grown && was.since < 0:
		was.since = was.read
		fallthrough
	case grown:
		c.keep(history.Span{
			Kind: "throttle_" + key.reason.String(), GPU: &key.index, Part: key.part,
			AtS: was.since.Seconds(), TookS: (at - was.since).Seconds(),
		})
	default:
		was.since = -1
	}
	was.seconds, was.read = seconds, at
}

// partOf names a MIG instance as the history's columns do.
func partOf(d *gpu.Device) string {
	if d.Parent == "" {
		return ""
	}
	return fmt.Sprintf("mig%d.%d", d.GI, d.CI)
}

// hand gives the recorder what is new by now.
func (c *course) hand(r *recorder, at time.Duration) {
	if s, ok := c.phase(at); ok {
		c.keep(s)
	}
	spans := c.spans
	blocks, from := c.times.Changed()
	if len(spans) == 0 && from >= len(blocks.List) {
		return
	}
	if !r.offer(func(w *history.Writer) { w.Blocks(blocks, from); w.Spans(spans) }) {
		r.dropped++ // and the next time it is handed over again
		return
	}
	c.times.Saved()
	c.spans = nil
}
