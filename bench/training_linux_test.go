package bench

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkTraining is a real training in Go, examples/mlp, alone and under
// `trainwatch run`: its wall time, start and end included, and the processor
// time of program and shim.
func BenchmarkTraining(b *testing.B) {
	p := newPlace(b)
	program := []string{programs.mlp, "-epochs", "4"}
	var processor pairs
	wall := inTurns(b,
		func() float64 {
			wall, cpu := p.bare().resources(program...)
			processor.bare = append(processor.bare, cpu)
			return wall
		},
		func() float64 {
			wall, cpu := p.resources(watched(program...)...)
			processor.with = append(processor.with, cpu)
			return wall
		})
	wall.over(b)
	b.ReportMetric(quantile(processor.with, 0.5)/quantile(processor.bare, 0.5), "x-bare-cpu")
}

// resources runs a program and returns its wall time and the processor time of
// it and of those it has waited for, both in milliseconds.
func (p *place) resources(argv ...string) (wall, cpu float64) {
	cmd := p.command(argv...)
	began := time.Now()
	err := cmd.Run()
	wall = milliseconds(time.Since(began))
	if err != nil {
		p.b.Fatalf("%q: %v", argv, err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		p.b.Fatal("no resource usage")
	}
	return wall, milliseconds(time.Duration(usage.Utime.Nano() + usage.Stime.Nano()))
}
