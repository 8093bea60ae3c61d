//go:build linux && cgo

package nvidia

import (
	"math"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

const (
	mebi = 1 << 20
	kibi = 1 << 10
	// samplesEvery is how often the driver's own samples are fetched. It keeps
	// those of some 16 s.
	samplesEvery = 8 * time.Second
	// all is the scope of a field that is the sum over all NVLinks.
	all = math.MaxUint32
)

// throttleTwice is PERF_POLICY_THERMAL: what the two kinds of thermal slowdown
// together are called by drivers that do not tell them apart.
const throttleTwice = nvml.FI_DEV_PERF_POLICY_THERMAL

// fastFields are what one batch asks for at every tick.
func fastFields() []fieldSpec {
	return []fieldSpec{
		{id: nvml.FI_DEV_TOTAL_ENERGY_CONSUMPTION},
		{id: nvml.FI_DEV_POWER_INSTANT},
		{id: nvml.FI_DEV_MEMORY_TEMP},
		{id: nvml.FI_DEV_NVLINK_THROUGHPUT_DATA_TX, scope: all},
		{id: nvml.FI_DEV_NVLINK_THROUGHPUT_DATA_RX, scope: all},
		{id: nvml.FI_DEV_PCIE_COUNT_TX_BYTES},
		{id: nvml.FI_DEV_PCIE_COUNT_RX_BYTES},
		{id: nvml.FI_DEV_PERF_POLICY_POWER},
		{id: throttleTwice},
		{id: nvml.FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN},
		{id: nvml.FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN},
		{id: nvml.FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN},
	}
}

// read fills d.sample: one round over all that is asked at every tick, cheapest
// calls first. Once the device is lost the rest of the round is not asked.
func (d *device) read(now time.Time) {
	due := !d.idleFrom || now.Sub(d.idleAt) >= samplesEvery
	d.round.read(&d.has, due, d.idle.last)
	d.lost = d.roundLost()
	var s gpu.Sample
	r := d.round.c
	s.Util = percent(part(d, partUtil, float64(r.util)))
	s.MemUtil = percent(part(d, partUtil, float64(r.memory_util)))
	s.MemUsed = either(d, partMemoryV2, partMemory, uint64(r.used))
	s.MemReserved = part(d, partMemoryV2, uint64(r.reserved))
	s.SMClock = part(d, partClock, float64(r.clock))
	s.TempC = either(d, partTempV, partTemp, float64(r.celsius))
	d.readFields(&s)
	d.readIdle(&s, now)
	d.readProfile(&s, now)
	d.sample = s
}

// roundLost tells whether the round found the device lost.
func (d *device) roundLost() bool {
	for p := range parts {
		if ret, asked := d.round.result(p); asked && isLost(ret) {
			return true
		}
	}
	if ret, asked := d.round.result(partFields); asked && ret == nvml.SUCCESS {
		for _, f := range d.round.spec {
			if _, ret := d.round.field(f.id); isLost(ret) {
				return true
			}
		}
	}
	return false
}

// part is what a part of the round read, or why it did not.
func part[T any](d *device, p int, v T) gpu.Reading[T] {
	ret, asked := d.round.result(p)
	if !asked {
		return absent[T](d)
	}
	return figure(d, roundCalls[p], ret, v)
}

// either is v as the first part read it, or where that is not supported the
// second, which the round asks only then.
func either[T any](d *device, first, second int, v T) gpu.Reading[T] {
	if r := part(d, first, v); r.State != gpu.Unsupported {
		return r
	}
	return part(d, second, v)
}

// readFields reads what comes in one batch of fields. Where the driver does not
// have power and energy there, they come from a call each (whose power is, since
// Ampere, a mean over the last second).
func (d *device) readFields(s *gpu.Sample) {
	state := part(d, partFields, 0).State
	milli := func(id uint32) gpu.Reading[float64] { return scaled(d.field(id, state), 1e-3) }
	if s.PowerW = milli(nvml.FI_DEV_POWER_INSTANT); s.PowerW.State == gpu.Unsupported {
		s.PowerW = scaled(part(d, partPower, float64(d.round.c.milliwatts)), 1e-3)
	}
	if s.EnergyJ = milli(nvml.FI_DEV_TOTAL_ENERGY_CONSUMPTION); s.EnergyJ.State == gpu.Unsupported {
		s.EnergyJ = scaled(part(d, partEnergy, float64(d.round.c.millijoules)), 1e-3)
	}
	s.MemTempC = d.field(nvml.FI_DEV_MEMORY_TEMP, state)

	nano := func(id uint32) gpu.Reading[float64] { return scaled(d.field(id, state), 1e-9) }
	s.Throttle[gpu.PowerCap] = nano(nvml.FI_DEV_PERF_POLICY_POWER)
	s.Throttle[gpu.Thermal] = nano(nvml.FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN)
	s.Throttle[gpu.HWThermal] = nano(nvml.FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN)
	s.Throttle[gpu.PowerBrake] = nano(nvml.FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN)
	if s.Throttle[gpu.Thermal].State == gpu.Unsupported && s.Throttle[gpu.HWThermal].State == gpu.Unsupported {
		s.Throttle[gpu.Thermal] = nano(throttleTwice)
	}

	// Profiling rates are surer than these, whose width is not told.
	if d.gpm == nil {
		s.PCIe = d.sent.pcie.counted(
			d.field(nvml.FI_DEV_PCIE_COUNT_TX_BYTES, state), d.field(nvml.FI_DEV_PCIE_COUNT_RX_BYTES, state), 1)
		s.NVLink = d.sent.nvlink.counted(
			d.field(nvml.FI_DEV_NVLINK_THROUGHPUT_DATA_TX, state), d.field(nvml.FI_DEV_NVLINK_THROUGHPUT_DATA_RX, state), kibi)
	}
}

// field is one value of the last batch, whose call ended in state.
func (d *device) field(id uint32, state gpu.State) gpu.Reading[float64] {
	if state != gpu.OK {
		return gpu.Reading[float64]{State: state}
	}
	v, ret := d.round.field(id)
	switch ret {
	case nvml.SUCCESS:
		return gpu.Read(v)
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_INVALID_ARGUMENT: // a driver that does not know the field says the latter
		d.round.drop(id)
		return absent[float64](d)
	}
	return gpu.Reading[float64]{State: d.state(ret)}
}

// readIdle reads the driver's own samples, when they are due.
func (d *device) readIdle(s *gpu.Sample, now time.Time) {
	ret, asked := d.round.result(partSamples)
	if asked {
		d.idleAt = now
		if ret == nvml.ERROR_NOT_FOUND { // none since
			ret = nvml.SUCCESS
			d.round.c.samples = 0
		}
		d.idleState = figure(d, callSamples, ret, 0).State
		if d.idleState == gpu.OK {
			d.samples = d.round.samples(d.samples[:0])
			if d.idleFrom {
				d.idle.add(d.samples)
			} else {
				d.idle.begin(d.samples)
			}
			d.idleFrom = true
		}
	}
	s.Idle = gpu.Reading[gpu.Idle]{State: d.idleState}
	switch {
	case d.lost:
		s.Idle.State = gpu.Lost
	case d.idleState == gpu.OK:
		s.Idle = gpu.Read(d.idle.total)
	}
}

// readProfile reads the profiling metrics.
func (d *device) readProfile(s *gpu.Sample, now time.Time) {
	if d.gpm == nil {
		if d.lost {
			lost := gpu.Reading[float64]{State: gpu.Lost}
			s.SMActive, s.Occupancy, s.TensorActive, s.DRAMActive = lost, lost, lost, lost
		}
		return
	}
	state := part(d, partGPMSample, 0).State
	if state == gpu.OK {
		state = part(d, partGPMMetrics, 0).State
	}
	took := now.Sub(d.gpm.at)
	d.gpm.at = now
	metric := func(id uint32) gpu.Reading[float64] {
		if state != gpu.OK {
			return gpu.Reading[float64]{State: state}
		}
		v, ret := d.round.metric(id)
		if ret != nvml.SUCCESS {
			return gpu.Reading[float64]{State: d.state(ret)}
		}
		return gpu.Read(v)
	}
	s.SMActive = percent(metric(metricSMActive))
	s.Occupancy = percent(metric(metricOccupancy))
	s.TensorActive = percent(metric(metricTensor))
	s.DRAMActive = percent(metric(metricDRAM))
	s.PCIe = d.sent.pcie.flowed(metric(metricPCIeTx), metric(metricPCIeRx), mebi, took)
	s.NVLink = d.sent.nvlink.flowed(metric(metricNVLinkTx), metric(metricNVLinkRx), mebi, took)
	if !d.has[callGPMSample] || !d.has[callGPMMetrics] { // refused for good
		d.round.noProfile()
		d.gpm.free()
		d.gpm = nil
	}
}

// percent refuses what is no percentage.
func percent(r gpu.Reading[float64]) gpu.Reading[float64] {
	if r.State == gpu.OK && (math.IsNaN(r.Value) || r.Value < 0 || r.Value > 100) {
		return gpu.Reading[float64]{State: gpu.Stale}
	}
	return r
}

func scaled(r gpu.Reading[float64], by float64) gpu.Reading[float64] {
	if r.State == gpu.OK {
		r.Value *= by
	}
	return r
}
