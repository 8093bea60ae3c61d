package errors

import (
	"context"
	stderrors "errors"
	"runtime"
	"runtime/debug"
	"time"
)

// label is unexported so that only a constant can be given for it: a name made
// at run time (a file, a dataset) does not compile. It stays local even so.
type label string

// reportTime bounds how long a dying goroutine waits for its report.
const reportTime = 2 * time.Second

// SendErrors calls f and reports to r what it panics with or returns. The same
// error is returned and the same panic goes on: it is not recovered, so crash
// output and exit status stay what they were.
//
// Nested and concurrent calls make one report per process, by the innermost
// that failed first. A cancelled context is no error. A fault while reporting
// is dropped. Cost without a failure: one deferred call.
func SendErrors(r Reporter, where label, f func() error) (err error) {
	returned := false
	defer func() {
		if !returned {
			diedOfPanic(r, where)
		}
	}()
	err = f()
	returned = true
	if err != nil && !stderrors.Is(err, context.Canceled) {
		diedOfError(r, where, err)
	}
	return err
}

// diedOfPanic runs on a goroutine that is panicking, or calling Goexit, which
// is no failure. Without recover the value cannot be seen, and need not be.
func diedOfPanic(r Reporter, where label) {
	stack := panicStack(callers())
	if stack == nil {
		return
	}
	text := debug.Stack()
	report(func() {
		frames, total := goFrames(stack)
		r.Died(Report{
			Class:       GoPanic,
			Exceptions:  []Exception{{Type: panicType(stack), Frames: frames}},
			ExitCode:    -1,
			FramesTotal: total,
		}, Local{Where: string(where), Message: "panic", Stack: string(text)})
	})
}

func diedOfError(r Reporter, where label, err error) {
	stack := callers()
	report(func() {
		frames, total := goFrames(stack)
		exceptions := chain(err)
		exceptions[0].Frames = frames
		class, errno := classOf(err)
		r.Died(Report{
			Class: class, Exceptions: exceptions, Errno: errno, ExitCode: -1, FramesTotal: total,
		}, Local{Where: string(where), Message: message(err)})
	})
}

// report runs f where its own panics hurt nobody, and waits for it within bounds.
func report(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		f()
	}()
	timeout := time.NewTimer(reportTime)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
}

// callers returns the whole stack above SendErrors' machinery, innermost first.
func callers() []uintptr {
	pcs := make([]uintptr, 256)
	n := runtime.Callers(3, pcs)
	if n == len(pcs) {
		pcs = make([]uintptr, 1<<17)
		n = runtime.Callers(3, pcs)
	}
	return pcs[:n]
}
