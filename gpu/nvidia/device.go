//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// device is one GPU or MIG instance, with a goroutine of its own that reads it:
// should the driver hang, it is this goroutine and its thread that wait.
type device struct {
	facts  gpu.Device
	handle nvml.Device // nil: it never said what it is

	// What the reader alone touches, between ask and done; after done, the
	// ticker may read it until it asks again.
	has    calls // what may still be asked
	lost   bool  // in this round
	fields *fields
	gpm    *gpm
	sample gpu.Sample
	took   time.Duration

	// The ticker's.
	ask     chan struct{} // capacity 1; closed to end the reader
	gone    chan struct{} // closed by the reader
	busy    bool          // asked, and not done
	fresh   bool          // done, and not yet taken
	awaited bool          // asked in this tick, which waits for it
	askedAt uint64        // number of the tick
}

func newDevice(handle nvml.Device, has calls) *device {
	return &device{
		handle: handle,
		has:    has,
		fields: newFields(nvml.FI_DEV_TOTAL_ENERGY_CONSUMPTION, nvml.FI_DEV_POWER_INSTANT),
	}
}

// run reads the device whenever asked, until ask is closed. It never waits on
// done, which has room for all devices.
func (d *device) run(now func() time.Time, done chan<- *device) {
	defer close(d.gone)
	for range d.ask {
		began := now()
		d.read()
		d.took = now().Sub(began)
		done <- d
	}
}

// may says whether to make a call: the driver has it, the device has not
// refused it for good, and answers.
func (d *device) may(c call) bool { return d.has[c] && !d.lost }

// settle turns a call's return code into the state of what it reads. Only what
// the device does not support is never asked again.
func (d *device) settle(c call, ret nvml.Return) gpu.State {
	if ret == nvml.ERROR_NOT_SUPPORTED || ret == nvml.ERROR_FUNCTION_NOT_FOUND {
		d.has[c] = false
	}
	return d.state(ret)
}

// state says what a return code means for the figure, and notes a lost device.
func (d *device) state(ret nvml.Return) gpu.State {
	switch ret {
	case nvml.SUCCESS:
		return gpu.OK
	case nvml.ERROR_NOT_SUPPORTED, nvml.ERROR_FUNCTION_NOT_FOUND,
		nvml.ERROR_NO_PERMISSION, nvml.ERROR_ARGUMENT_VERSION_MISMATCH:
		return gpu.Unsupported
	case nvml.ERROR_GPU_IS_LOST, nvml.ERROR_RESET_REQUIRED, nvml.ERROR_UNINITIALIZED:
		d.lost = true
		return gpu.Lost
	}
	return gpu.Stale
}

// figure is what a call read, or why it did not.
func figure[T any](d *device, c call, ret nvml.Return, v T) gpu.Reading[T] {
	state := d.settle(c, ret)
	if state != gpu.OK {
		return gpu.Reading[T]{State: state}
	}
	return gpu.Read(v)
}

// absent is a figure for which no call was made.
func absent[T any](d *device) gpu.Reading[T] {
	if d.lost {
		return gpu.Reading[T]{State: gpu.Lost}
	}
	return gpu.Reading[T]{}
}

// without returns has less some calls.
func (has calls) without(not ...call) calls {
	for _, c := range not {
		has[c] = false
	}
	return has
}
