//go:build linux && cgo

package nvidia_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/gpu"
)

// TestAllocations holds a tick over eight GPUs at full table to two allocations
// a device.
func TestAllocations(t *testing.T) {
	p := start(t, library(t), strings.Repeat(h200, 8), patient)
	p.attach()
	s := p.sample()
	if len(s.Samples) != 8 {
		t.Fatalf("%d devices", len(s.Samples))
	}
	if n := p.do("allocs").Allocs; n > 2*8 {
		t.Errorf("a tick over eight GPUs makes %v allocations", n)
	}
}

func TestValuesOverTime(t *testing.T) {
	p := start(t, library(t), "gpu NVIDIA H200\nutil 10 20 30\nclock 1980 345\n", patient)
	p.attach()
	for i, want := range []float64{10, 20, 30, 30} {
		if s := p.sample(); s.Samples[0].Util != gpu.Read(want) {
			t.Errorf("tick %d: %+v, want %v", i, s.Samples[0].Util, want)
		}
	}
}

// TestTraffic: bytes from counters where there are no profiling metrics, else
// from rates.
func TestTraffic(t *testing.T) {
	const ampere = "live\ngpu NVIDIA A100\ncc 8 0\nfield 138 "
	p := start(t, library(t), ampere+"10\nfield 139 20\nfield 197 1000\nfield 198 500\n", patient)
	p.attach()
	p.sample()
	p.write(ampere + "30\nfield 139 21\nfield 197 1700\nfield 198 600\n")
	s := p.sample().Samples[0]
	if s.NVLink != gpu.Read(gpu.Traffic{Sent: 20 << 10, Received: 1 << 10}) || s.PCIe != gpu.Read(gpu.Traffic{Sent: 700, Received: 100}) {
		t.Errorf("%+v %+v", s.NVLink, s.PCIe)
	}
	p.write(ampere + "31\nfield 139 22\nfield 197 5\nfield 198 600\n") // wrapped: nothing is known any more
	s = p.sample().Samples[0]
	if s.PCIe.State != gpu.Unsupported || s.NVLink != gpu.Read(gpu.Traffic{Sent: 21 << 10, Received: 2 << 10}) {
		t.Errorf("%+v %+v", s.NVLink, s.PCIe)
	}

	p = start(t, library(t), "gpu NVIDIA H200\ngpm 20 100\ngpm 21 200\ngpm 60 1000\ngpm 61 3000\n", patient)
	p.attach()
	s = p.until("traffic", func(s gpu.Snapshot) bool { return s.Samples[0].PCIe.Value.Sent > 1<<20 }).Samples[0]
	// Rates held for one and the same time, whatever that was.
	pcie, nvlink := s.PCIe.Value, s.NVLink.Value
	for name, ratio := range map[string]float64{
		"PCIe received":   float64(pcie.Received) / float64(pcie.Sent) / 2,
		"NVLink sent":     float64(nvlink.Sent) / float64(pcie.Sent) / 30,
		"NVLink received": float64(nvlink.Received) / float64(pcie.Sent) / 10,
	} {
		if ratio < 0.999 || ratio > 1.001 {
			t.Errorf("%s is off by a factor of %v: %+v %+v", name, ratio, pcie, nvlink)
		}
	}
}

func TestIdle(t *testing.T) {
	set := patient
	set.Tick = 3 * time.Second // between two samples, in the eyes of the Source
	p := start(t, library(t), "live\ngpu NVIDIA H200\nsamples 1000000 200000 0 0 0\n", set)
	p.attach()
	if s := p.sample().Samples[0]; s.Idle != gpu.Read(gpu.Idle{}) {
		t.Errorf("what was before the run counts: %+v", s.Idle)
	}
	p.write("live\ngpu NVIDIA H200\nsamples 1000000 200000 0 0 0 50 0 0 70\n")
	want := gpu.Read(gpu.Idle{Seen: 800 * time.Millisecond, Idle: 400 * time.Millisecond, Gaps: 1, Longest: 400 * time.Millisecond})
	if s := p.sample().Samples[0]; s.Idle != gpu.Read(gpu.Idle{}) {
		t.Errorf("fetched too soon: %+v", s.Idle)
	}
	p.sample()
	if s := p.sample().Samples[0]; s.Idle != want {
		t.Errorf("%+v, want %+v", s.Idle, want)
	}
}

