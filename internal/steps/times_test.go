package steps_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/steps"
)

func TestStepTime(t *testing.T) {
	const none = time.Duration(-1)
	at := func(clock *stopwatch, d time.Duration, do func()) { clock.at = d; do() }
	for _, tt := range []struct {
		name string
		do   func(c *stopwatch, w *steps.Writer)
		want []time.Duration // of each step
	}{
		{"first of all", func(c *stopwatch, w *steps.Writer) {
			at(c, 5, func() { w.Step(step(1)) })
			at(c, 9, func() { w.Step(step(2)) })
		}, []time.Duration{none, 4}},
		{"first after begin", func(c *stopwatch, w *steps.Writer) {
			at(c, 5, func() { w.Step(step(1)) })
			at(c, 6, func() { w.Begin(0, 0) })
			at(c, 9, func() { w.Step(step(2)) })
			at(c, 19, func() { w.Step(step(3)) })
		}, []time.Duration{none, none, 10}},
		{"several phases", func(c *stopwatch, w *steps.Writer) {
			at(c, 10, func() { w.Step(step(1)) })
			at(c, 11, func() { w.PhaseBegin(steps.DataWait) })
			at(c, 14, func() { w.PhaseEnd(steps.DataWait) })
			at(c, 20, func() { w.PhaseBegin(steps.Eval) })
			at(c, 40, func() { w.PhaseEnd(steps.Eval) })
			at(c, 50, func() { w.Step(step(2)) })
		}, []time.Duration{none, 17}},
		{"nested phases", func(c *stopwatch, w *steps.Writer) {
			at(c, 10, func() { w.Step(step(1)) })
			at(c, 11, func() { w.PhaseBegin(steps.Eval) })
			at(c, 14, func() { w.PhaseBegin(steps.DataWait) })
			at(c, 20, func() { w.PhaseEnd(steps.DataWait) })
			at(c, 40, func() { w.PhaseEnd(steps.Eval) })
			at(c, 50, func() { w.Step(step(2)) })
		}, []time.Duration{none, 11}},
		{"a step inside a phase", func(c *stopwatch, w *steps.Writer) {
			at(c, 10, func() { w.Step(step(1)) })
			at(c, 20, func() { w.PhaseBegin(steps.Compile) })
			at(c, 30, func() { w.Step(step(2)) })
			at(c, 50, func() { w.PhaseEnd(steps.Compile) })
			at(c, 55, func() { w.Step(step(3)) })
		}, []time.Duration{none, none, 5}},
		{"an end without a beginning", func(c *stopwatch, w *steps.Writer) {
			at(c, 10, func() { w.Step(step(1)) })
			at(c, 20, func() { w.PhaseEnd(steps.Eval) })
			at(c, 30, func() { w.Step(step(2)) })
		}, []time.Duration{none, 20}},
		{"a clock that stands still", func(c *stopwatch, w *steps.Writer) {
			w.Step(step(1))
			w.Step(step(2))
		}, []time.Duration{none, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := &stopwatch{}
			p, w := clock.page()
			tt.do(clock, w)
			var got []time.Duration
			d := drain(t, p.Reader())
			var timed uint64
			for _, r := range d.Records {
				if r.Kind == steps.KindStep {
					got = append(got, r.Took)
					if r.Took >= 0 {
						timed++
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if d.Header.TimedSteps != timed {
				t.Errorf("%d steps timed by the header, %d by the records", d.Header.TimedSteps, timed)
			}
		})
	}
}

func TestEpochTime(t *testing.T) {
	const none = time.Duration(-1)
	for _, tt := range []struct {
		name string
		do   func(w *steps.Writer, at func(time.Duration))
		want []time.Duration
	}{
		{"from its begin", func(w *steps.Writer, at func(time.Duration)) {
			w.Begin(0, 0)
			at(10)
			w.EpochBegin(0)
			at(30)
			w.Epoch(0)
		}, []time.Duration{20}},
		{"from the end of the one before", func(w *steps.Writer, at func(time.Duration)) {
			at(10)
			w.EpochBegin(0)
			at(30)
			w.Epoch(0)
			at(70)
			w.Epoch(1)
		}, []time.Duration{20, 40}},
		{"from the begin of the training", func(w *steps.Writer, at func(time.Duration)) {
			at(10)
			w.Begin(0, 0)
			at(30)
			w.Epoch(0)
		}, []time.Duration{20}},
		{"from nothing", func(w *steps.Writer, at func(time.Duration)) {
			at(30)
			w.Epoch(0)
		}, []time.Duration{none}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := &stopwatch{}
			p, w := clock.page()
			tt.do(w, func(d time.Duration) { clock.at = d })
			var got []time.Duration
			for _, r := range drain(t, p.Reader()).Records {
				if r.Kind == steps.KindEpoch {
					got = append(got, r.Took)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
