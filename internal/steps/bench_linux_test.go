package steps_test

import (
	"os"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// BenchmarkDrain is what a tick pays for a page, beside a read of as many
// bytes as a header has.
func BenchmarkDrain(b *testing.B) {
	for _, bb := range []struct {
		name  string
		steps int
	}{{"idle", 0}, {"10 steps", 10}, {"1000 steps", 1000}, {"full ring", steps.Records}} {
		b.Run("heap/"+bb.name, func(b *testing.B) {
			p := steps.NewHeap(steps.Identity{PID: 1})
			benchmarkDrain(b, p.Writer(), p.Reader(), bb.steps)
		})
		b.Run("file/"+bb.name, func(b *testing.B) {
			p, r := filePage(b)
			benchmarkDrain(b, p.Writer(), r, bb.steps)
		})
	}
	b.Run("pread 8 KiB", func(b *testing.B) {
		p, _ := filePage(b)
		f, err := os.Open(p.Path())
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		buf := make([]byte, steps.HeaderSize)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.ReadAt(buf, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func filePage(b *testing.B) (*steps.Page, *steps.Reader) {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "steps-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	p, err := steps.Create(dir, steps.Self())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	r, err := steps.OpenReader(p.Path())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	return p, r
}

func benchmarkDrain(b *testing.B, w *steps.Writer, r *steps.Reader, n int) {
	b.ReportAllocs()
	var writing time.Duration
	for b.Loop() {
		start := time.Now()
		for range n {
			w.Step(step(0))
		}
		writing += time.Since(start)
		if _, err := r.Drain(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed()-writing)/float64(b.N), "drain-ns/op")
}

// BenchmarkWriter is the file's page; callbacks has the heap's, beside
// time.Now.
func BenchmarkWriter(b *testing.B) {
	p, _ := filePage(b)
	w := p.Writer()
	b.ReportAllocs()
	for b.Loop() {
		w.Step(step(0))
	}
}

func BenchmarkCreate(b *testing.B) {
	dir, err := os.MkdirTemp("/dev/shm", "steps-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	b.ReportAllocs()
	for b.Loop() {
		p, err := steps.Create(dir, steps.Identity{PID: 1})
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(p.Path()); err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
