//go:build linux && cgo

package nvidia_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/nvidia"
	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// h200 is a busy GPU with all that we ask for; what it must read as is busy.
const h200 = `gpu NVIDIA H200
uuid GPU-11111111-0000-4000-8000-000000000001
memory 150754820096 600000000 42000000000
util 87
clock 1980
temp 63
power 612500
energy 4000500
limit 700000
sm 71.5
gpm 3 40.25
gpm 5 33
gpm 10 55
gpm 20 0
gpm 21 0
gpm 60 0
gpm 61 0
field 82 71
field 138 4
field 139 6
field 197 1000
field 198 2000
field 74 3500000000
field 75 9000000000
field 269 1500000000
field 270 0
field 271 250000000
field 3 2
field 4 1
field 94 7
field 142 3
field 143 1
field 144 1
field 145 0
field 230 0
process 4711 41000000000
`

var busy = gpu.Sample{
	Util: gpu.Read(87.0), MemUsed: gpu.Read[uint64](42_000_000_000), SMActive: gpu.Read(71.5),
	PowerW: gpu.Read(612.5), TempC: gpu.Read(63.0), SMClock: gpu.Read(1980.0), EnergyJ: gpu.Read(4000.5),
	MemReserved: gpu.Read[uint64](600_000_000), MemUtil: gpu.Read(0.0), MemTempC: gpu.Read(71.0),
	Occupancy: gpu.Read(40.25), TensorActive: gpu.Read(33.0), DRAMActive: gpu.Read(55.0),
	PCIe: gpu.Read(gpu.Traffic{}), NVLink: gpu.Read(gpu.Traffic{}),
	Throttle: [gpu.Reasons]gpu.Reading[float64]{gpu.Read(3.5), gpu.Read(1.5), gpu.Read(0.0), gpu.Read(0.25)},
	Idle:     gpu.Read(gpu.Idle{}), XID: gpu.Read(gpu.XID{}),
	Health: gpu.Health{
		ECCCorrected: gpu.Read[uint64](2), ECCUncorrected: gpu.Read[uint64](1), RemappedRows: gpu.Read[uint64](4),
		RemapPending: gpu.Read(true), RemapFailed: gpu.Read(false), Recovery: gpu.Read(0),
		PCIeReplays: gpu.Read[uint64](7), PowerLimitW: gpu.Read(700.0), Processes: gpu.Read(1),
	},
}

func TestOneGPU(t *testing.T) {
	p := start(t, library(t), h200, patient)
	p.attach()
	want := gpu.Snapshot{
		Status: gpu.Status{Available: true, Driver: "570.86.15", CUDA: "12.8"},
		Devices: []gpu.Device{{
			UUID: "GPU-11111111-0000-4000-8000-000000000001", Vendor: "nvidia", Model: "NVIDIA H200",
			Arch: "hopper", MemTotal: gpu.Read[uint64](150754820096), SMCount: gpu.Read(132),
			Visible: true, VisibleBy: "no CUDA_VISIBLE_DEVICES, so every GPU",
		}},
		Samples:   []gpu.Sample{busy},
		Processes: []gpu.Process{{PID: 4711, MemUsed: gpu.Read[uint64](41_000_000_000)}},
	}
	for range 3 {
		if diff := cmp.Diff(want, p.sample()); diff != "" {
			t.Fatal(diff)
		}
	}
	p.do("close")
	p.do("close")
	if r := p.do("leaks"); r.Error != "" {
		t.Error(r.Error)
	}
	if s := p.sample(); s.Status.Available || s.Status.Reason == "" || len(s.Samples) != 0 {
		t.Errorf("after Close: %+v", s)
	}
	if r := p.do("attach 1m"); r.Error == "" {
		t.Error("Attach after Close succeeds")
	}
	// Another Source in the same process, after the first has ended its session.
	p.do("reopen")
	p.attach()
	if diff := cmp.Diff(want, p.sample()); diff != "" {
		t.Fatal(diff)
	}
}

func TestBeforeAttach(t *testing.T) {
	p := start(t, library(t), h200, patient)
	if s := p.sample(); s.Status.Available || !strings.Contains(s.Status.Reason, "not been looked for yet") {
		t.Errorf("%+v", s)
	}
	p.do("close")
	if r := p.do("leaks"); r.Error != "" {
		t.Error(r.Error)
	}
}

