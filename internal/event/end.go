package event

// The keys of train_end that are not the progress statistics.
var (
	Outcome = Key[string]{&def{
		name: "outcome", kind: kindText, events: onEnd, example: `"ok"`,
		values: []string{"ok", "error", "signal", "host_oom", "gpu_oom", "preempted", "user_stop", "unknown"},
		why:    "How runs end.",
	}}
	ExitCode = Key[int64]{&def{
		name: "exit_code", kind: kindInt, unit: "", events: onDeaths, hi: 1<<32 - 1, example: "1",
		why: "The program's exit status.",
	}}
	Signal = Key[int64]{&def{
		name: "signal", kind: kindInt, unit: "", events: onDeaths, lo: 1, hi: 64, example: "9",
		why: "The signal that ended it, if one did.",
	}}
	DurationS = Key[float64]{&def{
		name: "duration_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "10812.7",
		why: "How long runs are.",
	}}
	TimeToFirstStepS = Key[float64]{&def{
		name: "time_to_first_step_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "41.9",
		why: "What starting costs: imports, data, compilation.",
	}}
	StepsTotal = Key[int64]{&def{
		name: "steps_total", kind: kindInt, unit: "steps", events: onEnd, example: "10000",
		why: "How much was done.",
	}}
	EpochsCompleted = Key[int64]{&def{
		name: "epochs_completed", kind: kindInt, unit: "epochs", events: onEnd, example: "3",
		why: "The same in epochs.",
	}}
	EpochMeanS = Key[float64]{&def{
		name: "epoch_mean_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "3601.2",
		why: "Mean time of an epoch.",
	}}
	EvalS = Key[float64]{&def{
		name: "eval_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "312.5",
		why: "Time spent in evaluation.",
	}}
	CheckpointS = Key[float64]{&def{
		name: "checkpoint_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "95.1",
		why: "Time spent in saving checkpoints.",
	}}
	HostMemUsedPeakBytes = Key[int64]{&def{
		name: "host_mem_used_peak_bytes", kind: kindInt, unit: "bytes", events: onEnd, example: "91268055040",
		why: "How near the machine came to running out of memory.",
	}}
	StepRecordsLost = Key[int64]{&def{
		name: "step_records_lost", kind: kindInt, unit: "records", events: onEnd, example: "0",
		why: "Steps whose detail came faster than it was read; checks trainwatch itself.",
	}}
	DroppedEvents = Key[int64]{&def{
		name: "dropped_events", kind: kindInt, unit: "events", events: onEnd, example: "0",
		why: "Events that found no room; checks trainwatch itself.",
	}}
	AgentCPUS = Key[float64]{&def{
		name: "agent_cpu_s", kind: kindFloat, unit: "seconds", events: onEnd, example: "3.1",
		why: "CPU time that trainwatch used.",
	}}
	AgentRSSBytes = Key[int64]{&def{
		name: "agent_rss_bytes", kind: kindInt, unit: "bytes", events: onEnd, example: "25165824",
		why: "Memory that trainwatch used.",
	}}
)

func endTable() []*def {
	return []*def{
		Outcome.d, ExitCode.d, Signal.d, DurationS.d, TimeToFirstStepS.d, StepsTotal.d, EpochsCompleted.d, EpochMeanS.d, EvalS.d, CheckpointS.d,
		HostMemUsedPeakBytes.d, GPUEnergyJ.d, GPUOOMRecovered.d, StepRecordsLost.d, DroppedEvents.d, AgentCPUS.d, AgentRSSBytes.d,
	}
}
