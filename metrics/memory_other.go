//go:build !linux

package metrics

import (
	"time"

	"github.com/shirou/gopsutil/v3/mem"
)

// memory reads how much of the host's memory is in use.
type memory struct{}

func newMemory(string, string, int) *memory { return &memory{} }

func (m *memory) group(string) (cgroup, bool) { return cgroup{}, false }

func (m *memory) total() Opt[uint64] {
	_, total := m.read(time.Time{})
	return total
}

func (m *memory) read(time.Time) (used, total Opt[uint64]) {
	v, err := mem.VirtualMemory()
	if err != nil || v == nil || v.Total == 0 {
		return used, total
	}
	return Some(above(v.Total, v.Available)), Some(v.Total)
}

func (m *memory) close() {}
