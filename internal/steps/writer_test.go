package steps_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// step is a step of which the loop knows only the number.
func step(n int64) steps.StepData {
	nan := math.NaN()
	return steps.StepData{Step: n, Tokens: -1, Loss: nan, LearningRate: nan, GradNorm: nan}
}

// stopwatch is a clock that a test moves.
type stopwatch struct{ at time.Duration }

func (s *stopwatch) page() (*steps.Page, *steps.Writer) {
	id := steps.Identity{PID: 1, Rank: -1, WorldSize: -1, LocalRank: -1}
	p := steps.NewScripted(id, 1, 1_700_000_000_000_000_000, func() time.Duration { return s.at })
	return p, p.Writer()
}

func drain(t *testing.T, r *steps.Reader) steps.Drain {
	t.Helper()
	d, err := r.Drain()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRoundTrip(t *testing.T) {
	clock := &stopwatch{}
	p, w := clock.page()
	r := p.Reader()
	unknown := steps.MemoryData{Allocated: -1, Reserved: -1, Peak: -1, Retries: -1, OOMs: -1}
	nan := math.NaN()
	blank := func(k steps.Kind, r steps.Record) steps.Record {
		r.Kind, r.At = k, clock.at
		if r.Memory == (steps.MemoryData{}) {
			r.Memory = unknown
		}
		if k != steps.KindStep {
			r.Loss, r.LearningRate, r.GradNorm = nan, nan, nan
		}
		return r
	}
	for _, tt := range []struct {
		name string
		at   time.Duration
		do   func()
		kind steps.Kind
		want steps.Record
	}{
		{
			"begin", 1, func() { w.Begin(100, 2) }, steps.KindBegin,
			steps.Record{Epoch: -1, Step: 100, PlannedEpochs: 2, Tokens: -1, Took: -1},
		},
		{
			"epoch begin", 10, func() { w.EpochBegin(4) }, steps.KindEpochBegin,
			steps.Record{Epoch: 4, Step: -1, Tokens: -1, Took: -1},
		},
		{
			"first step", 100, func() { w.Step(steps.StepData{Tokens: 5, Loss: 1.5, LearningRate: 0.1, GradNorm: nan}) }, steps.KindStep,
			steps.Record{Epoch: 4, Step: 1, Loss: 1.5, LearningRate: 0.1, GradNorm: nan, Tokens: 5, Took: -1},
		},
		{
			"a step with its own number", 150, func() {
				w.Step(steps.StepData{Step: 70, Tokens: -1, Loss: math.Inf(1), LearningRate: nan, GradNorm: 0})
			}, steps.KindStep,
			steps.Record{Epoch: 4, Step: 70, Loss: math.Inf(1), LearningRate: nan, Tokens: -1, Took: 50},
		},
		{
			"phase begin", 160, func() { w.PhaseBegin(steps.Checkpoint) }, steps.KindPhaseBegin,
			steps.Record{Phase: steps.Checkpoint, Epoch: 4, Step: 70, Tokens: -1, Took: -1},
		},
		{
			"phase end", 360, func() { w.PhaseEnd(steps.Checkpoint) }, steps.KindPhaseEnd,
			steps.Record{Phase: steps.Checkpoint, Epoch: 4, Step: 70, Tokens: -1, Took: 200},
		},
		{
			"a step after a phase", 400, func() { w.Step(step(0)) }, steps.KindStep,
			steps.Record{Epoch: 4, Step: 71, Loss: nan, LearningRate: nan, GradNorm: nan, Tokens: -1, Took: 50},
		},
		{
			"memory", 401, func() { w.Memory(steps.MemoryData{Allocated: 1, Reserved: 2, Peak: 3, Retries: 4, OOMs: -7}) }, steps.KindMemory,
			steps.Record{Epoch: 4, Step: 71, Tokens: -1, Took: -1, Memory: steps.MemoryData{Allocated: 1, Reserved: 2, Peak: 3, Retries: 4, OOMs: -1}},
		},
		{
			"epoch", 410, func() { w.Epoch(4) }, steps.KindEpoch,
			steps.Record{Epoch: 4, Step: 71, Tokens: -1, Took: 400},
		},
		{
			"end", 500, func() { w.End() }, steps.KindEnd,
			steps.Record{Epoch: 4, Step: 71, Tokens: -1, Took: -1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock.at = tt.at
			tt.do()
			d := drain(t, r)
			if len(d.Records) != 1 {
				t.Fatalf("%d records", len(d.Records))
			}
			if diff := cmp.Diff(blank(tt.kind, tt.want), d.Records[0], equateNaN); diff != "" {
				t.Error(diff)
			}
		})
	}
	h := drain(t, r).Header
	if h.Head != 10 || h.Steps != 3 || h.TimedSteps != 2 || h.LastStep != 71 || h.Epoch != 4 || h.EpochsCompleted != 1 ||
		h.Tokens != 5 || h.BeginAt != 1 || h.FirstStepAt != 100 || h.LastStepAt != 400 || h.EndAt != 500 ||
		h.StepSum != 100 || h.StepMax != 50 || h.Phase[steps.Checkpoint] != 200 || h.LearningRate != 0.1 || h.GradNorm != 0 ||
		!math.IsInf(h.Loss, 1) || h.Memory.Peak != 3 {
		t.Errorf("header %+v", h)
	}
}

var equateNaN = cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
