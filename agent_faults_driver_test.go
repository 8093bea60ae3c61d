//go:build linux

package trainwatch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// driverFaults are made with a library that is loaded as NVIDIA's is. None of
// them has anything to do with the network: the events arrive.
func driverFaults() []fault {
	d := func(name, how string, run func(*row)) fault {
		return fault{kind: driver, name: name, how: how, despite: true, run: run}
	}
	const one = "gpu NVIDIA H200\n"
	return []fault{
		d("no driver library", "a path that is not there", byDriver("", "")),
		d("a library that is none", "a text file of its name", func(r *row) {
			file := filepath.Join(r.w.tmp, "libnvidia-ml.so.1")
			r.must(os.WriteFile(file, []byte("not an object\n"), 0o700))
			r.w.set("TRAINWATCH_NVML_LIBRARY", file)
			r.watch()
			r.ends(nothing)
			r.collect()
		}),
		d("no kernel driver", "nvmlInit says 9", byDriver("call nvmlInit_v2 error 9\n"+one, "")),
		d("library and driver of different versions", "nvmlInit says 18", byDriver("call nvmlInit_v2 error 18\n"+one, "")),
		d("no permission", "nvmlInit says 4", byDriver("call nvmlInit_v2 error 4\n"+one, "")),
		d("nvmlInit never returns", "as on a node with a broken GPU", byDriver("call nvmlInit_v2 hang\n"+one, "")),
		d("a call never returns", "nvmlDeviceGetMemoryInfo_v2 hangs in the middle of the run", byDriver("live\n"+one, "live\ncall nvmlDeviceGetMemoryInfo_v2 hang\n"+one)),
		d("the GPU falls off the bus", "every call says 15 from the middle of the run on", byDriver("live\n"+one, "live\n"+gone15+one)),
		d("the driver is reloaded", "the session changes in the middle of the run", byDriver("live\nsession 1\n"+one, "live\nsession 2\n"+one)),
		d("an old driver without a function", "no symbol nvmlDeviceGetFieldValues", func(r *row) { r.withDriver(one, "", "nvmlDeviceGetFieldValues") }),
		{
			kind: driver, name: "the driver ends its process", how: "abort(3) in the middle of the run: the monitor dies, nobody else; what it had accepted is kept",
			run: func(r *row) {
				r.server.Down()
				r.gpuRun("live\n"+one, "live\ncall nvmlDeviceGetMemoryInfo_v2 abort\n"+one, nil, func() {
					eventually(r.t, "the monitor dies", func() bool { return !r.anyMonitor() })
				})
				r.w.settle()
				waiting := r.w.waiting()
				r.ends(func() { r.must(r.server.Up()) })
				events := r.flushed()
				if len(events) != waiting {
					r.t.Errorf("%d events waited, %d arrived", waiting, len(events))
				}
				r.checkEvents(events, false)
			},
		},
	}
}

var gone15 = strings.Join([]string{
	"call nvmlDeviceGetMemoryInfo_v2 error 15", "call nvmlDeviceGetUtilizationRates error 15",
	"call nvmlDeviceGetFieldValues error 15", "call nvmlDeviceGetTemperatureV error 15", "",
}, "\n")

func byDriver(script, then string) func(*row) {
	return func(r *row) { r.withDriver(script, then) }
}

// withDriver runs with a library that does what a script says, and from the
// middle of the run on what another says.
func (r *row) withDriver(script, then string, missing ...string) {
	r.t.Helper()
	if script == "" {
		r.watch()
	} else {
		r.gpuRun(script, then, missing, nothing)
	}
	r.ends(nothing)
	r.collect()
}

func (r *row) gpuRun(script, then string, missing []string, meanwhile func()) {
	r.t.Helper()
	dir := r.t.TempDir()
	library, err := fake.Build(dir, missing...)
	r.must(err)
	file := filepath.Join(dir, "script")
	says := func(text string) {
		r.must(os.WriteFile(file+".next", []byte(text), 0o600))
		r.must(os.Rename(file+".next", file))
	}
	says(script)
	r.w.set("TRAINWATCH_NVML_LIBRARY", library, fake.ScriptVariable, file,
		"TRAINWATCH_INTERVAL", "100ms", "TRAINWATCH_REPORT_INTERVAL", "1s")
	r.compareHeld(r.program("-steps", "0"), func(*process) {
		if then == "" {
			return
		}
		told := func() int { return r.w.waiting() + len(r.server.Events()) }
		eventually(r.t, "the run has begun", func() bool { return told() >= 3 })
		before := told()
		says(then)
		meanwhile()
		eventually(r.t, "the run goes on", func() bool { return told() > before || !r.anyMonitor() })
	})
}

// anyMonitor reports whether one of this world runs.
func (r *row) anyMonitor() bool {
	for _, pid := range r.w.processes() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && isMonitor(strings.TrimRight(string(line), "\x00")) {
			return true
		}
	}
	return false
}
