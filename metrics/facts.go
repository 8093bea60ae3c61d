package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// Opt is a measured value, or none: what could not be read is absent, never 0.
type Opt[T any] struct {
	Value T
	OK    bool
}

// Some returns a value that was measured.
func Some[T any](v T) Opt[T] { return Opt[T]{Value: v, OK: true} }

// when returns v if it is known. What is absent has no value either.
func when[T any](v T, known bool) Opt[T] {
	if !known {
		return Opt[T]{}
	}
	return Some(v)
}

// System is what does not change during a run.
type System struct {
	OS        string   // runtime.GOOS
	OSRelease string   // kernel release, major.minor; "" unknown
	Arch      string   // runtime.GOARCH
	CPUs      Opt[int] // logical
	CPUsPhys  Opt[int]
	MemTotal  Opt[uint64]  // bytes
	CgroupMem Opt[uint64]  // tightest limit over all ancestors, bytes; absent when unlimited
	CgroupCPU Opt[float64] // tightest quota, in CPUs; absent when unlimited
	Container string       // "docker" "podman" "kubernetes" "apptainer" "lxc" "containerd" "other"; "" none
	Scheduler string       // "slurm" "kubernetes" "pbs" "lsf" "sge" "flux" "ray" "sagemaker" …; "" none
	GoVersion string       // "1.26.8"
}

// Host is one tick's view of the machine and the program's processes.
type Host struct {
	MemUsed   Opt[uint64]  // bytes: total less available, or the cgroup's usage where its limit is tighter
	MemTotal  Opt[uint64]  // bytes: of the host, or the cgroup's limit where that is tighter
	RSS       Opt[uint64]  // bytes, sum over the process tree
	CPUPct    Opt[float64] // process tree, 100 = one core, over the interval since the last tick
	Processes int
}

// Sample is one tick.
type Sample struct {
	At      time.Time
	Elapsed time.Duration // since the run started
	Step    Opt[int64]    // the step during which it was taken
	Host    Host
	GPU     gpu.Snapshot
	GPUsBy  string        // how it was decided which of the devices are the run's, in words
	Cost    time.Duration // the tick's own CPU time
}

// Quantiles are step times in milliseconds. Absent without timed steps.
type Quantiles struct {
	P50, P95, P99, Max, Mean Opt[float64]
}

// Statistics is what happened in a span: since the last report, or the run.
type Statistics struct {
	Step         Opt[int64]   // number of the last step
	Epoch        Opt[float64] // current epoch; fractional where the framework tells
	ProgressPct  Opt[float64]
	Span         time.Duration // length of the span
	Steps        uint64        // steps in the span
	StepsPerS    Opt[float64]
	StepTime     Quantiles
	DataWaitPct  Opt[float64] // data wait ÷ (data wait + step time)
	Tokens       Opt[int64]   // whole run
	TokensPerS   Opt[float64]
	Loss         Opt[float64] // last told, finite
	LearningRate Opt[float64]
	GradNorm     Opt[float64]
	Host         Host        // last sample; CPUPct the span's mean
	RSSPeak      Opt[uint64] // whole run, bytes
	HostMemPeak  Opt[uint64]
	CPUPctMean   Opt[float64]
	GPU          GPUStatistics
}

// GPUStatistics is over the run's devices: those on which its processes
// compute, or where that is not known, those that it can use.
type GPUStatistics struct {
	By          string       // how it was decided which those are, in words
	UtilPct     Opt[float64] // mean over devices and span
	UtilMinPct  Opt[float64] // lowest device's mean
	MemUsed     Opt[uint64]  // sum over devices, last sample
	MemUsedMax  Opt[uint64]  // fullest device, last sample
	MemUsedPeak Opt[uint64]  // fullest device, whole run
	SMActivePct Opt[float64]
	PowerW      Opt[float64] // sum over devices, mean over the span
	EnergyJ     Opt[float64] // whole run, from the energy counter

	TensorActivePct Opt[float64] // means over devices and span
	DRAMActivePct   Opt[float64]
	OccupancyPct    Opt[float64]
	BusySMs         Opt[float64] // sum over devices of multiprocessors × share at work

	// Sums over devices and the whole run.
	PCIe, NVLink   Opt[gpu.Traffic]
	ThrottleS      [gpu.Reasons]Opt[float64] // device-seconds, by gpu.Reason
	IdlePct        Opt[float64]              // of the time that the driver's samples cover, mean over devices
	IdleLongest    Opt[time.Duration]
	XIDs           Opt[uint64]  // errors that the driver reported
	ECCUncorrected Opt[uint64]  // during the run
	OtherProcesses Opt[int]     // of others on the run's devices, when they were last listed
	EnergyPerStepJ Opt[float64] // over the span
	EnergyPerToken Opt[float64] // joules
	Devices        []DeviceStatistics

	energySpan Opt[float64]
}

// DeviceStatistics is one device's row.
type DeviceStatistics struct {
	Index       int
	UtilPct     Opt[float64]
	MemUsed     Opt[uint64]
	MemUsedPeak Opt[uint64]
	MemTotal    Opt[uint64]
	SMActivePct Opt[float64]
	PowerW      Opt[float64]
	TempC       Opt[float64]

	Device          gpu.Device
	SMClockMHz      Opt[float64] // means over the span
	TensorActivePct Opt[float64]
	DRAMActivePct   Opt[float64]
	OccupancyPct    Opt[float64]
	MemTempC        Opt[float64] // last samples
	PowerLimitW     Opt[float64]
	Health          gpu.Health

	// The whole run's.
	EnergyJ        Opt[float64]
	PCIe, NVLink   Opt[gpu.Traffic]
	ThrottleS      [gpu.Reasons]Opt[float64]
	IdlePct        Opt[float64]
	IdleLongest    Opt[time.Duration]
	XIDs           Opt[uint64]
	LastXID        Opt[uint64] // absent where there was none
	ECCUncorrected Opt[uint64]
	OwnMemUsed     Opt[uint64] // bytes of the run's processes, when they were last listed
	OtherProcesses Opt[int]
	NotRead        []gpu.Figure // at the last sample; nil: all was
}

// Totals is the run as a whole.
type Totals struct {
	Statistics
	TimeToFirstStep Opt[time.Duration]
	EpochsCompleted uint64
	EpochMean       Opt[time.Duration]
	Eval            time.Duration
	Checkpoint      time.Duration
	DataWait        time.Duration
	Compile         time.Duration
	RecordsLost     uint64
	Slowest         []SlowStep // the slowest steps seen, slowest first, at most 10
	Allocator       Allocator
	// LossLostAt is the last step that told a finite loss, where far more steps
	// have gone by since than ever lay between two that did: it diverged, or is
	// no longer told.
	LossLostAt Opt[int64]
}

// Allocator is what the framework told of its own GPU memory allocator.
type Allocator struct {
	Peak    Opt[uint64] // most bytes allocated at a time
	Retries Opt[uint64] // allocations that succeeded only after the cache was emptied
	OOMs    Opt[uint64] // out-of-memory errors; those of a run that went on were recovered from
}

// SlowStep is one step that took long.
type SlowStep struct {
	Step int64
	Took time.Duration
	At   time.Duration // since the run started
}

// Epoch is one completed epoch.
type Epoch struct {
	Number int64
	At     time.Duration // its end, since the run started
	Took   time.Duration
	Steps  uint64 // steps reported during it
}
