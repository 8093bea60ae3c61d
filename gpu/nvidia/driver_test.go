//go:build gpu && linux && cgo

package nvidia

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// The benchmarks of this file ask a real driver: bench/gpu.sh runs them.

// quantiles reports the middle and the worst of a hundred of what f takes.
func quantiles(b *testing.B, f func()) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		f()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

func driver(b *testing.B) *source {
	b.Helper()
	s := New(Config{Library: os.Getenv("TRAINWATCH_NVML_LIBRARY"), Wait: time.Minute}).(*source)
	if err := s.Attach(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

// BenchmarkDriverTick is a Sample over all devices.
func BenchmarkDriverTick(b *testing.B) {
	s := driver(b)
	shot := s.Sample()
	for _, f := range shot.Samples[0].NotRead() {
		b.Logf("%s: %s", f.Name, f.State)
	}
	b.ReportAllocs()
	var cost time.Duration
	quantiles(b, func() { cost += s.Sample().Cost })
	b.ReportMetric(float64(cost.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkDriverCall is each call of a round by itself, of the first device.
func BenchmarkDriverCall(b *testing.B) {
	s := driver(b)
	d := s.live.devices[0]
	for p, c := range roundCalls {
		if !d.has[c] {
			continue
		}
		b.Run(c.symbols()[0], func(b *testing.B) {
			var only calls
			only[c] = true
			if p == partGPMMetrics {
				only[callGPMSample] = true
			}
			quantiles(b, func() { d.round.read(&only, true, 0) })
		})
	}
	b.Run("slow tick", func(b *testing.B) {
		quantiles(b, func() { d.slow.read(d) })
	})
}

// TestDriverFigures prints what the driver says, for a person to look at, and
// holds it to what can be held of any device.
func TestDriverFigures(t *testing.T) {
	s := New(Config{Library: os.Getenv("TRAINWATCH_NVML_LIBRARY"), Env: os.LookupEnv, Wait: time.Minute})
	defer s.Close()
	if err := s.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Sample()
	time.Sleep(time.Second) // what is a mean over an interval needs one
	shot := s.Sample()
	fmt.Printf("%+v\n", shot.Status)
	for i, sample := range shot.Samples {
		d := shot.Devices[i]
		fmt.Printf("%+v\n%+v\nnot read: %v\n", d, sample, sample.NotRead())
		total, _ := d.MemTotal.Get()
		if used, ok := sample.MemUsed.Get(); !ok || used > total {
			t.Errorf("memory: %+v of %+v", sample.MemUsed, d.MemTotal)
		}
		if !d.MIG && sample.PowerW.State != gpu.OK {
			t.Errorf("power: %+v", sample.PowerW)
		}
	}
}
