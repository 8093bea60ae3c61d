package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// report sends what is due: system_info and train_start once the rank is
// settled, then progress by the schedule. ending sends what would otherwise
// have waited for the driver or for a first step.
func (m *Monitor) report(ending bool) {
	if !m.tellSystem(ending) || !m.sends() {
		return
	}
	elapsed := m.elapsed()
	if !m.sent.start && (m.steps > 0 || elapsed > startPatience || ending) {
		m.sent.start = true
		m.send(event.TrainStart, m.startAttrs()...)
		for _, send := range m.waiting {
			send()
		}
		m.waiting = nil
	}
	if due := m.schedule.due(elapsed, m.steps) || ending && m.schedule.reports == 0; !due {
		return
	}
	if !m.sent.start {
		m.sent.start = true
		m.send(event.TrainStart, m.startAttrs()...)
	}
	m.schedule.reported(elapsed, m.steps)
	if !ending {
		m.measure() // a report says how things are now
	}
	m.send(event.TrainProgress, progressAttrs(m.cfg.Tracker.Report(), elapsed)...)
}

// tellSystem notes what the machine is, for the record and for the event, and
// returns whether that is done. It waits for the GPU driver with patience.
func (m *Monitor) tellSystem(ending bool) bool {
	if m.sent.system {
		return true
	}
	select {
	case <-m.attached:
		if !m.sampled && !ending {
			return false // what the driver said comes with the next sample
		}
	default:
		if m.elapsed() < attachPatience && !ending {
			return false
		}
	}
	if m.cfg.Client != nil && m.settle() == rank.Unknown {
		return false
	}
	m.sent.system = true
	system := m.cfg.Tracker.System()
	m.recordSystem(system)
	m.send(event.SystemInfo, m.systemAttrs(system)...)
	return true
}

// settle returns whether this is the process that sends. Once sure it stays so.
func (m *Monitor) settle() rank.Verdict {
	if m.rank.Verdict == rank.Unknown {
		m.rank = m.cfg.Settle(m.cfg.Pages)
	}
	return m.rank.Verdict
}

func (m *Monitor) sends() bool { return m.cfg.Client != nil && m.settle() == rank.Sender }

func (m *Monitor) send(n event.Name, attrs ...event.Attr) {
	if m.sends() {
		m.cfg.Client.Send(m.cfg.Stream.New(n, attrs...))
	}
}

// afterStart sends at once, or once train_start has been sent.
func (m *Monitor) afterStart(send func()) {
	const most = 64
	switch {
	case m.sent.start:
		send()
	case len(m.waiting) < most:
		m.waiting = append(m.waiting, send)
	}
}

func (m *Monitor) sendEpoch(e metrics.Epoch) {
	m.afterStart(func() {
		m.send(event.TrainEpoch,
			event.Epoch.Of(float64(e.Number)), event.EpochS.Of(e.Took.Seconds()), event.Steps.Of(int64(e.Steps)))
	})
}

// sendEnd sends how it ended, the crash first.
func (m *Monitor) sendEnd(how End, t metrics.Totals) {
	if how.Crashed && !how.Sent {
		m.send(event.Exception, ExceptionAttrs(how.Report)...)
	}
	m.send(event.TrainEnd, m.endAttrs(how, t)...)
}

// Settle returns the way to find out whether a wrapper is the one that sends:
// by what it was told at its start, else by the pages of its program's
// processes, else by their environment, which launchers write.
func Settle(told rank.Info, pid int, proc string) func(*Pages) rank.Info {
	var asked time.Time
	return func(pages *Pages) rank.Info {
		if told.Verdict != rank.Unknown {
			return told
		}
		for _, h := range pages.headers() {
			if verdict := verdictOf(h); verdict != rank.Unknown {
				told.Verdict, told.Rank, told.World = verdict, h.Rank, h.WorldSize
				return told
			}
		}
		const every = time.Second
		if now := time.Now(); now.Sub(asked) > every {
			asked = now
			if found := fromProcesses(proc, pid); found.Verdict != rank.Unknown {
				told.Verdict, told.Rank, told.World = found.Verdict, found.Rank, found.World
			}
		}
		return told
	}
}

// verdictOf decides by one process's page: the wrapper of the node that holds
// rank 0 sends.
func verdictOf(h steps.Header) rank.Verdict {
	switch {
	case h.Rank == 0:
		return rank.Sender
	case h.Rank > 0 && h.LocalRank == 0:
		return rank.Silent
	}
	return rank.Unknown
}
