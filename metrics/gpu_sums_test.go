package metrics_test

import (
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/metrics"
)

// working is a GPU that has done so much since it was first read, and been
// slowed down for so many seconds since the driver was loaded.
func working(device int, bytes uint64, slowed float64, idle time.Duration) gpu.Sample {
	s := use(device, 50, 10, 100, 0)
	s.PCIe = gpu.Read(gpu.Traffic{Sent: bytes, Received: 2 * bytes})
	s.NVLink = gpu.Read(gpu.Traffic{Sent: 3 * bytes, Received: 4 * bytes})
	for r := range s.Throttle {
		s.Throttle[r] = gpu.Read(slowed * float64(r+1))
	}
	s.Idle = gpu.Read(gpu.Idle{Seen: 4 * time.Second, Idle: idle, Gaps: 1, Longest: idle})
	s.TensorActive, s.DRAMActive, s.Occupancy = gpu.Read(20.0), gpu.Read(30.0), gpu.Read(40.0)
	return s
}

func TestGPUSums(t *testing.T) {
	a, b := visible(0), visible(1)
	a.SMCount, b.SMCount = gpu.Read(132), gpu.Read(132)
	r := newGPURun(t, a, b)
	r.after(0, working(0, 0, 100, 0), working(1, 5, 1000, 0))
	r.after(time.Second, working(0, 70, 101.5, time.Second), working(1, 10, 1000.5, 3*time.Second))
	s := r.Totals().GPU
	equal(t, "PCIe", s.PCIe, metrics.Some(gpu.Traffic{Sent: 80, Received: 160}))
	equal(t, "NVLink", s.NVLink, metrics.Some(gpu.Traffic{Sent: 240, Received: 320}))
	near(t, "slowed by power", s.ThrottleS[gpu.PowerCap], 2)
	near(t, "slowed by the power supply", s.ThrottleS[gpu.PowerBrake], 8)
	near(t, "idle", s.IdlePct, 50)
	equal(t, "longest gap", s.IdleLongest, metrics.Some(3*time.Second))
	near(t, "busy multiprocessors", s.BusySMs, 132*0.25*2)
	near(t, "tensor cores", s.TensorActivePct, 20)
	near(t, "memory bandwidth", s.DRAMActivePct, 30)
	near(t, "occupancy", s.OccupancyPct, 40)

	// The driver is reloaded: all counters begin anew.
	r.after(time.Second, working(0, 2, 0.5, 0), working(1, 1, 0.25, 0))
	s = r.Totals().GPU
	equal(t, "PCIe after a reload", s.PCIe, metrics.Some(gpu.Traffic{Sent: 83, Received: 166}))
	near(t, "slowed by power after a reload", s.ThrottleS[gpu.PowerCap], 2)
}

func TestGPUErrors(t *testing.T) {
	r := newGPURun(t, visible(0), visible(1))
	bad := func(device int, xids, last, ecc uint64) gpu.Sample {
		s := use(device, 1, 1, 1, 1)
		s.XID = gpu.Read(gpu.XID{Count: xids, Last: last})
		s.Health.ECCUncorrected = gpu.Read(ecc)
		return s
	}
	r.after(0, bad(0, 0, 0, 7), bad(1, 1, 31, 0)) // 7 from before the run
	r.after(time.Second, bad(0, 0, 0, 7), bad(1, 3, 79, 2))
	s := r.Totals().GPU
	equal(t, "errors", s.XIDs, metrics.Some(uint64(3)))
	equal(t, "uncorrected", s.ECCUncorrected, metrics.Some(uint64(2)))
	equal(t, "a device without", s.Devices[0].LastXID, metrics.Opt[uint64]{})
	equal(t, "the last", s.Devices[1].LastXID, metrics.Some(uint64(79)))
}

// TestGPUNotRead: what was not read is named with its state, and has no value.
func TestGPUNotRead(t *testing.T) {
	r := newGPURun(t, visible(0))
	r.after(0, gpu.Without(0, gpu.Stale))
	r.after(time.Second, gpu.Without(0, gpu.Lost))
	row := r.Totals().GPU.Devices[0]
	if len(row.NotRead) < 25 {
		t.Errorf("%d figures are named", len(row.NotRead))
	}
	for _, f := range row.NotRead {
		if f.State != gpu.Lost || f.Name == "" {
			t.Errorf("%q is %v", f.Name, f.State)
		}
	}
	if row.PCIe.OK || row.ThrottleS[0].OK || row.IdlePct.OK || row.XIDs.OK || row.TensorActivePct.OK || row.OtherProcesses.OK {
		t.Errorf("made up: %+v", row)
	}
}
