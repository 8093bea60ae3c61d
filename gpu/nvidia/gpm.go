//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// Profiling metrics, NVML_GPM_METRIC_…. Percentages and rates are means between
// two samples.
const (
	metricSMActive  = 2
	metricOccupancy = 3
	metricTensor    = 5
	metricDRAM      = 10
	metricPCIeTx    = 20 // MiB/s
	metricPCIeRx    = 21
	metricNVLinkRx  = 60
	metricNVLinkTx  = 61
)

// gpm reads a Hopper or newer GPU's profiling metrics: the difference of two
// samples, the last round's and this one's, so that nothing has to wait.
type gpm struct {
	first, second nvml.GpmSample // the round swaps which is the newer
	at            time.Time      // of the last sample
}

// newGPM takes the first sample, or returns nil where the driver or the device
// does not have such metrics.
func newGPM(d *device, now time.Time) *gpm {
	for _, c := range []call{callGPMSupport, callGPMAlloc, callGPMFree, callGPMSample, callGPMMetrics} {
		if !d.may(c) {
			return nil
		}
	}
	support, ret := d.handle.GpmQueryDeviceSupport()
	if ret != nvml.SUCCESS || support.IsSupportedDevice == 0 {
		return nil
	}
	first, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		return nil
	}
	second, ret := nvml.GpmSampleAlloc()
	if ret != nvml.SUCCESS {
		_ = nvml.GpmSampleFree(first)
		return nil
	}
	g := &gpm{first, second, now}
	if ret := d.handle.GpmSampleGet(first); ret != nvml.SUCCESS {
		g.free()
		return nil
	}
	d.round.profile(first, second, []uint32{
		metricSMActive, metricOccupancy, metricTensor, metricDRAM,
		metricPCIeTx, metricPCIeRx, metricNVLinkRx, metricNVLinkTx,
	})
	return g
}

// free gives the samples back to the driver; one that does not take them keeps
// some kilobytes until the process ends.
func (g *gpm) free() {
	_ = nvml.GpmSampleFree(g.first)
	_ = nvml.GpmSampleFree(g.second)
}
