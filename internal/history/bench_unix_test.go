//go:build unix

package history_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// fullRecord has about all that a run with eight GPUs says of itself.
func fullRecord() history.Record {
	r := history.Record{
		Outcome: "ok", ExitCode: new(0), DurationS: new(7260.25), TimeToFirstStepS: new(12.5),
		StepsTotal: new(int64(10_000)), EpochsCompleted: new(int64(3)), EpochMeanS: new(2400.1), EvalS: new(60.0), CheckpointS: new(12.0),
		StepsPerS: new(1.4), StepP50MS: new(700.1), StepP95MS: new(750.2), StepP99MS: new(800.3), StepMaxMS: new(2000.4),
		TokensTotal: new(int64(5e9)), TokensPerS: new(7e5), Loss: new(2.345678), LearningRate: new(1e-4), GradNorm: new(0.9),
		HostMemUsedBytes: new(uint64(1e11)), HostMemTotalBytes: new(uint64(1e12)), ProcessRSSPeakBytes: new(uint64(5e10)),
		GPUUtilPct: new(93.2), GPUUtilMinPct: new(88.1), GPUMemUsedPeakBytes: new(uint64(7.5e10)), GPUEnergyJ: new(3.2e7),
	}
	for i := range 8 {
		r.GPUs = append(r.GPUs, history.GPURow{
			Index: i, Model: "NVIDIA H200", UtilPct: new(93.0), MemUsedMaxBytes: new(uint64(7.5e10)), MemTotalBytes: new(uint64(1.4e11)), PowerW: new(611.5),
		})
	}
	for i := range 10 {
		r.SlowestSteps = append(r.SlowestSteps, history.SlowStep{Step: int64(i), TookMS: 2000.5, AtS: 77.25})
	}
	for i := range 96 {
		r.StepMSTrace = append(r.StepMSTrace, 700+float64(i)/7)
	}
	r.LossTrace, r.GPUTrace = r.StepMSTrace, r.StepMSTrace
	return r
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTick is what one sampling with eight GPUs costs.
func BenchmarkTick(b *testing.B) {
	w := create(b, b.TempDir(), meta(1))
	tick := tickAt(0, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		tick.Elapsed += 2
		tick.Step++
		w.Tick(tick)
	}
}

// BenchmarkWeek is a whole week on eight GPUs: all that a tick costs, with what
// the steps and spans of its two seconds add, and with all that was written anew
// because it had grown.
func BenchmarkWeek(b *testing.B) {
	for b.Loop() {
		w := create(b, b.TempDir(), meta(1))
		before := cpuTime()
		liveAWeek(b, w, 8, 1)
		b.ReportMetric(float64((cpuTime()-before).Microseconds())/(weekS/2), "cpu-µs/tick")
		if err := w.Finish(fullRecord()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(sizeOf(b, w.Path()))/1e6, "MB")
	}
}

// BenchmarkAppend is what the same bytes cost without all this.
func BenchmarkAppend(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	row := make([]byte, 16+24*116+4)
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.WriteAt(row, at%(4096*int64(len(row)))); err != nil {
			b.Fatal(err)
		}
		at += int64(len(row))
	}
}

// BenchmarkStep is what telling of one step costs, beside BenchmarkTimeNow.
func BenchmarkStep(b *testing.B) {
	w := create(b, b.TempDir(), meta(1))
	b.ReportAllocs()
	for b.Loop() {
		w.Step(time.Millisecond, 2)
	}
}

func BenchmarkTimeNow(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		time.Now()
	}
}

// BenchmarkProgress is what leaving the numbers so far costs.
func BenchmarkProgress(b *testing.B) {
	w := create(b, b.TempDir(), meta(1))
	r := fullRecord()
	b.ReportAllocs()
	for b.Loop() {
		w.Progress(r)
	}
}

// BenchmarkList10000 lists ten thousand ended runs: cpu-ms/op is what that costs
// whatever else the machine has to do.
func BenchmarkList10000(b *testing.B) {
	home := b.TempDir()
	r := fullRecord()
	for n := range 10_000 {
		w := create(b, home, meta(n%4000))
		if err := w.Finish(r); err != nil {
			b.Fatal(err)
		}
	}
	list := func(b *testing.B) {
		b.ReportAllocs()
		before := cpuTime()
		for b.Loop() {
			runs, err := history.List(home)
			if err != nil || len(runs) != 10_000 {
				b.Fatalf("%d runs, %v", len(runs), err)
			}
		}
		b.ReportMetric(float64((cpuTime()-before).Milliseconds())/float64(b.N), "cpu-ms/op")
	}
	b.Run("index", list)
	if err := os.Remove(filepath.Join(home, "runs", "index.jsonl")); err != nil {
		b.Fatal(err)
	}
	b.Run("without", list)
}
