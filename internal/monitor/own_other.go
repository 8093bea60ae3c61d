//go:build !linux

package monitor

import (
	"syscall"
	"time"

	"github.com/trainwatch/trainwatch/metrics"
)

// ownCost is not known on this system.
func ownCost() (cpuS metrics.Opt[float64], rss metrics.Opt[uint64]) { return cpuS, rss }

// threadCPU is not known on this system.
func threadCPU() time.Duration { return 0 }

func signalName(n int) string { return syscall.Signal(n).String() }
