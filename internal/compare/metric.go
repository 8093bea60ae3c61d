package compare

import "github.com/trainwatch/trainwatch/internal/history"

// Metric is one figure of a run that can be compared.
type Metric struct {
	Name string // as in `show --json`
	Unit Unit
	Good Direction

	value    func(history.Record) *float64
	interval func(history.StepBlocks, float64) Interval // of those that are tested; else nil
}

// Direction says which way is better.
type Direction int8

const (
	Neither Direction = iota
	Less
	More
)

// Unit is what a metric is measured in.
type Unit string

const (
	Milliseconds Unit = "ms"
	Seconds      Unit = "s"
	Bytes        Unit = "B"
	Percent      Unit = "%"
	Watts        Unit = "W"
	Joules       Unit = "J"
	PerSecond    Unit = "/s"
	Plain        Unit = ""
)

// Tested reports whether the metric's changes are told from chance.
func (m Metric) Tested() bool { return m.interval != nil }

func float(of func(history.Record) *float64) func(history.Record) *float64 { return of }

func whole[T int64 | uint64](of func(history.Record) *T) func(history.Record) *float64 {
	return func(r history.Record) *float64 {
		if v := of(r); v != nil {
			return new(float64(*v))
		}
		return nil
	}
}

func quantileOf(p float64) func(history.StepBlocks, float64) Interval {
	return func(b history.StepBlocks, confidence float64) Interval { return Quantile(b, p, confidence) }
}

// Metrics returns all there are, in the order in which they are shown.
func Metrics() []Metric {
	type rec = history.Record
	return []Metric{
		{"step_mean_ms", Milliseconds, Less, float(func(r rec) *float64 { return r.StepMeanMS }), Mean},
		{"step_p50_ms", Milliseconds, Less, float(func(r rec) *float64 { return r.StepP50MS }), quantileOf(0.50)},
		{"step_p95_ms", Milliseconds, Less, float(func(r rec) *float64 { return r.StepP95MS }), quantileOf(0.95)},
		{"step_p99_ms", Milliseconds, Less, float(func(r rec) *float64 { return r.StepP99MS }), quantileOf(0.99)},
		{"step_max_ms", Milliseconds, Less, float(func(r rec) *float64 { return r.StepMaxMS }), nil},
		{"steps_per_s", PerSecond, More, float(func(r rec) *float64 { return r.StepsPerS }), nil},
		{"tokens_per_s", PerSecond, More, float(func(r rec) *float64 { return r.TokensPerS }), nil},
		{"data_wait_pct", Percent, Less, float(func(r rec) *float64 { return r.DataWaitPct }), nil},
		{"time_to_first_step_s", Seconds, Less, float(func(r rec) *float64 { return r.TimeToFirstStepS }), nil},
		{"epoch_mean_s", Seconds, Less, float(func(r rec) *float64 { return r.EpochMeanS }), nil},
		{"eval_s", Seconds, Less, float(func(r rec) *float64 { return r.EvalS }), nil},
		{"checkpoint_s", Seconds, Less, float(func(r rec) *float64 { return r.CheckpointS }), nil},
		{"duration_s", Seconds, Less, float(func(r rec) *float64 { return r.DurationS }), nil},
		{"steps_total", Plain, Neither, whole(func(r rec) *int64 { return r.StepsTotal }), nil},
		{"loss", Plain, Less, float(func(r rec) *float64 { return r.Loss }), nil},
		{"process_rss_peak_bytes", Bytes, Less, whole(func(r rec) *uint64 { return r.ProcessRSSPeakBytes }), nil},
		{"host_mem_used_peak_bytes", Bytes, Less, whole(func(r rec) *uint64 { return r.HostMemUsedPeakBytes }), nil},
		{"process_cpu_pct", Percent, Neither, float(func(r rec) *float64 { return r.ProcessCPUPct }), nil},
		{"gpu_util_pct", Percent, More, float(func(r rec) *float64 { return r.GPUUtilPct }), nil},
		{"gpu_util_min_pct", Percent, More, float(func(r rec) *float64 { return r.GPUUtilMinPct }), nil},
		{"gpu_sm_active_pct", Percent, More, float(func(r rec) *float64 { return r.GPUSMActivePct }), nil},
		{"gpu_mem_used_peak_bytes", Bytes, Less, whole(func(r rec) *uint64 { return r.GPUMemUsedPeakBytes }), nil},
		{"gpu_power_w", Watts, Neither, float(func(r rec) *float64 { return r.GPUPowerW }), nil},
		{"gpu_energy_j", Joules, Less, float(func(r rec) *float64 { return r.GPUEnergyJ }), nil},
		{"gpu_energy_per_step_j", Joules, Less, energyPerStep, nil},
	}
}

// energyPerStep lets runs of different lengths be compared.
func energyPerStep(r history.Record) *float64 {
	if r.GPU.EnergyPerStepJ != nil {
		return r.GPU.EnergyPerStepJ
	}
	if r.GPUEnergyJ == nil || r.StepsTotal == nil || *r.StepsTotal <= 0 {
		return nil
	}
	return new(*r.GPUEnergyJ / float64(*r.StepsTotal))
}
