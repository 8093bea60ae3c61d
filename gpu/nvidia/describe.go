//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// migOn is NVML_DEVICE_MIG_ENABLE.
const migOn = 1

// describe asks for what does not change about the GPU of one index, or about
// its MIG instances where it has any. It may hang.
func describe(index int, has calls, t table, now func() time.Time) ([]*device, nvml.Return) {
	handle, ret := nvml.DeviceGetHandleByIndex(index)
	if ret != nvml.SUCCESS {
		return nil, ret
	}
	d := newDevice(handle, has, t)
	d.whole = handle
	d.facts = gpu.Device{Index: index, Vendor: "nvidia"}
	if d.may(callUUID) {
		if uuid, ret := handle.GetUUID(); ret == nvml.SUCCESS {
			d.facts.UUID = uuid
		}
	}
	if d.may(callName) {
		if name, ret := handle.GetName(); ret == nvml.SUCCESS {
			d.facts.Model = name
		}
	}
	d.facts.MemTotal = d.memory()
	d.facts.Arch, d.facts.SMCount = d.compute()
	if d.may(callMIGMode) {
		if mode, _, ret := handle.GetMigMode(); ret == nvml.SUCCESS && mode == migOn {
			d.facts.MIG = true
			if instances := d.instances(t); len(instances) > 0 {
				return instances, nvml.SUCCESS
			}
			return []*device{d}, nvml.SUCCESS
		}
	}
	d.gpm = newGPM(d, now())
	return []*device{d}, nvml.SUCCESS
}

// compute returns the architecture and the number of multiprocessors. CUDA
// itself is not asked: starting it can start an MPS server.
func (d *device) compute() (arch string, sms gpu.Reading[int]) {
	if !d.may(callCapability) {
		return "", absent[int](d)
	}
	major, minor, ret := d.handle.GetCudaComputeCapability()
	if ret != nvml.SUCCESS {
		return "", absent[int](d)
	}
	c := capability{major, minor}
	if !d.may(callCores) {
		return c.arch(), absent[int](d)
	}
	cores, ret := d.handle.GetNumGpuCores()
	sms = figure(d, callCores, ret, 0)
	if sms.State == gpu.OK {
		n, ok := c.smCount(cores)
		if !ok {
			return c.arch(), gpu.Reading[int]{}
		}
		sms.Value = n
	}
	return c.arch(), sms
}

// memory is the total, bytes.
func (d *device) memory() gpu.Reading[uint64] {
	if d.may(callMemoryV2) {
		m, ret := d.handle.GetMemoryInfo_v2()
		if total := figure(d, callMemoryV2, ret, m.Total); total.State != gpu.Unsupported {
			return total
		}
	}
	if d.may(callMemory) {
		m, ret := d.handle.GetMemoryInfo()
		return figure(d, callMemory, ret, m.Total)
	}
	return absent[uint64](d)
}

// instances lists the MIG instances of a GPU in MIG mode.
func (d *device) instances(t table) []*device {
	if !d.may(callMIGCount) || !d.may(callMIGHandle) {
		return nil
	}
	most, ret := d.handle.GetMaxMigDeviceCount()
	if ret != nvml.SUCCESS {
		return nil
	}
	var all []*device
	for i := range most {
		handle, ret := d.handle.GetMigDeviceHandleByIndex(i)
		if ret != nvml.SUCCESS { // slots may be empty
			continue
		}
		all = append(all, d.instance(handle, t))
	}
	return all
}

// instance describes one MIG instance. Of it the driver tells memory; asked for
// the rest it refuses, or answers for the whole GPU, which others use as well.
func (d *device) instance(handle nvml.Device, t table) *device {
	m := newDevice(handle, d.has.without(callUtilization, callClock, callTemperature,
		callTemperatureV, callFields, callPower, callEnergy, callSamples, callPowerLimit), t)
	m.whole = d.handle
	m.facts = gpu.Device{
		Index: d.facts.Index, Vendor: d.facts.Vendor, Model: d.facts.Model,
		Arch: d.facts.Arch, MIG: true, Parent: d.facts.UUID,
	}
	if m.may(callUUID) {
		if uuid, ret := handle.GetUUID(); ret == nvml.SUCCESS {
			m.facts.UUID = uuid
		}
	}
	if m.may(callGPUInstance) {
		if id, ret := handle.GetGpuInstanceId(); ret == nvml.SUCCESS {
			m.facts.GI = id
		}
	}
	if m.may(callComputeInstance) {
		if id, ret := handle.GetComputeInstanceId(); ret == nvml.SUCCESS {
			m.facts.CI = id
		}
	}
	if m.may(callAttributes) {
		if a, ret := handle.GetAttributes(); ret == nvml.SUCCESS && a.MultiprocessorCount > 0 {
			m.facts.SMCount = gpu.Read(int(a.MultiprocessorCount))
		}
	}
	m.facts.MemTotal = m.memory()
	return m
}
