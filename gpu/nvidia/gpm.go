//go:build linux && cgo

package nvidia

import "github.com/NVIDIA/go-nvml/pkg/nvml"

// metricSMActive is NVML_GPM_METRIC_SM_UTIL: percent of multiprocessors that
// were busy, the mean between two samples.
const metricSMActive = 2

// gpm reads a Hopper or newer GPU's profiling metrics: the difference of two
// samples, the last round's and this one's, so that nothing has to wait.
type gpm struct {
	last, next nvml.GpmSample
	request    nvml.GpmMetricsGetType // 13 KB, used again
}

// newGPM takes the first sample, or returns nil where the driver or the device
// does not have such metrics.
func newGPM(d *device) *gpm {
	for _, c := range []call{callGPMSupport, callGPMAlloc, callGPMFree, callGPMSample, callGPMMetrics} {
		if !d.may(c) {
			return nil
		}
	}
	support, ret := d.handle.GpmQueryDeviceSupport()
	if ret != nvml.SUCCESS || support.IsSupportedDevice == 0 {
		return nil
	}
	last, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		return nil
	}
	next, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		nvml.GpmSampleFree(last)
		return nil
	}
	g := &gpm{last: last, next: next}
	if ret := d.handle.GpmSampleGet(last); ret != nvml.SUCCESS {
		g.free()
		return nil
	}
	return g
}

// smActive takes a sample and returns the mean since the last one.
func (g *gpm) smActive(device nvml.Device) (float64, nvml.Return) {
	if ret := device.GpmSampleGet(g.next); ret != nvml.SUCCESS {
		return 0, ret
	}
	r := &g.request
	r.NumMetrics, r.Sample1, r.Sample2 = 1, g.last, g.next
	r.Metrics[0] = nvml.GpmMetric{MetricId: metricSMActive, NvmlReturn: uint32(nvml.ERROR_NO_DATA)}
	ret := nvml.GpmMetricsGet(r)
	g.last, g.next = g.next, g.last
	if ret != nvml.SUCCESS {
		return 0, ret
	}
	return r.Metrics[0].Value, nvml.Return(r.Metrics[0].NvmlReturn)
}

// free gives the samples back to the driver.
func (g *gpm) free() {
	nvml.GpmSampleFree(g.last)
	nvml.GpmSampleFree(g.next)
}
