//go:build !race

// Nothing here runs side by side but the repetitions, and under the race
// detector they would take minutes.

package compare_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trainwatch/trainwatch/internal/compare"
)

const repetitions = 1000

// share returns the share of repetitions, each with noise of its own, in which
// something is so.
func share(so func(noise *rand.Rand) bool) float64 {
	var hits atomic.Int64
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < repetitions; i += workers {
				if so(rand.New(rand.NewPCG(uint64(i), 20251129))) {
					hits.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(hits.Load()) / repetitions
}

func called(c compare.Comparison, verdict compare.Verdict, names ...string) bool {
	for _, r := range c.Metrics {
		for _, name := range names {
			if r.Name == name && r.Verdict == verdict {
				return true
			}
		}
	}
	return false
}

var testedNames = []string{"step_mean_ms", "step_p50_ms", "step_p95_ms", "step_p99_ms"}

// Of two runs of the same loop at most one comparison in twenty calls any of
// the metrics different, however alike successive steps are.
func TestFalseAlarms(t *testing.T) {
	for name, c := range map[string]struct {
		loop  loop
		steps int
	}{
		"independent steps":                 {independent, 2000},
		"a drift":                           {drifting, 5000},
		"a drift, a short run":              {drifting, 1000},
		"a slow drift":                      {sluggish, 5000},
		"rare long incidents":               {bursting, 5000},
		"a run of about one incident":       {bursting, 400},
		"a run as short as the drift's own": {sluggish, 300},
	} {
		t.Run(name, func(t *testing.T) {
			alarms := share(func(noise *rand.Rand) bool {
				r := compare.Runs(c.loop.run(c.steps, 1, noise), c.loop.run(c.steps, 1, noise))
				return called(r, compare.Worse, testedNames...) || called(r, compare.Better, testedNames...)
			})
			t.Logf("%.1f %% false alarms", 100*alarms)
			if alarms > 0.05 {
				t.Errorf("%.1f %% false alarms", 100*alarms)
			}
		})
	}
}

// A tail that is 5 % slower, and nothing else, is found, and called what it is.
func TestASlowerTailIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		loop  loop
		steps int
	}{
		"independent steps": {independent, 5000},
		"a drift":           {drifting, 15_000},
	} {
		t.Run(name, func(t *testing.T) {
			gate, err := compare.ParseGate("step_p95>+1%,step_p99>+1%")
			if err != nil {
				t.Fatal(err)
			}
			var wrong, gated atomic.Int64
			found := share(func(noise *rand.Rand) bool {
				a, b := c.loop.run(c.steps, 1, noise), c.loop.run(c.steps, 1.05, noise)
				r := compare.Runs(a, b)
				if called(r, compare.Better, testedNames...) {
					wrong.Add(1)
				}
				findings, err := gate.Check(r, a, b)
				if err == nil && (findings[0].Tripped || findings[1].Tripped) {
					gated.Add(1)
				}
				return called(r, compare.Worse, "step_p95_ms", "step_p99_ms")
			})
			t.Logf("found in %.1f %%, by the gate in %.1f %%", 100*found, float64(gated.Load())/repetitions*100)
			if found < 0.95 || wrong.Load() > repetitions/50 || float64(gated.Load()) < 0.95*repetitions {
				t.Errorf("found in %.1f %%, by the gate in %d of %d; %d times something was called better",
					100*found, gated.Load(), repetitions, wrong.Load())
			}
		})
	}
}

// The interval holds the true value as often as it says, and is no wider than
// it need be: a run of a hundred times the steps knows it a good deal better.
func TestIntervalsHold(t *testing.T) {
	const p = 0.5
	truth := drifting.run(4_000_000, 1, rand.New(rand.NewPCG(1, 1))).Blocks.Quantile(p)
	holds := share(func(noise *rand.Rand) bool {
		i := compare.Quantile(drifting.run(3000, 1, noise).Blocks, p, 0.95)
		return i.Low <= truth && truth <= i.High
	})
	if holds < 0.93 || holds > 0.995 {
		t.Errorf("an interval of 95 %% holds the true median in %.1f %%", 100*holds)
	}
	noise := rand.New(rand.NewPCG(2, 2))
	width := func(n int) float64 {
		i := compare.Quantile(drifting.run(n, 1, noise).Blocks, p, 0.95)
		return math.Log(i.High / i.Low)
	}
	if few, many := width(3000), width(300_000); few < 5*many {
		t.Errorf("the interval is %g wide of 3,000 steps, %g of 300,000", few, many)
	}
}

// Why the steps are not taken for independent: what that would call different.
func TestIndependenceWouldBeWrong(t *testing.T) {
	alarms := share(func(noise *rand.Rand) bool {
		a, b := drifting.run(5000, 1, noise).Blocks, drifting.run(5000, 1, noise).Blocks
		half := 2.4977 * math.Sqrt(0.25/5000) // normal quantile for 4 metrics at 95 % together
		return a.Quantile(0.5+half) < b.Quantile(0.5-half) || b.Quantile(0.5+half) < a.Quantile(0.5-half)
	})
	t.Logf("%.0f %% false alarms of the median alone, by intervals that do not even touch", 100*alarms)
	if alarms < 0.2 {
		t.Errorf("only %.1f %%: then all this is not needed", 100*alarms)
	}
}
