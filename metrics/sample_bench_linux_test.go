package metrics_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/process"

	"github.com/trainwatch/trainwatch/metrics"
)

// BenchmarkSample is one tick over a program with so many child processes.
// The siblings are processes of the machine that are not the program's.
func BenchmarkSample(b *testing.B) {
	for _, c := range []struct{ children, strangers int }{{0, 0}, {16, 0}, {64, 0}, {64, 500}} {
		b.Run(fmt.Sprintf("children=%d/strangers=%d", c.children, c.strangers), func(b *testing.B) {
			program := startTree(b, c.children, "sleep 1000")
			startTree(b, c.strangers, "sleep 1000")
			t := metrics.NewRuntimeMetricsTracker(metrics.Config{Root: program})
			b.Cleanup(t.Close)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = t.Sample().Host.Processes
			}
			b.ReportMetric(float64(n), "processes")
		})
	}
}

// BenchmarkSampleThreads is a tick over 64 children with some threads each, as
// data loaders have.
func BenchmarkSampleThreads(b *testing.B) {
	program := startTree(b, 64, fmt.Sprintf("%s=1 %s", helperVariable, os.Args[0]))
	t := metrics.NewRuntimeMetricsTracker(metrics.Config{Root: program})
	b.Cleanup(t.Close)
	b.ReportAllocs()
	for b.Loop() {
		t.Sample()
	}
}

// BenchmarkGopsutil is what the same would cost with gopsutil: children, their
// memory and CPU times.
func BenchmarkGopsutil(b *testing.B) {
	for _, children := range []int{0, 16, 64} {
		b.Run(fmt.Sprintf("children=%d", children), func(b *testing.B) {
			program := startTree(b, children, "sleep 1000")
			b.ReportAllocs()
			for b.Loop() {
				p, err := process.NewProcess(int32(program))
				if err != nil {
					b.Fatal(err)
				}
				list, _ := p.Children() // an error is that there are none
				for _, p := range append(list, p) {
					if _, err := p.MemoryInfo(); err != nil {
						b.Fatal(err)
					}
					if _, err := p.Times(); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := mem.VirtualMemory(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanProc is what reading every process of the machine would cost.
func BenchmarkScanProc(b *testing.B) {
	startTree(b, 564, "sleep 1000")
	b.ReportAllocs()
	for b.Loop() {
		files, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			_, _ = os.ReadFile(f) // it may have ended
		}
	}
}
