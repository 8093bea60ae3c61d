//go:build linux

package trainwatch_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
	"github.com/trainwatch/trainwatch/internal/capture"
)

// twoH200 is a node with two GPUs, one of them idle.
const twoH200 = `driver 570.86.15
cuda 12080
gpu NVIDIA H200
uuid GPU-11111111-2222-3333-4444-555555555555
cc 9 0
cores 16896
memory 150754820096 500000000 40000000000
util 87
temp 55
power 512000
energy 123456
sm 43.5
gpu NVIDIA H200
uuid GPU-66666666-7777-8888-9999-000000000000
cc 9 0
cores 16896
memory 150754820096 500000000 1000000000
util 0
temp 31
power 75000
energy 23456
sm 0
`

// TestWatchedRunOnGPUs: a driver library, loaded as the real one is, and what
// it says on the wire and in the record.
func TestWatchedRunOnGPUs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	library, err := fake.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte(twoH200), 0o600); err != nil {
		t.Fatal(err)
	}
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey).set("TRAINWATCH_NVML_LIBRARY", library, fake.ScriptVariable, script)
	p := w.trainwatch("run", "--interval", "200ms", "--report-interval", "1s", "--", programs.stepper)
	await(t, server, func(events []capture.Event) bool { return len(named(events, "train_progress")) >= 2 })
	if r := p.finish(); r.status != 0 || r.stderr != "" && !strings.Contains(r.stderr, "H200") {
		t.Errorf("exit %d, %q", r.status, r.stderr)
	}
	events := w.delivered(server, ourKey)
	checkOneRun(t, events)

	known := w.schema()
	for _, name := range []string{"system_info", "train_progress", "train_end"} {
		present := map[string]bool{}
		for _, e := range named(events, name) {
			for p, v := range e.Properties {
				present[p] = true
				if !slices.Contains(known[p], name) {
					t.Errorf("%s holds %s, which the schema does not tell of", name, p)
				}
				for _, row := range rows(v) {
					for column := range row {
						if !slices.Contains(known[p+"."+column], name) {
							t.Errorf("%s holds %s.%s, which the schema does not tell of", name, p, column)
						}
					}
				}
			}
		}
		for _, p := range documented()[name] {
			if (strings.HasPrefix(p, "gpu") || p == "driver_version" || p == "cuda_version") && p != "gpu_oom_recovered" && !present[p] {
				t.Errorf("no %s has %s", name, p)
			}
		}
	}
	system := only(t, events, "system_info")
	for property, want := range map[string]float64{"gpu_count": 2, "gpu_sm_count": 132, "gpu_mem_total_bytes": 150754820096} {
		if n, _ := system.Number(property); n != want {
			t.Errorf("%s is %v, want %v", property, n, want)
		}
	}
	if system.Text("gpu_model") != "NVIDIA H200" || system.Text("gpu_arch") != "hopper" || system.Properties["gpu_heterogeneous"] != false {
		t.Errorf("%s", system.Raw)
	}
	end := only(t, events, "train_end")
	for property, want := range map[string]float64{"gpu_util_pct": 43.5, "gpu_util_min_pct": 0} {
		if n, ok := end.Number(property); !ok || math.Abs(n-want) > 0.01 {
			t.Errorf("%s is %v, want %v", property, n, want)
		}
	}
	if strings.Contains(string(server.Wire()), "GPU-1111") {
		t.Error("a device's own number was sent")
	}
}
