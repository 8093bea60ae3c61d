package metrics_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

const ms = time.Millisecond

var (
	nan     = math.NaN()
	unknown = steps.StepData{Tokens: -1, Loss: nan, LearningRate: nan, GradNorm: nan}
)

// training is a loop on a page of this process, in bubble time.
type training struct {
	*testing.T
	*steps.Writer
	page    *steps.Reader
	tracker *metrics.RuntimeMetricsTracker
}

// newTraining starts a run that looks at no machine.
func newTraining(t *testing.T) *training {
	t.Helper()
	empty := t.TempDir()
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: empty, Cgroup: empty, Files: empty})
	t.Cleanup(tracker.Close)
	l := &training{T: t, tracker: tracker}
	l.newPage()
	return l
}

func (l *training) newPage() {
	page := steps.NewHeap(steps.Identity{Rank: -1, WorldSize: -1, LocalRank: -1})
	l.Writer, l.page = page.Writer(), page.Reader()
}

// steps makes one step of each length.
func (l *training) steps(d steps.StepData, lengths ...time.Duration) {
	for _, length := range lengths {
		time.Sleep(length)
		l.Step(d)
	}
}

func (l *training) feed() []metrics.Epoch {
	l.Helper()
	d, err := l.page.Drain()
	if err != nil {
		l.Fatal(err)
	}
	return l.tracker.Feed(d)
}

// within tells whether a figure is there and as wanted, up to a part of it.
func (l *training) within(name string, got metrics.Opt[float64], want, part float64) {
	l.Helper()
	if !got.OK || math.Abs(got.Value-want) > part*want+1e-9 {
		l.Errorf("%s: got %+v, want %g within %g", name, got, want, part*want)
	}
}

func equal[T comparable](t testing.TB, name string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %+v, want %+v", name, got, want)
	}
}

func TestARunWithoutStepsHasNoStepFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		time.Sleep(time.Minute)
		l.feed()
		s := l.tracker.Report()
		equal(t, "span", s.Span, time.Minute)
		s.Span, s.GPU.Devices = 0, nil
		if s.Steps != 0 || s.Step.OK || s.StepsPerS.OK || s.StepTime != (metrics.Quantiles{}) || s.DataWaitPct.OK ||
			s.Tokens.OK || s.TokensPerS.OK || s.Loss.OK || s.ProgressPct.OK || s.Epoch.OK || s.Host != (metrics.Host{}) {
			t.Errorf("something was made up: %+v", s)
		}
		total := l.tracker.Totals()
		if total.TimeToFirstStep.OK || total.EpochMean.OK || total.Slowest != nil {
			t.Errorf("something was made up: %+v", total)
		}
	})
}

func TestStepFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		time.Sleep(3 * time.Second) // start-up
		l.Begin(200, 2)
		data := steps.StepData{Tokens: 50, Loss: 2, LearningRate: 0.1, GradNorm: 1}
		l.EpochBegin(0)
		l.steps(data, 2*time.Second) // the first: compilation and all
		l.steps(data, slices.Repeat([]time.Duration{10 * ms}, 93)...)
		l.steps(data, slices.Repeat([]time.Duration{100 * ms}, 6)...)
		l.Epoch(0)
		epochs := l.feed()
		equal(t, "step under way", l.tracker.Sample().Step, metrics.Some(int64(101)))

		s := l.tracker.Report()
		equal(t, "steps", s.Steps, 100)
		equal(t, "step", s.Step, metrics.Some(int64(100)))
		equal(t, "epoch", s.Epoch, metrics.Some(0.0))
		equal(t, "tokens", s.Tokens, metrics.Some(int64(5000)))
		equal(t, "loss", s.Loss, metrics.Some(2.0))
		equal(t, "progress", s.ProgressPct, metrics.Some(50.0))
		l.within("rate", s.StepsPerS, 99/1.53, 1e-9)
		l.within("token rate", s.TokensPerS, 99*50/1.53, 1e-9)
		l.within("p50", s.StepTime.P50, 10, 0.01)
		l.within("p95", s.StepTime.P95, 100, 0.01)
		l.within("p99", s.StepTime.P99, 100, 0.01)
		l.within("max", s.StepTime.Max, 100, 0)
		l.within("mean", s.StepTime.Mean, 1530.0/99, 1e-9)
		equal(t, "data wait", s.DataWaitPct, metrics.Opt[float64]{})
		want := []metrics.Epoch{{Number: 0, At: 6530 * ms, Took: 3530 * ms, Steps: 100}}
		if !slices.Equal(epochs, want) {
			t.Errorf("epochs: got %+v, want %+v", epochs, want)
		}

		// The second span knows nothing of the first one's steps.
		l.EpochBegin(1)
		data.Loss = nan
		for range 100 {
			l.PhaseBegin(steps.DataWait)
			time.Sleep(10 * ms)
			l.PhaseEnd(steps.DataWait)
			l.steps(data, 30*ms)
		}
		l.PhaseBegin(steps.Eval)
		time.Sleep(5 * time.Second)
		l.PhaseEnd(steps.Eval)
		l.Epoch(1)
		l.End()
		l.feed()
		s = l.tracker.Report()
		equal(t, "steps", s.Steps, 100)
		equal(t, "loss", s.Loss, metrics.Some(2.0))
		equal(t, "progress", s.ProgressPct, metrics.Some(100.0))
		l.within("rate", s.StepsPerS, 25, 1e-9)
		l.within("p50", s.StepTime.P50, 30, 0.01)
		l.within("max", s.StepTime.Max, 30, 0)
		l.within("data wait", s.DataWaitPct, 25, 1e-9)
		equal(t, "no step under way", l.tracker.Sample().Step, metrics.Some(int64(200)))

		total := l.tracker.Totals()
		equal(t, "steps", total.Steps, 200)
		equal(t, "time to first step", total.TimeToFirstStep, metrics.Some(5*time.Second))
		equal(t, "epochs", total.EpochsCompleted, 2)
		equal(t, "epoch mean", total.EpochMean, metrics.Some((3530*ms+9*time.Second)/2))
		equal(t, "eval", total.Eval, 5*time.Second)
		equal(t, "waiting", total.DataWait, time.Second)
		l.within("rate", total.StepsPerS, 199/5.53, 1e-9)
		l.within("p50", total.StepTime.P50, 30, 0.01)
		l.within("max", total.StepTime.Max, 100, 0)
		equal(t, "slowest kept", len(total.Slowest), 10)
		equal(t, "slowest", total.Slowest[0], metrics.SlowStep{Step: 95, Took: 100 * ms, At: 6030 * ms})
		equal(t, "lost", total.RecordsLost, 0)
	})
}

func TestAStallIsARateOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		l.steps(unknown, 10*ms)
		l.feed()
		equal(t, "one step is no rate", l.tracker.Report().StepsPerS, metrics.Opt[float64]{})
		l.steps(unknown, 10*ms)
		l.feed()
		l.within("rate", l.tracker.Report().StepsPerS, 100, 1e-9)
		time.Sleep(time.Minute)
		l.feed()
		s := l.tracker.Report()
		equal(t, "rate", s.StepsPerS, metrics.Some(0.0))
		equal(t, "tokens were never told", s.TokensPerS, metrics.Opt[float64]{})
		equal(t, "step", s.Step, metrics.Some(int64(2)))
		if s.StepTime != (metrics.Quantiles{}) {
			t.Errorf("no step, yet %+v", s.StepTime)
		}
		l.steps(unknown, time.Minute) // a step longer than the span
		l.feed()
		l.within("rate", l.tracker.Report().StepsPerS, 1.0/120, 1e-9)
		l.End()
		l.feed()
		equal(t, "after the end", l.tracker.Report().StepsPerS, metrics.Opt[float64]{})
	})
}

// A reader that comes too late for the records still gets the statistics.
func TestLostRecordsCostDetailAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		random := rand.New(rand.NewPCG(1, 2))
		length := func() time.Duration {
			return time.Duration(float64(5*ms) * math.Exp(random.NormFloat64()/2))
		}
		var took []time.Duration
		l.Begin(0, 0)
		l.steps(unknown, ms)
		for range 50_000 {
			d := length()
			took = append(took, d)
			l.steps(unknown, d)
		}
		took = append(took, 3*time.Second)
		l.steps(unknown, 3*time.Second)
		for range 20_000 {
			d := length()
			took = append(took, d)
			l.steps(unknown, d)
		}
		l.Epoch(0)
		epochs := l.feed()
		equal(t, "steps of the epoch", epochs[0].Steps, 70_002)
		for _, s := range []metrics.Statistics{l.tracker.Totals().Statistics, l.tracker.Report(), l.tracker.Totals().Statistics} {
			slices.Sort(took)
			at := func(q float64) float64 { return float64(took[int(q*float64(len(took)))]) / float64(ms) }
			equal(t, "steps", s.Steps, 70_002)
			l.within("p50", s.StepTime.P50, at(.5), .045)
			l.within("p95", s.StepTime.P95, at(.95), .045)
			l.within("p99", s.StepTime.P99, at(.99), .045)
			l.within("max", s.StepTime.Max, 3000, 0)
		}
		if l.tracker.Totals().RecordsLost == 0 {
			t.Fatal("the ring was not overrun")
		}

		// Read in time, the same page adds what is new and nothing twice.
		l.steps(unknown, slices.Repeat([]time.Duration{7 * ms}, 1000)...)
		l.feed()
		s := l.tracker.Report()
		equal(t, "steps", s.Steps, 1000)
		l.within("p50", s.StepTime.P50, 7, 0.01)
		l.within("max", s.StepTime.Max, 7, 0)
		equal(t, "all steps", l.tracker.Totals().Steps, 71_002)
	})
}

