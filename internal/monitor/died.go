package monitor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

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
}

// Ended makes an End of how a wrapped program ended and of the crash files
// that its processes left in dir. recipient is ours: what it has been told by
// one of them is not told again.
func Ended(exit errors.Exit, dir, recipient string) End {
	crash, told := crashes(dir)
	outcome, report, crashed := errors.FromExit(exit, crash)
	e := End{Outcome: outcome, Report: report, Crashed: crashed, ExitCode: exit.Code, Signal: exit.Signal}
	e.Sent = slices.Contains(told, recipient)
	if crash != nil && outcome != errors.OK {
		e.Local = crash.Local
	}
	return e
}

// Bounds of what is read of a run's crash files.
const (
	maxCrashes      = 64
	maxCrashEntries = 4096
)

// crashes reads the crash files in dir. Of many processes that died, the first
// is the cause; what follows is watchdogs and broken pipes. told lists the
// recipients that any of them has reported to: they hear of a run's death once.
func crashes(dir string) (first *errors.Crash, told []string) {
	for _, name := range crashFiles(dir) {
		data, err := readCrash(name)
		if err != nil {
			continue
		}
		crash, err := errors.DecodeCrash(data)
		if err != nil {
			continue // half-written or not ours: as if it were not there
		}
		told = append(told, crash.SentTo...)
		if first == nil || crash.Time < first.Time {
			first = &crash
		}
	}
	return first, told
}

// crashFiles lists the oldest of the crash files in dir.
func crashFiles(dir string) []string {
	if dir == "" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	entries, _ := d.ReadDir(maxCrashEntries) // at the end of it an error, and some entries even so
	var files []os.FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), "crash-") || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		if info, err := e.Info(); err == nil {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	var names []string
	for _, f := range files[:min(len(files), maxCrashes)] {
		names = append(names, filepath.Join(dir, f.Name()))
	}
	return names
}

// readCrash does not wait for what has become a FIFO meanwhile.
func readCrash(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > errors.MaxCrashFile {
		return nil, fmt.Errorf("monitor: %s is no crash file", filepath.Base(name))
	}
	return io.ReadAll(io.LimitReader(f, errors.MaxCrashFile))
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
