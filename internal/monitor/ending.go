package monitor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/errors"
)

// Ended makes an End of how a wrapped program ended and of the crash files
// that its processes left in dir. recipient is ours: a process that has
// reported to it already is not reported again.
func Ended(exit errors.Exit, dir, recipient string) End {
	crash := earliest(dir)
	outcome, report, crashed := errors.FromExit(exit, crash)
	e := End{Outcome: outcome, Report: report, Crashed: crashed, ExitCode: exit.Code, Signal: exit.Signal}
	if crash != nil && outcome != errors.OK {
		e.Local = crash.Local
		e.Sent = slices.Contains(crash.SentTo, recipient)
	}
	return e
}

// maxCrashes bounds how many crash files of a run are read.
const maxCrashes = 64

// earliest reads the crash files in dir. Of many processes that died, the first
// is the cause; what follows is watchdogs and broken pipes.
func earliest(dir string) *errors.Crash {
	if dir == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "crash-*.json"))
	if err != nil {
		return nil
	}
	var first *errors.Crash
	for _, name := range names[:min(len(names), maxCrashes)] {
		data, err := readCrash(name)
		if err != nil {
			continue
		}
		crash, err := errors.DecodeCrash(data)
		if err != nil {
			continue // half-written or not ours: as if it were not there
		}
		if first == nil || crash.Time < first.Time {
			first = &crash
		}
	}
	return first
}

func readCrash(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > errors.MaxCrashFile {
		return nil, fmt.Errorf("monitor: %s is no crash file", filepath.Base(name))
	}
	return os.ReadFile(name)
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
		return "killed by the kernel: the machine or its memory limit ran out of memory"
	case errors.OutcomeGPUOOM:
		return with("ran out of GPU memory")
	case errors.Signal:
		return with(fmt.Sprintf("killed by signal %d (%s)", e.Signal, signalName(e.Signal)))
	case errors.Error:
		if e.ExitCode > 0 {
			return with(fmt.Sprintf("failed with exit status %d", e.ExitCode))
		}
		return with("failed")
	}
	return "nobody saw how it ended"
}
