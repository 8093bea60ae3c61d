package errors

// Outcome is how a run ended, as it stands in train_end: a closed set.
type Outcome string

// The outcomes.
const (
	OK             Outcome = "ok"
	Error          Outcome = "error"
	Signal         Outcome = "signal"
	OutcomeHostOOM Outcome = "host_oom"
	OutcomeGPUOOM  Outcome = "gpu_oom"
	OutcomePreempt Outcome = "preempted"
	OutcomeStop    Outcome = "user_stop"
	OutcomeUnknown Outcome = "unknown"
)

// Exit is what a parent knows of how its program ended.
type Exit struct {
	Code   int // −1 when a signal ended it, or nobody knows
	Signal int // 0 when it exited
	// OOMKills is by how much the cgroup's count of out-of-memory kills rose
	// during the run.
	OOMKills uint64
}

// FromExit says how a program ended that may have left a crash (nil: none).
// The last result is false where there is nothing to report: success, a user's
// stop, a termination that somebody asked for. A program that exits with 128+N,
// as shells do whose command died of signal N, ended by that signal.
func FromExit(exit Exit, crash *Crash) (Outcome, Report, bool) {
	if exit.Code == 0 && exit.Signal == 0 {
		return OK, Report{}, false // whatever died on the way did not matter
	}
	if crash == nil {
		crash = &Crash{}
	}
	r := crash.Report
	r.ExitCode, r.Signal = exit.Code, exit.Signal
	by := endedBy(exit)
	class, crashed := classOfSignal(by)
	died := r.Class != ""
	switch {
	case by == sigINT, r.Class == UserStop:
		return OutcomeStop, Report{}, false
	case exit.OOMKills > 0 && by == sigKILL:
		// What it died of is the kill, and no earlier exception of a part of it.
		return OutcomeHostOOM, Report{Class: HostOOM, ExitCode: exit.Code, Signal: exit.Signal}, true
	case exit.OOMKills > 0 && crash.child:
		r.Class = HostOOM
		return OutcomeHostOOM, r, true
	case crash.asked > 0, by > 0 && !crashed:
		return Signal, Report{}, false // whatever had died before, it was going on
	case r.Class == GPUOOM:
		return OutcomeGPUOOM, r, true
	case died && by > 0:
		return Signal, r, true // an exception often takes the process down on its way out
	case died:
		return Error, r, true
	case by > 0:
		r.Class = class
		return Signal, r, true
	case exit.Code < 0:
		return OutcomeUnknown, Report{}, false
	}
	r.Class = Unknown
	if exit.Code == codeNotFound || exit.Code == codeNotExecutable {
		r.Class = ExecMissing
	}
	return Error, r, true
}

// How shells, and trainwatch, say that a program could not be started.
const codeNotExecutable, codeNotFound = 126, 127
