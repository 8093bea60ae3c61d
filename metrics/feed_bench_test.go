package metrics_test

import (
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// BenchmarkFeed is what a step costs the reader, beside Drain, which decodes
// it. A loop at a million steps a second fills 16,192 records in 16 ms.
func BenchmarkFeed(b *testing.B) {
	const records = 16_192
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: b.TempDir()})
	defer tracker.Close()
	d := steps.Drain{Header: steps.Header{EndAt: -1}}
	for i := range records {
		d.Records = append(d.Records, steps.Record{
			Kind: steps.KindStep, Step: int64(i), Took: time.Duration(900+i%200) * time.Microsecond, Loss: 1,
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Header.Steps += records
		tracker.Feed(d)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/step")
}

// BenchmarkDrain is the reading that goes before.
func BenchmarkDrain(b *testing.B) {
	page := steps.NewHeap(steps.Identity{})
	w, r := page.Writer(), page.Reader()
	for range steps.Records {
		w.Step(steps.StepData{})
	}
	b.ReportAllocs()
	const perDrain = 1000
	for b.Loop() {
		for range perDrain {
			w.Step(steps.StepData{})
		}
		if _, err := r.Drain(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/perDrain, "ns/step")
}

// BenchmarkReport is a progress event's statistics.
func BenchmarkReport(b *testing.B) {
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: b.TempDir()})
	defer tracker.Close()
	d := steps.Drain{Header: steps.Header{EndAt: -1}}
	for i := range 1000 {
		d.Records = append(d.Records, steps.Record{Kind: steps.KindStep, Took: time.Duration(i+1) * time.Millisecond})
	}
	b.ReportAllocs()
	for b.Loop() {
		tracker.Feed(d)
		tracker.Report()
	}
}
