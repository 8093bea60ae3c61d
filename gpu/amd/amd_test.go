package amd_test

import (
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/amd"
)

func open(t *testing.T, files fs.FS, env ...string) gpu.Source {
	t.Helper()
	s := amd.New(amd.Config{Files: files, Wait: time.Minute, Retry: -1, Env: func(name string) (string, bool) {
		for _, one := range env {
			if key, value, _ := strings.Cut(one, "="); key == name {
				return value, true
			}
		}
		return "", false
	}})
	t.Cleanup(s.Close)
	return s
}

func TestCards(t *testing.T) {
	everywhere := "no ROCR_, HIP_ or CUDA_VISIBLE_DEVICES, so every GPU"
	for _, c := range []struct {
		name   string
		files  machine
		device gpu.Device
		used   uint64
		temp   float64
		ecc    gpu.Reading[uint64]
	}{
		{"MI300X", mi300x(1, 2), gpu.Device{
			UUID: "GPU-21b6d61638a86f02", Vendor: "amd", Model: "AMD Instinct MI300X", Arch: "cdna3",
			MemTotal: gpu.Read[uint64](206141652992), SMCount: gpu.Read(304), Visible: true, VisibleBy: everywhere, HostPIDs: true,
		}, 41943040000, 62, gpu.Read[uint64](1)},
		{"MI250X", mi250x(0, 1), gpu.Device{
			UUID: "GPU-35c5ad8a4f0e9c01", Vendor: "amd", Model: "AMD Instinct MI250X", Arch: "cdna2",
			MemTotal: gpu.Read[uint64](68702699520), SMCount: gpu.Read(110), Visible: true, VisibleBy: everywhere, HostPIDs: true,
		}, 1000000000, 41, gpu.Read[uint64](0)},
		{"Navi 31", navi31(0, 1), gpu.Device{
			UUID: "GPU-7cf529dea4b33bad", Vendor: "amd", Model: "AMD Radeon RX 7900 XTX", Arch: "rdna3",
			MemTotal: gpu.Read[uint64](25753026560), SMCount: gpu.Read(96), Visible: true, VisibleBy: everywhere, HostPIDs: true,
		}, 3000000000, 50, gpu.Reading[uint64]{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, fstest.MapFS(c.files))
			if err := s.Attach(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				shot := s.Sample()
				if diff := cmp.Diff([]gpu.Device{c.device}, shot.Devices); diff != "" {
					t.Fatal(diff)
				}
				want := gpu.Sample{
					Util: gpu.Read(97.0), MemUtil: gpu.Read(31.0), MemUsed: gpu.Read(c.used), PowerW: gpu.Read(512.0),
					TempC: gpu.Read(c.temp), MemTempC: gpu.Read(55.0), SMClock: gpu.Read(2100.0),
					Health: gpu.Health{
						PCIeReplays: gpu.Read[uint64](3), PowerLimitW: gpu.Read(750.0), Processes: gpu.Read(0),
						ECCUncorrected: c.ecc,
					},
				}
				if c.ecc.State == gpu.OK {
					want.Health.ECCCorrected = gpu.Read(12 * c.ecc.Value)
				}
				if diff := cmp.Diff([]gpu.Sample{want}, shot.Samples); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}

// TestOrder: ROCm counts as KFD does, whatever the cards are called.
func TestOrder(t *testing.T) {
	s := open(t, fstest.MapFS(joined(mi300x(0, 3), mi300x(1, 2), mi300x(7, 9))))
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range s.Sample().Devices {
		got = append(got, fmt.Sprint(d.Index, " ", d.UUID[len(d.UUID)-2:]))
	}
	if diff := cmp.Diff([]string{"0 02", "1 03", "2 09"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProcesses(t *testing.T) {
	m := joined(mi300x(0, 1), mi300x(1, 2))
	m.computes(4711, 28852, 1000)
	m.computes(4711, 28853, 0)
	m.computes(4712, 28853, 500)
	s := open(t, fstest.MapFS(m))
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []gpu.Process{{Device: 0, PID: 4711, MemUsed: gpu.Read[uint64](1000)}, {Device: 1, PID: 4712, MemUsed: gpu.Read[uint64](500)}}
	if diff := cmp.Diff(want, s.Sample().Processes); diff != "" {
		t.Error(diff)
	}
}

func TestVisible(t *testing.T) {
	m := joined(mi300x(0, 1), mi300x(1, 2), mi300x(2, 3), mi300x(3, 4))
	for _, c := range []struct {
		env  string
		want string
	}{
		{"", "0 1 2 3"},
		{"ROCR_VISIBLE_DEVICES=1,3", "1 3"},
		{"ROCR_VISIBLE_DEVICES=", ""},
		{"ROCR_VISIBLE_DEVICES=0,9,1", "0"},
		{"ROCR_VISIBLE_DEVICES=GPU-21b6d61638a86f03,0", "0 2"},
		{"ROCR_VISIBLE_DEVICES=GPU-21b6d6", ""},
		{"HIP_VISIBLE_DEVICES=2", "2"},
		{"CUDA_VISIBLE_DEVICES=2", "2"},
		{"HIP_VISIBLE_DEVICES=1 CUDA_VISIBLE_DEVICES=2", "1"},
		{"ROCR_VISIBLE_DEVICES=3,1 HIP_VISIBLE_DEVICES=0", "3"},
		{"ROCR_VISIBLE_DEVICES=3,1 HIP_VISIBLE_DEVICES=0,2", "3"},
		{"HIP_VISIBLE_DEVICES=0,0", "0"},
		{"HIP_VISIBLE_DEVICES=-1", ""},
		{"HIP_VISIBLE_DEVICES=one", ""},
	} {
		t.Run(c.env, func(t *testing.T) {
			s := open(t, fstest.MapFS(m), strings.Fields(c.env)...)
			if err := s.Attach(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range s.Sample().Devices {
				if d.Visible {
					got = append(got, fmt.Sprint(d.Index))
				}
				if d.VisibleBy == "" {
					t.Errorf("GPU %d: not said how that was decided", d.Index)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestContainer: sysfs shows the whole machine's cards, KFD refuses those that
// the container was not given.
func TestContainer(t *testing.T) {
	m := faulty{fstest.MapFS(joined(mi300x(0, 1), mi300x(1, 2))), func(name string) error {
		if strings.HasSuffix(name, "nodes/1/properties") {
			return syscall.EPERM
		}
		return nil
	}}
	s := open(t, m)
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	shot := s.Sample()
	first, second := shot.Devices[0], shot.Devices[1]
	if !first.Visible || first.UUID != "GPU-21b6d61638a86f02" || second.Visible || !strings.Contains(second.VisibleBy, "container") {
		t.Errorf("%+v", shot.Devices)
	}
}

// TestFailingReads lets each file fail in each way: the figure says so, and all
// others stay right.
func TestFailingReads(t *testing.T) {
	figures := map[string]func(*gpu.Sample) *gpu.State{
		"gpu_busy_percent":            func(s *gpu.Sample) *gpu.State { return &s.Util.State },
		"mem_busy_percent":            func(s *gpu.Sample) *gpu.State { return &s.MemUtil.State },
		"mem_info_vram_used":          func(s *gpu.Sample) *gpu.State { return &s.MemUsed.State },
		"pcie_replay_count":           func(s *gpu.Sample) *gpu.State { return &s.Health.PCIeReplays.State },
		"hwmon/hwmon4/power1_average": func(s *gpu.Sample) *gpu.State { return &s.PowerW.State },
		"hwmon/hwmon4/power1_cap":     func(s *gpu.Sample) *gpu.State { return &s.Health.PowerLimitW.State },
		"hwmon/hwmon4/freq1_input":    func(s *gpu.Sample) *gpu.State { return &s.SMClock.State },
		"hwmon/hwmon4/temp3_input":    func(s *gpu.Sample) *gpu.State { return &s.MemTempC.State },
	}
	for name, state := range figures {
		for err, want := range map[error]gpu.State{
			syscall.ENOENT: gpu.Unsupported, syscall.EACCES: gpu.Unsupported, syscall.EOPNOTSUPP: gpu.Unsupported,
			syscall.ENODEV: gpu.Lost, syscall.EIO: gpu.Stale, syscall.EBUSY: gpu.Stale,
		} {
			t.Run(name+"/"+err.Error(), func(t *testing.T) {
				var failing atomic.Bool
				s := open(t, faulty{fstest.MapFS(mi250x(0, 1)), func(file string) error {
					if failing.Load() && strings.HasSuffix(file, "/device/"+name) {
						return err
					}
					return nil
				}})
				if err := s.Attach(t.Context()); err != nil {
					t.Fatal(err)
				}
				whole := s.Sample().Samples[0]
				failing.Store(true)
				got := s.Sample().Samples[0]
				if *state(&got) != want {
					t.Errorf("%v, want %v", *state(&got), want)
				}
				failing.Store(false)
				if again := s.Sample().Samples[0]; again != whole {
					t.Errorf("afterwards: %s", cmp.Diff(whole, again))
				}
				unread := len(got.NotRead()) - len(whole.NotRead())
				if unread != 1 {
					t.Errorf("%d figures more were not read, want 1", unread)
				}
			})
		}
	}
}

func TestNonsense(t *testing.T) {
	m := mi250x(0, 1)
	m.file(dir(0)+"gpu_busy_percent", "101")
	m.file(dir(0)+"mem_info_vram_used", "much")
	m.file(dir(0)+"ras/umc_err_count", "none")
	m.file(dir(0)+"hwmon/hwmon4/temp1_input", "")
	m.file("sys/class/kfd/kfd/topology/nodes/1/properties", "simd_count 441\nsimd_per_cu 4\ngfx_target_version 77\nlocation_id x")
	s := open(t, fstest.MapFS(m))
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	shot := s.Sample()
	got, d := shot.Samples[0], shot.Devices[0]
	if got.Util.State != gpu.Stale || got.MemUsed.State != gpu.Stale || got.TempC != gpu.Read(47.0) ||
		got.Health.ECCCorrected.State == gpu.OK || d.SMCount.State == gpu.OK || d.Arch != "" {
		t.Errorf("%+v %+v", d, got)
	}
}

// TestAsleep: nothing is asked of a device that sleeps.
func TestAsleep(t *testing.T) {
	m := mi250x(0, 1)
	m.file(dir(0)+"power/runtime_status", "suspended")
	var asked atomic.Int64
	s := open(t, faulty{fstest.MapFS(m), func(name string) error {
		if strings.Contains(name, "busy") || strings.Contains(name, "hwmon4/") || strings.Contains(name, "vram_used") {
			asked.Add(1)
		}
		return nil
	}})
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	if shot := s.Sample(); shot.Samples[0] != gpu.Without(0, gpu.Stale) || asked.Load() > 0 {
		t.Errorf("asked %d times: %+v", asked.Load(), shot.Samples[0])
	}
}

func TestRemoved(t *testing.T) {
	var gone atomic.Bool
	s := open(t, faulty{fstest.MapFS(joined(mi250x(0, 1), mi250x(1, 2))), func(name string) error {
		if gone.Load() && strings.HasPrefix(name, "sys/class/drm/card0") {
			return syscall.ENOENT
		}
		return nil
	}})
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone.Store(true)
	shot := s.Sample()
	if shot.Samples[0] != gpu.Without(0, gpu.Lost) || shot.Samples[1].Util != gpu.Read(97.0) {
		t.Errorf("%+v", shot.Samples)
	}
}

// TestHang: one device's read does not come back; the other is read, and the
// first again when it does.
func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hanging atomic.Bool
		back := make(chan struct{})
		files := faulty{fstest.MapFS(joined(mi250x(0, 1), mi250x(1, 2))), func(name string) error {
			if hanging.Load() && strings.HasSuffix(name, "card0/device/gpu_busy_percent") {
				<-back
			}
			return nil
		}}
		s := amd.New(amd.Config{Files: files, Wait: 100 * time.Millisecond})
		if err := s.Attach(t.Context()); err != nil {
			t.Fatal(err)
		}
		whole := s.Sample()
		hanging.Store(true)
		for range 3 {
			began := time.Now()
			shot := s.Sample()
			if shot.Samples[0] != gpu.Without(0, gpu.Stale) || shot.Samples[1] != whole.Samples[1] {
				t.Errorf("%+v", shot.Samples)
			}
			if d := time.Since(began); d != 100*time.Millisecond {
				t.Errorf("waited %v", d)
			}
		}
		hanging.Store(false)
		close(back)
		synctest.Wait()
		if diff := cmp.Diff(whole, s.Sample()); diff != "" {
			t.Error(diff)
		}
		s.Close()
	})
}

func TestNone(t *testing.T) {
	nvidia := machine{}
	nvidia.file(dir(0)+"vendor", "0x10de")
	for name, files := range map[string]machine{"no card": {}, "another maker's": nvidia} {
		t.Run(name, func(t *testing.T) {
			s := open(t, fstest.MapFS(files))
			if shot := s.Sample(); shot.Status.Available || shot.Status.Reason == "" {
				t.Errorf("before: %+v", shot.Status)
			}
			if err := s.Attach(t.Context()); err == nil || !strings.Contains(err.Error(), "no AMD GPU") {
				t.Errorf("Attach says %v", err)
			}
			if shot := s.Sample(); len(shot.Devices) > 0 || !strings.Contains(shot.Status.Reason, "no AMD GPU") {
				t.Errorf("%+v", shot)
			}
			s.Close()
			s.Close()
		})
	}
}

// TestComesLater: the driver is loaded while we watch.
func TestComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loaded atomic.Bool
		s := amd.New(amd.Config{Files: faulty{fstest.MapFS(mi300x(0, 1)), func(string) error {
			if !loaded.Load() {
				return syscall.ENOENT
			}
			return nil
		}}})
		if err := s.Attach(t.Context()); err == nil {
			t.Fatal("there is nothing, and Attach is content")
		}
		loaded.Store(true)
		s.Sample()
		time.Sleep(11 * time.Second) // in the bubble
		s.Sample()
		synctest.Wait()
		if shot := s.Sample(); len(shot.Devices) != 1 || shot.Samples[0].Util != gpu.Read(97.0) {
			t.Errorf("%+v", shot)
		}
		s.Close()
	})
}

func FuzzFiles(f *testing.F) {
	f.Add("97", "simd_count 1216\nsimd_per_cu 4\nlocation_id 4096\ngfx_target_version 90402", "ue: 1\nce: 2", "PCI_SLOT_NAME=0000:10:00.0")
	f.Fuzz(func(t *testing.T, number, properties, ras, uevent string) {
		m := mi300x(0, 1)
		for _, name := range []string{"gpu_busy_percent", "mem_info_vram_used", "mem_info_vram_total", "hwmon/hwmon4/temp2_input"} {
			m.file(dir(0)+name, number)
		}
		m.file(dir(0)+"ras/umc_err_count", ras)
		m.file(dir(0)+"uevent", uevent)
		m.file("sys/class/kfd/kfd/topology/nodes/1/properties", properties)
		s := open(t, fstest.MapFS(m), "HIP_VISIBLE_DEVICES="+number)
		if err := s.Attach(t.Context()); err != nil {
			t.Fatal(err)
		}
		shot := s.Sample()
		if v, ok := shot.Samples[0].Util.Get(); ok && (v < 0 || v > 100) {
			t.Errorf("%v percent", v)
		}
		if n, ok := shot.Devices[0].SMCount.Get(); ok && n <= 0 {
			t.Errorf("%d compute units", n)
		}
	})
}
