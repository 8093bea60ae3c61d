package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/metrics"
)

// Late makes of a record as its monitor left it, which was gone before the
// program, the record of a run that ended at that time like this. pages are what
// the program has left of its steps.
func (e End) Late(r history.Record, at time.Time, pages *Pages) history.Record {
	t := metrics.NewRuntimeMetricsTracker(metrics.Config{Started: r.Started})
	pages.drain(time.Now(), true, func(h haul) { t.Feed(h.Drain) })
	gone := "; the monitor was gone before, and the numbers are those that it saw last"
	if totals := t.Totals(); totals.Steps > 0 && (r.StepsTotal == nil || int64(totals.Steps) >= *r.StepsTotal) {
		seen := r
		recordSteps(&r, totals)
		r.StepRecordsLost = seen.StepRecordsLost // what it has read is lost to us alone
		if totals.RecordsLost > 0 {
			r.EpochMeanS, r.SlowestSteps, r.LossLostAtStep = seen.EpochMeanS, seen.SlowestSteps, seen.LossLostAtStep
		}
		gone = "; the monitor was gone before, and the numbers that are not the steps' are those that it saw last"
	}
	r.HowItEnded = e.sentence() + gone
	r.Outcome = string(e.Outcome)
	r.ExitCode = history.Known(e.ExitCode, e.ExitCode >= 0)
	r.Signal = history.Known(e.Signal, e.Signal > 0)
	r.CrashClass = string(e.Report.Class)
	r.Message, r.Stack = e.Local.Message, e.Local.Stack
	r.Ended = history.Known(at, !at.IsZero())
	if took := at.Sub(r.Started).Seconds(); took > 0 && !r.Started.IsZero() {
		r.DurationS = &took
	}
	return r
}

// LateAttrs are those of train_end, as far as a record has them.
func LateAttrs(r history.Record) []event.Attr {
	return []event.Attr{
		event.Outcome.Of(r.Outcome), of(event.DurationS, r.DurationS), of(event.TimeToFirstStepS, r.TimeToFirstStepS),
		of(event.StepsTotal, r.StepsTotal), of(event.EpochsCompleted, r.EpochsCompleted), of(event.EpochMeanS, r.EpochMeanS),
		of(event.Step, r.Step), of(event.Epoch, r.Epoch), of(event.ProgressPct, r.ProgressPct),
		of(event.EvalS, r.EvalS), of(event.CheckpointS, r.CheckpointS),
		of(event.StepsPerS, r.StepsPerS), of(event.StepP50MS, r.StepP50MS), of(event.StepP95MS, r.StepP95MS),
		of(event.StepP99MS, r.StepP99MS), of(event.StepMaxMS, r.StepMaxMS), of(event.StepMeanMS, r.StepMeanMS),
		of(event.DataWaitPct, r.DataWaitPct), of(event.TokensTotal, r.TokensTotal), of(event.TokensPerS, r.TokensPerS),
		of(event.Loss, r.Loss), of(event.LearningRate, r.LearningRate), of(event.GradNorm, r.GradNorm),
		of(event.ProcessCPUPct, r.ProcessCPUPct), ofUnsigned(event.ProcessRSSPeakBytes, r.ProcessRSSPeakBytes),
		ofUnsigned(event.HostMemUsedPeakBytes, r.HostMemUsedPeakBytes),
		of(event.GPUUtilPct, r.GPUUtilPct), of(event.GPUUtilMinPct, r.GPUUtilMinPct),
		ofUnsigned(event.GPUMemUsedPeakBytes, r.GPUMemUsedPeakBytes),
		of(event.GPUSMActivePct, r.GPUSMActivePct), of(event.GPUPowerW, r.GPUPowerW), of(event.GPUEnergyJ, r.GPUEnergyJ),
		of(event.GPUOOMRecovered, r.GPUOOMRecovered), of(event.StepRecordsLost, r.StepRecordsLost),
		ofInt(event.ExitCode, r.ExitCode), ofInt(event.Signal, r.Signal),
	}
}

// LateSystem are those of system_info, as far as a record has them.
func LateSystem(facts map[string]any) []event.Attr {
	text := func(k event.Key[string]) event.Attr {
		s, _ := facts[k.Name()].(string)
		return word(k, s)
	}
	whole := func(k event.Key[int64]) event.Attr {
		if n, ok := facts[k.Name()].(float64); ok { // as JSON has it
			return k.Of(int64(n))
		}
		return event.Attr{}
	}
	return []event.Attr{
		text(event.OS), text(event.OSRelease), text(event.Arch), text(event.Container), text(event.Scheduler),
		text(event.Launcher), text(event.PythonVersion), text(event.DriverVersion), text(event.CUDAVersion),
		text(event.GPUModel), text(event.GPUVendor),
		whole(event.CPUCount), whole(event.CPUCountPhysical), whole(event.HostMemTotalBytes),
		whole(event.CgroupMemLimitBytes), whole(event.GPUCount), whole(event.GPUSMCount), whole(event.GPUMemTotalBytes),
	}
}
