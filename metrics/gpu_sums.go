package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// rise adds up what a counter of the driver's rises by during the run. One that
// falls has begun anew: the driver was reloaded.
type rise struct {
	last  Opt[float64]
	total Opt[float64]
}

// add enters a counter that may have counted before the run.
func (r *rise) add(v float64, known bool) {
	if !known {
		return
	}
	if r.last.OK {
		r.total = Some(r.total.Value + max(0, v-r.last.Value))
	}
	r.last = Some(v)
}

// addOwn enters a counter that began with our looking at the device: all that
// it counts is the run's, and all of it after it has begun anew.
func (r *rise) addOwn(v float64, known bool) {
	if !known {
		return
	}
	from := r.last.Value
	if v < from {
		from = 0
	}
	r.total, r.last = Some(r.total.Value+v-from), Some(v)
}

// deviceSums are a device's counters over the run.
type deviceSums struct {
	energy, ecc, xids      rise
	pcieSent, pcieReceived rise
	nvSent, nvReceived     rise
	throttle               [gpu.Reasons]rise
	idleSeen, idle         rise
	longest                Opt[time.Duration]
	lastXID                Opt[uint64]
	energyBefore           Opt[float64] // at the span's start
}

func (c *deviceSums) add(s *gpu.Sample) {
	c.energy.add(s.EnergyJ.Get())
	if v, ok := s.Health.ECCUncorrected.Get(); ok {
		c.ecc.add(float64(v), true)
	}
	if v, ok := s.PCIe.Get(); ok {
		c.pcieSent.addOwn(float64(v.Sent), true)
		c.pcieReceived.addOwn(float64(v.Received), true)
	}
	if v, ok := s.NVLink.Get(); ok {
		c.nvSent.addOwn(float64(v.Sent), true)
		c.nvReceived.addOwn(float64(v.Received), true)
	}
	for r := range s.Throttle {
		c.throttle[r].add(s.Throttle[r].Get())
	}
	if v, ok := s.Idle.Get(); ok {
		c.idleSeen.addOwn(v.Seen.Seconds(), true)
		c.idle.addOwn(v.Idle.Seconds(), true)
		if v.Seen > 0 && (!c.longest.OK || v.Longest > c.longest.Value) {
			c.longest = Some(v.Longest)
		}
	}
	if v, ok := s.XID.Get(); ok {
		c.xids.addOwn(float64(v.Count), true)
		if v.Count > 0 {
			c.lastXID = Some(v.Last)
		}
	}
}

func (c *deviceSums) nextSpan() { c.energyBefore = c.energy.total }

// overSpan is the energy since the span's start.
func (c *deviceSums) overSpan() Opt[float64] {
	return when(c.energy.total.Value-c.energyBefore.Value, c.energy.total.OK)
}

func (c *deviceSums) fill(row *DeviceStatistics) {
	row.EnergyJ = c.energy.total
	row.PCIe = traffic(c.pcieSent, c.pcieReceived)
	row.NVLink = traffic(c.nvSent, c.nvReceived)
	for r := range c.throttle {
		row.ThrottleS[r] = c.throttle[r].total
	}
	if seen := c.idleSeen.total; seen.OK && seen.Value > 0 {
		row.IdlePct = Some(min(100, 100*c.idle.total.Value/seen.Value))
	}
	row.IdleLongest, row.LastXID = c.longest, c.lastXID
	row.XIDs, row.ECCUncorrected = rounded(c.xids.total), rounded(c.ecc.total)
}

func traffic(sent, received rise) Opt[gpu.Traffic] {
	return when(gpu.Traffic{Sent: uint64(sent.total.Value), Received: uint64(received.total.Value)}, sent.total.OK && received.total.OK)
}

func rounded(v Opt[float64]) Opt[uint64] { return when(uint64(v.Value), v.OK) }

// energyPerWork divides the span's energy by what was done in it.
func (s *Statistics) energyPerWork() {
	spent := s.GPU.energySpan
	if !spent.OK || spent.Value <= 0 {
		return
	}
	if s.Steps > 0 {
		s.GPU.EnergyPerStepJ = Some(spent.Value / float64(s.Steps))
	}
	if tokens := s.TokensPerS.Value * s.Span.Seconds(); s.TokensPerS.OK && tokens > 0 {
		s.GPU.EnergyPerToken = Some(spent.Value / tokens)
	}
}
