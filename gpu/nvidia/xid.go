//go:build linux && cgo

package nvidia

import (
	"sync/atomic"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// eventWait is how long one wait for an event lasts, ms: the time by which the
// driver's session may outlive Close.
const eventWait = 1000

// noInstance says in an event that it is of the whole GPU.
const noInstance = 0xFFFFFFFF

// xidCount is what a device's errors came to. It is written by the watch and
// read by the ticker.
type xidCount struct{ count, last atomic.Uint64 }

func (x *xidCount) reading() gpu.Reading[gpu.XID] {
	if x == nil {
		return gpu.Reading[gpu.XID]{}
	}
	return gpu.Read(gpu.XID{Count: x.count.Load(), Last: x.last.Load()})
}

// xidWatch waits for the errors that the driver reports, on a goroutine of its
// own: the call that waits blocks.
type xidWatch struct {
	set     nvml.EventSet
	devices []*device
	stop    chan struct{}
	gone    chan struct{}
}

// watchXIDs registers the devices, or returns nil where none can be. It may hang.
func watchXIDs(devices []*device, has calls) *xidWatch {
	for _, c := range []call{callEventTypes, callEventSet, callEventFree, callEventRegister, callEventWait} {
		if !has[c] {
			return nil
		}
	}
	set, ret := nvml.EventSetCreate()
	if ret != nvml.SUCCESS {
		return nil
	}
	w := &xidWatch{set: set, stop: make(chan struct{}), gone: make(chan struct{})}
	registered := map[nvml.Device]bool{}
	for _, d := range devices {
		if d.whole == nil {
			continue
		}
		ok, asked := registered[d.whole]
		if !asked {
			ok = register(d.whole, set)
			registered[d.whole] = ok
		}
		if ok {
			d.xid = new(xidCount)
			w.devices = append(w.devices, d)
		}
	}
	if len(w.devices) == 0 {
		_ = set.Free()
		return nil
	}
	return w
}

func register(gpu nvml.Device, set nvml.EventSet) bool {
	types, ret := gpu.GetSupportedEventTypes()
	return ret == nvml.SUCCESS && types&nvml.EventTypeXidCriticalError != 0 &&
		gpu.RegisterEvents(nvml.EventTypeXidCriticalError, set) == nvml.SUCCESS
}

// run waits for events until told to stop, or the driver has none any more.
func (w *xidWatch) run() {
	defer close(w.gone)
	defer func() { _ = w.set.Free() }()
	for {
		e, ret := w.set.Wait(eventWait)
		pause := time.Duration(0)
		switch ret {
		case nvml.SUCCESS:
			w.note(e)
		case nvml.ERROR_TIMEOUT:
		case nvml.ERROR_GPU_IS_LOST: // one of them; the others' still come
			pause = eventWait * time.Millisecond
		default:
			return
		}
		select {
		case <-w.stop:
			return
		case <-time.After(pause):
		}
	}
}

// note enters an event. One that names no instance is of all.
func (w *xidWatch) note(e nvml.EventData) {
	if e.EventType&nvml.EventTypeXidCriticalError == 0 {
		return
	}
	for _, d := range w.devices {
		part := d.facts.Parent == "" || e.GpuInstanceId == noInstance || int(e.GpuInstanceId) == d.facts.GI
		if d.whole == e.Device && part {
			d.xid.last.Store(e.EventData)
			d.xid.count.Add(1)
		}
	}
}
