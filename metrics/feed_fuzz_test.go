package metrics_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// FuzzFeed feeds what no honest page holds. Whatever that is, the facts are
// such as can be: no NaN, no percentage beyond 100, no quantile above the
// maximum, no negative time.
func FuzzFeed(f *testing.F) {
	f.Add([]byte{})
	f.Add(binary.LittleEndian.AppendUint64(nil, math.MaxUint64))
	f.Add(slices.Repeat([]byte{2, 0xff, 0x7f, 1}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		next := func() uint64 {
			var w [8]byte
			n := copy(w[:], b)
			b = b[n:]
			return binary.LittleEndian.Uint64(w[:])
		}
		// What a Reader promises: counts up to 2^53, times up to ten years.
		count := func() int64 { return int64(next()>>10) - 1 }
		span := func() time.Duration { return time.Duration(next()%uint64(10*365*24*time.Hour)) - 1 }
		float := func() float64 { return math.Float64frombits(next()) }
		empty := t.TempDir()
		tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: empty, Cgroup: empty, Files: empty})
		defer tracker.Close()
		for range 1 + next()%8 {
			d := steps.Drain{Lost: next() >> 16}
			h := &d.Header
			h.PID = int(next() % 3)
			h.Steps, h.TimedSteps, h.EpochsCompleted = next()>>15, next()>>15, next()>>15
			h.LastStep, h.Epoch, h.Tokens = count(), count(), count()
			h.PlannedSteps, h.PlannedEpochs = max(0, count()), max(0, count())
			h.BeginAt, h.FirstStepAt, h.LastStepAt, h.EndAt = max(0, span()), span(), span(), span()
			h.StepSum, h.StepMax = max(0, span()), max(0, span())
			h.Phase[steps.DataWait], h.Phase[steps.Eval] = max(0, span()), max(0, span())
			h.Loss = float()
			h.Hist[next()%steps.Buckets] = next() >> 15
			if n := next(); n%2 == 0 {
				h.Base = time.Unix(0, int64(n))
			}
			for range next() % 64 {
				d.Records = append(d.Records, steps.Record{
					Kind: steps.Kind(1 + next()%8), Phase: steps.Phase(1 + next()%5), Epoch: count(), At: max(0, span()),
					Step: count(), Loss: float(), Tokens: count(), Took: span(),
				})
			}
			for _, e := range tracker.Feed(d) {
				if e.Took < 0 {
					t.Errorf("epoch took %v", e.Took)
				}
			}
			check(t, tracker.Report())
		}
		total := tracker.Totals()
		check(t, total.Statistics)
		if total.Eval < 0 || total.DataWait < 0 || total.EpochMean.Value < 0 || total.TimeToFirstStep.Value < 0 {
			t.Errorf("negative time: %+v", total)
		}
	})
}

func check(t *testing.T, s metrics.Statistics) {
	t.Helper()
	q := s.StepTime
	for name, v := range map[string]metrics.Opt[float64]{
		"progress": s.ProgressPct, "steps/s": s.StepsPerS, "tokens/s": s.TokensPerS, "data wait": s.DataWaitPct,
		"loss": s.Loss, "p50": q.P50, "p95": q.P95, "p99": q.P99, "max": q.Max, "mean": q.Mean,
	} {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) || v.Value < 0 && name != "loss" {
			t.Errorf("%s is %v", name, v.Value)
		}
	}
	if s.ProgressPct.Value > 100 || s.DataWaitPct.Value > 100 || s.Tokens.Value < 0 || s.Span < 0 {
		t.Errorf("beyond what can be: %+v", s)
	}
	if q.P50.Value > q.P95.Value || q.P95.Value > q.P99.Value || q.P99.Value > q.Max.Value {
		t.Errorf("out of order: %+v", q)
	}
}
