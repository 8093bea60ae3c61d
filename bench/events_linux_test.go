package bench

import (
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// BenchmarkEvents counts what arrives of programs that take one step a second,
// a thousand and a million, on one schedule: as much of each.
func BenchmarkEvents(b *testing.B) {
	rates := []int{1, 1_000, 1_000_000}
	for _, schedule := range []struct {
		name  string
		flags []string
	}{{"default", nil}, {"each second", []string{"--report-interval", "1s"}}} {
		b.Run(schedule.name, func(b *testing.B) {
			for b.Loop() {
				s := capture.Start(b)
				var all sync.WaitGroup
				for _, rate := range rates {
					p := newPlace(b, sending(s, key(rate))...)
					all.Go(func() {
						p.time(wrapped(schedule.flags, programs.loop, "-rate", strconv.Itoa(rate), "-for", "5500ms")...)
						p.settle()
					})
				}
				all.Wait()
				compareCounts(b, s.Events(), rates)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func key(rate int) string { return fmt.Sprintf("phc_%d", rate) }

func compareCounts(b *testing.B, events []capture.Event, rates []int) {
	counts := map[string]map[string]int{}
	for _, e := range events {
		if counts[e.Key] == nil {
			counts[e.Key] = map[string]int{}
		}
		counts[e.Key][e.Name]++
	}
	for _, rate := range rates {
		n := 0
		for _, c := range counts[key(rate)] {
			n += c
		}
		b.ReportMetric(float64(n), fmt.Sprintf("events-at-%d/s", rate))
		if n == 0 || !maps.Equal(counts[key(rate)], counts[key(rates[0])]) {
			b.Errorf("events at %d steps/s: %v; at %d steps/s: %v", rate, counts[key(rate)], rates[0], counts[key(rates[0])])
		}
	}
}
