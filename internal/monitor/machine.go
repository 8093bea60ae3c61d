package monitor

import (
	"fmt"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// devices are those that the run can use. known is false where nobody has
// looked, or the driver has not answered: then not even that there is none is
// known.
func (l *loop) devices() (list []gpu.Device, known bool) {
	for _, d := range l.snapshot.Devices {
		if d.Visible {
			list = append(list, d)
		}
	}
	return list, l.cfg.GPU != nil && l.answered
}

func (l *loop) systemAttrs() []event.Attr {
	s := l.system
	attrs := []event.Attr{
		word(event.OS, s.OS), word(event.OSRelease, s.OSRelease), word(event.Arch, s.Arch),
		number(event.CPUCount, s.CPUs), number(event.CPUCountPhysical, s.CPUsPhys),
		number(event.HostMemTotalBytes, s.MemTotal), number(event.CgroupMemLimitBytes, s.CgroupMem),
		float(event.CgroupCPULimit, s.CgroupCPU),
		event.Container.Of(orNone(s.Container)), event.Scheduler.Of(orNone(s.Scheduler)),
		event.Launcher.Of(orNone(l.rank.Launcher)), event.CI.Of(l.cfg.CI),
		word(event.GoVersion, s.GoVersion), word(event.PythonVersion, runtimeVersion(l.page)),
		word(event.DriverVersion, l.snapshot.Status.Driver), word(event.CUDAVersion, l.snapshot.Status.CUDA),
	}
	devices, known := l.devices()
	if known {
		attrs = append(attrs, event.GPUCount.Of(int64(len(devices))))
	}
	attrs = append(attrs, l.settings.packageAttrs()...)
	return append(attrs, gpuAttrs(devices)...)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func gpuAttrs(devices []gpu.Device) []event.Attr {
	if len(devices) == 0 {
		return nil
	}
	first, mixed, mig := devices[0], false, false
	var models []string
	for _, d := range devices {
		mixed = mixed || d.Model != first.Model
		mig = mig || d.MIG
		models = append(models, d.Model)
	}
	attrs := []event.Attr{
		word(event.GPUVendor, first.Vendor), word(event.GPUModel, first.Model), event.GPUModels.List(models...),
		event.GPUHeterogeneous.Of(mixed), word(event.GPUArch, first.Arch), event.GPUMIG.Of(mig),
	}
	if v, ok := first.MemTotal.Get(); ok {
		attrs = append(attrs, event.GPUMemTotalBytes.Of(int64(v)))
	}
	if v, ok := first.SMCount.Get(); ok {
		attrs = append(attrs, event.GPUSMCount.Of(int64(v)))
	}
	return attrs
}

func (l *loop) startAttrs() []event.Attr {
	attrs := []event.Attr{
		word(event.Framework, l.settings.framework(l.page.Source)),
		event.StepSource.Of(sourceWord(l.page.Source, l.steps)),
		event.NodesObserved.Of(1),
		count(event.NodeCount, int64(l.rank.Nodes)), count(event.LocalWorldSize, int64(l.rank.LocalWorld)),
		count(event.PlannedSteps, l.page.PlannedSteps), count(event.PlannedEpochs, l.page.PlannedEpochs),
	}
	if l.rank.Launcher == "" && l.rank.Rank < 0 && l.rank.World <= 1 { // nobody launched several of us
		attrs = append(attrs, event.NodeCount.Of(1), event.LocalWorldSize.Of(1))
	}
	return append(attrs, l.settings.attrs(l.cfg.Meta.Dir)...)
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

// recordSystem writes the machine into the record and reports whether there was
// room to.
func (l *loop) recordSystem() bool {
	facts := l.facts()
	return l.recorder.offer(func(w *history.Writer) { w.System(facts) })
}

// facts is the machine as far as it is known, under the events' names.
func (l *loop) facts() map[string]any {
	facts := map[string]any{}
	add := func(name string, value any, known bool) {
		if known {
			facts[name] = value
		}
	}
	if s := l.system; s != nil {
		add("os", s.OS, s.OS != "")
		add("os_release", s.OSRelease, s.OSRelease != "")
		add("arch", s.Arch, s.Arch != "")
		add("cpu_count", s.CPUs.Value, s.CPUs.OK)
		add("cpu_count_physical", s.CPUsPhys.Value, s.CPUsPhys.OK)
		add("host_mem_total_bytes", s.MemTotal.Value, s.MemTotal.OK)
		add("cgroup_mem_limit_bytes", s.CgroupMem.Value, s.CgroupMem.OK)
		add("cgroup_cpu_limit", s.CgroupCPU.Value, s.CgroupCPU.OK)
		add("container", orNone(s.Container), true)
		add("scheduler", orNone(s.Scheduler), true)
		add("go_version", s.GoVersion, s.GoVersion != "")
	}
	add("launcher", orNone(l.rank.Launcher), true)
	add("ci", l.cfg.CI, true)
	python := runtimeVersion(l.page)
	add("python_version", python, python != "")
	for name, version := range l.settings.Packages {
		add("pkg_"+name, version, true)
	}
	for name, value := range l.settings.Values {
		add(name, value, true)
	}
	status := l.snapshot.Status
	add("gpu_reason", status.Reason, status.Reason != "")
	add("driver_version", status.Driver, status.Driver != "")
	add("cuda_version", status.CUDA, status.CUDA != "")
	devices, known := l.devices()
	add("gpu_count", len(devices), known)
	if len(devices) > 0 {
		first := devices[0]
		sms, hasSMs := first.SMCount.Get()
		memory, hasMemory := first.MemTotal.Get()
		add("gpu_model", first.Model, first.Model != "")
		add("gpu_vendor", first.Vendor, first.Vendor != "")
		add("gpu_sm_count", sms, hasSMs)
		add("gpu_mem_total_bytes", memory, hasMemory)
	}
	return facts
}
