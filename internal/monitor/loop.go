package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

const (
	leastDrain = 5 * time.Millisecond
	mostDrain  = 500 * time.Millisecond
	// leastWake keeps a loop of very short epochs from sampling all the time.
	leastWake = 200 * time.Millisecond
	// slowestInterval is as far as sampling slows itself down.
	slowestInterval = time.Minute
	// attachPatience is how long the first event waits for the GPU driver.
	attachPatience = 15 * time.Second
	// startPatience is how long train_start waits for the first step, which
	// says who reports it.
	startPatience = 30 * time.Second
)

// loop owns pages and tracker until the end is known.
func (m *Monitor) loop() {
	defer close(m.finished)
	drain := time.NewTimer(20 * time.Millisecond)
	sample := time.NewTimer(0)
	defer drain.Stop()
	defer sample.Stop()
	for {
		select {
		case <-drain.C:
			drain.Reset(m.drain())
		case <-sample.C:
			m.sample()
			sample.Reset(m.interval)
		case <-m.wake:
			m.drain()
			if now := m.cfg.Now(); now.Sub(m.lastWake) >= leastWake || !m.sampled {
				m.lastWake = now
				m.sample()
			}
		case how := <-m.stop:
			kills, _ := m.cfg.Tracker.OOMKills()
			m.end(how(kills))
			return
		}
		m.report(false)
	}
}

// drain reads the pages and returns when to do so again: soon enough that the
// ring is a quarter full by then, at the rate of now.
func (m *Monitor) drain() time.Duration {
	d, ok := m.cfg.Pages.drain()
	if !ok {
		return mostDrain / 2
	}
	m.steps = d.Header.Steps
	m.planned, m.source = d.Header, d.Header.Source
	m.runtime = runtimeVersion(d.Header)
	for _, e := range m.cfg.Tracker.Feed(d) {
		m.epoch(e)
	}
	if points := m.take(d.Records); len(points) > 0 {
		m.recorder.do(func(w *history.Writer) {
			for _, p := range points {
				w.Step(p.took, p.loss)
			}
		})
	}
	now := m.cfg.Now()
	passed := now.Sub(m.lastDrain)
	m.lastDrain = now
	return pace(uint64(len(d.Records))+d.Lost, passed)
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

// point is one step, or the slowest of several.
type point struct {
	took time.Duration
	loss float64
}

// mostPoints bounds what one drain hands to the history.
const mostPoints = 256

// take adds the steps among records to the span and condenses them for the
// history's sparklines.
func (m *Monitor) take(records []steps.Record) []point {
	var points []point
	per := len(records)/mostPoints + 1
	for i, n := 0, 0; i < len(records); i++ {
		r := &records[i]
		if r.Kind != steps.KindStep {
			continue
		}
		m.span.add(r)
		if n++; n%per == 1 || per == 1 {
			points = append(points, point{took: r.Took, loss: r.Loss})
			continue
		}
		last := &points[len(points)-1]
		last.took = max(last.took, r.Took)
		told(&last.loss, r.Loss)
	}
	return points
}

// sample measures once and hands the tick to the history.
func (m *Monitor) sample() {
	s := m.measure()
	m.slowDown(s.Cost)
	tick := m.tick(s)
	record := m.record(m.cfg.Tracker.Totals())
	m.recorder.do(func(w *history.Writer) {
		w.Tick(tick)
		w.Progress(record)
	})
}

// measure takes a sample and notes whether what it says of GPUs is the driver's
// answer, and no longer that it has not answered yet.
func (m *Monitor) measure() metrics.Sample {
	answered := false
	select {
	case <-m.attached:
		answered = true
	default:
	}
	s := m.cfg.Tracker.Sample()
	m.sampled = m.sampled || answered
	m.snapshot = s.GPU
	m.tickCost += s.Cost
	return s
}

// slowDown doubles the interval when a tick costs more than 1 % of it.
func (m *Monitor) slowDown(cost time.Duration) {
	if cost > m.interval/100 && m.interval < slowestInterval {
		m.interval = min(2*m.interval, slowestInterval)
		m.slowed++
	}
}

func (m *Monitor) epoch(e metrics.Epoch) {
	at := m.elapsed()
	m.recorder.do(func(w *history.Writer) {
		w.Epoch(history.EpochRow{Number: e.Number, AtS: at.Seconds(), TookS: e.Took.Seconds(), Steps: int64(e.Steps)})
	})
	if at-m.lastEpoch >= time.Minute {
		m.lastEpoch = at
		m.sendEpoch(e)
	}
}

// end takes the last numbers.
func (m *Monitor) end(how End) {
	m.drain()
	m.sampleLast()
	m.report(true)
	totals := m.cfg.Tracker.Totals()
	m.local = m.record(totals)
	m.local.HowItEnded = how.sentence()
	m.local.Outcome = string(how.Outcome)
	m.local.ExitCode = history.Known(how.ExitCode, how.ExitCode >= 0)
	m.local.Signal = history.Known(how.Signal, how.Signal > 0)
	m.local.CrashClass = string(how.Report.Class)
	m.local.Message, m.local.Stack = how.Local.Message, how.Local.Stack
	ended := m.cfg.Now()
	m.local.Ended = &ended
	m.sendEnd(how, totals)
}

// sampleLast puts a last tick into the history: of a run that was shorter than
// an interval it is the only one with steps. The program's processes are gone
// by now, and what was last seen of them stays.
func (m *Monitor) sampleLast() {
	var s metrics.Sample
	if m.sampled {
		m.cfg.Tracker.Exited()
		s = m.cfg.Tracker.Sample()
	} else {
		s = m.measure()
		m.cfg.Tracker.Exited()
	}
	if m.span.steps > 0 {
		tick := m.tick(s)
		m.recorder.do(func(w *history.Writer) { w.Tick(tick) })
	}
}
