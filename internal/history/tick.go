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
	Index    int    // its place on the node
	Part     string // of a MIG instance: "mig" and its ids, as in "mig1.0"; "" a whole GPU
	Util     float64
	MemUsed  float64 // bytes
	SMActive float64 // percent
	PowerW   float64
	TempC    float64
	SMClock  float64 // MHz

	MemTempC     float64
	TensorActive float64 // percent
	DRAMActive   float64 // percent
	Occupancy    float64 // percent
	PCIe         float64 // counters, bytes, both directions
	NVLink       float64
	Throttle     float64 // counter, seconds, over all reasons
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
	return GPUTick{
		Index: index, Util: u, MemUsed: u, SMActive: u, PowerW: u, TempC: u, SMClock: u,
		MemTempC: u, TensorActive: u, DRAMActive: u, Occupancy: u, PCIe: u, NVLink: u, Throttle: u,
	}
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

// columns of every device, after a prefix such as "gpu0_" or, of a MIG instance,
// "gpu0mig1.0_", in the order of values. Series that were written before a column
// was added to the end do not have it.
var gpuColumns = [...]string{
	"util_pct", "mem_used_bytes", "sm_active_pct", "power_w", "temp_c", "sm_clock_mhz",
	"mem_temp_c", "tensor_active_pct", "dram_active_pct", "occupancy_pct", "pcie_bytes", "nvlink_bytes", "throttle_s",
}

func (g *GPUTick) values() [len(gpuColumns)]float64 {
	return [...]float64{
		g.Util, g.MemUsed, g.SMActive, g.PowerW, g.TempC, g.SMClock,
		g.MemTempC, g.TensorActive, g.DRAMActive, g.Occupancy, g.PCIe, g.NVLink, g.Throttle,
	}
}
