package bench

import (
	"slices"
	"testing"
	"time"
)

// pairs are figures of two sides that were taken in turns.
type pairs struct{ bare, with []float64 }

// inTurns takes both sides again and again, now the one first and now the
// other, until the benchmark has enough. A figure is in milliseconds if it is
// a time.
func inTurns(b *testing.B, bare, with func() float64) pairs {
	b.Helper()
	var p pairs
	bare() // files that are read for the first time are nobody's cost
	with()
	for n := 0; b.Loop(); n++ {
		if n%2 == 0 {
			p.bare = append(p.bare, bare())
			p.with = append(p.with, with())
		} else {
			p.with = append(p.with, with())
			p.bare = append(p.bare, bare())
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing: both sides together
	return p
}

// over reports by how much the second side exceeds the first: the median and
// the 90th percentile of the pairs' differences, the difference of the fastest
// of each side (what noise only adds to), and the median of the pairs' ratios.
func (p pairs) over(b *testing.B) {
	differences, ratios := make([]float64, len(p.bare)), make([]float64, len(p.bare))
	for i := range p.bare {
		differences[i], ratios[i] = p.with[i]-p.bare[i], p.with[i]/p.bare[i]
	}
	b.ReportMetric(quantile(p.bare, 0.5), "bare-ms")
	b.ReportMetric(quantile(differences, 0.5), "over-ms")
	b.ReportMetric(quantile(differences, 0.9), "over-p90-ms")
	b.ReportMetric(slices.Min(p.with)-slices.Min(p.bare), "over-min-ms")
	b.ReportMetric(quantile(ratios, 0.5), "x-bare")
}

// quantile returns the q-quantile of values, which it does not change.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
