package metrics

import (
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// accuracy is how far a quantile may be from the true one, relative to it.
const accuracy = 0.01

// stepTimes are the times of all timed steps. A step is entered into the
// span's sketch alone; the run's takes the span in when that ends.
type stepTimes struct {
	span    *ddsketch.DDSketch
	run     *ddsketch.DDSketch // up to the span
	most    time.Duration      // the span's longest
	largest time.Duration      // the run's longest
}

func newStepTimes() stepTimes { return stepTimes{span: newSketch(), run: newSketch()} }

// newSketch returns an empty sketch (Masson, Rim, Lee: DDSketch, VLDB 2019) of
// step times in nanoseconds. From a nanosecond to ten years it has 2,000
// buckets at most, 16 KiB.
func newSketch() *ddsketch.DDSketch {
	m, err := mapping.NewCubicallyInterpolatedMapping(accuracy)
	if err != nil {
		panic("metrics: accuracy lies between 0 and 1: " + err.Error())
	}
	return ddsketch.NewDDSketch(m, store.NewDenseStore(), store.NewDenseStore())
}

// add enters one step.
func (s *stepTimes) add(d time.Duration, p *page) {
	observe(s.span, d, 1)
	p.counted[steps.Bucket(d)]++
	s.most = max(s.most, d)
	s.largest = max(s.largest, d)
}

// catchUp enters the steps whose records were lost, from the page's histogram:
// each at the middle of its bucket, so within 1/32 of what it was.
func (s *stepTimes) catchUp(p *page, h *steps.Header) {
	for i, n := range h.Hist {
		missing := above(n, p.counted[i])
		if missing == 0 {
			continue
		}
		d := min(steps.BucketMiddle(i), h.StepMax)
		observe(s.span, d, missing)
		p.counted[i] = n
		s.most = max(s.most, d)
	}
	if h.StepMax > p.header.StepMax {
		s.most = max(s.most, h.StepMax)
	}
}

// observe enters n steps that took d each.
func observe(s *ddsketch.DDSketch, d time.Duration, n uint64) {
	// The error is for values beyond what the mapping can index: no duration is.
	_ = s.AddWithCount(float64(d), float64(n))
}

func (s *stepTimes) nextSpan() {
	s.merge(s.run)
	s.span.Clear()
	s.most = 0
}

// merge adds the span to a sketch.
func (s *stepTimes) merge(to *ddsketch.DDSketch) {
	// The error is for sketches of another accuracy: these are both ours.
	_ = to.MergeWith(s.span)
}

func (s *stepTimes) spanQuantiles(sum time.Duration, timed uint64) Quantiles {
	return quantiles(s.span, sum, timed, s.most)
}

func (s *stepTimes) runQuantiles(sum time.Duration, timed uint64) Quantiles {
	whole := s.run.Copy()
	s.merge(whole)
	return quantiles(whole, sum, timed, s.largest)
}

// quantiles takes p50, p95 and p99 from a sketch, mean and maximum from exact
// figures.
func quantiles(s *ddsketch.DDSketch, sum time.Duration, timed uint64, largest time.Duration) Quantiles {
	var q Quantiles
	if timed > 0 {
		q.Mean = Some(milliseconds(float64(sum) / float64(timed)))
	}
	if s.IsEmpty() {
		return q
	}
	q.Max = Some(milliseconds(float64(largest)))
	for _, p := range []struct {
		to *Opt[float64]
		at float64
	}{{&q.P50, 0.50}, {&q.P95, 0.95}, {&q.P99, 0.99}} {
		if v, err := s.GetValueAtQuantile(p.at); err == nil {
			// A bucket's middle may lie above the largest value in it.
			*p.to = Some(milliseconds(min(v, float64(largest))))
		}
	}
	return q
}

func milliseconds(ns float64) float64 { return ns / float64(time.Millisecond) }
