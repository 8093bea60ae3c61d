package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// gpus are the machine's devices, from sample to sample; those that the run uses
// make the statistics.
type gpus struct {
	devices []*device
	owner   owner
	at      time.Time // of the last sample
	seen    bool      // at is set
}

// device is what we remember of one GPU.
type device struct {
	present bool // in the last snapshot
	ours    bool // a process of the run has computed there
	own     Opt[uint64]
	others  Opt[int]
	info    gpu.Device
	now     gpu.Sample // last sample
	span    deviceMeans
	run     deviceMeans
	sums    deviceSums
	peak    Opt[uint64]
}

// deviceMeans are means over time: a figure counts for as long as it stood, so
// that samples taken at an epoch's end weigh no more than their share.
type deviceMeans struct {
	util, active, power, clock, tensor, dram, occupancy mean
}

func (m *deviceMeans) add(s *gpu.Sample, weight float64) {
	m.util.add(s.Util, weight)
	m.active.add(s.SMActive, weight)
	m.power.add(s.PowerW, weight)
	m.clock.add(s.SMClock, weight)
	m.tensor.add(s.TensorActive, weight)
	m.dram.add(s.DRAMActive, weight)
	m.occupancy.add(s.Occupancy, weight)
}

type mean struct{ sum, weight float64 }

func (m *mean) add(r gpu.Reading[float64], weight float64) {
	if v, ok := r.Get(); ok {
		m.sum += v * weight
		m.weight += weight
	}
}

