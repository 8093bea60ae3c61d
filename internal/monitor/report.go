package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/metrics"
)

const (
	// attachPatience is how long the first event waits for the GPU driver.
	attachPatience = 15 * time.Second
	// pagePatience is how long it waits for a wrapped program's first page,
	// which names the language's version. A Python that has let us in may be
	// busy importing its framework; the first page names that too, and is waited
	// for as train_start is.
	pagePatience = 2 * time.Second
	// startPatience is how long train_start waits for the first step, which
	// says who reports it.
	startPatience = 30 * time.Second
	// torchPatience is the same where a Python of the run has imported torch: a
	// model may take minutes to load.
	torchPatience = 5 * time.Minute
	// mostWaiting bounds the events that wait for train_start.
	mostWaiting = 64
)

// report sends what is due: system_info and train_start once the rank is
// settled, then progress by the schedule. ending sends what would otherwise
// have waited for the driver or for a first step.
func (l *loop) report(ending bool) {
	l.learn()
	l.settle() // from the start: the processes that could tell may not last
	told, awaited := l.tellSystem(ending), l.isStepAwaited()
	if !told && !awaited || !l.speaks() {
		return
	}
	elapsed := l.elapsed()
	due := l.schedule.due(elapsed, l.steps) || ending && l.schedule.reports == 0
	if told && (due && !awaited || ending || l.steps > 0 || elapsed > l.startPatience()) {
		l.tellStart()
	}
	if !due {
		return
	}
	l.schedule.reported(elapsed, l.steps)
	l.presumeAlone()
	if !ending {
		l.measure() // a report says how things are now
	}
	l.send(event.TrainProgress, progressAttrs(l.cfg.Tracker.Report(), elapsed)...)
}

// tellSystem notes what the machine is, for the record and for the event, and
// returns whether the event is done with. It waits for the GPU driver with
// patience, and for the rank without end.
func (l *loop) tellSystem(ending bool) bool {
	if l.system == nil {
		if !ending && !l.isMachineKnown() {
			return false
		}
		system := l.cfg.Tracker.System()
		l.system = &system
	}
	settled := l.settle() != rank.Unknown
	if !l.noted {
		l.noted = l.recordSystem()
	}
	if settled && !l.sent.system {
		l.sent.system = true
		l.presumeAlone()
		l.send(event.SystemInfo, l.systemAttrs()...)
	}
	return settled
}

// isMachineKnown reports whether everybody who knows the machine has spoken, or
// had the time to.
func (l *loop) isMachineKnown() bool {
	elapsed := l.elapsed()
	if !l.answered {
		return elapsed >= attachPatience
	}
	dir := l.cfg.Pages.dir
	if dir == "" || l.page.Head > 0 {
		return true
	}
	if l.isStepAwaited() {
		return false // progress goes ahead of it
	}
	// A report that is due waits for nobody else.
	return elapsed >= pagePatience || l.schedule.due(elapsed, l.steps)
}

// isStepAwaited reports whether a Python of the run, in which we are, may yet
// take the first step, which says what system_info and train_start have to.
func (l *loop) isStepAwaited() bool {
	dir := l.cfg.Pages.dir
	return l.answered && dir != "" && l.page.Head == 0 && l.steps == 0 &&
		pythonRan(dir) && l.elapsed() < l.startPatience()
}

// startPatience is how long the first step is waited for.
func (l *loop) startPatience() time.Duration {
	if dir := l.cfg.Pages.dir; dir != "" && torchRan(dir) {
		return torchPatience
	}
	return startPatience
}

// settle returns whether this is the process that sends, as far as is known by
// now. Who is to send may turn out not to be: nothing more is then sent.
func (l *loop) settle() rank.Verdict {
	was := l.rank
	if l.cfg.Settle == nil {
		l.rank.Verdict = rank.Sender
	} else {
		l.rank = l.cfg.Settle(l.cfg.Pages)
	}
	if l.rank != was {
		l.noted = false
		l.cfg.Stream.SetWorldSize(int64(l.rank.World))
	}
	return l.rank.Verdict
}

// presumeAlone says that there is one process where nobody has launched several.
func (l *loop) presumeAlone() {
	if l.cfg.Settle != nil && l.rank.World < 1 && l.rank.Launcher == "" {
		l.cfg.Stream.SetWorldSize(1)
	}
}

// tellStart sends train_start once, and then what has waited for it.
func (l *loop) tellStart() {
	if l.sent.start {
		return
	}
	l.sent.start = true
	l.send(event.TrainStart, l.startAttrs()...)
	for _, send := range l.waiting {
		send()
	}
	l.waiting = nil
}

func (l *loop) sendEpoch(e metrics.Epoch) {
	send := func() {
		l.send(event.TrainEpoch,
			event.Epoch.Of(float64(e.Number)), event.EpochS.Of(e.Took.Seconds()), event.Steps.Of(int64(e.Steps)))
	}
	switch {
	case l.sent.start:
		send()
	case l.cfg.Stream != nil && len(l.waiting) < mostWaiting:
		l.waiting = append(l.waiting, send)
	}
}
