package main

import (
	"math"
	"slices"
)

// scale says what the bottom and the top of a sparkline mean.
type scale uint8

const (
	fromZero  scale = iota // 0 to the largest, and at least twice the middle
	fromLeast              // smallest to largest: the shape alone
	percent                // 0 to 100
)

// sparkline draws values in width columns: the largest of each column's where
// peaks count, else their mean. Fewer than three values have no shape.
func sparkline(values []float64, width int, s scale, peaks bool) string {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if len(values) < 3 || width < 1 {
		return ""
	}
	columns := make([]float64, width)
	for i := range columns {
		from := i * len(values) / width
		stretch := values[from:max((i+1)*len(values)/width, from+1)]
		columns[i] = slices.Max(stretch)
		if !peaks {
			sum := 0.0
			for _, v := range stretch {
				sum += v / float64(len(stretch))
			}
			columns[i] = sum
		}
	}
	low, high := 0.0, 100.0
	switch s {
	case fromLeast:
		low, high = slices.Min(columns), slices.Max(columns)
	case fromZero:
		sorted := slices.Sorted(slices.Values(columns))
		high = max(sorted[len(sorted)-1], 2*sorted[len(sorted)/2])
	}
	const bars = "▁▂▃▄▅▆▇█"
	levels := []rune(bars)
	out := make([]rune, width)
	for i, v := range columns {
		level := 0.0
		if high > low {
			level = (v - low) / (high - low) * float64(len(levels))
		}
		if !(level > 0) { // nor NaN: what is too large to subtract
			level = 0
		}
		out[i] = levels[int(min(level, float64(len(levels)-1)))]
	}
	return string(out)
}
