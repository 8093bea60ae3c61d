package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/amd"
	"github.com/trainwatch/trainwatch/gpu/nvidia"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// gpus are the machine's GPUs, whoever made them, as the program's environment
// has them.
func (env *environment) gpus(nvml string) gpu.Source {
	return gpu.Join(nvidia.New(nvidia.Config{Library: nvml, Env: env.lookup}), amd.New(amd.Config{Env: env.lookup}))
}

// attachPatience is how long doctor waits for a driver that takes its time.
const attachPatience = 20 * time.Second

func examineGPUs(env *environment, s settings.Settings) []finding {
	green := examineSource("nvidia", nvidia.New(nvidia.Config{Library: s.NVMLLibrary, Env: env.lookup}))
	red := examineSource("amd", amd.New(amd.Config{Env: env.lookup}))
	return append(green, red...)
}

func examineSource(name string, source gpu.Source) []finding {
	ctx, cancel := context.WithTimeout(context.Background(), attachPatience)
	defer cancel()
	attached := make(chan struct{})
	go func() { defer close(attached); _ = source.Attach(ctx) }()
	select {
	case <-attached:
		defer source.Close()
	case <-ctx.Done():
		return []finding{{Name: name, Detail: fmt.Sprintf("the driver has not answered for %s; a run does not wait for it", attachPatience)}}
	}
	return examineSnapshot(name, source.Sample())
}

func examineSnapshot(name string, shot gpu.Snapshot) []finding {
	if !shot.Status.Available {
		return []finding{{Name: name, Detail: shot.Status.Reason}}
	}
	var parts []string
	if shot.Status.Driver != "" {
		parts = append(parts, "driver "+shot.Status.Driver)
	}
	if shot.Status.CUDA != "" {
		parts = append(parts, "CUDA up to "+shot.Status.CUDA)
	}
	parts = append(parts, fmt.Sprintf("%d GPU(s)", len(shot.Devices)))
	if share, ok := shot.Status.MPSPercent.Get(); ok {
		parts = append(parts, fmt.Sprintf("MPS leaves %g %% of the multiprocessors to a program", share))
	}
	detail := strings.Join(parts, ", ")
	if len(shot.Status.Missing) > 0 {
		detail += "; the driver has no " + strings.Join(shot.Status.Missing, ", ")
	}
	list := []finding{{Name: name, OK: true, Detail: detail}}
	for i, d := range shot.Devices {
		sample := sampleOf(shot, i)
		list = append(list, finding{
			Name: fmt.Sprintf("gpu %d%s", d.Index, partOf(d)), OK: sample.MemUsed.State == gpu.OK,
			Detail: describe(d, sample), Figures: figures(sample),
		})
	}
	return list
}

// partOf says which MIG instance of a GPU it is.
func partOf(d gpu.Device) string {
	if d.Parent == "" {
		return ""
	}
	return fmt.Sprintf(" mig %d.%d", d.GI, d.CI)
}

func sampleOf(shot gpu.Snapshot, device int) gpu.Sample {
	for _, s := range shot.Samples {
		if s.Device == device {
			return s
		}
	}
	return gpu.Without(device, gpu.Stale)
}

// figures says of each figure how it came about.
func figures(s gpu.Sample) map[string]string {
	all := map[string]string{}
	for _, name := range gpuFigures() {
		all[name] = gpu.OK.String()
	}
	for _, f := range s.NotRead() {
		all[f.Name] = f.State.String()
	}
	return all
}

// describe says of one device what it is, what of it cannot be read, and whether
// the run can use it.
func describe(d gpu.Device, s gpu.Sample) string {
	var parts []string
	if d.Model != "" {
		parts = append(parts, d.Model)
	}
	if total, ok := d.MemTotal.Get(); ok {
		parts = append(parts, fmt.Sprintf("%.1f GiB", float64(total)/(1<<30)))
	}
	if sms, ok := d.SMCount.Get(); ok {
		unit := "SMs"
		if d.Vendor == "amd" {
			unit = "CUs"
		}
		parts = append(parts, fmt.Sprintf("%d %s", sms, unit))
	}
	for _, state := range []gpu.State{gpu.Lost, gpu.Stale, gpu.Unsupported} {
		var names []string
		for _, f := range s.NotRead() {
			if f.State == state {
				names = append(names, f.Name)
			}
		}
		switch {
		case len(names) == len(gpuFigures()):
			parts = append(parts, "all figures "+state.String())
		case len(names) > 0:
			parts = append(parts, state.String()+": "+strings.Join(names, " "))
		}
	}
	used := "the run can use it"
	if !d.Visible {
		used = "the run cannot use it"
	}
	if d.VisibleBy != "" {
		used += " (" + d.VisibleBy + ")"
	}
	parts = append(parts, used, whose(d, s))
	return strings.Join(parts, ", ")
}

// whose says how a run will know the GPU for its own.
func whose(d gpu.Device, s gpu.Sample) string {
	n, ok := s.Health.Processes.Get()
	switch {
	case !ok:
		return "a run's own by that alone: the driver lists no processes"
	case d.HostPIDs:
		return fmt.Sprintf("a run's own by the processes on it where pids are the machine's own (%d now), else by that alone", n)
	}
	return fmt.Sprintf("a run's own by the processes on it (%d now)", n)
}

// gpuFigures are the names of all figures, in order.
func gpuFigures() []string {
	none := gpu.Without(0, gpu.Stale)
	var names []string
	for _, f := range none.NotRead() {
		names = append(names, f.Name)
	}
	return names
}
