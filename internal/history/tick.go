package history

import "math"

// Tick is one sampling. NaN is unknown, and so is a negative Step; NewTick
// returns one in which nothing is known.
type Tick struct {
	Elapsed float64 // seconds since the run started
	Step    int64   // during which it was taken; −1 unknown

	StepMS       float64 // mean step time since the last tick
	StepMaxMS    float64 // slowest step since the last tick
	StepsPerS    float64
	TokensPerS   float64
	Loss         float64 // last one told
	LearningRate float64
	GradNorm     float64

	HostMemUsed  float64 // bytes
	HostMemTotal float64 // bytes: the tighter of machine and cgroup
	RSS          float64 // bytes, whole process tree
	CPUPct       float64 // whole process tree, 100 is one core

	GPUs []GPUTick // read during the call, not kept
}

// GPUTick is one device at one sampling.
type GPUTick struct {
	Index    int // as the driver counts
	Util     float64
	MemUsed  float64 // bytes
	SMActive float64 // percent
	PowerW   float64
	TempC    float64
	SMClock  float64 // MHz
}

// NewTick returns a Tick in which only the time is known.
func NewTick(elapsedS float64) Tick {
	u := math.NaN()
	return Tick{
		Elapsed: elapsedS, Step: -1,
		StepMS: u, StepMaxMS: u, StepsPerS: u, TokensPerS: u, Loss: u, LearningRate: u, GradNorm: u,
		HostMemUsed: u, HostMemTotal: u, RSS: u, CPUPct: u,
	}
}

// NewGPUTick returns a GPUTick in which only the device is known.
func NewGPUTick(index int) GPUTick {
	u := math.NaN()
	return GPUTick{Index: index, Util: u, MemUsed: u, SMActive: u, PowerW: u, TempC: u, SMClock: u}
}

// EpochRow is one completed epoch.
type EpochRow struct {
	Number int64   `json:"epoch"`
	AtS    float64 `json:"at_s"`    // when it ended, since the run started
	TookS  float64 `json:"epoch_s"` // how long it took
	Steps  int64   `json:"steps"`   // reported during it
}

// columns of every tick, in the order of values.
var hostColumns = [...]string{
	"step", "step_ms", "step_max_ms", "steps_per_s", "tokens_per_s",
	"loss", "learning_rate", "grad_norm",
	"host_mem_used_bytes", "host_mem_total_bytes", "process_rss_bytes", "process_cpu_pct",
}

// columns of every device, after a prefix such as "gpu0_".
var gpuColumns = [...]string{"util_pct", "mem_used_bytes", "sm_active_pct", "power_w", "temp_c", "sm_clock_mhz"}
