package history

import "math"

// tracePoints is more than a sparkline has columns and still little in JSON.
const tracePoints = 96

// trace keeps the shape of a sequence of any length, for a sparkline: at most 96
// stretches of equal count; when they are full, neighbours are merged. The zero
// trace is ready.
type trace struct {
	stretches [tracePoints]stretch
	used      int
	per       int // values a stretch
}

type stretch struct {
	sum, high float64
	n         int
}

// add takes the next value. It costs some nanoseconds and allocates nothing. NaN
// and the infinities are left out.
func (t *trace) add(v float64) {
	if !finite(v) {
		return
	}
	t.per = max(t.per, 1)
	if t.used == 0 || t.stretches[t.used-1].n == t.per {
		if t.used == tracePoints {
			t.halve()
		}
		t.stretches[t.used] = stretch{high: v}
		t.used++
	}
	s := &t.stretches[t.used-1]
	s.sum += v
	s.high = max(s.high, v)
	s.n++
}

func (t *trace) halve() {
	for i := range tracePoints / 2 {
		a, b := t.stretches[2*i], t.stretches[2*i+1]
		t.stretches[i] = stretch{sum: a.sum + b.sum, high: max(a.high, b.high), n: a.n + b.n}
	}
	t.used = tracePoints / 2
	t.per *= 2
}

// means returns the mean of each stretch, nil of an empty trace.
func (t *trace) means() []float64 {
	return t.each(func(s stretch) float64 { return s.sum / float64(s.n) })
}

// highest returns the largest value of each stretch, nil of an empty trace.
func (t *trace) highest() []float64 {
	return t.each(func(s stretch) float64 { return s.high })
}

func (t *trace) each(of func(stretch) float64) []float64 {
	if t.used == 0 {
		return nil
	}
	out := make([]float64, 0, t.used)
	for _, s := range t.stretches[:t.used] {
		// Six digits are plenty for a picture and halve the JSON.
		out = append(out, sixDigits(of(s)))
	}
	return out
}

func sixDigits(v float64) float64 { return roundTo(v, 6) }

// roundTo leaves so many digits of v.
func roundTo(v float64, digits float64) float64 {
	if v == 0 || !finite(v) {
		return v
	}
	scale := math.Pow(10, digits-1-math.Floor(math.Log10(math.Abs(v))))
	if math.IsInf(scale, 0) || scale == 0 {
		return v
	}
	return math.Round(v*scale) / scale
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
