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
}

// newLive starts the readers.
func newLive(devices []*device, cfg Config) *live {
	l := &live{
		devices: devices,
		done:    make(chan *device, len(devices)),
		timer:   time.NewTimer(time.Hour),
		wait:    cfg.Wait,
	}
	l.timer.Stop()
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
		out.Samples[i] = stale(i)
		late := d.fresh && d.askedAt+1 == l.ticks
		if late {
			out.Samples[i] = d.take(i)
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
		}
		d.awaited = false
	}
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

// stale is the sample of a device whose call has not come back.
func stale(i int) gpu.Sample {
	none := gpu.Reading[float64]{State: gpu.Stale}
	return gpu.Sample{
		Device: i, Util: none, MemUsed: gpu.Reading[uint64]{State: gpu.Stale},
		SMActive: none, PowerW: none, TempC: none, SMClock: none, EnergyJ: none,
	}
}

// close ends the readers and, when none of them is in a call, the driver's
// session. It waits no longer than l.wait.
func (l *live) close() {
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
	if hung {
		return // a session that ends under a call is the driver's to crash on
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, d := range l.devices {
			if d.gpm != nil {
				d.gpm.free()
			}
		}
		nvml.Shutdown() // the process goes on without it, whatever it returns
	}()
	l.timer.Reset(l.wait)
	defer l.timer.Stop()
	select {
	case <-ended:
	case <-l.timer.C:
	}
}
