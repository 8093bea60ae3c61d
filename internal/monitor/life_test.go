package monitor_test

import (
	"context"
	stderrors "errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// took returns how long f takes, in the bubble's time.
func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// TestFinishAndCloseInAnyOrder: each is bounded, may be called again, and from
// several goroutines at once; nothing is left behind.
func TestFinishAndCloseInAnyOrder(t *testing.T) {
	finish := func(m *monitor.Monitor) {
		m.Finish(within(time.Second), func(monitor.Seen) monitor.End { return succeeded })
	}
	end := func(m *monitor.Monitor) { m.Close(within(time.Second)) }
	for name, calls := range map[string][]func(*monitor.Monitor){
		"close alone":        {end},
		"closed twice":       {end, end},
		"finished twice":     {finish, finish, end},
		"finish after close": {end, finish},
		"all at once": {func(m *monitor.Monitor) {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() { finish(m) })
				wg.Go(func() { end(m) })
				wg.Go(m.Wake)
			}
			wg.Wait()
		}},
	} {
		bubble(name, t, func(t *testing.T) {
			r := watch(t)
			r.step(3, time.Second)
			for _, call := range calls {
				if d := took(func() { call(r.monitor) }); d > time.Second {
					t.Errorf("it took %v", d)
				}
			}
			r.monitor.Wake()
			r.client.Close(within(time.Second))
		})
	}
}

// TestTheFirstFinishCounts: the record is written once.
func TestTheFirstFinishCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.step(3, time.Second)
		first := r.finish(monitor.End{Outcome: "error", ExitCode: 3})
		second := r.finish()
		equal(t, "outcome", second.Record.Outcome, "error")
		equal(t, "the same", fields(t, second), fields(t, first))
		runs, err := history.List(r.home)
		if err != nil || len(runs) != 1 || runs[0].Record.Outcome != "error" || runs[0].Live {
			t.Errorf("on the disk: %+v, %v", runs, err)
		}
		equal(t, "ends told", len(r.named("train_end")), 1)
	})
}

// TestARunThatNobodySawTheEndOf leaves the numbers it had.
func TestARunThatNobodySawTheEndOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t)
		r.step(10, time.Second)
		r.monitor.Close(within(time.Second))
		result := r.finish()
		if result.Err == nil {
			t.Error("Finish after Close says nothing")
		}
		run, err := history.Find(r.home, "last")
		if err != nil || run.Record.Outcome != history.Unknown || *run.Record.StepsTotal < 8 {
			t.Errorf("on the disk: %+v, %v", run.Record, err)
		}
		equal(t, "ends told", len(r.named("train_end")), 0)
	})
}

// TestADiskThatHangs: events go on, Finish and Close are bounded, and what the
// run came to is known all the same.
func TestADiskThatHangs(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(r *run, held <-chan struct{}) (*history.Writer, error)
	}{
		{"from the start", func(_ *run, held <-chan struct{}) (*history.Writer, error) {
			<-held
			return nil, nil
		}},
		{"for a while", func(r *run, held <-chan struct{}) (*history.Writer, error) {
			time.Sleep(time.Hour)
			return history.Create(r.home, r.cfg.Meta)
		}},
	} {
		bubble(c.name, t, func(t *testing.T) {
			held := make(chan struct{})
			r := prepare(t)
			r.monitor = monitor.StartOn(r.cfg, func() (*history.Writer, error) { return c.open(r, held) })
			r.step(1500, 2*time.Second)
			equal(t, "events", len(r.events()) >= 8, true)
			var result monitor.Result
			d := took(func() {
				result = r.monitor.Finish(within(5*time.Second), func(monitor.Seen) monitor.End { return succeeded })
			})
			equal(t, "Finish", d, 5*time.Second)
			if !stderrors.Is(result.Err, monitor.ErrUnwritten) || *result.Record.StepsTotal != 1500 {
				t.Errorf("%v, %+v", result.Err, result.Record)
			}
			equal(t, "Close", took(func() { r.monitor.Close(within(3 * time.Second)) }), 3*time.Second)
			close(held)
			time.Sleep(time.Hour)
			result = r.finish()
			if result.Err == nil || !strings.Contains(result.Err.Error(), "too slow") {
				t.Errorf("a disk that lets go: %v", result.Err)
			}
			equal(t, "events", r.events()[len(r.events())-1].Event, "train_end")
		})
	}
}

func TestAHomeThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t, func(c *monitor.Config) { c.Home = "/proc/none" })
		r.step(10, time.Second)
		result := r.finish()
		if result.Err == nil || result.Dir != "" || *result.Record.StepsTotal != 10 {
			t.Errorf("%+v", result)
		}
		equal(t, "ends told", len(r.named("train_end")), 1)
	})
}

func TestARunThatIsNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t, func(c *monitor.Config) { c.Home, c.Client, c.Stream = "", nil, nil })
		r.step(10, time.Second)
		result := r.finish()
		if result.Err != nil || result.Dir != "" || *result.Record.StepsTotal != 10 {
			t.Errorf("%+v", result)
		}
	})
}

// driver is a GPU driver that answers when it likes.
type driver struct {
	after    time.Duration // 0: at once; less: never
	sample   func() gpu.Snapshot
	attached bool
	mu       sync.Mutex
	closed   int
}

func (d *driver) Attach(ctx context.Context) error {
	var answer <-chan time.Time
	if d.after >= 0 {
		answer = time.After(d.after)
	}
	select {
	case <-answer:
	case <-ctx.Done():
		return ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attached = true
	return nil
}

func (d *driver) Sample() gpu.Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sample != nil {
		return d.sample()
	}
	if !d.attached {
		return gpu.Snapshot{Status: gpu.Status{Reason: "not yet"}}
	}
	return gpu.Snapshot{
		Devices: []gpu.Device{{Index: 0, UUID: "GPU-secret", Vendor: "nvidia", Model: "NVIDIA H200", Arch: "hopper", SMCount: gpu.Read(132), MemTotal: gpu.Read[uint64](150e9), Visible: true}},
		Samples: []gpu.Sample{{Util: gpu.Read(97.0), MemUsed: gpu.Read[uint64](100e9)}},
		Status:  gpu.Status{Available: true, Driver: "570.1"},
	}
}

func (d *driver) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed++
}

// attach makes d the run's driver.
func attach(d *driver) func(*monitor.Config) {
	return func(c *monitor.Config) {
		c.GPU = d
		empty := "/nonexistent"
		c.Tracker = metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: empty, Cgroup: empty, Files: empty, Started: c.Meta.Started, GPU: d})
	}
}

// TestWaitingForTheDriver: 15 seconds at most, and never at the end.
func TestWaitingForTheDriver(t *testing.T) {
	for _, c := range []struct {
		name      string
		after     time.Duration
		length    time.Duration
		told      time.Duration // when system_info is
		inEvent   any           // gpu_count in it
		inHistory any
	}{
		{"at once", 0, 20 * time.Second, 0, 1, 1},
		{"soon", 5 * time.Second, 20 * time.Second, 5 * time.Second, 1, 1},
		{"late", 17 * time.Second, 20 * time.Second, 15 * time.Second, nil, 1},
		{"never", -1, 20 * time.Second, 15 * time.Second, nil, nil},
		{"never, in a short run", -1, time.Second, time.Second, nil, nil},
		{"as the run ends", time.Second, time.Second, time.Second, 1, 1},
	} {
		bubble(c.name, t, func(t *testing.T) {
			d := &driver{after: c.after}
			r := watch(t, attach(d))
			r.step(10, c.length/10)
			synctest.Wait()
			var result monitor.Result
			equal(t, "the end took", took(func() { result = r.finish() }) < time.Second, true)
			events := r.events()
			equal(t, "events", names(events), []string{"system_info", "train_start", "train_progress", "train_end"})
			equal(t, "system_info at", events[0].at.Round(time.Second), c.told)
			equal(t, "gpu_count", events[0].Properties["gpu_count"], c.inEvent)
			equal(t, "gpu_count in the record", result.Meta.System["gpu_count"], c.inHistory)
			if c.inEvent != nil {
				equal(t, "gpu_sm_count", events[0].number("gpu_sm_count"), 132)
				equal(t, "gpu_util_pct", math.Round(r.named("train_end")[0].number("gpu_util_pct")), 97)
			}
			equal(t, "closed", d.closed > 0, true)
			if strings.Contains(r.lines.String(), "secret") {
				t.Error("a UUID was sent")
			}
		})
	}
}

// TestARunThatIsOverAtOnce hears of its GPUs where the driver is quick to
// answer, or there is none, and otherwise waits no longer.
func TestARunThatIsOverAtOnce(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name                string
		after, length, took time.Duration
		want                any
	}{
		{"answered", 0, 2 * ms, 0, 1},
		{"answers in a moment", 10 * ms, 2 * ms, 8 * ms, 1},
		{"takes its time", time.Second, 2 * ms, 23 * ms, nil},
		{"hangs", -1, 2 * ms, 23 * ms, nil},
		{"hangs, and has had its moment", -1, 25 * ms, 0, nil},
	} {
		bubble(c.name, t, func(t *testing.T) {
			r := watch(t, attach(&driver{after: c.after}))
			time.Sleep(c.length)
			synctest.Wait()
			var result monitor.Result
			equal(t, "the end took", took(func() {
				result = r.monitor.Finish(within(time.Second), func(monitor.Seen) monitor.End { return succeeded })
			}), c.took)
			r.finish()
			equal(t, "gpu_count", r.named("system_info")[0].Properties["gpu_count"], c.want)
			equal(t, "gpu_count in the record", result.Meta.System["gpu_count"], c.want)
		})
	}
}

