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
	Code   int // −1 when a signal ended it
	Signal int // 0 when it exited
	// OOMKills is by how much the cgroup's count of out-of-memory kills rose
	// during the run.
	OOMKills uint64
}

// Signal numbers that mean the same on every system trainwatch wraps on.
const (
	sigHUP, sigINT, sigQUIT, sigILL, sigTRAP, sigABRT = 1, 2, 3, 4, 5, 6
	sigFPE, sigKILL, sigSEGV, sigTERM                 = 8, 9, 11, 15
)

// FromExit says how a program ended that may have left a crash (nil: none).
// The second result is false where there is nothing to report: success, a
// user's stop, a termination that somebody asked for.
func FromExit(exit Exit, crash *Crash) (Outcome, Report, bool) {
	r := Report{Class: Unknown, ExitCode: exit.Code, Signal: exit.Signal}
	if crash != nil {
		r.Class, r.Exceptions, r.Errno, r.FramesTotal = crash.Report.Class, crash.Report.Exceptions, crash.Report.Errno, crash.Report.FramesTotal
	}
	switch {
	case exit.Code == 0:
		return OK, Report{}, false
	case exit.Signal == sigINT, exit.Code == 128+sigINT, r.Class == UserStop:
		return OutcomeStop, Report{}, false
	case exit.Signal == sigKILL && exit.OOMKills > 0, exit.Code == 128+sigKILL && exit.OOMKills > 0:
		r.Class = HostOOM
		return OutcomeHostOOM, r, true
	case r.Class == GPUOOM:
		return OutcomeGPUOOM, r, true
	case exit.Signal == 0:
		return Error, r, true
	}
	if crash == nil {
		class, crashed := classOfSignal(exit.Signal)
		if !crashed {
			return Signal, Report{}, false
		}
		r.Class = class
	}
	return Signal, r, true
}

func classOfSignal(n int) (class Class, crashed bool) {
	switch n {
	case sigSEGV:
		return Segfault, true
	case sigABRT:
		return Abort, true
	case sigKILL:
		return SigKill, true
	case sigBUS:
		return BusError, true
	case sigILL, sigTRAP, sigFPE, sigSYS:
		return Unknown, true
	}
	return "", false // TERM, HUP, USR1, …: asked for
}
