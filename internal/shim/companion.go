//go:build unix

package shim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Companion is a second process beside the program, in a session of its own,
// without our stdio, tied to us by one socket. Nothing it does or fails to do
// can hold us longer than the timeouts given here.
//
// The protocol is lines: we send the specification and later how the program
// ended; it answers with lines of its own choosing.
type Companion struct {
	line
	rest  []byte        // read, but no whole line yet
	told  [][]byte      // since the specification
	again chan *line    // to one that was started in its place
	over  chan struct{} // closed: there will be no other
}

// line is our end of the socket to a companion.
type line struct {
	conn *os.File
	fd   int // conn's
}

// ErrNoCompanion is what asking one that could not be started, or is gone, returns.
var ErrNoCompanion = errors.New("shim: the monitor is gone")

// ControlFD is the descriptor on which the companion finds its end of the socket.
const ControlFD = 3

// startPatience bounds the wait for a companion's start. Executing a file on a
// network filesystem that hangs takes for ever; then the program runs alone.
const startPatience = 250 * time.Millisecond

// StartCompanion starts the executable exe with args, its stdio closed off, in a
// session of its own and without any other file that we were given, and hands it
// the specification, one line. It returns when that was started, failed, or takes
// too long; one that comes late finds everything that it was told.
func StartCompanion(exe string, args, env []string, specification []byte) (*Companion, error) {
	keepInherited()
	c := &Companion{again: make(chan *line, 1), over: make(chan struct{})}
	first, pids, err := call(exe, args, env, specification)
	if err != nil {
		return nil, err
	}
	c.line = *first
	go func() {
		defer close(c.over)
		pid, ok := <-pids
		if !ok || !endedTooSoon(pid) {
			return
		}
		if second, _, err := call(exe, args, env, specification); err == nil {
			c.again <- second
		}
	}()
	return c, nil
}

// call starts a companion. pids has its number as soon as there is one, and is
// closed if there never is.
func call(exe string, args, env []string, specification []byte) (l *line, pids <-chan int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|socketFlags, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("shim: socket for the monitor: %w", err)
	}
	closeOnExec(pair)
	l = &line{conn: os.NewFile(uintptr(pair[0]), "monitor"), fd: pair[0]}
	theirs := pair[1]
	// Before the fork: it then has its specification even if we are killed in
	// the same moment. The socket's buffer holds it.
	if err := l.tell(specification, startPatience); err != nil {
		l.conn.Close()
		unix.Close(theirs)
		return nil, nil, fmt.Errorf("shim: specification for the monitor: %w", err)
	}
	started, pid := make(chan error, 1), make(chan int, 1)
	go func() {
		defer unix.Close(theirs)
		defer close(pid)
		n, err := forkCompanion(exe, args, env, theirs)
		if err == nil {
			pid <- n
		}
		started <- err
	}()
	select {
	case err = <-started:
	case <-time.After(startPatience):
	}
	if err != nil {
		l.conn.Close()
		return nil, nil, fmt.Errorf("shim: start of the monitor: %w", err)
	}
	return l, pid, nil
}

// endedTooSoon waits for a companion's end and reports whether one of the signals
// ended it by which a scheduler ends every process of a step. It ignores them, but
// Go's runtime, which unblocks them at its start, lets them end a process before
// that can say so: nothing has begun then. The init process of a container, which
// reaps everybody elsewhere, does not ask: there the signal comes to it alone.
func endedTooSoon(pid int) bool {
	if os.Getpid() == 1 {
		return false
	}
	var status unix.WaitStatus
	for {
		switch _, err := unix.Wait4(pid, &status, 0, nil); {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || !status.Signaled():
			return false
		}
		switch status.Signal() {
		case unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT:
			return true
		}
		return false
	}
}

// forkCompanion blocks the stop signals meanwhile: one that hits our group
// between the fork and the child's setsid would stop the half-started child,
// and with it this thread, which waits for its exec.
func forkCompanion(exe string, args, env []string, control int) (pid int, err error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(null)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	restore := blockSignals()
	defer restore()
	n := uintptr(null)
	return syscall.ForkExec(exe, args, &syscall.ProcAttr{
		Dir:   "/", // must not keep the user's directory busy
		Env:   env,
		Files: []uintptr{n, n, n, ControlFD: uintptr(control)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

// Tell sends one line. What the socket takes without waiting is sent however
// late it is: on a busy machine we may be asleep for longer than the timeout
// before we come to write at all.
func (c *Companion) Tell(text []byte, timeout time.Duration) error {
	if c == nil {
		return ErrNoCompanion
	}
	deadline := time.Now().Add(timeout)
	c.told = append(c.told, text)
	err := c.tell(text, timeout)
	if err != nil && c.renewed(err, deadline) {
		return nil
	}
	return err
}

// renewed reports whether the companion that failed us is gone and another one has
// been started in its place, which then knows what it had been told.
func (c *Companion) renewed(failure error, deadline time.Time) bool {
	if !errors.Is(failure, io.EOF) && !errors.Is(failure, unix.EPIPE) && !errors.Is(failure, unix.ECONNRESET) {
		return false
	}
	select {
	case <-c.over:
	case <-time.After(time.Until(deadline)):
	}
	select {
	case second := <-c.again:
		c.conn.Close()
		c.line, c.rest = *second, nil
	default:
		return false
	}
	for _, text := range c.told {
		if c.tell(text, time.Until(deadline)) != nil {
			return false
		}
	}
	return true
}

func (l *line) tell(text []byte, timeout time.Duration) error {
	text = append(bytes.Clone(bytes.TrimRight(text, "\n")), '\n')
	if n, err := unix.SendmsgN(l.fd, text, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL); err == nil {
		if text = text[n:]; len(text) == 0 {
			return nil
		}
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("shim: monitor: %w", err)
	}
	if _, err := l.conn.Write(text); err != nil {
		return fmt.Errorf("shim: monitor: %w", err)
	}
	return nil
}

// maxLine bounds what a companion can make us keep.
const maxLine = 64 << 10

// Hear returns its next line, without the newline, or an error after timeout.
func (c *Companion) Hear(timeout time.Duration) ([]byte, error) {
	if c == nil {
		return nil, ErrNoCompanion
	}
	deadline := time.Now().Add(timeout)
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return nil, fmt.Errorf("shim: monitor: %w", err) // without one we would wait for good
	}
	buf := make([]byte, 4096)
	for {
		if i := bytes.IndexByte(c.rest, '\n'); i >= 0 {
			line := c.rest[:i]
			c.rest = c.rest[i+1:]
			return line, nil
		}
		if len(c.rest) > maxLine {
			return nil, ErrNoCompanion
		}
		n, err := c.conn.Read(buf)
		c.rest = append(c.rest, buf[:n]...)
		switch {
		case n > 0:
		case err != nil && c.renewed(err, deadline) && c.conn.SetReadDeadline(deadline) == nil:
		case errors.Is(err, io.EOF):
			return nil, ErrNoCompanion
		case err != nil:
			return nil, fmt.Errorf("shim: monitor: %w", err)
		}
	}
}