// TestAFaultOfOurOwn ends the watching, and not the program.
func TestAFaultOfOurOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watch(t, attach(&driver{sample: func() gpu.Snapshot { panic("of our own") }}))
		r.step(5, time.Second)
		result := r.finish()
		if result.Err == nil || !strings.Contains(result.Err.Error(), "of our own") {
			t.Errorf("%v", result.Err)
		}
	})
}

// TestAClockThatGoesBack makes no negative times and no storm of events.
func TestAClockThatGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var back time.Duration
		r := watch(t, func(c *monitor.Config) {
			c.ReportInterval = time.Second
			c.Now = func() time.Time { // of the wall alone
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Round(0).Add(-back)
			}
		})
		r.step(5, time.Second)
		mu.Lock()
		back = 24 * time.Hour
		mu.Unlock()
		r.step(5, time.Second)
		result := r.finish()
		if *result.Record.DurationS < 0 || *result.Record.StepsTotal != 10 {
			t.Errorf("%+v", fields(t, result.Record))
		}
		if n := len(r.named("train_progress")); n > 11 {
			t.Errorf("%d reports", n)
		}
	})
}

func TestAnchor(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name    string
		started time.Time
		ago     time.Duration
	}{
		{"from another process", now.Round(0).Add(-3 * time.Second), 3 * time.Second},
		{"in the future", now.Round(0).Add(time.Hour), 0},
		{"not told", time.Time{}, 0},
		{"of our own", now.Add(-time.Minute), time.Minute},
	} {
		got := monitor.Anchor(c.started, now)
		if d := now.Sub(got); d != c.ago || !steady(got) {
			t.Errorf("%s: %v ago, want %v; on the steady clock: %t", c.name, d, c.ago, steady(got))
		}
	}
}

// steady reports whether a time has a reading of the steady clock.
func steady(t time.Time) bool { return strings.Contains(t.String(), " m=") }

// TestSamplingSlowsItselfDown when a tick costs more than a hundredth of its
// interval, and comes back.
func TestSamplingSlowsItselfDown(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		every time.Duration
		costs []time.Duration
		want  time.Duration
	}{
		{"cheap", 2 * time.Second, []time.Duration{ms, 19 * ms}, 2 * time.Second},
		{"dear", 2 * time.Second, []time.Duration{21 * ms}, 4 * time.Second},
		{"dear for good", 2 * time.Second, []time.Duration{900 * ms, 900 * ms, 900 * ms, 900 * ms, 900 * ms, 900 * ms}, time.Minute},
		{"dear at first", 2 * time.Second, []time.Duration{50 * ms, 50 * ms, ms, ms, ms}, 2 * time.Second},
		{"neither", 2 * time.Second, []time.Duration{21 * ms, 21 * ms}, 4 * time.Second},
		{"seldom anyway", time.Hour, []time.Duration{time.Minute}, time.Hour},
	} {
		equal(t, c.name, monitor.Interval(c.every, c.costs...), c.want)
	}
}

// TestTheLoopIsWrittenWhileItIsWatched, for the race detector.
func TestTheLoopIsWrittenWhileItIsWatched(t *testing.T) {
	page := steps.NewHeap(steps.Identity{Rank: -1, WorldSize: -1, LocalRank: -1, Source: steps.SourceGo})
	cfg := monitor.Config{
		Meta: history.Meta{RunID: "019a9d3e-0000-7000-8000-000000000001", Started: time.Now()}, Home: t.TempDir(),
		Pages: monitor.Heap(page), Now: time.Now, Interval: 100 * time.Millisecond,
		Tracker: metrics.NewRuntimeMetricsTracker(metrics.Config{}),
	}
	m := monitor.Start(cfg)
	w := page.Writer()
	for epoch := range int64(200) {
		w.EpochBegin(epoch)
		for range 1000 {
			w.Step(steps.StepData{Tokens: 1, Loss: 0.5})
		}
		w.Epoch(epoch)
		m.Wake()
	}
	result := m.Finish(within(10*time.Second), func(monitor.Seen) monitor.End { return succeeded })
	m.Close(within(10 * time.Second))
	if result.Err != nil || *result.Record.StepsTotal != 200_000 || *result.Record.EpochsCompleted != 200 {
		t.Errorf("%v: %+v", result.Err, fields(t, result.Record))
	}
	if result.Record.ProcessRSSPeakBytes == nil || result.Record.AgentCPUS == nil {
		t.Errorf("what is seen of this process: %+v", fields(t, result.Record))
	}
}
