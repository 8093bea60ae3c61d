package event_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/public"
)

func TestWhatKeysAdmit(t *testing.T) {
	long := make([]byte, 1<<16)
	for i := range long {
		long[i] = '1'
	}
	for _, c := range []struct {
		name     string
		event    event.Name
		property string
		attr     event.Attr
		want     any // nil: dropped
	}{
		{"count", event.SystemInfo, "cpu_count", event.CPUCount.Of(128), 128.0},
		{"count of 0 CPUs", event.SystemInfo, "cpu_count", event.CPUCount.Of(0), nil},
		{"count of 0 GPUs", event.SystemInfo, "gpu_count", event.GPUCount.Of(0), 0.0},
		{"negative bytes", event.TrainEnd, "agent_rss_bytes", event.AgentRSSBytes.Of(-1), nil},
		{"more than a float holds", event.TrainEnd, "steps_total", event.StepsTotal.Of(math.MaxInt64), nil},
		{"exit status", event.TrainEnd, "exit_code", event.ExitCode.Of(255), 255.0},
		{"no exit status", event.TrainEnd, "exit_code", event.ExitCode.Of(-1), nil},
		{"signal", event.TrainEnd, "signal", event.Signal.Of(9), 9.0},
		{"no signal", event.TrainEnd, "signal", event.Signal.Of(0), nil},
		{"loss", event.TrainProgress, "loss", event.Loss.Of(-1.25e-9), -1.25e-9},
		{"loss of 0", event.TrainProgress, "loss", event.Loss.Of(0), 0.0},
		{"diverged", event.TrainProgress, "loss", event.Loss.Of(math.NaN()), nil},
		{"overflowed", event.TrainProgress, "loss", event.Loss.Of(math.Inf(1)), nil},
		{"underflowed", event.TrainProgress, "loss", event.Loss.Of(math.Inf(-1)), nil},
		{"largest float", event.TrainProgress, "loss", event.Loss.Of(math.MaxFloat64), math.MaxFloat64},
		{"smallest float", event.TrainProgress, "loss", event.Loss.Of(math.SmallestNonzeroFloat64), math.SmallestNonzeroFloat64},
		{"negative time", event.TrainProgress, "step_p50_ms", event.StepP50MS.Of(-1), nil},
		{"a mean's rounding error", event.TrainProgress, "gpu_util_pct", event.GPUUtilPct.Of(100.00000000000001), 100.0},
		{"more than all", event.TrainProgress, "gpu_util_pct", event.GPUUtilPct.Of(400), nil},
		{"many cores", event.TrainProgress, "process_cpu_pct", event.ProcessCPUPct.Of(6400), 6400.0},
		{"frost", event.TrainProgress, "temp_c", event.RowTempC.Of(-5), nil}, // a column, not a property
		{"yes", event.SystemInfo, "ci", event.CI.Of(true), true},
		{"no", event.SystemInfo, "ci", event.CI.Of(false), false},
		{"closed word", event.TrainEnd, "outcome", event.Outcome.Of("gpu_oom"), "gpu_oom"},
		{"other word", event.TrainEnd, "outcome", event.Outcome.Of("alice"), nil},
		{"closed word in capitals", event.TrainEnd, "outcome", event.Outcome.Of("OK"), nil},
		{"closed word and more", event.TrainEnd, "outcome", event.Outcome.Of("ok "), nil},
		{"no word", event.TrainEnd, "outcome", event.Outcome.Of(""), nil},
		{"version", event.SystemInfo, "driver_version", event.DriverVersion.Of("550.54.15"), "550.54.15"},
		{"GPU", event.SystemInfo, "gpu_model", event.GPUModel.Of("nvidia h200"), "NVIDIA H200"},
		{"GPU instance", event.SystemInfo, "gpu_model", event.GPUModel.Of("NVIDIA H100 80GB HBM3 MIG 1g.10gb"), "NVIDIA H100 80GB HBM3"},
		{"unknown GPU", event.SystemInfo, "gpu_model", event.GPUModel.Of("ACME Secret 1"), nil},
		{"GPU with more", event.SystemInfo, "gpu_model", event.GPUModel.Of("NVIDIA H200\n/home/alice"), nil},
		{"kernel", event.SystemInfo, "os_release", event.OSRelease.Of("6.1"), "6.1"},
		{"kernel of a site's own", event.SystemInfo, "os_release", event.OSRelease.Of("6.1.0-acme"), nil},
		{"public model", event.TrainStart, "model", event.Model("META-llama/llama-3.1-8b", nowhere), "meta-llama/Llama-3.1-8B"},
		{"private model of a public organisation", event.TrainStart, "model", event.Model("meta-llama/secret", nowhere), "meta-llama"},
		{"private model", event.TrainStart, "model", event.Model("acme/secret", nowhere), nil},
		{"path", event.TrainStart, "model", event.Model("/home/alice/gpt2", nowhere), nil},
		{"public model that is a path here", event.TrainStart, "model", event.Model("Qwen/Qwen3-8B", func(path string) bool { return path == "Qwen/Qwen3-8B" }), nil},
		{"public model, nobody looked", event.TrainStart, "model", event.Model("Qwen/Qwen3-8B", nil), nil},
		{"path through an organisation", event.TrainStart, "model", event.Model("google/../alice", nowhere), nil},
		{"size rounded up", event.Exception, "alloc_bytes_max", event.AllocBytesMax.Of(1 << 31), float64(1 << 31)},
		{"true size", event.Exception, "alloc_bytes_max", event.AllocBytesMax.Of(1<<31 + 1), nil},
		{"long digits", event.SystemInfo, "cuda_version", event.CUDAVersion.Of(string(long)), nil},
		{"list as one", event.SystemInfo, "gpu_models", event.GPUModels.Of("NVIDIA H200"), nil},
		{"one as list", event.SystemInfo, "gpu_model", event.GPUModel.List("NVIDIA H200"), nil},
		{"list", event.SystemInfo, "gpu_models", event.GPUModels.List("Tesla T4", "acme", "H200", "tesla t4"), []any{"NVIDIA H200", "Tesla T4"}},
		{"list of nothing known", event.SystemInfo, "gpu_models", event.GPUModels.List("acme"), nil},
		{"another event's key", event.TrainEnd, "cpu_count", event.CPUCount.Of(4), nil},
		{"key that is none", event.TrainEnd, "", event.Key[string]{}.Of("alice"), nil},
		{"rows that are none", event.TrainEnd, "gpus", event.Rows(event.RowKey{}, []event.Attr{event.RowIndex.Of(0)}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, only(t, c.event, c.attr, c.property)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRows(t *testing.T) {
	rows := event.Rows(event.GPUs,
		[]event.Attr{event.RowIndex.Of(0), event.RowUtilPct.Of(50), event.RowTempC.Of(-5), {}, event.CPUCount.Of(4)},
		[]event.Attr{event.RowUtilPct.Of(math.NaN())}, // nothing left
		nil,
		[]event.Attr{event.RowIndex.Of(1)},
	)
	want := []any{
		map[string]any{"index": 0.0, "util_pct": 50.0, "temp_c": -5.0},
		map[string]any{"index": 1.0},
	}
	if diff := cmp.Diff(want, only(t, event.TrainEnd, rows, "gpus")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := only(t, event.TrainEnd, event.Rows(event.GPUs), "gpus"); got != nil {
		t.Errorf("no devices, yet rows: %v", got)
	}
}

func TestLaterOfTwoCounts(t *testing.T) {
	e := newStream(identity()).New(event.TrainProgress, event.Step.Of(1), event.Step.Of(2), event.Step.Of(-1))
	if got := read(t, e).Properties["step"]; got != 2.0 {
		t.Errorf("step %v", got)
	}
}

func TestVersions(t *testing.T) {
	for in, want := range map[string]any{
		"1":                         "1",
		"2.5.1":                     "2.5.1",
		"550.54.15":                 "550.54.15",
		"1.2.3.4.5":                 "1.2.3.4.5",
		"v1.2.0":                    "1.2.0",
		"go1.26.8":                  "1.26.8",
		"go1.27rc1":                 "1.27rc1",
		"3.14.0a1":                  "3.14.0a1",
		"2.6.0.dev20250101+cu124":   "2.6.0.dev20250101+cu124",
		"2.5.1+cpu":                 "2.5.1+cpu",
		"2.5.1+rocm6.2":             "2.5.1+rocm6.2",
		"2.5.1+rocm6.2.4":           "2.5.1+rocm6.2.4",
		"1.0.0-rc.1":                "1.0.0-rc.1",
		"1.0.post2":                 "1.0.post2",
		"0.1.0-dev":                 "0.1.0-dev",
		"2.0rc1.post2.dev3":         "2.0rc1.post2.dev3",
		"4.57.0.dev0":               "4.57.0.dev0",
		"1.0abba":                   nil,
		"1.0a":                      nil,
		"1.0post":                   nil,
		"1devabpost":                nil,
		"1.0a1b2":                   nil,
		"1.0dev1dev2":               nil,
		"1.0.dev1.post2":            nil,
		"1.2.3.4.5.6":               nil,
		"1..2":                      nil,
		"1.":                        nil,
		".1":                        nil,
		"":                          nil,
		"v":                         nil,
		"rc1":                       nil,
		"1.2+":                      nil,
		"1.2+cu":                    nil,
		"1.2+cu12x":                 nil,
		"1.2+acme":                  nil,
		"1.2+cpu.acme":              nil,
		"1.2+rocm":                  nil,
		"1.2+rocm6.x":               nil,
		"2.5.1+git1a2b3c4":          nil,
		"2.5.1a0+acme.internal":     nil,
		"1.2.0-alice":               nil,
		"1.2.alice":                 nil,
		"1.2.0 ":                    nil,
		"1.2.0\n":                   nil,
		"١.٢":                       nil,
		"(devel)":                   nil,
		"devel go1.27-abcdef":       nil,
		"0.0.0-20250101-abcdefabcd": nil,
		"123456.1":                  nil,
		"1.2.0+dirty":               nil,
	} {
		t.Run(in, func(t *testing.T) {
			if got := only(t, event.SystemInfo, event.GoVersion.Of(in), "go_version"); got != want {
				t.Errorf("%q: %v, want %v", in, got, want)
			}
		})
	}
}

func TestPackages(t *testing.T) {
	for in, want := range map[string]string{
		"torch": "pkg_torch", "Torch": "pkg_torch", "pytorch-lightning": "pkg_pytorch_lightning", "pytorch_lightning": "pkg_pytorch_lightning",
		"sklearn": "pkg_scikit_learn", "yaml": "pkg_pyyaml", "acme-secret": "", "": "", "torch\nalice": "",
	} {
		key, ok := event.Pkg(in)
		if ok != (want != "") || key.Name() != want {
			t.Errorf("%q: %q, want %q", in, key.Name(), want)
		}
	}
	key, _ := event.Pkg("torch")
	if got := only(t, event.SystemInfo, key.Of("2.5.1+cu124"), "pkg_torch"); got != "2.5.1+cu124" {
		t.Errorf("torch %v", got)
	}
}

// TestLargestEventsFit fills what can hold many: no event may outgrow what
// PostHog and the spool take.
func TestLargestEventsFit(t *testing.T) {
	var attrs []event.Attr
	for _, name := range public.Packages() {
		key, _ := event.Pkg(name)
		attrs = append(attrs, key.Of("12345.12345.12345.dev12345678+rocm12345"))
	}
	row := []event.Attr{event.RowIndex.Of(1e4)}
	for _, k := range []event.Key[float64]{event.RowUtilPct, event.RowSMActivePct, event.RowPowerW, event.RowTempC, event.RowSMClockMHz} {
		row = append(row, k.Of(10.0/3))
	}
	for _, k := range []event.Key[int64]{event.RowMemUsedBytes, event.RowMemUsedPeakBytes, event.RowMemTotalBytes} {
		row = append(row, k.Of(1<<53))
	}
	attrs = append(attrs, event.Rows(event.GPUs, slices.Repeat([][]event.Attr{row}, 500)...))
	for _, n := range event.Names() {
		b := newStream(identity()).New(n, attrs...).Encode()
		if len(b) > event.MaxBytes/2 {
			t.Errorf("%s has %d bytes", n, len(b))
		}
		if _, err := event.Decode(b, event.Schema{}); err != nil {
			t.Errorf("%s: %v", n, err)
		}
	}
}
