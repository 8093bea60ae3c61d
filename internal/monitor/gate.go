package monitor

import (
	"fmt"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
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

func count(k event.Key[int64], n int) event.Attr {
	if n < 1 {
		return event.Attr{}
	}
	return k.Of(int64(n))
}

func (m *Monitor) systemAttrs(s metrics.System) []event.Attr {
	attrs := []event.Attr{
		word(event.OS, s.OS), word(event.OSRelease, s.OSRelease), word(event.Arch, s.Arch),
		number(event.CPUCount, s.CPUs), number(event.CPUCountPhysical, s.CPUsPhys),
		number(event.HostMemTotalBytes, s.MemTotal), number(event.CgroupMemLimitBytes, s.CgroupMem),
		float(event.CgroupCPULimit, s.CgroupCPU),
		event.Container.Of(orNone(s.Container)), event.Scheduler.Of(orNone(s.Scheduler)),
		event.Launcher.Of(orNone(m.rank.Launcher)), event.CI.Of(m.cfg.CI),
		word(event.GoVersion, s.GoVersion), word(event.PythonVersion, m.runtime),
	}
	return append(attrs, gpuAttrs(m.snapshot)...)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// gpuAttrs tells of the devices that the run can use. Where a driver has not
// answered, nothing is known, not even that there is none.
func gpuAttrs(shot gpu.Snapshot) []event.Attr {
	var devices []gpu.Device
	for _, d := range shot.Devices {
		if d.Visible {
			devices = append(devices, d)
		}
	}
	attrs := []event.Attr{
		event.GPUCount.Of(int64(len(devices))),
		word(event.DriverVersion, shot.Status.Driver), word(event.CUDAVersion, shot.Status.CUDA),
	}
	if len(devices) == 0 {
		return attrs
	}
	first, mixed, mig := devices[0], false, false
	var models []string
	for _, d := range devices {
		mixed = mixed || d.Model != first.Model
		mig = mig || d.MIG
		models = append(models, d.Model)
	}
	attrs = append(attrs,
		word(event.GPUVendor, first.Vendor), word(event.GPUModel, first.Model), event.GPUModels.List(models...),
		event.GPUHeterogeneous.Of(mixed), word(event.GPUArch, first.Arch), event.GPUMIG.Of(mig))
	if v, ok := first.MemTotal.Get(); ok {
		attrs = append(attrs, event.GPUMemTotalBytes.Of(int64(v)))
	}
	if v, ok := first.SMCount.Get(); ok {
		attrs = append(attrs, event.GPUSMCount.Of(int64(v)))
	}
	return attrs
}

func (m *Monitor) startAttrs() []event.Attr {
	attrs := []event.Attr{
		word(event.Framework, frameworkOf(m.source)),
		event.StepSource.Of(sourceWord(m.source, m.steps)),
		event.PlannedSteps.Of(m.planned.PlannedSteps), event.PlannedEpochs.Of(m.planned.PlannedEpochs),
		event.NodesObserved.Of(1),
		count(event.NodeCount, m.rank.Nodes), count(event.LocalWorldSize, m.rank.LocalWorld),
	}
	if m.rank.Launcher == "" && m.rank.Rank < 0 { // nobody launched several of us
		attrs = append(attrs, event.NodeCount.Of(1), event.LocalWorldSize.Of(1))
	}
	return attrs
}

// sourceWord says who reports the steps, "none" where nobody has yet.
func sourceWord(source steps.Source, reported uint64) string {
	if reported == 0 || source == steps.SourceUnknown {
		return "none"
	}
	return source.String()
}

func frameworkOf(s steps.Source) string {
	switch s {
	case steps.SourceGo:
		return "go"
	case steps.SourcePython:
		return "python"
	case steps.SourceTorch:
		return "torch"
	case steps.SourceHF:
		return "transformers"
	case steps.SourceLightning:
		return "lightning"
	case steps.SourceKeras:
		return "keras"
	case steps.SourceOther:
		return "other"
	}
	return ""
}

// runtimeVersion is the Python version of a page that Python wrote, "" of others.
func runtimeVersion(h steps.Header) string {
	if h.Runtime == 0 || h.Source == steps.SourceGo || h.Source == steps.SourceOther || h.Source == steps.SourceUnknown {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", h.Runtime>>16, h.Runtime>>8&0xff, h.Runtime&0xff)
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
	var rows [][]event.Attr
	for _, d := range s.GPU.Devices {
		rows = append(rows, []event.Attr{
			event.RowIndex.Of(int64(d.Index)), float(event.RowUtilPct, d.UtilPct),
			number(event.RowMemUsedBytes, d.MemUsed), number(event.RowMemUsedPeakBytes, d.MemUsedPeak),
			number(event.RowMemTotalBytes, d.MemTotal), float(event.RowSMActivePct, d.SMActivePct),
			float(event.RowPowerW, d.PowerW), float(event.RowTempC, d.TempC),
		})
	}
	return append(attrs, event.Rows(event.GPUs, rows...))
}

func (m *Monitor) endAttrs(how End, t metrics.Totals) []event.Attr {
	attrs := append(statisticsAttrs(t.Statistics),
		event.Outcome.Of(string(how.Outcome)), event.DurationS.Of(m.elapsed().Seconds()),
		seconds(event.TimeToFirstStepS, t.TimeToFirstStep),
		event.StepsTotal.Of(int64(t.Steps)), event.EpochsCompleted.Of(int64(t.EpochsCompleted)),
		seconds(event.EpochMeanS, t.EpochMean),
		event.EvalS.Of(t.Eval.Seconds()), event.CheckpointS.Of(t.Checkpoint.Seconds()),
		number(event.HostMemUsedPeakBytes, t.HostMemPeak), float(event.GPUEnergyJ, t.GPU.EnergyJ),
		event.StepRecordsLost.Of(int64(t.RecordsLost)),
		event.DroppedEvents.Of(int64(m.cfg.Client.Stats().Dropped)),
	)
	if how.ExitCode >= 0 {
		attrs = append(attrs, event.ExitCode.Of(int64(how.ExitCode)))
	}
	if how.Signal > 0 {
		attrs = append(attrs, event.Signal.Of(int64(how.Signal)))
	}
	cpu, rss := m.cfg.cost(m.tickCost)
	return append(attrs, float(event.AgentCPUS, cpu), number(event.AgentRSSBytes, rss))
}

// ExceptionAttrs lets a Report through the gate.
func ExceptionAttrs(r errors.Report) []event.Attr {
	var rows []event.ExceptionRow
	for _, e := range r.Exceptions {
		row := event.ExceptionRow{Type: e.Type}
		for _, f := range e.Frames {
			row.Frames = append(row.Frames, event.FrameRow{Module: f.Module, Symbol: f.Symbol, Line: f.Line})
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		rows = []event.ExceptionRow{{}}
	}
	attrs := []event.Attr{event.ExceptionList(string(r.Class), rows...)}
	if r.Errno > 0 {
		attrs = append(attrs, event.Errno.Of(int64(r.Errno)))
	}
	if r.ExitCode >= 0 {
		attrs = append(attrs, event.ExitCode.Of(int64(r.ExitCode)))
	}
	if r.Signal > 0 {
		attrs = append(attrs, event.Signal.Of(int64(r.Signal)))
	}
	if r.FramesTotal > 0 {
		attrs = append(attrs, event.FramesTotal.Of(int64(r.FramesTotal)))
	}
	return attrs
}

// recordSystem writes the machine into the record, under the events' names.
func (m *Monitor) recordSystem(s metrics.System) {
	facts := map[string]any{}
	for _, one := range []struct {
		key   string
		value any
		known bool
	}{
		{"os", s.OS, s.OS != ""},
		{"os_release", s.OSRelease, s.OSRelease != ""},
		{"arch", s.Arch, s.Arch != ""},
		{"cpu_count", s.CPUs.Value, s.CPUs.OK},
		{"cpu_count_physical", s.CPUsPhys.Value, s.CPUsPhys.OK},
		{"host_mem_total_bytes", s.MemTotal.Value, s.MemTotal.OK},
		{"cgroup_mem_limit_bytes", s.CgroupMem.Value, s.CgroupMem.OK},
		{"cgroup_cpu_limit", s.CgroupCPU.Value, s.CgroupCPU.OK},
		{"container", orNone(s.Container), true},
		{"scheduler", orNone(s.Scheduler), true},
		{"launcher", orNone(m.rank.Launcher), true},
		{"ci", m.cfg.CI, true},
		{"go_version", s.GoVersion, s.GoVersion != ""},
		{"python_version", m.runtime, m.runtime != ""},
		{"gpu_reason", m.snapshot.Status.Reason, m.snapshot.Status.Reason != ""},
		{"driver_version", m.snapshot.Status.Driver, m.snapshot.Status.Driver != ""},
		{"cuda_version", m.snapshot.Status.CUDA, m.snapshot.Status.CUDA != ""},
	} {
		if one.known {
			facts[one.key] = one.value
		}
	}
	visible := 0
	for _, d := range m.snapshot.Devices {
		if !d.Visible {
			continue
		}
		if visible == 0 {
			facts["gpu_model"], facts["gpu_vendor"] = d.Model, d.Vendor
			if n, ok := d.SMCount.Get(); ok {
				facts["gpu_sm_count"] = n
			}
			if n, ok := d.MemTotal.Get(); ok {
				facts["gpu_mem_total_bytes"] = n
			}
		}
		visible++
	}
	facts["gpu_count"] = visible
	m.recorder.do(func(w *history.Writer) { w.System(facts) })
}
