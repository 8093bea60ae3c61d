package monitor

import (
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
)

// Replay makes again, from a record, the events of a run's start and end, as
// far as the record holds their figures, and sends them to client: a preview's.
func Replay(client *delivery.Client, stream *event.Stream, meta history.Meta, r history.Record) {
	client.Send(stream.New(event.SystemInfo, replaySystem(meta.System)...))
	client.Send(stream.New(event.TrainStart, event.NodesObserved.Of(1)))
	client.Send(stream.New(event.TrainEnd, replayEnd(r)...))
}

func replaySystem(facts map[string]any) []event.Attr {
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
	ci, _ := facts[event.CI.Name()].(bool)
	return []event.Attr{
		text(event.OS), text(event.OSRelease), text(event.Arch), text(event.Container), text(event.Scheduler),
		text(event.Launcher), text(event.GoVersion), text(event.PythonVersion), text(event.DriverVersion),
		text(event.CUDAVersion), text(event.GPUModel), text(event.GPUVendor),
		whole(event.CPUCount), whole(event.CPUCountPhysical), whole(event.HostMemTotalBytes),
		whole(event.CgroupMemLimitBytes), whole(event.GPUCount), whole(event.GPUSMCount),
		whole(event.GPUMemTotalBytes), event.CI.Of(ci),
	}
}

func replayEnd(r history.Record) []event.Attr {
	return []event.Attr{
		event.Outcome.Of(r.Outcome), of(event.DurationS, r.DurationS), of(event.TimeToFirstStepS, r.TimeToFirstStepS),
		of(event.StepsTotal, r.StepsTotal), of(event.EpochsCompleted, r.EpochsCompleted), of(event.EpochMeanS, r.EpochMeanS),
		of(event.EvalS, r.EvalS), of(event.CheckpointS, r.CheckpointS),
		of(event.StepsPerS, r.StepsPerS), of(event.StepP50MS, r.StepP50MS), of(event.StepP95MS, r.StepP95MS),
		of(event.StepP99MS, r.StepP99MS), of(event.StepMaxMS, r.StepMaxMS), of(event.StepMeanMS, r.StepMeanMS),
		of(event.DataWaitPct, r.DataWaitPct), of(event.TokensTotal, r.TokensTotal), of(event.TokensPerS, r.TokensPerS),
		of(event.Loss, r.Loss), of(event.LearningRate, r.LearningRate), of(event.GradNorm, r.GradNorm),
		of(event.ProcessCPUPct, r.ProcessCPUPct), ofUnsigned(event.ProcessRSSPeakBytes, r.ProcessRSSPeakBytes),
		ofUnsigned(event.HostMemUsedPeakBytes, r.HostMemUsedPeakBytes),
		of(event.GPUUtilPct, r.GPUUtilPct), of(event.GPUUtilMinPct, r.GPUUtilMinPct),
		ofUnsigned(event.GPUMemUsedBytes, r.GPUMemUsedBytes), ofUnsigned(event.GPUMemUsedMaxBytes, r.GPUMemUsedMaxBytes),
		ofUnsigned(event.GPUMemUsedPeakBytes, r.GPUMemUsedPeakBytes),
		of(event.GPUSMActivePct, r.GPUSMActivePct), of(event.GPUPowerW, r.GPUPowerW), of(event.GPUEnergyJ, r.GPUEnergyJ),
		of(event.AgentCPUS, r.AgentCPUS), ofUnsigned(event.AgentRSSBytes, r.AgentRSSBytes),
		of(event.StepRecordsLost, r.StepRecordsLost), of(event.DroppedEvents, r.DroppedEvents),
		ofInt(event.ExitCode, r.ExitCode), ofInt(event.Signal, r.Signal),
	}
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
