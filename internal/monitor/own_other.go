//go:build !linux

package monitor

import (
	"syscall"

	"github.com/trainwatch/trainwatch/metrics"
)

// ownCost is not known on this system.
func ownCost() (cpuS metrics.Opt[float64], rss metrics.Opt[uint64]) { return cpuS, rss }

func signalName(n int) string { return syscall.Signal(n).String() }
