//go:build !linux

package metrics

import (
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// tree knows the root process alone: elsewhere than on Linux its descendants
// cannot be had at a price worth paying (gopsutil runs a program for each).
type tree struct {
	root   int
	before uint64
	looked bool
}

func newTree(_ string, root int) *tree { return &tree{root: root} }

func (t *tree) read() treeSample {
	p, err := process.NewProcess(int32(t.root))
	if err != nil {
		return treeSample{}
	}
	out := treeSample{processes: 1}
	if m, err := p.MemoryInfo(); err == nil && m != nil {
		out.rss = Some(m.RSS)
	}
	if c, err := p.Times(); err == nil && c != nil {
		now := uint64(max(0, c.User+c.System) * userHZ)
		if t.looked {
			out.cpu = Some(above(now, t.before))
		}
		t.before, t.looked = now, true
	}
	return out
}

func (t *tree) close() {}

// peakRSS is not to be had.
func (t *tree) peakRSS() Opt[uint64] { return Opt[uint64]{} }

// threadCPU is wall time where a thread's own clock cannot be read.
func threadCPU() time.Duration { return time.Duration(time.Now().UnixNano()) }
