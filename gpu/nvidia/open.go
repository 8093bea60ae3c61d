//go:build linux && cgo

package nvidia

import (
	"fmt"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// open starts the driver and learns what devices there are. It may hang.
func open(cfg Config) (*live, error) {
	if err := initialise(cfg.Library); err != nil {
		return nil, err
	}
	has, missing := lookUpCalls()
	devices, err := findDevices(has, cfg)
	if err != nil {
		_ = nvml.Shutdown() // so that the next attempt starts anew; what it returns helps nobody
		return nil, err
	}
	status := gpu.Status{Available: true, Missing: missing}
	status.Driver, status.CUDA = versions(has)
	status.MPSPercent = mpsPercent(cfg.Env)
	facts := make([]gpu.Device, len(devices))
	for i, d := range devices {
		d.facts.HostPIDs = tellsHostPIDs(status.Driver)
		facts[i] = d.facts
	}
	l := newLive(devices, watchXIDs(devices, has), cfg)
	l.facts, l.status = gpu.Visible(facts, cfg.Env), status
	return l, nil
}

// versions asks for the driver's version and the highest CUDA version that it
// supports, "" for what it does not tell.
func versions(has calls) (driver, cuda string) {
	if has[callDriverVersion] {
		if v, ret := nvml.SystemGetDriverVersion(); ret == nvml.SUCCESS {
			driver = v
		}
	}
	if has[callCUDAVersion] {
		// 12040 is 12.4.
		if v, ret := nvml.SystemGetCudaDriverVersion(); ret == nvml.SUCCESS && v > 0 {
			cuda = fmt.Sprintf("%d.%d", v/1000, v%1000/10)
		}
	}
	return driver, cuda
}

// findDevices asks all GPUs at once what they are, since a cold one takes
// seconds. One that hangs is listed with its index alone.
func findDevices(has calls, cfg Config) ([]*device, error) {
	if !has[callCount] || !has[callHandle] {
		return nil, &refusal{reason: "the NVIDIA driver is too old to list its GPUs"}
	}
	count, ret := nvml.DeviceGetCount()
	if ret != nvml.SUCCESS {
		return nil, &refusal{reason: "the NVIDIA driver does not list its GPUs: " + code(ret)}
	}
	if count <= 0 {
		return nil, &refusal{reason: "the NVIDIA driver runs, but sees no GPU here"}
	}

	calls := newTable(has)
	found := make([]chan described, count)
	for i := range found {
		found[i] = make(chan described, 1) // one that comes too late is dropped
		go func() {
			devices, ret := describe(i, has, calls, cfg.Now)
			found[i] <- described{devices, ret}
		}()
	}
	timeout := time.NewTimer(cfg.Describe)
	defer timeout.Stop()
	var all []*device
	var refused nvml.Return
	late := false
	for i := range found {
		var d described
		if late { // the time is over for all: take what is there
			select {
			case d = <-found[i]:
			default:
				d.devices = stuck(i)
			}
		} else {
			select {
			case d = <-found[i]:
			case <-timeout.C:
				late = true
				d.devices = stuck(i)
			}
		}
		if d.ret != nvml.SUCCESS {
			refused = d.ret
		}
		all = append(all, d.devices...)
	}
	if len(all) == 0 {
		return nil, &refusal{reason: openDeviceReason(count, refused)}
	}
	return all, nil
}

// described is what became of asking one GPU.
type described struct {
	devices []*device // itself, or its MIG instances; none when it refused
	ret     nvml.Return
}

// stuck stands for a GPU that has not said what it is. Its call is under way
// for good, so nothing more is asked of it.
func stuck(index int) []*device {
	return []*device{{facts: gpu.Device{Index: index, Vendor: "nvidia"}}}
}

// openDeviceReason says why there are GPUs and none can be used.
func openDeviceReason(count int, ret nvml.Return) string {
	noun := "GPUs, but none can be opened: "
	if count == 1 {
		noun = "GPU, but it cannot be opened: "
	}
	why := code(ret)
	switch ret {
	case nvml.ERROR_NO_PERMISSION:
		why = "no permission"
	case nvml.ERROR_GPU_IS_LOST:
		why = "fallen off the bus"
	}
	return fmt.Sprintf("the NVIDIA driver has %d %s%s", count, noun, why)
}
