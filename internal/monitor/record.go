package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/metrics"
)

// known turns a measured value into a history field.
func known[T any](o metrics.Opt[T]) *T { return history.Known(o.Value, o.OK) }

// positive is known for a number that is only worth a word when it is not 0.
func positive(d time.Duration) *float64 { return history.Known(d.Seconds(), d > 0) }

// record turns the run's facts into the user's record of it, at a time since it
// started.
func (l *loop) record(t metrics.Totals, at time.Duration) history.Record {
	s := &t.Statistics
	r := history.Record{
		DurationS: history.Known(at.Seconds(), true),

		HostMemUsedBytes: known(s.Host.MemUsed), HostMemTotalBytes: known(s.Host.MemTotal),
		HostMemUsedPeakBytes: known(s.HostMemPeak),
		ProcessRSSBytes:      known(s.Host.RSS), ProcessRSSPeakBytes: known(s.RSSPeak),
		ProcessCPUPct: known(s.CPUPctMean),

		GPUUtilPct: known(s.GPU.UtilPct), GPUUtilMinPct: known(s.GPU.UtilMinPct),
		GPUMemUsedBytes: known(s.GPU.MemUsed), GPUMemUsedMaxBytes: known(s.GPU.MemUsedMax),
		GPUMemUsedPeakBytes: known(s.GPU.MemUsedPeak),
		GPUSMActivePct:      known(s.GPU.SMActivePct), GPUPowerW: known(s.GPU.PowerW), GPUEnergyJ: known(s.GPU.EnergyJ),

		SampleIntervalS: positive(l.slowest),
	}
	recordSteps(&r, t)
	recordGPUs(&r, &s.GPU, l.snapshot.Status)
	cpu, rss := l.cost()
	r.AgentCPUS, r.AgentRSSBytes = known(cpu), known(rss)
	if l.cfg.Client != nil {
		dropped := int64(l.cfg.Client.Stats().Dropped)
		r.DroppedEvents = history.Known(dropped, dropped > 0)
	}
	return r
}

// recordSteps enters what the training loop told.
func recordSteps(r *history.Record, t metrics.Totals) {
	s := &t.Statistics
	r.TimeToFirstStepS = history.Known(t.TimeToFirstStep.Value.Seconds(), t.TimeToFirstStep.OK)
	r.StepsTotal = history.Known(int64(s.Steps), s.Steps > 0)
	r.EpochsCompleted = history.Known(int64(t.EpochsCompleted), t.EpochsCompleted > 0)
	r.EpochMeanS = history.Known(t.EpochMean.Value.Seconds(), t.EpochMean.OK)
	r.EvalS, r.CheckpointS = positive(t.Eval), positive(t.Checkpoint)
	r.DataWaitS, r.CompileS = positive(t.DataWait), positive(t.Compile)
	r.Step, r.Epoch, r.ProgressPct = known(s.Step), known(s.Epoch), known(s.ProgressPct)
	r.StepsPerS, r.DataWaitPct = known(s.StepsPerS), known(s.DataWaitPct)
	r.StepP50MS, r.StepP95MS, r.StepP99MS = known(s.StepTime.P50), known(s.StepTime.P95), known(s.StepTime.P99)
	r.StepMaxMS, r.StepMeanMS = known(s.StepTime.Max), known(s.StepTime.Mean)
	r.TokensTotal, r.TokensPerS = known(s.Tokens), known(s.TokensPerS)
	r.Loss, r.LossLostAtStep = known(s.Loss), known(t.LossLostAt)
	r.LearningRate, r.GradNorm = known(s.LearningRate), known(s.GradNorm)
	r.StepRecordsLost = history.Known(int64(t.RecordsLost), t.RecordsLost > 0)
	r.SlowestSteps = nil
	for _, slow := range t.Slowest {
		r.SlowestSteps = append(r.SlowestSteps, history.SlowStep{
			Step: slow.Step, TookMS: milliseconds(slow.Took), AtS: slow.At.Seconds(),
		})
	}
}

// cost returns what watching has cost so far: of this process where it does
// nothing else, otherwise the CPU time of the loop alone.
func (l *loop) cost() (cpuS metrics.Opt[float64], rss metrics.Opt[uint64]) {
	if l.cfg.OwnProcess {
		return ownCost()
	}
	return metrics.Opt[float64]{Value: l.spent.Seconds(), OK: l.spent > 0}, rss
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
