package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/internal/history"
)

// summaryRows are the lines of the summary. What is unknown has none.
func summaryRows(rec history.Record, meta history.Meta) []row {
	all := []row{
		{label: "steps", parts: stepParts(rec)},
		{label: "time", parts: timeParts(rec), trace: rec.StepMSTrace, scale: fromZero, peaks: true},
		{label: "loss", parts: lossParts(rec), trace: rec.LossTrace, scale: fromLeast},
		{label: "gpu", parts: gpuParts(rec), trace: rec.GPUTrace, scale: percent},
		{label: "host", parts: hostParts(rec, meta)},
		{label: "besides", parts: besideParts(rec)},
	}
	return slices.DeleteFunc(all, func(r row) bool { return len(r.parts) == 0 })
}

func stepParts(rec history.Record) (parts []string) {
	if rec.StepsTotal == nil {
		if d := rec.DurationS; d != nil && *d >= 30 {
			if rec.NoSteps != "" {
				return []string{"none: " + clean(rec.NoSteps)}
			}
			return []string{"none reported (in Python: import trainwatch; trainwatch.step())"}
		}
		return nil
	}
	parts = append(parts, plural(*rec.StepsTotal, "step"))
	if done := rec.ProgressPct; done != nil && rec.Outcome == "" {
		parts = append(parts, fmt.Sprintf("%.0f %% of the plan", *done))
	}
	if n := valueOf(rec.EpochsCompleted); n > 0 {
		epochs := plural(n, "epoch")
		if rec.EpochMeanS != nil {
			epochs += " of " + duration(*rec.EpochMeanS)
		}
		parts = append(parts, epochs)
	}
	if rec.StepsPerS != nil {
		parts = append(parts, number(*rec.StepsPerS)+" steps/s")
	}
	if v := valueOf(rec.TokensPerS); v > 0 {
		parts = append(parts, scaled(v)+" tokens/s")
	}
	return parts
}

// timeParts says no quantile that so few steps cannot have.
func timeParts(rec history.Record) (parts []string) {
	steps := valueOf(rec.StepsTotal)
	for _, q := range []struct {
		name  string
		ms    *float64
		least int64
	}{
		{"p50", rec.StepP50MS, 3},
		{"p95", rec.StepP95MS, 20},
		{"p99", rec.StepP99MS, 100},
		{"max", rec.StepMaxMS, 0},
	} {
		if q.ms != nil && steps >= q.least {
			parts = append(parts, q.name+" "+millis(*q.ms))
		}
	}
	return parts
}

func lossParts(rec history.Record) (parts []string) {
	switch {
	case rec.Loss == nil:
		return nil
	case rec.LossFirst == nil || *rec.LossFirst == *rec.Loss:
		parts = append(parts, number(*rec.Loss))
	default:
		parts = append(parts, number(*rec.LossFirst)+" → "+number(*rec.Loss))
	}
	if at := rec.LossLostAtStep; at != nil {
		// NaN is how a loop says unknown: which of the two it was nobody knows.
		parts = append(parts, "not a number, or not told, since step "+count(*at))
	}
	return parts
}

func gpuParts(rec history.Record) (parts []string) {
	if rec.GPUUtilPct != nil {
		busy := fmt.Sprintf("%.0f %% busy", *rec.GPUUtilPct)
		if low := rec.GPUUtilMinPct; low != nil && len(rec.GPUs) > 1 {
			busy += fmt.Sprintf(" (least %.0f %%)", *low)
		}
		parts = append(parts, busy)
	}
	if rec.GPUSMActivePct != nil {
		parts = append(parts, fmt.Sprintf("SMs %.0f %%", *rec.GPUSMActivePct))
	}
	if model := gpuModel(rec); model != "" {
		parts = append(parts, model)
	}
	if mem := gpuMemory(rec); mem != "" {
		parts = append(parts, "memory peak "+mem)
	}
	if rec.GPUPowerW != nil {
		parts = append(parts, number(*rec.GPUPowerW)+" W")
	}
	if rec.GPUEnergyJ != nil {
		parts = append(parts, energy(*rec.GPUEnergyJ))
	}
	if n := valueOf(rec.GPUOOMRecovered); n > 0 {
		parts = append(parts, "recovered from out of memory "+plural(n, "time"))
	}
	return parts
}