// A program that goes on in another process (exec, a restart by its launcher)
// goes on as one run.
func TestASecondPageContinuesTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		l.steps(unknown, slices.Repeat([]time.Duration{10 * ms}, 101)...)
		l.Epoch(0)
		l.feed()
		time.Sleep(10 * time.Second)
		l.newPage()
		data := unknown
		for i := range 100 {
			data.Step = int64(101 + i)
			l.steps(data, 10*ms)
		}
		l.Epoch(1)
		l.feed()
		l.feed()
		total := l.tracker.Totals()
		equal(t, "steps", total.Steps, 201)
		equal(t, "step", total.Step, metrics.Some(int64(200)))
		equal(t, "epochs", total.EpochsCompleted, 2)
		equal(t, "time to first step", total.TimeToFirstStep, metrics.Some(10*ms))
		l.within("rate", total.StepsPerS, 200/12.0, 1e-9)
		l.within("p50", total.StepTime.P50, 10, 0.01)
	})
}

func TestAnOpenPhaseCountsUpToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		l.steps(unknown, ms, ms)
		l.PhaseBegin(steps.Checkpoint)
		l.feed()
		time.Sleep(time.Second)
		l.tracker.Exited()
		time.Sleep(time.Hour)
		total := l.tracker.Totals()
		equal(t, "checkpoint", total.Checkpoint, time.Second)
		equal(t, "length of the run", total.Span, time.Second+2*ms)
	})
}

func TestDivergedLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		for _, loss := range []float64{3, nan, 2.5, math.Inf(1), nan} {
			l.steps(steps.StepData{Tokens: -1, Loss: loss, LearningRate: nan, GradNorm: math.Inf(-1)}, ms)
		}
		l.feed()
		s := l.tracker.Report()
		equal(t, "loss", s.Loss, metrics.Some(2.5))
		equal(t, "gradient norm", s.GradNorm, metrics.Opt[float64]{})
	})
}

func TestAllocator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		l.Memory(steps.MemoryData{Allocated: 5, Reserved: 9, Peak: 8, Retries: 2, OOMs: -1})
		l.feed()
		equal(t, "allocator", l.tracker.Totals().Allocator,
			metrics.Allocator{Peak: metrics.Some(uint64(8)), Retries: metrics.Some(uint64(2))})
	})
}

func TestProgressByEpochs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		l.Begin(0, 4)
		l.steps(unknown, ms)
		l.Epoch(0)
		l.feed()
		equal(t, "progress", l.tracker.Totals().ProgressPct, metrics.Some(25.0))
	})
}

func TestClaimsBeyondMeasureDoNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTraining(t)
		const decade = 10 * 365 * 24 * time.Hour
		for i := range 200 {
			d := steps.Drain{Header: steps.Header{
				PID: i, Steps: 1, TimedSteps: 1, StepSum: decade, StepMax: decade, Tokens: 1 << 53, EndAt: -1,
				Phase: [steps.Phases]time.Duration{steps.DataWait: decade, steps.Eval: decade},
			}}
			for range 10 {
				d.Records = append(d.Records, steps.Record{Kind: steps.KindEpoch, At: decade, Took: decade})
			}
			l.tracker.Feed(d)
		}
		check(t, l.tracker.Report())
		total := l.tracker.Totals()
		if total.EpochMean.Value <= 0 || total.Eval <= 0 || total.DataWait <= 0 || total.Tokens.Value <= 0 {
			t.Errorf("overflow: %+v", total)
		}
	})
}
