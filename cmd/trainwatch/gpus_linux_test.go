//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// gpuMachine is a world with a driver that says what a script says.
type gpuMachine struct {
	*world
	script string
}

func newGPUMachine(t *testing.T, script string, missing ...string) *gpuMachine {
	t.Helper()
	dir := t.TempDir()
	library, err := fake.Build(dir, missing...)
	if err != nil {
		t.Fatal(err)
	}
	g := &gpuMachine{newWorld(t), filepath.Join(dir, "script")}
	g.says(script)
	g.set("TRAINWATCH_NVML_LIBRARY", library, fake.ScriptVariable, g.script)
	return g
}

// says replaces the script as a whole.
func (g *gpuMachine) says(script string) {
	g.t.Helper()
	next := g.script + ".next"
	if err := os.WriteFile(next, []byte(script), 0o600); err != nil {
		g.t.Fatal(err)
	}
	if err := os.Rename(next, g.script); err != nil {
		g.t.Fatal(err)
	}
}

// gpuRecord is what a record says of GPUs.
type gpuRecord struct {
	GPU struct {
		By             string
		OtherProcesses *int `json:"other_processes"`
	}
	GPUs []struct {
		Index   int
		NotRead map[string]string `json:"not_read"`
	}
	GPUUtil *float64 `json:"gpu_util_pct"`
	Outcome string
}

