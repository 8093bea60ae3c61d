package compare_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

func with(r history.Record) compare.Side { return compare.Side{Run: history.Run{Record: r}} }

func TestFiguresThatAreNotTested(t *testing.T) {
	a := with(history.Record{StepsPerS: new(4.0), ProcessRSSPeakBytes: new(uint64(1000)), GPUEnergyJ: new(100.0), StepsTotal: new(int64(10)), EvalS: new(0.0), Loss: new(-2.0)})
	b := with(history.Record{StepsPerS: new(3.0), ProcessRSSPeakBytes: new(uint64(1000)), GPUEnergyJ: new(400.0), StepsTotal: new(int64(20)), EvalS: new(3.0), Loss: new(-1.0), DurationS: new(math.NaN())})
	c := compare.Runs(a, b)
	want := []compare.Result{
		{Name: "steps_per_s", A: new(4.0), B: new(3.0), ChangePct: new(-25.0)},
		{Name: "eval_s", A: new(0.0), B: new(3.0)}, // no percentage of nothing
		{Name: "steps_total", A: new(10.0), B: new(20.0), ChangePct: new(100.0)},
		{Name: "loss", A: new(-2.0), B: new(-1.0), ChangePct: new(50.0)},
		{Name: "process_rss_peak_bytes", A: new(1000.0), B: new(1000.0), ChangePct: new(0.0)},
		{Name: "gpu_energy_j", A: new(100.0), B: new(400.0), ChangePct: new(300.0)},
		{Name: "gpu_energy_per_step_j", A: new(10.0), B: new(20.0), ChangePct: new(100.0)},
	}
	if d := cmp.Diff(want, c.Metrics, cmpopts.IgnoreFields(compare.Result{}, "Metric")); d != "" {
		t.Error(d)
	}
}

// A run compared with itself shows no difference, and one of the same figures
// without step times none that could be told from chance.
func TestAgainstItself(t *testing.T) {
	a := drifting.run(20_000, 1, rand.New(rand.NewPCG(1, 2)))
	for _, r := range compare.Runs(a, a).Metrics {
		if r.Verdict != compare.Same || *r.ChangePct != 0 || *r.LowPct > 0 || *r.HighPct < 0 {
			t.Errorf("%+v", r)
		}
	}
	old := with(history.Record{StepP50MS: new(100.0), StepP95MS: new(130.0)})
	for _, r := range compare.Runs(old, a).Metrics {
		if r.Verdict == compare.Worse || r.Verdict == compare.Better {
			t.Errorf("%+v", r)
		}
	}
}

// Steps that take the same time to the nanosecond scatter not at all, and are
// different from others even so.
func TestStepsLikeClockwork(t *testing.T) {
	side := func(ms float64, n int) compare.Side {
		b := history.NewBlockBuilder()
		for i := range n {
			b.Add(int64(i), time.Duration(i)*time.Second, time.Duration(ms*1e6))
		}
		blocks, _ := b.Changed()
		return compare.Side{Blocks: blocks}
	}
	for _, c := range []struct {
		a, b float64
		n    int
		want compare.Verdict
	}{
		{100, 100, 1000, compare.Same},
		{100, 130, 1000, compare.Worse},
		{100, 70, 1000, compare.Better},
		{100, 130, 3, compare.Undecided},
	} {
		r, ok := compare.Runs(side(c.a, c.n), side(c.b, c.n)).Of("step_mean_ms")
		if !ok || r.Verdict != c.want {
			t.Errorf("%g against %g ms, %d steps: %+v", c.a, c.b, c.n, r)
		}
	}
	// One block, none, and blocks that say nothing.
	for _, s := range []compare.Side{{}, side(100, 1), {Blocks: history.StepBlocks{Per: 1, List: make([]history.StepBlock, 40)}}} {
		for _, r := range compare.Runs(s, s).Metrics {
			if r.Verdict != compare.Undecided {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestSettingsThatDiffer(t *testing.T) {
	run := func(command string, system map[string]any) history.Run {
		r := history.Run{Record: history.Record{Command: []string{"python", command}, Host: "node1"}}
		r.Meta.System = system
		return r
	}
	a := run("train.py", map[string]any{"batch_size": 32, "precision": "bf16", "gpu_models": []string{"H200", "H200"}, "seed": 1.0, "only_a": true})
	b := run("other.py", map[string]any{"batch_size": 64.0, "precision": "bf16", "gpu_models": []any{"H200", "H200"}, "seed": 1, "only_b": 1e9})
	want := []compare.Difference{
		{Name: "command", A: "python train.py", B: "python other.py"},
		{Name: "batch_size", A: "32", B: "64"},
		{Name: "only_a", A: "true"},
		{Name: "only_b", B: "1e+09"},
	}
	if d := cmp.Diff(want, compare.Settings(a, b)); d != "" {
		t.Error(d)
	}
	if d := compare.Settings(a, run("train.py", nil)); len(d) != 0 {
		t.Errorf("against a run that tells of none: %v", d)
	}
}
