package monitor

import "time"

// schedule says when progress is reported: at the first step, then after 1, 2,
// 4, 8 and 16 minutes and every 30, so that a short run says something and a
// long one costs nothing; or at a fixed interval or number of steps, never more
// than once a second. Where no step is ever reported, the first report is due
// after the first interval.
type schedule struct {
	every     time.Duration // 0: the doubling schedule
	everyStep uint64        // 0: not by steps

	reports   int
	stepped   bool // a report has told of steps
	last      time.Duration
	lastSteps uint64
}

const (
	leastInterval = time.Second
	firstInterval = time.Minute
	doublings     = 16 * time.Minute
	longInterval  = 30 * time.Minute
)

// due reports whether a report is due after elapsed, with steps reported so far.
func (s *schedule) due(elapsed time.Duration, steps uint64) bool {
	if s.reports == 0 && steps > 0 {
		return true
	}
	if elapsed-s.last < leastInterval {
		return false
	}
	if steps > 0 && !s.stepped {
		return true // the first step comes after the first report
	}
	if s.everyStep > 0 && steps >= s.lastSteps+s.everyStep {
		return true
	}
	return elapsed >= s.next()
}

// next is when the coming report is due by the clock.
func (s *schedule) next() time.Duration {
	at := s.last + s.every
	if s.every == 0 {
		at = s.doubling()
	}
	return max(at, s.last+leastInterval)
}

func (s *schedule) doubling() time.Duration {
	for at := firstInterval; at <= doublings; at *= 2 {
		if at > s.last {
			return at
		}
	}
	return s.last - s.last%longInterval + longInterval
}

// reported notes that a report was made.
func (s *schedule) reported(elapsed time.Duration, steps uint64) {
	s.reports++
	s.stepped = s.stepped || steps > 0
	s.last, s.lastSteps = elapsed, steps
}
