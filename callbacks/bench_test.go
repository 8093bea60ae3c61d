package callbacks_test

import (
	"sync"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/callbacks"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// What a step is allowed to cost is counted in these: OnStep ≤ 1.5 of them.
func BenchmarkTimeNow(b *testing.B) {
	b.ReportAllocs()
	var t time.Time
	for b.Loop() {
		t = time.Now()
	}
	_ = t
}

func benchmarkStep(b *testing.B, cb *callbacks.Callbacks, s callbacks.Step) {
	b.ReportAllocs()
	for b.Loop() {
		cb.OnStep(s)
	}
}

func heap() *steps.Page { return steps.NewHeap(steps.Self()) }

func BenchmarkOnStep(b *testing.B) {
	full := callbacks.Step{Loss: 1.5, LearningRate: 0.1, GradNorm: 2, Tokens: 4096}
	b.Run("nil", func(b *testing.B) { benchmarkStep(b, nil, full) })
	b.Run("empty", func(b *testing.B) {
		benchmarkStep(b, callbacks.New(heap().Writer(), nil), callbacks.Step{})
	})
	b.Run("full", func(b *testing.B) {
		benchmarkStep(b, callbacks.New(heap().Writer(), nil), full)
	})
	b.Run("full,drained", func(b *testing.B) {
		// A reader that never rests: the worst a monitor could do.
		p := heap()
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for r := p.Reader(); ; {
				select {
				case <-stop:
					return
				default:
					if _, err := r.Drain(); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
		benchmarkStep(b, callbacks.New(p.Writer(), nil), full)
		close(stop)
		wg.Wait()
	})
}

func BenchmarkPhase(b *testing.B) {
	cb := callbacks.New(heap().Writer(), nil)
	b.ReportAllocs()
	for b.Loop() {
		cb.Phase(callbacks.DataWait)()
	}
}
