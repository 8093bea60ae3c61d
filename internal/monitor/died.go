package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/errors"
)

// End is how the program ended, as far as is known.
type End struct {
	Outcome errors.Outcome
	Report  errors.Report
	// Crashed tells that Report is worth sending, and Sent that the process
	// that died has sent it to our recipient itself.
	Crashed, Sent bool
	Local         errors.Local
	ExitCode      int // −1 unknown
	Signal        int // 0 none
	// WholeMachine tells that of an out-of-memory kill only the machine's own
	// count is known, which may be another program's.
	WholeMachine bool
}

// Seen is what the loop knows of a program that has just ended.
type Seen struct {
	OOMKills uint64 // by how much the kernel's count rose
	// WholeMachine tells that it is the whole machine's count.
	WholeMachine bool
	// Steps are the processes that trained, by pid, and when each made its last
	// step.
	Steps map[int]time.Time
}

// Scene is where a program that ended may have left word of how.
type Scene struct {
	PID       int       // the program's
	Began     time.Time // what is older is another run's
	Dir       string    // of crash files, "" none
	Recipient string    // ours: what it has been told already is not told again
	Stderr    *Stderr   // nil where nobody can read it
	ErrorFile string    // that a launcher named for us, "" none
	// Preemptible tells that the scheduler's names for this job say that it may
	// be ended for others' sake.
	Preemptible bool
}

// Ended makes an End of how a wrapped program ended, of what the loop saw and of
// what is found at the scene.
func (s Scene) Ended(exit errors.Exit, seen Seen) End {
	all, told := crashes(s.Dir)
	crash := errors.Cause(all, errors.Run{Root: s.PID, Ended: time.Now(), Steps: seen.Steps})
	exit.OOMKills, exit.Preemptible = seen.OOMKills, s.Preemptible
	var said errors.Said
	if exit.Code != 0 || exit.Signal != 0 {
		said = s.said()
	}
	outcome, report, crashed := errors.FromExit(exit, crash, said)
	e := End{
		Outcome: outcome, Report: report, Crashed: crashed, ExitCode: exit.Code, Signal: exit.Signal,
		Sent: slices.Contains(told, s.Recipient), WholeMachine: seen.WholeMachine && outcome == errors.OutcomeHostOOM,
	}
	switch {
	case outcome == errors.OK:
	case crash != nil:
		e.Local = crash.Local
		if e.Local.Stack == "" {
			e.Local.Stack = said.Local.Stack
		}
	default:
		e.Local = said.Local
	}
	return e
}

// sentence says for the user's eyes how the run ended, without a full stop.
func (e End) sentence() string {
	message, _, _ := strings.Cut(e.Local.Message, "\n")
	if r := []rune(message); len(r) > 200 {
		message = string(r[:200]) + "…"
	}
	with := func(s string) string {
		if message == "" {
			return s
		}
		return s + ": " + message
	}
	switch e.Outcome {
	case errors.OK:
		return "finished"
	case errors.OutcomeStop:
		return "stopped by the user"
	case errors.OutcomePreempt:
		return "preempted by the scheduler"
	case errors.OutcomeHostOOM:
		if e.WholeMachine {
			return "killed by the kernel: the machine ran out of memory (by the whole machine's count of such kills, the only one there is here)"
		}
		return "killed by the kernel: the machine or its memory limit ran out of memory"
	case errors.OutcomeGPUOOM:
		return with("ran out of GPU memory")
	case errors.Signal:
		if e.Signal == 0 { // a shell's, whose command died of one
			return with(because(fmt.Sprintf("ended with exit status %d", e.ExitCode), e.Report.Class))
		}
		return with(because(fmt.Sprintf("killed by signal %d (%s)", e.Signal, signalName(e.Signal)), e.Report.Class))
	case errors.Error:
		if e.ExitCode > 0 {
			return with(because(fmt.Sprintf("failed with exit status %d", e.ExitCode), e.Report.Class))
		}
		return with(because("failed", e.Report.Class))
	}
	return "nobody saw how it ended"
}

// because adds what a class says that the status and the message may not.
func because(how string, class errors.Class) string {
	if why := reason(class); why != "" {
		return how + ", " + why
	}
	return how
}

func reason(class errors.Class) string {
	switch class {
	case errors.CUDAError:
		return "CUDA reported an error"
	case errors.CuBLAS:
		return "cuBLAS reported an error"
	case errors.CuDNN:
		return "cuDNN reported an error"
	case errors.NCCLTimeout:
		return "a collective operation timed out"
	case errors.NCCLError:
		return "a collective operation failed"
	case errors.SHMExhausted:
		return "shared memory ran out"
	case errors.DataLoaderWorker:
		return "a data loading process died"
	case errors.DiskFull:
		return "the disk was full"
	case errors.Quota:
		return "the disk quota was used up"
	case errors.ImportError:
		return "a module could not be imported"
	case errors.ConfigError:
		return "the configuration or the arguments were refused"
	case errors.NaNLoss:
		return "the loss was no number"
	case errors.Timeout:
		return "something took too long"
	case errors.ExecMissing:
		return "the command could not be started"
	}
	return ""
}