func TestReasons(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("not a library\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	noInit, noShutdown, noList := t.TempDir(), t.TempDir(), t.TempDir()
	for dir, missing := range map[string]string{
		noInit: "nvmlInit_v2", noShutdown: "nvmlShutdown", noList: "nvmlDeviceGetCount_v2",
	} {
		if _, err := fake.Build(dir, missing); err != nil {
			t.Fatal(err)
		}
	}
	const lib = "/libnvidia-ml.so.1"
	for _, c := range []struct{ name, library, script, want string }{
		{"no library", "libnothing-of-the-kind.so.1", "", "no NVIDIA driver was found"},
		{"no library at a path", "/nonexistent/libnvidia-ml.so.1", "", "no NVIDIA driver was found"},
		{"a text file", text, "", "cannot be loaded"},
		{"another library", "libm.so.6", "", "libm.so.6 is not NVIDIA's management library"},
		{"no init", noInit + lib, h200, "is not NVIDIA's management library"},
		{"no shutdown", noShutdown + lib, h200, "is not NVIDIA's management library"},
		{"no list", noList + lib, h200, "too old to list its GPUs"},
		{"driver not loaded", "", "call nvmlInit_v2 error 9\n" + h200, "kernel driver is not loaded"},
		{"mismatch", "", "call nvmlInit_v2 error 18\n" + h200, "different versions"},
		{"no permission", "", "call nvmlInit_v2 error 4\n" + h200, "no permission"},
		{"half installed", "", "call nvmlInit_v2 error 12\n" + h200, "does not find a library"},
		{"unknown", "", "call nvmlInit_v2 error 999\n" + h200, "NVML error 999"},
		{"count fails", "", "call nvmlDeviceGetCount_v2 error 999\n" + h200, "NVML error 999"},
		{"no GPU", "", "driver 570.86.15\n", "sees no GPU"},
		{"not one to open", "", "call nvmlDeviceGetHandleByIndex_v2 error 4\n" + h200 + h200, "2 GPUs, but none can be opened: no permission"},
		{"off the bus", "", "call nvmlDeviceGetHandleByIndex_v2 error 15\n" + h200, "1 GPU, but it cannot be opened: fallen off the bus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.library == "" {
				c.library = library(t)
			}
			p := start(t, c.library, c.script, patient)
			if r := p.do("attach 1m"); !strings.Contains(r.Error, c.want) {
				t.Errorf("Attach says %q, want %q", r.Error, c.want)
			}
			s := p.sample()
			if s.Status.Available || !strings.Contains(s.Status.Reason, c.want) || len(s.Devices) > 0 {
				t.Errorf("Sample says %+v, want reason %q", s, c.want)
			}
			p.do("close")
			if r := p.do("leaks"); r.Error != "" {
				t.Error(r.Error)
			}
		})
	}
}

