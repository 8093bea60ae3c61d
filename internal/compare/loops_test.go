package compare_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

// loop is a training loop whose steps resemble those before them: a slow drift
// (an autoregressive process), and incidents that slow many steps in a row (two
// states between which a Markov chain changes).
type loop struct {
	alike     float64 // correlation of successive steps, 0 … 1
	spread    float64 // of the logarithm of a step's time
	into, out float64 // probability a step that an incident begins, and ends
	slower    float64 // during one
}

// run makes n steps around 100 ms. tail makes the slow ones slower still.
func (l loop) run(n int, tail float64, noise *rand.Rand) compare.Side {
	b := history.NewBlockBuilder()
	drift := noise.NormFloat64()
	incident := noise.Float64() < l.into/(l.into+l.out)
	at := time.Duration(0)
	for i := range n {
		drift = l.alike*drift + math.Sqrt(1-l.alike*l.alike)*noise.NormFloat64()
		if incident {
			incident = noise.Float64() >= l.out
		} else {
			incident = noise.Float64() < l.into
		}
		ms := 100 * math.Exp(l.spread*drift)
		if incident {
			ms *= l.slower * tail
		}
		took := time.Duration(ms * float64(time.Millisecond))
		at += took
		b.Add(int64(i), at, took)
	}
	blocks, _ := b.Changed()
	return compare.Side{Blocks: blocks}
}

var (
	independent = loop{0, 0.03, 0.05, 0.95, 1.3}
	drifting    = loop{0.9, 0.03, 0.01, 0.1, 1.3}    // a correlation of 10 steps; 9 % slow, 10 in a row
	sluggish    = loop{0.99, 0.03, 0.005, 0.05, 1.3} // of 100 steps
	bursting    = loop{0.5, 0.03, 0.002, 0.02, 1.3}  // 50 slow steps in a row
)
