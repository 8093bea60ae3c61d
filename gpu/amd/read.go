package amd

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/gpu"
)

// read is one round over a card. It may hang.
func (c *card) read(files fs.FS) (gpu.Sample, []gpu.Process) {
	in := func(name string) string { return path.Join(c.dir, name) }
	// A device that has been removed has lost its directory.
	if _, err := text(files, in("vendor")); err != nil {
		state := stateOf(err)
		if errors.Is(err, fs.ErrNotExist) {
			state = gpu.Lost
		}
		return gpu.Without(0, state), nil
	}
	// One that sleeps would be woken by the question, and has nothing to say.
	if status, err := text(files, in("power/runtime_status")); err == nil && (status == "suspended" || status == "suspending") {
		return gpu.Without(0, gpu.Stale), nil
	}
	s := gpu.Sample{
		Util:    percent(files, in("gpu_busy_percent")),
		MemUtil: percent(files, in("mem_busy_percent")),
		MemUsed: whole(files, in("mem_info_vram_used")),
		Health:  gpu.Health{PCIeReplays: whole(files, in("pcie_replay_count"))},
	}
	if t, err := text(files, in("ras/umc_err_count")); err != nil {
		s.Health.ECCCorrected.State, s.Health.ECCUncorrected.State = stateOf(err), stateOf(err)
	} else if uncorrected, corrected, ok := errorCounts(t); ok {
		s.Health.ECCCorrected, s.Health.ECCUncorrected = gpu.Read(corrected), gpu.Read(uncorrected)
	}
	c.readHwmon(files, &s)
	processes := c.processes(files, &s)
	return s, processes
}

func (c *card) readHwmon(files fs.FS, s *gpu.Sample) {
	if c.hwmon == "" {
		return
	}
	in := func(name string) string { return path.Join(c.hwmon, name) }
	// Since Linux 6.6 a device tells one of the two: the mean, or the power now.
	if s.PowerW = scaled(files, in("power1_average"), 1e-6); s.PowerW.State == gpu.Unsupported {
		s.PowerW = scaled(files, in("power1_input"), 1e-6)
	}
	s.Health.PowerLimitW = scaled(files, in("power1_cap"), 1e-6)
	s.SMClock = scaled(files, in("freq1_input"), 1e-6) // sclk, Hz
	// Accelerators have no sensor at the edge.
	for sensor := range 4 {
		name := "temp" + strconv.Itoa(sensor+1)
		label, err := text(files, in(name+"_label"))
		if err != nil {
			continue
		}
		switch c := scaled(files, in(name+"_input"), 1e-3); label {
		case "edge":
			s.TempC = c
		case "junction":
			if s.TempC.State != gpu.OK {
				s.TempC = c
			}
		case "mem":
			s.MemTempC = c
		}
	}
}

// processes lists who computes on the card, by the machine's own pids.
func (c *card) processes(files fs.FS, s *gpu.Sample) []gpu.Process {
	const list = "sys/class/kfd/kfd/proc"
	entries, err := fs.ReadDir(files, list)
	if err != nil || c.gpuID == 0 {
		s.Health.Processes.State = stateOf(err)
		if err == nil {
			s.Health.Processes.State = gpu.Unsupported
		}
		return nil
	}
	var all []gpu.Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid <= 0 {
			continue
		}
		used := whole(files, path.Join(list, e.Name(), "vram_"+strconv.FormatUint(c.gpuID, 10)))
		if used.Value > 0 { // every process has such a file for every card
			all = append(all, gpu.Process{PID: pid, MemUsed: used})
		}
	}
	s.Health.Processes = gpu.Read(len(all))
	return all
}

// driverVersion is amdgpu's where it was built apart from the kernel; "" else.
func driverVersion(files fs.FS) string {
	v, err := text(files, "sys/module/amdgpu/version")
	if err != nil || strings.ContainsAny(v, "\n ") {
		return ""
	}
	return v
}
