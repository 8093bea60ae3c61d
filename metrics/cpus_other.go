//go:build !linux

package metrics

import "github.com/shirou/gopsutil/v3/cpu"

// cpus counts processors and cores.
func (t *RuntimeMetricsTracker) cpus() (logical, physical Opt[int]) {
	count := func(threads bool) Opt[int] {
		n, err := cpu.Counts(threads)
		return Opt[int]{n, err == nil && n > 0}
	}
	return count(true), count(false)
}
