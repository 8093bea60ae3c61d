package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// gpus are the devices that the run can use, from sample to sample.
type gpus struct {
	devices []*device
	at      time.Time // of the last sample
	seen    bool      // at is set
}

// device is what we remember of one GPU.
type device struct {
	present bool // in the last snapshot
	info    gpu.Device
	now     gpu.Sample // last sample
	span    deviceMeans
	run     deviceMeans
	peak    Opt[uint64]
	energy  Opt[float64] // joules since first read
	counter Opt[float64] // the driver's, last read
}

// deviceMeans are means over time: a figure counts for as long as it stood, so
// that samples taken at an epoch's end weigh no more than their share.
type deviceMeans struct {
	util, active, power mean
}

type mean struct{ sum, weight float64 }

func (m *mean) add(r gpu.Reading[float64], weight float64) {
	if v, ok := r.Get(); ok {
		m.sum += v * weight
		m.weight += weight
	}
}

func (m mean) value() Opt[float64] {
	if m.weight <= 0 {
		return Opt[float64]{}
	}
	return Some(m.sum / m.weight)
}

// shortest is what a sample weighs at least, in seconds: the first one stands
// for no time at all, and is yet better than nothing.
const shortest = 1e-3

// add enters a snapshot that was taken at now.
func (g *gpus) add(s gpu.Snapshot, now time.Time) {
	weight := shortest
	if g.seen {
		weight = max(shortest, now.Sub(g.at).Seconds())
	}
	g.at, g.seen = now, true
	for _, d := range g.devices {
		d.present = false
	}
	for _, sample := range s.Samples {
		if sample.Device < 0 || sample.Device >= len(s.Devices) || !s.Devices[sample.Device].Visible {
			continue
		}
		g.find(&s.Devices[sample.Device]).add(sample, weight)
	}
}

// find returns the device's memory. A driver that was reloaded may count
// devices anew: the UUID stays.
func (g *gpus) find(info *gpu.Device) *device {
	for _, d := range g.devices {
		if d.info.UUID == info.UUID && (info.UUID != "" || d.info.Index == info.Index && d.info.Vendor == info.Vendor) {
			d.info = *info
			return d
		}
	}
	d := &device{info: *info}
	g.devices = append(g.devices, d)
	return d
}

func (d *device) add(s gpu.Sample, weight float64) {
	d.present, d.now = true, s
	for _, m := range []*deviceMeans{&d.span, &d.run} {
		m.util.add(s.Util, weight)
		m.active.add(s.SMActive, weight)
		m.power.add(s.PowerW, weight)
	}
	if used, ok := s.MemUsed.Get(); ok {
		peak(&d.peak, Some(used))
	}
	if j, ok := s.EnergyJ.Get(); ok {
		if d.counter.OK {
			d.energy = Some(d.energy.Value + max(0, j-d.counter.Value)) // it begins anew when the driver is reloaded
		}
		d.counter = Some(j)
	}
}

func (g *gpus) nextSpan() {
	for _, d := range g.devices {
		d.span = deviceMeans{}
	}
}

func (g *gpus) overSpan() GPUStatistics {
	return g.statistics(func(d *device) *deviceMeans { return &d.span })
}

func (g *gpus) overRun() GPUStatistics {
	return g.statistics(func(d *device) *deviceMeans { return &d.run })
}

// statistics sums the devices up. A sum is absent unless every device has a
// part in it: without, it would be another number. A mean is over those that
// have the figure.
func (g *gpus) statistics(of func(*device) *deviceMeans) GPUStatistics {
	var s GPUStatistics
	var util, active mean
	var power, energy sum[float64]
	var used sum[uint64]
	for _, d := range g.devices {
		m := of(d)
		row := DeviceStatistics{
			Index: d.info.Index, MemUsedPeak: d.peak,
			MemTotal: opt(d.info.MemTotal),
			UtilPct:  m.util.value(), SMActivePct: m.active.value(), PowerW: m.power.value(),
		}
		if d.present {
			row.MemUsed, row.TempC = opt(d.now.MemUsed), opt(d.now.TempC)
		}
		s.Devices = append(s.Devices, row)
		if v := row.UtilPct; v.OK {
			util.sum, util.weight = util.sum+v.Value, util.weight+1
			if !s.UtilMinPct.OK || v.Value < s.UtilMinPct.Value {
				s.UtilMinPct = v
			}
		}
		if v := row.SMActivePct; v.OK {
			active.sum, active.weight = active.sum+v.Value, active.weight+1
		}
		power.add(row.PowerW)
		energy.add(d.energy)
		used.add(row.MemUsed)
		peak(&s.MemUsedMax, row.MemUsed)
		peak(&s.MemUsedPeak, d.peak)
	}
	s.UtilPct, s.SMActivePct = util.value(), active.value()
	s.PowerW, s.EnergyJ, s.MemUsed = power.value(), energy.value(), used.value()
	return s
}

// sum is one that is known only when all its parts are.
type sum[T uint64 | float64] struct {
	total T
	parts int
	gap   bool
}

func (s *sum[T]) add(v Opt[T]) {
	s.total += v.Value
	s.parts++
	s.gap = s.gap || !v.OK
}

func (s *sum[T]) value() Opt[T] {
	return when(s.total, s.parts > 0 && !s.gap)
}

// opt turns a reading into a fact.
func opt[T any](r gpu.Reading[T]) Opt[T] {
	v, ok := r.Get()
	return when(v, ok)
}
