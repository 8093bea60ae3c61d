package nvidia

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// traffics are the bytes that went over PCIe and NVLink since the device was
// first read.
type traffics struct{ pcie, nvlink traffic }

// traffic adds up one pair of counters.
type traffic struct {
	sent, received counter
}

// counter adds up what a driver's counter rises by.
type counter struct {
	total  float64
	last   float64
	begun  bool
	broken bool // it went back
}

// rise enters the counter as it stands now. One that goes back has wrapped, once
// or more often: from then on it says nothing.
func (c *counter) rise(to float64) bool {
	if c.begun && to < c.last {
		c.broken = true
	}
	if c.broken {
		return false
	}
	if c.begun {
		c.total += to - c.last
	}
	c.last, c.begun = to, true
	return true
}

// counted enters two counters of the driver's.
func (t *traffic) counted(sent, received gpu.Reading[float64], unit float64) gpu.Reading[gpu.Traffic] {
	s, ok := sent.Get()
	r, also := received.Get()
	switch {
	case !ok:
		return gpu.Reading[gpu.Traffic]{State: sent.State}
	case !also:
		return gpu.Reading[gpu.Traffic]{State: received.State}
	}
	if !t.sent.rise(s*unit) || !t.received.rise(r*unit) {
		return gpu.Reading[gpu.Traffic]{}
	}
	return t.value()
}

// flowed enters two rates, bytes a second, that held for so long.
func (t *traffic) flowed(sent, received gpu.Reading[float64], unit float64, took time.Duration) gpu.Reading[gpu.Traffic] {
	s, ok := sent.Get()
	r, also := received.Get()
	switch {
	case !ok:
		return gpu.Reading[gpu.Traffic]{State: sent.State}
	case !also:
		return gpu.Reading[gpu.Traffic]{State: received.State}
	case !(s >= 0) || !(r >= 0) || s*unit > fastest || r*unit > fastest:
		return gpu.Reading[gpu.Traffic]{State: gpu.Stale}
	}
	t.sent.total += s * unit * max(0, took.Seconds())
	t.received.total += r * unit * max(0, took.Seconds())
	return t.value()
}

// fastest is more than any link carries, bytes a second: what is above it is a
// driver's slip.
const fastest = 1e14

func (t *traffic) value() gpu.Reading[gpu.Traffic] {
	return gpu.Read(gpu.Traffic{Sent: uint64(t.sent.total), Received: uint64(t.received.total)})
}
