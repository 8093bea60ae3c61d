//go:build linux && cgo

package nvidia_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/nvidia"
)

// brisk gives a device up soon. Any may be late on a busy machine, so the tests
// wait for what they want to see; a device that hangs for good cannot be seen
// well by accident.
var brisk = settings{Wait: 20 * time.Millisecond, Retry: -1, Describe: time.Minute}

// TestHang lets each call of a tick hang on one of two GPUs: the other is read
// all the while, the process ends as ever, and the first is read again when its
// call comes back.
func TestHang(t *testing.T) {
	for _, name := range []string{
		"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetClockInfo",
		"nvmlDeviceGetTemperatureV", "nvmlDeviceGetFieldValues", "nvmlGpmSampleGet",
	} {
		for _, comesBack := range []bool{false, true} {
			about := name + "/for good"
			if comesBack {
				about = name + "/for a time"
			}
			t.Run(about, func(t *testing.T) {
				p := start(t, library(t), "live\n"+h200+h200, brisk)
				p.attach()
				second := busy
				second.Device = 1
				ok := func(s gpu.Snapshot) bool { return s.Samples[0] == busy && s.Samples[1] == second }
				p.until("both GPUs", ok)

				p.write("live\n" + h200 + "call " + name + " hang\n" + h200)
				hung := func(s gpu.Snapshot) bool {
					return s.Samples[0].Util.State == gpu.Stale && s.Samples[0].MemUsed.State == gpu.Stale &&
						s.Samples[1] == second
				}
				for range 3 {
					p.until("one GPU stale and the other well", hung)
				}
				if comesBack {
					p.write("live\n" + h200 + h200)
					p.until("both GPUs again", ok)
				}
				p.do("close")
			})
		}
	}
}

// TestHangAtStart lets the calls of Attach hang.
func TestHangAtStart(t *testing.T) {
	for _, name := range []string{
		"nvmlInit_v2", "nvmlDeviceGetCount_v2", "nvmlSystemGetDriverVersion",
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, library(t), "call "+name+" hang\n"+h200, brisk)
			for range 3 { // the same attempt each time
				if r := p.do("attach 10ms"); !strings.Contains(r.Error, "has not answered") {
					t.Errorf("Attach says %q", r.Error)
				}
			}
			if s := p.sample(); !strings.Contains(s.Status.Reason, "has not answered for") {
				t.Errorf("Sample says %+v", s.Status)
			}
			p.do("close")
		})
	}
	for _, name := range []string{"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetName", "nvmlGpmSampleAlloc"} {
		t.Run(name, func(t *testing.T) {
			set := brisk
			set.Describe = 100 * time.Millisecond
			rule := "call " + name + " hang\n"
			script := h200 + h200 + rule
			if name == "nvmlGpmSampleAlloc" { // is asked of no device in particular
				script = rule + h200
			}
			p := start(t, library(t), script, set)
			p.attach()
			s := p.sample()
			stuck := len(s.Devices) - 1
			if d := s.Devices[stuck]; d.Index != stuck || d.Vendor != "nvidia" || d.UUID != "" {
				t.Errorf("the GPU that hangs is %+v", d)
			}
			if s.Samples[stuck].MemUsed.State != gpu.Stale {
				t.Errorf("the GPU that hangs reads %+v", s.Samples[stuck])
			}
			p.do("close")
		})
	}
}

func TestHangAtEnd(t *testing.T) {
	p := start(t, library(t), "call nvmlShutdown hang\n"+h200, brisk)
	p.attach()
	p.do("close")
}

// TestSlow has a GPU that takes longer than a Sample waits, each time: its
// figures come a tick late, and do come.
func TestSlow(t *testing.T) {
	p := start(t, library(t), "live\n"+h200+"call nvmlDeviceGetClockInfo delay 100\n", brisk)
	p.attach()
	if s := p.sample(); s.Samples[0].Util.State != gpu.Stale {
		t.Errorf("read in time: %+v", s.Samples[0])
	}
	for range 3 {
		p.do("rest")
		if s := p.sample(); s.Samples[0] != busy {
			t.Errorf("a tick later: %+v", s.Samples[0])
		}
	}
}

// TestHangAnywhere lets each call hang from the start, on all devices: what is
// asked of the Source comes back, and the process ends as ever.
func TestHangAnywhere(t *testing.T) {
	for _, name := range append(nvidia.Symbols(), "nvmlInit_v2", "nvmlShutdown") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := brisk
			set.Describe = 50 * time.Millisecond
			p := start(t, library(t), "call "+name+" hang\n"+h200+h200, set)
			p.do("attach 500ms")
			p.sample()
			p.sample()
			p.do("close")
		})
	}
}
