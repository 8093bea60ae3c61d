package metrics_test

import (
	"context"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/metrics"
)

// script is a gpu.Source that answers with what it was given.
type script struct{ next gpu.Snapshot }

func (s *script) Attach(context.Context) error { return nil }
func (s *script) Sample() gpu.Snapshot         { return s.next }
func (s *script) Close()                       {}

// gpuRun is a run whose clock and devices are the test's.
type gpuRun struct {
	*metrics.RuntimeMetricsTracker
	source script
	now    time.Time
}

func newGPURun(t *testing.T, devices ...gpu.Device) *gpuRun {
	t.Helper()
	empty := t.TempDir()
	r := &gpuRun{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	r.source.next.Devices = devices
	r.RuntimeMetricsTracker = metrics.NewRuntimeMetricsTracker(metrics.Config{
		Proc: empty, Cgroup: empty, Files: empty, GPU: &r.source, Now: func() time.Time { return r.now },
	})
	t.Cleanup(r.Close)
	return r
}

// after samples so much later.
func (r *gpuRun) after(d time.Duration, samples ...gpu.Sample) {
	r.now = r.now.Add(d)
	r.source.next.Samples = samples
	r.Sample()
}

func visible(index int) gpu.Device {
	return gpu.Device{Index: index, UUID: string(rune('a' + index)), Visible: true, MemTotal: gpu.Read[uint64](100)}
}

func use(device int, util float64, mem uint64, power, energy float64) gpu.Sample {
	return gpu.Sample{
		Device: device, Util: gpu.Read(util), MemUsed: gpu.Read(mem), SMActive: gpu.Read(util / 2),
		PowerW: gpu.Read(power), TempC: gpu.Read(50.0), EnergyJ: gpu.Read(energy),
	}
}

func near(t *testing.T, name string, got metrics.Opt[float64], want float64) {
	t.Helper()
	if d := got.Value - want; !got.OK || d > 1e-6 || d < -1e-6 {
		t.Errorf("%s: got %+v, want %g", name, got, want)
	}
}

func TestGPUStatistics(t *testing.T) {
	hidden := visible(2)
	hidden.Visible = false
	r := newGPURun(t, visible(0), visible(1), hidden)
	r.after(0, use(0, 90, 30, 300, 1000), use(1, 50, 10, 100, 500), use(2, 100, 99, 700, 9))
	r.Report()
	// Three seconds at one load, one at another.
	r.after(3*time.Second, use(0, 100, 80, 400, 2200), use(1, 60, 20, 200, 1100), use(2, 100, 99, 700, 9))
	r.after(time.Second, use(0, 20, 40, 200, 2400), use(1, 20, 50, 100, 1200), use(2, 100, 99, 700, 9))
	s := r.Report().GPU
	near(t, "utilisation", s.UtilPct, (80.0+50)/2)
	near(t, "lowest device", s.UtilMinPct, 50)
	near(t, "SM active", s.SMActivePct, (40.0+25)/2)
	near(t, "power", s.PowerW, 350+175)
	near(t, "energy", s.EnergyJ, 1400+700)
	equal(t, "memory", s.MemUsed, metrics.Some(uint64(90)))
	equal(t, "fullest", s.MemUsedMax, metrics.Some(uint64(50)))
	equal(t, "fullest ever", s.MemUsedPeak, metrics.Some(uint64(80)))
	equal(t, "rows", len(s.Devices), 2)
	near(t, "row's utilisation", s.Devices[1].UtilPct, 50)
	near(t, "row's temperature", s.Devices[1].TempC, 50)
	equal(t, "row's peak", s.Devices[1].MemUsedPeak, metrics.Some(uint64(50)))

	// The run's means go on; a new span has none yet.
	near(t, "energy of the run", r.Totals().GPU.EnergyJ, 2100)
	if s := r.Report().GPU; s.UtilPct.OK || s.PowerW.OK || !s.MemUsedPeak.OK {
		t.Errorf("a span without samples: %+v", s)
	}
}

func TestGPUReadingsThatFail(t *testing.T) {
	r := newGPURun(t, visible(0), visible(1))
	r.after(0, use(0, 10, 30, 300, 1000), use(1, 20, 10, 100, 500))
	r.after(time.Second, use(0, 10, 30, 300, 1300), gpu.Sample{
		Device: 1, Util: gpu.Reading[float64]{State: gpu.Lost}, MemUsed: gpu.Reading[uint64]{Value: 7, State: gpu.Stale},
	})
	s := r.Totals().GPU
	equal(t, "a sum with a part missing", s.MemUsed, metrics.Opt[uint64]{})
	equal(t, "fullest of those known", s.MemUsedMax, metrics.Some(uint64(30)))
	equal(t, "energy with a device read once", s.EnergyJ, metrics.Opt[float64]{})
	near(t, "lost device's mean while it answered", s.Devices[1].UtilPct, 20)
	equal(t, "lost device's memory", s.Devices[1].MemUsed, metrics.Opt[uint64]{})
	equal(t, "lost device's peak", s.Devices[1].MemUsedPeak, metrics.Some(uint64(10)))
}

func TestGPUDriverReload(t *testing.T) {
	r := newGPURun(t, visible(0), visible(1))
	r.after(0, use(0, 10, 30, 300, 1000), use(1, 10, 30, 300, 5000))
	r.after(time.Second, use(0, 10, 30, 300, 1100), use(1, 10, 30, 300, 5200))
	r.source.next.Devices = nil
	r.after(time.Second)
	equal(t, "no device answers", r.Totals().GPU.MemUsed, metrics.Opt[uint64]{})
	r.source.next.Devices = []gpu.Device{visible(1), visible(0)} // counted anew
	r.after(time.Second, use(0, 10, 30, 300, 10), use(1, 10, 30, 300, 20))
	r.after(time.Second, use(0, 10, 30, 300, 15), use(1, 10, 30, 300, 27))
	s := r.Totals().GPU
	near(t, "energy", s.EnergyJ, 100+200+5+7)
	equal(t, "rows", len(s.Devices), 2)
}

func TestNoGPU(t *testing.T) {
	r := newGPURun(t)
	r.after(time.Second)
	r.source.next.Devices = []gpu.Device{visible(0)}
	r.after(time.Second, gpu.Sample{Device: 5}, gpu.Sample{Device: -1})
	s := r.Totals().GPU
	if s.Devices != nil || s.UtilPct.OK || s.MemUsed.OK || s.EnergyJ.OK || s.PowerW.OK {
		t.Errorf("made up: %+v", s)
	}
}
