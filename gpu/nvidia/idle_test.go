package nvidia

import (
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

func every(step uint64, from uint64, percents ...float64) []utilSample {
	var all []utilSample
	for i, p := range percents {
		all = append(all, utilSample{from + uint64(i)*step, p})
	}
	return all
}

func TestIdleWatch(t *testing.T) {
	const ms, tick = time.Millisecond, 200_000 // µs
	for _, c := range []struct {
		name    string
		batches [][]utilSample
		want    gpu.Idle
	}{
		{"none", nil, gpu.Idle{}},
		{"one stands for nothing yet", [][]utilSample{every(tick, 1e6, 0)}, gpu.Idle{}},
		{"busy", [][]utilSample{every(tick, 1e6, 90, 90, 1)}, gpu.Idle{Seen: 400 * ms}},
		{"idle", [][]utilSample{every(tick, 1e6, 0, 0, 0)}, gpu.Idle{Seen: 400 * ms, Idle: 400 * ms, Gaps: 1, Longest: 400 * ms}},
		{"two gaps", [][]utilSample{every(tick, 1e6, 50, 0, 50, 0, 0)}, gpu.Idle{Seen: 800 * ms, Idle: 600 * ms, Gaps: 2, Longest: 400 * ms}},
		{
			"a gap over two batches that overlap",
			[][]utilSample{every(tick, 1e6, 50, 50, 0), every(tick, 1e6, 50, 50, 0, 0, 9)},
			gpu.Idle{Seen: 800 * ms, Idle: 400 * ms, Gaps: 1, Longest: 400 * ms},
		},
		{
			"what lies between two batches far apart is unknown",
			[][]utilSample{every(tick, 1e6, 0, 0), every(tick, 9e6, 0, 0)},
			gpu.Idle{Seen: 400 * ms, Idle: 400 * ms, Gaps: 2, Longest: 200 * ms},
		},
		{"times that go back", [][]utilSample{every(tick, 5e6, 0, 0), every(tick, 1e6, 0, 0, 0)}, gpu.Idle{Seen: 200 * ms, Idle: 200 * ms, Gaps: 1, Longest: 200 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w idleWatch
			for _, b := range c.batches {
				w.add(b)
			}
			if w.total != c.want {
				t.Errorf("%+v, want %+v", w.total, c.want)
			}
		})
	}
}

// FuzzIdleWatch holds the sums to what they must be of each other.
func FuzzIdleWatch(f *testing.F) {
	f.Add(uint64(1e6), uint64(200_000), []byte{0, 5, 0, 0})
	f.Fuzz(func(t *testing.T, from, step uint64, percents []byte) {
		var w idleWatch
		for i, p := range percents {
			w.add([]utilSample{{from + uint64(i)*step, float64(p)}})
		}
		s := w.total
		if s.Idle < 0 || s.Idle > s.Seen || s.Longest > s.Idle || s.Seen > time.Duration(len(percents))*longestSample ||
			(s.Gaps == 0) != (s.Idle == 0) {
			t.Errorf("%+v", s)
		}
	})
}
