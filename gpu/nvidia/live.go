//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu"
)

// live is a driver that has answered, and its devices.
type live struct {
	devices []*device
	facts   []gpu.Device
	status  gpu.Status
	done    chan *device // rounds that have ended; room for one of each device
	timer   *time.Timer
	wait    time.Duration
	ticks   uint64
	xids    *xidWatch // nil: the driver has none

	processes []gpu.Process // of all devices, as last listed
	listed    []uint64      // slow ticks of each device that are in it

	deadSince time.Time // since when no device answers; zero: one does
}

// newLive starts the readers.
func newLive(devices []*device, xids *xidWatch, cfg Config) *live {
	l := &live{
		devices: devices,
		done:    make(chan *device, len(devices)),
		timer:   time.NewTimer(time.Hour),
		wait:    cfg.Wait,
		xids:    xids,
		listed:  make([]uint64, len(devices)),
	}
	l.timer.Stop()
	if xids != nil {
		go xids.run()
	}
	for _, d := range devices {
		if d.handle == nil {
			d.busy = true // its first call has not come back
			continue
		}
		d.ask = make(chan struct{}, 1)
		d.gone = make(chan struct{})
		go d.run(cfg.Now, l.done)
	}
	return l
}

// tick reads all devices at once and waits for them no longer than l.wait.
//
// A round that ends later counts for the next tick, so that a device that is
// slow rather than hung keeps its figures, an interval old; and is begun again
// right then without waiting. A round that ends later still counts for nothing.
func (l *live) tick() gpu.Snapshot {
	l.ticks++
	l.collect()
	out := gpu.Snapshot{
		Devices: l.facts,
		Samples: make([]gpu.Sample, len(l.devices)),
		Status:  l.status,
	}
	waiting := 0
	for i, d := range l.devices {
		out.Samples[i] = gpu.Without(i, gpu.Stale)
		late := d.fresh && d.askedAt+1 == l.ticks
		if late {
			out.Samples[i] = d.take(i)
			out.Cost += d.cost
		}
		if !d.busy && (!late || d.took > l.wait) {
			l.begin(d)
			d.awaited = !late
		}
		if d.awaited {
			waiting++
		}
	}
	l.await(waiting)
	for i, d := range l.devices {
		if d.awaited && d.fresh {
			out.Samples[i] = d.take(i)
			out.Cost += d.cost
		}
		d.awaited = false
		out.Samples[i].XID = d.xid.reading()
	}
	out.Processes = l.list()
	return out
}

// begin asks a device for a round.
func (l *live) begin(d *device) {
	d.busy, d.fresh, d.askedAt = true, false, l.ticks
	d.ask <- struct{}{}
}

// collect notes the rounds that have ended, without waiting.
func (l *live) collect() {
	for {
		select {
		case d := <-l.done:
			d.busy, d.fresh = false, true
		default:
			return
		}
	}
}

// await notes rounds as they end, until n of this tick's have or the time is over.
func (l *live) await(n int) {
	if n == 0 {
		return
	}
	l.timer.Reset(l.wait)
	defer l.timer.Stop()
	for n > 0 {
		select {
		case d := <-l.done:
			d.busy, d.fresh = false, true
			if d.awaited {
				n--
			}
		case <-l.timer.C:
			return
		}
	}
}

// take returns the last round's figures.
func (d *device) take(i int) gpu.Sample {
	d.fresh = false
	s := d.sample
	s.Device = i
	return s
}

// list gathers the devices' processes, anew when one has listed its own again.
func (l *live) list() []gpu.Process {
	changed := false
	for i, d := range l.devices {
		if !d.busy && d.slow.ticks != l.listed[i] {
			l.listed[i], changed = d.slow.ticks, true
		}
	}
	if !changed {
		return l.processes
	}
	var all []gpu.Process
	for _, p := range l.processes { // of those under way, what was said last
		if l.devices[p.Device].busy {
			all = append(all, p)
		}
	}
	for i, d := range l.devices {
		if d.busy {
			continue
		}
		for _, p := range d.slow.processes {
			p.Device = i
			all = append(all, p)
		}
	}
	l.processes = all
	return all
}

// dead tells for how long no device has answered, where nothing is under way: a
// driver that was reloaded has to be started anew.
func (l *live) dead(samples []gpu.Sample, now time.Time) time.Duration {
	for i, d := range l.devices {
		if d.busy || samples[i].MemUsed.State != gpu.Lost {
			l.deadSince = time.Time{}
			return 0
		}
	}
	if l.deadSince.IsZero() {
		l.deadSince = now
	}
	return now.Sub(l.deadSince)
}

// end ends the readers and, when none of them is in a call, the driver's
// session. ended is closed when all has ended: soon, or never when the driver
// hangs; ok tells which is to be expected.
func (l *live) end() (ended <-chan struct{}, ok bool) {
	l.collect()
	hung := false
	for _, d := range l.devices {
		if d.ask != nil {
			close(d.ask)
		}
		if d.busy {
			hung = true
			continue
		}
		<-d.gone
	}
	if l.xids != nil {
		close(l.xids.stop)
	}
	if hung {
		return nil, false // a session that ends under a call is the driver's to crash on
	}
	all := make(chan struct{})
	go func() {
		defer close(all)
		if l.xids != nil {
			<-l.xids.gone // within a second
		}
		for _, d := range l.devices {
			d.free()
		}
		_ = nvml.Shutdown() // the process goes on without it, whatever it returns
	}()
	return all, true
}

// close ends it all and waits for that no longer than l.wait.
func (l *live) close() {
	ended, ok := l.end()
	if !ok {
		return
	}
	l.timer.Reset(l.wait)
	defer l.timer.Stop()
	select {
	case <-ended:
	case <-l.timer.C:
	}
}
