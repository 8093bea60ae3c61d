package errors

import (
	"runtime/debug"
	"time"
)

// label is unexported so that only a constant can be given for it: a name made
// at run time (a file, a dataset) does not compile. It stays local even so.
type label string

const (
	// reportTime bounds how long a dying goroutine waits for its report.
	reportTime = 2 * time.Second
	// messageTime is what of that an error gets to say what it is.
	messageTime = 200 * time.Millisecond
)

// SendErrors calls f and reports to r what it panics with or returns. The same
// error is returned and the same panic goes on: it is not recovered, so crash
// output and exit status stay what they were. runtime.Goexit is no failure.
//
// Of nested and concurrent calls r takes the first failure: one report per
// process, by the innermost. A cancelled context is no error; of several joined
// errors one that is something else makes it one. A fault while reporting, in r
// or in the error's own methods, is dropped, and after two seconds nobody waits
// any more. Cost without a failure: one deferred call, no allocation.
func SendErrors(r Reporter, where label, f func() error) (err error) {
	returned := false
	defer func() {
		if !returned && r != nil {
			diedOfPanic(r, where)
		}
	}()
	err = f()
	returned = true
	if err != nil && r != nil {
		diedOfError(r, where, err)
	}
	return err
}

// SendErrorsOf is SendErrors for a function that has a result: T is any type, a
// struct where there are several.
func SendErrorsOf[T any](r Reporter, where label, f func() (T, error)) (value T, err error) {
	returned := false
	defer func() {
		if !returned && r != nil {
			diedOfPanic(r, where)
		}
	}()
	value, err = f()
	returned = true
	if err != nil && r != nil {
		diedOfError(r, where, err)
	}
	return value, err
}

// SendPanics is SendErrors for a function without an error.
func SendPanics(r Reporter, where label, f func()) {
	returned := false
	defer func() {
		if !returned && r != nil {
			diedOfPanic(r, where)
		}
	}()
	f()
	returned = true
}

// diedOfPanic runs on a goroutine that is panicking, or calling Goexit, which
// is no failure. Without recover the value cannot be seen, and need not be.
func diedOfPanic(r Reporter, where label) {
	stack := panicStack(callers())
	if stack == nil {
		return
	}
	text := debug.Stack()
	aside(reportTime, func() {
		kind := panicType(stack)
		frames, total := goFrames(stack)
		message := "panic"
		if !kind.IsZero() {
			message += ": " + kind.String()
		}
		r.Died(Report{
			Class:       GoPanic,
			Exceptions:  []Exception{{Type: kind, Frames: frames}},
			ExitCode:    -1,
			FramesTotal: total,
		}, Local{Where: string(where), Message: message, Stack: string(text)})
	})
}

// diedOfError calls err's methods only aside: they are the program's own code,
// and called by nobody without us.
func diedOfError(r Reporter, where label, err error) {
	stack := callers()
	aside(reportTime, func() {
		if cancelled(err) {
			return
		}
		frames, total := goFrames(stack)
		exceptions := chain(err)
		exceptions[0].Frames = frames
		class, errno := classOf(err)
		r.Died(Report{
			Class: class, Exceptions: exceptions, Errno: errno, ExitCode: -1, FramesTotal: total,
		}, Local{Where: string(where), Message: message(err)})
	})
}

// aside runs f where its own panics hurt nobody, and waits for it at most d. An
// f that never returns costs its goroutine.
func aside(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		f()
	}()
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
}

// message returns what err says of itself, "" where it does not say in time.
func message(err error) string {
	said := make(chan string, 1)
	aside(messageTime, func() { said <- err.Error() })
	select {
	case s := <-said:
		return clip(s, maxText)
	default:
		return ""
	}
}
