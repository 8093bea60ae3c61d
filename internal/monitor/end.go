package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/metrics"
)

// answerPatience is how soon after the start a GPU driver has to answer for its
// answer to be waited for at the end. That there is no driver is known in less
// than a millisecond, on a busy machine some later, and a run may be over by
// then; one that is there takes seconds, and holds nobody up.
const answerPatience = 25 * time.Millisecond

// awaitDriver lets a run that was over at once hear what it has for GPUs.
func (l *loop) awaitDriver() {
	left := answerPatience - l.elapsed()
	if l.answered || l.cfg.GPU == nil || left <= 0 {
		return
	}
	patience := time.NewTimer(left)
	defer patience.Stop()
	select {
	case <-l.attached:
	case <-patience.C:
	}
}

// end takes the last numbers, tells of them, and returns them, and what the
// recorder is to do with them.
func (l *loop) end(how func(Seen) End) (history.Record, func(*history.Writer) Result) {
	at := l.elapsed()
	kills, whole := l.cfg.Tracker.OOMKills()
	e := how(Seen{OOMKills: kills, WholeMachine: whole, Steps: l.cfg.Pages.lastSteps(l.cfg.Now())})
	l.awaitDriver()
	l.metered(func() { l.drainPages(true); l.sampleLast(); l.report(true) })

	totals := l.cfg.Tracker.Totals()
	r := l.record(totals, at)
	r.HowItEnded = e.sentence()
	r.Outcome = string(e.Outcome)
	r.ExitCode = history.Known(e.ExitCode, e.ExitCode >= 0)
	r.Signal = history.Known(e.Signal, e.Signal > 0)
	r.GPUOOMRecovered = known(recovered(e, totals))
	r.CrashClass = string(e.Report.Class)
	r.Message, r.Stack = e.Local.Message, e.Local.Stack
	if l.steps == 0 && l.cfg.Meta.Client == "cli" {
		r.NoSteps = whyNoSteps(l.cfg.Pages.dir, l.cfg.Meta.Command)
	}
	r.Ended = history.Known(l.cfg.Meta.Started.Add(at), true)
	if e.Crashed && !e.Sent {
		l.send(event.Exception, ExceptionAttrs(e.Report)...)
	}
	l.keepNotes()
	l.send(event.TrainEnd, l.endAttrs(e, totals, r)...)

	facts, dropped := l.facts(), l.recorder.errDropped()
	if l.noted {
		facts = nil
	}
	return r, func(w *history.Writer) Result {
		w.System(facts)
		result := Result{Meta: l.cfg.Meta, Err: w.Finish(r)}
		result.Record, result.Dir = w.Complete(r), w.Path()
		if w != nil {
			result.Meta = w.Meta()
		}
		if result.Err == nil {
			result.Err = dropped
		}
		return result
	}
}

// sampleLast puts a last tick into the history: of a run that was shorter than
// an interval it is the only one with steps. The program's processes are gone
// by now, and what was last seen of them stays.
func (l *loop) sampleLast() {
	var s metrics.Sample
	unseen := l.samples == 0
	if unseen {
		s = l.measure()
	} else if !l.answered && closed(l.attached) && l.cfg.GPU != nil {
		l.see(l.cfg.GPU.Sample(), true)
	}
	l.cfg.Tracker.Exited()
	if !unseen {
		s = l.cfg.Tracker.Sample() // the time alone
	}
	if unseen || l.span.stepped() {
		tick := l.tick(s)
		l.recorder.do(func(w *history.Writer) { w.Tick(tick) })
	}
	l.course.hand(l.recorder, l.elapsed())
}

// recovered is how many times the program ran out of GPU memory and went on.
func recovered(e End, t metrics.Totals) metrics.Opt[int64] {
	ooms, ok := t.Allocator.OOMs.Value, t.Allocator.OOMs.OK
	if ok && ooms > 0 && e.Outcome == errors.OutcomeGPUOOM {
		ooms-- // the last one was one too many
	}
	return metrics.Opt[int64]{Value: int64(ooms), OK: ok}
}
