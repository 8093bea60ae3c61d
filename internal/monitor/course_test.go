package monitor_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// TestTheCourseOfTheRun: every step's time is in the history, however many went
// into one tick, and so is what lasted.
func TestTheCourseOfTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		slowed := &driver{sample: func() gpu.Snapshot {
			s := gpu.Sample{}
			// The power limit bites between 10 and 15 s, and again from 30 s on.
			at := time.Since(began).Seconds()
			s.Throttle[gpu.PowerCap] = gpu.Read(min(max(at-10, 0), 5) + max(at-30, 0))
			s.Throttle[gpu.Thermal] = gpu.Read(7.0)
			return gpu.Snapshot{Devices: []gpu.Device{{Index: 3, Visible: true}}, Samples: []gpu.Sample{s}, Status: gpu.Status{Available: true}}
		}}
		r := watch(t, attach(slowed))
		time.Sleep(time.Second)
		r.step(1000, 5*time.Millisecond)
		r.PhaseBegin(steps.Checkpoint)
		time.Sleep(3 * time.Second)
		r.PhaseEnd(steps.Checkpoint)
		r.step(1000, 15*time.Millisecond)
		r.PhaseBegin(steps.DataWait) // too short to be worth a span
		time.Sleep(20 * time.Millisecond)
		r.PhaseEnd(steps.DataWait)
		r.step(1, time.Millisecond)
		r.PhaseBegin(steps.Eval)
		time.Sleep(10 * time.Second)

		spans, err := r.found().Spans()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(spans); n == 0 || spans[n-1].Kind == "eval" && spans[n-1].TookS < 8 {
			t.Errorf("while the evaluation goes on: %+v", spans)
		}
		time.Sleep(5 * time.Second)
		r.PhaseEnd(steps.Eval)
		r.finish()

		run := r.found()
		blocks, err := run.StepBlocks()
		if err != nil {
			t.Fatal(err)
		}
		// The very first step is not timed: nobody knows when it began.
		if p50, p25 := blocks.Quantile(0.5), blocks.Quantile(0.25); blocks.Steps() != 2000 ||
			math.Abs(p25-5) > 0.1 || p50 < 4.9 || p50 > 15.3 || math.Abs(blocks.Quantile(0.9)-15) > 0.3 {
			t.Errorf("%d steps, quartile %g, median %g", blocks.Steps(), p25, p50)
		}
		if last := blocks.List[len(blocks.List)-1]; last.LastStep != 2001 || math.Abs(last.ToS-24.021) > 0.01 {
			t.Errorf("the last block is %+v", last)
		}
		spans, err = run.Spans()
		if err != nil {
			t.Fatal(err)
		}
		want := []history.Span{
			{Kind: "checkpoint", AtS: 6, TookS: 3},
			{Kind: "throttle_power", GPU: new(3), AtS: 10, TookS: 6}, // to the tick
			{Kind: "eval", AtS: 24.021, TookS: 15},
			{Kind: "throttle_power", GPU: new(3), AtS: 30, TookS: 8},
		}
		if d := cmp.Diff(want, spans, cmpopts.EquateApprox(0, 0.05)); d != "" {
			t.Errorf("spans (-want +got):\n%s", d)
		}
	})
}

// TestADiskThatComesBack: what did not fit the queue is written when it does.
func TestADiskThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		held := make(chan struct{})
		r.monitor = monitor.StartOn(r.cfg, func() (*history.Writer, error) {
			<-held
			return history.Create(r.home, r.cfg.Meta)
		})
		for range 1200 { // more than the queue holds
			r.step(1, time.Second)
		}
		close(held)
		r.step(300, time.Second)
		r.finish()
		blocks, err := r.found().StepBlocks()
		if err != nil || blocks.Steps() != 1499 {
			t.Errorf("%d steps, %v", blocks.Steps(), err)
		}
	})
}
