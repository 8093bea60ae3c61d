package monitor

import (
	"runtime"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

const (
	leastDrain = 5 * time.Millisecond
	mostDrain  = 500 * time.Millisecond
	// leastWake keeps a loop of very short epochs from waking us all the time.
	leastWake = 200 * time.Millisecond
	// slowestInterval is as far as sampling slows itself down.
	slowestInterval = time.Minute
)

// loop is what watches: it belongs to one goroutine, and pages, tracker and the
// recorder's queue to it.
type loop struct {
	cfg      *Config
	recorder *recorder
	attached <-chan struct{}
	notes    <-chan note
	schema   event.Schema // what the program has declared by now

	interval time.Duration // between samples, as it is by now
	slowest  time.Duration // as it was at most, 0 where it never changed
	drainAt  time.Time     // when the next drain is due
	drained  time.Time

	page     steps.Header // the run's page as last drained
	steps    uint64       // in all pages that were the run's
	span     span
	course   course
	snapshot gpu.Snapshot // of the last sample
	samples  int
	settings settings // of the run's page
	learned  learned
	answered bool          // one was taken since the driver answered
	spent    time.Duration // CPU time of the loop itself

	system   *metrics.System
	noted    bool // it stands in the record
	rank     rank.Info
	sent     struct{ system, start bool }
	waiting  []func() // events that come after train_start
	schedule schedule
	epochAt  time.Duration // of the last train_epoch
}

func newLoop(cfg *Config, r *recorder, attached <-chan struct{}, notes <-chan note) *loop {
	now := cfg.Now()
	return &loop{
		cfg: cfg, recorder: r, attached: attached, notes: notes, schema: cfg.Schema,
		interval: cfg.Interval, drained: now, drainAt: now.Add(leastDrain),
		rank:     rank.Info{Rank: -1, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: -1},
		schedule: schedule{every: cfg.ReportInterval, everyStep: cfg.ReportEverySteps},
		span:     newSpan(), course: newCourse(), epochAt: -time.Hour,
	}
}

// run is the loop's goroutine: until the run's end, or until nobody wants it.
func (m *Monitor) run(l *loop) {
	defer close(m.finished)
	var last func(*history.Writer) Result // nil: no end
	defer func() { m.recorder.end(last) }()
	defer m.cfg.Pages.close()
	defer m.cfg.Tracker.Close()
	m.fault = harmless(func() {
		m.turns(l)
		if closed(m.stop) {
			m.last, last = l.end(m.how)
			m.ended = true
		}
	})
}

// turns does what is due when it is, until stop or quit.
func (m *Monitor) turns(l *loop) {
	turn, sampling := time.NewTimer(leastDrain), time.NewTimer(0)
	defer turn.Stop()
	defer sampling.Stop()
	wake, attached := m.wake, m.attached
	if m.cfg.GPU == nil {
		attached = nil // the first sample has all there is
	}
	var rested <-chan time.Time
	for {
		work := l.drain
		l.keepNotes()
		select {
		case <-m.stop:
			return
		case <-m.quit:
			return
		case <-turn.C:
		case <-sampling.C:
			work = func() { l.sample(); sampling.Reset(l.interval) }
		case <-attached:
			work, attached = l.sample, nil
		case <-wake:
			work = func() { l.drain(); l.sample() }
			wake, rested = nil, time.After(leastWake)
		case <-rested:
			wake, rested = m.wake, nil
		}
		l.metered(func() { work(); l.report(false) })
		turn.Reset(l.rest())
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// metered does what is due and notes what that cost.
func (l *loop) metered(work func()) {
	runtime.LockOSThread() // the clock is the thread's
	defer runtime.UnlockOSThread()
	began := threadCPU()
	work()
	l.spent += max(0, threadCPU()-began)
}

// rest is how long there is nothing to do but to sample.
func (l *loop) rest() time.Duration {
	d := l.drainAt.Sub(l.cfg.Now())
	if l.sent.start {
		d = min(d, l.schedule.next()-l.elapsed())
	}
	return max(d, time.Millisecond)
}

// elapsed is the run's time.
func (l *loop) elapsed() time.Duration { return max(0, l.cfg.Now().Sub(l.cfg.Meta.Started)) }

// drain reads the pages and sets when to do so again: soon enough that the ring
// is a quarter full by then, at the rate of now.
func (l *loop) drain() { l.drainPages(false) }

func (l *loop) drainPages(ending bool) {
	now := l.cfg.Now()
	got, any := uint64(0), false
	l.cfg.Pages.drain(now, ending, func(h haul) {
		any = true
		got += uint64(len(h.Records)) + h.Lost
		l.feed(h)
	})
	wait := pace(got, now.Sub(l.drained))
	if !any {
		wait = lookEvery
	}
	l.drained, l.drainAt = now, now.Add(wait)
}

// pace returns when the ring will be a quarter full at the rate of got records
// in passed.
func pace(got uint64, passed time.Duration) time.Duration {
	if got == 0 {
		return mostDrain
	}
	wait := float64(passed) * (steps.Records / 4) / float64(got)
	return time.Duration(min(max(wait, float64(leastDrain)), float64(mostDrain)))
}

// feed takes what a page held to the tracker, the span and the history.
func (l *loop) feed(h haul) {
	if runtimeVersion(h.Header) != runtimeVersion(l.page) {
		l.noted = false
	}
	l.page = h.Header
	l.steps += h.Header.Steps - h.before.Steps
	l.span.enter(h)
	l.course.enter(h, l.cfg.Meta.Started, l.elapsed())
	for _, e := range l.cfg.Tracker.Feed(h.Drain) {
		l.epoch(e)
	}
	if points := condense(h.Records); len(points) > 0 {
		l.recorder.do(func(w *history.Writer) {
			for _, p := range points {
				w.Step(p.took, p.loss)
			}
		})
	}
}

// sample measures once and hands the tick to the history.
func (l *loop) sample() {
	s := l.measure()
	l.slowDown(s.Cost)
	tick := l.tick(s)
	l.course.throttled(l.cfg.Tracker, s.GPU, s.Elapsed)
	l.course.hand(l.recorder, s.Elapsed)
	record := l.record(l.cfg.Tracker.Totals(), l.elapsed())
	l.recorder.do(func(w *history.Writer) {
		w.Tick(tick)
		w.Progress(record)
	})
}

// measure takes a sample and notes whether what it says of GPUs is the driver's
// answer, and no longer that it has not answered yet.
func (l *loop) measure() metrics.Sample {
	answered := closed(l.attached)
	s := l.cfg.Tracker.Sample()
	l.samples++
	l.see(s.GPU, answered)
	return s
}

// see notes what a source says. One that finds its devices late changes what
// the machine is.
func (l *loop) see(s gpu.Snapshot, answered bool) {
	if answered && !l.answered || len(s.Devices) != len(l.snapshot.Devices) || s.Status.Available != l.snapshot.Status.Available {
		l.noted = false
	}
	l.answered = l.answered || answered
	l.snapshot = s
}

// slowDown doubles the interval when a tick costs more than 1 % of it, and goes
// back when ticks have become cheap again.
func (l *loop) slowDown(cost time.Duration) {
	switch {
	case cost > l.interval/100:
		l.interval = min(2*l.interval, max(slowestInterval, l.cfg.Interval))
	case cost < l.interval/400:
		l.interval = max(l.interval/2, l.cfg.Interval)
	}
	if l.interval > l.cfg.Interval {
		l.slowest = max(l.slowest, l.interval)
	}
}

func (l *loop) epoch(e metrics.Epoch) {
	l.recorder.do(func(w *history.Writer) {
		w.Epoch(history.EpochRow{Number: e.Number, AtS: e.At.Seconds(), TookS: e.Took.Seconds(), Steps: int64(e.Steps)})
	})
	if at := l.elapsed(); at-l.epochAt >= time.Minute {
		l.epochAt = at
		l.sendEpoch(e)
	}
}
