//go:build linux && cgo

package nvidia

import (
	"runtime"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/gpu"
)

// device is one GPU or MIG instance, with a goroutine of its own that reads it:
// should the driver hang, it is this goroutine and its thread that wait.
type device struct {
	facts  gpu.Device
	handle nvml.Device // nil: it never said what it is
	whole  nvml.Device // the GPU that it is, or is cut from

	// What the reader alone touches, between ask and done; after done, the
	// ticker may read it until it asks again.
	has       calls // what may still be asked
	lost      bool  // in this round
	round     *round
	gpm       *gpm
	sent      traffics
	idle      idleWatch
	idleFrom  bool // idle has begun
	idleAt    time.Time
	idleState gpu.State
	samples   []utilSample
	slow      slow
	sample    gpu.Sample
	took      time.Duration
	cost      time.Duration // CPU time

	xid *xidCount // nil: not told of errors

	// The ticker's.
	ask     chan struct{} // capacity 1; closed to end the reader
	gone    chan struct{} // closed by the reader
	busy    bool          // asked, and not done
	fresh   bool          // done, and not yet taken
	awaited bool          // asked in this tick, which waits for it
	askedAt uint64        // number of the tick
}

func newDevice(handle nvml.Device, has calls, t table) *device {
	d := &device{handle: handle, has: has, round: newRound(t, handle), slow: newSlow()}
	d.round.ask(fastFields())
	return d
}

// run reads the device whenever asked, until ask is closed. It never waits on
// done, which has room for all devices.
func (d *device) run(now func() time.Time, done chan<- *device) {
	defer close(d.gone)
	for range d.ask {
		runtime.LockOSThread() // the cost is the thread's
		began, burnt := now(), threadCPU()
		d.read(began)
		d.slow.tick(d, began)
		d.took, d.cost = now().Sub(began), max(0, threadCPU()-burnt)
		runtime.UnlockOSThread()
		done <- d
	}
}

// threadCPU is the CPU time of the calling thread.
func threadCPU() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// free gives back what the device holds of the driver's and of C's. Not while a
// call is under way.
func (d *device) free() {
	if d.gpm != nil {
		d.gpm.free()
	}
	if d.round != nil {
		d.round.free()
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
	}
	if isLost(ret) {
		d.lost = true
		return gpu.Lost
	}
	return gpu.Stale
}

func isLost(ret nvml.Return) bool {
	return ret == nvml.ERROR_GPU_IS_LOST || ret == nvml.ERROR_RESET_REQUIRED || ret == nvml.ERROR_UNINITIALIZED
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
