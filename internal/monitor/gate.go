package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/metrics"
)

// number lets a fact through the gate where there is one.
func number[T ~int | ~int64 | ~uint64](k event.Key[int64], o metrics.Opt[T]) event.Attr {
	if !o.OK || o.Value < 0 {
		return event.Attr{}
	}
	return k.Of(int64(o.Value))
}

func float(k event.Key[float64], o metrics.Opt[float64]) event.Attr {
	if !o.OK {
		return event.Attr{}
	}
	return k.Of(o.Value)
}

func seconds(k event.Key[float64], o metrics.Opt[time.Duration]) event.Attr {
	return float(k, metrics.Opt[float64]{Value: o.Value.Seconds(), OK: o.OK})
}

func word(k event.Key[string], s string) event.Attr {
	if s == "" {
		return event.Attr{}
	}
	return k.Of(s)
}

// count lets a number through that is not known where it is not above 0.
func count(k event.Key[int64], n int64) event.Attr {
	if n < 1 {
		return event.Attr{}
	}
	return k.Of(n)
}

func progressAttrs(s metrics.Statistics, elapsed time.Duration) []event.Attr {
	return append(statisticsAttrs(s),
		event.ElapsedS.Of(elapsed.Seconds()), event.IntervalS.Of(s.Span.Seconds()),
		number(event.HostMemUsedBytes, s.Host.MemUsed), number(event.HostMemTotalBytes, s.Host.MemTotal),
		number(event.ProcessRSSBytes, s.Host.RSS),
	)
}

// statisticsAttrs are what progress and end have in common.
func statisticsAttrs(s metrics.Statistics) []event.Attr {
	attrs := []event.Attr{
		number(event.Step, s.Step), float(event.Epoch, s.Epoch), float(event.ProgressPct, s.ProgressPct),
		float(event.StepsPerS, s.StepsPerS),
		float(event.StepP50MS, s.StepTime.P50), float(event.StepP95MS, s.StepTime.P95),
		float(event.StepP99MS, s.StepTime.P99), float(event.StepMaxMS, s.StepTime.Max),
		float(event.StepMeanMS, s.StepTime.Mean), float(event.DataWaitPct, s.DataWaitPct),
		number(event.TokensTotal, s.Tokens), float(event.TokensPerS, s.TokensPerS),
		float(event.Loss, s.Loss), float(event.LearningRate, s.LearningRate), float(event.GradNorm, s.GradNorm),
		float(event.ProcessCPUPct, s.CPUPctMean), number(event.ProcessRSSPeakBytes, s.RSSPeak),
		float(event.GPUUtilPct, s.GPU.UtilPct), float(event.GPUUtilMinPct, s.GPU.UtilMinPct),
		number(event.GPUMemUsedBytes, s.GPU.MemUsed), number(event.GPUMemUsedMaxBytes, s.GPU.MemUsedMax),
		number(event.GPUMemUsedPeakBytes, s.GPU.MemUsedPeak),
		float(event.GPUSMActivePct, s.GPU.SMActivePct), float(event.GPUPowerW, s.GPU.PowerW),
	}
	return append(attrs, gpuRows(s.GPU))
}

// endAttrs are those of train_end; r is the record of the same end.
func (l *loop) endAttrs(e End, t metrics.Totals, r history.Record) []event.Attr {
	attrs := append(statisticsAttrs(t.Statistics),
		event.Outcome.Of(string(e.Outcome)), of(event.DurationS, r.DurationS),
		seconds(event.TimeToFirstStepS, t.TimeToFirstStep), seconds(event.EpochMeanS, t.EpochMean),
		number(event.HostMemUsedPeakBytes, t.HostMemPeak), float(event.GPUEnergyJ, t.GPU.EnergyJ),
		of(event.GPUOOMRecovered, r.GPUOOMRecovered),
		event.DroppedEvents.Of(int64(l.cfg.Client.Stats().Dropped)),
		of(event.AgentCPUS, r.AgentCPUS), ofUnsigned(event.AgentRSSBytes, r.AgentRSSBytes),
		ofInt(event.ExitCode, r.ExitCode), ofInt(event.Signal, r.Signal),
	)
	if l.page.Head == 0 {
		return attrs // the program told nothing: not even that there was nothing to tell
	}
	return append(attrs,
		event.StepsTotal.Of(int64(t.Steps)), event.EpochsCompleted.Of(int64(t.EpochsCompleted)),
		event.EvalS.Of(t.Eval.Seconds()), event.CheckpointS.Of(t.Checkpoint.Seconds()),
		event.StepRecordsLost.Of(int64(t.RecordsLost)),
	)
}

func of[T int64 | float64](k event.Key[T], v *T) event.Attr {
	if v == nil {
		return event.Attr{}
	}
	return k.Of(*v)
}

func ofUnsigned(k event.Key[int64], v *uint64) event.Attr {
	if v == nil {
		return event.Attr{}
	}
	return k.Of(int64(*v))
}

func ofInt(k event.Key[int64], v *int) event.Attr {
	if v == nil {
		return event.Attr{}
	}
	return k.Of(int64(*v))
}
