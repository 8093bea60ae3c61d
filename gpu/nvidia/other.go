//go:build !linux || !cgo

package nvidia

import (
	"runtime"

	"github.com/trainwatch/trainwatch/gpu"
)

// New returns a Source without devices: NVML needs Linux and cgo.
func New(Config) gpu.Source {
	if runtime.GOOS != "linux" {
		return gpu.None("NVIDIA GPUs are read on Linux only")
	}
	return gpu.None("this program was built without cgo, which reading NVIDIA GPUs needs")
}
