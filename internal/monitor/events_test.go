package monitor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
)

func TestEventsComeByTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t, func(c *monitor.Config) { c.Interval = time.Minute })
		r.Begin(2000, 0)
		r.step(1300, 7*time.Second)
		r.End()
		r.finish()

		events := r.events()
		equal(t, "events", names(events)[:3], []string{"system_info", "train_start", "train_progress"})
		equal(t, "the last", events[len(events)-1].Event, "train_end")
		progress := r.named("train_progress")
		want := []time.Duration{
			7 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute,
			30 * time.Minute, time.Hour, 90 * time.Minute, 2 * time.Hour, 150 * time.Minute,
		}
		got := times(progress)
		got[0] = got[0].Truncate(time.Second) // as soon as it is seen
		equal(t, "progress at", got, want)
		equal(t, "steps by the third", progress[2].number("step"), 17)
		equal(t, "what the fourth covers", progress[3].number("interval_s"), 120)
		equal(t, "steps in all", events[len(events)-1].number("steps_total"), 1300)
	})
}

// TestReportsAsAskedFor: never more than one a second, whatever is asked for.
func TestReportsAsAskedFor(t *testing.T) {
	for _, c := range []struct {
		name        string
		every       time.Duration
		steps       uint64
		step        time.Duration
		least, most int // in 20 seconds
	}{
		{"fixed interval", 4 * time.Second, 0, 100 * time.Millisecond, 5, 5},
		{"an interval that is too short", time.Millisecond, 0, 100 * time.Millisecond, 19, 21},
		{"every 40 steps", 0, 40, 100 * time.Millisecond, 5, 6},
		{"every step of a fast loop", 0, 1, time.Millisecond, 15, 21},
		{"both", 10 * time.Second, 40, 100 * time.Millisecond, 5, 7},
		{"the default", 0, 0, time.Millisecond, 1, 1},
	} {
		bubble(c.name, t, func(t *testing.T) {
			r := watch(t, func(cfg *monitor.Config) { cfg.ReportInterval, cfg.ReportEverySteps = c.every, c.steps })
			r.step(int(20*time.Second/c.step)-1, c.step)
			r.finish()
			at := times(r.named("train_progress"))
			if len(at) < c.least || len(at) > c.most {
				t.Errorf("%d reports, want %d to %d: %v", len(at), c.least, c.most, at)
			}
			for i := 1; i < len(at); i++ {
				if at[i]-at[i-1] < time.Second {
					t.Errorf("two within a second: %v and %v", at[i-1], at[i])
				}
			}
		})
	}
}

// TestRunsWithoutSteps: they give the same four events, and say of steps
// nothing at all.
func TestRunsWithoutSteps(t *testing.T) {
	four := []string{"system_info", "train_start", "train_progress", "train_end"}
	for _, length := range []time.Duration{0, time.Millisecond, 20 * time.Second, 59 * time.Second, 61 * time.Second} {
		bubble(length.String(), t, func(t *testing.T) {
			r := watch(t)
			time.Sleep(length)
			r.finish()
			events := r.events()
			equal(t, "events", names(events), four)
			for _, e := range events {
				for property := range e.Properties {
					if strings.HasPrefix(property, "step_") && property != "step_source" || strings.HasPrefix(property, "epoch") ||
						slices.Contains([]string{"step", "steps_total", "loss", "eval_s", "checkpoint_s"}, property) {
						t.Errorf("%s has %s", e.Event, property)
					}
				}
			}
			equal(t, "step_source", events[1].Properties["step_source"], any("none"))
		})
	}
}

// TestALateFirstStepIsReported: the first report came without it.
func TestALateFirstStepIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.step(2, 90*time.Second)
		r.finish()
		at := times(r.named("train_progress"))
		equal(t, "reports", len(at), 3)
		if at[0] != time.Minute || at[1].Truncate(time.Second) != 90*time.Second || at[2] != 2*time.Minute {
			t.Errorf("reports at %v", at)
		}
		equal(t, "train_start at", r.named("train_start")[0].at.Round(time.Second), 30*time.Second)
	})
}

// TestTheSameEventsAtAnySpeed: a loop of a million steps a second is told of by
// as many events as one of ten, and no step is lost.
func TestTheSameEventsAtAnySpeed(t *testing.T) {
	var want []string
	for _, c := range []struct {
		burst int
		every time.Duration
	}{{1, 100 * time.Millisecond}, {1, time.Millisecond}, {1000, time.Millisecond}} {
		bubble(fmt.Sprintf("%d every %v", c.burst, c.every), t, func(t *testing.T) {
			r := watch(t)
			r.Begin(0, 0)
			n := 0
			for time.Since(r.began) < 600*time.Millisecond {
				time.Sleep(c.every)
				r.step(c.burst, 0)
				n += c.burst
			}
			r.finish()
			got := names(r.events())
			if want == nil {
				want = got
			}
			equal(t, "events", got, want)
			end := r.named("train_end")[0]
			equal(t, "steps", end.number("steps_total"), float64(n))
			equal(t, "lost", end.number("step_records_lost"), 0)
		})
	}
}

func TestEpochsAreToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		for epoch := range int64(100) {
			r.EpochBegin(epoch)
			r.step(10, 500*time.Millisecond)
			r.Epoch(epoch)
			r.monitor.Wake()
		}
		r.finish()
		epochs := r.named("train_epoch")
		equal(t, "epochs told", len(epochs), 9) // of 500 s
		for i, e := range epochs {
			if e.number("steps") != 10 || e.number("epoch_s") != 5 {
				t.Errorf("%v", e.Properties)
			}
			if i > 0 && e.at-epochs[i-1].at < time.Minute {
				t.Errorf("two within a minute: %v and %v", epochs[i-1].at, e.at)
			}
		}
		equal(t, "epochs in all", r.named("train_end")[0].number("epochs_completed"), 100)
	})
}

// TestEpochsWaitForTheStart: whatever makes train_start go out, what waited for
// it follows.
func TestEpochsWaitForTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t, func(c *monitor.Config) { c.ReportInterval = 5 * time.Second })
		time.Sleep(time.Second)
		r.Epoch(0) // of a loop that tells no steps
		time.Sleep(5 * time.Second)
		r.finish()
		equal(t, "events", names(r.events()), []string{"system_info", "train_start", "train_epoch", "train_progress", "train_end"})
	})
}

func TestEventsWaitForTheRank(t *testing.T) {
	at := func(after time.Duration, v rank.Verdict) func(*monitor.Config) {
		return func(c *monitor.Config) {
			began := time.Now()
			c.Settle = func(*monitor.Pages) rank.Info {
				info := rank.Info{Rank: -1, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: 2, Launcher: "torchrun"}
				if time.Since(began) >= after {
					info.Verdict = v
				}
				return info
			}
		}
	}
	for _, c := range []struct {
		name   string
		settle func(*monitor.Config)
		want   []string
	}{
		{"the sender", at(0, rank.Sender), []string{"system_info", "train_start", "train_progress", "train_epoch", "train_end"}},
		{"the sender, known late", at(40*time.Second, rank.Sender), []string{"system_info", "train_start", "train_epoch", "train_progress", "train_end"}},
		{"silent", at(0, rank.Silent), nil},
		{"silent, known late", at(40*time.Second, rank.Silent), nil},
		{"never known", at(time.Hour, rank.Sender), nil},
	} {
		bubble(c.name, t, func(t *testing.T) {
			r := watch(t, c.settle)
			r.step(20, time.Second)
			r.Epoch(0)
			r.step(30, time.Second)
			result := r.finish()
			equal(t, "events", names(r.events()), c.want)
			equal(t, "steps in the record", *result.Record.StepsTotal, 50)
			equal(t, "launcher in the record", result.Meta.System["launcher"], any("torchrun"))
		})
	}
}

func TestACrashIsToldOnce(t *testing.T) {
	crash := monitor.End{
		Outcome: errors.Error, ExitCode: 1, Crashed: true,
		Report: errors.Report{Class: errors.PythonException, ExitCode: 1}, Local: errors.Local{Message: "ValueError: secret"},
	}
	sent := crash
	sent.Sent = true
	for _, c := range []struct {
		name string
		end  monitor.End
		want []string
	}{
		{"a crash", crash, []string{"system_info", "train_start", "train_progress", "$exception", "train_end"}},
		{"one that was told already", sent, []string{"system_info", "train_start", "train_progress", "train_end"}},
	} {
		bubble(c.name, t, func(t *testing.T) {
			r := watch(t)
			r.step(3, time.Second)
			result := r.finish(c.end)
			equal(t, "events", names(r.events()), c.want)
			end := r.named("train_end")[0]
			equal(t, "outcome", end.Properties["outcome"], any("error"))
			equal(t, "exit code", end.number("exit_code"), 1)
			equal(t, "message in the record", result.Record.Message, "ValueError: secret")
			if strings.Contains(r.lines.String(), "secret") {
				t.Error("the message was sent")
			}
		})
	}
}

// TestRecordAndEventAgree: what both say of a run is the same.
func TestRecordAndEventAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.Begin(40, 2)
		r.step(20, time.Second)
		r.Memory(steps.MemoryData{Allocated: 1, Reserved: 2, Peak: 3, Retries: 4, OOMs: 5})
		r.Epoch(0)
		time.Sleep(1234 * time.Millisecond)
		result := r.finish()
		event := r.named("train_end")[0].Properties
		record := fields(t, result.Record)
		common := 0
		for name, value := range event {
			if have, ok := record[name]; ok {
				common++
				equal(t, name, have, value)
			}
		}
		if common < 20 {
			t.Errorf("they have only %d figures in common", common)
		}
		equal(t, "recovered", event["gpu_oom_recovered"], any(5))
		equal(t, "ended", result.Record.Ended.Sub(r.began), 21234*time.Millisecond)
	})
}

// TestAClientThatTakesNoMore is what a yes that is withdrawn leaves of it.
func TestAClientThatTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.step(5, time.Second)
		if err := r.client.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		before := len(r.events())
		r.step(100, time.Second)
		result := r.finish()
		equal(t, "events since", len(r.events()), before)
		equal(t, "steps in the record", *result.Record.StepsTotal, 105)
	})
}
