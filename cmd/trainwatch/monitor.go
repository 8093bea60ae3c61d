package main

import (
	"bufio"
	"context"
	"encoding/json"
	stderrors "errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/shim"
)

const (
	// writePatience is how long the wrapper's answer waits for the record.
	writePatience = 30 * time.Millisecond
	// keepPatience bounds the wait for the spool where the wrapper's exit ends
	// the monitor too.
	keepPatience = time.Second
	// finishPatience bounds the writing of the record.
	finishPatience = 5 * time.Second
	// drainPatience is how long the monitor goes on delivering after the run.
	drainPatience = 5 * time.Second
	// memoryLimit is where the monitor's garbage collector begins to hurry, and
	// gcPercent how much garbage it bears before: with up to 21 MiB of the
	// executable's pages, all of them where a kernel maps files by large folios,
	// that keeps it below 40 MiB, whatever waits in the spool.
	memoryLimit = 12 << 20
	gcPercent   = 40
)

// settleAfter is when the monitor makes itself small and unimportant: after its
// own start, which on a busy machine would otherwise come late.
const settleAfter = 100 * time.Millisecond

// monitorMain is the process beside a wrapped program. Whatever happens to it
// is no concern of the program; nobody reads its exit status.
func monitorMain(env *environment) {
	// A scheduler that ends a job step signals every process of it. The program
	// may take its time to save a checkpoint, and the end is what we are for.
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	debug.SetMemoryLimit(memoryLimit) // from the start: a start may take long, and a full spool comes soon
	control := controlConn()
	defer control.Close()
	lines := bufio.NewReader(control)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return
	}
	var s spec
	if err := json.Unmarshal(line, &s); err != nil {
		return
	}
	if s.Late != nil {
		late(env, s, control)
		return
	}
	program := watchProcess(s.PID)
	scene := env.scene(s, os.Getppid())
	w := watch(env, s, processOutlet(env, s, 0))
	// A run of some milliseconds is waiting for us by now; what follows is for
	// those that go on.
	settling := time.AfterFunc(settleAfter, func() {
		debug.SetGCPercent(gcPercent)
		noteKills(s)
		modest()
		sweep(s.PageDir)
		sweep(s.PythonDir)
	})
	e, told := awaitEnd(lines, program)
	result := w.finish(func(seen monitor.Seen) monitor.End {
		if !told {
			return monitor.End{Outcome: errors.OutcomeUnknown, ExitCode: -1}
		}
		return scene.Ended(errors.Exit{Code: e.ExitCode, Signal: e.Signal}, seen)
	})
	if !stderrors.Is(result.Err, monitor.ErrUnwritten) {
		removePageDir(s) // before run returns, where it waits for us at all
	}
	if s.Teardown {
		w.keep() // with the wrapper goes everything
	}
	answer(control, farewell{Summary: summaryOf(result, s), Warning: unrecorded(result), Silent: w.client.Stats().Silent})
	w.awaitRecord()
	removePageDir(s)     // with it goes the sign that there is a record to wait for
	if settling.Stop() { // it was a short run
		debug.SetGCPercent(gcPercent)
		sweep(s.PageDir)
	}
	if s.ForGood {
		_ = delivery.PurgeHome(s.Home, s.Spare...) // what waited since before that was said
	}
	w.deliver(control)
	modest()
	tidy(s, result, env.now())
}

// keep has the events that nobody has delivered yet on the disk.
func (w *watched) keep() {
	ctx, cancel := context.WithTimeout(context.Background(), keepPatience)
	defer cancel()
	_ = w.client.Sync(ctx)
}

// finish takes the last numbers. It gives the disk no longer than the wrapper
// waits: what the run came to is worth saying even where it hangs.
func (w *watched) finish(how func(monitor.Seen) monitor.End) monitor.Result {
	soon, cancel := context.WithTimeout(context.Background(), writePatience)
	defer cancel()
	result := w.monitor.Finish(soon, how)
	if result.Err == nil || result.Record.DurationS != nil {
		return result
	}
	return w.awaitRecord() // the numbers themselves are late
}

// awaitRecord gives a slow disk its time.
func (w *watched) awaitRecord() monitor.Result {
	ctx, cancel := context.WithTimeout(context.Background(), finishPatience)
	defer cancel()
	return w.monitor.Finish(ctx, nil)
}

// hangAfter is from how long a run on a home in which not even a directory could
// be made is taken to hang. A shorter run's may just be late on a busy machine.
const hangAfter = time.Second

// unrecorded says why there is no record of the run, "" where there is one, or
// will be in a moment.
func unrecorded(r monitor.Result) string {
	late := stderrors.Is(r.Err, monitor.ErrUnwritten)
	switch {
	case r.Dir != "" && (r.Err == nil || late):
		return ""
	case late && r.Record.DurationS != nil && *r.Record.DurationS < hangAfter.Seconds():
		return ""
	}
	why := "no state directory is known"
	if r.Err != nil {
		why = r.Err.Error()
	}
	return "this run is not, or not wholly, recorded: " + why + " (TRAINWATCH_HOME names another place)"
}

func summaryOf(r monitor.Result, s spec) string {
	return summaryText(r.Record, r.Meta, s.Width, s.Color)
}

// awaitEnd waits until the wrapper says how the program ended, or has gone
// without a word; then until the program has ended too, and nobody knows how.
//
// A wrapper goes without a word only when it is killed, and the program with it:
// the kernel sees to that, but not of a program that has changed its user
// (setpriv, su). To that one the signal is given here.
func awaitEnd(lines *bufio.Reader, program watchedProcess) (e ended, told bool) {
	line, err := lines.ReadBytes('\n')
	if err == nil && json.Unmarshal(line, &e) == nil {
		return e, true
	}
	program.kill()
	<-program.ended
	return ended{}, false
}

func controlConn() *os.File {
	_ = syscall.SetNonblock(shim.ControlFD, true)
	return os.NewFile(shim.ControlFD, "wrapper")
}

// answer tells the wrapper, which may be gone or not listening.
func answer(control *os.File, f farewell) {
	line, err := json.Marshal(f)
	if err != nil {
		return
	}
	_ = control.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = control.Write(append(line, '\n'))
}
