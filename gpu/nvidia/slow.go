//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// slowEvery is the interval of the slow tick: what changes seldom, or costs the
// driver more. The first ones come sooner, since a program takes its GPUs in
// its first seconds.
const (
	slowEvery = 20 * time.Second
	slowFirst = 2 * time.Second
)

// slow is what the slow tick last read of a device.
type slow struct {
	due       time.Time
	wait      time.Duration
	fields    *fields
	health    gpu.Health
	processes []gpu.Process // Device is not set; never written again
	ticks     uint64
}

func newSlow() slow {
	return slow{wait: slowFirst, fields: newFields(
		nvml.FI_DEV_ECC_SBE_VOL_TOTAL, nvml.FI_DEV_ECC_DBE_VOL_TOTAL, nvml.FI_DEV_PCIE_REPLAY_COUNTER,
		nvml.FI_DEV_REMAPPED_COR, nvml.FI_DEV_REMAPPED_UNC, nvml.FI_DEV_REMAPPED_PENDING, nvml.FI_DEV_REMAPPED_FAILURE,
		nvml.FI_DEV_GET_GPU_RECOVERY_ACTION,
	)}
}

// tick reads, when it is time, and enters what was last read into the sample.
func (s *slow) tick(d *device, now time.Time) {
	if !now.Before(s.due) && !d.lost {
		s.read(d)
		s.due = now.Add(s.wait)
		s.wait = min(2*s.wait, slowEvery)
	}
	d.sample.Health = s.health
	if d.lost {
		d.sample.Health = gpu.Without(0, gpu.Lost).Health
		s.due = now // as soon as it is back
	}
}

func (s *slow) read(d *device) {
	var h gpu.Health
	s.readFields(d, &h)
	if d.may(callPowerLimit) {
		mw, ret := d.handle.GetEnforcedPowerLimit()
		h.PowerLimitW = scaled(figure(d, callPowerLimit, ret, float64(mw)), 1e-3)
	} else {
		h.PowerLimitW = absent[float64](d)
	}
	list, state := d.processes()
	h.Processes = gpu.Reading[int]{State: state}
	if state == gpu.OK {
		h.Processes = gpu.Read(len(list))
		s.processes = list
		s.ticks++
	}
	s.health = h
}

func (s *slow) readFields(d *device, h *gpu.Health) {
	state := gpu.Unsupported
	switch {
	case d.lost:
		state = gpu.Lost
	case d.may(callFields) && s.fields.any():
		state = d.settle(callFields, s.fields.read(d.handle))
	}
	field := func(id uint32) gpu.Reading[float64] {
		if state != gpu.OK {
			return gpu.Reading[float64]{State: state}
		}
		v, ret := s.fields.get(id)
		switch ret {
		case nvml.SUCCESS:
			return gpu.Read(v)
		case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_INVALID_ARGUMENT:
			s.fields.drop(id)
			return gpu.Reading[float64]{}
		}
		return gpu.Reading[float64]{State: d.state(ret)}
	}
	h.ECCCorrected = whole(field(nvml.FI_DEV_ECC_SBE_VOL_TOTAL))
	h.ECCUncorrected = whole(field(nvml.FI_DEV_ECC_DBE_VOL_TOTAL))
	h.PCIeReplays = whole(field(nvml.FI_DEV_PCIE_REPLAY_COUNTER))
	h.RemappedRows = whole(field(nvml.FI_DEV_REMAPPED_COR))
	if others := whole(field(nvml.FI_DEV_REMAPPED_UNC)); others.State != gpu.OK {
		h.RemappedRows = others
	} else {
		h.RemappedRows.Value += others.Value
	}
	h.RemapPending = flag(field(nvml.FI_DEV_REMAPPED_PENDING))
	h.RemapFailed = flag(field(nvml.FI_DEV_REMAPPED_FAILURE))
	action := field(nvml.FI_DEV_GET_GPU_RECOVERY_ACTION)
	h.Recovery = gpu.Reading[int]{Value: int(action.Value), State: action.State}
}

// processes lists who computes on the device, MPS clients included, which some
// drivers list apart.
func (d *device) processes() ([]gpu.Process, gpu.State) {
	if !d.may(callProcesses) {
		return nil, absent[int](d).State
	}
	infos, ret := d.handle.GetComputeRunningProcesses()
	if state := d.settle(callProcesses, ret); state != gpu.OK {
		return nil, state
	}
	if d.may(callMPSProcesses) {
		clients, ret := d.handle.GetMPSComputeRunningProcesses()
		if d.settle(callMPSProcesses, ret) == gpu.OK {
			infos = append(infos, clients...)
		}
	}
	seen := make(map[uint32]bool, len(infos))
	list := make([]gpu.Process, 0, len(infos))
	for _, p := range infos {
		if p.Pid == 0 || seen[p.Pid] { // 0: a process of another container
			continue
		}
		seen[p.Pid] = true
		one := gpu.Process{PID: int(p.Pid)}
		if p.UsedGpuMemory != notAvailable {
			one.MemUsed = gpu.Read(p.UsedGpuMemory)
		}
		list = append(list, one)
	}
	return list, gpu.OK
}

// notAvailable is NVML_VALUE_NOT_AVAILABLE.
const notAvailable = ^uint64(0)

func whole(r gpu.Reading[float64]) gpu.Reading[uint64] {
	if r.State == gpu.OK && r.Value < 0 {
		return gpu.Reading[uint64]{State: gpu.Stale}
	}
	return gpu.Reading[uint64]{Value: uint64(r.Value), State: r.State}
}

func flag(r gpu.Reading[float64]) gpu.Reading[bool] {
	return gpu.Reading[bool]{Value: r.Value != 0, State: r.State}
}
