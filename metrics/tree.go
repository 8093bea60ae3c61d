package metrics

import "time"

// userHZ is the unit of the times in /proc/PID/stat. Linux fixes it at 100 for
// every architecture Go runs on, whatever the kernel's own tick.
const userHZ = 100

// treeSample is one look at the program's processes.
type treeSample struct {
	processes int
	rss       Opt[uint64] // bytes, sum
	cpu       Opt[uint64] // clock ticks burnt since the look before
}

// above is a−b, or 0 where a counter stood still or went back.
func above(a, b uint64) uint64 {
	if a <= b {
		return 0
	}
	return a - b
}

// percent returns ticks over d as percent of one core.
func percent(ticks uint64, d time.Duration) float64 {
	return float64(ticks) / userHZ / d.Seconds() * 100
}
