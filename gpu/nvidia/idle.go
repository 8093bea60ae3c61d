package nvidia

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// utilSample is one of the driver's own samples.
type utilSample struct {
	at      uint64 // µs
	percent float64
}

// idleWatch adds up the time in which no kernel ran, from the driver's samples
// of utilisation: some 6 a second, of which it keeps the last 100 or so. A
// sample is of the time since the one before it.
type idleWatch struct {
	total   gpu.Idle
	last    uint64 // time of the newest sample seen, µs; 0 none
	current time.Duration
}

// longestSample is what one sample can stand for. Where the next one is later
// than that, the driver kept none in between, and nothing is known of the time.
const longestSample = 2 * time.Second

// begin notes where the run starts: what the driver remembers of the time
// before is not the run's.
func (w *idleWatch) begin(samples []utilSample) {
	for _, s := range samples {
		w.last = max(w.last, s.at)
	}
}

// add enters samples, oldest first. Those that were seen are skipped.
func (w *idleWatch) add(samples []utilSample) {
	for _, s := range samples {
		if s.at <= w.last || s.at == 0 {
			continue
		}
		took := time.Duration(min(s.at-w.last, uint64(time.Hour/time.Microsecond))) * time.Microsecond
		first := w.last == 0
		w.last = s.at
		if first || took > longestSample {
			w.current = 0
			continue
		}
		w.total.Seen += took
		if s.percent > 0 {
			w.current = 0
			continue
		}
		if w.current == 0 {
			w.total.Gaps++
		}
		w.current += took
		w.total.Idle += took
		w.total.Longest = max(w.total.Longest, w.current)
	}
}
