package compare

import (
	"math"

	"github.com/trainwatch/trainwatch/internal/history"
)

const (
	// mostBatches is where the search for batches that are not alike begins, and
	// fewest where it ends: fewer scatter too much to say anything.
	mostBatches = 64
	fewest      = 12
	// occasions is in how many batches there must be steps above a quantile, and
	// below it: a tail that one or two incidents made may as well have been
	// none, or three.
	occasions = 8
	// alike is the correlation between neighbouring batches from which on they
	// are put together, in standard errors of one that is not there.
	alike = 1.5
)

// Interval is an estimate, and between which values the true one lies.
type Interval struct {
	Value, Low, High float64
	Batches          int // it rests on; 0: too few steps for an interval
}

// known reports whether both ends are.
func (i Interval) known() bool { return i.Batches > 0 && i.Low > 0 && !math.IsInf(i.High, 1) }

// sample is a run's steps, as batches and bins.
type sample struct {
	blocks []history.StepBlock
	counts [][]float64 // steps a batch and bin
	edges  []float64   // of the bins, milliseconds
	all    []float64   // counts of all batches together
	total  float64
}

// newSample leaves out a last block that is shorter than the others: it would
// scatter more than they do.
func newSample(s history.StepBlocks, batches int) sample {
	s = s.Merged(batches)
	if n := len(s.List); n > 1 && s.List[n-1].Steps < s.List[0].Steps {
		s.List = s.List[:n-1]
	}
	one := sample{blocks: s.List}
	one.counts, one.edges = s.Counts()
	if len(one.edges) == 0 {
		return one
	}
	one.all = make([]float64, len(one.edges)-1)
	for _, batch := range one.counts {
		for bin, n := range batch {
			one.all[bin] += n
			one.total += n
		}
	}
	return one
}

// quantile is where a share p of all steps lies below.
func (s sample) quantile(p float64) float64 {
	want, below, last := p*s.total, 0.0, s.edges[0]
	for bin, n := range s.all {
		if n == 0 {
			continue
		}
		from, to := s.edges[bin], s.edges[bin+1]
		if below+n >= want {
			return from + (to-from)*max(want-below, 0)/n
		}
		below, last = below+n, to
	}
	return last
}

// shares is what part of each batch lies below q.
func (s sample) shares(q float64) []float64 {
	out := make([]float64, len(s.counts))
	for i, batch := range s.counts {
		n, below := 0.0, 0.0
		for bin, c := range batch {
			n += c
			switch from, to := s.edges[bin], s.edges[bin+1]; {
			case to <= q:
				below += c
			case from < q:
				below += c * (q - from) / (to - from)
			}
		}
		out[i] = below / n
	}
	return out
}

// Quantile returns the p-quantile of a run's step times in milliseconds, with
// an interval that holds the true one with the given confidence.
func Quantile(blocks history.StepBlocks, p, confidence float64) Interval {
	whole := blocks.Quantile(p)
	unknown := Interval{Value: whole, Low: 0, High: math.Inf(1)}
	for batches := mostBatches; batches >= fewest; batches /= 2 {
		s := newSample(blocks, batches)
		k := len(s.counts)
		if k < fewest {
			break
		}
		shares := s.shares(s.quantile(p))
		if rare(shares) {
			break
		}
		_, variance, neighbours := scatter(shares)
		if neighbours+1/float64(k) > alike/math.Sqrt(float64(k)) {
			continue
		}
		// As neighbours may still be alike, a little, their covariance counts.
		variance *= 1 + 2*max(neighbours, 0)
		// And independent steps scatter at least so much.
		variance = max(variance/float64(k), p*(1-p)/s.total)
		// On the scale of log odds a share stays between 0 and 1.
		half := studentT(0.5+confidence/2, k-1) * math.Sqrt(variance) / (p * (1 - p))
		out := Interval{Value: whole, Low: 0, High: math.Inf(1), Batches: k}
		if low := share(p, -half); low*s.total >= 1 {
			out.Low = min(s.quantile(low), whole)
		}
		if high := share(p, half); (1-high)*s.total >= 1 {
			out.High = max(s.quantile(high), whole)
		}
		return out
	}
	return unknown
}

// Mean returns the mean step time in milliseconds likewise.
func Mean(blocks history.StepBlocks, confidence float64) Interval {
	sum, n := 0.0, 0.0
	for _, b := range blocks.List {
		sum, n = sum+b.SumMS, n+float64(b.Steps)
	}
	whole := sum / n
	for batches := mostBatches; batches >= fewest; batches /= 2 {
		s := newSample(blocks, batches)
		k := len(s.blocks)
		if k < fewest {
			break
		}
		means := make([]float64, k)
		for i, b := range s.blocks {
			means[i] = b.SumMS / float64(b.Steps)
		}
		_, variance, neighbours := scatter(means)
		if neighbours+1/float64(k) > alike/math.Sqrt(float64(k)) {
			continue
		}
		variance *= 1 + 2*max(neighbours, 0)
		half := studentT(0.5+confidence/2, k-1) * math.Sqrt(variance/float64(k))
		return Interval{Value: whole, Low: max(whole-half, 0), High: whole + half, Batches: k}
	}
	return Interval{Value: whole, Low: 0, High: math.Inf(1)}
}

// share moves p by so much on the scale of log odds.
func share(p, by float64) float64 {
	return 1 / (1 + math.Exp(-(math.Log(p/(1-p)) + by)))
}

// rare reports whether only a few batches have steps on one of the two sides.
func rare(shares []float64) bool {
	above, below := 0, 0
	for _, share := range shares {
		if share < 1 {
			above++
		}
		if share > 0 {
			below++
		}
	}
	return min(above, below) < occasions
}

// scatter returns the mean, the variance and the correlation of neighbours.
func scatter(v []float64) (mean, variance, neighbours float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	products := 0.0
	for i, x := range v {
		variance += (x - mean) * (x - mean)
		if i > 0 {
			products += (x - mean) * (v[i-1] - mean)
		}
	}
	if variance > n*mean*mean*1e-18 { // what is less is the rounding of sums
		neighbours = products / variance
	}
	return mean, variance / (n - 1), neighbours
}

// Ratio is how many times as large the second value is, and between which
// values the true ratio lies.
func Ratio(a, b Interval) Interval {
	r := Interval{Value: b.Value / a.Value, Low: 0, High: math.Inf(1), Batches: min(a.Batches, b.Batches)}
	if r.Batches == 0 || !(a.Value > 0) || !(b.Value > 0) {
		r.Batches = 0
		return r
	}
	d := math.Log(r.Value)
	if b.Low > 0 && !math.IsInf(a.High, 1) {
		r.Low = math.Exp(d - math.Hypot(math.Log(b.Value/b.Low), math.Log(a.High/a.Value)))
	}
	if a.Low > 0 && !math.IsInf(b.High, 1) {
		r.High = math.Exp(d + math.Hypot(math.Log(b.High/b.Value), math.Log(a.Value/a.Low)))
	}
	return r
}
