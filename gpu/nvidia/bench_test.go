//go:build linux && cgo

package nvidia_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/trainwatch/trainwatch/gpu/nvidia"
	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// BenchmarkSample is one tick over eight GPUs of the fake, whose own calls cost
// next to nothing. cpu-ns/op is the process's time on all threads.
func BenchmarkSample(b *testing.B) {
	eight(b)
	source := nvidia.New(nvidia.Config{Library: library(b), Wait: time.Minute})
	if err := source.Attach(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		source.Sample()
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

// BenchmarkPlainCalls is what Sample stands beside: the same questions, one
// device after the other on one thread, with nothing to keep a hang away.
func BenchmarkPlainCalls(b *testing.B) {
	eight(b)
	if err := nvml.SetLibraryOptions(nvml.WithLibraryPath(library(b))); err != nil {
		b.Log(err) // loaded by the benchmark before: the same one
	}
	if ret := nvml.Init(); ret != nvml.SUCCESS {
		b.Fatal(int(ret))
	}
	defer nvml.Shutdown()
	var devices []nvml.Device
	for i := range 8 {
		d, ret := nvml.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			b.Fatal(int(ret))
		}
		devices = append(devices, d)
	}
	fields := make([]nvml.FieldValue, 12)
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		for _, d := range devices {
			d.GetUtilizationRates()
			d.GetMemoryInfo_v2()
			d.GetClockInfo(nvml.CLOCK_SM)
			d.GetTemperatureV().V1()
			for i, id := range [...]uint32{83, 186, 82, 138, 139, 197, 198, 74, 75, 269, 270, 271} {
				fields[i] = nvml.FieldValue{FieldId: id, ScopeId: 1<<32 - 1}
			}
			d.GetFieldValues(fields)
		}
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

func eight(b *testing.B) {
	b.Helper()
	script := filepath.Join(b.TempDir(), "script")
	if err := os.WriteFile(script, []byte(strings.Repeat(h200, 8)), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Setenv(fake.ScriptVariable, script)
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