func TestXID(t *testing.T) {
	p := start(t, library(t), "live\n"+h200+h200, patient)
	p.attach()
	p.sample()
	p.write("live\n" + h200 + h200 + "xid 31\nxid 79\n")
	s := p.until("two errors", func(s gpu.Snapshot) bool { return s.Samples[1].XID.Value.Count == 2 })
	if s.Samples[1].XID != gpu.Read(gpu.XID{Count: 2, Last: 79}) || s.Samples[0].XID != gpu.Read(gpu.XID{}) {
		t.Errorf("%+v %+v", s.Samples[0].XID, s.Samples[1].XID)
	}
	p.do("close")
	if r := p.do("leaks"); r.Error != "" {
		t.Error(r.Error)
	}
}

// TestMPSClients: drivers list them apart from other processes; some list them twice.
func TestMPSClients(t *testing.T) {
	p := start(t, library(t), "gpu NVIDIA H200\nprocess 10 30000000\nmps 20 -1\nmps 10 30000000\n", patient,
		"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=25")
	p.attach()
	s := p.sample()
	want := []gpu.Process{{PID: 10, MemUsed: gpu.Read[uint64](30000000)}, {PID: 20}}
	if diff := cmp.Diff(want, s.Processes); diff != "" {
		t.Error(diff)
	}
	if s.Status.MPSPercent != gpu.Read(25.0) {
		t.Errorf("%+v", s.Status)
	}
}

// TestDriverReload: the driver goes and comes back; its GPUs are lost for so
// long, and then read again.
func TestDriverReload(t *testing.T) {
	soon := settings{Wait: time.Minute, Retry: 50 * time.Millisecond, Describe: time.Minute}
	p := start(t, library(t), "live\nsession 1\n"+h200+h200, soon)
	p.attach()
	first := p.sample()
	p.write("live\nsession 2\ncall nvmlInit_v2 error 9\n" + h200 + h200)
	s := p.sample()
	if s.Samples[0].Util.State != gpu.Lost || s.Samples[1].Health.ECCCorrected.State != gpu.Lost {
		t.Errorf("%+v", s.Samples)
	}
	s = p.until("a word about it", func(s gpu.Snapshot) bool { return strings.Contains(s.Status.Reason, "kernel driver is not loaded") })
	if len(s.Devices) != 2 || s.Samples[1].Device != 1 || s.Samples[1].MemUsed.State != gpu.Lost || s.Status.Available {
		t.Errorf("while it is away: %+v", s)
	}
	p.write("live\nsession 2\n" + h200 + h200)
	s = p.until("both GPUs again", func(s gpu.Snapshot) bool { return s.Status.Available && s.Samples[0].Util.State == gpu.OK })
	if diff := cmp.Diff(first, s); diff != "" {
		t.Error(diff)
	}
}

// TestOneOfTwoLost: the other one is read on, in the same session.
func TestOneOfTwoLost(t *testing.T) {
	soon := settings{Wait: time.Minute, Retry: time.Millisecond, Describe: time.Minute}
	p := start(t, library(t), "live\n"+h200+h200, soon)
	p.attach()
	p.sample()
	p.write("live\n" + h200 + h200 + "call nvmlDeviceGetUtilizationRates error 15\nxid 79\n")
	for range 5 {
		s := p.sample()
		if s.Samples[0] != busy || s.Samples[1].MemUsed.State != gpu.Lost || s.Samples[1].Health.Processes.State != gpu.Lost || !s.Status.Available {
			t.Fatalf("%+v", s)
		}
	}
	p.until("the error", func(s gpu.Snapshot) bool { return s.Samples[1].XID.Value.Last == 79 })
}
