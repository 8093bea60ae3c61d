//go:build linux && cgo

package nvidia

import (
	"math"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// read fills d.sample: one round over all that is asked at every tick, cheapest
// calls first. Once the device is lost the rest of the round is not asked.
func (d *device) read() {
	d.lost = false
	s := gpu.Sample{Util: d.utilization()}
	_, s.MemUsed = d.memory()
	s.SMClock = d.clock()
	s.TempC = d.temperature()
	s.PowerW, s.EnergyJ = d.power()
	s.SMActive = d.smActive()
	d.sample = s
}

// utilization is the percent of the driver's last sampling period, 1/6 s to
// 1 s, in which a kernel ran.
func (d *device) utilization() gpu.Reading[float64] {
	if !d.may(callUtilization) {
		return absent[float64](d)
	}
	u, ret := d.handle.GetUtilizationRates()
	return percent(figure(d, callUtilization, ret, float64(u.Gpu)))
}

// memory reads total and used bytes. The older call counts what the driver
// keeps for itself as used; the newer one, as nvidia-smi, does not.
func (d *device) memory() (total, used gpu.Reading[uint64]) {
	if d.may(callMemoryV2) {
		m, ret := d.handle.GetMemoryInfo_v2()
		used = figure(d, callMemoryV2, ret, m.Used)
		if used.State != gpu.Unsupported {
			return gpu.Reading[uint64]{Value: m.Total, State: used.State}, used
		}
	}
	if d.may(callMemory) {
		m, ret := d.handle.GetMemoryInfo()
		used = figure(d, callMemory, ret, m.Used)
		return gpu.Reading[uint64]{Value: m.Total, State: used.State}, used
	}
	return absent[uint64](d), absent[uint64](d)
}

// clock is that of the multiprocessors, MHz.
func (d *device) clock() gpu.Reading[float64] {
	if !d.may(callClock) {
		return absent[float64](d)
	}
	mhz, ret := d.handle.GetClockInfo(nvml.CLOCK_SM)
	return figure(d, callClock, ret, float64(mhz))
}

// temperature is the chip's, °C.
func (d *device) temperature() gpu.Reading[float64] {
	if d.may(callTemperatureV) {
		t, ret := d.handle.GetTemperatureV().V1()
		c := figure(d, callTemperatureV, ret, float64(t.Temperature))
		if c.State != gpu.Unsupported {
			return c
		}
	}
	if d.may(callTemperature) {
		t, ret := d.handle.GetTemperature(nvml.TEMPERATURE_GPU)
		return figure(d, callTemperature, ret, float64(t))
	}
	return absent[float64](d)
}

// power reads the power now and the energy since the driver was loaded, from
// one batch of fields where the driver has them, else from a call each (whose
// power is, since Ampere, a mean over the last second).
func (d *device) power() (watts, joules gpu.Reading[float64]) {
	if d.may(callFields) && d.fields.any() {
		state := d.settle(callFields, d.fields.read(d.handle))
		watts = d.field(nvml.FI_DEV_POWER_INSTANT, state)
		joules = d.field(nvml.FI_DEV_TOTAL_ENERGY_CONSUMPTION, state)
	}
	if watts.State == gpu.Unsupported && d.may(callPower) {
		mw, ret := d.handle.GetPowerUsage()
		watts = figure(d, callPower, ret, float64(mw))
	}
	if joules.State == gpu.Unsupported && d.may(callEnergy) {
		mj, ret := d.handle.GetTotalEnergyConsumption()
		joules = figure(d, callEnergy, ret, float64(mj))
	}
	if d.lost {
		// What was asked before the device went is as lost as what was not asked.
		watts, joules = lostUnlessRead(watts), lostUnlessRead(joules)
	}
	watts.Value /= 1000
	joules.Value /= 1000
	return watts, joules
}

// field is one value of the last batch, whose call ended in state.
func (d *device) field(id uint32, state gpu.State) gpu.Reading[float64] {
	if state != gpu.OK {
		return gpu.Reading[float64]{State: state}
	}
	v, ret := d.fields.get(id)
	switch ret {
	case nvml.SUCCESS:
		return gpu.Read(v)
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_INVALID_ARGUMENT: // a driver that does not know the field says the latter
		d.fields.drop(id)
		return gpu.Reading[float64]{}
	}
	return gpu.Reading[float64]{State: d.state(ret)}
}

// smActive is the percent of multiprocessors with work, the mean since the last
// round.
func (d *device) smActive() gpu.Reading[float64] {
	if d.gpm == nil || d.lost {
		return absent[float64](d)
	}
	value, ret := d.gpm.smActive(d.handle)
	r := figure(d, callGPMMetrics, ret, value)
	if r.State == gpu.Unsupported && !d.has[callGPMMetrics] {
		d.gpm.free()
		d.gpm = nil
	}
	return percent(r)
}

// percent refuses what is no percentage.
func percent(r gpu.Reading[float64]) gpu.Reading[float64] {
	if r.State == gpu.OK && (math.IsNaN(r.Value) || r.Value < 0 || r.Value > 100) {
		return gpu.Reading[float64]{State: gpu.Stale}
	}
	return r
}

func lostUnlessRead(r gpu.Reading[float64]) gpu.Reading[float64] {
	if r.State != gpu.OK {
		r.State = gpu.Lost
	}
	return r
}