func (g *gpuMachine) record(run string) (r gpuRecord) {
	g.t.Helper()
	out, _, status := g.cli("show", "--json", run)
	if status != 0 {
		return r // not there yet
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (r gpuRecord) indices() string {
	var all []int
	for _, g := range r.GPUs {
		all = append(all, g.Index)
	}
	return fmt.Sprint(all)
}

// TestTwoRunsOnFourGPUs: each run reports the devices that its own processes
// compute on, although it could use all.
func TestTwoRunsOnFourGPUs(t *testing.T) {
	const idle = "live\n" + "gpu NVIDIA H200\ngpu NVIDIA H200\ngpu NVIDIA H200\ngpu NVIDIA H200\n"
	g := newGPUMachine(t, idle)
	stop := filepath.Join(g.root, "stop")
	// The pid is a child's: the run is its whole tree.
	program := `sh -c 'echo $$ > '"$0"'.next; mv '"$0"'.next '"$0"'; while [ ! -e ` + stop + ` ]; do sleep 0.05; done'; true`
	pids, ended := map[string]string{}, map[string]chan string{}
	for _, name := range []string{"one", "two"} {
		file := filepath.Join(g.root, name)
		done := make(chan string, 1)
		ended[name] = done
		cmd := g.command("run", "--interval", "100ms", "--name", name, "--", "sh", "-c", program, file)
		go func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				done <- fmt.Sprintf("%v\n%s", err, out)
				return
			}
			done <- ""
		}()
		eventually(t, "a program that runs", func() bool {
			b, err := os.ReadFile(file)
			pids[name] = strings.TrimSpace(string(b))
			return err == nil && pids[name] != ""
		})
	}
	busy := func(pid string, others ...string) string {
		s := "gpu NVIDIA H200\nutil 90\n"
		for _, p := range append([]string{pid}, others...) {
			s += "process " + p + " 1000000\n"
		}
		return s
	}
	g.says("live\n" + busy(pids["one"]) + busy(pids["one"], "1") + busy(pids["two"]) + "gpu NVIDIA H200\n")
	for name, want := range map[string]string{"one": "[0 1]", "two": "[2]"} {
		eventually(t, name+" knows its GPUs", func() bool { return g.record(name).indices() == want })
	}
	if err := os.WriteFile(stop, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, done := range ended {
		if failed := <-done; failed != "" {
			t.Errorf("%s: %s", name, failed)
		}
	}
	for name, want := range map[string]struct {
		gpus   string
		others int
	}{"one": {"[0 1]", 1}, "two": {"[2]", 0}} {
		r := g.record(name)
		if r.indices() != want.gpus || !strings.Contains(r.GPU.By, "its processes compute there") ||
			r.GPU.OtherProcesses == nil || *r.GPU.OtherProcesses != want.others || r.Outcome != "ok" {
			t.Errorf("%s: %s, %+v, want %+v", name, r.indices(), r.GPU, want)
		}
	}
}

// TestRunWhereTheDriverHangs: whichever call it is, the program's end is the
// wrapper's, with its status, and there is a record of it.
func TestRunWhereTheDriverHangs(t *testing.T) {
	for _, call := range []string{
		"nvmlInit_v2", "nvmlDeviceGetCount_v2", "nvmlDeviceGetName", "nvmlDeviceGetUtilizationRates",
		"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlEventSetWait_v2", "nvmlShutdown",
	} {
		t.Run(call, func(t *testing.T) {
			g := newGPUMachine(t, "call "+call+" hang\ngpu NVIDIA H200\n")
			_, errs, status := g.cli("run", "--name", "hung", "--", "sh", "-c", "sleep 0.3; exit 3")
			if status != 3 {
				t.Errorf("exit %d\n%s", status, errs)
			}
			if r := g.record("hung"); r.Outcome != "error" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// doctorGPU is what doctor says of one GPU.
func (g *gpuMachine) doctorGPU() (detail string, figures map[string]string) {
	g.t.Helper()
	var said struct {
		Findings []finding
	}
	if err := json.Unmarshal([]byte(g.must("doctor", "--json")), &said); err != nil {
		g.t.Fatal(err)
	}
	at := slices.IndexFunc(said.Findings, func(f finding) bool { return f.Name == "gpu 0" })
	if at < 0 {
		g.t.Fatalf("no GPU: %+v", said)
	}
	return said.Findings[at].Detail, said.Findings[at].Figures
}

func TestDoctorOnGPUs(t *testing.T) {
	g := newGPUMachine(t, "gpu NVIDIA H200\nprocess 7 1000\n", "nvmlDeviceGetUtilizationRates")
	detail, figures := g.doctorGPU()
	for _, want := range []string{"NVIDIA H200", "132 SMs", "unsupported: util_pct", "no CUDA_VISIBLE_DEVICES", "processes on it (1 now)"} {
		if !strings.Contains(detail, want) {
			t.Errorf("%q does not say %q", detail, want)
		}
	}
	if figures["util_pct"] != "unsupported" || figures["mem_used_bytes"] != "ok" || len(figures) < 25 {
		t.Errorf("%v", figures)
	}
	g.says("call nvmlDeviceGetMemoryInfo_v2 error 15\nlive\ngpu NVIDIA H200\ndriver 525.60.13\n")
	if detail, figures = g.doctorGPU(); figures["mem_used_bytes"] != "lost" || figures["power_w"] != "lost" || !strings.Contains(detail, "lost") {
		t.Errorf("%s\n%v", detail, figures)
	}
}

// TestNoDriver: of GPUs there is nothing to say but that there is none, and
// doctor says why.
func TestNoDriver(t *testing.T) {
	w := newWorld(t)
	out := w.must("telemetry", "preview", "--", "sleep", "1")
	counted := false
	for line := range strings.Lines(out) {
		var e struct {
			Event      string
			Properties map[string]any
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		for property, value := range e.Properties {
			switch {
			case property == "gpu_count":
				counted = true
				if value != 0.0 {
					t.Errorf("gpu_count is %v", value)
				}
			case strings.HasPrefix(property, "gpu") || property == "driver_version" || property == "cuda_version":
				t.Errorf("%s holds %s: %v", e.Event, property, value)
			}
		}
	}
	if !counted {
		t.Errorf("no gpu_count in\n%s", out)
	}
	if said := w.must("doctor"); !strings.Contains(said, "no NVIDIA driver was found") || !strings.Contains(said, "no AMD GPU was found") {
		t.Error(said)
	}
}
