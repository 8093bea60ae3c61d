package bench

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// BenchmarkRunTrue is what `trainwatch run -- true` takes over a bare `true`:
// the price of a start and an end together. Goal: 10 ms.
func BenchmarkRunTrue(b *testing.B) {
	const program = "/bin/true"
	b.Run("disabled", func(b *testing.B) {
		p := newPlace(b)
		inTurns(b,
			func() float64 { return milliseconds(p.time(program)) },
			func() float64 { return milliseconds(p.time(wrapped([]string{"--disabled"}, program)...)) },
		).over(b)
		if n := p.runs(); n > 0 {
			b.Errorf("%d runs were recorded", n)
		}
	})
	b.Run("recorded", func(b *testing.B) {
		p := newPlace(b)
		if n := p.startAndEnd(program); p.runs() != n {
			b.Errorf("%d of %d runs were recorded", p.runs(), n)
		}
	})
	b.Run("sent", func(b *testing.B) {
		s := capture.Start(b)
		p := newPlace(b, sending(s, "phc_bench")...)
		if n := p.startAndEnd(program); count(s.Events())["train_end"] != n {
			b.Errorf("%d of %d runs arrived", count(s.Events())["train_end"], n)
		}
	})
}

// startAndEnd runs program alone and watched, in turns, and returns how often
// it was watched. A monitor that still delivers does not disturb the next turn.
func (p *place) startAndEnd(program string) (watchedRuns int) {
	inTurns(p.b,
		func() float64 { return milliseconds(p.time(program)) },
		func() float64 {
			watchedRuns++
			took := p.time(watched(program)...)
			p.settle()
			return milliseconds(took)
		},
	).over(p.b)
	return watchedRuns
}

func count(events []capture.Event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.Name]++
	}
	return n
}
