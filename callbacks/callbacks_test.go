package callbacks_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/callbacks"
	"github.com/trainwatch/trainwatch/internal/steps"
)

func drain(t *testing.T, p *steps.Page) steps.Drain {
	t.Helper()
	d, err := p.Reader().Drain()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func kinds(d steps.Drain) []steps.Kind {
	var k []steps.Kind
	for _, r := range d.Records {
		k = append(k, r.Kind)
	}
	return k
}

func TestTraining(t *testing.T) {
	p := heap()
	woken := 0
	cb := callbacks.New(p.Writer(), func() { woken++ })
	cb.OnTrainBegin(callbacks.Plan{MaxSteps: 4, Epochs: 2})
	for epoch := range 2 {
		cb.OnEpochBegin(epoch)
		cb.OnStep(callbacks.Step{Loss: 2.5, LearningRate: 0.5, GradNorm: 3, Tokens: 10})
		cb.OnStep(callbacks.Step{})
		done := cb.Phase(callbacks.Eval)
		done()
		cb.OnEpoch(epoch)
	}
	cb.OnTrainEnd()

	d := drain(t, p)
	epoch := []steps.Kind{
		steps.KindEpochBegin, steps.KindStep, steps.KindStep,
		steps.KindPhaseBegin, steps.KindPhaseEnd, steps.KindEpoch,
	}
	want := slices.Concat([]steps.Kind{steps.KindBegin}, epoch, epoch, []steps.Kind{steps.KindEnd})
	if diff := cmp.Diff(want, kinds(d)); diff != "" {
		t.Fatal(diff)
	}
	h := d.Header
	if h.PlannedSteps != 4 || h.PlannedEpochs != 2 || h.Steps != 4 || h.TimedSteps != 3 ||
		h.EpochsCompleted != 2 || h.Epoch != 1 || h.Tokens != 20 || h.Loss != 2.5 || h.EndAt < 0 {
		t.Errorf("header %+v", h)
	}
	if woken != 6 {
		t.Errorf("woken %d times, want at begin, 2×2 epoch boundaries and end", woken)
	}
}

func TestStepFields(t *testing.T) {
	unknown := callbacks.Step{Loss: math.NaN(), LearningRate: math.NaN(), GradNorm: math.NaN(), Tokens: -3}
	for _, tt := range []struct {
		name   string
		step   callbacks.Step
		number int64
		told   bool
	}{
		{"zero", callbacks.Step{}, 1, false},
		{"unknown", unknown, 1, false},
		{"told", callbacks.Step{Number: 500, Loss: 1, LearningRate: 1, GradNorm: 1, Tokens: 1}, 500, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := heap()
			callbacks.New(p.Writer(), nil).OnStep(tt.step)
			r := drain(t, p).Records[0]
			if r.Step != tt.number {
				t.Errorf("step %d, want %d", r.Step, tt.number)
			}
			for name, told := range map[string]bool{
				"loss": !math.IsNaN(r.Loss), "lr": !math.IsNaN(r.LearningRate),
				"grad norm": !math.IsNaN(r.GradNorm), "tokens": r.Tokens >= 0,
			} {
				if told != tt.told {
					t.Errorf("%s told: %v, want %v", name, told, tt.told)
				}
			}
		})
	}
}

func TestPhases(t *testing.T) {
	type cb = *callbacks.Callbacks
	begin, end := steps.KindPhaseBegin, steps.KindPhaseEnd
	for _, tt := range []struct {
		name string
		do   func(c cb)
		want []steps.Kind
	}{
		{"one", func(c cb) { c.Phase(callbacks.Eval)() }, []steps.Kind{begin, end}},
		{"ended twice", func(c cb) { d := c.Phase(callbacks.Eval); d(); d() }, []steps.Kind{begin, end}},
		{"nested", func(c cb) {
			outer := c.Phase(callbacks.Eval)
			c.Phase(callbacks.DataWait)()
			outer()
		}, []steps.Kind{begin, end}},
		{"an old end does not end a new phase", func(c cb) {
			old := c.Phase(callbacks.Eval)
			old()
			c.Phase(callbacks.Checkpoint)
			old()
		}, []steps.Kind{begin, end, begin}},
		{"inner outlives outer", func(c cb) {
			outer := c.Phase(callbacks.Eval)
			inner := c.Phase(callbacks.DataWait)
			outer()
			inner()
			c.Phase(callbacks.Other)()
		}, []steps.Kind{begin, end, begin, end}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := heap()
			tt.do(callbacks.New(p.Writer(), nil))
			if diff := cmp.Diff(tt.want, kinds(drain(t, p))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A program without trainwatch calls all of it on nil.
func TestNil(t *testing.T) {
	for name, cb := range map[string]*callbacks.Callbacks{
		"nil": nil, "of no writer": callbacks.New(nil, func() { t.Error("woken") }),
	} {
		t.Run(name, func(t *testing.T) {
			if cb != nil {
				t.Fatal("not nil")
			}
			cb.OnTrainBegin(callbacks.Plan{})
			cb.OnEpochBegin(0)
			cb.OnStep(callbacks.Step{})
			cb.Phase(callbacks.Eval)()
			cb.OnEpoch(0)
			cb.OnTrainEnd()
		})
	}
}

// The loop's own panic goes on as if nobody watched, and the page tells what
// was before it.
func TestPanicGoesOn(t *testing.T) {
	p := heap()
	const cause = "loop"
	func() {
		defer func() {
			if got := recover(); got != cause {
				t.Errorf("recovered %v", got)
			}
		}()
		cb := callbacks.New(p.Writer(), nil)
		defer cb.OnTrainEnd()
		defer cb.Phase(callbacks.Eval)()
		panic(cause)
	}()
	want := []steps.Kind{steps.KindPhaseBegin, steps.KindPhaseEnd, steps.KindEnd}
	if diff := cmp.Diff(want, kinds(drain(t, p))); diff != "" {
		t.Error(diff)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	cb := callbacks.New(heap().Writer(), nil)
	if n := testing.AllocsPerRun(1000, func() { cb.OnStep(callbacks.Step{Loss: 1}) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
