package event

// The keys of train_progress, which train_end has as well, over the whole run.
var (
	Step = Key[int64]{&def{
		name: "step", kind: kindInt, unit: "steps", events: onStats, example: "1200",
		why: "How far the run has come.",
	}}
	Epoch = Key[float64]{&def{
		name: "epoch", kind: kindFloat, unit: "epochs", events: onStats | onEpoch, hi: 1e9, example: "2",
		why: "The same in epochs, counted from 0; with a fraction where the framework tells it.",
	}}
	ProgressPct = Key[float64]{&def{
		name: "progress_pct", kind: kindFloat, unit: "percent", events: onStats, pct: true, example: "12",
		why: "The same as a share of what is planned.",
	}}
	ElapsedS = Key[float64]{&def{
		name: "elapsed_s", kind: kindFloat, unit: "seconds", events: onProgress, example: "480.02",
		why: "Time since the run started.",
	}}
	IntervalS = Key[float64]{&def{
		name: "interval_s", kind: kindFloat, unit: "seconds", events: onProgress, example: "240.01",
		why: "Time that this event's statistics cover.",
	}}
	StepsPerS = Key[float64]{&def{
		name: "steps_per_s", kind: kindFloat, unit: "steps per second", events: onStats, example: "2.51",
		why: "Speed.",
	}}
	StepP50MS = Key[float64]{&def{
		name: "step_p50_ms", kind: kindFloat, unit: "milliseconds", events: onStats, example: "392.1",
		why: "The usual time of a step (median).",
	}}
	StepP95MS = Key[float64]{&def{
		name: "step_p95_ms", kind: kindFloat, unit: "milliseconds", events: onStats, example: "428.8",
		why: "One step in 20 takes longer.",
	}}
	StepP99MS = Key[float64]{&def{
		name: "step_p99_ms", kind: kindFloat, unit: "milliseconds", events: onStats, example: "611.3",
		why: "One step in 100 takes longer.",
	}}
	StepMaxMS = Key[float64]{&def{
		name: "step_max_ms", kind: kindFloat, unit: "milliseconds", events: onStats, example: "2210.7",
		why: "The slowest step.",
	}}
	StepMeanMS = Key[float64]{&def{
		name: "step_mean_ms", kind: kindFloat, unit: "milliseconds", events: onStats, example: "398.4",
		why: "Mean time of a step; beside the median it shows how uneven steps are.",
	}}
	DataWaitPct = Key[float64]{&def{
		name: "data_wait_pct", kind: kindFloat, unit: "percent", events: onStats, pct: true, example: "3.2",
		why: "Share of the time spent waiting for data.",
	}}
	TokensTotal = Key[int64]{&def{
		name: "tokens_total", kind: kindInt, unit: "tokens", events: onStats, example: "39321600",
		why: "Tokens seen so far, where the program tells.",
	}}
	TokensPerS = Key[float64]{&def{
		name: "tokens_per_s", kind: kindFloat, unit: "tokens per second", events: onStats, example: "82247",
		why: "Speed in tokens.",
	}}
	Loss = Key[float64]{&def{
		name: "loss", kind: kindFloat, unit: "", events: onStats, signed: true, example: "2.137",
		why: "Whether training converges; a loss that is no number is left out.",
	}}
	LearningRate = Key[float64]{&def{
		name: "learning_rate", kind: kindFloat, unit: "", events: onStats, signed: true, example: "0.0003",
		why: "Explains the course of the loss.",
	}}
	GradNorm = Key[float64]{&def{
		name: "grad_norm", kind: kindFloat, unit: "", events: onStats, signed: true, example: "0.84",
		why: "Shows training that becomes unstable.",
	}}
	HostMemUsedBytes = Key[int64]{&def{
		name: "host_mem_used_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "88046829568",
		why: "Memory in use on the machine, or in the job where that has its own limit.",
	}}
	HostMemTotalBytes = Key[int64]{&def{
		name: "host_mem_total_bytes", kind: kindInt, unit: "bytes", events: onSystem | onStats, lo: 1, example: "270582939648",
		why: "What of it there is.",
	}}
	ProcessRSSBytes = Key[int64]{&def{
		name: "process_rss_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "21474836480",
		why: "Memory of the program and its children.",
	}}
	ProcessRSSPeakBytes = Key[int64]{&def{
		name: "process_rss_peak_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "24696061952",
		why: "The highest of it so far.",
	}}
	ProcessCPUPct = Key[float64]{&def{
		name: "process_cpu_pct", kind: kindFloat, unit: "percent of one core", events: onStats, hi: 1e9, example: "1240",
		why: "CPU of the program and its children; 100 is one core.",
	}}
	EpochS = Key[float64]{&def{
		name: "epoch_s", kind: kindFloat, unit: "seconds", events: onEpoch, example: "3600.4",
		why: "How long the epoch took.",
	}}
	Steps = Key[int64]{&def{
		name: "steps", kind: kindInt, unit: "steps", events: onEpoch, example: "3334",
		why: "Steps in the epoch.",
	}}
)

func progressTable() []*def {
	return []*def{
		Step.d, Epoch.d, ProgressPct.d, ElapsedS.d, IntervalS.d, StepsPerS.d, StepP50MS.d, StepP95MS.d, StepP99MS.d, StepMaxMS.d, StepMeanMS.d,
		DataWaitPct.d, TokensTotal.d, TokensPerS.d, Loss.d, LearningRate.d, GradNorm.d,
		HostMemUsedBytes.d, ProcessRSSBytes.d, ProcessRSSPeakBytes.d, ProcessCPUPct.d,
		GPUUtilPct.d, GPUUtilMinPct.d, GPUMemUsedBytes.d, GPUMemUsedMaxBytes.d, GPUMemUsedPeakBytes.d, GPUSMActivePct.d, GPUPowerW.d, GPUs.d,
		EpochS.d, Steps.d,
	}
}
