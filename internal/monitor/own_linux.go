package monitor

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/metrics"
)

// ownCost returns this process's CPU time in seconds and resident memory in bytes.
func ownCost() (cpuS metrics.Opt[float64], rss metrics.Opt[uint64]) {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil {
		s := float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
		cpuS = metrics.Some(s)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return cpuS, rss
	}
	if fields := bytes.Fields(statm); len(fields) > 1 {
		if pages, err := strconv.ParseUint(string(fields[1]), 10, 64); err == nil {
			rss = metrics.Some(pages * uint64(os.Getpagesize()))
		}
	}
	return cpuS, rss
}

// threadCPU is the CPU time of the calling thread, 0 where it is not known.
func threadCPU() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func signalName(n int) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return "real-time or unknown"
}
