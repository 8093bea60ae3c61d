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
	// Preemptible tells that the job runs where a scheduler ends jobs for others'
	// sake. That makes of a termination a preemption: a weak sign, since a user
	// may have asked for it.
	Preemptible bool
}

// FromExit says how a program ended that may have left a crash (nil: none) and
// words on its standard error (the zero Said: none, or nobody could read them).
// What the program's structure tells counts before what a text says.
//
// The last result is false where there is nothing to report: success, a user's
// stop, a termination that somebody asked for. A program that exits with 128+N,
// as shells do whose command died of signal N, ended by that signal.
func FromExit(exit Exit, crash *Crash, said Said) (Outcome, Report, bool) {
	if exit.Code == 0 && exit.Signal == 0 {
		return OK, Report{}, false // whatever died on the way did not matter
	}
	by := endedBy(exit)
	e := evidence{exit: exit, by: by, said: said}
	e.weigh(crash)
	outcome, report := e.outcome()
	if !report {
		return outcome, Report{}, false
	}
	r := e.report
	r.ExitCode, r.Signal = exit.Code, exit.Signal
	if r.Signal == 0 && said.Signal > 0 && by == 0 {
		r.Signal = min(said.Signal, maxSignal)
	}
	return outcome, r, true
}

// maxSignal is the highest number of a signal.
const maxSignal = 64

// evidence is all that is known of an end.
type evidence struct {
	exit   Exit
	by     int // the signal it ended by, 0 none
	said   Said
	report Report
	asked  int // the signal that it took as a request to end
	child  bool
	text   bool // the report is the text's
}

// weigh decides between the structure and the text. A text counts where there is
// no structure, or one that only says that another process failed.
func (e *evidence) weigh(crash *Crash) {
	if crash == nil {
		crash = &Crash{}
	}
	e.report, e.asked, e.child = crash.Report, crash.asked, crash.child
	if e.said.Class == "" {
		return
	}
	if e.report.Class == "" || crash.follows && !e.said.follows {
		failed := e.report.FailedRanks
		e.report, e.text = e.said.report(), true
		e.report.FailedRanks = max(failed, e.report.FailedRanks)
		return
	}
	e.report.FailedRanks = max(e.report.FailedRanks, e.said.FailedRanks)
}

// outcome says how it ended and whether there is something to report, which
// report then has.
func (e *evidence) outcome() (Outcome, bool) {
	class, crashed := classOfSignal(e.by)
	died := e.report.Class != ""
	ended := e.asked > 0 || e.by > 0 && !crashed
	switch {
	case e.by == sigINT, e.report.Class == UserStop, e.asked == sigINT:
		return OutcomeStop, false
	case e.said.Preempted, e.exit.Preemptible && (e.asked == sigTERM || e.by == sigTERM):
		return OutcomePreempt, false
	case e.exit.OOMKills > 0 && e.by == sigKILL:
		// What it died of is the kill, and no earlier exception of a part of it.
		e.report = Report{Class: HostOOM}
		return OutcomeHostOOM, true
	case e.exit.OOMKills > 0 && (e.child || e.said.Signal == sigKILL):
		e.report.Class = HostOOM
		return OutcomeHostOOM, true
	case ended:
		return Signal, false // whatever had died before, it was going on
	case crashed && e.text && !e.explains(class):
		e.report = Report{Class: class}
		return Signal, true
	case e.report.Class == GPUOOM:
		return OutcomeGPUOOM, true
	case e.report.Class == HostOOM:
		return OutcomeHostOOM, true
	case died && e.by > 0:
		return Signal, true // an exception often takes the process down on its way out
	case died:
		return Error, true
	case e.by > 0:
		e.report.Class = class
		return Signal, true
	case e.exit.Code < 0:
		return OutcomeUnknown, false
	}
	e.report.Class = Unknown
	if e.exit.Code == codeNotFound || e.exit.Code == codeNotExecutable {
		e.report.Class = ExecMissing
	}
	return Error, true
}

// explains reports whether what a text says can be why a signal of this class
// ended the program. A program that aborts mostly says why; a kill has no words.
func (e *evidence) explains(class Class) bool {
	switch class {
	case Abort, Unknown:
		return true
	case SigKill:
		return e.report.Class == HostOOM || e.report.Class == Timeout
	case BusError:
		return e.report.Class == BusError || e.report.Class == SHMExhausted || e.report.Class == DataLoaderWorker
	}
	return e.report.Class == class
}

// How shells, and trainwatch, say that a program could not be started.
const codeNotExecutable, codeNotFound = 126, 127
