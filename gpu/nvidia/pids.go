package nvidia

import (
	"math"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/gpu"
)

// tellsHostPIDs says whether a driver of this version names processes by the
// machine's own pids, whatever the caller's pid namespace. Drivers do not since
// 545, and of the 535 series since 535.113. One whose version is not known is
// taken to.
func tellsHostPIDs(driver string) bool {
	series, rest, _ := strings.Cut(driver, ".")
	major, err := strconv.Atoi(series)
	if err != nil {
		return true
	}
	minor, _, _ := strings.Cut(rest, ".")
	patch, err := strconv.Atoi(minor)
	return err != nil || major < 545 && (major != 535 || patch < 113)
}

// mpsPercent is the share of the multiprocessors that the program may use under
// MPS, where its environment says so.
func mpsPercent(env gpu.Env) gpu.Reading[float64] {
	if env == nil {
		return gpu.Reading[float64]{}
	}
	text, _ := env("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > 100 {
		return gpu.Reading[float64]{}
	}
	return gpu.Read(v)
}
