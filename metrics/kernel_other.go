//go:build !linux

package metrics

import "github.com/shirou/gopsutil/v3/host"

// kernelRelease is the system's own word for its kernel's version.
func kernelRelease(string) string {
	v, _ := host.KernelVersion() // "" is unknown
	return v
}
