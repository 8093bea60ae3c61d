package history

import (
	"reflect"
	"time"
)

// Record is a run in numbers: so far, or as it ended. Its JSON names are the
// property names of train_end, and after them what stays on this machine.
//
// A nil pointer is unknown, and absent in JSON; 0 is a 0 that was measured.
type Record struct {
	Version int    `json:"history_version"`
	RunID   string `json:"run_id"`
	Attempt int    `json:"attempt,omitempty"`

	Outcome  string `json:"outcome,omitempty"` // "" while the run goes on
	ExitCode *int   `json:"exit_code,omitempty"`
	Signal   *int   `json:"signal,omitempty"`

	DurationS        *float64 `json:"duration_s,omitempty"`
	TimeToFirstStepS *float64 `json:"time_to_first_step_s,omitempty"`
	StepsTotal       *int64   `json:"steps_total,omitempty"`
	EpochsCompleted  *int64   `json:"epochs_completed,omitempty"`
	EpochMeanS       *float64 `json:"epoch_mean_s,omitempty"`
	EvalS            *float64 `json:"eval_s,omitempty"`
	CheckpointS      *float64 `json:"checkpoint_s,omitempty"`

	Step         *int64   `json:"step,omitempty"` // number of the last step
	Epoch        *float64 `json:"epoch,omitempty"`
	ProgressPct  *float64 `json:"progress_pct,omitempty"`
	StepsPerS    *float64 `json:"steps_per_s,omitempty"`
	StepP50MS    *float64 `json:"step_p50_ms,omitempty"`
	StepP95MS    *float64 `json:"step_p95_ms,omitempty"`
	StepP99MS    *float64 `json:"step_p99_ms,omitempty"`
	StepMaxMS    *float64 `json:"step_max_ms,omitempty"`
	DataWaitPct  *float64 `json:"data_wait_pct,omitempty"`
	TokensTotal  *int64   `json:"tokens_total,omitempty"`
	TokensPerS   *float64 `json:"tokens_per_s,omitempty"`
	Loss         *float64 `json:"loss,omitempty"` // last one told
	LearningRate *float64 `json:"learning_rate,omitempty"`
	GradNorm     *float64 `json:"grad_norm,omitempty"`

	HostMemUsedBytes    *uint64  `json:"host_mem_used_bytes,omitempty"`
	HostMemTotalBytes   *uint64  `json:"host_mem_total_bytes,omitempty"`
	ProcessRSSBytes     *uint64  `json:"process_rss_bytes,omitempty"`
	ProcessRSSPeakBytes *uint64  `json:"process_rss_peak_bytes,omitempty"`
	ProcessCPUPct       *float64 `json:"process_cpu_pct,omitempty"` // mean; 100 is one core

	GPUUtilPct          *float64 `json:"gpu_util_pct,omitempty"`           // mean over devices
	GPUUtilMinPct       *float64 `json:"gpu_util_min_pct,omitempty"`       // least used device's mean
	GPUMemUsedBytes     *uint64  `json:"gpu_mem_used_bytes,omitempty"`     // sum over devices
	GPUMemUsedMaxBytes  *uint64  `json:"gpu_mem_used_max_bytes,omitempty"` // fullest device
	GPUMemUsedPeakBytes *uint64  `json:"gpu_mem_used_peak_bytes,omitempty"`
	GPUSMActivePct      *float64 `json:"gpu_sm_active_pct,omitempty"`
	GPUPowerW           *float64 `json:"gpu_power_w,omitempty"` // sum over devices
	GPUEnergyJ          *float64 `json:"gpu_energy_j,omitempty"`
	GPUOOMRecovered     *int64   `json:"gpu_oom_recovered,omitempty"`
	GPU                 GPUSums  `json:"gpu,omitzero"`
	GPUs                []GPURow `json:"gpus,omitempty"`

	StepRecordsLost *int64   `json:"step_records_lost,omitempty"`
	DroppedEvents   *int64   `json:"dropped_events,omitempty"`
	AgentCPUS       *float64 `json:"agent_cpu_s,omitempty"`
	AgentRSSBytes   *uint64  `json:"agent_rss_bytes,omitempty"`

	// What follows is the user's own and is in no event.

	Name    string     `json:"name,omitempty"`
	Command []string   `json:"command,omitempty"`
	Dir     string     `json:"dir,omitempty"`
	Host    string     `json:"host,omitempty"`
	Job     string     `json:"job,omitempty"`
	Client  string     `json:"client,omitempty"`
	Started time.Time  `json:"started,omitzero"`
	Ended   *time.Time `json:"ended,omitempty"`

	HowItEnded string `json:"how_it_ended,omitempty"` // a sentence, without a full stop
	NoSteps    string `json:"no_steps,omitempty"`     // why no step was seen
	CrashClass string `json:"crash_class,omitempty"`
	Message    string `json:"message,omitempty"` // type and message of the error
	Stack      string `json:"stack,omitempty"`

	StepMeanMS           *float64   `json:"step_mean_ms,omitempty"`
	DataWaitS            *float64   `json:"data_wait_s,omitempty"`
	CompileS             *float64   `json:"compile_s,omitempty"`
	LossFirst            *float64   `json:"loss_first,omitempty"`
	LossLostAtStep       *int64     `json:"loss_lost_at_step,omitempty"` // the last one with a finite loss, where that is long ago
	SampleIntervalS      *float64   `json:"sample_interval_s,omitempty"` // at most, where sampling slowed itself down
	HostMemUsedPeakBytes *uint64    `json:"host_mem_used_peak_bytes,omitempty"`
	SlowestSteps         []SlowStep `json:"slowest_steps,omitempty"`

	// The shape of the run in at most 96 stretches, filled in by the Writer: of
	// the steps, or where nobody told of these, of the ticks.
	StepMSTrace []float64 `json:"step_ms_trace,omitempty"` // slowest of each stretch
	LossTrace   []float64 `json:"loss_trace,omitempty"`    // mean of each stretch
	GPUTrace    []float64 `json:"gpu_util_pct_trace,omitempty"`
}

// SlowStep is one step that took long.
type SlowStep struct {
	Step   int64   `json:"step"`
	TookMS float64 `json:"took_ms"`
	AtS    float64 `json:"at_s"` // since the run started
}

// Known returns a pointer to v, or nil where ok is false: how a measured value
// gets into a Record.
func Known[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}

// dropNonFinite makes NaN and the infinities unknown. JSON has no word for
// them, and one diverged loss must not cost the record.
func dropNonFinite(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if f, ok := v.Interface().(*float64); ok && f != nil && !finite(*f) {
			v.SetZero()
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			dropNonFinite(v.Field(i))
		}
	case reflect.Slice: // of Complete's own making
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				dropNonFinite(v.Index(i))
			}
		}
	case reflect.Float64:
		if !finite(v.Float()) {
			v.SetFloat(0)
		}
	}
}

// Unknown is the outcome of a run whose end nobody saw.
const Unknown = "unknown"

// adopt fills in what the run is called and where it stands.
func (r *Record) adopt(m Meta) {
	r.Version, r.RunID, r.Attempt = Version, m.RunID, m.Attempt
	r.Name, r.Command, r.Dir, r.Host = m.Name, m.Command, m.Dir, m.Host
	r.Job, r.Client, r.Started = m.Job, m.Client, m.Started
}
