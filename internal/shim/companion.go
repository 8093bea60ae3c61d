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
	conn *os.File
	fd   int    // conn's
	rest []byte // read, but no whole line yet
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
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|socketFlags, 0)
	if err != nil {
		return nil, fmt.Errorf("shim: socket for the monitor: %w", err)
	}
	closeOnExec(pair)
	ours, theirs := os.NewFile(uintptr(pair[0]), "monitor"), pair[1]
	c := &Companion{conn: ours, fd: pair[0]}
	// Before the fork: it then has its specification even if we are killed in
	// the same moment. The socket's buffer holds it.
	if err := c.Tell(specification, startPatience); err != nil {
		ours.Close()
		unix.Close(theirs)
		return nil, fmt.Errorf("shim: specification for the monitor: %w", err)
	}
	keepInherited()
	started := make(chan error, 1)
	go func() {
		defer unix.Close(theirs)
		started <- forkCompanion(exe, args, env, theirs)
	}()
	select {
	case err = <-started:
	case <-time.After(startPatience):
	}
	if err != nil {
		ours.Close()
		return nil, fmt.Errorf("shim: start of the monitor: %w", err)
	}
	return c, nil
}

// forkCompanion blocks the stop signals meanwhile: one that hits our group
// between the fork and the child's setsid would stop the half-started child,
// and with it this thread, which waits for its exec. And those by which a
// scheduler ends every process of a step: one that comes before the monitor has
// said that it ignores them would end it. It starts with all of them blocked.
func forkCompanion(exe string, args, env []string, control int) error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	restore := blockSignals()
	defer restore()
	n := uintptr(null)
	_, err = syscall.ForkExec(exe, args, &syscall.ProcAttr{
		Dir:   "/", // must not keep the user's directory busy
		Env:   env,
		Files: []uintptr{n, n, n, ControlFD: uintptr(control)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	return err
}

// Tell sends one line. What the socket takes without waiting is sent however
// late it is: on a busy machine we may be asleep for longer than the timeout
// before we come to write at all.
func (c *Companion) Tell(line []byte, timeout time.Duration) error {
	if c == nil {
		return ErrNoCompanion
	}
	line = append(bytes.Clone(bytes.TrimRight(line, "\n")), '\n')
	if n, err := unix.SendmsgN(c.fd, line, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL); err == nil {
		if line = line[n:]; len(line) == 0 {
			return nil
		}
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("shim: monitor: %w", err)
	}
	if _, err := c.conn.Write(line); err != nil {
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
	if err := c.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
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
		case errors.Is(err, io.EOF):
			return nil, ErrNoCompanion
		case err != nil:
			return nil, fmt.Errorf("shim: monitor: %w", err)
		}
	}
}