// one enters a value of weight 1.
func (m *mean) one(v Opt[float64]) {
	if v.OK {
		m.sum, m.weight = m.sum+v.Value, m.weight+1
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
	for i := range s.Samples {
		if n := s.Samples[i].Device; n >= 0 && n < len(s.Devices) {
			g.find(&s.Devices[n]).add(&s.Samples[i], weight)
		}
	}
	g.attribute(s)
}

// find returns the device's memory. A driver that was reloaded may count
// devices anew: the UUID stays.
func (g *gpus) find(info *gpu.Device) *device {
	for _, d := range g.devices {
		if d.is(info) {
			d.info = *info
			return d
		}
	}
	d := &device{info: *info}
	g.devices = append(g.devices, d)
	return d
}

func (d *device) is(info *gpu.Device) bool {
	return d.info.UUID == info.UUID && (info.UUID != "" || d.info.Index == info.Index && d.info.Vendor == info.Vendor)
}

func (d *device) add(s *gpu.Sample, weight float64) {
	d.present, d.now = true, *s
	d.span.add(s, weight)
	d.run.add(s, weight)
	d.sums.add(s)
	if used, ok := s.MemUsed.Get(); ok {
		peak(&d.peak, Some(used))
	}
}

func (g *gpus) nextSpan() {
	for _, d := range g.devices {
		d.span = deviceMeans{}
		d.sums.nextSpan()
	}
}

func (g *gpus) overSpan() GPUStatistics {
	s := g.statistics(func(d *device) *deviceMeans { return &d.span })
	var energy sum[float64]
	for _, d := range g.devices {
		if g.uses(d) {
			energy.add(d.sums.overSpan())
		}
	}
	s.energySpan = energy.value()
	return s
}

func (g *gpus) overRun() GPUStatistics {
	s := g.statistics(func(d *device) *deviceMeans { return &d.run })
	s.energySpan = s.EnergyJ
	return s
}

// statistics sums the run's devices up. A sum is absent unless every device has
// a part in it: without, it would be another number. A mean is over those that
// have the figure.
func (g *gpus) statistics(of func(*device) *deviceMeans) GPUStatistics {
	var s GPUStatistics
	var total totals
	for _, d := range g.devices {
		if g.uses(d) {
			row := d.row(of(d))
			total.add(&row)
			s.Devices = append(s.Devices, row)
		}
	}
	total.fill(&s)
	if len(g.devices) > 0 {
		s.By = g.owner.by()
	}
	return s
}

// row is the device's own statistics.
func (d *device) row(m *deviceMeans) DeviceStatistics {
	row := DeviceStatistics{
		Index: d.info.Index, Device: d.info, MemUsedPeak: d.peak, MemTotal: opt(d.info.MemTotal),
		UtilPct: m.util.value(), SMActivePct: m.active.value(), PowerW: m.power.value(),
		SMClockMHz: m.clock.value(), TensorActivePct: m.tensor.value(), DRAMActivePct: m.dram.value(),
		OccupancyPct: m.occupancy.value(), OwnMemUsed: d.own, OtherProcesses: d.others,
	}
	d.sums.fill(&row)
	row.NotRead = d.now.NotRead()
	if d.present {
		row.MemUsed, row.TempC = opt(d.now.MemUsed), opt(d.now.TempC)
		row.MemTempC, row.PowerLimitW = opt(d.now.MemTempC), opt(d.now.Health.PowerLimitW)
		row.Health = d.now.Health
	}
	return row
}

// totals are the sums and means over devices.
type totals struct {
	util, active, tensor, dram, occupancy, idle mean
	least                                       Opt[float64]
	power, energy, busy                         sum[float64]
	used, xids, ecc                             sum[uint64]
	throttle                                    [gpu.Reasons]sum[float64]
	pcie, nvlink                                trafficSum
	others                                      sum[int]
	fullest, peak                               Opt[uint64]
	longest                                     Opt[time.Duration]
}

func (t *totals) add(row *DeviceStatistics) {
	t.util.one(row.UtilPct)
	t.active.one(row.SMActivePct)
	t.tensor.one(row.TensorActivePct)
	t.dram.one(row.DRAMActivePct)
	t.occupancy.one(row.OccupancyPct)
	t.idle.one(row.IdlePct)
	if v := row.UtilPct; v.OK && (!t.least.OK || v.Value < t.least.Value) {
		t.least = v
	}
	t.power.add(row.PowerW)
	t.energy.add(row.EnergyJ)
	sms, known := row.Device.SMCount.Get()
	t.busy.add(when(row.SMActivePct.Value/100*float64(sms), known && row.SMActivePct.OK))
	t.used.add(row.MemUsed)
	t.xids.add(row.XIDs)
	t.ecc.add(row.ECCUncorrected)
	for r := range row.ThrottleS {
		t.throttle[r].add(row.ThrottleS[r])
	}
	t.pcie.add(row.PCIe)
	t.nvlink.add(row.NVLink)
	t.others.add(row.OtherProcesses)
	peak(&t.fullest, row.MemUsed)
	peak(&t.peak, row.MemUsedPeak)
	if v := row.IdleLongest; v.OK && (!t.longest.OK || v.Value > t.longest.Value) {
		t.longest = v
	}
}

func (t *totals) fill(s *GPUStatistics) {
	s.UtilPct, s.UtilMinPct, s.SMActivePct = t.util.value(), t.least, t.active.value()
	s.TensorActivePct, s.DRAMActivePct, s.OccupancyPct = t.tensor.value(), t.dram.value(), t.occupancy.value()
	s.PowerW, s.EnergyJ, s.BusySMs = t.power.value(), t.energy.value(), t.busy.value()
	s.MemUsed, s.MemUsedMax, s.MemUsedPeak = t.used.value(), t.fullest, t.peak
	s.XIDs, s.ECCUncorrected, s.OtherProcesses = t.xids.value(), t.ecc.value(), t.others.value()
	for r := range t.throttle {
		s.ThrottleS[r] = t.throttle[r].value()
	}
	s.PCIe, s.NVLink = t.pcie.value(), t.nvlink.value()
	s.IdlePct, s.IdleLongest = t.idle.value(), t.longest
}

// sum is one that is known only when all its parts are.
type sum[T uint64 | float64 | int] struct {
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

// sums of both directions.
type trafficSum struct{ sent, received sum[uint64] }

func (s *trafficSum) add(v Opt[gpu.Traffic]) {
	s.sent.add(when(v.Value.Sent, v.OK))
	s.received.add(when(v.Value.Received, v.OK))
}

func (s *trafficSum) value() Opt[gpu.Traffic] {
	sent, received := s.sent.value(), s.received.value()
	return when(gpu.Traffic{Sent: sent.Value, Received: received.Value}, sent.OK && received.OK)
}

// opt turns a reading into a fact.
func opt[T any](r gpu.Reading[T]) Opt[T] {
	v, ok := r.Get()
	return when(v, ok)
}