func gpuModel(rec history.Record) string {
	models := map[string]int{}
	var order []string
	for _, g := range rec.GPUs {
		m := clean(strings.TrimPrefix(g.Model, "NVIDIA "))
		if m == "" {
			continue
		}
		if models[m] == 0 {
			order = append(order, m)
		}
		models[m]++
	}
	for i, m := range order {
		if n := models[m]; n > 1 {
			order[i] = fmt.Sprintf("%d × %s", n, m)
		}
	}
	return strings.Join(order, " + ")
}

// gpuMemory is the fullest device's peak, with what that device has where all
// have the same.
func gpuMemory(rec history.Record) string {
	if rec.GPUMemUsedPeakBytes == nil {
		return ""
	}
	var total uint64
	for i, g := range rec.GPUs {
		if t := valueOf(g.MemTotalBytes); i == 0 {
			total = t
		} else if t != total {
			total = 0
		}
	}
	return sizeOf(*rec.GPUMemUsedPeakBytes, total)
}

func hostParts(rec history.Record, meta history.Meta) (parts []string) {
	if rec.ProcessRSSPeakBytes != nil {
		parts = append(parts, "memory peak "+size(*rec.ProcessRSSPeakBytes))
	}
	if busy := cpuBusy(rec, meta); busy != "" {
		parts = append(parts, busy)
	}
	if len(parts) == 0 {
		return nil // of a machine on which nobody saw the program there is nothing to tell
	}
	if mem := hostMemory(rec, meta); mem != "" {
		parts = append(parts, mem)
	}
	return parts
}

func cpuBusy(rec history.Record, meta history.Meta) string {
	cpus := valueOf(rec.ProcessCPUPct) / 100
	switch n := fact(meta, "cpu_count"); {
	case !(cpus >= 0.005):
		return ""
	case cpus < 0.995:
		return fmt.Sprintf("%.0f %% of one CPU busy", cpus*100)
	case n > 0:
		return fmt.Sprintf("%.1f of %.0f CPUs busy", cpus, n)
	}
	return fmt.Sprintf("%.1f CPUs busy", cpus)
}

// hostMemory is of the machine, or of the cgroup where its limit is tighter.
func hostMemory(rec history.Record, meta history.Meta) string {
	used := rec.HostMemUsedPeakBytes
	if used == nil {
		used = rec.HostMemUsedBytes
	}
	if used == nil {
		return ""
	}
	of := "machine"
	if total := valueOf(rec.HostMemTotalBytes); total > 0 && float64(total) == fact(meta, "cgroup_mem_limit_bytes") {
		of = "memory limit"
	}
	return of + " " + sizeOf(*used, valueOf(rec.HostMemTotalBytes))
}

func besideParts(rec history.Record) (parts []string) {
	if rec.TimeToFirstStepS != nil {
		parts = append(parts, "first step at "+duration(*rec.TimeToFirstStepS))
	}
	for _, phase := range []struct {
		name string
		s    *float64
	}{
		{"eval", rec.EvalS},
		{"checkpoints", rec.CheckpointS},
		{"compiling", rec.CompileS},
	} {
		if v := valueOf(phase.s); v > 0 {
			parts = append(parts, phase.name+" "+duration(v))
		}
	}
	if v := valueOf(rec.DataWaitPct); v >= 0.05 {
		parts = append(parts, fmt.Sprintf("data wait %.2g %%", v))
	}
	return parts
}

// fact is a number among the run's system facts, 0 where there is none: after
// reading every number is a float64, before writing it may be any.
func fact(meta history.Meta, name string) float64 {
	switch v := meta.System[name].(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}

func valueOf[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
