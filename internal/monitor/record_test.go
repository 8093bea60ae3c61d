package monitor_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// found reads the run's record from the disk.
func (r *run) found() history.Run {
	r.Helper()
	run, err := history.Find(r.home, "last")
	if err != nil {
		r.Fatal(err)
	}
	return run
}

func TestTicksShowWhatIsGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		time.Sleep(time.Second)
		for range 4 {
			r.step(1, 900*time.Millisecond)
			r.step(3, 300*time.Millisecond)
			r.monitor.Wake() // an epoch's end, say
		}
		time.Sleep(time.Minute)
		r.finish()
		series, err := r.found().Series()
		if err != nil {
			t.Fatal(err)
		}
		rates, slowest, step := series.Column("steps_per_s"), series.Column("step_max_ms"), series.Column("step")
		ticks := 0
		for i := range series.Len() {
			if math.IsNaN(rates[i].Mean) {
				continue
			}
			ticks++
			// The true rate is 4 steps in 1.8 s; a tick that falls on a step must
			// not take that for a hundred a second.
			if rates[i].Max > 3.5 || rates[i].Min < 1 || slowest[i].Max > 901 {
				t.Errorf("after %v s: %+v steps/s, slowest %+v, step %+v", series.AtS(i), rates[i], slowest[i], step[i])
			}
		}
		if ticks < 3 || series.Len() < 30 {
			t.Errorf("%d ticks, %d of them with steps", series.Len(), ticks)
		}
	})
}

// TestAShortRunHasATick, and its steps are in it.
func TestAShortRunHasATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.step(100, time.Millisecond)
		r.finish()
		series, err := r.found().Series()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, v := range series.Column("step_ms") {
			found = found || math.Abs(v.Mean-1) < 0.01
		}
		if !found {
			t.Errorf("%+v", series.Column("step_ms"))
		}
	})
}

func TestALossThatIsLostIsSaid(t *testing.T) {
	const usual = 1.5
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		losses func(step int) float64
		want   any
	}{
		{"told at every step", func(int) float64 { return usual }, nil},
		{"told now and then", func(n int) float64 {
			if n%20 == 0 {
				return usual
			}
			return nan
		}, nil},
		{"never told", func(int) float64 { return nan }, nil},
		{"NaN from step 50 on", func(n int) float64 {
			if n < 50 {
				return usual
			}
			return nan
		}, 49},
		{"infinite from step 50 on", func(n int) float64 {
			if n < 50 {
				return usual
			}
			return inf
		}, 49},
		{"NaN once", func(n int) float64 {
			if n == 50 {
				return nan
			}
			return usual
		}, nil},
		{"NaN at the last few", func(n int) float64 {
			if n > 95 {
				return nan
			}
			return usual
		}, nil},
	} {
		bubble(c.name, t, func(t *testing.T) {
			r := watch(t)
			for n := 1; n <= 100; n++ {
				time.Sleep(100 * time.Millisecond)
				r.Step(steps.StepData{Tokens: -1, Loss: c.losses(n)})
			}
			r.finish()
			equal(t, "loss_lost_at_step", fields(t, r.found().Record)["loss_lost_at_step"], c.want)
		})
	}
}

// TestEpochsAreDatedByTheLoop, not by when somebody looked.
func TestEpochsAreDatedByTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		for epoch := range int64(3) {
			r.EpochBegin(epoch)
			r.step(10, 1111*time.Millisecond)
			r.Epoch(epoch)
		}
		time.Sleep(time.Second)
		r.finish()
		rows, err := r.found().Epochs()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "epochs", rows, []history.EpochRow{
			{Number: 0, AtS: 11.11, TookS: 11.11, Steps: 10},
			{Number: 1, AtS: 22.22, TookS: 11.11, Steps: 10},
			{Number: 2, AtS: 33.33, TookS: 11.11, Steps: 10},
		})
	})
}

// TestTheRecordKnowsTheMachine whatever becomes of the telemetry.
func TestTheRecordKnowsTheMachine(t *testing.T) {
	for name, change := range map[string]func(*monitor.Config){
		"with telemetry":    func(*monitor.Config) {},
		"without telemetry": func(c *monitor.Config) { c.Client, c.Stream = nil, nil },
	} {
		bubble(name, t, func(t *testing.T) {
			r := watch(t, change)
			time.Sleep(time.Second)
			r.finish()
			system := r.found().Meta.System
			for _, fact := range []string{"os", "arch", "go_version", "container", "launcher", "ci"} {
				if system[fact] == nil {
					t.Errorf("no %s: %v", fact, system)
				}
			}
			if _, ok := system["gpu_count"]; ok {
				t.Error("nobody looked for GPUs, and yet they are counted")
			}
		})
	}
}