// TestMissingSymbol takes each function away in turn: no exit, what it reads is
// read another way or Unsupported, and all else stays right.
func TestMissingSymbol(t *testing.T) {
	noXID := func(s *gpu.Snapshot) { s.Samples[0].XID = gpu.Reading[gpu.XID]{} }
	refused := map[string]bool{"nvmlDeviceGetCount_v2": true, "nvmlDeviceGetHandleByIndex_v2": true}
	lacks := map[string]func(*gpu.Snapshot){
		"nvmlSystemGetDriverVersion":     func(s *gpu.Snapshot) { s.Status.Driver, s.Devices[0].HostPIDs = "", true },
		"nvmlSystemGetCudaDriverVersion": func(s *gpu.Snapshot) { s.Status.CUDA = "" },
		"nvmlDeviceGetUUID":              func(s *gpu.Snapshot) { s.Devices[0].UUID = "" },
		"nvmlDeviceGetName":              func(s *gpu.Snapshot) { s.Devices[0].Model = "" },
		"nvmlDeviceGetNumGpuCores":       func(s *gpu.Snapshot) { s.Devices[0].SMCount = gpu.Reading[int]{} },
		"nvmlDeviceGetUtilizationRates": func(s *gpu.Snapshot) {
			s.Samples[0].Util, s.Samples[0].MemUtil = gpu.Reading[float64]{}, gpu.Reading[float64]{}
		},
		"nvmlDeviceGetClockInfo": func(s *gpu.Snapshot) { s.Samples[0].SMClock = gpu.Reading[float64]{} },
		"nvmlDeviceGetMemoryInfo_v2": func(s *gpu.Snapshot) {
			s.Samples[0].MemUsed, s.Samples[0].MemReserved = gpu.Read[uint64](42_600_000_000), gpu.Reading[uint64]{}
		},
		"nvmlDeviceGetMemoryInfo":   func(*gpu.Snapshot) {},
		"nvmlDeviceGetTemperature":  func(*gpu.Snapshot) {},
		"nvmlDeviceGetTemperatureV": func(*gpu.Snapshot) {},
		"nvmlDeviceGetFieldValues": func(s *gpu.Snapshot) {
			s.Samples[0].MemTempC = gpu.Reading[float64]{}
			s.Samples[0].Throttle = [gpu.Reasons]gpu.Reading[float64]{}
			h := &s.Samples[0].Health
			*h = gpu.Health{PowerLimitW: h.PowerLimitW, Processes: h.Processes}
		},
		"nvmlDeviceGetPowerUsage":             func(*gpu.Snapshot) {},
		"nvmlDeviceGetTotalEnergyConsumption": func(*gpu.Snapshot) {},
		"nvmlDeviceGetSamples":                func(s *gpu.Snapshot) { s.Samples[0].Idle = gpu.Reading[gpu.Idle]{} },
		"nvmlDeviceGetEnforcedPowerLimit":     func(s *gpu.Snapshot) { s.Samples[0].Health.PowerLimitW = gpu.Reading[float64]{} },
		"nvmlDeviceGetSupportedEventTypes":    noXID, "nvmlEventSetCreate": noXID, "nvmlEventSetFree": noXID,
		"nvmlDeviceRegisterEvents": noXID, "nvmlEventSetWait_v2": noXID,
		"nvmlDeviceGetComputeRunningProcesses_v3": func(s *gpu.Snapshot) {
			s.Samples[0].Health.Processes, s.Processes = gpu.Reading[int]{}, nil
		},
		"nvmlDeviceGetMPSComputeRunningProcesses_v3": func(*gpu.Snapshot) {},
		"nvmlDeviceGetCudaComputeCapability": func(s *gpu.Snapshot) {
			s.Devices[0].Arch, s.Devices[0].SMCount = "", gpu.Reading[int]{}
		},
	}
	p := start(t, library(t), h200, patient)
	p.attach()
	whole := p.sample()
	object, err := fake.Compile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range nvidia.Symbols() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lib, err := object.Link(t.TempDir(), name)
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, lib, h200, patient)
			r := p.do("attach 1m")
			if refused[name] {
				if r.Error == "" {
					t.Error("Attach succeeds")
				}
				return
			}
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			want := whole
			want.Devices = append([]gpu.Device(nil), whole.Devices...)
			want.Samples = append([]gpu.Sample(nil), whole.Samples...)
			want.Status.Missing = []string{name}
			if change, ok := lacks[name]; ok {
				change(&want)
			} else if strings.HasPrefix(name, "nvmlGpm") { // all five or none
				none := gpu.Reading[float64]{}
				s := &want.Samples[0]
				s.SMActive, s.Occupancy, s.TensorActive, s.DRAMActive = none, none, none, none
				s.PCIe, s.NVLink = gpu.Read(gpu.Traffic{}), gpu.Read(gpu.Traffic{}) // by the driver's counters
			}
			p.sample()
			if diff := cmp.Diff(want, p.sample()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCallFails(t *testing.T) {
	figures := map[string]func(gpu.Sample) gpu.State{
		"nvmlDeviceGetUtilizationRates": func(s gpu.Sample) gpu.State { return s.Util.State },
		"nvmlDeviceGetMemoryInfo_v2":    func(s gpu.Sample) gpu.State { return s.MemUsed.State },
		"nvmlDeviceGetClockInfo":        func(s gpu.Sample) gpu.State { return s.SMClock.State },
		"nvmlDeviceGetTemperatureV":     func(s gpu.Sample) gpu.State { return s.TempC.State },
		"nvmlDeviceGetFieldValues":      func(s gpu.Sample) gpu.State { return s.EnergyJ.State },
		"field:186":                     func(s gpu.Sample) gpu.State { return s.PowerW.State },
		"nvmlGpmSampleGet":              func(s gpu.Sample) gpu.State { return s.SMActive.State },
	}
	without := map[string]string{ // so that there is no other way
		"nvmlDeviceGetMemoryInfo_v2": "call nvmlDeviceGetMemoryInfo error 3\n",
		"nvmlDeviceGetTemperatureV":  "call nvmlDeviceGetTemperature error 3\n",
		"nvmlDeviceGetFieldValues":   "call nvmlDeviceGetTotalEnergyConsumption error 3\n",
		"field:186":                  "call nvmlDeviceGetPowerUsage error 3\n",
	}
	for name, state := range figures {
		for _, c := range []struct {
			about string
			code  string
			want  gpu.State
			after gpu.State // once the call works again
		}{
			{"not supported", "3", gpu.Unsupported, gpu.Unsupported},
			{"no permission", "4", gpu.Unsupported, gpu.OK},
			{"lost", "15", gpu.Lost, gpu.OK},
			{"reset required", "16", gpu.Lost, gpu.OK},
			{"driver gone", "1", gpu.Lost, gpu.OK},
			{"unknown", "999", gpu.Stale, gpu.OK},
		} {
			t.Run(name+"/"+c.about, func(t *testing.T) {
				base := "live\n" + without[name]
				p := start(t, library(t), base+h200, patient)
				p.attach()
				if s := p.sample(); state(s.Samples[0]) != gpu.OK {
					t.Fatalf("not read at first: %+v", s)
				}
				p.write(base + "call " + name + " error " + c.code + "\n" + h200)
				for range 2 {
					if s := p.sample(); state(s.Samples[0]) != c.want {
						t.Errorf("%v, want %v: %+v", state(s.Samples[0]), c.want, s)
					}
				}
				p.write(base + h200)
				if s := p.sample(); state(s.Samples[0]) != c.after {
					t.Errorf("%v afterwards, want %v", state(s.Samples[0]), c.after)
				}
			})
		}
	}
}

func TestDriverComesLater(t *testing.T) {
	soon := settings{Wait: time.Minute, Retry: time.Millisecond, Describe: time.Minute}
	available := func(s gpu.Snapshot) bool { return s.Status.Available }
	t.Run("kernel driver", func(t *testing.T) {
		p := start(t, library(t), "call nvmlInit_v2 error 9\n"+h200, soon)
		if r := p.do("attach 1m"); r.Error == "" {
			t.Fatal("Attach succeeds")
		}
		p.write(h200)
		if s := p.until("a driver", available); len(s.Samples) != 1 || s.Samples[0] != busy {
			t.Errorf("%+v", s)
		}
	})
	t.Run("library", func(t *testing.T) {
		dir := t.TempDir()
		p := start(t, filepath.Join(dir, "libnvidia-ml.so.1"), h200, soon)
		if r := p.do("attach 1m"); r.Error == "" {
			t.Fatal("Attach succeeds")
		}
		lib, err := fake.Build(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(lib, filepath.Join(dir, "libnvidia-ml.so.1")); err != nil {
			t.Fatal(err)
		}
		p.until("a driver", available)
	})
}

func TestMIG(t *testing.T) {
	const script = `gpu NVIDIA A100-SXM4-80GB
uuid GPU-aaaaaaaa-0000-4000-8000-000000000000
cc 8 0
cores 6912
mig 1
instance 1 0 42 42949672960 1000 MIG-11111111-0000-5000-8000-000000000001
instance 2 0 28 21474836480 2000 MIG-22222222-0000-5000-8000-000000000002
process 21 900 1
process 22 1900 2
gpu NVIDIA A100-SXM4-80GB
uuid GPU-bbbbbbbb-0000-4000-8000-000000000000
cc 8 0
cores 6912
mig 1
gpu NVIDIA A100-SXM4-80GB
uuid GPU-cccccccc-0000-4000-8000-000000000000
cc 8 0
cores 6912
`
	p := start(t, library(t), script, patient, "CUDA_VISIBLE_DEVICES=MIG-2222")
	p.attach()
	s := p.sample()
	if len(s.Devices) != 4 || len(s.Samples) != 4 {
		t.Fatalf("%d devices, want two instances and two GPUs: %+v", len(s.Devices), s.Devices)
	}
	want := gpu.Device{
		UUID: "MIG-22222222-0000-5000-8000-000000000002", Vendor: "nvidia",
		Model: "NVIDIA A100-SXM4-80GB", Arch: "ampere", MemTotal: gpu.Read[uint64](21474836480),
		SMCount: gpu.Read(28), MIG: true, Parent: "GPU-aaaaaaaa-0000-4000-8000-000000000000", GI: 2,
		Visible: true, VisibleBy: "named by CUDA_VISIBLE_DEVICES; of MIG instances a process uses the first",
	}
	if diff := cmp.Diff(want, s.Devices[1]); diff != "" {
		t.Error(diff)
	}
	alone := gpu.Sample{
		Device: 1, MemUsed: gpu.Read[uint64](2000), MemReserved: gpu.Read[uint64](0), XID: gpu.Read(gpu.XID{}),
		Health: gpu.Health{Processes: gpu.Read(1)},
	}
	if diff := cmp.Diff([]gpu.Process{{Device: 0, PID: 21, MemUsed: gpu.Read[uint64](900)}, {Device: 1, PID: 22, MemUsed: gpu.Read[uint64](1900)}}, s.Processes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(alone, s.Samples[1]); diff != "" {
		t.Error(diff)
	}
	if d := s.Devices[2]; !d.MIG || d.Visible {
		t.Errorf("a GPU in MIG mode without instances: %+v", d)
	}
	if n, _ := s.Devices[3].SMCount.Get(); n != 108 || s.Devices[3].Index != 2 {
		t.Errorf("a whole A100: %+v", s.Devices[3])
	}
}

func TestVisibleDevices(t *testing.T) {
	p := start(t, library(t), h200+h200+h200+h200, patient, "CUDA_VISIBLE_DEVICES=2,0")
	p.attach()
	var got []bool
	for _, d := range p.sample().Devices {
		got = append(got, d.Visible)
	}
	if diff := cmp.Diff([]bool{true, false, true, false}, got); diff != "" {
		t.Error(diff)
	}
}
